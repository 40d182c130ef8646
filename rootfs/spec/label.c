/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "rootfs/spec/spec_priv.h"

static int parse_label(const char *text, struct lkb_arena *arena, struct lkb_spec_image *ret,
		       struct lkb_error *err)
{
	struct lkb_yaml_node *root = NULL;
	struct lkb_spec_image image = { 0 };
	lkb_autodiags diags = { 0 };

	if (lkb_yaml_parse(text, strlen(text), LKB_SPEC_LABEL, arena, &root, err))
		return -1;
	if (root->type != LKB_YAML_MAP) {
		lkb_fail(err, LKB_INPUT, "it must be a map, not %s", lkb_yaml_kind(root));
		return lkb_hint(err, "the label is JSON such as {\"net\": \"host\"}");
	}
	if (lkb_yaml_get(root, "name") || lkb_yaml_get(root, "image")) {
		lkb_fail(err, LKB_INPUT, "'name' and 'image' cannot be set in a label");
		return lkb_hint(err, "remove them: the spec has them");
	}
	lkb_schema_read(lkb_spec_label_schema(), root, LKB_SPEC_LABEL, &image, arena, &diags);
	lkb_spec_check_image(&image, "", &diags);
	lkb_diags_sort(&diags);
	if (lkb_diags_result(&diags, err))
		return -1;
	*ret = image;
	return 0;
}

/* The text stands in an image, not in a file of the user's, so the error has no file; the place in
 * the label goes into the message. */
int lkb_spec_label(const char *text, const char *where, struct lkb_arena *arena,
		   struct lkb_spec_image *ret, struct lkb_error *err)
{
	struct lkb_error fault = { 0 };

	if (!parse_label(text, arena, ret, &fault))
		return 0;
	if (fault.line)
		lkb_context(&fault, "line %u, column %u", fault.line, fault.column);
	lkb_at(&fault, "", 0, 0);
	lkb_context(&fault, "label " LKB_SPEC_LABEL " of '%s'", where);
	if (err)
		*err = fault;
	return -1;
}
