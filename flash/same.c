/* SPDX-License-Identifier: Apache-2.0 */
/* What must still hold once a device is open, and which files are on it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/alloc.h"
#include "flash/device_priv.h"

#define IS_ANOTHER "'%s' is not what it was a moment ago: "

static int changed(struct lkb_error *err)
{
	return lkb_hint(err, "nothing was written; look at it again: lkboard devices");
}

static int compare_file(const struct lkb_device *dev, const struct lkb_device_now *now,
			struct lkb_error *err)
{
	if (!S_ISREG(now->mode) || now->dev != dev->dev || now->inode != dev->inode)
		lkb_fail(err, LKB_REFUSED, IS_ANOTHER "another file has its name", dev->path);
	else if (now->size != dev->size)
		lkb_fail(err, LKB_REFUSED, IS_ANOTHER "its size was %llu bytes, now it is %llu",
			 dev->path, (unsigned long long)dev->size, (unsigned long long)now->size);
	else
		return 0;
	return changed(err);
}

static int compare_disk(const struct lkb_device *dev, const struct lkb_device_now *now,
			struct lkb_error *err)
{
	const char *was = dev->serial ? dev->serial : "none", *is = now->serial ? now->serial
										 : "none";

	if (!S_ISBLK(now->mode))
		lkb_fail(err, LKB_REFUSED, IS_ANOTHER "it is no block device", dev->path);
	else if (now->dev != dev->dev)
		lkb_fail(err, LKB_REFUSED, IS_ANOTHER "its number was %u:%u, now it is %u:%u",
			 dev->path, major(dev->dev), minor(dev->dev), major(now->dev),
			 minor(now->dev));
	else if (dev->diskseq && now->diskseq && now->diskseq != dev->diskseq)
		lkb_fail(err, LKB_REFUSED, IS_ANOTHER "another one was put in", dev->path);
	else if (strcmp(was, is) != 0)
		lkb_fail(err, LKB_REFUSED, IS_ANOTHER "its serial was '%s', now it is '%s'",
			 dev->path, was, is);
	else if (now->size != dev->size)
		lkb_fail(err, LKB_REFUSED, IS_ANOTHER "its size was %llu bytes, now it is %llu",
			 dev->path, (unsigned long long)dev->size, (unsigned long long)now->size);
	else if (now->logical != dev->logical)
		lkb_fail(err, LKB_REFUSED, IS_ANOTHER "its sectors were of %u bytes, now they are "
						      "of %u", dev->path, dev->logical,
			 now->logical);
	else if (now->read_only)
		lkb_fail(err, LKB_REFUSED, "'%s' is read-only now", dev->path);
	else
		return 0;
	return changed(err);
}

int lkb_device_compare(const struct lkb_device *dev, const struct lkb_device_now *now,
		       struct lkb_error *err)
{
	return (dev->kind == LKB_DEVICE_FILE ? compare_file : compare_disk)(dev, now, err);
}

int lkb_device_same(const struct lkb_device *dev, int fd, struct lkb_error *err)
{
	lkb_autoarena a = {0};
	struct lkb_device_now now = {0};
	int read_only = 0, logical = 0;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return lkb_fail_errno(err, "cannot look at '%s'", dev->path);
	now.mode = st.st_mode;
	now.dev = st.st_dev;
	now.inode = st.st_ino;
	now.size = (uint64_t)st.st_size;
	if (S_ISBLK(st.st_mode)) {
		now.dev = st.st_rdev;
		if (ioctl(fd, BLKGETSIZE64, &now.size) < 0 ||
		    ioctl(fd, BLKSSZGET, &logical) < 0 || ioctl(fd, BLKROGET, &read_only) < 0)
			return lkb_fail_errno(err, "cannot ask '%s' what it is", dev->path);
		/* Linux 5.15; what does not know it is asked the rest all the same. */
		if (ioctl(fd, BLKGETDISKSEQ, &now.diskseq) < 0)
			now.diskseq = 0;
		now.logical = (unsigned)logical;
		now.read_only = read_only;
		now.serial = lkb_device_serial(dev->root, dev->name, dev->dev, &a);
	}
	return lkb_device_compare(dev, &now, err);
}

/* The file system that the path is on: by the number of its mount where the kernel says it
 * (Linux 5.8), for a path may lead below a mount that another one hides. */
static const struct lkb_mount *mount_of(const struct lkb_blocks *b, const char *path)
{
	lkb_autofree char *real = lkb_blocks_real(b, path);
	struct statx stx;

	if (!b->root[0] && !statx(AT_FDCWD, path, 0, STATX_MNT_ID, &stx) &&
	    stx.stx_mask & STATX_MNT_ID)
		for (size_t i = 0; i < b->n_own; i++)
			if (b->mounts[i].id == stx.stx_mnt_id)
				return &b->mounts[i];
	return real ? lkb_blocks_mount_of(b, real) : NULL;
}

/* True if one of the marked loop devices has this file behind it. */
static bool is_behind(const struct lkb_blocks *b, const bool *on, const struct lkb_device *dev)
{
	for (size_t i = 0; i < b->n_nodes; i++)
		if (on[i] && b->nodes[i].backing && b->nodes[i].backing_dev == dev->dev &&
		    b->nodes[i].backing_inode == dev->inode)
			return true;
	return false;
}

/* A loop device over the file itself. */
static bool stands_on(const struct lkb_node *node, const struct stat *st)
{
	return node->backing && node->backing_dev == st->st_dev &&
	       node->backing_inode == st->st_ino;
}

int lkb_device_holds(const struct lkb_device *dev, const char *path, bool *ret,
		     struct lkb_error *err)
{
	lkb_auto(lkb_blocks) b = NULL;
	lkb_autofree char *below = NULL;
	lkb_autofree bool *on = NULL;
	struct stat st;
	size_t node;

	if (lkb_blocks_read(dev->root, &b, err))
		return -1;
	below = b->root[0] ? lkb_format("%s/%s", b->root, path) : lkb_strdup(path);
	if (stat(below, &st) < 0)
		return lkb_fail_errno(err, "cannot look at '%s'", path);
	on = lkb_alloc_array(b->n_nodes + 1, sizeof(*on));
	lkb_blocks_mark(b, lkb_blocks_by_path(b, path), true, on);
	lkb_blocks_mark_mount(b, mount_of(b, path), true, on);
	if (!b->root[0])
		lkb_blocks_mark(b, lkb_blocks_by_dev(b, st.st_dev), true, on);
	if (dev->kind == LKB_DEVICE_FILE) {
		*ret = (st.st_dev == dev->dev && st.st_ino == dev->inode) ||
		       is_behind(b, on, dev);
		return 0;
	}
	node = lkb_blocks_by_name(b, dev->name);
	*ret = node != LKB_NO_NODE && (on[node] || stands_on(&b->nodes[node], &st));
	return 0;
}
