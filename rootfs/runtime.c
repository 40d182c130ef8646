/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "rootfs/container_priv.h"
#include "base/jsonout.h"

/* What runc 1.1, crun 1.8 and containerd 1.6 all take. */
#define OCI_VERSION "1.0.2"

static struct lkb_strlist borrow(const struct lkb_strv *v)
{
	return (struct lkb_strlist){ .set = true, .n = v->n, .items = (const char **)v->items };
}

/* The image's own words: ENTRYPOINT and CMD together. */
static struct lkb_strlist image_args(const struct lkb_image *im, struct lkb_arena *arena)
{
	struct lkb_strlist args = { .set = true };

	args.items = lkb_arena_array(arena, im->entrypoint.n + im->cmd.n + 1, sizeof(*args.items));
	for (size_t i = 0; i < im->entrypoint.n; i++)
		args.items[args.n++] = im->entrypoint.items[i];
	for (size_t i = 0; i < im->cmd.n; i++)
		args.items[args.n++] = im->cmd.items[i];
	return args;
}

static int read_process(const struct lkb_runtime_in *in, struct lkb_arena *arena,
			struct lkb_container *c, struct lkb_error *err)
{
	const struct lkb_image *im = in->image;

	c->args = c->set.command.set ? c->set.command : image_args(im, arena);
	c->env = c->set.env.set ? c->set.env : borrow(&im->env);
	c->cwd = c->set.cwd ? c->set.cwd : im->workdir;
	if (!c->cwd || !*c->cwd)
		c->cwd = "/";
	if (!c->args.n) {
		lkb_fail(err, LKB_INPUT, "there is no command to run");
		return lkb_hint(err, "image '%s' has no entrypoint and no cmd: give 'command'",
				im->ref);
	}
	if (c->cwd[0] != '/')
		return lkb_fail(err, LKB_INPUT, "cwd '%s' is no absolute path", c->cwd);
	return 0;
}

int lkb_container_read(const struct lkb_runtime_in *in, struct lkb_arena *arena,
		       struct lkb_container *ret, struct lkb_error *err)
{
	struct lkb_container c = { 0 };

	lkb_merge_images(in->spec, in->label, arena, &c.set);
	c.readonly = c.set.readonly == LKB_YES;
	if (read_process(in, arena, &c, err) < 0 ||
	    lkb_caps_read(&c.set, arena, &c.caps, err) < 0 ||
	    lkb_mounts_read(&c.set, in->volumes, arena, &c.mounts, &c.n_mounts, err) < 0 ||
	    lkb_namespaces_check(&c.set, err) < 0 || lkb_devices_check(&c.set.devices, err) < 0)
		return -1;
	*ret = c;
	return 0;
}

struct pair {
	const char *key, *value;
};

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

static void write_map(struct lkb_jsonout *j, const char *name, const struct lkb_strmap *map)
{
	lkb_autofree struct pair *pairs = NULL;

	if (!map->n)
		return;
	pairs = lkb_alloc_array(map->n, sizeof(*pairs));
	for (size_t i = 0; i < map->n; i++)
		pairs[i] = (struct pair){ map->keys[i], map->values[i] };
	qsort(pairs, map->n, sizeof(*pairs), by_key);
	lkb_jsonout_open(j, name, '{');
	for (size_t i = 0; i < map->n; i++)
		lkb_jsonout_string(j, pairs[i].key, pairs[i].value);
	lkb_jsonout_close(j, '}');
}

static void write_text(struct lkb_jsonout *j, const char *key, const char *text)
{
	if (text && *text)
		lkb_jsonout_string(j, key, text);
}

static void write_list(struct lkb_jsonout *j, const char *key, const struct lkb_strlist *list)
{
	if (list->n)
		lkb_jsonout_strings(j, key, list->items, list->n);
}

static void write_mappings(struct lkb_jsonout *j, const char *name, const struct lkb_objlist *list)
{
	const struct lkb_spec_mapping *m = list->items;

	if (!list->n)
		return;
	lkb_jsonout_open(j, name, '[');
	for (size_t i = 0; i < list->n; i++) {
		lkb_jsonout_open(j, NULL, '{');
		lkb_jsonout_int(j, "containerID", m[i].container_id.v);
		lkb_jsonout_int(j, "hostID", m[i].host_id.v);
		lkb_jsonout_int(j, "size", m[i].size.v);
		lkb_jsonout_close(j, '}');
	}
	lkb_jsonout_close(j, ']');
}

static void write_linux(struct lkb_jsonout *j, const struct lkb_spec_image *set)
{
	lkb_jsonout_open(j, "linux", '{');
	write_map(j, "sysctl", &set->sysctl);
	write_mappings(j, "uidMappings", &set->uid_mappings);
	write_mappings(j, "gidMappings", &set->gid_mappings);
	lkb_resources_write(j, set);
	write_text(j, "cgroupsPath", set->cgroups_path);
	lkb_namespaces_write(j, set);
	lkb_devices_write_nodes(j, &set->devices);
	write_text(j, "rootfsPropagation", set->rootfs_propagation);
	write_list(j, "maskedPaths", &set->masked_paths);
	write_list(j, "readonlyPaths", &set->readonly_paths);
	lkb_jsonout_close(j, '}');
}

static int write_config(struct lkb_jsonout *j, const struct lkb_container *c,
			const struct lkb_strmap *ids, const char *root_path,
			struct lkb_error *err)
{
	lkb_jsonout_open(j, NULL, '{');
	lkb_jsonout_string(j, "ociVersion", OCI_VERSION);
	if (lkb_process_write(j, c, ids, err) < 0)
		return -1;
	lkb_jsonout_open(j, "root", '{');
	lkb_jsonout_string(j, "path", root_path);
	lkb_jsonout_bool(j, "readonly", c->readonly);
	lkb_jsonout_close(j, '}');
	write_text(j, "hostname", c->set.hostname);
	lkb_jsonout_open(j, "mounts", '[');
	for (size_t i = 0; i < c->n_mounts; i++)
		lkb_mount_write(j, &c->mounts[i]);
	lkb_jsonout_close(j, ']');
	write_map(j, "annotations", &c->set.annotations);
	write_linux(j, &c->set);
	lkb_jsonout_close(j, '}');
	return 0;
}

int lkb_container_write(const struct lkb_container *c, const struct lkb_strmap *ids,
			const char *root_path, char **ret, struct lkb_error *err)
{
	struct lkb_jsonout j = { 0 };

	if (write_config(&j, c, ids, root_path, err) < 0) {
		lkb_str_clear(&j.text);
		return -1;
	}
	*ret = lkb_str_take(&j.text);
	return 0;
}

int lkb_runtime_config(const struct lkb_runtime_in *in, char **ret, struct lkb_error *err)
{
	lkb_autoarena arena = { 0 };
	struct lkb_container c;

	if (lkb_container_read(in, &arena, &c, err) < 0)
		return -1;
	return lkb_container_write(&c, in->ids, in->root_path, ret, err);
}
