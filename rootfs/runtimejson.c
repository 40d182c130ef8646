/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/container_priv.h"

static void write_mount(struct lkb_jsonout *j, const char *destination, const char *type,
			const char *const *options, size_t n)
{
	struct lkb_mount m = { destination, type, type,
			       { .n = n, .items = (const char **)options } };

	lkb_mount_write(j, &m);
}

/* Upper and work directory stand in a tmpfs of the container's own, which nothing else sees. */
static void write_overlay(struct lkb_jsonout *j, const char *dir, const char *lower)
{
	static const char *const apart[] = { "remount", "private" };
	lkb_autofree char *tmp = lkb_format("/%s/tmp", dir);
	lkb_autofree char *rootfs = lkb_format("/%s/rootfs", dir);
	lkb_autofree char *lowerdir = lkb_format("lowerdir=/%s", lower);
	lkb_autofree char *upperdir = lkb_format("upperdir=%s/upper", tmp);
	lkb_autofree char *workdir = lkb_format("workdir=%s/work", tmp);
	const char *const layers[] = { lowerdir, upperdir, workdir };

	write_mount(j, tmp, "tmpfs", NULL, 0);
	write_mount(j, tmp, NULL, apart, LKB_ARRAY_SIZE(apart));
	write_mount(j, rootfs, "overlay", layers, LKB_ARRAY_SIZE(layers));
}

/* A rootfs has to be a mount point: a bind of itself, or of where the image is stored. */
static void write_bind(struct lkb_jsonout *j, const char *dir, const char *lower)
{
	static const char *bind[] = { "bind" };
	lkb_autofree char *rootfs = lkb_format("/%s/rootfs", dir);
	lkb_autofree char *source = lkb_format("/%s", lower);
	struct lkb_mount m = { .destination = rootfs, .source = source,
			       .options = { .n = 1, .items = bind } };

	lkb_mount_write(j, &m);
}

char *lkb_runtimejson(const char *dir, const char *lower, bool readonly)
{
	static const char *const kinds[] = { "cgroup", "ipc", "mnt", "net", "pid", "user", "uts" };
	struct lkb_jsonout j = { 0 };

	lkb_jsonout_open(&j, NULL, '{');
	lkb_jsonout_strings(&j, "cgroups", NULL, 0);
	lkb_jsonout_open(&j, "mounts", '[');
	if (readonly)
		write_bind(&j, dir, lower);
	else
		write_overlay(&j, dir, lower);
	lkb_jsonout_close(&j, ']');
	lkb_jsonout_strings(&j, "mkdir", NULL, 0);
	lkb_jsonout_strings(&j, "interfaces", NULL, 0);
	lkb_jsonout_open(&j, "bindNS", '{');
	for (size_t i = 0; i < LKB_ARRAY_SIZE(kinds); i++)
		lkb_jsonout_string(&j, kinds[i], "");
	lkb_jsonout_close(&j, '}');
	lkb_jsonout_string(&j, "namespace", "");
	lkb_jsonout_close(&j, '}');
	return lkb_str_take(&j.text);
}
