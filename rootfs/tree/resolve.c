/* SPDX-License-Identifier: Apache-2.0 */
/* Path resolution inside a tree: the rules of chroot, on nodes instead of files. */
#include "rootfs/tree/tree_priv.h"

enum fault { FINE, MISSING, NOT_DIR, LOOP, LONG_WAY, LONG_NAME, LONG_PATH, TOO_DEEP, TREE_FULL,
	     DIR_FULL };

static const char *const fault_text[] = {
	[MISSING] = "there is no such file or directory",
	[NOT_DIR] = "something on the way is not a directory",
	[LOOP] = "too many symbolic links (a loop?)",
	[LONG_WAY] = "its symbolic links take more than 1024 steps to follow",
	[LONG_NAME] = "a name is longer than 255 bytes",
	[LONG_PATH] = "it is longer than 4096 bytes",
	[TOO_DEEP] = "it is more than 256 directories deep",
	[TREE_FULL] = "the tree's names and attributes take 96 MiB of memory; no more is taken",
	[DIR_FULL] = "its directory has 65536 entries, and takes no more",
};

/* Where a walk has come to. Names that are missing wait in `pending` until the whole walk is known
 * to succeed, so a failed one leaves no directories behind. */
struct walk {
	struct lkb_tree *tree;
	struct lkb_inode *dirs[LKB_TREE_MAX_DEPTH + 1]; /* from the root to dirs[depth] */
	size_t path_len[LKB_TREE_MAX_DEPTH + 1];        /* bytes of the path to each */
	size_t depth;
	struct lkb_name pending[LKB_TREE_MAX_DEPTH];
	size_t n_pending;
	struct lkb_inode *node; /* a node that is no directory ended the walk */
	unsigned hops, steps;
	bool allow_missing;
};

bool lkb_name_next(const char **path, struct lkb_name *ret)
{
	const char *s = *path;

	for (;;) {
		size_t len;

		while (*s == '/')
			s++;
		len = strcspn(s, "/");
		if (!len)
			return false;
		*path = s + len;
		if (len != 1 || *s != '.') {
			*ret = (struct lkb_name){ s, len };
			return true;
		}
		s += len;
	}
}

static bool is_dotdot(struct lkb_name n)
{
	return n.len == 2 && n.s[0] == '.' && n.s[1] == '.';
}

