/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <sqfs/error.h>
#include <sqfs/xattr.h>

#include "base/alloc.h"
#include "base/file.h"
#include "image/fs/squashfs_priv.h"
#include "image/stat.h"

/* ---- the image as libsquashfs sees it ---- */

static int done(struct squashfs_file *f, int rc)
{
	if (rc == 0)
		return 0;
	f->failed = true;
	return SQFS_ERROR_IO;
}

static int read_at(sqfs_file_t *file, sqfs_u64 off, void *buf, size_t n)
{
	struct squashfs_file *f = (struct squashfs_file *)file;

	return done(f, lkb_pread_full(f->fd, buf, n, off, f->name, &f->err));
}

static int write_at(sqfs_file_t *file, sqfs_u64 off, const void *buf, size_t n)
{
	struct squashfs_file *f = (struct squashfs_file *)file;

	if (off + n > f->size)
		f->size = off + n;
	return done(f, lkb_pwrite_full(f->fd, buf, n, off, f->name, &f->err));
}

static sqfs_u64 get_size(const sqfs_file_t *file)
{
	return ((const struct squashfs_file *)file)->size;
}

static int set_size(sqfs_file_t *file, sqfs_u64 size)
{
	struct squashfs_file *f = (struct squashfs_file *)file;

	f->size = size;
	if (ftruncate(f->fd, (off_t)size) == 0)
		return 0;
	return done(f, lkb_fail_errno(&f->err, "cannot set the length of '%s'", f->name));
}

static void destroy(sqfs_object_t *o)
{
}

void squashfs_file_init(struct squashfs_file *f, int fd, const char *name)
{
	*f = (struct squashfs_file){
		.base = {.base = {.destroy = destroy}, .read_at = read_at, .write_at = write_at,
			 .get_size = get_size, .truncate = set_size},
		.fd = fd, .name = name,
	};
}

/* ---- inodes ---- */

/* One of a symbolic link or something special; those of files and directories libsquashfs makes. */
static sqfs_inode_generic_t *new_inode(const struct squashfs_node *node)
{
	static const uint16_t types[] = {
		[LKB_NODE_SYMLINK] = SQFS_INODE_SLINK, [LKB_NODE_CHAR] = SQFS_INODE_CDEV,
		[LKB_NODE_BLOCK] = SQFS_INODE_BDEV,    [LKB_NODE_FIFO] = SQFS_INODE_FIFO,
	};
	const struct lkb_inode *from = node->inode;
	size_t n = from->type == LKB_NODE_SYMLINK ? strlen(from->target) : 0;
	sqfs_inode_generic_t *i = lkb_alloc(sizeof(*i) + n);

	i->base.type = types[from->type];
	if (from->type == LKB_NODE_SYMLINK) {
		i->data.slink.nlink = node->links;
		i->data.slink.target_size = (uint32_t)n;
		memcpy(i->extra, from->target, n);
		i->payload_bytes_used = i->payload_bytes_available = (uint32_t)n;
	} else if (from->type == LKB_NODE_FIFO) {
		i->data.ipc.nlink = node->links;
	} else {
		i->data.dev.nlink = node->links;
		i->data.dev.devno = lkb_stat_device(from);
	}
	return i;
}

/* The number of the node's set of attributes; all bits set if it has none. */
static int put_xattrs(struct squashfs *m, const struct lkb_inode *inode, uint32_t *ret,
		      struct lkb_error *err)
{
	size_t n = 0;
	int rc;

	*ret = UINT32_MAX;
	for (size_t i = 0; i < inode->n_xattrs; i++)
		n += sqfs_get_xattr_prefix_id(inode->xattrs[i].name) >= 0;
	m->lost_xattrs += inode->n_xattrs - n;
	if (n == 0)
		return 0;
	rc = sqfs_xattr_writer_begin(m->xattrs, 0);
	for (size_t i = 0; rc == 0 && i < inode->n_xattrs; i++) {
		const struct lkb_xattr *x = &inode->xattrs[i];

		if (sqfs_get_xattr_prefix_id(x->name) >= 0)
			rc = sqfs_xattr_writer_add(m->xattrs, x->name, x->value, x->len);
	}
	if (rc == 0)
		rc = sqfs_xattr_writer_end(m->xattrs, ret);
	return rc ? squashfs_fail(m, "cannot store its attributes", rc, err) : 0;
}

