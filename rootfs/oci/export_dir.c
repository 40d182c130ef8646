/* SPDX-License-Identifier: Apache-2.0 */
/* Names in the tree of an export are ours: digests and the frame of a layout. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/path.h"
#include "base/undo.h"
#include "rootfs/oci/export.h"

static int write_file(const char *path, const struct lkb_data *data, struct lkb_error *err)
{
	lkb_autofd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0)
		return lkb_fail_errno(err, "cannot make '%s'", path);
	if (lkb_data_copy(data, 0, data->len, fd, path, err))
		return -1;
	return fsync(fd) ? lkb_fail_errno(err, "cannot flush '%s'", path) : 0;
}

static int write_all(const struct lkb_tree *t, const char *dir, struct lkb_error *err)
{
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(lkb_tree_root((struct lkb_tree *)t));
	struct lkb_tree_item item;

	while (lkb_tree_iter_next(it, &item) > 0) {
		lkb_autofree char *path = lkb_path_join(dir, item.path);

		if (item.inode->type == LKB_NODE_FILE) {
			if (write_file(path, &item.inode->data, err))
				return -1;
		} else if (item.depth && mkdir(path, 0777)) {
			return lkb_fail_errno(err, "cannot make '%s'", path);
		}
	}
	return 0;
}

static int write_and_rename(const struct lkb_tree *t, const char *tmp, const char *dir,
			    struct lkb_error *err)
{
	if (write_all(t, tmp, err))
		return -1;
	if (rename(tmp, dir))
		return lkb_fail_errno(err, "cannot give '%s' its name", dir);
	return 0;
}

static size_t without_slashes(const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	return n;
}

int lkb_export_dir(const struct lkb_tree *t, const char *path, struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_strndup(path, without_slashes(path));
	lkb_autofree char *tmp = lkb_format("%s.tmp", dir);
	struct stat st;
	int undo, r;

	if (!lstat(dir, &st)) {
		lkb_fail(err, LKB_REFUSED, "'%s' is there already", dir);
		return lkb_hint(err, "remove it, or name another with -o");
	}
	if (mkdir(tmp, 0777)) {
		lkb_fail_errno(err, "cannot make '%s'", tmp);
		return errno == EEXIST ? lkb_hint(err, "another run writes it, or one that was "
						       "killed left it: remove it") : -1;
	}
	undo = lkb_undo_remove_dir(tmp);
	r = write_and_rename(t, tmp, dir, err);
	lkb_undo_forget(undo);
	if (r)
		lkb_remove_tree(tmp, NULL);
	return r;
}
