/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/tree/cpio.h"

#include <sys/stat.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "rootfs/tree/cpio_walk_priv.h"
#include "rootfs/tree/inode_map_priv.h"
#include "rootfs/tree/out_priv.h"

#define TRAILER "TRAILER!!!"

/* A hard-linked inode. The kernel links later names to the first by inode number and takes the data
 * from whichever entry has some; cpio programs expect it with the last. */
struct link {
	uint32_t names; /* in this archive */
	uint32_t written;
	uint32_t ino;
};

struct writer {
	struct lkb_out out;
	int64_t epoch;
	uint32_t last_ino;
	struct lkb_inode_map links; /* inode -> struct link */
	struct lkb_arena arena;
	uint64_t lost_xattrs;
	const struct lkb_cpio_part *part; /* NULL: the whole tree */
	bool names_data; /* in place of data stands what says what is in it */
};

/* What the thirteen numbers of a header are made of; check and device are always 0. */
struct entry {
	const char *name;
	uint32_t ino, mode, nlink, uid, gid, mtime, size, rmajor, rminor;
};

/* The kernel does not link symbolic links: each name gets a link of its own. */
static bool is_linked(const struct lkb_inode *inode)
{
	return inode->nlink > 1 && inode->type != LKB_NODE_SYMLINK;
}

static int survey_item(struct writer *w, const struct lkb_tree_item *item, struct lkb_error *err)
{
	struct lkb_inode_map_slot *slot;

	if (item->inode->data.len > UINT32_MAX)
		return lkb_fail(err, LKB_INPUT,
				"file '%.200s' has %llu bytes, but cpio ends below 4 GiB",
				item->path, (unsigned long long)item->inode->data.len);
	if (!strcmp(item->path, TRAILER))
		return lkb_fail(err, LKB_INPUT, "a file '%s' would end the cpio archive", TRAILER);
	if (item->first)
		w->lost_xattrs += item->inode->n_xattrs;
	if (!is_linked(item->inode))
		return 0;
	slot = lkb_inode_map_add(&w->links, item->inode);
	if (!slot->value)
		slot->value = lkb_arena_alloc(&w->arena, sizeof(struct link));
	((struct link *)slot->value)->names++;
	return 0;
}

/* Before the first byte: what would not fit, and how many names each inode has here. */
static int survey(struct writer *w, const struct lkb_inode *root, struct lkb_error *err)
{
	lkb_autocpiowalk walk = { 0 };
	struct lkb_tree_item item;

	lkb_cpio_walk_start(&walk, root, w->part);
	while (lkb_cpio_walk_next(&walk, &item) > 0)
		if (survey_item(w, &item, err) < 0)
			return -1;
	return 0;
}

static uint32_t type_bits(enum lkb_node_type type)
{
	switch (type) {
	case LKB_NODE_DIR:
		return S_IFDIR;
	case LKB_NODE_SYMLINK:
		return S_IFLNK;
	case LKB_NODE_CHAR:
		return S_IFCHR;
	case LKB_NODE_BLOCK:
		return S_IFBLK;
	case LKB_NODE_FIFO:
		return S_IFIFO;
	case LKB_NODE_FILE:
		break;
	}
	return S_IFREG;
}

