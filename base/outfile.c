/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "base/undo.h"

/* 1 = locked, 0 = it changed meanwhile, -1 = failed. */
static int lock_named(int fd, const char *tmp, const char *path, struct lkb_error *err)
{
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return lkb_is_named(fd, tmp);
	if (errno != EWOULDBLOCK)
		return lkb_fail_errno(err, "cannot lock '%s'", tmp);
	lkb_fail(err, LKB_REFUSED, "another lkboard is writing '%s'", path);
	return lkb_hint(err, "wait for it, or choose another --out or --name");
}

/* What a killed process left behind is removed, not written over: it may have another owner, mode
 * or name. Whoever still writes it holds its lock. */
static int remove_leftover(const char *tmp, const char *path, struct lkb_error *err)
{
	lkb_autofd fd = open(tmp, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int r;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 && errno != ELOOP && errno != ENXIO)
		return lkb_fail_errno(err, "cannot take over '%s'", tmp);
	r = fd < 0 ? 1 : lock_named(fd, tmp, path, err);
	if (r > 0 && unlink(tmp) < 0 && errno != ENOENT)
		return lkb_fail_errno(err, "cannot remove '%s'", tmp);
	return r < 0 ? -1 : 0;
}

static int open_locked(const char *tmp, const char *path, mode_t mode, int *ret_fd,
		       struct lkb_error *err)
{
	int tries, r;

	for (tries = 0; tries < 16; tries++) {
		lkb_autofd fd = open(tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);

		if (fd < 0 && errno != EEXIST)
			return lkb_fail_errno(err, "cannot make '%s'", path);
		r = fd < 0 ? remove_leftover(tmp, path, err) : lock_named(fd, tmp, path, err);
		if (r > 0)
			*ret_fd = lkb_steal_fd(&fd);
		if (r)
			return r < 0 ? -1 : 0;
	}
	return lkb_fail(err, LKB_REFUSED, "another lkboard keeps writing '%s'", path);
}

int lkb_outfile_open(const char *path, mode_t mode, struct lkb_outfile *ret, struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_path_dirname(path);
	lkb_autofree char *tmp = lkb_format("%s/.%s.lkb-tmp", dir, lkb_path_basename(path));
	struct stat st;

	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return lkb_fail(err, LKB_IO, "'%s' is there and is no regular file", path);
	if (open_locked(tmp, path, mode, &ret->fd, err))
		return -1;
	ret->undo = lkb_undo_unlink(tmp);
	ret->path = lkb_format("%s", path);
	ret->tmp_path = LKB_STEAL(tmp);
	return 0;
}

void lkb_outfile_keep(const char *path, struct lkb_outfile *ret)
{
	*ret = (struct lkb_outfile)LKB_OUTFILE_INIT;
	ret->path = lkb_format("%s", path);
	ret->is_flushed = true;
}

int lkb_outfile_flush(struct lkb_outfile *f, struct lkb_error *err)
{
	if (!f->is_flushed && fsync(f->fd) < 0)
		return lkb_fail_errno(err, "cannot flush '%s'", f->path);
	f->is_flushed = true;
	return 0;
}

int lkb_outfile_commit(struct lkb_outfile *f, struct lkb_error *err)
{
	if (lkb_outfile_flush(f, err))
		return -1;
	if (f->tmp_path && rename(f->tmp_path, f->path) < 0)
		return lkb_fail_errno(err, "cannot give '%s' its name", f->path);
	lkb_undo_forget(f->undo);
	f->undo = -1;
	free(f->tmp_path);
	f->tmp_path = NULL;
	return 0;
}

void lkb_outfile_clear(struct lkb_outfile *f)
{
	if (f->tmp_path)
		unlink(f->tmp_path);
	lkb_undo_forget(f->undo);
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	free(f->tmp_path);
	*f = (struct lkb_outfile)LKB_OUTFILE_INIT;
}

int lkb_write_file(const char *path, const void *buf, size_t n, mode_t mode, struct lkb_error *err)
{
	lkb_autooutfile f = LKB_OUTFILE_INIT;

	if (lkb_outfile_open(path, mode, &f, err) || lkb_write_full(f.fd, buf, n, path, err))
		return -1;
	return lkb_outfile_commit(&f, err);
}
