/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel+squashfs, kernel+erofs, kernel+iso: the root as an image of a file system, kept by whoever
 * starts the machine as its disk. A small initrd finds it by what stands in it (see
 * ondevice/initrd/image.h), so the disk may have any name.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/crc32.h"
#include "base/file.h"
#include "base/uuid.h"
#include "image/fs/erofs.h"
#include "image/fs/squashfs.h"
#include "image/iso/iso.h"
#include "plan/plan_priv.h"

/* Writes the root to fd. */
typedef int write_fn(struct lkb_product *m, int fd, const char *name, struct lkb_error *err);

static const struct lkb_step steps[] = {
	LKB_STEPS_ROOT,
	LKB_STEP("initrd", "choose modules, pack the small initrd that finds the root", NULL, NULL,
		 lkb_step_initrd_slot),
};

static const struct lkb_inode *root_of(const struct lkb_product *m)
{
	return lkb_tree_root(m->plan->rootfs.root);
}

static int write_squashfs(struct lkb_product *m, int fd, const char *name, struct lkb_error *err)
{
	const struct lkb_squashfs_options o = {.epoch = m->plan->epoch, .threads = 2,
					       .ui = m->plan->in->ui};

	return lkb_squashfs_write(root_of(m), &o, fd, name, NULL, err);
}

static int write_erofs(struct lkb_product *m, int fd, const char *name, struct lkb_error *err)
{
	const struct lkb_erofs_options o = {.epoch = m->plan->epoch, .seed = &m->seed,
					    .ui = m->plan->in->ui};

	return lkb_erofs_write(root_of(m), &o, fd, name, err);
}

void lkb_volume_id(const struct lkb_product *m, char ret[33])
{
	/* Two builds that differ in anything have other names: a machine may see both. */
	snprintf(ret, 33, "%.23s-%08x", m->plan->in->name, lkb_derive_u32(&m->seed, "volume"));
	for (; *ret; ret++)
		if (*ret < ' ' || *ret > '~')
			*ret = '_';
}

static int write_iso(struct lkb_product *m, int fd, const char *name, struct lkb_error *err)
{
	char volume[33];
	const struct lkb_iso_options o = {.volume_id = volume, .epoch = m->plan->epoch,
					  .seed = &m->seed, .ui = m->plan->in->ui};

	lkb_volume_id(m, volume);
	return lkb_iso_write(root_of(m), &o, fd, name, err);
}

int lkb_image_word(const char *type, int fd, const char *name, char **ret, struct lkb_error *err)
{
	static const struct {
		const char *type;
		uint64_t off;
		size_t len;
	} types[] = {{"squashfs", 0, 96}, {"erofs", 1024, 128}, {"iso9660", 32808, 32}};
	uint8_t bytes[128];
	size_t i = 0;

	while (strcmp(types[i].type, type) != 0)
		i++;
	if (lkb_pread_full(fd, bytes, types[i].len, types[i].off, name, err))
		return -1;
	*ret = lkb_format("lkb.image=%s:%08x", type, lkb_crc32(0, bytes, types[i].len));
	return 0;
}

static int write_root(struct lkb_product *m, const char *suffix, const char *type, write_fn *write,
		      struct lkb_output *o, char **ret_word, struct lkb_error *err)
{
	int fd;

	if (lkb_output_open(o, suffix, &fd, err) || write(m, fd, lkb_output_path(o), err) ||
	    lkb_image_word(type, fd, lkb_output_path(o), ret_word, err) ||
	    lkb_output_measure(o, err))
		return -1;
	lkb_output_holds(o, "root", root_of(m), 0);
	return 0;
}

static int write_files(struct lkb_product *m, const char *suffix, const char *type,
		       write_fn *write, struct lkb_output *o, struct lkb_error *err)
{
	const struct lkb_plan *p = m->plan;
	const char *own = p->rootfs.cmdline;
	lkb_autofree char *word = NULL, *line = NULL;

	if (lkb_output_data(o, "-kernel", &p->rootfs.kernel, err) ||
	    lkb_output_data(o, "-initrd.img", &p->initrd, err))
		return -1;
	lkb_output_holds(o, "initrd", lkb_tree_root(p->initrd_tree), 0);
	if (write_root(m, suffix, type, write, o, &word, err))
		return -1;
	line = lkb_format("%s%s%s", own, *own ? " " : "", word);
	return lkb_output_text(o, "-cmdline", line, strlen(line), err);
}

static int squashfs_files(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err)
{
	return write_files(m, "-squashfs.img", "squashfs", write_squashfs, o, err);
}

static int erofs_files(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err)
{
	return write_files(m, "-erofs.img", "erofs", write_erofs, o, err);
}

static int iso_files(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err)
{
	return write_files(m, ".iso", "iso9660", write_iso, o, err);
}

#define FORMAT(name_, suffix, type, write_) \
	{ \
		.name = name_, .root_mode = "disk", .has_small_initrd = true, \
		.suffixes = (const char *const[]){"-kernel", "-initrd.img", suffix, "-cmdline", \
						  NULL}, \
		.steps = steps, .n_steps = LKB_ARRAY_SIZE(steps), .write = write_, \
		.write_what = "write kernel, initrd and the root as an image", \
		.write_cost = lkb_cost_root, \
		.more_cmdline = sizeof(" lkb.image=" type ":01234567") - 1, \
	}

const struct lkb_format lkb_format_kernel_squashfs =
	FORMAT("kernel+squashfs", "-squashfs.img", "squashfs", squashfs_files);
const struct lkb_format lkb_format_kernel_erofs =
	FORMAT("kernel+erofs", "-erofs.img", "erofs", erofs_files);
const struct lkb_format lkb_format_kernel_iso =
	FORMAT("kernel+iso", ".iso", "iso9660", iso_files);
