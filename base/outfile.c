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

/* Opens and locks the temporary. Between open and lock another process may have renamed or removed
 * it; then what is locked is no longer what the name says, and the turn is taken again. */
static int open_locked(const char *tmp, const char *path, mode_t mode, int *ret_fd,
		       struct lkb_error *err)
{
	int tries;

	for (tries = 0; tries < 16; tries++) {
		struct stat by_fd, by_name;
		lkb_autofd fd = open(tmp, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode);

		if (fd < 0)
			return lkb_fail_errno(err, "cannot make '%s'", path);
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			if (errno != EWOULDBLOCK)
				return lkb_fail_errno(err, "cannot lock '%s'", tmp);
			lkb_fail(err, LKB_REFUSED, "another lkboard is writing '%s'", path);
			return lkb_hint(err, "wait for it, or choose another --out or --name");
		}
		if (fstat(fd, &by_fd) || stat(tmp, &by_name) || by_fd.st_ino != by_name.st_ino)
			continue;
		*ret_fd = lkb_steal_fd(&fd);
		return 0;
	}
	return lkb_fail(err, LKB_REFUSED, "another lkboard keeps writing '%s'", path);
}

int lkb_outfile_open(const char *path, mode_t mode, struct lkb_outfile *ret, struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_path_dirname(path);
	lkb_autofree char *tmp = lkb_format("%s/.%s.lkb-tmp", dir, lkb_path_basename(path));
	lkb_autofd fd = -1;
	struct stat st;

	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return lkb_fail(err, LKB_IO, "'%s' is there and is no regular file", path);
	if (open_locked(tmp, path, mode, &fd, err))
		return -1;
	ret->undo = lkb_undo_unlink(tmp);
	if (ftruncate(fd, 0) < 0) {
		lkb_fail_errno(err, "cannot empty '%s'", tmp);
		unlink(tmp);
		lkb_undo_forget(ret->undo);
		ret->undo = -1;
		return -1;
	}
	ret->fd = lkb_steal_fd(&fd);
	ret->path = lkb_format("%s", path);
	ret->tmp_path = LKB_STEAL(tmp);
	return 0;
}

int lkb_outfile_commit(struct lkb_outfile *f, struct lkb_error *err)
{
	if (fsync(f->fd) < 0)
		return lkb_fail_errno(err, "cannot flush '%s'", f->path);
	if (rename(f->tmp_path, f->path) < 0)
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