/* What all kinds have, and then the inode itself. */
static int put_inode(struct squashfs *m, struct squashfs_node *node, sqfs_inode_generic_t *i,
		     uint32_t xattrs, struct lkb_error *err)
{
	const struct lkb_meta *meta = &node->inode->meta;
	uint64_t mtime = lkb_stat_mtime(node->inode, m->o->epoch), block;
	uint32_t off;
	int rc = sqfs_id_table_id_to_index(m->ids, meta->uid, &i->base.uid_idx);

	if (rc == 0)
		rc = sqfs_id_table_id_to_index(m->ids, meta->gid, &i->base.gid_idx);
	i->base.mode = (uint16_t)lkb_stat_mode(node->inode);
	i->base.mod_time = mtime > UINT32_MAX ? UINT32_MAX : (uint32_t)mtime;
	i->base.inode_number = node->number;
	if (rc == 0 && xattrs != UINT32_MAX && node->inode->type != LKB_NODE_DIR)
		rc = sqfs_inode_set_xattr_index(i, xattrs);
	if (rc == 0 && node->inode->type == LKB_NODE_FILE && node->links > 1) {
		rc = sqfs_inode_make_extended(i);
		i->data.file_ext.nlink = node->links;
	}
	sqfs_meta_writer_get_position(m->inodes, &block, &off);
	node->ref = block << 16 | off;
	node->is_put = true;
	if (rc == 0)
		rc = sqfs_meta_writer_write_inode(m->inodes, i);
	return rc ? squashfs_fail(m, "cannot store an inode", rc, err) : 0;
}

static int put_leaf(struct squashfs *m, struct squashfs_node *node, struct lkb_error *err)
{
	uint32_t xattrs;
	int rc;

	if (put_xattrs(m, node->inode, &xattrs, err) != 0)
		return -1;
	if (!node->made)
		node->made = new_inode(node);
	rc = put_inode(m, node, node->made, xattrs, err);
	sqfs_free(node->made);
	node->made = NULL;
	return rc;
}

static int put_entries(struct squashfs *m, const struct lkb_inode *dir, struct lkb_error *err)
{
	int rc = sqfs_dir_writer_begin(m->dir_writer, 0);

	for (size_t i = 0; rc == 0 && i < dir->n_entries; i++) {
		const struct lkb_dirent *e = &dir->entries[i];
		const struct squashfs_node *node = e->inode->writer_data;

		rc = sqfs_dir_writer_add_entry(m->dir_writer, e->name, node->number, node->ref,
					       (uint16_t)lkb_stat_mode(e->inode));
	}
	if (rc == 0)
		rc = sqfs_dir_writer_end(m->dir_writer);
	return rc ? squashfs_fail(m, "cannot store a directory", rc, err) : 0;
}

/* A directory, and before it what is in it; its own directories have been put. */
static int put_dir(struct squashfs *m, struct squashfs_node *node, struct lkb_error *err)
{
	const struct lkb_inode *dir = node->inode;
	uint32_t xattrs, parent = node->parent ? node->parent : (uint32_t)m->n_nodes + 1;
	sqfs_inode_generic_t *i;
	int rc;

	for (size_t k = 0; k < dir->n_entries; k++) {
		struct squashfs_node *child = dir->entries[k].inode->writer_data;

		if (!child->is_put && put_leaf(m, child, err) != 0)
			return lkb_context(err, "'%s'", dir->entries[k].name);
	}
	if (put_xattrs(m, dir, &xattrs, err) != 0 || put_entries(m, dir, err) != 0)
		return -1;
	i = sqfs_dir_writer_create_inode(m->dir_writer, 0, xattrs, parent);
	if (!i)
		return squashfs_fail(m, "cannot store a directory", SQFS_ERROR_ALLOC, err);
	if (i->base.type == SQFS_INODE_EXT_DIR)
		i->data.dir_ext.nlink = node->links;
	else
		i->data.dir.nlink = node->links;
	rc = put_inode(m, node, i, xattrs, err);
	sqfs_free(i);
	return rc;
}

/* From the end of the tree's order, a directory comes after all below it. */
int squashfs_put_inodes(struct squashfs *m, struct lkb_error *err)
{
	for (size_t i = m->n_nodes; i-- > 0;) {
		if (m->nodes[i].inode->type == LKB_NODE_DIR &&
		    put_dir(m, &m->nodes[i], err) != 0)
			return -1;
	}
	return 0;
}
