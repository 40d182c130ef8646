/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_PROC_H
#define LKB_BASE_PROC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"
#include "base/ui.h"

/* Runs a helper program: argv only, never a shell. The end of its stderr becomes part of the
 * error; an exit code other than 0 and a death by signal are failures (LKB_IO); a program that is
 * not found is LKB_MISSING with the Debian package that has it in the hint. */
struct lkb_proc {
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH (and sbin) */
	const char *const *env;  /* "K=V", NULL-terminated: the child's whole environment beside
				  * PATH; NULL = inherited with LC_ALL=C and TZ=UTC */
	const char *cwd;         /* NULL = ours */
	const char *package;     /* Debian package of argv[0], for the hint; may be NULL */
	const void *input;       /* fed to stdin; NULL = /dev/null */
	size_t input_len;
	int stdin_fd;            /* > 0: stdin instead of input */
	int keep_fd;             /* > 2: stays open in the child, under its number */
	size_t max_output;       /* bound on stdout; 0 = 16 MiB */
	int *ret_code;           /* not NULL: an exit code is no failure, but stands here */
};

/* *ret_out (may be NULL: output is thrown away) receives stdout; born {0}, the caller clears it. */
int lkb_proc_run(const struct lkb_proc *p, struct lkb_str *ret_out, struct lkb_error *err);

/* Absolute path of a program in PATH, /usr/sbin or /sbin; the caller frees it. */
int lkb_proc_find(const char *name, const char *package, char **ret, struct lkb_error *err);

/* From now on every program that is run is said to this ui, as a detail; NULL = no more. One for
 * the whole process: what is run is no secret of the module that runs it. */
void lkb_proc_watch(struct lkb_ui *ui);
/* For those who start a program themselves. */
void lkb_proc_say(const char *const *argv);

#endif
