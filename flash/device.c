/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "base/str.h"
#include "flash/device_priv.h"

#define SECTOR 512u

/* What /sys/block has that holds no image; the others come and go with what is put into them. */
static const struct {
	const char *pattern, *what;
} no_targets[] = {
	{"mmcblk*boot*", "a boot area of an eMMC"}, {"mmcblk*rpmb", "an eMMC's protected area"},
	{"mmcblk*gp*", "an area of an eMMC"},       {"ram*", "a RAM disk"},
	{"sr*", "an optical drive"},                {"fd?", "a floppy drive"},
	{"mtdblock*", "a flash chip"},
};
static const char *const fillable[] = {"loop*", "zram*", "nbd*", "dm-*", "md*"};

static const char *no_target(const char *name)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(no_targets); i++)
		if (lkb_glob_match(no_targets[i].pattern, name))
			return no_targets[i].what;
	return NULL;
}

static bool is_vacant(const struct lkb_node *n)
{
	for (size_t i = 0; !n->size && i < LKB_ARRAY_SIZE(fillable); i++)
		if (lkb_glob_match(fillable[i], n->name))
			return true;
	return false;
}

/* A mounted file system's kind the kernel knows, whoever may read the disk. */
static const char *mounted_system(const struct lkb_blocks *b, size_t node)
{
	for (size_t i = 0; i < b->n_mounts; i++)
		if (b->mounts[i].node == node)
			return b->mounts[i].type;
	return NULL;
}

static void add_part(const struct lkb_blocks *b, size_t node, struct lkb_device *dev,
		     struct lkb_partition *part)
{
	const struct lkb_node *n = &b->nodes[node];
	lkb_autoarena scratch = {0};
	const char *udev = lkb_device_udev(b->root, n->dev, &scratch);
	const char *uevent = lkb_sys_text(b->root, &scratch, n->dir, "uevent");
	const char *label = lkb_sys_value(&scratch, udev, "E:ID_FS_LABEL");
	const char *system = lkb_sys_value(&scratch, udev, "E:ID_FS_TYPE");

	if (!system)
		system = mounted_system(b, node);
	if (!label)
		label = lkb_sys_value(&scratch, uevent, "PARTNAME");
	*part = (struct lkb_partition){
		.number = n->number,
		.path = lkb_arena_strdup(&dev->arena, n->path),
		.start = n->start,
		.size = n->size,
		.system = lkb_shown(&dev->arena, system),
		.label = lkb_shown(&dev->arena, label),
	};
}

static void add_parts(const struct lkb_blocks *b, size_t disk, struct lkb_device *dev)
{
	struct lkb_partition *parts;
	size_t n = 0;

	for (size_t i = disk + 1; i < b->n_nodes && b->nodes[i].disk == disk; i++)
		n++;
	parts = lkb_arena_array(&dev->arena, n, sizeof(*parts));
	for (size_t i = 0; i < n; i++)
		add_part(b, disk + 1 + i, dev, &parts[i]);
	dev->parts = parts;
	dev->n_parts = n;
}

static void add_slaves(const struct lkb_blocks *b, const struct lkb_node *n,
		       struct lkb_device *dev)
{
	const char **slaves = lkb_arena_array(&dev->arena, n->n_below, sizeof(*slaves));

	for (size_t i = 0; !n->backing && i < n->n_below; i++) {
		const char *path = b->nodes[n->below[i]].path;
		size_t k = 0;

		while (k < dev->n_slaves && strcmp(slaves[k], path) != 0)
			k++;
		if (k == dev->n_slaves)
			slaves[dev->n_slaves++] = lkb_arena_strdup(&dev->arena, path);
	}
	dev->slaves = slaves;
}

/* Where udev is, names in /dev/mapper are links; elsewhere they are the nodes. */
static const char *node_of(const struct lkb_blocks *b, const struct lkb_node *n,
			   struct lkb_arena *a)
{
	lkb_autofree char *path = lkb_below(b->root, n->path), *real = realpath(path, NULL);

	return lkb_arena_strdup(a, real ? real : path);
}

static struct lkb_device *make_disk(const struct lkb_blocks *b, size_t disk)
{
	lkb_autofree bool *base = lkb_alloc_array(b->n_nodes, sizeof(*base));
	const struct lkb_node *n = &b->nodes[disk];
	struct lkb_device *dev = lkb_alloc(sizeof(*dev));
	struct lkb_arena *a = &dev->arena;

	base[disk] = true;
	dev->kind = LKB_DEVICE_DISK;
	dev->root = lkb_arena_strdup(a, b->root);
	dev->name = lkb_arena_strdup(a, n->name);
	dev->path = lkb_arena_strdup(a, n->path);
	dev->node = node_of(b, n, a);
	dev->size = n->size;
	dev->logical = (unsigned)lkb_sys_u64(b->root, n->dir, "queue/logical_block_size", SECTOR);
	dev->physical = (unsigned)lkb_sys_u64(b->root, n->dir, "queue/physical_block_size",
					      dev->logical);
	dev->read_only = lkb_sys_u64(b->root, n->dir, "ro", 0);
	dev->dev = n->dev;
	dev->diskseq = lkb_sys_u64(b->root, n->dir, "diskseq", 0);
	dev->backing = lkb_shown(a, n->backing);
	dev->system = lkb_shown(a, mounted_system(b, disk));
	lkb_device_identify(b, disk, dev);
	add_parts(b, disk, dev);
	add_slaves(b, n, dev);
	lkb_device_add_uses(b, base, dev);
	lkb_device_add_runs(b, base, dev);
	return dev;
}

