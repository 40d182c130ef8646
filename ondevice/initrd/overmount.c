/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/initrd/overmount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "ondevice/common/slurp.h"

#define TMPFS_AT "/settings"

int lkb_overmount_begin(const char *new_root, struct lkb_overmount *ret, struct lkb_error *err)
{
	lkb_autofd fd = open(new_root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return lkb_fail_errno(err, "cannot open '%s'", new_root);
	if (mkdir(TMPFS_AT, 0700) < 0 && errno != EEXIST)
		return lkb_fail_errno(err, "cannot make '" TMPFS_AT "'");
	if (mount("tmpfs", TMPFS_AT, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "size=2m,mode=0755") < 0)
		return lkb_fail_errno(err, "cannot mount a tmpfs on '" TMPFS_AT "'");
	*ret = (struct lkb_overmount){.new_root = new_root, .root_fd = lkb_steal_fd(&fd)};
	return 0;
}

void lkb_overmount_end(struct lkb_overmount *o)
{
	close(o->root_fd);
	umount2(TMPFS_AT, MNT_DETACH);
	rmdir(TMPFS_AT);
}

/* An absolute link of the new root leads into the new root. */
static int open_inside(const struct lkb_overmount *o, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, o->root_fd, path, &how, sizeof(how));
}

char *lkb_overmount_read(const struct lkb_overmount *o, const char *path, size_t max)
{
	lkb_autofd fd = open_inside(o, path, O_RDONLY | O_NONBLOCK);
	lkb_autofree char *name = lkb_format("/proc/self/fd/%d", fd);
	char *text;

	return fd < 0 || lkb_slurp(name, max, &text, NULL) ? NULL : text;
}

static int write_file(const char *path, mode_t mode, const void *text, size_t n,
		      struct lkb_error *err)
{
	lkb_autofd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return lkb_fail_errno(err, "cannot make '%s'", path);
	if (lkb_write_full(fd, text, n, path, err))
		return -1;
	return fchmod(fd, mode) < 0 ? lkb_fail_errno(err, "cannot change '%s'", path) : 0;
}

int lkb_overmount_file(struct lkb_overmount *o, const char *path, mode_t mode, const void *text,
		       size_t n, struct lkb_error *err)
{
	static const unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
	lkb_autofree char *file = lkb_format(TMPFS_AT "/%u", o->n);
	lkb_autofd fd = open_inside(o, path, O_PATH);
	lkb_autofree char *target = lkb_format("/proc/self/fd/%d", fd);
	lkb_autofd placed = -1;
	lkb_autofree char *there = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return lkb_fail(err, LKB_INPUT, "the root has no such file to put it over");
	o->n++;
	if (write_file(file, mode, text, n, err))
		return -1;
	if (mount(file, target, NULL, MS_BIND, NULL) < 0)
		return lkb_fail_errno(err, "cannot mount over it");
	/* The descriptor is of what is below the mount: the name leads to the mount itself. */
	placed = open_inside(o, path, O_PATH);
	there = lkb_format("/proc/self/fd/%d", placed);
	if (placed < 0 || mount(NULL, there, NULL, MS_REMOUNT | MS_BIND | flags, NULL) < 0)
		return lkb_fail_errno(err, "cannot make it read-only");
	return 0;
}
