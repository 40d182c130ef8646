/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_FS_EROFS_PRIV_H
#define LKB_IMAGE_FS_EROFS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/fs/erofs.h"

#define EROFS_BLOCK    4096u
#define EROFS_SLOT     32u /* inodes are numbered by where they stand, in slots */
#define EROFS_COMPACT  32u /* bytes of an inode */
#define EROFS_EXTENDED 64u

/* One inode to be. */
struct erofs_node {
	const struct lkb_inode *inode; /* borrowed */
	uint32_t number;     /* from 1, in the order of the tree */
	uint32_t parent;     /* index of its directory; the root's own */
	uint32_t links;
	uint32_t xattr_size; /* bytes behind the inode */
	uint64_t size;       /* of the content */
	bool is_extended;
	bool has_tail;       /* the content's last part block stands behind the attributes */
	uint64_t at;         /* byte of the image where the inode starts */
	uint64_t first;      /* block where the content starts */
};

struct erofs_plan {
	struct erofs_node *nodes; /* owned; in the order of the tree */
	size_t n_nodes;
	struct erofs_node **by_place; /* owned; in the order of their places */
	uint64_t blocks;
	uint64_t lost_xattrs;
};

/* Where everything stands. The inodes' writer_data point to their nodes until it is cleared. */
int erofs_plan(const struct lkb_inode *root, int64_t epoch, struct erofs_plan *ret,
	       struct lkb_error *err);
void erofs_plan_clear(struct erofs_plan *p);
#define erofs_autoplan __attribute__((cleanup(erofs_plan_clear))) struct erofs_plan

/* Bytes of an inode with its attributes. */
static inline uint32_t erofs_head(const struct erofs_node *n)
{
	return (n->is_extended ? EROFS_EXTENDED : EROFS_COMPACT) + n->xattr_size;
}

static inline uint32_t erofs_tail(const struct erofs_node *n)
{
	return n->has_tail ? (uint32_t)(n->size % EROFS_BLOCK) : 0;
}

/* ---- erofs_dir.c: what stands behind inodes and in directories ---- */

/* Bytes that the attributes take behind the inode; *lost grows by those that have no place. */
int erofs_xattr_measure(const struct lkb_inode *inode, uint32_t *ret, uint64_t *lost,
			struct lkb_error *err);
/* The same as bytes: xattr_size of them, zeroed before. */
void erofs_xattr_encode(const struct lkb_inode *inode, uint8_t *out);

/* Bytes of a directory. */
uint64_t erofs_dir_measure(const struct lkb_inode *dir);
/* The same as bytes: so many, rounded up to a block, zeroed before. All inodes have a place. */
void erofs_dir_encode(const struct erofs_plan *p, const struct erofs_node *dir, uint8_t *out);

#endif