/* `path` is on this machine. */
static struct lkb_device *make_file(const struct lkb_blocks *b, const char *path,
				    const char *given, const struct stat *st)
{
	lkb_autofree bool *base = lkb_alloc_array(b->n_nodes + 1, sizeof(*base));
	struct lkb_device *dev = lkb_alloc(sizeof(*dev));

	for (size_t i = 0; i < b->n_nodes; i++)
		base[i] = b->nodes[i].backing && b->nodes[i].backing_dev == st->st_dev &&
			  b->nodes[i].backing_inode == st->st_ino;
	dev->kind = LKB_DEVICE_FILE;
	dev->root = lkb_arena_strdup(&dev->arena, b->root);
	dev->path = lkb_arena_strdup(&dev->arena, given);
	dev->node = lkb_arena_strdup(&dev->arena, path);
	dev->name = lkb_path_basename(dev->path);
	dev->transport = "file";
	dev->size = (uint64_t)st->st_size;
	dev->logical = dev->physical = SECTOR;
	dev->removable = true;
	dev->read_only = access(path, W_OK) < 0 && errno == EROFS;
	dev->dev = st->st_dev;
	dev->inode = st->st_ino;
	lkb_device_add_uses(b, base, dev);
	lkb_device_add_runs(b, base, dev);
	return dev;
}

void lkb_device_free(struct lkb_device *dev)
{
	lkb_arena_clear(&dev->arena);
	free(dev);
}

void lkb_devices_free(struct lkb_devices *list)
{
	for (size_t i = 0; i < list->n; i++)
		lkb_device_free(list->items[i]);
	free(list->items);
	free(list);
}

int lkb_devices_list(const char *root, struct lkb_devices **ret, struct lkb_error *err)
{
	lkb_auto(lkb_blocks) b = NULL;
	struct lkb_devices *list;

	if (lkb_blocks_read(root, &b, err))
		return -1;
	list = lkb_alloc(sizeof(*list));
	list->items = lkb_alloc_array(b->n_nodes + 1, sizeof(*list->items));
	for (size_t i = 0; i < b->n_nodes; i++) {
		const struct lkb_node *n = &b->nodes[i];

		if (n->disk == i && !no_target(n->name) && !is_vacant(n))
			list->items[list->n++] = make_disk(b, i);
	}
	*ret = list;
	return 0;
}

static int find_disk(const struct lkb_blocks *b, size_t node, const char *path,
		     struct lkb_device **ret, struct lkb_error *err)
{
	const struct lkb_node *n = &b->nodes[node];

	if (n->disk != node) {
		const char *disk = b->nodes[n->disk].path;

		lkb_fail(err, LKB_REFUSED, "'%s' is partition %u of '%s'", path, n->number, disk);
		return lkb_hint(err, "an image is written to a whole disk: %s", disk);
	}
	if (no_target(n->name)) {
		lkb_fail(err, LKB_REFUSED, "'%s' is %s", path, no_target(n->name));
		return lkb_hint(err, "lkboard devices lists what can be written to");
	}
	*ret = make_disk(b, node);
	(*ret)->given = lkb_arena_strdup(&(*ret)->arena, path);
	(*ret)->given_by_id = lkb_starts_with(path, "/dev/disk/by-id/");
	return 0;
}

/* Only a regular file is left of what is no block device. `on_root` is the path below the root. */
static int find_file(const struct lkb_blocks *b, const char *here, const char *on_root,
		     const char *path, struct lkb_device **ret, struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_path_dirname(on_root);
	struct stat st;

	if (stat(here, &st) < 0)
		return lkb_fail_errno(err, "cannot look at '%s'", path);
	if (S_ISBLK(st.st_mode))
		return lkb_fail(err, LKB_REFUSED, "'%s' is a block device that sysfs does not "
						  "know", path);
	if (!S_ISREG(st.st_mode)) {
		lkb_fail(err, LKB_REFUSED, "'%s' is %s", path,
			 S_ISDIR(st.st_mode)   ? "a directory"
			 : S_ISCHR(st.st_mode) ? "a character device"
					       : "neither a disk nor a file");
		return lkb_hint(err, "lkboard devices lists what can be written to");
	}
	if (!strcmp(dir, "/dev")) {
		lkb_fail(err, LKB_REFUSED, "'%s' is a regular file in /dev, where a disk's node "
					   "is meant to be", path);
		return lkb_hint(err, "something made it while the disk was not there: rm %s",
				path);
	}
	*ret = make_file(b, here, path, &st);
	(*ret)->given = (*ret)->path;
	return 0;
}

int lkb_device_find(const char *root, const char *path, struct lkb_device **ret,
		    struct lkb_error *err)
{
	lkb_auto(lkb_blocks) b = NULL;
	lkb_autofree char *real = NULL, *here = NULL, *below = NULL;
	struct stat st;
	size_t node;

	if (lkb_blocks_read(root, &b, err))
		return -1;
	below = b->root[0] ? lkb_format("%s/%s", b->root, path) : lkb_strdup(path);
	here = realpath(below, NULL);
	if (!here) {
		lkb_fail_errno(err, "cannot open '%s'", path);
		return lkb_hint(err, "a target must be there; lkboard devices lists the disks");
	}
	if (strncmp(here, b->root, strlen(b->root)) != 0)
		return lkb_fail(err, LKB_REFUSED, "'%s' leads out of '%s'", path, b->root);
	real = lkb_strdup(here + strlen(b->root));
	/* Below another root a node may be a file; here a file in its place is a fault. */
	node = b->root[0] || (!stat(here, &st) && S_ISBLK(st.st_mode)) ? lkb_blocks_by_path(b, real)
								       : LKB_NO_NODE;
	if (node != LKB_NO_NODE)
		return find_disk(b, node, path, ret, err);
	return find_file(b, here, real, path, ret, err);
}
