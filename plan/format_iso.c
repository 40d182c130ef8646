/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iso-bios, iso-efi: a CD, or a USB stick that its image was written to, whose root is the image
 * itself; a small initrd finds it by its volume id. iso-efi-initrd: the same with the whole root in
 * RAM.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/crc32.h"
#include "base/file.h"
#include "base/size.h"
#include "bootloader/cmdline.h"
#include "image/iso/iso.h"
#include "plan/plan_priv.h"

#define ISOLINUX_IMAGE "localhost/isolinux:bookworm"
#define EFI_FILE "boot/efi.img" /* the EFI system partition, a file of the ISO */
#define ESP_MIN (34 * LKB_MIB)
#define MBR_CODE_MAX 432
#define APPEND_MAX 2000 /* ISOLINUX reads lines of 2047 bytes */

/* ---- the command line ---- */

/* As lkb_image_word() would find it in the finished image. */
static char *root_word(const struct lkb_product *m)
{
	char volume[33], padded[33];

	lkb_volume_id(m, volume);
	snprintf(padded, sizeof(padded), "%-32s", volume);
	return lkb_format("lkb.image=iso9660:%08x", lkb_crc32(0, padded, 32));
}

static char *cmdline_of(const struct lkb_product *m)
{
	const struct lkb_plan *p = m->plan;
	lkb_autofree char *line = lkb_board_cmdline(p->in->board, p->rootfs.cmdline);
	lkb_autofree char *word = root_word(m);

	return lkb_format("%s%s%s", line, *line ? " " : "", word);
}

/* ---- UEFI: a FAT with the program, first a disk of its own ---- */

static int make_efi_small(struct lkb_product *m, struct lkb_error *err)
{
	lkb_autofree char *cmdline = cmdline_of(m);

	return lkb_plan_efi_boot(m, &m->plan->initrd, 1, cmdline, err);
}

static int place(struct lkb_product *m, struct lkb_error *err)
{
	m->disk = (struct lkb_disk){
		.align = LKB_MIB, .first = LKB_MIB, .seed = m->seed, .epoch = m->plan->epoch,
		.n_parts = 1,
	};
	m->disk.parts[0] = (struct lkb_part){
		.name = "esp", .mbr_type = 0xef, .fs = LKB_FS_FAT32, .label = "ESP",
		.tree = lkb_tree_root(m->boot), .min_size = ESP_MIN,
	};
	return lkb_layout(&m->disk, err);
}

/* The partition of that disk becomes a file of the tree. */
static int add_efi_file(struct lkb_product *m, struct lkb_outfile *tmp, struct lkb_error *err)
{
	const struct lkb_part *part = &m->disk.parts[0];
	const struct lkb_meta meta = {.mode = 0644, .mtime = m->plan->epoch};
	lkb_auto(lkb_map) map = NULL;
	lkb_auto(lkb_blob) blob = NULL;
	int fd = tmp->fd;

	if (lkb_disk_write(&m->disk, fd, tmp->path, m->plan->in->ui, &map, err) ||
	    lkb_blob_dup_fd(fd, m->disk.size, tmp->path, &blob, err))
		return -1;
	return lkb_tree_add_file(m->data, EFI_FILE, &meta,
				 &(struct lkb_data){blob, part->off, part->size}, NULL, err);
}

/* ---- BIOS ---- */

static int add_file_of(struct lkb_product *m, struct lkb_tree *image, const char *name,
		       struct lkb_error *err)
{
	const struct lkb_inode *node = lkb_tree_lookup(image, name, true);
	const struct lkb_meta meta = {.mode = 0644, .mtime = m->plan->epoch};
	lkb_autofree char *path = lkb_format("isolinux/%s", name);

	if (!node || node->type != LKB_NODE_FILE)
		return lkb_fail(err, LKB_INPUT, "image '%s' has no file '/%s'", ISOLINUX_IMAGE,
				name);
	return lkb_tree_add_file(m->data, path, &meta, &node->data, NULL, err);
}

