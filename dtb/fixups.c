/* SPDX-License-Identifier: Apache-2.0 */
#include <libfdt.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/size.h"
#include "dtb/dtb_priv.h"

/*
 * libfdt believes the offsets that __fixups__ and __local_fixups__ hold: it reads and writes four
 * bytes there without asking whether they lie in the property. What it changes must not be what it
 * reads later: the fixups and symbols themselves, and the target paths.
 */

static const char *const untouchable[] = {"/__fixups__", "/__local_fixups__", "/__symbols__"};

static int bad(const char *overlay_name, const char *what, struct lkb_error *err)
{
	return lkb_fail(err, LKB_INPUT, "overlay '%s' has a wrong %s", overlay_name, what);
}

static bool may_change(const void *fdt, int node, const char *property)
{
	int top = fdt_supernode_atdepth_offset(fdt, node, 1, NULL);
	size_t i;

	if (!strcmp(property, "target-path"))
		return false;
	for (i = 0; top >= 0 && i < LKB_ARRAY_SIZE(untouchable); i++)
		if (fdt_path_offset(fdt, untouchable[i]) == top)
			return false;
	return true;
}

static bool place_ok(const void *fdt, int node, const char *property, uint64_t offset)
{
	int len;

	if (!fdt_getprop(fdt, node, property, &len) || len < 4)
		return false;
	return offset <= (uint64_t)len - 4 && may_change(fdt, node, property);
}

/* The nodes below __local_fixups__ mirror the tree; each property there is a list of offsets. The
 * depth is bounded by lkb_dtb_check(). */
static bool local_ok(const void *fdt, int node, int fixups)
{
	int at, child;

	fdt_for_each_property_offset(at, fdt, fixups) {
		const char *name;
		const uint8_t *value;
		int len, i;

		value = fdt_getprop_by_offset(fdt, at, &name, &len);
		/* Renumbering changes every property of these names, so here too. */
		if (!value || len % 4 || !strcmp(name, "phandle") ||
		    !strcmp(name, "linux,phandle"))
			return false;
		for (i = 0; i < len; i += 4)
			if (!place_ok(fdt, node, name, lkb_get_be32(value + i)))
				return false;
	}
	fdt_for_each_subnode(child, fdt, fixups) {
		const char *name = fdt_get_name(fdt, child, NULL);
		int mirrored = name ? fdt_subnode_offset(fdt, node, name) : -1;

		if (mirrored < 0 || !local_ok(fdt, mirrored, child))
			return false;
	}
	return true;
}

/* One "path:property:offset". */
static bool fixup_ok(const void *fdt, const char *text)
{
	lkb_autofree char *copy = lkb_strdup(text);
	char *property, *offset;
	uint64_t v;
	int node;

	property = strchr(copy, ':');
	if (!property || copy[0] != '/')
		return false;
	*property++ = 0;
	offset = strchr(property, ':');
	if (!offset || offset == property)
		return false;
	*offset++ = 0;
	node = fdt_path_offset(fdt, copy);
	return node >= 0 && lkb_u64_parse(offset, &v) && place_ok(fdt, node, property, v);
}

static bool fixups_ok(const void *fdt, int fixups)
{
	int at;

	fdt_for_each_property_offset(at, fdt, fixups) {
		const char *value, *end, *label;
		int len;

		value = fdt_getprop_by_offset(fdt, at, &label, &len);
		if (!value || len < 1 || value[len - 1])
			return false;
		for (end = value + len; value < end; value += strlen(value) + 1)
			if (!fixup_ok(fdt, value))
				return false;
	}
	return true;
}

int lkb_dtb_check_fixups(const void *overlay, const char *overlay_name, struct lkb_error *err)
{
	int local = fdt_path_offset(overlay, "/__local_fixups__");
	int fixups = fdt_path_offset(overlay, "/__fixups__");

	if (local >= 0 && !local_ok(overlay, 0, local))
		return bad(overlay_name, "__local_fixups__", err);
	if (fixups >= 0 && !fixups_ok(overlay, fixups))
		return bad(overlay_name, "__fixups__", err);
	return 0;
}
