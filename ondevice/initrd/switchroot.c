/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/initrd/switchroot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

static const char *const kernel_mounts[] = {"dev", "proc", "sys"};

bool lkb_on_initramfs(void)
{
	struct statfs fs;

	return !statfs("/", &fs) &&
	       ((unsigned long)fs.f_type == RAMFS_MAGIC || (unsigned long)fs.f_type == TMPFS_MAGIC);
}

static int move_kernel_mounts(const char *new_root, struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(kernel_mounts); i++) {
		lkb_autofree char *from = lkb_format("/%s", kernel_mounts[i]);
		lkb_autofree char *to = lkb_format("%s/%s", new_root, kernel_mounts[i]);

		if (mount(from, to, NULL, MS_MOVE, NULL) < 0)
			return lkb_fail_errno(err, "cannot move '%s' to '%s'", from, to);
	}
	return 0;
}

/* The working directory becomes / for us and, since PID 1 shares it with them, for the kernel's
 * own threads: what they start (modprobe) is found in the new root too. */
static int enter(struct lkb_error *err)
{
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return lkb_fail_errno(err, "cannot move the new root over the old one");
	if (chroot(".") < 0 || chdir("/") < 0)
		return lkb_fail_errno(err, "cannot enter the new root");
	return 0;
}

/* Empties a directory of one file system; what is mounted below is not entered. Takes dir_fd. */
static void empty_directory(int dir_fd, dev_t dev)
{
	DIR *d = fdopendir(dir_fd);
	struct dirent *e;

	if (!d) {
		close(dir_fd);
		return;
	}
	while ((e = readdir(d))) {
		struct stat st;
		int fd;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_dev != dev)
			continue;
		if (!S_ISDIR(st.st_mode)) {
			unlinkat(dirfd(d), e->d_name, 0);
			continue;
		}
		fd = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			empty_directory(fd, dev);
		unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
	}
	closedir(d);
}

int lkb_switch_root(const char *new_root, struct lkb_error *err)
{
	lkb_autofd old = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (old < 0 || fstat(old, &st) < 0)
		return lkb_fail_errno(err, "cannot open '/'");
	if (!lkb_on_initramfs())
		return lkb_fail(err, LKB_REFUSED, "'/' is no initramfs; it is not emptied");
	if (move_kernel_mounts(new_root, err))
		return -1;
	if (chdir(new_root) < 0)
		return lkb_fail_errno(err, "cannot enter '%s'", new_root);
	empty_directory(lkb_steal_fd(&old), st.st_dev);
	return enter(err);
}

int lkb_detach_ram_root(struct lkb_error *err)
{
	static const char at[] = "/mnt";

	if (mkdir(at, 0755) < 0 && errno != EEXIST)
		return lkb_fail_errno(err, "cannot make '%s'", at);
	if (mount("/", at, NULL, MS_BIND, NULL) < 0)
		return lkb_fail_errno(err, "cannot mount '/' on '%s'", at);
	if (move_kernel_mounts(at, err))
		return -1;
	if (chdir(at) < 0)
		return lkb_fail_errno(err, "cannot enter '%s'", at);
	return enter(err);
}
