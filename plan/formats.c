/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/proc.h"
#include "plan/plan_priv.h"

static int find_programs(const char *const (*programs)[2], size_t n, struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < n; i++) {
		lkb_autofree char *path = NULL;

		if (lkb_proc_find(programs[i][0], programs[i][1], &path, err))
			return -1;
	}
	return 0;
}

static int check_boot_programs(const struct lkb_plan *p, struct lkb_error *err)
{
	static const char *const programs[][2] = {
		{"mkimage", "u-boot-tools"}, {"mformat", "mtools"}, {"mcopy", "mtools"},
	};

	return find_programs(programs, LKB_ARRAY_SIZE(programs), err);
}

/* Whatever is started, it is a kernel. */
static int check_kernel(const struct lkb_plan *p, struct lkb_error *err)
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

static uint64_t cost_images(const struct lkb_plan *p)
{
	uint64_t sum = 0;
	size_t i, j;

	for (i = 0; i < p->images.n; i++)
		for (j = 0; j < p->images.items[i]->n_layers; j++)
			sum += p->images.items[i]->layers[j].size;
	return sum;
}

static uint64_t cost_root(const struct lkb_plan *p)
{
	return p->rootfs.root ? lkb_tree_stats(lkb_tree_root(p->rootfs.root)).bytes : 0;
}

/* sd: the partitioned card */

static const struct lkb_step sd_steps[] = {
	{"images", "find every image in the store", check_kernel, NULL, lkb_step_images},
	{"rootfs", "put images and files together", NULL, cost_images, lkb_step_rootfs},
	{"kernel", "check the kernel", NULL, NULL, lkb_step_kernel},
	{"device-trees", "check device trees, apply overlays", NULL, NULL, lkb_step_device_trees},
	{"initrd", "choose modules, pack the initrd", NULL, NULL, lkb_step_initrd_slot},
	{"slot", "put kernel, device trees and initrd into the slot", NULL, NULL, lkb_step_slot},
	{"boot", "firmware, U-Boot, config.txt and boot script", check_boot_programs, NULL,
	 lkb_step_boot_partition},
	{"layout", "place every partition", NULL, NULL, lkb_step_layout},
};

static int hash_file(int fd, const char *name, uint64_t size, struct lkb_sha256 *ret,
		     struct lkb_error *err)
{
	lkb_auto(lkb_blob) blob = NULL;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (copy < 0)
		return lkb_fail_errno(err, "cannot read '%s' back", name);
	blob = lkb_blob_new_fd(copy, size, name);
	return lkb_data_sha256(&(struct lkb_data){blob, 0, size}, ret, err);
}

/* Each partition with files, and the initrd in the slot. */
static void hold_disk(const struct lkb_plan *p, struct lkb_output *o)
{
	size_t i;

	for (i = 0; i < p->disk.n_parts; i++)
		if (p->disk.parts[i].tree)
			lkb_output_holds(o, p->disk.parts[i].name, p->disk.parts[i].tree,
					 (unsigned)i + 1);
	if (p->initrd_tree)
		lkb_output_holds(o, "initrd", lkb_tree_root(p->initrd_tree), 0);
}

static int write_sd(struct lkb_plan *p, struct lkb_output *o, struct lkb_error *err)
{
	lkb_autofree char *suffix = lkb_format("-%s.img", p->in->board->name);
	lkb_autofree char *map_suffix = lkb_format("-%s.map", p->in->board->name);
	lkb_autofree char *bmap_suffix = lkb_format("-%s.bmap", p->in->board->name);
	lkb_auto(lkb_map) map = NULL;
	lkb_autostr text = {0}, bmap = {0};
	struct lkb_sha256 digest;
	int fd;

	p->disk.extents = &p->extents;
	if (lkb_output_open(o, suffix, &fd, err) ||
	    lkb_disk_write(&p->disk, fd, lkb_output_path(o), p->in->ui, &map, err))
		return -1;
	lkb_map_format(map, &text);
	lkb_map_format_bmap(map, &bmap);
	hold_disk(p, o);
	digest = lkb_sha256(text.s, text.len);
	lkb_output_done(o, p->disk.size, "map-sha256", &digest);
	if (lkb_output_wants_sha256(o)) {
		if (hash_file(fd, lkb_output_path(o), p->disk.size, &digest, err))
			return -1;
		lkb_output_whole(o, &digest);
	}
	if (lkb_output_text(o, map_suffix, text.s, text.len, err))
		return -1;
	return lkb_output_text(o, bmap_suffix, bmap.s, bmap.len, err);
}

const struct lkb_format lkb_format_sd = {
	.name = "sd",
	.root_mode = "disk",
	.steps = sd_steps,
	.n_steps = LKB_ARRAY_SIZE(sd_steps),
	.write = write_sd,
	.write_what = "write the card image, its map and bmap",
	.write_cost = cost_root,
};

/* kernel+initrd: the whole root in RAM, LinuxKit's way */

static const struct lkb_step ram_steps[] = {
	{"images", "find every image in the store", check_kernel, NULL, lkb_step_images},
	{"rootfs", "put images and files together", NULL, cost_images, lkb_step_rootfs},
	{"initrd", "pack the root into an initrd", NULL, cost_root, lkb_step_initrd_ram},
};

/* The root's files, and the microcode before them. */
static int hold_initrd(struct lkb_plan *p, struct lkb_output *o, struct lkb_error *err)
{
	const struct lkb_meta meta = {.mode = 0644, .mtime = p->epoch};

	lkb_output_holds(o, "root", lkb_tree_root(p->rootfs.root), 0);
	if (!p->rootfs.ucode.blob)
		return 0;
	p->microcode = lkb_tree_new();
	lkb_output_holds(o, "microcode", lkb_tree_root(p->microcode), 0);
	return lkb_tree_add_file(p->microcode, "microcode.cpio", &meta, &p->rootfs.ucode, NULL,
				 err);
}

static int write_ram(struct lkb_plan *p, struct lkb_output *o, struct lkb_error *err)
{
	const char *cmdline = p->rootfs.cmdline;

	if (lkb_output_data(o, "-kernel", &p->rootfs.kernel, err) ||
	    lkb_output_data(o, "-initrd.img", &p->initrd, err) || hold_initrd(p, o, err))
		return -1;
	return lkb_output_text(o, "-cmdline", cmdline, strlen(cmdline), err);
}

const struct lkb_format lkb_format_kernel_initrd = {
	.name = "kernel+initrd",
	.root_mode = "ram",
	.steps = ram_steps,
	.n_steps = LKB_ARRAY_SIZE(ram_steps),
	.write = write_ram,
	.write_what = "write kernel, initrd and command line",
	.write_cost = cost_root,
};

const struct lkb_format *const lkb_formats[] = {
	&lkb_format_sd, &lkb_format_kernel_initrd, NULL,
};
