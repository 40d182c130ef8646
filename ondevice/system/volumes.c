/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/volumes.h"

#include <dirent.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "ondevice/common/say.h"

struct volume {
	char *lower, *tmp, *merged, *upper, *work, *marker;
};

static void volume_clear(struct volume *v)
{
	free(v->lower);
	free(v->tmp);
	free(v->merged);
	free(v->upper);
	free(v->work);
	free(v->marker);
}

static bool is_directory(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static int show_read_only(const struct volume *v, struct lkb_error *err)
{
	if (mount(v->lower, v->merged, NULL, MS_BIND, NULL) < 0)
		return lkb_fail_errno(err, "cannot mount '%s' on '%s'", v->lower, v->merged);
	if (!mount(NULL, v->merged, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL))
		return 0;
	lkb_fail_errno(err, "cannot make '%s' read-only", v->merged);
	umount2(v->merged, MNT_DETACH);
	return -1;
}

/* The upper directory is what containers see: it looks as the lower one does. */
static int make_upper(const struct volume *v, struct lkb_error *err)
{
	struct stat st;

	if (stat(v->lower, &st) < 0 || mkdir(v->upper, 0755) < 0 || mkdir(v->work, 0755) < 0 ||
	    chown(v->upper, st.st_uid, st.st_gid) < 0 || chmod(v->upper, st.st_mode & 07777) < 0)
		return lkb_fail_errno(err, "cannot make '%s'", v->upper);
	return 0;
}

static int show_writable(const struct volume *v, struct lkb_error *err)
{
	lkb_autofree char *data = lkb_format("lowerdir=%s,upperdir=%s,workdir=%s", v->lower,
					     v->upper, v->work);

	if (mount("tmpfs", v->tmp, "tmpfs", 0, NULL) < 0)
		return lkb_fail_errno(err, "cannot mount a tmpfs on '%s'", v->tmp);
	if (!make_upper(v, err)) {
		if (!mount("overlay", v->merged, "overlay", 0, data))
			return 0;
		lkb_fail_errno(err, "cannot mount an overlay on '%s'", v->merged);
	}
	umount2(v->tmp, MNT_DETACH);
	return -1;
}

static void mount_one(const char *dir, const char *name)
{
	__attribute__((cleanup(volume_clear))) struct volume v = {
		.lower = lkb_format("%s/%s/lower", dir, name),
		.tmp = lkb_format("%s/%s/tmp", dir, name),
		.merged = lkb_format("%s/%s/merged", dir, name),
		.upper = lkb_format("%s/%s/tmp/upper", dir, name),
		.work = lkb_format("%s/%s/tmp/work", dir, name),
		.marker = lkb_format("%s/%s/readonly", dir, name),
	};
	bool writable = access(v.marker, F_OK) && is_directory(v.tmp);
	struct lkb_error err;

	if (writable ? show_writable(&v, &err) : show_read_only(&v, &err))
		lkb_say_error(&err, "volume '%s' FAILED", name);
}

void lkb_volumes_mount(const char *dir)
{
	DIR *d = opendir(dir);
	lkb_autostrv names = {0};
	struct dirent *e;
	size_t i;

	if (!d)
		return;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			lkb_strv_add(&names, e->d_name);
	closedir(d);
	lkb_strv_sort(&names);
	for (i = 0; i < names.n; i++)
		mount_one(dir, names.items[i]);
}
