/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_CMD_NETBOOT_H
#define LKB_CMD_NETBOOT_H

#include "base/file.h"
#include "board/board.h"
#include "cmd/cmd.h"

/* What `run` serves to a machine that boots from the network. Born {0}. */
struct lkb_netboot {
	struct lkb_tmpdir dir; /* links to the files of a directory of the format pxe */
	const char *bootfile;  /* what the machine asks for first, a name in it */
};

void lkb_netboot_clear(struct lkb_netboot *n);

/* The script of an operand: the file itself, or the one script in a directory. The caller frees
 * *ret. LKB_INPUT if there is none, or more than one. */
int lkb_netboot_script(const char *path, char **ret, struct lkb_error *err);

/* Stages the script and what is beside it; for a board whose recipe has a loader, that comes out of
 * its image, which is made if the store does not have it. */
int lkb_netboot_stage(struct lkb_ctx *ctx, const struct lkb_board *board, const char *script,
		      struct lkb_netboot *ret, struct lkb_error *err);

#endif
