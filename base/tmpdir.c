/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "base/undo.h"

#define PREFIX "lkboard-"
#define TEMPLATE PREFIX "XXXXXX"
#define TRIES 16

static int open_dir(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* A directory of ours whose lock is free has lost its process. */
static void remove_abandoned(const char *path)
{
	lkb_autofd fd = open_dir(path);
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && st.st_uid == geteuid() &&
	    !flock(fd, LOCK_EX | LOCK_NB) && lkb_is_named(fd, path))
		lkb_remove_tree(path, NULL);
}

static void remove_all_abandoned(const char *base)
{
	DIR *dir = opendir(base);
	const struct dirent *e;

	while (dir && (e = readdir(dir))) {
		lkb_autofree char *path = NULL;

		if (!lkb_starts_with(e->d_name, PREFIX) || strlen(e->d_name) != strlen(TEMPLATE))
			continue;
		path = lkb_path_join(base, e->d_name);
		remove_abandoned(path);
	}
	if (dir)
		closedir(dir);
}

/* Takes the lock of a directory just made. False if another lkboard found it before it was locked,
 * and so removes it. A file system without locks has nobody who would take one. */
static bool lock(const char *path, int *ret_fd)
{
	lkb_autofd fd = open_dir(path);

	if (fd < 0 || (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) ||
	    !lkb_is_named(fd, path))
		return false;
	*ret_fd = lkb_steal_fd(&fd);
	return true;
}

static const char *base_dir(void)
{
	const char *given = getenv("TMPDIR");

	return given && *given ? given : "/tmp";
}

int lkb_tmpdir_make(struct lkb_tmpdir *ret, struct lkb_error *err)
{
	const char *base = base_dir();
	int tries, fd = -1;

	remove_all_abandoned(base);
	for (tries = 0; tries < TRIES; tries++) {
		lkb_autofree char *path = lkb_path_join(base, TEMPLATE);

		if (!mkdtemp(path)) {
			lkb_fail_errno(err, "cannot make a private directory in '%s'", base);
			return lkb_hint(err, "set TMPDIR to a directory that can be written");
		}
		if (!lock(path, &fd)) {
			rmdir(path);
			continue;
		}
		ret->undo = lkb_undo_remove_dir(path);
		ret->fd = fd;
		ret->path = LKB_STEAL(path);
		return 0;
	}
	return lkb_fail(err, LKB_IO, "private directories in '%s' vanish as soon as they are made",
			base);
}

void lkb_tmpdir_clear(struct lkb_tmpdir *d)
{
	if (!d->path)
		return;
	lkb_remove_tree(d->path, NULL);
	lkb_undo_forget(d->undo);
	close(d->fd);
	free(d->path);
	d->path = NULL;
}

/* Not every file system has files without a name. */
static int open_and_unlink(const char *dir)
{
	lkb_autofree char *path = lkb_format("%s/XXXXXX.tmp", dir);
	int fd = mkostemps(path, strlen(".tmp"), O_CLOEXEC);

	if (fd >= 0)
		unlink(path);
	return fd;
}

int lkb_nameless_file(const char *dir, int *ret_fd, struct lkb_error *err)
{
	const char *where = dir ? dir : base_dir();
	int fd = open(where, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		fd = open_and_unlink(where);
	if (fd < 0)
		return lkb_fail_errno(err, "cannot make a temporary file in '%s'", where);
	*ret_fd = fd;
	return 0;
}
