/* SPDX-License-Identifier: Apache-2.0 */
#include <libfdt.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/size.h"
#include "dtb/dtb_priv.h"

#define DEPTH_MAX 64
#define NAME_MAX_BYTES 255
#define VERSION 17u

/* Fields of the header (Devicetree Specification 0.4, section 5.2): read byte by byte, since the
 * buffer may stand anywhere. */
enum { MAGIC = 0, OFF_DT_STRUCT = 8, OFF_DT_STRINGS = 12, FORMAT_VERSION = 20,
       SIZE_DT_STRINGS = 32, SIZE_DT_STRUCT = 36 };

static uint32_t field(const void *dtb, size_t at)
{
	return lkb_get_be32((const uint8_t *)dtb + at);
}

/*
 * The structure block, walked by ourselves before libfdt does: fdt_check_full() of libfdt 1.6.1
 * adds the length of a property to its place as a signed number, so that a length of 0xfffffff4
 * makes it stand still for ever and 0xfffffffd gives a property of minus three bytes. And names
 * may overlap: a hundred thousand properties whose names end at one NUL two megabytes away would
 * take minutes to look at, and no memory would hold them written out.
 */
struct walk {
	const uint8_t *at;
	size_t left;
	const uint8_t *strings;
	size_t n_strings;
	int depth;
	bool too_deep;
};

static bool skip(struct walk *w, uint64_t n)
{
	n = lkb_align_up(n, FDT_TAGSIZE);
	if (n > w->left)
		return false;
	w->at += n;
	w->left -= (size_t)n;
	return true;
}

static bool walk_node(struct walk *w)
{
	const uint8_t *end = memchr(w->at, 0, w->left);

	w->too_deep = w->too_deep || w->depth > DEPTH_MAX;
	w->depth++;
	return end && skip(w, (uint64_t)(end - w->at) + 1);
}

static bool name_ok(const struct walk *w, size_t off)
{
	size_t left = off < w->n_strings ? w->n_strings - off : 0;

	return left && memchr(w->strings + off, 0, left < NAME_MAX_BYTES + 1 ? left :
			      NAME_MAX_BYTES + 1);
}

static bool walk_property(struct walk *w)
{
	/* Its length, the place of its name, the value. */
	return w->left >= 8 && name_ok(w, lkb_get_be32(w->at + 4)) &&
	       skip(w, 8 + (uint64_t)lkb_get_be32(w->at));
}

/* One root with everything in it, then the end. */
static bool walk_structure(struct walk *w)
{
	bool root_seen = false;

	while (w->left >= FDT_TAGSIZE) {
		uint32_t tag = lkb_get_be32(w->at);

		skip(w, FDT_TAGSIZE);
		if (tag == FDT_NOP)
			continue;
		if (tag == FDT_END)
			return root_seen && !w->depth;
		if (tag == FDT_BEGIN_NODE) {
			if ((root_seen && !w->depth) || !walk_node(w))
				return false;
			root_seen = true;
		} else if (!w->depth) {
			return false;
		} else if (tag == FDT_END_NODE) {
			w->depth--;
		} else if (tag != FDT_PROP || !walk_property(w)) {
			return false;
		}
	}
	return false;
}

static int check_structure(const uint8_t *dtb, size_t n, const char *name, struct lkb_error *err)
{
	size_t off = field(dtb, OFF_DT_STRUCT), size = field(dtb, SIZE_DT_STRUCT);
	size_t strings = field(dtb, OFF_DT_STRINGS), n_strings = field(dtb, SIZE_DT_STRINGS);
	struct walk w;

	if (off > n || size > n - off || strings > n || n_strings > n - strings)
		return lkb_fail(err, LKB_INPUT, "'%s' is a damaged device tree (cut off)", name);
	w = (struct walk){.at = dtb + off, .left = size, .strings = dtb + strings,
			  .n_strings = n_strings};
	if (!walk_structure(&w))
		return lkb_fail(err, LKB_INPUT, "'%s' is a damaged device tree (nodes)", name);
	if (w.too_deep)
		return lkb_fail(err, LKB_INPUT, "device tree '%s' is nested deeper than %d nodes",
				name, DEPTH_MAX);
	return 0;
}

int lkb_dtb_check(const void *dtb, size_t n, const char *name, struct lkb_error *err)
{
	lkb_autofree void *aligned = NULL;
	int r;

	if (n > LKB_DTB_MAX)
		return lkb_fail(err, LKB_INPUT, "'%s' has %zu bytes, a device tree at most %zu",
				name, n, LKB_DTB_MAX);
	if (n < sizeof(struct fdt_header) || field(dtb, MAGIC) != FDT_MAGIC)
		return lkb_fail(err, LKB_INPUT, "'%s' is no device tree", name);
	if (field(dtb, FORMAT_VERSION) < VERSION)
		return lkb_fail(err, LKB_INPUT, "device tree '%s' is of version %u, not %u", name,
				field(dtb, FORMAT_VERSION), VERSION);
	if (check_structure(dtb, n, name, err))
		return -1;
	/* libfdt wants the header aligned, and nobody promises that. */
	aligned = lkb_memdup(dtb, n);
	r = fdt_check_full(aligned, n);
	if (r)
		return lkb_fail(err, LKB_INPUT, "'%s' is a damaged device tree (%s)", name,
				fdt_strerror(r));
	return 0;
}

const char *lkb_dtb_string(const void *fdt, int node, const char *key)
{
	int len;
	const char *value = fdt_getprop(fdt, node, key, &len);

	if (!value || len < 2 || memchr(value, 0, (size_t)len) != value + len - 1)
		return NULL;
	return value;
}
