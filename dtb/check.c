/* SPDX-License-Identifier: Apache-2.0 */
#include <libfdt.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "dtb/dtb_priv.h"

#define DEPTH_MAX 64

static int check_depth(const void *fdt, const char *name, struct lkb_error *err)
{
	int node = 0, depth = 0;

	while (node >= 0 && depth >= 0) {
		if (depth > DEPTH_MAX)
			return lkb_fail(err, LKB_INPUT,
					"device tree '%s' is nested deeper than %d nodes", name,
					DEPTH_MAX);
		node = fdt_next_node(fdt, node, &depth);
	}
	return 0;
}

int lkb_dtb_check(const void *dtb, size_t n, const char *name, struct lkb_error *err)
{
	lkb_autofree void *aligned = NULL;
	int r;

	if (n > LKB_DTB_MAX)
		return lkb_fail(err, LKB_INPUT, "'%s' has %zu bytes, a device tree at most %zu",
				name, n, LKB_DTB_MAX);
	if (n < sizeof(struct fdt_header) || fdt_magic(dtb) != FDT_MAGIC)
		return lkb_fail(err, LKB_INPUT, "'%s' is no device tree", name);
	/* libfdt wants the header aligned, and nobody promises that. */
	aligned = lkb_memdup(dtb, n);
	r = fdt_check_full(aligned, n);
	if (r)
		return lkb_fail(err, LKB_INPUT, "'%s' is a damaged device tree (%s)", name,
				fdt_strerror(r));
	if (!fdt_get_name(aligned, 0, NULL))
		return lkb_fail(err, LKB_INPUT, "device tree '%s' has no root", name);
	return check_depth(aligned, name, err);
}

const char *lkb_dtb_string(const void *fdt, int node, const char *key)
{
	int len;
	const char *value = fdt_getprop(fdt, node, key, &len);

	if (!value || len < 2 || memchr(value, 0, (size_t)len) != value + len - 1)
		return NULL;
	return value;
}
