/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path.h"
#include "base/str.h"
#include "rootfs/rootfs_priv.h"

#define MAX_LINKS 40

enum kind { DIRECTORY, FILE_LIKE, NOT_KNOWN };

/* Directories of a running system's /dev; everything else there is a node. */
static const char *const dev_directories[] = {
	"/dev/block", "/dev/bus", "/dev/bus/usb", "/dev/char", "/dev/disk", "/dev/disk/by-id",
	"/dev/disk/by-label", "/dev/disk/by-partlabel", "/dev/disk/by-partuuid",
	"/dev/disk/by-path", "/dev/disk/by-uuid", "/dev/dri", "/dev/fd", "/dev/hugepages",
	"/dev/input", "/dev/mapper", "/dev/mqueue", "/dev/net", "/dev/pts", "/dev/shm",
	"/dev/snd", "/dev/vfio",
};

/* Names that no directory has: sockets and files that are made while the system runs. */
static const char *const file_suffixes[] = {
	".conf", ".json", ".log", ".pid", ".sock", ".socket", ".txt",
};

/* What a name says about a bind source that the build cannot see. */
static enum kind kind_by_name(const char *path)
{
	if (lkb_starts_with(path, "/dev/")) {
		for (size_t i = 0; i < LKB_ARRAY_SIZE(dev_directories); i++)
			if (!strcmp(dev_directories[i], path))
				return DIRECTORY;
		return FILE_LIKE;
	}
	for (size_t i = 0; i < LKB_ARRAY_SIZE(file_suffixes); i++)
		if (lkb_ends_with(path, file_suffixes[i]))
			return FILE_LIKE;
	return NOT_KNOWN;
}

static enum kind kind_of_node(const struct lkb_inode *node)
{
	return node->type == LKB_NODE_DIR ? DIRECTORY : FILE_LIKE;
}

static enum kind kind_of_source(struct lkb_tree *root, const char *source)
{
	const struct lkb_inode *node = lkb_tree_lookup(root, source, true);

	if (node)
		return kind_of_node(node);
	/* A link into what only the running system has: /etc/resolv.conf. */
	node = lkb_tree_lookup(root, source, false);
	if (node && node->type == LKB_NODE_SYMLINK)
		return kind_by_name(node->target);
	return kind_by_name(source);
}

/* Where a runtime would make the mount point: links of the image are followed, also the last one,
 * even if nothing is there yet. The caller frees the result; NULL for a loop. */
static char *follow(struct lkb_tree *image, const char *destination)
{
	lkb_autofree char *path = lkb_format("%s", destination);

	for (int i = 0; i < MAX_LINKS; i++) {
		const struct lkb_inode *node = lkb_tree_lookup(image, path, false);
		lkb_autofree char *dir = NULL;
		char *next;

		if (!node || node->type != LKB_NODE_SYMLINK)
			return LKB_STEAL(path);
		dir = lkb_path_dirname(path);
		next = lkb_path_join(dir, node->target);
		free(path);
		path = next;
	}
	return NULL;
}

static int add_one(struct lkb_tree *image, const char *destination, enum kind kind, int64_t epoch,
		   struct lkb_error *err)
{
	const struct lkb_meta dir = lkb_rootfs_meta(epoch, 0755);
	const struct lkb_meta file = lkb_rootfs_meta(epoch, 0644);
	lkb_autofree char *path = follow(image, destination);
	const struct lkb_inode *there;

	if (!path)
		return lkb_fail(err, LKB_INPUT, "mount point '%s' is a loop of links in the image",
				destination);
	there = lkb_tree_lookup(image, path, true);
	if (there) {
		if (kind == NOT_KNOWN || kind == kind_of_node(there))
			return 0;
		return lkb_fail(err, LKB_INPUT, "mount point '%s' has to be a %s, but the image "
				"has a %s there", destination,
				kind == DIRECTORY ? "directory" : "file",
				kind == DIRECTORY ? "file" : "directory");
	}
	if (kind == FILE_LIKE)
		return lkb_tree_add_text(image, path, &file, "", 0, err);
	return lkb_tree_add_dir(image, path, &dir, NULL, err);
}

