/* SPDX-License-Identifier: Apache-2.0 */
#include "bootloader/cmdline.h"

#include "bootloader/slot/slot.h"

char *lkb_board_cmdline(const struct lkb_board *board, const char *own)
{
	lkb_autostr s = {0};
	size_t i;

	for (i = 0; i < board->consoles.n && !lkb_cmdline_names_console(own); i++)
		lkb_str_addf(&s, "console=%s ", board->consoles.items[i]);
	for (i = 0; i < board->cmdline.n; i++)
		lkb_str_addf(&s, "%s ", board->cmdline.items[i]);
	lkb_str_add(&s, own);
	return lkb_str_take(&s);
}
