/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "rootfs/spec/spec_priv.h"

void lkb_spec_check_volumes(const struct lkb_objlist *volumes, struct lkb_diags *diags)
{
	const struct lkb_spec_volume *v = volumes->items;

	for (size_t i = 0; i < volumes->n; i++) {
		struct lkb_pos format = lkb_schema_pos(&v[i].pos, "format");
		struct lkb_pos platforms = lkb_schema_pos(&v[i].pos, "platforms");
		bool oci = v[i].format && !strcmp(v[i].format, "oci");

		if (oci && !lkb_schema_given(&v[i].pos, "image"))
			lkb_schema_error(diags, &format, "name the image that it is to hold",
					 "volumes[%zu] is of format oci and has no 'image'", i);
		if (!oci && v[i].platforms.set)
			lkb_schema_error(diags, &platforms, "remove it, or write format: oci",
					 "'platforms' of volumes[%zu] needs 'format: oci'", i);
	}
}

bool lkb_spec_is_readonly(const struct lkb_strlist *options)
{
	bool readonly = false;

	for (size_t i = 0; i < options->n; i++) {
		if (!strcmp(options->items[i], "ro"))
			readonly = true;
		if (!strcmp(options->items[i], "rw"))
			readonly = false;
	}
	return readonly;
}

bool lkb_spec_is_bind(const char *type, const struct lkb_strlist *options)
{
	if (type && !strcmp(type, "bind"))
		return true;
	for (size_t i = 0; i < options->n; i++)
		if (!strcmp(options->items[i], "bind") || !strcmp(options->items[i], "rbind"))
			return true;
	return false;
}

/* One use of a volume by a container. */
struct use {
	const char *volume;     /* what was written; absolute paths are none */
	bool readonly;
	const char *what, *path; /* "'binds[1]'", "services[0]" */
	const char *hint;        /* how to make it read-only */
	const struct lkb_pos *pos;
};

static void check_use(const struct lkb_spec_names *volumes, const struct use *use,
		      struct lkb_diags *diags)
{
	const struct lkb_spec_named *found = lkb_spec_names_find(volumes, use->volume);
	lkb_autofree char *hint = NULL;

	if (!found) {
		hint = lkb_spec_names_hint(volumes, use->volume,
					   "declare it under 'volumes', or give an absolute path");
		lkb_schema_error(diags, use->pos, hint, "%s of %s names the volume '%s', which is "
				 "not there", use->what, use->path,
				 lkb_schema_shown(use->volume).s);
	} else if (((const struct lkb_spec_volume *)found->pos)->readonly == LKB_YES &&
		   !use->readonly) {
		lkb_schema_error(diags, use->pos, use->hint, "%s of %s would write to volume '%s', "
				 "which is read-only", use->what, use->path, use->volume);
	}
}

/* Of a bind's options, which stand in one text. */
static bool ends_readonly(const char *options)
{
	lkb_autostrv words = { 0 };

	for (size_t n; *options; options += n + (options[n] == ',')) {
		lkb_autofree char *word = NULL;

		n = strcspn(options, ",");
		word = lkb_strndup(options, n);
		lkb_strv_add(&words, word);
	}
	return lkb_spec_is_readonly(&(struct lkb_strlist){ .n = words.n,
							   .items = (const char **)words.items });
}

static void check_bind(const struct lkb_spec_names *volumes, const struct lkb_strlist *binds,
		       size_t i, const char *key, const char *path, struct lkb_diags *diags)
{
	lkb_autofree char *what = lkb_format("'%s[%zu]'", key, i);
	const char *text = binds->items[i], *end = strchr(text, ':');
	lkb_autofree char *volume = lkb_format("%.*s", end ? (int)(end - text) : 0, text);
	const char *options = end ? strchr(end + 1, ':') : NULL;
	struct use use = { volume, options && ends_readonly(options + 1), what, path, "add ':ro'",
			   &binds->pos[i] };

	if (*volume)
		check_use(volumes, &use, diags);
}

static void check_binds(const struct lkb_spec_names *volumes, const struct lkb_strlist *binds,
			const char *key, const char *path, struct lkb_diags *diags)
{
	for (size_t i = 0; i < binds->n; i++)
		if (*binds->items[i] != '/')
			check_bind(volumes, binds, i, key, path, diags);
}

static void check_mounts(const struct lkb_spec_names *volumes, const struct lkb_objlist *mounts,
			 const char *key, const char *path, struct lkb_diags *diags)
{
	const struct lkb_spec_mount *m = mounts->items;

	for (size_t i = 0; i < mounts->n; i++) {
		struct lkb_pos pos = lkb_schema_pos(&m[i].pos, "source");
		lkb_autofree char *what = lkb_format("'%s[%zu]'", key, i);
		struct use use = { m[i].source, lkb_spec_is_readonly(&m[i].options), what, path,
				   "add 'ro' to its options", &pos };

		if (lkb_spec_is_bind(m[i].type, &m[i].options) && m[i].source && *m[i].source &&
		    *m[i].source != '/')
			check_use(volumes, &use, diags);
	}
}

static void check_section(const struct lkb_spec_names *volumes, const struct lkb_objlist *list,
			  const char *section, struct lkb_diags *diags)
{
	const struct lkb_spec_image *images = list->items;

	for (size_t i = 0; i < list->n; i++) {
		const struct lkb_spec_image *image = &images[i];
		lkb_autofree char *path = lkb_format("%s[%zu]", section, i);

		check_binds(volumes, &image->binds, "binds", path, diags);
		check_binds(volumes, &image->binds_add, "binds.add", path, diags);
		check_mounts(volumes, &image->mounts, "mounts", path, diags);
		check_mounts(volumes, &image->runtime.mounts, "runtime.mounts", path, diags);
	}
}

void lkb_spec_check_volume_users(const struct lkb_spec *spec, const struct lkb_spec_names *volumes,
				 struct lkb_diags *diags)
{
	check_section(volumes, &spec->onboot, "onboot", diags);
	check_section(volumes, &spec->onshutdown, "onshutdown", diags);
	check_section(volumes, &spec->services, "services", diags);
}