bool lkb_tree_name_ok(const char *name)
{
	size_t len = strlen(name);

	return len >= 1 && len <= LKB_TREE_MAX_NAME && !strchr(name, '/') &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static enum fault walk_string(struct walk *w, const char *path, bool follow_last);

static size_t current_path_len(const struct walk *w)
{
	size_t len = w->path_len[w->depth];

	for (size_t i = 0; i < w->n_pending; i++)
		len += w->pending[i].len + 1;
	return len;
}

static void step_up(struct walk *w)
{
	if (w->n_pending)
		w->n_pending--;
	else if (w->depth)
		w->depth--;
}

static enum fault step_missing(struct walk *w, struct lkb_name name)
{
	if (!w->allow_missing)
		return MISSING;
	if (w->depth + w->n_pending >= LKB_TREE_MAX_DEPTH)
		return TOO_DEEP;
	w->pending[w->n_pending++] = name;
	return current_path_len(w) > LKB_TREE_MAX_PATH + 1 ? LONG_PATH : FINE;
}

static enum fault step_link(struct walk *w, const char *target)
{
	if (++w->hops > LKB_TREE_MAX_HOPS)
		return LOOP;
	if (*target == '/')
		w->depth = 0;
	return walk_string(w, target, true);
}

static enum fault step(struct walk *w, struct lkb_name name, bool follow)
{
	struct lkb_dirent *e;

	if (w->node)
		return NOT_DIR;
	/* Forty links of two thousand components each: minutes for the files of one layer. */
	if (++w->steps > LKB_TREE_MAX_STEPS)
		return LONG_WAY;
	if (is_dotdot(name)) {
		step_up(w);
		return FINE;
	}
	if (name.len > LKB_TREE_MAX_NAME)
		return LONG_NAME;
	e = w->n_pending ? NULL : lkb_dir_find(w->dirs[w->depth], name, NULL);
	if (!e)
		return step_missing(w, name);
	if (e->inode->type == LKB_NODE_SYMLINK && follow)
		return step_link(w, e->inode->target);
	if (e->inode->type != LKB_NODE_DIR) {
		w->node = e->inode;
		return FINE;
	}
	/* Whatever stands in the tree was let in by its depth. */
	w->path_len[w->depth + 1] = w->path_len[w->depth] + name.len + 1;
	w->dirs[++w->depth] = e->inode;
	return FINE;
}

static enum fault walk_string(struct walk *w, const char *path, bool follow_last)
{
	struct lkb_name name, next;
	bool more = lkb_name_next(&path, &name);

	while (more) {
		enum fault f;

		more = lkb_name_next(&path, &next);
		f = step(w, name, more || follow_last);
		if (f != FINE)
			return f;
		name = next;
	}
	return FINE;
}

static int walk_fail(const char *path, enum fault f, struct lkb_error *err)
{
	return lkb_fail(err, LKB_INPUT, "path '%.300s': %s", path, fault_text[f]);
}

static void walk_init(struct walk *w, struct lkb_tree *t, bool allow_missing)
{
	w->tree = t;
	w->dirs[0] = t->root;
	w->path_len[0] = 0;
	w->depth = 0;
	w->n_pending = 0;
	w->node = NULL;
	w->hops = w->steps = 0;
	w->allow_missing = allow_missing;
}

struct lkb_inode *lkb_tree_lookup(struct lkb_tree *t, const char *path, bool follow)
{
	struct walk w;

	walk_init(&w, t, false);
	path += strspn(path, "/");
	if (strnlen(path, LKB_TREE_MAX_PATH + 1) > LKB_TREE_MAX_PATH ||
	    walk_string(&w, path, follow) != FINE)
		return NULL;
	return w.node ? w.node : w.dirs[w.depth];
}

/* Splits off the last component. False if there is none: the path is the root. */
static bool split_last(const char *path, size_t *ret_parent_len, struct lkb_name *ret)
{
	const char *s = path;
	bool any = false;

	while (lkb_name_next(&s, ret))
		any = true;
	*ret_parent_len = any ? (size_t)(ret->s - path) : 0;
	return any;
}

/* Turns the pending names into directories. */
static void make_pending(struct walk *w)
{
	struct lkb_meta m = { .mode = 0755, .mtime = w->tree->default_mtime };

	for (size_t i = 0; i < w->n_pending; i++) {
		struct lkb_inode *dir = lkb_inode_new(w->tree, LKB_NODE_DIR, &m);

		lkb_dir_put(w->tree, w->dirs[w->depth], w->pending[i], dir);
		w->path_len[w->depth + 1] = w->path_len[w->depth] + w->pending[i].len + 1;
		w->dirs[++w->depth] = dir;
	}
	w->n_pending = 0;
}

/* What a new name at the end of the walk would be too much for. Entries are kept in order in one
 * array: without a bound, an archive with its names in reverse would take minutes to read. */
static enum fault check_room(const struct walk *w, struct lkb_name name)
{
	const struct lkb_inode *dir = w->dirs[w->depth];

	if (w->tree->arena.used > LKB_TREE_MAX_BYTES)
		return TREE_FULL;
	if (dir->n_entries >= LKB_TREE_MAX_ENTRIES &&
	    (w->n_pending || !lkb_dir_find(dir, name, NULL)))
		return DIR_FULL;
	return FINE;
}

static enum fault place(struct walk *w, const char *path, size_t parent_len,
			struct lkb_name name, struct lkb_below below)
{
	char parent[LKB_TREE_MAX_PATH + 1];
	enum fault f;

	if (name.len > LKB_TREE_MAX_NAME)
		return LONG_NAME;
	memcpy(parent, path, parent_len);
	parent[parent_len] = '\0';
	f = walk_string(w, parent, true);
	if (f != FINE)
		return f;
	if (w->node)
		return NOT_DIR;
	if (w->depth + w->n_pending + 1 + below.depth > LKB_TREE_MAX_DEPTH)
		return TOO_DEEP;
	if (current_path_len(w) + name.len + below.path_len > LKB_TREE_MAX_PATH)
		return LONG_PATH;
	f = w->allow_missing ? check_room(w, name) : FINE;
	if (f == FINE)
		make_pending(w);
	return f;
}

int lkb_tree_place(struct lkb_tree *t, const char *path, bool make, struct lkb_below below,
		   struct lkb_place *ret, struct lkb_error *err)
{
	const char *relative = path + strspn(path, "/");
	struct walk w;
	struct lkb_name name;
	size_t parent_len;
	enum fault f;

	walk_init(&w, t, make);
	if (strnlen(relative, LKB_TREE_MAX_PATH + 1) > LKB_TREE_MAX_PATH)
		return walk_fail(path, LONG_PATH, err);
	if (!split_last(relative, &parent_len, &name)) {
		*ret = (struct lkb_place){ 0 };
		return 0;
	}
	if (is_dotdot(name))
		return lkb_fail(err, LKB_INPUT, "path '%.300s' ends in '..', which is no name",
				path);
	f = place(&w, relative, parent_len, name, below);
	if (f != FINE)
		return walk_fail(path, f, err);
	*ret = (struct lkb_place){ .dir = w.dirs[w.depth], .name = name };
	return 0;
}
