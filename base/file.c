/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/path.h"

int lkb_pread_full(int fd, void *buf, size_t n, uint64_t off, const char *name,
		   struct lkb_error *err)
{
	char *p = buf;

	while (n) {
		ssize_t got = pread(fd, p, n, (off_t)off);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return lkb_fail_errno(err, "cannot read '%s'", name);
		if (!got)
			return lkb_fail(err, LKB_IO, "'%s' ends early, at byte %llu", name,
					(unsigned long long)off);
		p += got;
		off += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

int lkb_pwrite_full(int fd, const void *buf, size_t n, uint64_t off, const char *name,
		    struct lkb_error *err)
{
	const char *p = buf;

	while (n) {
		ssize_t put = pwrite(fd, p, n, (off_t)off);

		if (put < 0 && errno == EINTR)
			continue;
		if (!put)
			errno = ENOSPC; /* a device's end; asking again would never end */
		if (put <= 0)
			return lkb_fail_errno(err, "cannot write '%s'", name);
		p += put;
		off += (uint64_t)put;
		n -= (size_t)put;
	}
	return 0;
}

int lkb_write_full(int fd, const void *buf, size_t n, const char *name, struct lkb_error *err)
{
	const char *p = buf;

	while (n) {
		ssize_t put = write(fd, p, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (!put)
			errno = ENOSPC; /* a device's end; asking again would never end */
		if (put <= 0)
			return lkb_fail_errno(err, "cannot write '%s'", name);
		p += put;
		n -= (size_t)put;
	}
	return 0;
}

void lkb_write_behind(int fd, uint64_t off, uint64_t n)
{
	sync_file_range(fd, (off_t)off, (off_t)n, SYNC_FILE_RANGE_WRITE);
}

int lkb_read_upto(int fd, void *buf, size_t n, size_t *ret_n, const char *name,
		  struct lkb_error *err)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = read(fd, (char *)buf + have, n - have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return lkb_fail_errno(err, "cannot read '%s'", name);
		if (!got)
			break;
		have += (size_t)got;
	}
	*ret_n = have;
	return 0;
}

static const char *kind_of(mode_t mode)
{
	return S_ISDIR(mode)    ? "a directory"
	       : S_ISFIFO(mode) ? "a pipe"
	       : S_ISSOCK(mode) ? "a socket"
				: "a device";
}

/* A name that is nearly one of the files beside it is a slip. */
static int fail_open(const char *path, struct lkb_error *err)
{
	bool missing = errno == ENOENT;
	lkb_autofree char *near = NULL;

	lkb_fail_errno(err, "cannot open '%s'", path);
	near = missing && err ? lkb_near_file(path) : NULL;
	return near ? lkb_hint(err, "did you mean '%s'?", near) : -1;
}

static int open_read(const char *path, bool or_device, int *ret_fd, uint64_t *ret_size,
		     struct lkb_error *err)
{
	lkb_autofd fd = -1;
	struct stat st;
	off_t size;

	/* O_NONBLOCK: a FIFO in the way must not hang us. It means nothing for regular files. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fail_open(path, err);
	if (fstat(fd, &st) < 0)
		return lkb_fail_errno(err, "cannot look at '%s'", path);
	if (!S_ISREG(st.st_mode) && !(or_device && S_ISBLK(st.st_mode)))
		return lkb_fail(err, LKB_INPUT, "'%s' is %s, not a regular file", path,
				kind_of(st.st_mode));
	size = S_ISBLK(st.st_mode) ? lseek(fd, 0, SEEK_END) : st.st_size;
	if (size < 0)
		return lkb_fail_errno(err, "cannot tell the size of '%s'", path);
	if (ret_size)
		*ret_size = (uint64_t)size;
	*ret_fd = lkb_steal_fd(&fd);
	return 0;
}

int lkb_open_read(const char *path, int *ret_fd, uint64_t *ret_size, struct lkb_error *err)
{
	return open_read(path, false, ret_fd, ret_size, err);
}

int lkb_open_disk(const char *path, int *ret_fd, uint64_t *ret_size, struct lkb_error *err)
{
	return open_read(path, true, ret_fd, ret_size, err);
}

int lkb_read_file(const char *path, size_t max, char **ret, size_t *ret_len, struct lkb_error *err)
{
	lkb_autofd fd = -1;
	lkb_autofree char *buf = NULL;
	uint64_t size;
	size_t n;

	if (lkb_open_read(path, &fd, &size, err))
		return -1;
	if (size > max)
		return lkb_fail(err, LKB_INPUT, "'%s' is %llu bytes large, at most %zu are read",
				path, (unsigned long long)size, max);
	buf = lkb_alloc(size + 1);
	if (lkb_read_upto(fd, buf, size, &n, path, err))
		return -1;
	buf[n] = '\0';
	*ret_len = n;
	*ret = LKB_STEAL(buf);
	return 0;
}

int lkb_lock_file(const char *path, bool shared, int *ret_fd, struct lkb_error *err)
{
	lkb_autofd fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0)
		return lkb_fail_errno(err, "cannot open the lock '%s'", path);
	while (flock(fd, shared ? LOCK_SH : LOCK_EX) < 0)
		if (errno != EINTR)
			return lkb_fail_errno(err, "cannot lock '%s'", path);
	*ret_fd = lkb_steal_fd(&fd);
	return 0;
}

bool lkb_is_named(int fd, const char *path)
{
	struct stat by_fd, by_name;

	return !fstat(fd, &by_fd) && !lstat(path, &by_name) && by_fd.st_dev == by_name.st_dev &&
	       by_fd.st_ino == by_name.st_ino;
}
