/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OCI layers (image-spec, layer.md). A whiteout hides what lower layers brought and nothing of its
 * own layer, wherever it stands in the archive. So the archive is read twice: first for what it
 * hides, while the tree holds only lower layers, then for what it adds.
 */
#include "base/alloc.h"
#include "rootfs/tree/tar_priv.h"
#include "rootfs/tree/tree_priv.h"

#define WHITEOUT ".wh."
#define WHITEOUT_META ".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

enum kind {
	ADDITION,
	HIDE,   /* ".wh.NAME" */
	OPAQUE, /* ".wh..wh..opq" */
	IGNORE, /* what else aufs kept under ".wh..wh." */
};

/* Paths with what an allocation costs. */
#define MAX_NOTES ((size_t)16 << 20)

struct layer {
	struct lkb_strv hidden; /* paths */
	struct lkb_strv opaque; /* directories */
	struct lkb_strv solid;  /* directories, where lower layers have something else */
	size_t noted;           /* bytes of all three */
};

static void layer_clear(struct layer *l)
{
	lkb_strv_clear(&l->hidden);
	lkb_strv_clear(&l->opaque);
	lkb_strv_clear(&l->solid);
}

/* What a cleaned path is. For HIDE and OPAQUE, *ret is the path that is meant. */
static int classify(const char *path, enum kind *ret_kind, struct lkb_str *ret,
		    struct lkb_error *err)
{
	const char *s = path;
	struct lkb_name name = { 0 };

	*ret_kind = ADDITION;
	while (*ret_kind == ADDITION && lkb_name_next(&s, &name)) {
		if (name.len >= strlen(WHITEOUT_META) &&
		    !memcmp(name.s, WHITEOUT_META, strlen(WHITEOUT_META)))
			*ret_kind = strcmp(name.s, WHITEOUT_OPAQUE) ? IGNORE : OPAQUE;
		else if (name.len >= strlen(WHITEOUT) &&
			 !memcmp(name.s, WHITEOUT, strlen(WHITEOUT)))
			*ret_kind = HIDE;
	}
	if (*ret_kind == ADDITION || *ret_kind == IGNORE)
		return 0;
	ret->len = 0;
	lkb_str_addn(ret, path, (size_t)(name.s - path));
	if (*ret_kind == OPAQUE)
		return 0;
	if (*s)
		return lkb_fail(err, LKB_INPUT,
				"entry '%.200s' has a whiteout as its directory", path);
	if (!lkb_tree_name_ok(name.s + strlen(WHITEOUT)))
		return lkb_fail(err, LKB_INPUT, "whiteout '%.200s' names nothing", path);
	lkb_str_add(ret, name.s + strlen(WHITEOUT));
	return 0;
}

static bool stands_on_other(struct lkb_tree *t, const char *path)
{
	const struct lkb_inode *there = lkb_tree_lookup(t, path, false);

	return there && there->type != LKB_NODE_DIR;
}

static int note(struct layer *l, struct lkb_strv *list, const char *path, struct lkb_error *err)
{
	l->noted += strlen(path) + 32;
	if (l->noted > MAX_NOTES)
		return lkb_fail(err, LKB_INPUT, "entry '%.200s': the paths of its whiteouts take "
				"more than %zu bytes", path, MAX_NOTES);
	lkb_strv_add(list, path);
	return 0;
}

/* First reading. Looks at the tree but does not change it. */
static int scan(struct lkb_tar *tar, struct lkb_tree *t, struct layer *l, struct lkb_error *err)
{
	lkb_autostr path = { 0 };
	lkb_autostr meant = { 0 };
	struct lkb_tar_entry e;
	enum kind kind;
	int r;

	lkb_tar_skip_data(tar);
	while ((r = lkb_tar_next(tar, &e, err)) > 0) {
		lkb_tar_clean_path("", e.path, &path);
		if (classify(lkb_str_get(&path), &kind, &meant, err) < 0)
			return -1;
		if (kind == HIDE)
			r = note(l, &l->hidden, lkb_str_get(&meant), err);
		else if (kind == OPAQUE)
			r = note(l, &l->opaque, lkb_str_get(&meant), err);
		else if (kind == ADDITION && e.type == '5' &&
			 stands_on_other(t, lkb_str_get(&path)))
			r = note(l, &l->solid, lkb_str_get(&path), err);
		if (r < 0)
			return -1;
	}
	return r;
}

static void empty_dir(struct lkb_inode *dir)
{
	while (dir->n_entries) {
		const char *last = dir->entries[dir->n_entries - 1].name;

		lkb_dir_remove(dir, (struct lkb_name){ last, strlen(last) });
	}
}

/* Directories of this layer first: a whiteout below one of them must not be led elsewhere by a
 * lower layer's link that the directory replaces. */
static void hide(struct lkb_tree *t, const struct layer *l)
{
	for (size_t i = 0; i < l->solid.n; i++)
		if (stands_on_other(t, l->solid.items[i]))
			lkb_tree_remove(t, l->solid.items[i]);
	for (size_t i = 0; i < l->hidden.n; i++)
		lkb_tree_remove(t, l->hidden.items[i]);
	for (size_t i = 0; i < l->opaque.n; i++) {
		struct lkb_inode *dir = lkb_tree_lookup(t, l->opaque.items[i], true);

		if (dir)
			empty_dir(dir);
	}
}

static int add(struct lkb_tar *tar, struct lkb_tree *t, struct lkb_error *err)
{
	lkb_autostr path = { 0 };
	lkb_autostr ignored = { 0 };
	struct lkb_tar_entry e;
	enum kind kind;
	int r;

	while ((r = lkb_tar_next(tar, &e, err)) > 0) {
		lkb_tar_clean_path("", e.path, &path);
		if (classify(lkb_str_get(&path), &kind, &ignored, err) < 0)
			return -1;
		if (kind == ADDITION && lkb_tar_add_entry(t, "", &e, false, err) < 0)
			return -1;
	}
	return r;
}

static int apply(const struct lkb_data *data, struct lkb_tree *t, struct layer *l,
		 struct lkb_error *err)
{
	lkb_auto(lkb_tar) first = lkb_tar_new(data);
	lkb_auto(lkb_tar) second = lkb_tar_new(data);

	if (scan(first, t, l, err) < 0)
		return -1;
	hide(t, l);
	lkb_tar_set_scratch(second, t->scratch);
	return add(second, t, err);
}

int lkb_tar_apply_layer(const struct lkb_data *layer, struct lkb_tree *t, struct lkb_error *err)
{
	struct layer l = { 0 };
	int r = apply(layer, t, &l, err);

	layer_clear(&l);
	return r < 0 ? lkb_context(err, "layer") : 0;
}
