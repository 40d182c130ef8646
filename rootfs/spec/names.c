/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>

#include "base/alloc.h"
#include "base/str.h"
#include "rootfs/spec/spec_priv.h"

/* Above this many names no nearest one is looked for: it would take long and help nobody. */
#define MAX_FOR_HINT 100

struct named {
	const char *name;
	const struct lkb_pos *pos; /* of the object */
	size_t order;
};

struct names {
	struct named *items; /* owned; sorted by name, then in order of the spec */
	size_t n;
};

static void names_clear(struct names *names)
{
	free(names->items);
}
#define autonames __attribute__((cleanup(names_clear))) struct names

static void add_names(struct names *names, const struct lkb_objlist *list)
{
	const struct lkb_spec_image *images = list->items;

	names->items = lkb_realloc_array(names->items, names->n + list->n, sizeof(*names->items));
	for (size_t i = 0; i < list->n; i++) {
		if (!images[i].name)
			continue;
		names->items[names->n] = (struct named){ images[i].name, &images[i].pos, names->n };
		names->n++;
	}
}

static int by_name(const void *pa, const void *pb)
{
	const struct named *a = pa, *b = pb;
	int d = strcmp(a->name, b->name);

	return d ? d : (a->order > b->order) - (a->order < b->order);
}

static void sort_names(struct names *names)
{
	if (names->n)
		qsort(names->items, names->n, sizeof(*names->items), by_name);
}

static bool has_name(const struct names *names, const char *name)
{
	size_t low = 0, high = names->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int d = strcmp(name, names->items[middle].name);

		if (!d)
			return true;
		if (d < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

/* Services run side by side under their names; onboot and onshutdown containers are numbered. */
static void check_services_unique(const struct lkb_spec *spec, struct lkb_diags *diags)
{
	autonames names = { 0 };
	const struct named *first = NULL;

	add_names(&names, &spec->services);
	sort_names(&names);
	for (size_t i = 0; i < names.n; i++) {
		const struct named *item = &names.items[i];
		lkb_autofree char *hint = NULL;
		struct lkb_pos at, before;

		if (!first || strcmp(first->name, item->name)) {
			first = item;
			continue;
		}
		at = lkb_schema_pos(item->pos, "name");
		before = lkb_schema_pos(first->pos, "name");
		hint = lkb_format("first at %s:%u:%u", before.file, before.line, before.column);
		lkb_schema_error(diags, &at, hint, "a second service has the name '%s'",
				 item->name);
	}
}

static const char *nearest(const struct names *names, const char *id)
{
	lkb_autofree const char **words = lkb_alloc_array(names->n, sizeof(*words));

	if (names->n > MAX_FOR_HINT)
		return NULL;
	for (size_t i = 0; i < names->n; i++)
		words[i] = names->items[i].name;
	return lkb_did_you_mean(id, words, names->n);
}

/* Whose ids are looked at, for messages. */
struct owner {
	const char *kind, *name; /* "container", "web" */
	const struct lkb_pos *pos;
};

/* A user or group: number, root, or the name of an image object, which stands for its number. */
static void check_id(const struct names *names, const char *id, const struct lkb_pos *pos,
		     const char *key, const struct owner *owner, struct lkb_diags *diags)
{
	lkb_autofree char *hint = NULL;
	const char *near;

	if (!id || !*id || isdigit((unsigned char)*id) || !strcmp(id, "root") ||
	    has_name(names, id))
		return;
	near = nearest(names, id);
	if (near)
		hint = lkb_format("did you mean '%s'?", near);
	lkb_schema_error(diags, pos, hint,
			 "'%s' of %s '%s' is '%s', which is neither a number nor the name of a "
			 "container", key, owner->kind, lkb_schema_shown(owner->name).s,
			 lkb_schema_shown(id).s);
}

static void check_owner(const struct names *names, const char *uid, const char *gid,
			const struct owner *owner, struct lkb_diags *diags)
{
	struct lkb_pos uid_pos = lkb_schema_pos(owner->pos, "uid");
	struct lkb_pos gid_pos = lkb_schema_pos(owner->pos, "gid");

	check_id(names, uid, &uid_pos, "uid", owner, diags);
	check_id(names, gid, &gid_pos, "gid", owner, diags);
}

static void check_image_ids(const struct names *names, const struct lkb_objlist *list,
			    struct lkb_diags *diags)
{
	const struct lkb_spec_image *images = list->items;

	for (size_t i = 0; i < list->n; i++) {
		const struct lkb_strlist *groups = &images[i].additional_gids;
		struct owner owner = {
			"container", images[i].name ? images[i].name : "", &images[i].pos
		};

		check_owner(names, images[i].uid, images[i].gid, &owner, diags);
		for (size_t k = 0; k < groups->n; k++)
			check_id(names, groups->items[k], &groups->pos[k], "additionalGids", &owner,
				 diags);
	}
}

void lkb_spec_check_merged(const struct lkb_spec *spec, struct lkb_diags *diags)
{
	const struct lkb_spec_file *files = spec->files.items;
	autonames names = { 0 };

	check_services_unique(spec, diags);
	add_names(&names, &spec->onboot);
	add_names(&names, &spec->onshutdown);
	add_names(&names, &spec->services);
	sort_names(&names);
	check_image_ids(&names, &spec->onboot, diags);
	check_image_ids(&names, &spec->onshutdown, diags);
	check_image_ids(&names, &spec->services, diags);
	for (size_t i = 0; i < spec->files.n; i++) {
		struct owner owner = { "file", files[i].path ? files[i].path : "", &files[i].pos };

		check_owner(&names, files[i].uid, files[i].gid, &owner, diags);
	}
}
