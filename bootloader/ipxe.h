/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BOOTLOADER_IPXE_H
#define LKB_BOOTLOADER_IPXE_H

#include <stddef.h>

#include "base/error.h"
#include "board/board.h"

/* Boot method "iPXE": a script that fetches kernel and initrd and starts them. Pure. What iPXE
 * makes of a line is from its src/core/exec.c and src/image/script.c: a line is cut at blanks,
 * nothing quotes; a word that starts with '#' ends it, the words "||", "&&" and ";" end a command;
 * in each word settings are then put in for "${...}". */

struct lkb_ipxe_in {
	const char *board;    /* for people who watch */
	const char *base_url; /* where kernel and initrd are; NULL = beside the script, wherever
			       * that was fetched from */
	const char *kernel, *initrd; /* names there: words */
	const char *cmdline;  /* the whole line, as lkb_ipxe_cmdline() makes it */
};

/* The script; the caller frees it. It tries several times, each time after a longer pause, and then
 * goes back to whoever started it. The kernel is told the initrd's name ("initrd=initrd"), which it
 * needs where UEFI started it, and which does no harm elsewhere. LKB_INPUT for a URL or a command
 * line that does not come through as it is. */
int lkb_ipxe_script(const struct lkb_ipxe_in *in, char **ret, struct lkb_error *err);

/* The kernel's command line: the board's consoles, its words, the spec's own line. A console whose
 * device the spec's line names is left to that. Blanks come one at a time. LKB_INPUT for a line
 * that iPXE would change, with the word that is the fault. The caller frees it. */
int lkb_ipxe_cmdline(const struct lkb_board *board, const char *own, char **ret,
		     struct lkb_error *err);

/* LKB_USAGE unless it is an http or https URL of a directory, without query and fragment, whose
 * characters mean nothing to iPXE or a shell. */
int lkb_ipxe_check_url(const char *url, struct lkb_error *err);

#endif
