/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LD_PRELOAD=shim.so PROGRAM: reads and writes of the files named SHIM_FILES (real paths, separated by
 * ':') as a bad day has them. For programs that call libc; io_uring passes by.
 *
 *	SHIM_SHORT=N	a transfer moves at most N bytes
 *	SHIM_EINTR=K	every K-th call is interrupted before it moved anything
 *	SHIM_FSYNC=ERRNO	fsync and fdatasync fail with this number
 *	SHIM_LOG=FILE	one letter a fault: s, i, f
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/uio.h>
#include <unistd.h>

static unsigned long setting(const char *name)
{
	const char *s = getenv(name);

	return s ? strtoul(s, NULL, 10) : 0;
}

static void note(const char *letter)
{
	static int fd = -1;
	static ssize_t (*real_write)(int, const void *, size_t);
	const char *path = getenv("SHIM_LOG");

	if (!path)
		return;
	if (!real_write)
		real_write = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
	if (fd < 0)
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && real_write(fd, letter, 1) != 1)
		return;
}

static bool is_watched(int fd)
{
	const char *list = getenv("SHIM_FILES");
	char link[32], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path));
	while (n > 0 && list && *list) {
		size_t len = strcspn(list, ":");

		if (len == (size_t)n && memcmp(list, path, len) == 0)
			return true;
		list += len + (list[len] == ':');
	}
	return false;
}

/* True if this call is to be interrupted; else *n is what it may move. */
static bool spoil(int fd, size_t *n)
{
	static atomic_ulong calls;
	unsigned long most = setting("SHIM_SHORT"), every = setting("SHIM_EINTR");
	int saved = errno;

	if (!is_watched(fd)) {
		errno = saved;
		return false;
	}
	if (every && (atomic_fetch_add(&calls, 1) + 1) % every == 0) {
		note("i");
		errno = EINTR;
		return true;
	}
	if (most && *n > most) {
		note("s");
		*n = most;
	}
	errno = saved;
	return false;
}

/* A vector cut down to n bytes; of longer ones than `max` the front. */
static int cut(const struct iovec *from, int count, size_t n, struct iovec *to, int max)
{
	int i;

	for (i = 0; i < count && i < max && n > 0; i++) {
		to[i] = from[i];
		if (to[i].iov_len > n)
			to[i].iov_len = n;
		n -= to[i].iov_len;
	}
	return i;
}

static size_t total(const struct iovec *v, int count)
{
	size_t n = 0;

	for (int i = 0; i < count; i++)
		n += v[i].iov_len;
	return n;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define WITH_BUFFER(name, buffer)                                                                   \
	ssize_t name(int fd, buffer, size_t n)                                                      \
	{                                                                                           \
		return spoil(fd, &n) ? -1 : REAL(name)(fd, p, n);                                   \
	}

#define WITH_OFFSET(name, buffer)                                                                   \
	ssize_t name(int fd, buffer, size_t n, off_t off)                                           \
	{                                                                                           \
		return spoil(fd, &n) ? -1 : REAL(name)(fd, p, n, off);                              \
	}

#define WITH_VECTOR(name)                                                                           \
	ssize_t name(int fd, const struct iovec *v, int count, off_t off)                           \
	{                                                                                           \
		struct iovec some[16];                                                              \
		size_t n = total(v, count);                                                         \
                                                                                                    \
		if (spoil(fd, &n))                                                                  \
			return -1;                                                                  \
		return REAL(name)(fd, some, cut(v, count, n, some, 16), off);                       \
	}

WITH_BUFFER(read, void *p)
WITH_BUFFER(write, const void *p)
WITH_OFFSET(pread64, void *p)
WITH_OFFSET(pwrite64, const void *p)
WITH_VECTOR(preadv64)
WITH_VECTOR(pwritev64)

/* The names of programs that were built without large files. */
#undef pread
#undef pwrite
ssize_t plain_pread(int fd, void *p, size_t n, off_t off) __asm__("pread");
ssize_t plain_pwrite(int fd, const void *p, size_t n, off_t off) __asm__("pwrite");

ssize_t plain_pread(int fd, void *p, size_t n, off_t off)
{
	return spoil(fd, &n) ? -1 : REAL(pread64)(fd, p, n, off);
}

ssize_t plain_pwrite(int fd, const void *p, size_t n, off_t off)
{
	return spoil(fd, &n) ? -1 : REAL(pwrite64)(fd, p, n, off);
}

static bool fails_flush(int fd)
{
	int number = (int)setting("SHIM_FSYNC");

	if (number == 0 || !is_watched(fd))
		return false;
	note("f");
	errno = number;
	return true;
}

int fsync(int fd)
{
	return fails_flush(fd) ? -1 : REAL(fsync)(fd);
}

int fdatasync(int fd)
{
	return fails_flush(fd) ? -1 : REAL(fdatasync)(fd);
}
