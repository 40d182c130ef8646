/* SPDX-License-Identifier: Apache-2.0 */
/* A directory as one tar, which is the same for the same files: whose they are here, and when they
 * were written, is nobody's business there. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/path.h"
#include "rootfs/oci/push_priv.h"
#include "rootfs/tree/tar.h"

enum { MAX_DEPTH = 64, LINK_MAX_LEN = 4096 };
/* Up to here a file is read at once, so that a tree of many needs few open ones. */
#define SMALL ((uint64_t)256 << 10)

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

static int add_file(struct lkb_tree *t, const char *path, const char *name,
		    const struct lkb_meta *m, struct lkb_error *err)
{
	lkb_auto(lkb_blob) blob = NULL;
	lkb_autofree char *text = NULL;
	struct lkb_data data;
	size_t len;

	if (lkb_blob_open(path, &blob, err))
		return -1;
	data = (struct lkb_data){ .blob = blob, .len = lkb_blob_size(blob) };
	if (data.len > SMALL)
		return lkb_tree_add_file(t, name, m, &data, NULL, err);
	if (lkb_data_read_all(&data, SMALL, &text, &len, err))
		return -1;
	return lkb_tree_add_text(t, name, m, text, len, err);
}

static int add_link(struct lkb_tree *t, const char *path, const char *name, struct lkb_error *err)
{
	const struct lkb_meta m = { .mode = 0777 };
	char target[LINK_MAX_LEN + 1];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n < 0)
		return lkb_fail_errno(err, "cannot read the link '%s'", path);
	target[n] = '\0';
	return lkb_tree_add_symlink(t, name, &m, target, NULL, err);
}

static int add_dir(struct lkb_tree *t, const char *path, const char *name, unsigned depth,
		   struct lkb_error *err);

static int add_entry(struct lkb_tree *t, const char *path, const char *name, unsigned depth,
		     struct lkb_error *err)
{
	struct lkb_meta m = { .mode = 0644 };
	struct stat st;

	if (lstat(path, &st))
		return lkb_fail_errno(err, "cannot look at '%s'", path);
	if (S_ISDIR(st.st_mode))
		return add_dir(t, path, name, depth + 1, err);
	if (S_ISLNK(st.st_mode))
		return add_link(t, path, name, err);
	if (!S_ISREG(st.st_mode))
		return lkb_fail(err, LKB_INPUT, "'%s' is no file, directory or link", path);
	if (st.st_mode & 0111)
		m.mode = 0755;
	return add_file(t, path, name, &m, err);
}

static int add_dir(struct lkb_tree *t, const char *path, const char *name, unsigned depth,
		   struct lkb_error *err)
{
	const struct lkb_meta m = { .mode = 0755 };
	__attribute__((cleanup(close_dir))) DIR *d = opendir(path);
	const struct dirent *e;

	if (!d)
		return lkb_fail_errno(err, "cannot read the directory '%s'", path);
	if (depth > MAX_DEPTH)
		return lkb_fail(err, LKB_INPUT, "'%s' is nested more than %d deep", path,
				MAX_DEPTH);
	if (*name && lkb_tree_add_dir(t, name, &m, NULL, err))
		return -1;
	while ((errno = 0, e = readdir(d))) {
		lkb_autofree char *below = NULL, *below_name = NULL;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		below = lkb_path_join(path, e->d_name);
		below_name = *name ? lkb_path_join(name, e->d_name) : lkb_strdup(e->d_name);
		if (add_entry(t, below, below_name, depth, err))
			return -1;
	}
	return errno ? lkb_fail_errno(err, "cannot read the directory '%s'", path) : 0;
}

struct target {
	int fd;
	uint64_t size;
};

static int take(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	struct target *t = ctx;

	t->size += n;
	return lkb_write_full(t->fd, p, n, "a temporary file", err);
}

int lkb_push_tree(const char *path, struct lkb_data *ret, struct lkb_error *err)
{
	lkb_auto(lkb_tree) tree = lkb_tree_new();
	lkb_autofd fd = -1;
	struct target t;

	if (add_dir(tree, path, "", 0, err) || lkb_nameless_file(NULL, &fd, err))
		return -1;
	t = (struct target){ .fd = fd };
	if (lkb_tar_write(lkb_tree_root(tree), 0, take, &t, err))
		return -1;
	ret->blob = lkb_blob_new_fd(lkb_steal_fd(&fd), t.size, "a temporary file");
	ret->off = 0;
	ret->len = t.size;
	return 0;
}
