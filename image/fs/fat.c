/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/size.h"
#include "base/str.h"
#include "image/fs/fat_priv.h"

/* mtools gets the image as its standard input, which it opens anew by that name: the image may have
 * no name yet, or one that mtools would take apart. No file's name is one of this machine. */

#define COPY_PIECE   ((size_t)1 << 20)
#define DIRS_A_CALL  200u
/* A FAT's time starts in 1980. */
#define DOS_EPOCH    315532800

struct mtools {
	const struct lkb_fs_job *job;
	int fd;
	char *image;           /* owned; "FILE@@OFFSET" */
	struct lkb_strv env;
	int hole;              /* a file in memory that holds nothing, of any length */
	uint8_t *buf;          /* owned */
};

static int mtools_start(struct mtools *m, struct lkb_error *err)
{
	/* mtools reads /etc/mtools.conf whatever MTOOLSRC says; what stands here wins over it. */
	static const char *const settings[] = {
		"LC_ALL=C", "TZ=UTC", "MTOOLSRC=/dev/null", "MTOOLS_SKIP_CHECK=1",
		"MTOOLS_FAT_COMPATIBILITY=0", "MTOOLS_LOWER_CASE=0", "MTOOLS_NO_VFAT=0",
		"MTOOLS_DOTTED_DIR=0", "MTOOLS_NAME_NUMERIC_TAIL=1",
	};
	int64_t epoch = m->job->epoch < DOS_EPOCH ? DOS_EPOCH : m->job->epoch;

	m->hole = memfd_create("file", MFD_CLOEXEC);
	if (m->hole < 0)
		return lkb_fail_errno(err, "cannot make a file in memory");
	m->image = lkb_format("/proc/self/fd/0@@%" PRIu64, m->job->part->off);
	m->buf = lkb_alloc(COPY_PIECE);
	for (size_t i = 0; i < LKB_ARRAY_SIZE(settings); i++)
		lkb_strv_add(&m->env, settings[i]);
	lkb_strv_addf(&m->env, "SOURCE_DATE_EPOCH=%" PRId64, epoch);
	return 0;
}

static void mtools_clear(struct mtools *m)
{
	if (m->hole >= 0)
		close(m->hole);
	lkb_strv_clear(&m->env);
	free(m->image);
	free(m->buf);
}

static int run(struct mtools *m, const struct lkb_strv *args, struct lkb_error *err)
{
	struct lkb_proc p = {
		.argv = (const char *const *)args->items,
		.env = (const char *const *)m->env.items,
		.package = "mtools",
		.stdin_fd = m->fd,
		.keep_fd = m->hole,
	};

	return lkb_proc_run(&p, NULL, err);
}

static int format(struct mtools *m, const struct fat_geometry *g, struct lkb_error *err)
{
	const struct lkb_part *p = m->job->part;
	lkb_autostrv args = {0};

	lkb_strv_add(&args, "mformat");
	lkb_strv_add(&args, "-i");
	lkb_strv_add(&args, m->image);
	lkb_strv_add(&args, "-F");
	lkb_strv_addf(&args, "-T%u", g->sectors);
	lkb_strv_add(&args, "-h255");
	lkb_strv_add(&args, "-s63");
	lkb_strv_addf(&args, "-c%u", g->cluster_sectors);
	lkb_strv_addf(&args, "-R%u", g->reserved);
	lkb_strv_addf(&args, "-L%u", g->fat_sectors);
	lkb_strv_addf(&args, "-H%" PRIu64, p->off / FAT_SECTOR);
	lkb_strv_addf(&args, "-N%08x", lkb_derive_u32(m->job->seed, p->name));
	if (p->label)
		lkb_strv_addf(&args, "-v%s", p->label);
	lkb_strv_add(&args, "::");
	return run(m, &args, err);
}

/* mcopy gets a file of the right length and decides where it goes; its contents come later, from
 * us, straight to their place: a large file is not copied twice. */
static int copy_file(struct mtools *m, const struct fat_item *item, struct lkb_error *err)
{
	lkb_autostrv args = {0};

	if (ftruncate(m->hole, (off_t)item->inode->data.len) != 0)
		return lkb_fail_errno(err, "cannot make a file of %s",
				      lkb_size_text(item->inode->data.len).s);
	lkb_strv_add(&args, "mcopy");
	lkb_strv_add(&args, "-i");
	lkb_strv_add(&args, m->image);
	lkb_strv_addf(&args, "/proc/self/fd/%d", m->hole);
	lkb_strv_addf(&args, "::/%s", item->path);
	if (!run(m, &args, err))
		return 0;
	if (!err || !strstr(err->message, strerror(ENOSPC)))
		return -1;
	/* All that it says then is what comes of that. */
	errno = ENOSPC;
	return lkb_fail_errno(err, "cannot write the file system");
}

/* Makes directories from item i on, as many as follow each other; *ret_next is what comes then. */
static int make_dirs(struct mtools *m, const struct fat_list *l, size_t i, size_t *ret_next,
		     struct lkb_error *err)
{
	lkb_autostrv args = {0};

