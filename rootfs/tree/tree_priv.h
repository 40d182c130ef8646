/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_TREE_TREE_PRIV_H
#define LKB_ROOTFS_TREE_TREE_PRIV_H

#include "base/arena.h"
#include "rootfs/tree/tree.h"

#define LKB_TREE_MAX_NAME 255
#define LKB_TREE_MAX_PATH 4096
#define LKB_TREE_MAX_DEPTH 256
#define LKB_TREE_MAX_HOPS 40
#define LKB_TREE_MAX_STEPS 1024
#define LKB_TREE_MAX_BYTES ((size_t)96 << 20)
#define LKB_TREE_MAX_ENTRIES 65536

/* Inodes, names and attributes live in the arena and go with the tree; what is replaced stays
 * there unused. Only entry arrays (they grow) and blob references are released one by one. */
struct lkb_tree {
	struct lkb_arena arena;
	struct lkb_inode *root;
	const char *source; /* in the arena */
	char *scratch; /* owned; or NULL */
	int64_t default_mtime;
};

/* A name inside a path: not NUL-terminated. */
struct lkb_name {
	const char *s;
	size_t len;
};

/* Takes the next component off *path, skipping slashes and "."; false at the end. */
bool lkb_name_next(const char **path, struct lkb_name *ret);

/* Born with no name: nlink is 0 (1 for a directory) and lkb_dir_put() counts up. */
struct lkb_inode *lkb_inode_new(struct lkb_tree *t, enum lkb_node_type type,
				const struct lkb_meta *m);
/* Releases what an inode without names holds; a directory with all below it. */
void lkb_inode_release(struct lkb_inode *inode);

/* The entry, or NULL; *ret_pos (may be NULL) is where it is or would be. */
struct lkb_dirent *lkb_dir_find(const struct lkb_inode *dir, struct lkb_name name,
				size_t *ret_pos);
/* Gives `inode` one more name, in place of what stands there. */
void lkb_dir_put(struct lkb_tree *t, struct lkb_inode *dir, struct lkb_name name,
		 struct lkb_inode *inode);
bool lkb_dir_remove(struct lkb_inode *dir, struct lkb_name name);

/* A directory takes over the attributes of another, or of *m. */
void lkb_dir_replace_meta(struct lkb_tree *t, struct lkb_inode *dir, const struct lkb_meta *m);

/* The place of one name in its directory, which may be taken or free. dir NULL: the path is the
 * root itself. */
struct lkb_place {
	struct lkb_inode *dir;
	struct lkb_name name;
};

/* What hangs below a node that is to be placed: the bounds hold for the lowest one too. */
struct lkb_below {
	size_t depth;
	size_t path_len;
};

/* Resolves the parent of `path`; with `make`, it is made where it is missing. A fault is LKB_INPUT,
 * quotes the path and leaves the tree as it was. */
int lkb_tree_place(struct lkb_tree *t, const char *path, bool make, struct lkb_below below,
		   struct lkb_place *ret, struct lkb_error *err);

#endif
