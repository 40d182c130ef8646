/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/size.h"
#include "image/formats/vdisk_priv.h"

/* How much is written before the kernel is told. */
#define BEHIND (4 * LKB_MIB)

const struct lkb_vdisk_ops *const lkb_vdisks[] = {
	&lkb_vdisk_qcow2, &lkb_vdisk_vhd, &lkb_vdisk_dynamic_vhd, &lkb_vdisk_vmdk, &lkb_vdisk_gcp,
	NULL,
};

const struct lkb_vdisk_ops *lkb_vdisk_find(const char *name)
{
	for (size_t i = 0; lkb_vdisks[i]; i++)
		if (!strcmp(lkb_vdisks[i]->name, name))
			return lkb_vdisks[i];
	return NULL;
}

int lkb_vdisk_size(const struct lkb_vdisk_ops *ops, uint64_t image_size, uint64_t *ret,
		   struct lkb_error *err)
{
	if (image_size <= ops->max) {
		*ret = lkb_align_up(image_size, ops->unit);
		return 0;
	}
	lkb_fail(err, LKB_INPUT, "a disk of %s is too large for format '%s', which ends at %s",
		 lkb_size_text(image_size).s, ops->name, lkb_size_text(ops->max).s);
	return lkb_hint(err, "make its partitions smaller, or build a raw image");
}

/* ---- the sink ---- */

int lkb_vdisk_put(struct lkb_vdisk_job *j, const void *p, size_t n, struct lkb_error *err)
{
	if (lkb_write_full(j->fd, p, n, j->name, err))
		return -1;
	lkb_hash_add(j->hash, p, n);
	j->off += n;
	if (j->has_holes && j->off - j->behind >= BEHIND) {
		lkb_write_behind(j->fd, j->behind, j->off - j->behind);
		j->behind = j->off;
	}
	return 0;
}

int lkb_vdisk_put_zeros(struct lkb_vdisk_job *j, uint64_t n, struct lkb_error *err)
{
	static const uint8_t zeros[64 * 1024];

	if (j->has_holes && lseek(j->fd, (off_t)n, SEEK_CUR) < 0)
		return lkb_fail_errno(err, "cannot leave a hole of %s in '%s'", lkb_size_text(n).s,
				      j->name);
	while (n) {
		size_t part = n < sizeof(zeros) ? (size_t)n : sizeof(zeros);

		if (!j->has_holes && lkb_write_full(j->fd, zeros, part, j->name, err))
			return -1;
		lkb_hash_add(j->hash, zeros, part);
		j->off += part;
		n -= part;
	}
	return 0;
}

/* ---- the image ---- */

int lkb_vdisk_next(struct lkb_vdisk_job *j, uint64_t *off, uint64_t end, bool *ret_data,
		   uint64_t *ret_n, struct lkb_error *err)
{
	struct lkb_vdisk_run run = {0};
	uint64_t n = end - *off, known;

	j->blocks.at = *off / LKB_MAP_BLOCK;
	if (!lkb_vdisk_walk_next(&j->blocks, &run))
		return lkb_fail(err, LKB_BUG, "'%s' is read behind its end", j->in->name);
	known = run.count * LKB_MAP_BLOCK;
	n = n < known ? n : known;
	if (run.is_data) {
		n = n < LKB_VDISK_PIECE ? n : LKB_VDISK_PIECE;
		if (lkb_pread_full(j->in->fd, j->piece, (size_t)n, *off, j->in->name, err))
			return -1;
	}
	/* Many small runs would be many calls. */
	if (*off / LKB_VDISK_PIECE != (*off + n) / LKB_VDISK_PIECE)
		lkb_ui_bytes(j->ui, j->name, *off + n, j->size);
	*off += n;
	*ret_data = run.is_data;
	*ret_n = n;
	return 0;
}

int lkb_vdisk_copy(struct lkb_vdisk_job *j, uint64_t off, uint64_t n, struct lkb_error *err)
{
	uint64_t end = off + n, part;
	bool is_data;

	while (off < end) {
		if (lkb_vdisk_next(j, &off, end, &is_data, &part, err))
			return -1;
		if (is_data ? lkb_vdisk_put(j, j->piece, (size_t)part, err)
			    : lkb_vdisk_put_zeros(j, part, err))
			return -1;
	}
	return 0;
}

/* ---- the whole ---- */

static int run(const struct lkb_vdisk_ops *ops, struct lkb_vdisk_job *j, struct lkb_error *err)
{
	if (ops->write(j, err))
		return -1;
	/* A hole at the end is no part of the file yet. */
	if (j->has_holes && ftruncate(j->fd, (off_t)j->off) < 0)
		return lkb_fail_errno(err, "cannot make '%s' %s long", j->name,
				      lkb_size_text(j->off).s);
	return 0;
}

int lkb_vdisk_write(const struct lkb_vdisk_ops *ops, const struct lkb_vdisk_in *in, int out_fd,
		    const char *out_name, struct lkb_ui *ui, struct lkb_vdisk_file *ret,
		    struct lkb_error *err)
{
	lkb_auto(lkb_hash) hash = NULL;
	lkb_autofree uint8_t *piece = NULL;
	struct lkb_vdisk_job j = {.in = in, .fd = out_fd, .name = out_name, .ui = ui};
	struct stat st;

	if (lkb_vdisk_size(ops, in->map->size, &j.size, err))
		return lkb_context(err, "'%s'", out_name);
	if (fstat(out_fd, &st) < 0)
		return lkb_fail_errno(err, "cannot look at '%s'", out_name);
	j.has_holes = S_ISREG(st.st_mode);
	/* A unit may end behind the disk, none ends further behind it than a piece twice. */
	j.blocks = lkb_vdisk_walk(in->map, LKB_MAP_BLOCK, j.size + 2 * LKB_VDISK_PIECE);
	j.piece = piece = lkb_alloc(LKB_VDISK_PIECE);
	j.hash = hash = lkb_hash_new();
	lkb_ui_step(ui, "'%s': writing format '%s'", out_name, ops->name);
	if (run(ops, &j, err))
		return -1;
	*ret = (struct lkb_vdisk_file){.size = j.off, .digest = lkb_hash_done(hash)};
	return 0;
}

int lkb_vdisk_write_disk(const struct lkb_vdisk_ops *ops, const struct lkb_disk *d, int out_fd,
			 const char *out_name, struct lkb_ui *ui, struct lkb_vdisk_file *ret,
			 struct lkb_error *err)
{
	lkb_autofree char *raw_name = lkb_format("%s.raw", out_name);
	lkb_autooutfile raw = LKB_OUTFILE_INIT; /* never committed */
	lkb_auto(lkb_map) map = NULL;
	uint64_t size;

	if (lkb_vdisk_size(ops, d->size, &size, err))
		return lkb_context(err, "'%s'", out_name);
	if (lkb_outfile_open(raw_name, 0600, &raw, err) ||
	    lkb_disk_write(d, raw.fd, raw_name, ui, &map, err))
		return -1;

	const struct lkb_vdisk_in in = {
		.fd = raw.fd, .name = raw_name, .map = map, .seed = &d->seed, .epoch = d->epoch,
	};

	return lkb_vdisk_write(ops, &in, out_fd, out_name, ui, ret, err);
}
