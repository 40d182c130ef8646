/* SPDX-License-Identifier: Apache-2.0 */
#include "image/fs/squashfs.h"

#include <inttypes.h>
#include <string.h>

#include <sqfs/block.h>
#include <sqfs/compressor.h>
#include <sqfs/error.h>
#include <sqfs/super.h>

#include "base/alloc.h"
#include "base/size.h"
#include "image/fs/squashfs_priv.h"
#include "image/stat.h"

#define PIECE LKB_MIB

static void squashfs_clear(struct squashfs *m)
{
	for (size_t i = 0; i < m->n_nodes; i++) {
		((struct lkb_inode *)(uintptr_t)m->nodes[i].inode)->writer_data = NULL;
		sqfs_free(m->nodes[i].made);
	}
	free(m->nodes);
	sqfs_destroy(m->dir_writer);
	sqfs_destroy(m->dirs);
	sqfs_destroy(m->inodes);
	sqfs_destroy(m->xattrs);
	sqfs_destroy(m->ids);
	sqfs_destroy(m->processor);
	sqfs_destroy(m->blocks);
	sqfs_destroy(m->fragments);
	sqfs_destroy(m->uncompressor);
	sqfs_destroy(m->compressor);
}
#define autosquashfs __attribute__((cleanup(squashfs_clear))) struct squashfs

int squashfs_fail(struct squashfs *m, const char *what, int rc, struct lkb_error *err)
{
	static const struct {
		int rc;
		enum lkb_error_kind kind;
		const char *text;
	} reasons[] = {
		{SQFS_ERROR_ALLOC, LKB_IO, "out of memory"},
		{SQFS_ERROR_UNSUPPORTED, LKB_INPUT, "squashfs cannot hold it"},
		{SQFS_ERROR_OVERFLOW, LKB_INPUT, "it is too much for squashfs"},
	};

	if (m->file.failed) {
		*err = m->file.err;
		return -1;
	}
	for (size_t i = 0; i < LKB_ARRAY_SIZE(reasons); i++) {
		if (reasons[i].rc == rc)
			return lkb_fail(err, reasons[i].kind, "%s: %s", what, reasons[i].text);
	}
	return lkb_fail(err, LKB_BUG, "%s: libsquashfs says %d", what, rc);
}

/* ---- what there is ---- */

static int collect_item(struct squashfs *m, const struct lkb_tree_item *item,
			struct squashfs_node *parent, struct lkb_error *err)
{
	struct squashfs_node *node = item->inode->writer_data;

	if (!item->first) {
		node->links++;
		return 0;
	}
	if (lkb_stat_check_device(item->inode, err) != 0)
		return -1;
	node = &m->nodes[m->n_nodes++];
	*node = (struct squashfs_node){
		.inode = item->inode,
		.number = (uint32_t)m->n_nodes,
		.parent = parent ? parent->number : 0,
		.links = item->inode->type == LKB_NODE_DIR ? 2 : 1,
	};
	if (parent && item->inode->type == LKB_NODE_DIR)
		parent->links++;
	((struct lkb_inode *)(uintptr_t)item->inode)->writer_data = node;
	return 0;
}

#define DEPTH_MAX 257

static int collect(struct squashfs *m, const struct lkb_inode *root, struct lkb_error *err)
{
	struct lkb_tree_stats s = lkb_tree_stats(root);
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(root);
	struct squashfs_node *way[DEPTH_MAX + 1] = {NULL};
	struct lkb_tree_item item;

	m->nodes = lkb_alloc_array(s.files + s.dirs + s.symlinks + s.specials, sizeof(*m->nodes));
	while (lkb_tree_iter_next(it, &item) > 0) {
		if (item.depth > DEPTH_MAX)
			return lkb_fail(err, LKB_INPUT, "'/%s' is too deep", item.path);
		if (collect_item(m, &item, item.depth ? way[item.depth - 1] : NULL, err) != 0)
			return lkb_context(err, "'/%s'", item.path);
		way[item.depth] = item.inode->writer_data;
	}
	return 0;
}

/* ---- contents ---- */

