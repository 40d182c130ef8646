/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/bindns.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "ondevice/system/makedirs.h"

static const char *const kinds[] = {"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"};

static bool is_kind(const char *name)
{
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i], name))
			return true;
	return false;
}

int lkb_bindns_paths(const struct lkb_json *runtime, struct lkb_strv *ret_paths,
		     struct lkb_error *err)
{
	const struct lkb_json *m, *all = lkb_json_get(runtime, "bindNS");
	lkb_autostrv paths = {0};
	size_t i;

	if (all && all->type != LKB_JSON_OBJECT && all->type != LKB_JSON_NULL)
		return lkb_fail(err, LKB_INPUT, "bindNS: an object was expected");
	for (m = all ? all->first : NULL; m; m = m->next) {
		if (m->type != LKB_JSON_STRING || !is_kind(m->key))
			return lkb_fail(err, LKB_INPUT, "bindNS: '%s' is no namespace with a path",
					m->key);
		if (!m->text[0])
			continue;
		if (m->text[0] != '/')
			return lkb_fail(err, LKB_INPUT, "bindNS: the path '%s' is not absolute",
					m->text);
		lkb_strv_add(&paths, m->text);
	}
	for (i = 0; i < paths.n; i++)
		lkb_strv_add(ret_paths, paths.items[i]);
	return 0;
}

/* The kernel lets no mount namespace be mounted where other mount namespaces would get the mount
 * too: the file becomes a mount of its own that is shared with none. */
static int keep_private(const char *path, struct lkb_error *err)
{
	if (mount(path, path, NULL, MS_BIND, NULL) < 0)
		return lkb_fail_errno(err, "cannot mount '%s' on itself", path);
	if (!mount(NULL, path, NULL, MS_PRIVATE, NULL))
		return 0;
	lkb_fail_errno(err, "cannot keep '%s' from others", path);
	umount2(path, MNT_DETACH);
	return -1;
}

static int mount_one(const char *kind, const char *path, pid_t pid, struct lkb_error *err)
{
	lkb_autofree char *source = lkb_format("/proc/%d/ns/%s", (int)pid, kind);
	lkb_autofree char *dir = lkb_path_dirname(path);
	bool mnt = !strcmp(kind, "mnt");
	lkb_autofd fd = -1;

	if (lkb_make_dirs(dir, 0755, err))
		return -1;
	fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return lkb_fail_errno(err, "cannot make '%s'", path);
	if (mnt && keep_private(path, err))
		return -1;
	if (!mount(source, path, NULL, MS_BIND, NULL))
		return 0;
	lkb_fail_errno(err, "cannot mount the %s namespace on '%s'", kind, path);
	if (mnt)
		umount2(path, MNT_DETACH);
	return -1;
}

int lkb_bindns_mount(const struct lkb_json *runtime, pid_t pid, struct lkb_error *err)
{
	const struct lkb_json *m, *all = lkb_json_get(runtime, "bindNS");
	lkb_autostrv asked = {0}, done = {0};

	if (lkb_bindns_paths(runtime, &asked, err))
		return -1;
	for (m = asked.n ? all->first : NULL; m; m = m->next) {
		if (!m->text[0])
			continue;
		if (mount_one(m->key, m->text, pid, err)) {
			lkb_bindns_unmount(&done);
			return -1;
		}
		lkb_strv_add(&done, m->text);
	}
	return 0;
}

/* A mount namespace is mounted on a mount. */
void lkb_bindns_unmount(const struct lkb_strv *paths)
{
	size_t i;

	for (i = paths->n; i; i--)
		while (!umount2(paths->items[i - 1], MNT_DETACH))
			;
}
