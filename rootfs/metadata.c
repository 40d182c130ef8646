/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ext/schema_write.h"
#include "rootfs/oci/ref.h"
#include "rootfs/rootfs_priv.h"

/* `metadata` of files: the merged spec as a document, with whole references in place of short
 * ones, so that it says what was built from. */

static void expand(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);
	lkb_autoref ref = { 0 };
	lkb_autofree char *text = NULL;

	if (!value || lkb_ref_parse(json_string_value(value), &ref, NULL) < 0)
		return;
	text = lkb_ref_text(&ref);
	json_object_set_new(object, key, json_string(text));
}

/* `image` of each item of a section; NULL has none. */
static void expand_items(json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		expand(json_array_get(list, i), "image");
}

static void expand_init(json_t *init)
{
	for (size_t i = 0; i < json_array_size(init); i++) {
		lkb_autoref ref = { 0 };
		lkb_autofree char *text = NULL;

		if (lkb_ref_parse(json_string_value(json_array_get(init, i)), &ref, NULL) < 0)
			continue;
		text = lkb_ref_text(&ref);
		json_array_set_new(init, i, json_string(text));
	}
}

int lkb_rootfs_metadata(const struct lkb_spec *spec, const char *format, struct lkb_str *ret,
			struct lkb_error *err)
{
	static const char *const sections[] = { "onboot", "onshutdown", "services", "volumes" };
	lkb_autojson root = lkb_spec_write(spec);
	lkb_autofree char *text = NULL;

	expand(json_object_get(root, "kernel"), "image");
	expand_init(json_object_get(root, "init"));
	for (size_t i = 0; i < LKB_ARRAY_SIZE(sections); i++)
		expand_items(json_object_get(root, sections[i]));
	if (!strcmp(format, "yaml"))
		return lkb_yaml_write(root, ret, err);
	text = json_dumps(root, JSON_INDENT(2));
	if (!text)
		return lkb_fail(err, LKB_BUG, "the spec cannot be written as JSON");
	lkb_str_addf(ret, "%s\n", text);
	return 0;
}
