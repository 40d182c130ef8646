/* SPDX-License-Identifier: Apache-2.0 */
#include <strings.h>

#include "base/str.h"
#include "rootfs/spec/spec_priv.h"

#define MAX_ITEMS 1000 /* of mounts, binds, devices of one container */

/* "'uid' of services[0]"; of a label, which has no path: "'uid'". */
static void report(struct lkb_diags *diags, const struct lkb_pos *pos, const char *hint,
		   const char *what, const char *path, const char *message)
{
	lkb_schema_error(diags, pos, hint, "%s%s%s %s", what, *path ? " of " : "", path, message);
}

/* "all" and "none" mean what they say only when they stand alone. */
static void check_alone(const struct lkb_strlist *list, const char *key, const char *path,
			struct lkb_diags *diags)
{
	for (size_t i = 0; list->n > 1 && i < list->n; i++) {
		const char *item = list->items[i];

		if (strcasecmp(item, "all") && strcasecmp(item, "none"))
			continue;
		lkb_schema_error(diags, &list->pos[i], "it must be the only item",
				 "'%s'%s%s has '%s' beside other items", key, *path ? " of " : "",
				 path, item);
	}
}

/* LinuxKit drops the second without a word. */
static void check_add(const struct lkb_spec_image *image, const char *key, const char *add,
		      const char *path, struct lkb_diags *diags)
{
	struct lkb_pos pos;

	if (!lkb_schema_given(&image->pos, key) || !lkb_schema_given(&image->pos, add))
		return;
	pos = lkb_schema_pos(&image->pos, add);
	lkb_schema_warning(diags, &pos, NULL, "'%s'%s%s has no effect beside '%s'", add,
			   *path ? " of " : "", path, key);
}

static bool is_own_type(const char *source)
{
	static const char *const types[] = { "mqueue", "devpts", "proc", "sysfs", "cgroup" };

	for (size_t i = 0; source && i < LKB_ARRAY_SIZE(types); i++)
		if (!strcmp(source, types[i]))
			return true;
	return false;
}

static bool is_empty(const char *s)
{
	return !s || !*s;
}

static void check_mount(const struct lkb_spec_mount *m, const char *what, const char *path,
			struct lkb_diags *diags)
{
	struct lkb_pos source = lkb_schema_pos(&m->pos, "source");
	const char *type = !is_empty(m->type)       ? m->type
			   : is_own_type(m->source) ? m->source
						    : NULL;

	if (!type && (is_empty(m->destination) || strcmp(m->destination, "/dev")))
		report(diags, &m->pos, "only mqueue, devpts, proc, sysfs and cgroup follow from "
		       "the source", what, path, "has no 'type'");
	if (!lkb_schema_given(&m->pos, "destination") && type && !is_own_type(type))
		report(diags, &m->pos, "say where in the container: 'destination: /...'", what,
		       path, "has no 'destination'");
	if (!lkb_spec_is_bind(m->type, &m->options))
		return;
	if (is_empty(m->source))
		report(diags, &m->pos, "give the path or the volume", what, path,
		       "has no 'source' to bind");
	else if (*m->source != '/' && lkb_spec_bad_volume(m->source))
		report(diags, &source, "give an absolute path or the name of a volume", what, path,
		       "has a source that is neither an absolute path nor the name of a volume");
}

/* The system's init mounts these before the container starts; nothing is inferred for it. */
static void check_runtime_mount(const struct lkb_spec_mount *m, const char *what, const char *path,
				struct lkb_diags *diags)
{
	bool bind = lkb_spec_is_bind(m->type, &m->options);

	if (!lkb_schema_given(&m->pos, "destination"))
		report(diags, &m->pos, "say where in the system: 'destination: /...'", what, path,
		       "has no 'destination'");
	if (is_empty(m->type) && !bind)
		report(diags, &m->pos, "give the type of the file system, or bind", what, path,
		       "has no 'type'");
	if (bind && is_empty(m->source))
		report(diags, &m->pos, "give the path or the volume", what, path,
		       "has no 'source' to bind");
}

static void check_interface(const struct lkb_spec_interface *f, const char *what, const char *path,
			    struct lkb_diags *diags)
{
	struct lkb_pos peer = lkb_schema_pos(&f->pos, "peer");
	struct lkb_pos in_root = lkb_schema_pos(&f->pos, "createInRoot");
	struct lkb_pos add = lkb_schema_pos(&f->pos, "add");
	bool veth = f->add && !strcmp(f->add, "veth");

	if (!is_empty(f->peer) && f->add && !veth)
		report(diags, &peer, "only 'add: veth' makes an interface with another end", what,
		       path, "has a 'peer'");
	if (veth && (f->peer ? !*f->peer : !lkb_schema_given(&f->pos, "peer")))
		report(diags, &add, "name its other end: 'peer: ...'", what, path,
		       "is a veth without a 'peer'");
	if (f->create_in_root == LKB_YES && !f->add && !f->peer)
		report(diags, &in_root, "say with 'add' what is to be made", what, path,
		       "has 'createInRoot' and nothing to make");
}

