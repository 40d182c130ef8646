/* SPDX-License-Identifier: Apache-2.0 */
/* The table of formats, and what more than one of them needs. */
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/proc.h"
#include "image/formats/vdisk.h"
#include "plan/plan_priv.h"

const struct lkb_format *const lkb_formats[] = {
	&lkb_format_sd, &lkb_format_kernel_initrd, &lkb_format_tar, &lkb_format_docker,
	&lkb_format_tar_kernel_initrd, &lkb_format_oci, &lkb_format_kernel_squashfs,
	&lkb_format_kernel_erofs, &lkb_format_kernel_iso, &lkb_format_raw_efi,
	&lkb_format_raw_bios, &lkb_format_disk_efi, &lkb_format_qcow2_bios,
	&lkb_format_qcow2_efi, &lkb_format_vhd, &lkb_format_dynamic_vhd, &lkb_format_vmdk,
	&lkb_format_gcp, &lkb_format_aws, &lkb_format_iso_bios, &lkb_format_iso_efi,
	&lkb_format_iso_efi_initrd, &lkb_format_pxe, &lkb_format_rpi3, NULL,
};

const struct lkb_format *lkb_format_find(const char *name)
{
	size_t i;

	for (i = 0; lkb_formats[i]; i++)
		if (!strcmp(lkb_formats[i]->name, name))
			return lkb_formats[i];
	return NULL;
}

const struct lkb_format *lkb_format_base(const struct lkb_format *f)
{
	return f->of ? f->of : f;
}

uint64_t lkb_boot_size(const struct lkb_plan *p, uint64_t usual)
{
	const struct lkb_spec_lkboard *s = &p->in->spec->lkboard;

	return s->boot_size.set ? (uint64_t)s->boot_size.v : usual;
}

uint64_t lkb_format_unit(const struct lkb_format *f)
{
	return f->vdisk ? lkb_vdisk_find(f->vdisk)->unit : 0;
}

int lkb_find_programs(const struct lkb_program *programs, size_t n, struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < n; i++) {
		lkb_autofree char *path = NULL;

		if (lkb_proc_find(programs[i].name, programs[i].package, &path, err))
			return -1;
	}
	return 0;
}

/* What a FAT is made with. */
const struct lkb_program lkb_mtools[2] = {{"mformat", "mtools"}, {"mcopy", "mtools"}};

/* Whatever is started, it is a kernel. */
int lkb_check_kernel(const struct lkb_plan *p, struct lkb_error *err)
{
	const struct lkb_spec *spec = p->in->spec;
	const struct lkb_pos *pos = &spec->kernel.pos;

	if (spec->kernel.image && *spec->kernel.image)
		return 0;
	lkb_fail(err, LKB_INPUT, "the spec has no kernel image, and board '%s' starts a kernel",
		 p->in->board->name);
	lkb_hint(err, "add 'kernel: {image: REFERENCE}'");
	return lkb_at(err, pos->file ? pos->file : spec->files_read.items[0], pos->line,
		      pos->column);
}

uint64_t lkb_cost_images(const struct lkb_plan *p)
{
	uint64_t sum = 0;
	size_t i, j;

	for (i = 0; i < p->images.n; i++)
		for (j = 0; j < p->images.items[i]->n_layers; j++)
			sum += p->images.items[i]->layers[j].size;
	return sum;
}

uint64_t lkb_cost_root(const struct lkb_plan *p)
{
	return p->rootfs.root ? lkb_tree_stats(lkb_tree_root(p->rootfs.root)).bytes : 0;
}

static int hash_file(int fd, const char *name, uint64_t size, struct lkb_sha256 *ret,
		     struct lkb_error *err)
{
	lkb_auto(lkb_blob) blob = NULL;

	if (lkb_blob_dup_fd(fd, size, name, &blob, err))
		return -1;
	return lkb_data_sha256(&(struct lkb_data){blob, 0, size}, ret, err);
}

/* Each partition with files. */
static void hold_parts(const struct lkb_product *m, struct lkb_output *o)
{
	size_t i;

	for (i = 0; i < m->disk.n_parts; i++)
		if (m->disk.parts[i].tree)
			lkb_output_holds(o, m->disk.parts[i].name, m->disk.parts[i].tree,
					 (unsigned)i + 1);
}

int lkb_hold_small_initrd(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err)
{
	lkb_output_holds(o, "initrd", lkb_tree_root(m->plan->initrd_tree), 0);
	return 0;
}

int lkb_hold_initrd(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err)
{
	struct lkb_plan *p = m->plan;
	const struct lkb_meta meta = {.mode = 0644, .mtime = p->epoch};

	lkb_output_holds(o, "root", lkb_tree_root(p->rootfs.root), 0);
	if (!p->rootfs.ucode.blob)
		return 0;
	if (!p->microcode) {
		p->microcode = lkb_tree_new();
		if (lkb_tree_add_file(p->microcode, "microcode.cpio", &meta, &p->rootfs.ucode,
				      NULL, err))
			return -1;
	}
	lkb_output_holds(o, "microcode", lkb_tree_root(p->microcode), 0);
	return 0;
}

int lkb_hold_disk(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err)
{
	const struct lkb_format *f = lkb_format_base(m->format);

	hold_parts(m, o);
	return f->hold ? f->hold(m, o, err) : 0;
}

int lkb_write_disk(struct lkb_product *m, const char *stem, const char *ext, struct lkb_output *o,
		   struct lkb_error *err)
{
	lkb_autofree char *img = lkb_format("%s%s", stem, ext);
	lkb_autofree char *map_suffix = lkb_format("%s.map", stem);
	lkb_autofree char *bmap_suffix = lkb_format("%s.bmap", stem);
	lkb_auto(lkb_map) map = NULL;
	lkb_autostr text = {0}, bmap = {0};
	struct lkb_sha256 digest;
	int fd;

	m->disk.extents = &m->extents;
	if (lkb_output_open(o, img, &fd, err) ||
	    lkb_disk_write(&m->disk, fd, lkb_output_path(o), m->plan->in->ui, &map, err))
		return -1;
	lkb_map_format(map, &text);
	lkb_map_format_bmap(map, &bmap);
	if (lkb_hold_disk(m, o, err))
		return -1;
	digest = lkb_sha256(text.s, text.len);
	lkb_output_done(o, m->disk.size, "map-sha256", &digest);
	if (lkb_output_wants_sha256(o)) {
		if (hash_file(fd, lkb_output_path(o), m->disk.size, &digest, err))
			return -1;
		lkb_output_whole(o, &digest);
	}
	if (lkb_output_text(o, map_suffix, text.s, text.len, err))
		return -1;
	return lkb_output_text(o, bmap_suffix, bmap.s, bmap.len, err);
}
