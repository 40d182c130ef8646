/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_LOGS_H
#define LKB_ONDEVICE_SYSTEM_LOGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ondevice/system/loop.h"

/* Cuts bytes into lines. A carriage return at the end goes; a line longer than the buffer is cut
 * in pieces. */
struct lkb_lines {
	char buf[1024];
	size_t n;
};
typedef void lkb_line_fn(void *arg, const char *line, size_t len);
void lkb_lines_feed(struct lkb_lines *l, const char *bytes, size_t n, lkb_line_fn *fn, void *arg);
/* The last line, if it had no newline. */
void lkb_lines_end(struct lkb_lines *l, lkb_line_fn *fn, void *arg);

/* What a container says goes into a log file as it came and, line by line behind "[NAME] ", to the
 * console. A file that reaches LKB_LOG_MAX is renamed to FILE.1 (replacing the one before) and
 * begun anew, so a log never takes more than twice that. */
#define LKB_LOG_MAX ((uint64_t)512 << 10)

struct lkb_log_options {
	const char *name; /* in brackets on the console */
	const char *file; /* path; its directory is made. NULL = no file */
	bool no_console;
	lkb_line_fn *fn;  /* also gets each line; may be NULL */
	void *arg;
};

/* Reads `fd` (a pipe or FIFO, taken over, made non-blocking) until its end; a FIFO that is open
 * for reading and writing has none. The log frees itself at the end. */
void lkb_log_start(struct lkb_loop *l, int fd, const struct lkb_log_options *options);

/* Makes a FIFO at `path`, in a directory of our own, and logs what is written to it, for ever:
 * for writers that open a path (containerd's shim) and may come and go. */
int lkb_log_start_fifo(struct lkb_loop *l, const char *path, const struct lkb_log_options *options,
		       struct lkb_error *err);

/* A log file by itself. Born {.fd = -1}. */
struct lkb_log_file {
	int fd;
	uint64_t size;
	char *path; /* owned */
};
int lkb_log_file_open(const char *path, struct lkb_log_file *ret, struct lkb_error *err);
void lkb_log_file_write(struct lkb_log_file *f, const char *bytes, size_t n, uint64_t max);
void lkb_log_file_clear(struct lkb_log_file *f);

#endif
