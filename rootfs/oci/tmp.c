/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/path.h"
#include "base/undo.h"
#include "rootfs/oci/store_priv.h"

/* Between open and lock a sweep may have taken the file for a leftover and removed it: then the
 * lock is on a file without a name. 1 = try again. */
static int lock_new(int fd, const char *path, struct lkb_error *err)
{
	struct stat st;

	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? 1 : lkb_fail_errno(err, "cannot lock '%s'", path);
	if (fstat(fd, &st))
		return lkb_fail_errno(err, "cannot look at '%s'", path);
	return !st.st_nlink;
}

static int open_once(const char *path, int *ret_fd, struct lkb_error *err)
{
	lkb_autofd fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int again;

	if (fd < 0)
		return errno == EEXIST ? 1 : lkb_fail_errno(err, "cannot make '%s'", path);
	again = lock_new(fd, path, err);
	if (again < 0)
		unlink(path);
	if (again)
		return again;
	*ret_fd = lkb_steal_fd(&fd);
	return 0;
}

static char *new_name(const struct lkb_store *s)
{
	static atomic_uint counter;

	return lkb_format("%s/tmp/%d-%u.tmp", s->dir, (int)getpid(),
			  atomic_fetch_add(&counter, 1));
}

static int no_name(const struct lkb_store *s, struct lkb_error *err)
{
	return lkb_fail(err, LKB_IO, "cannot find a free name in '%s/tmp'", s->dir);
}

int lkb_store_tmp_open(const struct lkb_store *s, struct lkb_store_tmp *ret, struct lkb_error *err)
{
	int again = 1;

	for (unsigned tries = 0; again > 0 && tries < 1000; tries++) {
		lkb_autofree char *path = new_name(s);

		again = open_once(path, &ret->fd, err);
		if (!again) {
			ret->undo = lkb_undo_unlink(path);
			ret->path = LKB_STEAL(path);
		}
	}
	return again > 0 ? no_name(s, err) : again;
}

/* The same for a directory. */
static int make_dir_once(const char *path, int *ret_fd, struct lkb_error *err)
{
	lkb_autofd fd = -1;
	int again;

	if (mkdir(path, 0777))
		return errno == EEXIST ? 1 : lkb_fail_errno(err, "cannot make '%s'", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0)
		again = lock_new(fd, path, err);
	else
		again = errno == ENOENT ? 1 : lkb_fail_errno(err, "cannot open '%s'", path);
	if (again < 0)
		rmdir(path);
	if (again)
		return again;
	*ret_fd = lkb_steal_fd(&fd);
	return 0;
}

int lkb_store_tmp_dir(const struct lkb_store *s, int *ret_fd, char **ret_path,
		      struct lkb_error *err)
{
	int again = 1;

	for (unsigned tries = 0; again > 0 && tries < 1000; tries++) {
		lkb_autofree char *path = new_name(s);

		again = make_dir_once(path, ret_fd, err);
		if (!again)
			*ret_path = LKB_STEAL(path);
	}
	return again > 0 ? no_name(s, err) : again;
}

int lkb_store_tmpdir(const struct lkb_store *s, struct lkb_tmpdir *ret, struct lkb_error *err)
{
	if (lkb_store_tmp_dir(s, &ret->fd, &ret->path, err))
		return -1;
	ret->undo = lkb_undo_remove_dir(ret->path);
	return 0;
}

const char *lkb_store_scratch(const struct lkb_store *s)
{
	return s->scratch;
}

/* A rename is on the disk once its directory is. */
static int flush_dir_of(const char *path, struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_path_dirname(path);
	lkb_autofd fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd))
		return lkb_fail_errno(err, "cannot flush '%s'", dir);
	return 0;
}

int lkb_store_tmp_rename(struct lkb_store_tmp *t, const char *path, struct lkb_error *err)
{
	if (rename(t->path, path))
		return lkb_fail_errno(err, "cannot give '%s' its name", path);
	lkb_undo_forget(t->undo);
	t->undo = -1;
	free(t->path);
	t->path = NULL;
	return 0;
}

static int flush(const struct lkb_store_tmp *t, struct lkb_error *err)
{
	return fsync(t->fd) ? lkb_fail_errno(err, "cannot flush '%s'", t->path) : 0;
}

int lkb_store_tmp_commit(struct lkb_store_tmp *t, const char *path, struct lkb_error *err)
{
	if (flush(t, err) || lkb_store_tmp_rename(t, path, err))
		return -1;
	return flush_dir_of(path, err);
}

void lkb_store_tmp_clear(struct lkb_store_tmp *t)
{
	if (t->path)
		unlink(t->path);
	lkb_undo_forget(t->undo);
	if (t->fd >= 0)
		close(t->fd);
	free(t->path);
	*t = (struct lkb_store_tmp)LKB_STORE_TMP_INIT;
}

/* Who can lock it knows that nobody writes it. Another sweep may have removed it between open and
 * lock, and the name be somebody's new file: process numbers repeat where containers share a store.
 * What is locked and has its name keeps it. */
static void sweep_one(const struct lkb_store *s, int dir_fd, const char *name)
{
	lkb_autofree char *path = lkb_format("%s/tmp/%s", s->dir, name);
	lkb_autofd fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) || fstat(fd, &st) || !st.st_nlink)
		return;
	if (S_ISDIR(st.st_mode))
		lkb_remove_tree(path, NULL);
	else
		unlinkat(dir_fd, name, 0);
}

void lkb_store_sweep(const struct lkb_store *s)
{
	lkb_autofree char *path = lkb_format("%s/tmp", s->dir);
	DIR *dir = opendir(path);
	struct dirent *e;

	if (!dir)
		return;
	while ((e = readdir(dir)))
		if (lkb_ends_with(e->d_name, ".tmp"))
			sweep_one(s, dirfd(dir), e->d_name);
	closedir(dir);
}

bool lkb_store_has_blob(const struct lkb_store *s, const struct lkb_sha256 *digest, uint64_t size)
{
	lkb_autofree char *path = lkb_layout_blob_path(s->dir, digest);
	struct stat st;

	return !lstat(path, &st) && S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
}

int lkb_store_put_bytes(const struct lkb_store *s, const void *p, size_t n,
			struct lkb_sha256 *ret, struct lkb_error *err)
{
	struct lkb_sha256 digest = lkb_sha256(p, n);
	lkb_autofree char *path = lkb_layout_blob_path(s->dir, &digest);
	lkb_autostoretmp tmp = LKB_STORE_TMP_INIT;

	if (!lkb_store_has_blob(s, &digest, n) &&
	    (lkb_store_tmp_open(s, &tmp, err) || lkb_write_full(tmp.fd, p, n, path, err) ||
	     lkb_store_tmp_commit(&tmp, path, err)))
		return -1;
	*ret = digest;
	return 0;
}
