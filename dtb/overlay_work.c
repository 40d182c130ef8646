/* SPDX-License-Identifier: Apache-2.0 */
#include <libfdt.h>

#include "dtb/dtb_priv.h"

/* Bytes walked or moved: some seconds. An overlay of 10 KB that holds 500 things is, on a tree of
 * 64 KB, a hundredth of it. */
#define MAX_WORK ((uint64_t)1 << 32)

/* Nodes and properties from `node` to its end, and the bytes of its properties' values. */
static void count(const void *fdt, int node, uint64_t *ret_n, uint64_t *ret_bytes)
{
	int at = node, next, depth = 0;

	*ret_n = *ret_bytes = 0;
	for (;; at = next) {
		uint32_t tag = fdt_next_tag(fdt, at, &next);
		int len = 0;

		if (tag == FDT_END || next < 0)
			return;
		if (tag == FDT_BEGIN_NODE)
			depth++;
		if (tag == FDT_END_NODE && !--depth)
			return;
		if (tag == FDT_PROP && fdt_getprop_by_offset(fdt, at, NULL, &len))
			*ret_bytes += (uint64_t)len;
		*ret_n += tag == FDT_BEGIN_NODE || tag == FDT_PROP;
	}
}

int lkb_dtb_check_work(const void *base, const void *overlay, const char *overlay_name,
		       struct lkb_error *err)
{
	int local = fdt_path_offset(overlay, "/__local_fixups__");
	int fixups = fdt_path_offset(overlay, "/__fixups__");
	uint64_t size = (uint64_t)fdt_totalsize(base) + 2 * (uint64_t)fdt_totalsize(overlay);
	uint64_t items, n, bytes;

	count(overlay, 0, &items, &bytes);
	if (local >= 0) {
		count(overlay, local, &n, &bytes);
		items += bytes / 4; /* a place each */
	}
	if (fixups >= 0) {
		count(overlay, fixups, &n, &bytes);
		items += bytes / 6; /* "/:x:0" and a NUL is the shortest */
	}
	if (items <= MAX_WORK / size)
		return 0;
	lkb_fail(err, LKB_INPUT, "overlay '%s' holds too much to be applied: %llu nodes, "
		 "properties and places to mend", overlay_name, (unsigned long long)items);
	return lkb_hint(err, "divide it into several overlays");
}
