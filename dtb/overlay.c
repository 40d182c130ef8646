/* SPDX-License-Identifier: Apache-2.0 */
#include <libfdt.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "dtb/dtb_priv.h"

/* Room to begin with beyond the two trees; more is tried up to ROOM_MAX. */
#define ROOM 4096
#define ROOM_MAX (2 * LKB_DTB_MAX)

/* One attempt in a buffer of `size` bytes: libfdt's code, and the merged tree in *ret. */
static int apply(const void *base, const void *overlay, size_t size, void **ret)
{
	lkb_autofree void *merged = lkb_alloc(size);
	lkb_autofree void *consumed = lkb_memdup(overlay, fdt_totalsize(overlay));
	int r = fdt_open_into(base, merged, (int)size);

	if (!r)
		r = fdt_overlay_apply(merged, consumed);
	if (!r)
		r = fdt_pack(merged);
	if (!r)
		*ret = LKB_STEAL(merged);
	return r;
}

static int merge(const void *base, const void *overlay, void **ret)
{
	size_t size = fdt_totalsize(base) + fdt_totalsize(overlay) + ROOM;
	int r;

	for (;; size *= 2) {
		r = apply(base, overlay, size, ret);
		if (r != -FDT_ERR_NOSPACE || size > ROOM_MAX)
			return r;
	}
}

int lkb_dtb_overlay(const void *base, size_t base_n, const char *base_name, const void *overlay,
		    size_t overlay_n, const char *overlay_name, void **ret, size_t *ret_n,
		    struct lkb_error *err)
{
	lkb_autofree void *b = NULL, *o = NULL, *merged = NULL;
	int r;

	if (lkb_dtb_check(base, base_n, base_name, err) ||
	    lkb_dtb_check(overlay, overlay_n, overlay_name, err))
		return -1;
	/* Aligned, as libfdt wants them. */
	b = lkb_memdup(base, base_n);
	o = lkb_memdup(overlay, overlay_n);
	if (lkb_dtb_check_overlay(b, base_name, o, overlay_name, err))
		return -1;
	r = merge(b, o, &merged);
	if (r)
		return lkb_fail(err, LKB_INPUT, "overlay '%s' does not fit '%s' (%s)", overlay_name,
				base_name, fdt_strerror(r));
	if (lkb_dtb_check(merged, fdt_totalsize(merged), base_name, err))
		return lkb_context(err, "with overlay '%s'", overlay_name);
	*ret_n = fdt_totalsize(merged);
	*ret = LKB_STEAL(merged);
	return 0;
}