static uint32_t clamp_time(int64_t mtime, int64_t epoch)
{
	int64_t v = mtime < epoch ? mtime : epoch;

	return v < 0 ? 0 : v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

static int write_header(struct writer *w, const struct entry *e, struct lkb_error *err)
{
	char h[111];
	size_t name_size = strlen(e->name) + 1;

	snprintf(h, sizeof(h), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		 e->ino, e->mode, e->uid, e->gid, e->nlink, e->mtime, e->size, 0, 0, e->rmajor,
		 e->rminor, (unsigned)name_size, 0);
	if (lkb_out_bytes(&w->out, h, sizeof(h) - 1, err) < 0 ||
	    lkb_out_bytes(&w->out, e->name, name_size, err) < 0)
		return -1;
	return lkb_out_align(&w->out, 4, err);
}

/* Fills in who the inode is; true if its contents belong to this name. */
static bool number_inode(struct writer *w, const struct lkb_inode *inode, struct entry *e)
{
	struct lkb_inode_map_slot *slot = lkb_inode_map_find(&w->links, inode);
	struct link *link = slot ? slot->value : NULL;

	if (!link) {
		e->ino = ++w->last_ino;
		e->nlink = inode->type == LKB_NODE_DIR ? 2 : 1;
		return true;
	}
	if (!link->ino)
		link->ino = ++w->last_ino;
	e->ino = link->ino;
	e->nlink = link->names;
	return ++link->written == link->names;
}

/* The blob's digest and which bytes of it, or the digest of the bytes. */
static int name_data(struct writer *w, const struct lkb_data *d, struct lkb_error *err)
{
	const struct lkb_sha256 *blob = d->blob ? lkb_blob_digest(d->blob) : NULL;
	uint8_t range[17] = { blob ? 'r' : 'd' };
	struct lkb_sha256 digest;

	if (!blob && lkb_data_sha256(d, &digest, err) < 0)
		return -1;
	lkb_put_le64(range + 1, blob ? d->off : 0);
	lkb_put_le64(range + 9, d->len);
	if (lkb_out_bytes(&w->out, range, sizeof(range), err) < 0)
		return -1;
	return lkb_out_bytes(&w->out, (blob ? blob : &digest)->b, LKB_SHA256_SIZE, err);
}

static int write_data(struct writer *w, const struct lkb_data *d, struct lkb_error *err)
{
	return w->names_data && d->len ? name_data(w, d, err) : lkb_out_data(&w->out, d, err);
}

static int write_item(struct writer *w, const struct lkb_tree_item *item, struct lkb_error *err)
{
	const struct lkb_inode *inode = item->inode;
	struct entry e = {
		.name = *item->path ? item->path : ".",
		.mode = type_bits(inode->type) | inode->meta.mode,
		.uid = inode->meta.uid,
		.gid = inode->meta.gid,
		.mtime = clamp_time(inode->meta.mtime, w->epoch),
		.rmajor = inode->major,
		.rminor = inode->minor,
	};
	bool has_data = number_inode(w, inode, &e) && inode->type == LKB_NODE_FILE;

	if (inode->type == LKB_NODE_SYMLINK)
		e.size = (uint32_t)strlen(inode->target);
	else if (has_data)
		e.size = (uint32_t)inode->data.len;
	if (write_header(w, &e, err) < 0)
		return -1;
	if (inode->type == LKB_NODE_SYMLINK &&
	    lkb_out_bytes(&w->out, inode->target, e.size, err) < 0)
		return -1;
	if (has_data && write_data(w, &inode->data, err) < 0)
		return lkb_context(err, "file '%.200s'", item->path);
	return lkb_out_align(&w->out, 4, err);
}

static int write_all(struct writer *w, const struct lkb_inode *root, struct lkb_error *err)
{
	lkb_autocpiowalk walk = { 0 };
	struct lkb_tree_item item;

	if (survey(w, root, err) < 0)
		return -1;
	lkb_cpio_walk_start(&walk, root, w->part);
	while (lkb_cpio_walk_next(&walk, &item) > 0)
		if (write_item(w, &item, err) < 0)
			return -1;
	if (write_header(w, &(struct entry){ .name = TRAILER, .nlink = 1 }, err) < 0)
		return -1;
	return lkb_out_align(&w->out, 512, err);
}

static int run(struct writer *w, const struct lkb_inode *root, struct lkb_error *err)
{
	int r = write_all(w, root, err);

	lkb_out_clear(&w->out);
	lkb_inode_map_clear(&w->links);
	lkb_arena_clear(&w->arena);
	return r;
}

int lkb_cpio_write(const struct lkb_inode *root, int64_t epoch, lkb_sink_fn *sink, void *ctx,
		   uint64_t *ret_lost_xattrs, struct lkb_error *err)
{
	struct writer w = { .out = { .sink = sink, .ctx = ctx }, .epoch = epoch };

	if (run(&w, root, err) < 0)
		return -1;
	if (ret_lost_xattrs)
		*ret_lost_xattrs = w.lost_xattrs;
	return 0;
}

int lkb_cpio_write_part(const struct lkb_inode *root, int64_t epoch,
			const struct lkb_cpio_part *part, lkb_sink_fn *sink, void *ctx,
			struct lkb_error *err)
{
	struct writer w = { .out = { .sink = sink, .ctx = ctx }, .epoch = epoch, .part = part };

	return run(&w, root, err);
}

static int add_to_hash(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	lkb_hash_add(ctx, p, n);
	return 0;
}

int lkb_cpio_part_digest(const struct lkb_inode *root, int64_t epoch,
			 const struct lkb_cpio_part *part, struct lkb_sha256 *ret,
			 struct lkb_error *err)
{
	lkb_auto(lkb_hash) hash = lkb_hash_new();
	struct writer w = { .out = { .sink = add_to_hash, .ctx = hash }, .epoch = epoch,
			    .part = part, .names_data = true };

	if (run(&w, root, err) < 0)
		return -1;
	*ret = lkb_hash_done(hash);
	return 0;
}
