/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BOARD_BOARD_PRIV_H
#define LKB_BOARD_BOARD_PRIV_H

#include "board/board.h"

/* Reports what the profile's family misses in it or has no use for. */
void lkb_board_check_family(const struct lkb_board *b, struct lkb_diags *diags);

#endif
