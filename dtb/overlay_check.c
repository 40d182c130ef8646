/* SPDX-License-Identifier: Apache-2.0 */
#include <libfdt.h>
#include <string.h>

#include "base/bytes.h"
#include "dtb/dtb_priv.h"

struct pair {
	const void *base, *overlay;
	const char *base_name, *overlay_name;
};

/* A path is looked up only if it is absolute: others go through aliases, which may lead in
 * circles. */
static int find(const void *fdt, const char *path)
{
	return path && path[0] == '/' ? fdt_path_offset(fdt, path) : -FDT_ERR_BADPATH;
}

static int check_fragment(const struct pair *p, int fragment, struct lkb_error *err)
{
	const char *name = fdt_get_name(p->overlay, fragment, NULL), *path;
	const uint8_t *target;
	int len;

	/* Asked of every target-path: adding to a target may make it zero, and libfdt then turns to
	 * the path. */
	path = fdt_getprop(p->overlay, fragment, "target-path", NULL);
	if (path && path != lkb_dtb_string(p->overlay, fragment, "target-path"))
		path = "";
	if (path && path[0] != '/')
		return lkb_fail(err, LKB_INPUT,
				"overlay '%s': the target-path of '%s' is no absolute path",
				p->overlay_name, name);
	target = fdt_getprop(p->overlay, fragment, "target", &len);
	if (target && len != 4)
		return lkb_fail(err, LKB_INPUT, "overlay '%s': the target of '%s' is not one cell",
				p->overlay_name, name);
	if (target && lkb_get_be32(target))
		return 0;
	if (!path)
		return lkb_fail(err, LKB_INPUT,
				"overlay '%s': '%s' has neither target-path nor target",
				p->overlay_name, name);
	if (find(p->base, path) < 0)
		return lkb_fail(err, LKB_INPUT, "overlay '%s': '%s' has no node '%s'",
				p->overlay_name, p->base_name, path);
	return 0;
}

static int check_fragments(const struct pair *p, struct lkb_error *err)
{
	size_t n = 0;
	int fragment;

	fdt_for_each_subnode(fragment, p->overlay, 0) {
		if (fdt_subnode_offset(p->overlay, fragment, "__overlay__") < 0)
			continue;
		n++;
		if (check_fragment(p, fragment, err))
			return -1;
	}
	if (!n) {
		lkb_fail(err, LKB_INPUT, "'%s' is no overlay: it has no node '__overlay__'",
			 p->overlay_name);
		return lkb_hint(err, "an overlay's source starts with /dts-v1/; /plugin/;");
	}
	return 0;
}

static int check_label(const struct pair *p, int symbols, const char *label, struct lkb_error *err)
{
	int node;

	if (symbols < 0) {
		lkb_fail(err, LKB_INPUT,
			 "overlay '%s' names the label '%s', and '%s' has no labels",
			 p->overlay_name, label, p->base_name);
		return lkb_hint(err, "write target-path = \"/the/node\" in the overlay instead; "
				"Debian's device trees are built without labels");
	}
	if (!fdt_getprop(p->base, symbols, label, NULL))
		return lkb_fail(err, LKB_INPUT,
				"overlay '%s' names the label '%s', which '%s' does not have",
				p->overlay_name, label, p->base_name);
	node = find(p->base, lkb_dtb_string(p->base, symbols, label));
	if (node < 0 || !fdt_get_phandle(p->base, node))
		return lkb_fail(err, LKB_INPUT,
				"overlay '%s' names the label '%s', which leads nowhere in '%s'",
				p->overlay_name, label, p->base_name);
	return 0;
}

static int check_labels(const struct pair *p, struct lkb_error *err)
{
	int symbols = fdt_path_offset(p->base, "/__symbols__");
	int fixups = fdt_path_offset(p->overlay, "/__fixups__");
	int at;

	if (fixups < 0)
		return 0;
	fdt_for_each_property_offset(at, p->overlay, fixups) {
		const char *label;

		if (!fdt_getprop_by_offset(p->overlay, at, &label, NULL))
			return lkb_fail(err, LKB_INPUT, "overlay '%s' has a wrong __fixups__",
					p->overlay_name);
		if (check_label(p, symbols, label, err))
			return -1;
	}
	return 0;
}

int lkb_dtb_check_overlay(const void *base, const char *base_name, const void *overlay,
			  const char *overlay_name, struct lkb_error *err)
{
	const struct pair p = {base, overlay, base_name, overlay_name};

	if (lkb_dtb_check_work(base, overlay, overlay_name, err) || check_fragments(&p, err) ||
	    check_labels(&p, err))
		return -1;
	return lkb_dtb_check_fixups(overlay, overlay_name, err);
}
