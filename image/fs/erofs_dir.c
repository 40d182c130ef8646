/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/bytes.h"
#include "base/size.h"
#include "base/str.h"
#include "image/fs/erofs_priv.h"

/* ---- attributes: a header, then entry after entry, each aligned to 4 ---- */

#define XATTR_HEADER 12u
#define XATTR_ENTRY  4u
#define XATTR_MAX    (XATTR_HEADER + 4 * (uint64_t)(UINT16_MAX - 1))

/* Prefixes of names are numbers on disk. */
static const struct {
	const char *prefix;
	uint8_t index;
} prefixes[] = {
	{"system.posix_acl_access", 2},
	{"system.posix_acl_default", 3},
	{"user.", 1},
	{"trusted.", 4},
	{"security.", 6},
};

/* Where the name goes on behind its prefix; NULL if it has none of these. */
static const char *split(const char *name, uint8_t *ret_index)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(prefixes); i++) {
		if (lkb_starts_with(name, prefixes[i].prefix)) {
			*ret_index = prefixes[i].index;
			return name + strlen(prefixes[i].prefix);
		}
	}
	return NULL;
}

static uint64_t entry_size(const char *name, size_t len)
{
	return lkb_align_up(XATTR_ENTRY + strlen(name) + len, 4);
}

int erofs_xattr_measure(const struct lkb_inode *inode, uint32_t *ret, uint64_t *lost,
			struct lkb_error *err)
{
	uint64_t size = XATTR_HEADER;
	uint8_t index;

	for (size_t i = 0; i < inode->n_xattrs; i++) {
		const struct lkb_xattr *x = &inode->xattrs[i];
		const char *name = split(x->name, &index);

		if (!name) {
			(*lost)++;
			continue;
		}
		if (x->len > UINT16_MAX || strlen(name) > UINT8_MAX)
			return lkb_fail(err, LKB_INPUT,
					"its attribute '%.100s' of %zu bytes is too large for "
					"EROFS", x->name, x->len);
		size += entry_size(name, x->len);
	}
	if (size > XATTR_MAX)
		return lkb_fail(err, LKB_INPUT, "its attributes of %s are too much for EROFS",
				lkb_size_text(size).s);
	*ret = size > XATTR_HEADER ? (uint32_t)size : 0;
	return 0;
}

void erofs_xattr_encode(const struct lkb_inode *inode, uint8_t *out)
{
	uint8_t *p = out + XATTR_HEADER;

	for (size_t i = 0; i < inode->n_xattrs; i++) {
		const struct lkb_xattr *x = &inode->xattrs[i];
		const char *name = split(x->name, p + 1);

		if (!name)
			continue;
		p[0] = (uint8_t)strlen(name);
		lkb_put_le16(p + 2, (uint16_t)x->len);
		memcpy(p + XATTR_ENTRY, name, p[0]);
		if (x->len)
			memcpy(p + XATTR_ENTRY + p[0], x->value, x->len);
		p += entry_size(name, x->len);
	}
}

/* ---- directories: in each block entries from the front, and behind them their names ---- */

#define DIRENT 12u
#define DIRENTS_A_BLOCK (EROFS_BLOCK / (DIRENT + 1))

/* The names of a directory in the order of their bytes; "." and ".." are among them. */
struct names {
	const struct lkb_inode *dir;
	size_t next, dots;
};

static const char *const dots[] = {".", ".."};

/* 0 = a name of the directory, 1 and 2 = a dot name, -1 = the end. */
static int next_name(struct names *n, const struct lkb_dirent **ret, const char **ret_name)
{
	const struct lkb_dirent *e = &n->dir->entries[n->next];

	if (n->next < n->dir->n_entries &&
	    (n->dots == LKB_ARRAY_SIZE(dots) || strcmp(e->name, dots[n->dots]) < 0)) {
		n->next++;
		*ret = e;
		*ret_name = e->name;
		return 0;
	}
	if (n->dots == LKB_ARRAY_SIZE(dots))
		return -1;
	*ret_name = dots[n->dots++];
	return (int)n->dots;
}

uint64_t erofs_dir_measure(const struct lkb_inode *dir)
{
	struct names n = {.dir = dir};
	const struct lkb_dirent *e;
	const char *name;
	uint64_t full = 0;
	size_t used = 0;

	while (next_name(&n, &e, &name) >= 0) {
		size_t need = DIRENT + strlen(name);

		if (used + need > EROFS_BLOCK) {
			full += EROFS_BLOCK;
			used = 0;
		}
		used += need;
	}
	return full + used;
}

static const uint8_t types[] = {
	[LKB_NODE_FILE] = 1, [LKB_NODE_DIR] = 2,  [LKB_NODE_CHAR] = 3,
	[LKB_NODE_BLOCK] = 4, [LKB_NODE_FIFO] = 5, [LKB_NODE_SYMLINK] = 7,
};

/* A block's entries while they are collected. */
struct block {
	const struct erofs_node *nodes[DIRENTS_A_BLOCK];
	const char *names[DIRENTS_A_BLOCK];
	size_t n, used;
};

static void put_block(struct block *b, uint8_t *out)
{
	size_t at = b->n * DIRENT;

	for (size_t i = 0; i < b->n; i++) {
		size_t len = strlen(b->names[i]);
		uint8_t *p = out + i * DIRENT;

		lkb_put_le64(p, b->nodes[i]->at / EROFS_SLOT);
		lkb_put_le16(p + 8, (uint16_t)at);
		p[10] = types[b->nodes[i]->inode->type];
		memcpy(out + at, b->names[i], len);
		at += len;
	}
	b->n = b->used = 0;
}

void erofs_dir_encode(const struct erofs_plan *p, const struct erofs_node *dir, uint8_t *out)
{
	struct names n = {.dir = dir->inode};
	const struct lkb_dirent *e = NULL;
	struct block b = {.n = 0};
	const char *name;
	int kind;

	while ((kind = next_name(&n, &e, &name)) >= 0) {
		size_t need = DIRENT + strlen(name);

		if (b.used + need > EROFS_BLOCK) {
			put_block(&b, out);
			out += EROFS_BLOCK;
		}
		b.nodes[b.n] = kind == 0 ? e->inode->writer_data :
			       kind == 1 ? dir : &p->nodes[dir->parent];
		b.names[b.n++] = name;
		b.used += need;
	}
	put_block(&b, out);
}