/* The line is taken as it is, to its end. */
static int add_config(struct lkb_product *m, struct lkb_error *err)
{
	const struct lkb_pos *pos = &m->plan->in->spec->kernel.pos;
	const struct lkb_meta meta = {.mode = 0644, .mtime = m->plan->epoch};
	lkb_autofree char *cmdline = cmdline_of(m);
	lkb_autofree char *text = lkb_format("DEFAULT linux\nLABEL linux\n\tKERNEL /boot/kernel\n"
					     "\tINITRD /boot/initrd.img\n\tAPPEND %s\n", cmdline);

	if (strlen(cmdline) <= APPEND_MAX && !strpbrk(cmdline, "\n\r"))
		return lkb_tree_add_text(m->data, "isolinux/isolinux.cfg", &meta, text,
					 strlen(text), err);
	lkb_fail(err, LKB_INPUT, "ISOLINUX takes command lines of one line and %d bytes, and this "
		 "one has %zu", APPEND_MAX, strlen(cmdline));
	return lkb_at(err, pos->file ? pos->file : "", pos->line, pos->column);
}

static int make_bios(struct lkb_product *m, struct lkb_error *err)
{
	struct lkb_plan *p = m->plan;
	const struct lkb_meta meta = {.mode = 0644, .mtime = p->epoch};
	lkb_auto(lkb_tree) image = NULL;

	m->data = lkb_tree_new();
	lkb_tree_set_default_mtime(m->data, p->epoch);
	return lkb_plan_image_tree(p, ISOLINUX_IMAGE, &image, err) ||
	       add_file_of(m, image, "isolinux.bin", err) ||
	       add_file_of(m, image, "ldlinux.c32", err) ||
	       add_file_of(m, image, "isohdpfx.bin", err) || add_config(m, err) ||
	       lkb_tree_add_file(m->data, "boot/kernel", &meta, &p->rootfs.kernel, NULL, err) ||
	       lkb_tree_add_file(m->data, "boot/initrd.img", &meta, &p->initrd, NULL, err) ? -1 : 0;
}

/* ---- the image ---- */

/* product->boot = what is written: the root, if it is to be there, and product->data. */
static int join(struct lkb_product *m, bool with_root, struct lkb_tree **ret, struct lkb_error *err)
{
	const struct lkb_meta dir = {.mode = 0755, .mtime = m->plan->epoch};
	lkb_auto(lkb_tree) t = NULL;

	if (with_root)
		return lkb_join_root(m, ret, err);
	t = lkb_tree_new();
	if (lkb_tree_graft(t, "", lkb_tree_root(m->data), err) ||
	    lkb_tree_add_dir(t, "", &dir, NULL, err))
		return -1;
	*ret = LKB_STEAL(t);
	return 0;
}

static int write_image(struct lkb_product *m, struct lkb_tree *t, struct lkb_iso_options *o, int fd,
		       const char *name, struct lkb_error *err)
{
	char volume[33];

	lkb_volume_id(m, volume);
	o->volume_id = volume;
	o->epoch = m->plan->epoch;
	o->seed = &m->seed;
	o->is_hybrid = true;
	o->ui = m->plan->in->ui;
	return lkb_iso_write(lkb_tree_root(t), o, fd, name, err);
}

static int write_efi(struct lkb_product *m, bool with_root, struct lkb_output *o,
		     struct lkb_error *err)
{
	lkb_autooutfile tmp = LKB_OUTFILE_INIT; /* never committed */
	struct lkb_iso_options options = {0};
	lkb_autofree char *esp = NULL;
	lkb_auto(lkb_tree) t = NULL;
	int fd;

	if (lkb_output_open(o, m->format->suffixes[0], &fd, err))
		return -1;
	esp = lkb_format("%s.esp", lkb_output_path(o));
	m->data = lkb_tree_new();
	lkb_tree_set_default_mtime(m->data, m->plan->epoch);
	if (lkb_outfile_open(esp, 0600, &tmp, err) || add_efi_file(m, &tmp, err) ||
	    join(m, with_root, &t, err))
		return -1;
	options.efi = lkb_tree_lookup(t, EFI_FILE, false);
	if (write_image(m, t, &options, fd, lkb_output_path(o), err) || lkb_output_measure(o, err))
		return -1;
	lkb_output_holds(o, "root", lkb_tree_root(m->plan->rootfs.root), 0);
	if (m->plan->initrd_tree && with_root)
		lkb_output_holds(o, "initrd", lkb_tree_root(m->plan->initrd_tree), 0);
	return 0;
}