static void check_runtime(const struct lkb_spec_runtime *r, const char *path,
			  struct lkb_diags *diags)
{
	const struct lkb_spec_interface *interfaces = r->interfaces.items;
	const struct lkb_spec_mount *mounts = r->mounts.items;

	for (size_t i = 0; i < r->mounts.n; i++) {
		lkb_autofree char *what = lkb_format("'runtime.mounts[%zu]'", i);

		if (mounts[i].pos.file)
			check_runtime_mount(&mounts[i], what, path, diags);
	}
	for (size_t i = 0; i < r->interfaces.n; i++) {
		lkb_autofree char *what = lkb_format("'runtime.interfaces[%zu]'", i);

		if (interfaces[i].pos.file)
			check_interface(&interfaces[i], what, path, diags);
	}
}

static void check_resources(const struct lkb_spec_resources *r, const char *path,
			    struct lkb_diags *diags)
{
	struct lkb_pos swap = lkb_schema_pos(&r->memory.pos, "swap");

	/* 0 stands for one that is not set. */
	if (r->memory.swap.v > 0 && r->memory.swap.v < r->memory.limit.v)
		report(diags, &swap, "it is the sum of memory and swap", "'resources.memory.swap'",
		       path, "is less than the limit of the memory alone");
}

/* A range of users or groups must end where numbers do. */
static void check_mappings(const struct lkb_objlist *list, const char *key, const char *path,
			   struct lkb_diags *diags)
{
	const struct lkb_spec_mapping *m = list->items;

	for (size_t i = 0; i < list->n; i++) {
		lkb_autofree char *what = lkb_format("'%s[%zu]'", key, i);

		if (m[i].host_id.v + m[i].size.v > UINT32_MAX ||
		    m[i].container_id.v + m[i].size.v > UINT32_MAX)
			report(diags, &m[i].pos, "make 'size' smaller", what, path,
			       "goes beyond the last number, 4294967294");
	}
}

/* 'path: all' is a rule for a kind of device; anything else is one device, described in full. */
static void check_device(const struct lkb_spec_device *d, const char *what, const char *path,
			 struct lkb_diags *diags)
{
	static const char *const keys[] = { "type", "mode", "major", "minor" };
	bool all = d->path && !strcmp(d->path, "all");
	bool pipe = d->type && !strcmp(d->type, "p");
	struct lkb_pos type = lkb_schema_pos(&d->pos, "type");

	for (size_t i = 0; d->path && !all && i < (pipe ? 2 : LKB_ARRAY_SIZE(keys)); i++) {
		lkb_autofree char *message = lkb_format("has no '%s'", keys[i]);

		if (!lkb_schema_given(&d->pos, keys[i]))
			report(diags, &d->pos, "write it like {path: /dev/null, type: c, major: "
			       "1, minor: 3, mode: \"0666\"}", what, path, message);
	}
	if (d->path && !all && d->type && !strcmp(d->type, "a"))
		report(diags, &type, "write b, c, p or u; 'a' needs 'path: all'", what, path,
		       "is one device, not all of a type");
	if (all && d->type && !strchr("abc", *d->type))
		report(diags, &type, "write a, b or c", what, path,
		       "is a rule for devices of a type that has none");
}

static void check_sysctl(const struct lkb_strmap *map, const char *path, struct lkb_diags *diags)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._/-:@";

	for (size_t i = 0; i < map->n; i++) {
		const char *key = map->keys[i];
		lkb_autofree char *what = lkb_format("'%s'", lkb_schema_shown(key).s);
		lkb_autofree char *of = lkb_format("%s%ssysctl", path, *path ? "." : "");

		if (!*key || strspn(key, allowed) != strlen(key) || strstr(key, ".."))
			report(diags, &map->pos[i], "write it like net.ipv4.ip_forward: 1", what,
			       of, "is no kernel parameter");
	}
}

/* Each is compared with all others later, and a label comes from whoever made the image. */
static void check_counts(const struct lkb_spec_image *image, const char *path,
			 struct lkb_diags *diags)
{
	const struct {
		const char *key;
		size_t n;
	} lists[] = {
		{ "mounts", image->mounts.n },
		{ "binds", image->binds.n },
		{ "binds.add", image->binds_add.n },
		{ "tmpfs", image->tmpfs.n },
		{ "devices", image->devices.n },
		{ "uidMappings", image->uid_mappings.n },
		{ "gidMappings", image->gid_mappings.n },
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(lists); i++) {
		struct lkb_pos pos;

		if (lists[i].n <= MAX_ITEMS)
			continue;
		pos = lkb_schema_pos(&image->pos, lists[i].key);
		lkb_schema_error(diags, &pos, "remove some, or divide the container",
				 "'%s'%s%s has %zu items, more than %d", lists[i].key,
				 *path ? " of " : "", path, lists[i].n, MAX_ITEMS);
	}
}