static bool lies_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return n > 1 && !strncmp(path, dir, n) && path[n] == '/';
}

/* Below another mount the runtime finds or makes it there, not in the image. */
static bool is_covered(const struct lkb_container *c, const char *path)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (lies_below(path, c->mounts[i].destination))
			return true;
	return false;
}

static bool is_destination(const struct lkb_container *c, const char *path)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (!strcmp(c->mounts[i].destination, path))
			return true;
	return false;
}

/* Device nodes outside of a mounted /dev: the runtime takes those that are there. */
static int add_devices(struct lkb_tree *image, const struct lkb_container *c, int64_t epoch,
		       struct lkb_error *err)
{
	const struct lkb_spec_device *d = c->set.devices.items;

	for (size_t i = 0; i < c->set.devices.n; i++) {
		struct lkb_meta meta = { .mtime = epoch };
		enum lkb_node_type type = LKB_NODE_CHAR;

		if (!lkb_device_is_node(&d[i]) || is_covered(c, d[i].path) ||
		    lkb_tree_lookup(image, d[i].path, true))
			continue;
		meta.mode = lkb_device_mode(&d[i]);
		if (d[i].type[0] == 'b')
			type = LKB_NODE_BLOCK;
		if (d[i].type[0] == 'p')
			type = LKB_NODE_FIFO;
		if (lkb_tree_add_special(image, d[i].path, &meta, type, (uint32_t)d[i].major.v,
					 (uint32_t)d[i].minor.v, NULL, err) < 0)
			return -1;
	}
	return 0;
}

/* What the system's init mounts and makes in the container's root. */
static int add_runtime(struct lkb_tree *image, struct lkb_tree *root,
		       const struct lkb_spec_runtime *r, int64_t epoch, struct lkb_error *err)
{
	const struct lkb_spec_mount *mounts = r->mounts.items;

	for (size_t i = 0; i < r->mounts.n; i++) {
		lkb_autofree char *path = lkb_format("/%s", mounts[i].destination);
		const char *source = mounts[i].source;
		bool path_bound = lkb_spec_is_bind(mounts[i].type, &mounts[i].options) && source &&
				  *source == '/';
		enum kind kind = path_bound ? kind_of_source(root, source) : DIRECTORY;

		/* A source that is no path is a volume, whatever the root has of that name. */
		if (mounts[i].destination[0] != '/' && add_one(image, path, kind, epoch, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < r->mkdir.n; i++) {
		lkb_autofree char *path = lkb_format("/%s", r->mkdir.items[i]);

		if (r->mkdir.items[i][0] != '/' &&
		    add_one(image, path, DIRECTORY, epoch, err) < 0)
			return -1;
	}
	return 0;
}

int lkb_mountpoints_add(struct lkb_tree *image, struct lkb_tree *root,
			const struct lkb_container *c, int64_t epoch, struct lkb_error *err)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct lkb_mount *m = &c->mounts[i];
		bool bind = lkb_spec_is_bind(m->type, &m->options);
		enum kind kind = bind ? kind_of_source(root, m->source) : DIRECTORY;

		if (!is_covered(c, m->destination) &&
		    add_one(image, m->destination, kind, epoch, err) < 0)
			return -1;
	}
	if (add_devices(image, c, epoch, err) < 0 ||
	    add_runtime(image, root, &c->set.runtime, epoch, err) < 0)
		return -1;
	/* The runtime would make a missing working directory too, and cannot. */
	if (is_covered(c, c->cwd) || is_destination(c, c->cwd))
		return 0;
	return add_one(image, c->cwd, DIRECTORY, epoch, err);
}
