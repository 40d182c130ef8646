/* SPDX-License-Identifier: Apache-2.0 */
/* kernel+initrd: the whole root in RAM, LinuxKit's way. */
#include <string.h>

#include "base/alloc.h"
#include "plan/plan_priv.h"

static const struct lkb_step steps[] = {
	LKB_STEPS_ROOT,
	LKB_STEP("initrd", "pack the root into an initrd", NULL, lkb_cost_root,
		 lkb_step_initrd_ram),
};

static int write_files(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err)
{
	struct lkb_plan *p = m->plan;
	const char *cmdline = p->rootfs.cmdline;

	if (lkb_output_data(o, "-kernel", &p->rootfs.kernel, err) ||
	    lkb_output_pieces(o, "-initrd.img", p->segments, p->n_segments, err) ||
	    lkb_hold_initrd(m, o, err))
		return -1;
	return lkb_output_text(o, "-cmdline", cmdline, strlen(cmdline), err);
}

const struct lkb_format lkb_format_kernel_initrd = {
	.name = "kernel+initrd",
	.root_mode = "ram",
	.suffixes = (const char *const[]){"-kernel", "-initrd.img", "-cmdline", NULL},
	.steps = steps,
	.n_steps = LKB_ARRAY_SIZE(steps),
	.write = write_files,
	.write_what = "write kernel, initrd and command line",
	.write_cost = lkb_cost_root,
};
