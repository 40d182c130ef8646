/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BOOTLOADER_CMDLINE_H
#define LKB_BOOTLOADER_CMDLINE_H

#include "board/board.h"

/* The whole command line of a kernel on a board: the board's consoles unless the spec's own line
 * names one, the board's words, and the spec's line as it is. The caller frees it. */
char *lkb_board_cmdline(const struct lkb_board *board, const char *own);

#endif
