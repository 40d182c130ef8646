/* SPDX-License-Identifier: Apache-2.0 */
/* raw-efi: a disk with one EFI system partition, and the whole root in the program it starts. */
#include "base/alloc.h"
#include "base/size.h"
#include "plan/plan_priv.h"

#define ALIGN LKB_MIB
/* With clusters of 512 bytes the smallest that is a FAT32 beyond doubt. */
#define ESP_MIN (34 * LKB_MIB)

static int check_programs(const struct lkb_plan *p, struct lkb_error *err)
{
	return lkb_find_programs(lkb_mtools, LKB_ARRAY_SIZE(lkb_mtools), err);
}

static int place(struct lkb_product *m, struct lkb_error *err)
{
	m->disk = (struct lkb_disk){
		.table = LKB_TABLE_GPT, .align = ALIGN, .first = ALIGN, .seed = m->seed,
		.unit = lkb_format_unit(m->format), .epoch = m->plan->epoch, .n_parts = 1,
	};
	/* LinuxKit sets the attribute too. */
	m->disk.parts[0] = (struct lkb_part){
		.name = "esp", .gpt_type = LKB_GPT_ESP, .bootable = true, .fs = LKB_FS_FAT32,
		.tree = lkb_tree_root(m->boot), .label = "ESP",
		.min_size = lkb_boot_size(m->plan, ESP_MIN),
	};
	return lkb_layout(&m->disk, err);
}

static const struct lkb_step steps[] = {
	LKB_STEPS_ROOT,
	LKB_STEP("kernel", "unpack and check the kernel", NULL, NULL, lkb_step_kernel_efi),
	LKB_STEP("initrd", "pack the root into an initrd", NULL, lkb_cost_root,
		 lkb_step_initrd_ram),
	LKB_STEP_OWN("boot", "make kernel, root and command line an EFI program", check_programs,
		     NULL, lkb_step_efi_partition),
	LKB_STEP_OWN("layout", "place the partition", NULL, NULL, place),
};

static int write_files(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err)
{
	return lkb_write_disk(m, "-efi", ".img", o, err);
}

const struct lkb_format lkb_format_raw_efi = {
	.name = "raw-efi",
	.root_mode = "ram",
	.suffixes = (const char *const[]){"-efi.img", "-efi.map", "-efi.bmap", NULL},
	.images = (const char *const[]){LKB_EFI_STUB_IMAGE, NULL},
	.steps = steps,
	.n_steps = LKB_ARRAY_SIZE(steps),
	.write = write_files,
	.write_what = "write the disk image, its map and bmap",
	.write_cost = lkb_cost_root,
	.hold = lkb_hold_initrd,
};
