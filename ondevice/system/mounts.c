/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "ondevice/common/say.h"

enum need {
	MUST,        /* nothing works without */
	SHOULD,      /* said if it fails */
	IF_OFFERED,  /* only where the kernel has it */
};

static const struct {
	const char *type, *at;
	unsigned long flags;
	const char *data;
	enum need need;
} table[] = {
	{"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, MUST},
	{"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, MUST},
	{"devtmpfs", "/dev", MS_NOSUID, "mode=0755", MUST},
	{"tmpfs", "/run", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=10%,mode=0755", MUST},
	{"tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "size=10%,mode=1777", SHOULD},
	{"tmpfs", "/var", MS_NOSUID | MS_NODEV, "size=50%,mode=0755", MUST},
	{"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=0620,ptmxmode=0666", SHOULD},
	{"tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777", SHOULD},
	{"mqueue", "/dev/mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, IF_OFFERED},
	{"cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, "nsdelegate", SHOULD},
	{"securityfs", "/sys/kernel/security", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, IF_OFFERED},
	{"debugfs", "/sys/kernel/debug", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, IF_OFFERED},
	{"bpf", "/sys/fs/bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700", IF_OFFERED},
	{"pstore", "/sys/fs/pstore", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, IF_OFFERED},
};

/* Offered only once a driver is loaded, or by some machines. */
static const struct {
	const char *type, *at;
} late[] = {
	{"binfmt_misc", "/proc/sys/fs/binfmt_misc"},
	{"configfs", "/sys/kernel/config"},
	{"efivarfs", "/sys/firmware/efi/efivars"},
	{"fusectl", "/sys/fs/fuse/connections"},
	{"selinuxfs", "/sys/fs/selinux"},
};

static const struct {
	const char *path;
	mode_t mode;
} directories[] = {
	{"/run/lock", 0755},
	{"/run/log", 0755},
	{"/run/resolvconf", 0755},
	{"/run/lkboard", 0700},
	{"/tmp/etc", 0755}, /* specs of 2017 bind it on /etc */
	{"/var/cache", 0755},
	{"/var/empty", 0755},
	{"/var/lib", 0755},
	{"/var/local", 0755},
	{"/var/log", 0755},
	{"/var/log/onboot", 0755},
	{"/var/opt", 0755},
	{"/var/spool", 0755},
	{"/var/tmp", 01777},
};

static const struct {
	const char *target, *path;
} links[] = {
	{"/run", "/var/run"},
	{"/run/lock", "/var/lock"},
	{"/proc/self/fd", "/dev/fd"},
	{"/proc/self/fd/0", "/dev/stdin"},
	{"/proc/self/fd/1", "/dev/stdout"},
	{"/proc/self/fd/2", "/dev/stderr"},
};

/* A directory on another device than the one above it. */
static bool is_mount_point(const char *path)
{
	lkb_autofree char *above = lkb_format("%s/..", path);
	struct stat a, b;

	return !stat(path, &a) && !stat(above, &b) && a.st_dev != b.st_dev;
}

static int mount_table(struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(table); i++) {
		const char *at = table[i].at;

		mkdir(at, 0755);
		if (is_mount_point(at) ||
		    !mount(table[i].type, at, table[i].type, table[i].flags, table[i].data))
			continue;
		lkb_fail_errno(err, "cannot mount %s on '%s'", table[i].type, at);
		if (table[i].need == MUST)
			return -1;
		if (table[i].need == SHOULD)
			lkb_say_error(err, "going on without it");
	}
	return 0;
}

int lkb_mounts_setup(struct lkb_error *err)
{
	size_t i;

	if (mount_table(err))
		return -1;
	for (i = 0; i < LKB_ARRAY_SIZE(directories); i++) {
		mkdir(directories[i].path, directories[i].mode);
		chmod(directories[i].path, directories[i].mode);
	}
	for (i = 0; i < LKB_ARRAY_SIZE(links); i++)
		if (symlink(links[i].target, links[i].path) < 0 && errno != EEXIST) {
			lkb_fail_errno(err, "cannot make the link '%s'", links[i].path);
			lkb_say_error(err, "going on without it");
		}
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
		return lkb_fail_errno(err, "cannot make '/' read-only");
	if (mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) < 0)
		return lkb_fail_errno(err, "cannot share the mounts with containers");
	return 0;
}

void lkb_mounts_late(void)
{
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(late); i++)
		if (!access(late[i].at, F_OK) && !is_mount_point(late[i].at))
			mount(late[i].type, late[i].at, late[i].type,
			      MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static bool is_kernels_own(const char *path)
{
	static const char *const below[] = {"/dev", "/proc", "/sys"};
	size_t i;

	if (!strcmp(path, "/"))
		return true;
	for (i = 0; i < LKB_ARRAY_SIZE(below); i++) {
		size_t n = strlen(below[i]);

		if (!strncmp(path, below[i], n) && (path[n] == '/' || !path[n]))
			return true;
	}
	return false;
}

void lkb_mounts_teardown(void)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	lkb_autostrv points = {0};
	struct mntent *m;
	size_t i;

	if (!f)
		return;
	while ((m = getmntent(f)))
		if (!is_kernels_own(m->mnt_dir))
			lkb_strv_add(&points, m->mnt_dir);
	endmntent(f);
	for (i = points.n; i; i--)
		if (umount(points.items[i - 1]) < 0)
			mount(NULL, points.items[i - 1], NULL, MS_REMOUNT | MS_RDONLY, NULL);
}
