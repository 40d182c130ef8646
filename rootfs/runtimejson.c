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

/* The system's init would follow a link of the image to wherever it leads in the system. */
static int refuse_links(struct lkb_tree *image, const char *path, struct lkb_error *err)
{
	for (const char *end = path; image && *end;) {
		lkb_autofree char *above = NULL;
		const struct lkb_inode *node;

		end += strcspn(end, "/");
		above = lkb_format("%.*s", (int)(end - path), path);
		end += strspn(end, "/");
		node = lkb_tree_lookup(image, above, false);
		if (!node || node->type != LKB_NODE_SYMLINK)
			continue;
		lkb_fail(err, LKB_INPUT, "'%s' is a link to '%s' in the image", above,
			 node->target);
		return lkb_hint(err, "give the path that it leads to");
	}
	return 0;
}

/* A relative path is one in the container's root. */
static int place(const struct lkb_runtimejson *in, const char *path, struct lkb_arena *arena,
		 const char **ret, struct lkb_error *err)
{
	if (path[0] == '/') {
		*ret = path;
		return 0;
	}
	*ret = lkb_arena_format(arena, "/%s/rootfs/%s", in->dir, path);
	return refuse_links(in->image, path, err);
}

/* What the spec asks for, in its order. */
static int write_mounts(struct lkb_jsonout *j, const struct lkb_objlist *mounts,
			const struct lkb_runtimejson *in, struct lkb_arena *arena,
			struct lkb_error *err)
{
	const struct lkb_spec_mount *s = mounts->items;

	for (size_t i = 0; i < mounts->n; i++) {
		struct lkb_mount m = { s[i].destination, s[i].type, s[i].source, s[i].options };

		if (place(in, s[i].destination, arena, &m.destination, err) < 0 ||
		    lkb_mount_complete(&m, in->volumes, arena, err) < 0)
			return lkb_context(err, "runtime.mounts[%zu]", i);
		lkb_mount_write(j, &m);
	}
	return 0;
}

static int write_mkdir(struct lkb_jsonout *j, const struct lkb_strlist *mkdir,
		       const struct lkb_runtimejson *in, struct lkb_arena *arena,
		       struct lkb_error *err)
{
	lkb_jsonout_open(j, "mkdir", '[');
	for (size_t i = 0; i < mkdir->n; i++) {
		const char *path;

		if (place(in, mkdir->items[i], arena, &path, err) < 0)
			return lkb_context(err, "runtime.mkdir[%zu]", i);
		lkb_jsonout_string(j, NULL, path);
	}
	lkb_jsonout_close(j, ']');
	return 0;
}

static void write_interfaces(struct lkb_jsonout *j, const struct lkb_objlist *interfaces)
{
	const struct lkb_spec_interface *f = interfaces->items;

	lkb_jsonout_open(j, "interfaces", '[');
	for (size_t i = 0; i < interfaces->n; i++) {
		lkb_jsonout_open(j, NULL, '{');
		lkb_jsonout_string(j, "name", f[i].name);
		if (f[i].add && *f[i].add)
			lkb_jsonout_string(j, "add", f[i].add);
		if (f[i].peer && *f[i].peer)
			lkb_jsonout_string(j, "peer", f[i].peer);
		lkb_jsonout_bool(j, "createInRoot", f[i].create_in_root == LKB_YES);
		lkb_jsonout_close(j, '}');
	}
	lkb_jsonout_close(j, ']');
}

/* All kinds are written, as LinuxKit does: its init wants to find them. */
static void write_namespaces(struct lkb_jsonout *j, const struct lkb_spec_bind_ns *ns)
{
	const struct {
		const char *kind, *path;
	} all[] = {
		{ "cgroup", ns->cgroup }, { "ipc", ns->ipc }, { "mnt", ns->mnt },
		{ "net", ns->net }, { "pid", ns->pid }, { "user", ns->user }, { "uts", ns->uts },
	};

	lkb_jsonout_open(j, "bindNS", '{');
	for (size_t i = 0; i < LKB_ARRAY_SIZE(all); i++)
		lkb_jsonout_string(j, all[i].kind, all[i].path ? all[i].path : "");
	lkb_jsonout_close(j, '}');
}

static int write_all(struct lkb_jsonout *j, const struct lkb_container *c,
		     const struct lkb_runtimejson *in, struct lkb_arena *arena,
		     struct lkb_error *err)
{
	const struct lkb_spec_runtime *r = &c->set.runtime;

	lkb_jsonout_open(j, NULL, '{');
	lkb_jsonout_strings(j, "cgroups", r->cgroups.items, r->cgroups.n);
	lkb_jsonout_open(j, "mounts", '[');
	if (c->readonly)
		write_bind(j, in->dir, in->lower);
	else
		write_overlay(j, in->dir, in->lower);
	if (write_mounts(j, &r->mounts, in, arena, err) < 0)
		return -1;
	lkb_jsonout_close(j, ']');
	if (write_mkdir(j, &r->mkdir, in, arena, err) < 0)
		return -1;
	write_interfaces(j, &r->interfaces);
	write_namespaces(j, &r->bind_ns);
	lkb_jsonout_string(j, "namespace", r->containerd_ns ? r->containerd_ns : "");
	/* Not LinuxKit's: its init starts nothing again and passes over the key. */
	if (in->restart && strcmp(in->restart, "no"))
		lkb_jsonout_string(j, "restart", in->restart);
	lkb_jsonout_close(j, '}');
	return 0;
}

int lkb_runtimejson(const struct lkb_container *c, const struct lkb_runtimejson *in,
		    struct lkb_arena *arena, char **ret, struct lkb_error *err)
{
	struct lkb_jsonout j = { 0 };

	if (write_all(&j, c, in, arena, err) < 0) {
		lkb_str_clear(&j.text);
		return -1;
	}
	*ret = lkb_str_take(&j.text);
	return 0;
}
