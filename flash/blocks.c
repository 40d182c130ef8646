/* SPDX-License-Identifier: Apache-2.0 */
/* All block devices, and what stands on what. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/alloc.h"
#include "base/str.h"
#include "flash/blocks_priv.h"

#define MAX_NODES 8192u
#define MAX_NAMES 8192u /* in one directory */
#define SECTOR    512u  /* what sysfs counts sizes in, whatever the device's own are */

static int compare_names(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a directory that do not start with a dot, 2 before 10; none if it is not there. */
static int names_in(const char *root, const char *dir, struct lkb_strv *ret, struct lkb_error *err)
{
	lkb_autofree char *path = lkb_below(root, dir);
	DIR *d = opendir(path);
	struct dirent *e;

	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return lkb_fail_errno(err, "cannot read the directory '%s'", path);
	while (ret->n <= MAX_NAMES && (e = readdir(d)))
		if (e->d_name[0] != '.')
			lkb_strv_add(ret, e->d_name);
	closedir(d);
	if (ret->n > MAX_NAMES)
		return lkb_fail(err, LKB_IO, "'%s' has more than %u entries", path, MAX_NAMES);
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), compare_names);
	return 0;
}

static bool exists(const char *root, const char *dir, const char *name)
{
	lkb_autofree char *path = lkb_format("%s%s/%s", root, dir, name);
	struct stat st;

	return !stat(path, &st);
}

/* The kernel writes '!' for the slash in names such as cciss/c0d0. Of a mapped device the name that
 * a person gave it says more, if there is a node of that name and it can be shown and typed. */
static const char *node_path(struct lkb_blocks *b, const struct lkb_node *node)
{
	const char *mapped = lkb_sys_text(b->root, &b->arena, node->dir, "dm/name");
	char *path = lkb_arena_format(&b->arena, "/dev/%s", node->name), *p;

	for (p = path; *p; p++)
		if (*p == '!')
			*p = '/';
	if (mapped && !strcmp(mapped, lkb_shown_ascii(&b->arena, mapped)) &&
	    exists(b->root, "/dev/mapper", mapped))
		return lkb_arena_format(&b->arena, "/dev/mapper/%s", mapped);
	return path;
}

static void add_below(struct lkb_blocks *b, size_t node, size_t below)
{
	struct lkb_node *n = &b->nodes[node];

	if (node == LKB_NO_NODE || below == LKB_NO_NODE || node == below)
		return;
	if (n->n_below == n->cap_below) {
		size_t cap = n->cap_below ? 2 * n->cap_below : 4;
		size_t *more = lkb_arena_array(&b->arena, cap, sizeof(*more));

		if (n->n_below)
			memcpy(more, n->below, n->n_below * sizeof(*more));
		n->below = more;
		n->cap_below = cap;
	}
	n->below[n->n_below++] = below;
}

static int add_node(struct lkb_blocks *b, const char *dir, const char *name, size_t disk,
		    struct lkb_error *err)
{
	struct lkb_node *n = &b->nodes[b->n_nodes];
	uint64_t most = INT64_MAX / SECTOR;

	if (b->n_nodes == MAX_NODES)
		return lkb_fail(err, LKB_IO, "there are more than %u disks and partitions",
				MAX_NODES);
	n->name = lkb_arena_strdup(&b->arena, name);
	n->dir = lkb_arena_format(&b->arena, "%s/%s", dir, name);
	n->path = node_path(b, n);
	n->dev = lkb_sys_dev(b->root, n->dir);
	n->disk = disk == LKB_NO_NODE ? b->n_nodes : disk;
	n->size = lkb_sys_u64(b->root, n->dir, "size", 0);
	n->start = lkb_sys_u64(b->root, n->dir, "start", 0);
	n->size = (n->size < most ? n->size : most) * SECTOR;
	n->start = (n->start < most ? n->start : most) * SECTOR;
	n->number = (unsigned)lkb_sys_u64(b->root, n->dir, "partition", 0);
	b->n_nodes++;
	add_below(b, b->n_nodes - 1, disk);
	return 0;
}

