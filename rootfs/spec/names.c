/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>

#include "base/str.h"
#include "rootfs/spec/spec_priv.h"

#define ADD_NAMES(names, list, type) lkb_spec_names_add(names, list, sizeof(struct type), \
							offsetof(struct type, name))

/* Services run side by side under their names, volumes are found by them; onboot and onshutdown
 * containers are numbered. */
static void check_unique(const struct lkb_spec_names *names, const char *what,
			 struct lkb_diags *diags)
{
	const struct lkb_spec_named *first = NULL;

	for (size_t i = 0; i < names->n; i++) {
		const struct lkb_spec_named *item = &names->items[i];
		lkb_autofree char *hint = NULL;
		struct lkb_pos at, before;

		if (!first || strcmp(first->name, item->name)) {
			first = item;
			continue;
		}
		at = lkb_schema_pos(item->pos, "name");
		before = lkb_schema_pos(first->pos, "name");
		hint = lkb_format("give it another name; the first is at %s:%u:%u", before.file,
				  before.line, before.column);
		lkb_schema_error(diags, &at, hint, "a second %s has the name '%s'", what,
				 item->name);
	}
}

/* Whose ids are looked at, for messages. */
struct owner {
	const char *kind, *name; /* "container", "web" */
	const struct lkb_pos *pos;
};

/* A user or group: number, root, or the name of an image object, which stands for its number. */
static void check_id(const struct lkb_spec_names *names, const char *id, const struct lkb_pos *pos,
		     const char *key, const struct owner *owner, struct lkb_diags *diags)
{
	lkb_autofree char *hint = NULL;

	if (!id || !*id || isdigit((unsigned char)*id) || !strcmp(id, "root") ||
	    lkb_spec_names_find(names, id))
		return;
	hint = lkb_spec_names_hint(names, id, "give a number, root, or a name from onboot, "
				   "onshutdown or services");
	lkb_schema_error(diags, pos, hint,
			 "'%s' of %s '%s' is '%s', which is neither a number nor the name of a "
			 "container", key, owner->kind, lkb_schema_shown(owner->name).s,
			 lkb_schema_shown(id).s);
}

static void check_owner(const struct lkb_spec_names *names, const char *uid, const char *gid,
			const struct owner *owner, struct lkb_diags *diags)
{
	struct lkb_pos uid_pos = lkb_schema_pos(owner->pos, "uid");
	struct lkb_pos gid_pos = lkb_schema_pos(owner->pos, "gid");

	check_id(names, uid, &uid_pos, "uid", owner, diags);
	check_id(names, gid, &gid_pos, "gid", owner, diags);
}

static void check_image_ids(const struct lkb_spec_names *names, const struct lkb_objlist *list,
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

/* What is started again must be a service. */
static void check_restart(const struct lkb_spec_names *services, const struct lkb_strmap *restart,
			  struct lkb_diags *diags)
{
	for (size_t i = 0; i < restart->n; i++) {
		lkb_autofree char *hint = NULL;

		if (lkb_spec_names_find(services, restart->keys[i]))
			continue;
		hint = lkb_spec_names_hint(services, restart->keys[i],
					   "only services can be restarted");
		lkb_schema_error(diags, &restart->pos[i], hint,
				 "'%s' of lkboard.restart is no service",
				 lkb_schema_shown(restart->keys[i]).s);
	}
}

static void check_ids(const struct lkb_spec *spec, struct lkb_diags *diags)
{
	const struct lkb_spec_file *files = spec->files.items;
	lkb_spec_autonames names = { 0 };

	ADD_NAMES(&names, &spec->onboot, lkb_spec_image);
	ADD_NAMES(&names, &spec->onshutdown, lkb_spec_image);
	ADD_NAMES(&names, &spec->services, lkb_spec_image);
	lkb_spec_names_sort(&names);
	check_image_ids(&names, &spec->onboot, diags);
	check_image_ids(&names, &spec->onshutdown, diags);
	check_image_ids(&names, &spec->services, diags);
	for (size_t i = 0; i < spec->files.n; i++) {
		struct owner owner = { "file", files[i].path ? files[i].path : "", &files[i].pos };

		check_owner(&names, files[i].uid, files[i].gid, &owner, diags);
	}
}

void lkb_spec_check_merged(const struct lkb_spec *spec, struct lkb_diags *diags)
{
	lkb_spec_autonames services = { 0 }, volumes = { 0 };

	ADD_NAMES(&services, &spec->services, lkb_spec_image);
	lkb_spec_names_sort(&services);
	check_unique(&services, "service", diags);
	check_restart(&services, &spec->lkboard.restart, diags);
	ADD_NAMES(&volumes, &spec->volumes, lkb_spec_volume);
	lkb_spec_names_sort(&volumes);
	check_unique(&volumes, "volume", diags);
	lkb_spec_check_volume_users(spec, &volumes, diags);
	check_ids(spec, diags);
}
