/* SPDX-License-Identifier: Apache-2.0 */
/* raw-bios: a disk that a PC's BIOS starts: GRUB, and one FAT with the kernel and the whole root as
 * its initrd. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/size.h"
#include "bootloader/cmdline.h"
#include "bootloader/grub.h"
#include "plan/plan_priv.h"

#define GRUB_IMAGE "localhost/grub-pc:bookworm"
#define ALIGN LKB_MIB
#define FAT_MIN (34 * LKB_MIB)
#define MBR_FAT32_LBA 0x0c
#define CORE_OFF LKB_MAP_BLOCK

static int check_programs(const struct lkb_plan *p, struct lkb_error *err)
{
	static const struct lkb_program grub[] = {{"grub-mkimage", "grub-common"}};

	return lkb_find_programs(grub, LKB_ARRAY_SIZE(grub), err) ||
	       lkb_find_programs(lkb_mtools, LKB_ARRAY_SIZE(lkb_mtools), err) ? -1 : 0;
}

int lkb_step_kernel_bios(struct lkb_plan *p, struct lkb_error *err)
{
	if (lkb_grub_check_kernel(&p->rootfs.kernel, err))
		return lkb_context(err, "kernel image '%s'", p->in->spec->kernel.image);
	return 0;
}

static int make_loader(struct lkb_product *m, struct lkb_error *err)
{
	struct lkb_plan *p = m->plan;
	const struct lkb_pos *pos = &p->in->spec->kernel.pos;
	lkb_autofree char *cmdline = lkb_board_cmdline(p->in->board, p->rootfs.cmdline);
	lkb_auto(lkb_tree) image = NULL;
	lkb_autostr config = {0};
	lkb_autotmpdir dir = {0};
	struct lkb_grub_in in = {.cmdline = cmdline, .core_sector = CORE_OFF / LKB_MBR_SECTOR};

	if (lkb_grub_config(cmdline, &config, err))
		return lkb_at(err, pos->file ? pos->file : "", pos->line, pos->column);
	if (lkb_plan_image_tree(p, GRUB_IMAGE, &image, err) ||
	    lkb_store_tmpdir(p->in->store, &dir, err))
		return -1;
	in.image = image;
	in.dir = dir.path;
	if (lkb_grub_make(&in, m->boot_code, &m->loader, err))
		return -1;
	while (m->loader.len % LKB_MAP_BLOCK)
		lkb_str_addc(&m->loader, '\0');
	return 0;
}

static int make_boot(struct lkb_product *m, struct lkb_error *err)
{
	struct lkb_plan *p = m->plan;
	const struct lkb_meta meta = {.mode = 0644, .mtime = p->epoch};
	lkb_auto(lkb_blob) initrd = lkb_blob_new_chain(p->segments, p->n_segments);
	const struct lkb_data whole = {initrd, 0, lkb_blob_size(initrd)};

	m->boot = lkb_tree_new();
	lkb_tree_set_default_mtime(m->boot, p->epoch);
	if (make_loader(m, err) ||
	    lkb_tree_add_file(m->boot, "kernel", &meta, &p->rootfs.kernel, NULL, err))
		return -1;
	return lkb_tree_add_file(m->boot, "initrd.img", &meta, &whole, NULL, err);
}

static int place(struct lkb_product *m, struct lkb_error *err)
{
	m->disk = (struct lkb_disk){
		.align = ALIGN, .first = ALIGN, .seed = m->seed, .epoch = m->plan->epoch,
		.unit = lkb_format_unit(m->format), .n_parts = 1, .n_raws = 1,
		.boot_code = m->boot_code,
	};
	m->disk.raws[0] = (struct lkb_raw){"loader", CORE_OFF, m->loader.s, m->loader.len};
	m->disk.parts[0] = (struct lkb_part){
		.name = "boot", .mbr_type = MBR_FAT32_LBA, .bootable = true, .fs = LKB_FS_FAT32,
		.tree = lkb_tree_root(m->boot), .label = "BOOT",
		.min_size = lkb_boot_size(m->plan, FAT_MIN),
	};
	return lkb_layout(&m->disk, err);
}

static const struct lkb_step steps[] = {
	LKB_STEPS_ROOT,
	LKB_STEP("kernel", "check the kernel", NULL, NULL, lkb_step_kernel_bios),
	LKB_STEP("initrd", "pack the root into an initrd", NULL, lkb_cost_root,
		 lkb_step_initrd_ram),
	LKB_STEP_OWN("boot", "boot loader with its configuration", check_programs, NULL,
		     make_boot),
	LKB_STEP_OWN("layout", "place the partition", NULL, NULL, place),
};

static int write_files(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err)
{
	return lkb_write_disk(m, "-bios", ".img", o, err);
}

const struct lkb_format lkb_format_raw_bios = {
	.name = "raw-bios",
	.root_mode = "ram",
	.suffixes = (const char *const[]){"-bios.img", "-bios.map", "-bios.bmap", NULL},
	.images = (const char *const[]){GRUB_IMAGE, NULL},
	.steps = steps,
	.n_steps = LKB_ARRAY_SIZE(steps),
	.write = write_files,
	.write_what = "write the disk image, its map and bmap",
	.write_cost = lkb_cost_root,
	.hold = lkb_hold_initrd,
};