void lkb_spec_check_image(const struct lkb_spec_image *image, const char *path,
			  struct lkb_diags *diags)
{
	const struct lkb_spec_device *devices = image->devices.items;
	const struct lkb_spec_mount *mounts = image->mounts.items;

	check_counts(image, path, diags);
	check_alone(&image->capabilities, "capabilities", path, diags);
	check_alone(&image->capabilities_add, "capabilities.add", path, diags);
	check_alone(&image->ambient, "ambient", path, diags);
	check_add(image, "capabilities", "capabilities.add", path, diags);
	check_add(image, "binds", "binds.add", path, diags);
	for (size_t i = 0; i < image->mounts.n; i++) {
		lkb_autofree char *what = lkb_format("'mounts[%zu]'", i);

		if (mounts[i].pos.file)
			check_mount(&mounts[i], what, path, diags);
	}
	for (size_t i = 0; i < image->devices.n; i++) {
		lkb_autofree char *what = lkb_format("'devices[%zu]'", i);

		check_device(&devices[i], what, path, diags);
	}
	check_sysctl(&image->sysctl, path, diags);
	check_mappings(&image->uid_mappings, "uidMappings", path, diags);
	check_mappings(&image->gid_mappings, "gidMappings", path, diags);
	check_resources(&image->resources, path, diags);
	check_runtime(&image->runtime, path, diags);
	if (image->command.n && !*image->command.items[0])
		report(diags, &image->command.pos[0], "write the program, such as /bin/sh",
		       "'command[0]'", path, "is empty");
}

static void check_images(const struct lkb_objlist *list, const char *section,
			 struct lkb_diags *diags)
{
	const struct lkb_spec_image *images = list->items;

	for (size_t i = 0; i < list->n; i++) {
		lkb_autofree char *path = lkb_format("%s[%zu]", section, i);

		lkb_spec_check_image(&images[i], path, diags);
	}
}

/* containerd knows a service by its name and is stricter than runc. */
static void check_service_names(const struct lkb_objlist *list, struct lkb_diags *diags)
{
	const struct lkb_spec_image *images = list->items;

	for (size_t i = 0; i < list->n; i++) {
		struct lkb_pos pos = lkb_schema_pos(&images[i].pos, "name");

		if (images[i].name && !lkb_spec_is_containerd_id(images[i].name))
			lkb_schema_error(diags, &pos,
					 "use letters and digits, with single '_', '.' or '-' "
					 "between them, at most 76",
					 "'name' of services[%zu] is '%s', which containerd does "
					 "not take", i, lkb_schema_shown(images[i].name).s);
	}
}

static void check_file(const struct lkb_spec_file *f, const char *path, struct lkb_diags *diags)
{
	static const char *const keys[] = { "contents", "source", "symlink", "metadata" };
	struct lkb_pos optional = lkb_schema_pos(&f->pos, "optional");
	lkb_autostr given = { 0 };
	size_t n = 0;

	if (f->directory == LKB_YES) {
		lkb_str_add(&given, "'directory'");
		n++;
	}
	for (size_t i = 0; i < LKB_ARRAY_SIZE(keys); i++) {
		if (!lkb_schema_given(&f->pos, keys[i]))
			continue;
		lkb_str_addf(&given, "%s'%s'", n ? " and " : "", keys[i]);
		n++;
	}
	if (n > 1)
		lkb_schema_error(diags, &f->pos, "a file has exactly one of them", "%s has %s",
				 path, given.s);
	else if (!n)
		lkb_schema_error(diags, &f->pos, "for an empty file write contents: \"\"",
				 "%s has neither 'contents', 'source', 'symlink', 'metadata' nor "
				 "'directory'", path);
	if (f->optional == LKB_YES && !lkb_schema_given(&f->pos, "source"))
		lkb_schema_warning(diags, &optional, NULL,
				   "'optional' of %s has no effect without 'source'", path);
}

void lkb_spec_check_document(const struct lkb_spec_document *doc, struct lkb_diags *diags)
{
	const struct lkb_spec_file *files = doc->spec.files.items;

	check_images(&doc->spec.onboot, "onboot", diags);
	check_images(&doc->spec.onshutdown, "onshutdown", diags);
	check_images(&doc->spec.services, "services", diags);
	check_service_names(&doc->spec.services, diags);
	lkb_spec_check_volumes(&doc->spec.volumes, diags);
	for (size_t i = 0; i < doc->spec.files.n; i++) {
		lkb_autofree char *path = lkb_format("files[%zu]", i);

		if (files[i].pos.file)
			check_file(&files[i], path, diags);
	}
}