	lkb_strv_add(&args, "mmd");
	lkb_strv_add(&args, "-i");
	lkb_strv_add(&args, m->image);
	for (unsigned n = 0; n < DIRS_A_CALL && i < l->n; n++, i++) {
		if (l->items[i].inode->type != LKB_NODE_DIR)
			break;
		lkb_strv_addf(&args, "::/%s", l->items[i].path);
	}
	*ret_next = i;
	return run(m, &args, err);
}

static int populate(struct mtools *m, const struct fat_list *l, struct lkb_error *err)
{
	for (size_t i = 1; i < l->n;) {
		const struct fat_item *item = &l->items[i];
		size_t next = i + 1;
		int rc;

		if (item->inode->type == LKB_NODE_DIR)
			rc = make_dirs(m, l, i, &next, err);
		else
			rc = copy_file(m, item, err);
		if (rc != 0)
			return lkb_context(err, "'/%s'", item->path);
		i = next;
	}
	return 0;
}

/* Brings contents to their places. The extents of a file follow each other, and a file with two
 * names stands there twice. */
static int fill_files(struct mtools *m, const struct lkb_extents *extents, struct lkb_error *err)
{
	uint64_t from = 0;

	for (size_t i = 0; i < extents->n; i++) {
		const struct lkb_extent *e = &extents->items[i];
		uint64_t done = 0, n;

		if (i && e[-1].file != e->file)
			from = 0;
		for (; done < e->len; done += n, from += n) {
			from %= e->file->data.len;
			n = e->file->data.len - from;
			n = n < e->len - done ? n : e->len - done;
			n = n < COPY_PIECE ? n : COPY_PIECE;
			if (lkb_data_read(&e->file->data, from, m->buf, n, err) != 0 ||
			    lkb_pwrite_full(m->fd, m->buf, n, e->off + done, "image", err) != 0)
				return -1;
		}
	}
	return 0;
}

/* For the caller, if he wants to know. */
static void hand_over(const struct lkb_extents *from, struct lkb_extents *to)
{
	for (size_t i = 0; to && i < from->n; i++)
		lkb_extents_add(to, from->items[i].file, from->items[i].off, from->items[i].len);
}

/* Tells the map about files that may be rewritten in place: they must stand in one piece. */
static int note_named(const struct fat_view *v, struct lkb_writer *w, struct lkb_error *err)
{
	for (size_t i = 0; i < v->list->n; i++) {
		const struct fat_item *item = &v->list->items[i];
		uint64_t off;

		if (!item->named)
			continue;
		off = fat_cluster_off(v, item->first);
		if (!item->contiguous || off % LKB_MAP_BLOCK)
			return lkb_fail(err, LKB_IO, "mcopy did not put '/%s' in one aligned piece",
					item->path);
		lkb_writer_named(w, item->path, off, item->inode->data.len);
	}
	return 0;
}

static int make_with(struct mtools *m, struct fat_list *l, struct lkb_extents *extents,
		     struct lkb_writer *w, struct lkb_error *err)
{
	const struct lkb_part *p = m->job->part;
	struct fat_geometry g = fat_geometry_of(p->fs_size);
	lkb_autofree char *head = lkb_format("%s:[fat]", p->name);
	struct fat_view view = {.owners = NULL};
	int rc;

	if (mtools_start(m, err) != 0 || format(m, &g, err) != 0 || populate(m, l, err) != 0 ||
	    fat_read(m->fd, p->off, &g, l, head, extents, &view, err) != 0)
		return -1;
	rc = fill_files(m, extents, err);
	if (rc == 0)
		rc = note_named(&view, w, err);
	if (rc == 0)
		rc = lkb_writer_adopt(w, p->off, p->fs_size, fat_class_of, &view, err);
	fat_view_clear(&view);
	return rc;
}

static int make(const struct lkb_fs_job *job, struct lkb_writer *w, int fd, struct lkb_error *err)
{
	struct mtools m = {.job = job, .fd = fd, .hole = -1};
	struct lkb_extents extents = {0};
	struct fat_list l;
	int rc;

	if (fat_list_make(job->part, &l, err) != 0)
		return -1;
	rc = make_with(&m, &l, &extents, w, err);
	hand_over(&extents, job->extents);
	lkb_extents_clear(&extents);
	mtools_clear(&m);
	fat_list_clear(&l);
	return rc;
}

static int measure(const struct lkb_fs_job *job, uint64_t *ret, struct lkb_error *err)
{
	struct fat_list l;
	uint64_t size, largest;

	if (fat_list_make(job->part, &l, err) != 0)
		return -1;
	size = fat_size_for(&l);
	fat_list_clear(&l);
	largest = size > job->part->min_size ? size : job->part->min_size;
	if (largest > FAT_SIZE_MAX)
		return lkb_fail(err, LKB_INPUT, "%s are too much for a FAT32",
				lkb_size_text(largest).s);
	*ret = size;
	return 0;
}

const struct lkb_fs_ops lkb_fs_fat32 = {.name = "fat32", .measure = measure, .write = make};