static int write_iso_efi(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err)
{
	return write_efi(m, true, o, err);
}

static int write_iso_efi_initrd(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err)
{
	return write_efi(m, false, o, err);
}

static int write_iso_bios(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err)
{
	const struct lkb_inode *code = lkb_tree_lookup(m->data, "isolinux/isohdpfx.bin", false);
	struct lkb_iso_options options = {.bios_info_table = true};
	lkb_auto(lkb_tree) t = NULL;
	lkb_autofree char *bytes = NULL;
	int fd;

	if (lkb_data_read_all(&code->data, MBR_CODE_MAX, &bytes, &options.mbr_code_len, err))
		return lkb_context(err, "image '%s': '/isohdpfx.bin'", ISOLINUX_IMAGE);
	options.mbr_code = bytes;
	if (join(m, true, &t, err) || lkb_output_open(o, ".iso", &fd, err))
		return -1;
	options.bios = lkb_tree_lookup(t, "isolinux/isolinux.bin", false);
	if (write_image(m, t, &options, fd, lkb_output_path(o), err) || lkb_output_measure(o, err))
		return -1;
	lkb_output_holds(o, "root", lkb_tree_root(m->plan->rootfs.root), 0);
	lkb_output_holds(o, "boot", lkb_tree_root(m->data), 0);
	lkb_output_holds(o, "initrd", lkb_tree_root(m->plan->initrd_tree), 0);
	return 0;
}

static int check_programs(const struct lkb_plan *p, struct lkb_error *err)
{
	return lkb_find_programs(lkb_mtools, LKB_ARRAY_SIZE(lkb_mtools), err);
}

#define SMALL_INITRD \
	LKB_STEP("initrd", "choose modules, pack the small initrd that finds the root", NULL, \
		 NULL, lkb_step_initrd_slot)
#define KERNEL_EFI \
	LKB_STEP("kernel", "unpack and check the kernel", NULL, NULL, lkb_step_kernel_efi)

static const struct lkb_step bios_steps[] = {
	LKB_STEPS_ROOT,
	LKB_STEP("kernel", "check the kernel", NULL, NULL, lkb_step_kernel_bios),
	SMALL_INITRD,
	LKB_STEP_OWN("boot", "boot loader with its configuration", NULL, NULL, make_bios),
};

static const struct lkb_step efi_steps[] = {
	LKB_STEPS_ROOT, KERNEL_EFI, SMALL_INITRD,
	LKB_STEP_OWN("boot", "make kernel, initrd and command line an EFI program", check_programs,
		     NULL, make_efi_small),
	LKB_STEP_OWN("layout", "place it in a FAT", NULL, NULL, place),
};

static const struct lkb_step efi_initrd_steps[] = {
	LKB_STEPS_ROOT, KERNEL_EFI,
	LKB_STEP("initrd", "pack the root into an initrd", NULL, lkb_cost_root,
		 lkb_step_initrd_ram),
	LKB_STEP_OWN("boot", "make kernel, root and command line an EFI program", check_programs,
		     NULL, lkb_step_efi_partition),
	LKB_STEP_OWN("layout", "place it in a FAT", NULL, NULL, place),
};

#define FORMAT(name_, mode, small, suffix, image, steps_, write_) \
	{ \
		.name = name_, .root_mode = mode, .has_small_initrd = small, \
		.suffixes = (const char *const[]){suffix, NULL}, \
		.images = (const char *const[]){image, NULL}, \
		.steps = steps_, .n_steps = LKB_ARRAY_SIZE(steps_), .write = write_, \
		.write_what = "write the ISO image", .write_cost = lkb_cost_root, \
	}

const struct lkb_format lkb_format_iso_bios =
	FORMAT("iso-bios", "disk", true, ".iso", ISOLINUX_IMAGE, bios_steps, write_iso_bios);
const struct lkb_format lkb_format_iso_efi =
	FORMAT("iso-efi", "disk", true, "-efi.iso", LKB_EFI_STUB_IMAGE, efi_steps, write_iso_efi);
const struct lkb_format lkb_format_iso_efi_initrd =
	FORMAT("iso-efi-initrd", "ram", false, "-efi-initrd.iso", LKB_EFI_STUB_IMAGE,
	       efi_initrd_steps, write_iso_efi_initrd);