static int add_disk(struct lkb_blocks *b, const char *name, struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_format("/sys/block/%s", name);
	lkb_autostrv names = {0};
	size_t disk = b->n_nodes;

	/* One path of several to an NVMe disk. */
	if (lkb_sys_u64(b->root, dir, "hidden", 0))
		return 0;
	if (names_in(b->root, dir, &names, err) ||
	    add_node(b, "/sys/block", name, LKB_NO_NODE, err))
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		lkb_autofree char *part = lkb_format("%s/%s", dir, names.items[i]);

		if (lkb_starts_with(names.items[i], name) && exists(b->root, part, "partition") &&
		    add_node(b, dir, names.items[i], disk, err))
			return -1;
	}
	return 0;
}

/* What stands on what, from both of its ends. */
static int link_nodes(struct lkb_blocks *b, size_t node, struct lkb_error *err)
{
	lkb_autofree char *slaves = lkb_format("%s/slaves", b->nodes[node].dir);
	lkb_autofree char *holders = lkb_format("%s/holders", b->nodes[node].dir);
	lkb_autostrv under = {0}, over = {0};

	if (names_in(b->root, slaves, &under, err) || names_in(b->root, holders, &over, err))
		return -1;
	for (size_t i = 0; i < under.n; i++)
		add_below(b, node, lkb_blocks_by_name(b, under.items[i]));
	for (size_t i = 0; i < over.n; i++)
		add_below(b, lkb_blocks_by_name(b, over.items[i]), node);
	return 0;
}

/* What the kernel itself says is behind a loop device: the name may be an old one, or one of
 * another mount namespace. One that is to go away when it is closed is left alone. */
static bool ask_loop(const struct lkb_blocks *b, const struct lkb_node *n,
		     struct loop_info64 *ret)
{
	lkb_autofd fd = -1;

	if (b->root[0] || lkb_sys_u64(b->root, n->dir, "loop/autoclear", 0))
		return false;
	fd = open(n->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd >= 0 && !ioctl(fd, LOOP_GET_STATUS64, ret);
}

static void look_behind(struct lkb_blocks *b, size_t node)
{
	struct lkb_node *n = &b->nodes[node];
	const char *text = lkb_sys_text(b->root, &b->arena, n->dir, "loop/backing_file");
	lkb_autofree char *path = NULL;
	struct loop_info64 info = {0};
	struct stat st;

	if (!text)
		return;
	n->backing = text;
	path = lkb_below(b->root, text);
	if (ask_loop(b, n, &info)) {
		n->backing_dev = (dev_t)info.lo_device;
		n->backing_inode = info.lo_inode;
		add_below(b, node, lkb_blocks_by_dev(b, (dev_t)info.lo_rdevice));
		return;
	}
	add_below(b, node, lkb_blocks_by_path(b, text));
	if (!stat(path, &st)) {
		n->backing_dev = st.st_dev;
		n->backing_inode = st.st_ino;
	}
}

int lkb_blocks_scan(struct lkb_blocks *b, struct lkb_error *err)
{
	lkb_autostrv names = {0};

	if (!exists(b->root, "/sys", "block")) {
		lkb_fail(err, LKB_IO, "'%s/sys/block' is not there", b->root);
		return lkb_hint(err, "mount sysfs: it says which disks there are");
	}
	if (names_in(b->root, "/sys/block", &names, err))
		return -1;
	b->nodes = lkb_arena_array(&b->arena, MAX_NODES, sizeof(*b->nodes));
	for (size_t i = 0; i < names.n; i++)
		if (add_disk(b, names.items[i], err))
			return -1;
	for (size_t i = 0; i < b->n_nodes; i++) {
		if (link_nodes(b, i, err))
			return -1;
		look_behind(b, i);
	}
	return 0;
}