static int put_file(struct squashfs *m, struct squashfs_node *node, uint8_t *buf,
		    struct lkb_error *err)
{
	const struct lkb_data *d = &node->inode->data;
	/* The end of a file of several blocks gets a block of its own: a fragment block is another
	 * 128 KiB to be read and unpacked for it. */
	uint32_t flags = d->len > SQUASHFS_BLOCK ? SQFS_BLK_DONT_FRAGMENT : 0;
	size_t n;
	int rc = sqfs_block_processor_begin_file(m->processor, &node->made, NULL, flags);

	for (uint64_t done = 0; rc == 0 && done < d->len; done += n) {
		n = d->len - done < PIECE ? (size_t)(d->len - done) : PIECE;
		if (lkb_data_read(d, done, buf, n, err) != 0)
			return -1;
		rc = sqfs_block_processor_append(m->processor, buf, n);
	}
	if (rc == 0)
		rc = sqfs_block_processor_end_file(m->processor);
	return rc ? squashfs_fail(m, "cannot store a file", rc, err) : 0;
}

static int put_files(struct squashfs *m, struct lkb_error *err)
{
	lkb_autofree uint8_t *buf = lkb_alloc(PIECE);
	int rc;

	for (size_t i = 0; i < m->n_nodes; i++) {
		if (m->nodes[i].inode->type == LKB_NODE_FILE &&
		    put_file(m, &m->nodes[i], buf, err) != 0)
			return -1;
	}
	rc = sqfs_block_processor_finish(m->processor);
	return rc ? squashfs_fail(m, "cannot store the files", rc, err) : 0;
}

/* ---- the file system's own ---- */

/* 250 MB of programs and libraries become 83.7 MB at level 3 in 2.0 s of CPU, 78.3 MB at 6 in
 * 3.6 s, 77.3 MB at 9 in 5.7 s, and 72.5 MB at 15, which others take, in 46 s. */
static int open_compressors(struct squashfs *m, struct lkb_error *err)
{
	sqfs_compressor_config_t cfg;
	int rc;

	sqfs_compressor_config_init(&cfg, SQFS_COMP_ZSTD, SQUASHFS_BLOCK, 0);
	cfg.level = SQUASHFS_LEVEL;
	rc = sqfs_compressor_create(&cfg, &m->compressor);
	cfg.flags |= SQFS_COMP_FLAG_UNCOMPRESS;
	if (rc == 0)
		rc = sqfs_compressor_create(&cfg, &m->uncompressor);
	return rc ? squashfs_fail(m, "cannot start zstd", rc, err) : 0;
}

static int open_tables(struct squashfs *m, struct lkb_error *err)
{
	unsigned threads = m->o->threads ? m->o->threads : 1;
	sqfs_block_processor_desc_t desc;
	int rc;

	m->fragments = sqfs_frag_table_create(0);
	m->ids = sqfs_id_table_create(0);
	m->xattrs = sqfs_xattr_writer_create(0);
	m->blocks = sqfs_block_writer_create(&m->file.base, SQFS_DEVBLK_SIZE, 0);
	m->inodes = sqfs_meta_writer_create(&m->file.base, m->compressor, 0);
	m->dirs = sqfs_meta_writer_create(&m->file.base, m->compressor,
					  SQFS_META_WRITER_KEEP_IN_MEMORY);
	if (!m->fragments || !m->ids || !m->xattrs || !m->blocks || !m->inodes || !m->dirs)
		return squashfs_fail(m, "cannot begin", SQFS_ERROR_ALLOC, err);
	m->dir_writer = sqfs_dir_writer_create(m->dirs, SQFS_DIR_WRITER_CREATE_EXPORT_TABLE);
	if (!m->dir_writer)
		return squashfs_fail(m, "cannot begin", SQFS_ERROR_ALLOC, err);
	/* With a file to read back from, equal ends of files are compared byte by byte: else 32
	 * bits of hash would decide. */
	desc = (sqfs_block_processor_desc_t){
		.size = sizeof(desc), .max_block_size = SQUASHFS_BLOCK, .num_workers = threads,
		.max_backlog = 8 * threads, .cmp = m->compressor, .wr = m->blocks,
		.tbl = m->fragments, .file = &m->file.base, .uncmp = m->uncompressor,
	};
	rc = sqfs_block_processor_create_ex(&desc, &m->processor);
	return rc ? squashfs_fail(m, "cannot begin", rc, err) : 0;
}

