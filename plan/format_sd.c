/* SPDX-License-Identifier: Apache-2.0 */
/* sd: the partitioned card, with its map. */
#include "base/alloc.h"
#include "plan/plan_priv.h"

static int check_programs(const struct lkb_plan *p, struct lkb_error *err)
{
	static const struct lkb_program programs[] = {
		{"mkimage", "u-boot-tools"}, {"mformat", "mtools"}, {"mcopy", "mtools"},
	};

	return lkb_find_programs(programs, LKB_ARRAY_SIZE(programs), err);
}

static const struct lkb_step steps[] = {
	LKB_STEPS_ROOT,
	LKB_STEP("kernel", "check the kernel", NULL, NULL, lkb_step_kernel),
	LKB_STEP("device-trees", "check device trees, apply overlays", NULL, NULL,
		 lkb_step_device_trees),
	LKB_STEP("initrd", "choose modules, pack the initrd", NULL, NULL, lkb_step_initrd_slot),
	LKB_STEP("slot", "put kernel, device trees and initrd into the slot", NULL, NULL,
		 lkb_step_slot),
	LKB_STEP_OWN("boot", "firmware, U-Boot, config.txt and boot script", check_programs, NULL,
		     lkb_step_boot_partition),
	LKB_STEP_OWN("layout", "place every partition", NULL, NULL, lkb_step_layout),
};

static int write_files(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err)
{
	return lkb_write_disk(m, "-@", ".img", o, err);
}

const struct lkb_format lkb_format_sd = {
	.name = "sd",
	.root_mode = "disk",
	.alters_root = true,
	.has_small_initrd = true,
	.suffixes = (const char *const[]){"-@.img", "-@.map", "-@.bmap", NULL},
	.steps = steps,
	.n_steps = LKB_ARRAY_SIZE(steps),
	.write = write_files,
	.write_what = "write the card image, its map and bmap",
	.write_cost = lkb_cost_root,
	.hold = lkb_hold_small_initrd,
};
