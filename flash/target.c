/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"

/* How long others, udev above all, may hold it before we give up. */
#define PATIENCE_MS 5000
#define STEP_MS 100

static int open_error(const struct lkb_device *dev, struct lkb_error *err)
{
	static const struct {
		int error;
		const char *says, *hint;
	} known[] = {
		{EBUSY, "is in use by another program, or was mounted a moment ago",
		 "unmount it, close what uses it, and try again; 'lkboard devices' says who it is"},
		{EROFS, "is write-protected", "move the card's lock switch, or take another one"},
		{EACCES, "may not be opened by you", "run lkboard flash as root (sudo)"},
		{EPERM, "may not be opened by you", "run lkboard flash as root (sudo)"},
		{ENOMEDIUM, "has no card in it", "put one in"},
		{ELOOP, "is a symbolic link now", "give the device itself"},
	};
	int error = errno;

	for (size_t i = 0; i < LKB_ARRAY_SIZE(known); i++) {
		if (known[i].error != error)
			continue;
		lkb_fail(err, LKB_REFUSED, "'%s' %s", dev->path, known[i].says);
		return lkb_hint(err, "%s", known[i].hint);
	}
	return lkb_fail_errno(err, "cannot open '%s'", dev->path);
}

/* udev looks at a device for a moment when it was written to; that is worth a short wait. */
static int open_patiently(const char *path, int flags)
{
	uint64_t end = lkb_clock_monotonic_ms() + PATIENCE_MS;
	int fd;

	while ((fd = open(path, flags)) < 0 && errno == EBUSY && lkb_clock_monotonic_ms() < end)
		lkb_clock_sleep_ms(STEP_MS);
	return fd;
}

static int lock(int fd, const struct lkb_device *dev, struct lkb_error *err)
{
	uint64_t end = lkb_clock_monotonic_ms() + PATIENCE_MS;

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return lkb_fail_errno(err, "cannot lock '%s'", dev->path);
		if (lkb_clock_monotonic_ms() >= end) {
			lkb_fail(err, LKB_REFUSED, "'%s' is locked by another program", dev->path);
			return lkb_hint(err, "is another lkboard flash writing to it?");
		}
		lkb_clock_sleep_ms(STEP_MS);
	}
	return 0;
}

/* Past the page cache, where the file system can and the file's end lets us. */
static int open_any(const struct lkb_device *dev, const char *path, int flags, bool *ret_direct)
{
	int fd = -1;

	*ret_direct = dev->kind == LKB_DEVICE_DISK || dev->size % LKB_IO_ALIGN == 0;
	if (*ret_direct)
		fd = open_patiently(path, flags | O_DIRECT);
	if (fd < 0 && (!*ret_direct || errno == EINVAL)) {
		*ret_direct = false;
		fd = open_patiently(path, flags);
	}
	return fd;
}

int lkb_target_open(const struct lkb_device *dev, bool for_writing, const char *io_kind,
		    struct lkb_target *ret, struct lkb_error *err)
{
	lkb_autofree char *real = realpath(dev->path, NULL);
	bool is_block = dev->kind == LKB_DEVICE_DISK;
	int flags = O_CLOEXEC | O_NOFOLLOW | (for_writing ? O_RDWR : O_RDONLY) |
		    (is_block && for_writing ? O_EXCL : 0);
	struct lkb_target t = {.name = dev->path, .is_block = is_block, .size = dev->size};
	lkb_autofd fd = -1;

	if (!real)
		return open_error(dev, err);
	fd = open_any(dev, real, flags, &t.is_direct);
	if (fd < 0)
		return open_error(dev, err);
	if ((for_writing && lock(fd, dev, err)) || (for_writing && lkb_device_same(dev, fd, err)))
		return -1;
	t.sector = !t.is_direct ? 1 : is_block ? dev->logical : LKB_IO_ALIGN;
	if (lkb_io_open(&t.io, io_kind, fd, t.sector, is_block, err))
		return -1;
	t.fd = lkb_steal_fd(&fd);
	*ret = t;
	return 0;
}

void lkb_target_close(struct lkb_target *t)
{
	if (t->fd < 0)
		return;
	lkb_io_close(&t->io);
	close(t->fd);
	t->fd = -1;
}

void lkb_target_reread(struct lkb_target *t)
{
	uint64_t end = lkb_clock_monotonic_ms() + PATIENCE_MS;

	if (!t->is_block)
		return;
	/* udev must see the whole of it, and is waiting for the lock. */
	flock(t->fd, LOCK_UN);
	while (ioctl(t->fd, BLKRRPART, 0) && errno == EBUSY && lkb_clock_monotonic_ms() < end)
		lkb_clock_sleep_ms(STEP_MS);
}