static int open_super(struct squashfs *m, struct lkb_error *err)
{
	int64_t t = m->o->epoch;
	int rc = sqfs_super_init(&m->super, SQUASHFS_BLOCK,
				 t < 0 ? 0 : t > UINT32_MAX ? UINT32_MAX : (uint32_t)t,
				 SQFS_COMP_ZSTD);

	m->super.inode_count = (uint32_t)m->n_nodes;
	if (rc == 0)
		rc = sqfs_super_write(&m->super, &m->file.base);
	if (rc == 0) {
		rc = m->compressor->write_options(m->compressor, &m->file.base);
		if (rc > 0)
			m->super.flags |= SQFS_FLAG_COMPRESSOR_OPTIONS;
		rc = rc < 0 ? rc : 0;
	}
	return rc ? squashfs_fail(m, "cannot write the superblock", rc, err) : 0;
}

/* Behind the inodes: directories, tables, and at last the superblock that says where they are. */
static int close_tables(struct squashfs *m, struct lkb_error *err)
{
	const struct squashfs_node *root = &m->nodes[0];
	sqfs_file_t *f = &m->file.base;
	int rc = sqfs_meta_writer_flush(m->inodes);

	m->super.root_inode_ref = root->ref;
	if (rc == 0)
		rc = sqfs_meta_writer_flush(m->dirs);
	m->super.directory_table_start = f->get_size(f);
	if (rc == 0)
		rc = sqfs_meta_write_write_to_file(m->dirs);
	if (rc == 0)
		rc = sqfs_frag_table_write(m->fragments, f, &m->super, m->compressor);
	if (rc == 0)
		rc = sqfs_dir_writer_write_export_table(m->dir_writer, f, m->compressor,
							root->number, root->ref, &m->super);
	if (rc == 0)
		rc = sqfs_id_table_write(m->ids, f, &m->super, m->compressor);
	if (rc == 0)
		rc = sqfs_xattr_writer_flush(m->xattrs, f, &m->super, m->compressor);
	/* Said by libsquashfs, but only small files have their ends among fragments here. */
	m->super.flags &= (uint16_t)~SQFS_FLAG_ALWAYS_FRAGMENTS;
	m->super.bytes_used = f->get_size(f);
	if (rc == 0)
		rc = sqfs_super_write(&m->super, f);
	if (rc == 0)
		rc = f->truncate(f, lkb_align_up(f->get_size(f), SQFS_DEVBLK_SIZE));
	return rc ? squashfs_fail(m, "cannot write the tables", rc, err) : 0;
}

static int make(struct squashfs *m, const struct lkb_inode *root, struct lkb_error *err)
{
	if (collect(m, root, err) != 0 || open_compressors(m, err) != 0 ||
	    open_tables(m, err) != 0 || open_super(m, err) != 0 || put_files(m, err) != 0)
		return -1;
	m->super.inode_table_start = m->file.size;
	if (squashfs_put_inodes(m, err) != 0 || close_tables(m, err) != 0)
		return -1;
	if (m->lost_xattrs)
		lkb_ui_warning(m->o->ui, "'%s': squashfs has no place for %" PRIu64
			       " extended attributes, access lists among them", m->file.name,
			       m->lost_xattrs);
	return 0;
}

int lkb_squashfs_write(const struct lkb_inode *root, const struct lkb_squashfs_options *o, int fd,
		       const char *name, uint64_t *ret_size, struct lkb_error *err)
{
	struct lkb_error ignored;
	autosquashfs m = {.o = o};

	squashfs_file_init(&m.file, fd, name);
	if (make(&m, root, err ? err : &ignored) != 0)
		return -1;
	if (ret_size)
		*ret_size = m.file.size;
	return 0;
}
