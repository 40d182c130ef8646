/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

int lkb_mkdir_p(const char *path, struct lkb_error *err)
{
	lkb_autofree char *copy = lkb_strdup(path);
	struct stat st;
	char *p;

	for (p = copy + 1; *copy && *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, 0777) < 0 && errno != EEXIST)
			return lkb_fail_errno(err, "cannot make the directory '%s'", copy);
		*p = '/';
	}
	if (mkdir(copy, 0777) < 0 && errno != EEXIST)
		return lkb_fail_errno(err, "cannot make the directory '%s'", path);
	if (stat(path, &st) < 0)
		return lkb_fail_errno(err, "cannot look at '%s'", path);
	if (!S_ISDIR(st.st_mode))
		return lkb_fail(err, LKB_IO, "'%s' is there and is no directory", path);
	return 0;
}

static int remove_entries(int dir_fd, const char *path, unsigned depth, struct lkb_error *err);

static int remove_entry(int dir_fd, const char *name, const char *path, unsigned depth,
			struct lkb_error *err)
{
	int fd;

	if (!unlinkat(dir_fd, name, 0))
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return lkb_fail_errno(err, "cannot remove '%s/%s'", path, name);
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return lkb_fail_errno(err, "cannot open '%s/%s'", path, name);
	if (remove_entries(fd, path, depth + 1, err))
		return -1;
	if (unlinkat(dir_fd, name, AT_REMOVEDIR) < 0)
		return lkb_fail_errno(err, "cannot remove '%s/%s'", path, name);
	return 0;
}

/* Takes over dir_fd. */
static int remove_entries(int dir_fd, const char *path, unsigned depth, struct lkb_error *err)
{
	DIR *dir = fdopendir(dir_fd);
	struct dirent *e;
	int r = 0;

	if (!dir) {
		lkb_fail_errno(err, "cannot read the directory '%s'", path);
		close(dir_fd);
		return -1;
	}
	if (depth > 256)
		r = lkb_fail(err, LKB_IO, "'%s' is nested too deep to be removed", path);
	while (!r && (e = readdir(dir)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			r = remove_entry(dirfd(dir), e->d_name, path, depth, err);
	closedir(dir);
	return r;
}

int lkb_remove_tree(const char *path, struct lkb_error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return lkb_fail_errno(err, "cannot open '%s'", path);
	if (remove_entries(fd, path, 0, err))
		return -1;
	if (rmdir(path) < 0)
		return lkb_fail_errno(err, "cannot remove '%s'", path);
	return 0;
}
