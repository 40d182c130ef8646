/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/size.h"
#include "cmd/inspect.h"
#include "dtb/dtb.h"

static uint32_t magic_of(const struct lkb_blob *blob)
{
	uint8_t b[4];

	if (lkb_blob_size(blob) < sizeof(b) || lkb_blob_read(blob, 0, b, sizeof(b), NULL))
		return 0;
	return lkb_get_be32(b);
}

static int read_whole(struct lkb_blob *blob, size_t max, char **ret, size_t *n,
		      struct lkb_error *err)
{
	struct lkb_data d = {blob, 0, lkb_blob_size(blob)};

	return lkb_data_read_all(&d, max, ret, n, err);
}

/* Device tree (Devicetree Specification 5.2: magic). */

static bool is_dtb(const struct lkb_blob *blob)
{
	return magic_of(blob) == 0xd00dfeed;
}

static int describe_dtb(const char *path, struct lkb_blob *blob, json_t **ret,
			struct lkb_error *err)
{
	lkb_autofree char *bytes = NULL;
	lkb_autostr text = {0};
	size_t n;

	if (read_whole(blob, LKB_DTB_MAX, &bytes, &n, err) ||
	    lkb_dtb_check(bytes, n, path, err) || lkb_dtb_print(bytes, n, path, &text, err))
		return -1;
	*ret = json_pack("{s:s, s:I, s:o}", "kind", "device tree", "size", (json_int_t)n, "text",
			 lkb_inspect_string(lkb_str_get(&text), text.len, true));
	return *ret ? 0 : lkb_fail(err, LKB_BUG, "cannot describe '%s'", path);
}

const struct lkb_inspect_kind lkb_inspect_dtb = {"device tree", is_dtb, describe_dtb};

/* U-Boot script image (U-Boot include/image.h: legacy header of 64 bytes, type 6; then the sizes of
 * the parts, ending with 0). */

#define UIMAGE_MAGIC 0x27051956
#define UIMAGE_HEADER 64
#define UIMAGE_SCRIPT 6

static bool is_script(const struct lkb_blob *blob)
{
	uint8_t type;

	return magic_of(blob) == UIMAGE_MAGIC && lkb_blob_size(blob) > UIMAGE_HEADER + 8 &&
	       !lkb_blob_read(blob, 30, &type, 1, NULL) && type == UIMAGE_SCRIPT;
}

static int describe_script(const char *path, struct lkb_blob *blob, json_t **ret,
			   struct lkb_error *err)
{
	lkb_autofree char *bytes = NULL;
	size_t n, len;

	if (read_whole(blob, LKB_MIB, &bytes, &n, err))
		return -1;
	/* is_script() has seen that there is more than the header and the sizes. */
	len = lkb_get_be32(bytes + UIMAGE_HEADER);
	if (len > n - UIMAGE_HEADER - 8)
		return lkb_fail(err, LKB_INPUT, "'%s' is cut short", path);
	*ret = json_pack("{s:s, s:I, s:o}", "kind", "boot script", "size", (json_int_t)n, "text",
			 lkb_inspect_string(bytes + UIMAGE_HEADER + 8, len, true));
	return *ret ? 0 : lkb_fail(err, LKB_BUG, "cannot describe '%s'", path);
}

const struct lkb_inspect_kind lkb_inspect_script = {"boot script", is_script, describe_script};
