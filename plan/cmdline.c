/* SPDX-License-Identifier: Apache-2.0 */
/* How long a command line may be. */
#include <string.h>

#include "bootloader/cmdline.h"
#include "plan/plan_priv.h"

#define CMDLINE_MAX 2047 /* what the kernels of x86 and arm64 take; x86's ends without a word */

int lkb_at_kernel(const struct lkb_plan *p, struct lkb_error *err)
{
	const struct lkb_pos *pos = &p->in->spec->kernel.pos;

	return lkb_at(err, pos->file ? pos->file : "", pos->line, pos->column);
}

int lkb_check_cmdline(const struct lkb_plan *p, size_t len, struct lkb_error *err)
{
	if (len <= CMDLINE_MAX)
		return 0;
	lkb_fail(err, LKB_INPUT, "the command line of %zu bytes is longer than the %d that the "
		 "kernel takes", len, CMDLINE_MAX);
	lkb_hint(err, "shorten kernel.cmdline");
	return lkb_at_kernel(p, err);
}

int lkb_check_cmdlines(const struct lkb_plan *p, struct lkb_error *err)
{
	lkb_autofree char *line = lkb_board_cmdline(p->in->board, p->rootfs.cmdline);
	size_t i, most = 0;

	for (i = 0; i < p->n_products; i++) {
		size_t more = lkb_format_base(p->products[i].format)->more_cmdline;

		most = more > most ? more : most;
	}
	return lkb_check_cmdline(p, strlen(line) + most, err);
}
