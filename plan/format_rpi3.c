/* SPDX-License-Identifier: Apache-2.0 */
/* rpi3: what goes onto a FAT32 that a Pi boots from, as an archive; the whole root in RAM. */
#include "base/alloc.h"
#include "bootloader/rpi.h"
#include "plan/plan_priv.h"

static int check_programs(const struct lkb_plan *p, struct lkb_error *err)
{
	static const struct lkb_program programs[] = {{"mkimage", "u-boot-tools"}};

	return lkb_find_programs(programs, LKB_ARRAY_SIZE(programs), err);
}

static int make_boot(struct lkb_product *m, struct lkb_error *err)
{
	struct lkb_plan *p = m->plan;
	lkb_auto(lkb_blob) initrd = lkb_blob_new_chain(p->segments, p->n_segments);
	lkb_autofree char *cmdline = NULL;
	struct lkb_rpi_ram ram = {
		.kernel = p->kernel,
		.initrd = {initrd, 0, lkb_blob_size(initrd)},
	};

	if (lkb_rpi_cmdline_txt(p->in->board, p->rootfs.cmdline, &cmdline, err))
		return lkb_at_kernel(p, err);
	ram.cmdline_txt = cmdline;
	return lkb_plan_rpi_boot(m, &ram, err);
}

static const struct lkb_step steps[] = {
	LKB_STEPS_ROOT,
	LKB_STEP("kernel", "check the kernel", NULL, NULL, lkb_step_kernel),
	LKB_STEP("device-trees", "check device trees, apply overlays", NULL, NULL,
		 lkb_step_device_trees),
	LKB_STEP("initrd", "pack the root into an initrd", NULL, lkb_cost_root,
		 lkb_step_initrd_ram),
	LKB_STEP_OWN("boot", "firmware, U-Boot, kernel, initrd and boot script", check_programs,
		     NULL, make_boot),
};

static int write_files(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err)
{
	if (lkb_output_tar(o, ".tar", m->boot, err))
		return -1;
	lkb_output_holds(o, "boot", lkb_tree_root(m->boot), 0);
	return lkb_hold_initrd(m, o, err);
}

const struct lkb_format lkb_format_rpi3 = {
	.name = "rpi3",
	.root_mode = "ram",
	.suffixes = (const char *const[]){".tar", NULL},
	.steps = steps,
	.n_steps = LKB_ARRAY_SIZE(steps),
	.write = write_files,
	.write_what = "write the files of a card as an archive",
	.write_cost = lkb_cost_root,
};
