/* SPDX-License-Identifier: Apache-2.0 */
#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/ext/compress.h"
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
	*ret = json_pack("{s:s, s:I, s:s}", "kind", "device tree", "size", (json_int_t)n, "text",
			 lkb_str_get(&text));
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
	len = lkb_get_be32(bytes + UIMAGE_HEADER);
	if (len > n - UIMAGE_HEADER - 8)
		return lkb_fail(err, LKB_INPUT, "'%s' is cut short", path);
	*ret = json_pack("{s:s, s:I, s:s%}", "kind", "boot script", "size", (json_int_t)n, "text",
			 bytes + UIMAGE_HEADER + 8, len);
	return *ret ? 0 : lkb_fail(err, LKB_INPUT, "the script in '%s' is no text", path);
}

const struct lkb_inspect_kind lkb_inspect_script = {"boot script", is_script, describe_script};

/* Initrd: a newc archive, mostly compressed. */

static bool is_initrd(const struct lkb_blob *blob)
{
	char head[6] = {0};

	return lkb_blob_size(blob) > sizeof(head) &&
	       !lkb_blob_read(blob, 0, head, sizeof(head), NULL) &&
	       (lkb_compression_of(head, sizeof(head)) != LKB_PLAIN || !memcmp(head, "070701", 6));
}

static int list_entries(struct archive *a, json_t *list, struct lkb_error *err)
{
	struct archive_entry *e;
	int r;

	while ((r = archive_read_next_header(a, &e)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
		const char *name = archive_entry_pathname(e);

		if (json_array_size(list) >= 1000000)
			return lkb_fail(err, LKB_INPUT, "more than 1000000 entries");
		json_array_append_new(list, json_pack("{s:o, s:I, s:s}", "mode",
						      json_sprintf("%06o", archive_entry_mode(e)),
						      "size", (json_int_t)archive_entry_size(e),
						      "path", name ? name : "?"));
	}
	return r == ARCHIVE_EOF ? 0 : lkb_fail(err, LKB_INPUT, "%s", archive_error_string(a));
}

static int describe_initrd(const char *path, struct lkb_blob *blob, json_t **ret,
			   struct lkb_error *err)
{
	static const char *const names[] = {"plain", "gzip", "zstd", "xz"};
	struct archive *a = archive_read_new();
	json_t *list = json_array();
	char head[6] = {0};
	int r;

	lkb_blob_read(blob, 0, head, sizeof(head), NULL);
	/* Not "all": that would run programs for rare formats. */
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_filter_xz(a);
	archive_read_support_format_cpio(a);
	r = archive_read_open_filename(a, path, 65536) == ARCHIVE_OK
		    ? list_entries(a, list, err)
		    : lkb_fail(err, LKB_INPUT, "%s", archive_error_string(a));
	archive_read_free(a);
	if (r) {
		json_decref(list);
		return lkb_context(err, "'%s' is no initrd that can be read", path);
	}
	*ret = json_pack("{s:s, s:s, s:I, s:o}", "kind", "initrd", "compression",
			 names[lkb_compression_of(head, sizeof(head))], "size",
			 (json_int_t)lkb_blob_size(blob), "entries", list);
	return *ret ? 0 : lkb_fail(err, LKB_BUG, "cannot describe '%s'", path);
}

const struct lkb_inspect_kind lkb_inspect_initrd = {"initrd", is_initrd, describe_initrd};
