/* SPDX-License-Identifier: Apache-2.0 */
/* From a path, a number or a file system down to the disks it is on. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/alloc.h"
#include "base/path.h"
#include "base/str.h"
#include "flash/blocks_priv.h"

int lkb_blocks_read(const char *root, struct lkb_blocks **ret, struct lkb_error *err)
{
	lkb_auto(lkb_blocks) b = lkb_alloc(sizeof(*b));
	lkb_autofree char *real = realpath(root && *root ? root : "/", NULL);

	if (!real)
		return lkb_fail_errno(err, "cannot open '%s'", root);
	b->root = lkb_arena_strdup(&b->arena, strcmp(real, "/") != 0 ? real : "");
	if (lkb_blocks_scan(b, err) || lkb_blocks_mounts(b, err))
		return -1;
	*ret = LKB_STEAL(b);
	return 0;
}

void lkb_blocks_free(struct lkb_blocks *b)
{
	struct lkb_arena arena = b->arena;

	lkb_arena_clear(&arena);
	free(b);
}

size_t lkb_blocks_by_dev(const struct lkb_blocks *b, dev_t dev)
{
	for (size_t i = 0; dev && i < b->n_nodes; i++)
		if (b->nodes[i].dev == dev)
			return i;
	return LKB_NO_NODE;
}

size_t lkb_blocks_by_name(const struct lkb_blocks *b, const char *name)
{
	for (size_t i = 0; i < b->n_nodes; i++)
		if (!strcmp(b->nodes[i].name, name))
			return i;
	return LKB_NO_NODE;
}

static size_t by_node_path(const struct lkb_blocks *b, const char *path)
{
	for (size_t i = 0; i < b->n_nodes; i++)
		if (!strcmp(b->nodes[i].path, path))
			return i;
	return lkb_starts_with(path, "/dev/") ? lkb_blocks_by_name(b, path + 5) : LKB_NO_NODE;
}

char *lkb_blocks_real(const struct lkb_blocks *b, const char *path)
{
	lkb_autofree char *below = lkb_below(b->root, path), *real = realpath(below, NULL);
	size_t n = strlen(b->root);

	/* A link that leaves the root leads to nothing. */
	if (!real || strncmp(real, b->root, n) != 0 || real[n] != '/')
		return NULL;
	return lkb_strdup(real + n);
}

size_t lkb_blocks_by_path(const struct lkb_blocks *b, const char *path)
{
	lkb_autofree char *real = lkb_blocks_real(b, path);
	lkb_autofree char *below = lkb_below(b->root, path);
	struct stat st;

	if (!b->root[0] && !stat(below, &st) && S_ISBLK(st.st_mode))
		return lkb_blocks_by_dev(b, st.st_rdev);
	return by_node_path(b, real ? real : path);
}

/* True if `path` is `dir` or below it. */
static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (!strcmp(dir, "/"))
		return path[0] == '/';
	return !strncmp(path, dir, n) && (path[n] == '/' || !path[n]);
}

const struct lkb_mount *lkb_blocks_mount_of(const struct lkb_blocks *b, const char *path)
{
	const struct lkb_mount *best = NULL;

	for (size_t i = 0; i < b->n_own; i++)
		if (is_below(path, b->mounts[i].point) &&
		    (!best || strlen(b->mounts[i].point) >= strlen(best->point)))
			best = &b->mounts[i];
	return best;
}

/* A walk down; what was seen is not walked again, so that it ends. */
struct walk {
	const struct lkb_blocks *b;
	bool files; /* from loop devices on to what their files are on, and through overlays */
	bool *on;     /* a node each */
	bool *mounts; /* a mount each */
};

static void mark_mount(const struct walk *w, const struct lkb_mount *m);

static void mark(const struct walk *w, size_t node)
{
	const struct lkb_blocks *b = w->b;
	const struct lkb_node *n;

	if (node == LKB_NO_NODE || w->on[node])
		return;
	w->on[node] = true;
	n = &b->nodes[node];
	for (size_t i = 0; i < n->n_below; i++)
		mark(w, n->below[i]);
	if (!w->files || !n->backing)
		return;
	/* A number of below another root says nothing about this one. */
	if (!b->root[0] && major(n->backing_dev))
		mark(w, lkb_blocks_by_dev(b, n->backing_dev));
	else if (n->backing[0] == '/')
		mark_mount(w, lkb_blocks_mount_of(b, n->backing));
}

/* All devices of a btrfs that has several: the table of mounts names one of them. */
static void mark_btrfs(const struct walk *w, size_t node)
{
	lkb_autofree char *path = lkb_below(w->b->root, "/sys/fs/btrfs");
	DIR *dir = opendir(path);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		lkb_autofree char *devices = lkb_format("%s/%s/devices", path, e->d_name);
		lkb_autofree char *self = lkb_path_join(devices, w->b->nodes[node].name);
		struct stat st;

		if (e->d_name[0] == '.' || lstat(self, &st))
			continue;
		for (size_t i = 0; i < w->b->n_nodes; i++) {
			lkb_autofree char *other = lkb_path_join(devices, w->b->nodes[i].name);

			if (!lstat(other, &st))
				mark(w, i);
		}
	}
	if (dir)
		closedir(dir);
}

/* An overlay's directories, as the kernel's overlayfs.rst spells them. */
static void mark_overlay(const struct walk *w, const struct lkb_mount *m)
{
	static const char *const keys[] = {"lowerdir=", "lowerdir+=", "datadir+=", "upperdir="};
	lkb_autofree char *options = lkb_strdup(m->options);
	char *save = NULL, *option = strtok_r(options, ",", &save);

	for (; option; option = strtok_r(NULL, ",", &save)) {
		char *next = NULL, *dir = NULL;

		for (size_t i = 0; i < LKB_ARRAY_SIZE(keys); i++)
			if (lkb_starts_with(option, keys[i]))
				dir = strtok_r(option + strlen(keys[i]), ":", &next);
		for (; dir; dir = strtok_r(NULL, ":", &next))
			if (dir[0] == '/')
				mark_mount(w, lkb_blocks_mount_of(w->b, dir));
	}
}

static void mark_mount(const struct walk *w, const struct lkb_mount *m)
{
	if (!m || w->mounts[m - w->b->mounts])
		return;
	w->mounts[m - w->b->mounts] = true;
	mark(w, m->node);
	if (!strcmp(m->type, "btrfs") && m->node != LKB_NO_NODE)
		mark_btrfs(w, m->node);
	if (!strcmp(m->type, "overlay") && w->files)
		mark_overlay(w, m);
}

void lkb_blocks_mark(const struct lkb_blocks *b, size_t node, bool files, bool *on)
{
	lkb_autofree bool *mounts = lkb_alloc_array(b->n_mounts + 1, sizeof(*mounts));

	mark(&(struct walk){b, files, on, mounts}, node);
}

void lkb_blocks_mark_mount(const struct lkb_blocks *b, const struct lkb_mount *m, bool files,
			   bool *on)
{
	lkb_autofree bool *mounts = lkb_alloc_array(b->n_mounts + 1, sizeof(*mounts));

	mark_mount(&(struct walk){b, files, on, mounts}, m);
}
