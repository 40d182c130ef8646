/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_TREE_TREE_H
#define LKB_ROOTFS_TREE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "rootfs/tree/blob.h"

/*
 * An in-memory file tree: the waist of the program. Producers (layers, packages, spec files) only
 * build trees, writers (cpio, tar, ext4, FAT) only read them through lkb_tree_iter. Names of a tree
 * never become names on the host. A path is always resolved inside the tree, with the tree's root
 * as "/": ".." stops at the root, absolute link targets start there, at most 40 links.
 *
 * Names inside a tree are normalised: "./lib//x/" is "lib/x"; a leading "/" is dropped. The empty
 * path is the root. Components are 1..255 bytes, a path at most 4096, depth at most 256. A path
 * takes at most 1024 steps to resolve, those of links' targets included; a directory takes 65,536
 * entries one by one. All that a tree was given in its life (nodes, names, targets, attributes, but
 * no file data) takes at most 96 MiB: more than half a million files.
 */

enum lkb_node_type {
	LKB_NODE_DIR,
	LKB_NODE_FILE,
	LKB_NODE_SYMLINK,
	LKB_NODE_CHAR,
	LKB_NODE_BLOCK,
	LKB_NODE_FIFO,
};

struct lkb_xattr {
	const char *name; /* "security.capability", "user.x" */
	const void *value;
	size_t len;
};

/* What a producer says about a node, and what a writer reads of it. */
struct lkb_meta {
	uint32_t mode; /* permission bits, 07777 */
	uint32_t uid, gid;
	int64_t mtime; /* seconds; writers clamp to the build's epoch */
};

struct lkb_dirent {
	const char *name;
	struct lkb_inode *inode;
};

/* Fields may be read by all; written through the functions below. Owned by the tree. */
struct lkb_inode {
	enum lkb_node_type type;
	struct lkb_meta meta;
	uint32_t nlink;  /* names that lead here; directories 1 */
	struct lkb_xattr *xattrs; /* sorted by name */
	size_t n_xattrs;
	struct lkb_data data;   /* file; holds a reference */
	const char *target;     /* symlink */
	uint32_t major, minor;  /* char, block */
	struct lkb_dirent *entries; /* directory: sorted by name, as bytes */
	size_t n_entries, cap_entries;
	const char *source; /* who brought it: image reference, "files[3]"; may be NULL */
	void *writer_data;   /* scratch for one writer at a time; NULL before and after */
};

struct lkb_tree;

struct lkb_tree *lkb_tree_new(void); /* root: 0755, root:root, mtime 0 */
void lkb_tree_free(struct lkb_tree *t);
LKB_DEFINE_AUTO(lkb_tree, lkb_tree_free)

struct lkb_inode *lkb_tree_root(struct lkb_tree *t);

/* What later additions are marked with in inode->source; copied; NULL = nothing. */
void lkb_tree_set_source(struct lkb_tree *t, const char *source);

/* What missing parents get: 0755 root:root with this mtime. Default 0. */
void lkb_tree_set_default_mtime(struct lkb_tree *t, int64_t mtime);

/* Where data is put that cannot be referenced as it is stored (sparse files in archives), in files
 * without a name; copied; NULL = $TMPDIR or /tmp. */
void lkb_tree_set_scratch(struct lkb_tree *t, const char *dir);

/* The node at path, or NULL. Links on the way are followed; the last one only with follow.
 * Anything that cannot be resolved (loop, not a directory, bad name) is just not there. */
struct lkb_inode *lkb_tree_lookup(struct lkb_tree *t, const char *path, bool follow);

/*
 * Adding. Parents are resolved through links and made where missing. What stands at the path is
 * replaced (a directory with all below it), except that a directory over a directory replaces its
 * attributes and keeps its children. LKB_INPUT for a bad name, a loop, or a parent that is no
 * directory after resolution (a file in the way is an error, not replaced). *ret may be NULL.
 */
int lkb_tree_add_dir(struct lkb_tree *t, const char *path, const struct lkb_meta *m,
		     struct lkb_inode **ret, struct lkb_error *err);
/* Takes its own reference to d->blob. */
int lkb_tree_add_file(struct lkb_tree *t, const char *path, const struct lkb_meta *m,
		      const struct lkb_data *d, struct lkb_inode **ret, struct lkb_error *err);
int lkb_tree_add_symlink(struct lkb_tree *t, const char *path, const struct lkb_meta *m,
			 const char *target, struct lkb_inode **ret, struct lkb_error *err);
/* CHAR, BLOCK or FIFO. */
int lkb_tree_add_special(struct lkb_tree *t, const char *path, const struct lkb_meta *m,
			 enum lkb_node_type type, uint32_t major, uint32_t minor,
			 struct lkb_inode **ret, struct lkb_error *err);
/* A second name for what stands at target (not a directory; a symlink itself is linked). */
int lkb_tree_add_link(struct lkb_tree *t, const char *path, const char *target,
		      struct lkb_error *err);
/* A file from a copied buffer: what generated files are made with. */
int lkb_tree_add_text(struct lkb_tree *t, const char *path, const struct lkb_meta *m,
		      const void *p, size_t n, struct lkb_error *err);

/* Replaces or adds one extended attribute; copied. */
void lkb_tree_set_xattr(struct lkb_tree *t, struct lkb_inode *inode, const char *name,
			const void *value, size_t len);

/* Removes path and all below it; the last link is not followed. True if something was there. */
bool lkb_tree_remove(struct lkb_tree *t, const char *path);

/* Puts a copy of `from` (a node of any tree, with all below it; hard links inside stay hard links;
 * file data is shared) at path, by the rules of adding; directories are merged. */
int lkb_tree_graft(struct lkb_tree *t, const char *path, const struct lkb_inode *from,
		   struct lkb_error *err);

/*
 * The one way to read a tree: every node once a name, a directory before what is in it, names in
 * byte order. `first` is false for the second and later names of a hard-linked inode, and
 * `first_path` then says the first one. Strings are valid until the next step.
 */
struct lkb_tree_iter;

struct lkb_tree_item {
	const char *path; /* "" for the root */
	const char *name; /* last component */
	const struct lkb_inode *inode;
	bool first;
	const char *first_path;
	size_t depth; /* root 0 */
};

/* from: the tree's root or any directory of it. The tree must not change meanwhile. */
struct lkb_tree_iter *lkb_tree_iter_new(const struct lkb_inode *from);
/* 1 = *ret is the next item, 0 = end. */
int lkb_tree_iter_next(struct lkb_tree_iter *it, struct lkb_tree_item *ret);
void lkb_tree_iter_free(struct lkb_tree_iter *it);
LKB_DEFINE_AUTO(lkb_tree_iter, lkb_tree_iter_free)

struct lkb_tree_stats {
	uint64_t files, dirs, symlinks, specials, links; /* links: names beyond the first */
	uint64_t bytes; /* of all files, each once */
};
struct lkb_tree_stats lkb_tree_stats(const struct lkb_inode *from);

/* True if `name` is one lawful component: 1..255 bytes, no '/', no NUL, not "." or "..". */
bool lkb_tree_name_ok(const char *name);

#endif
