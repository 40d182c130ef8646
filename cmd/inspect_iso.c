/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/crc32.h"
#include "cmd/inspect.h"
#include "image/iso/read.h"
#include "image/mbr.h"

#define CONFIG_MAX ((size_t)65536)

static const char *platform_of(const struct lkb_iso_boot *b)
{
	return b->platform == 0 ? "BIOS" : b->platform == 0xef ? "UEFI" : "another";
}

/* The image's own table, if it is a disk as well. */
static json_t *partitions_json(const struct lkb_blob *blob)
{
	uint8_t sector[LKB_MBR_SIZE];
	json_t *list = json_array();
	struct lkb_mbr mbr;

	if (lkb_blob_read(blob, 0, sector, sizeof(sector), NULL) || !lkb_mbr_parse(sector, &mbr))
		return list;
	for (int i = 0; i < LKB_MBR_ENTRIES; i++) {
		const struct lkb_mbr_entry *e = &mbr.entries[i];

		if (e->type)
			json_array_append_new(
				list, json_pack("{s:i, s:o, s:I, s:I}", "number", i + 1, "type",
						json_sprintf("0x%02x", e->type), "offset",
						(json_int_t)e->start_sectors * LKB_MBR_SECTOR,
						"size",
						(json_int_t)e->size_sectors * LKB_MBR_SECTOR));
	}
	return list;
}

/* What ISOLINUX gives to the kernel. */
static json_t *append_of(struct lkb_blob *blob)
{
	static const char key[] = "APPEND ";
	lkb_autofree char *text = NULL;
	struct lkb_data d;
	const char *at;
	size_t n;

	if (!lkb_iso_find(blob, "ISOLINUX/ISOLINUX.CFG", &d) ||
	    lkb_data_read_all(&d, CONFIG_MAX, &text, &n, NULL))
		return NULL;
	at = strstr(text, key);
	return at ? lkb_inspect_string(at + strlen(key), strcspn(at + strlen(key), "\r\n"), false)
		  : NULL;
}

static int add_boots(struct lkb_blob *blob, const struct lkb_iso_found *f, json_t *o,
		     struct lkb_error *err)
{
	json_t *boots = json_array(), *files = json_array(), *programs = json_array();
	int r = 0;

	for (size_t i = 0; !r && i < f->n_boots; i++) {
		const struct lkb_iso_boot *b = &f->boots[i];
		uint64_t size = lkb_blob_size(blob);
		struct lkb_data d = {blob, b->off, b->off < size ? size - b->off : 0};
		const char *holds = lkb_inspect_system(&d);

		json_array_append_new(boots, json_pack("{s:i, s:s, s:b, s:I}", "number", (int)i + 1,
						       "firmware", platform_of(b), "bootable",
						       b->bootable, "offset", (json_int_t)b->off));
		if (b->platform == 0xef && holds && !strcmp(holds, "FAT32"))
			r = lkb_inspect_fat(&d, "boot_image", (int)i + 1, files, programs, err);
	}
	json_object_set(o, "boot images", boots);
	if (json_array_size(files))
		json_object_set(o, "files", files);
	if (json_array_size(programs))
		json_object_set(o, "EFI programs", programs);
	json_decref(boots);
	json_decref(files);
	json_decref(programs);
	return r;
}

static json_t *whole(struct lkb_blob *blob, const struct lkb_iso_found *f)
{
	uint8_t id[32];
	json_t *o;

	if (lkb_blob_read(blob, LKB_ISO_VOLUME_ID_AT, id, sizeof(id), NULL))
		return NULL;
	o = json_pack("{s:s, s:I, s:s, s:o, s:I, s:o}", "kind", "ISO image", "size",
		      (json_int_t)lkb_blob_size(blob), "volume id", f->volume_id, "image word",
		      json_sprintf("lkb.image=iso9660:%08x", lkb_crc32(0, id, sizeof(id))),
		      "volume size", (json_int_t)f->size, "partitions", partitions_json(blob));
	return o;
}

static int describe_iso(const char *path, struct lkb_blob *blob, json_t **ret,
			struct lkb_error *err)
{
	struct lkb_iso_found f;
	json_t *o, *line;

	if (lkb_iso_read(blob, &f, err))
		return lkb_context(err, "'%s'", path);
	o = whole(blob, &f);
	if (!o)
		return lkb_fail(err, LKB_BUG, "cannot describe '%s'", path);
	line = append_of(blob);
	if (line)
		json_object_set_new(o, "cmdline", line);
	if (add_boots(blob, &f, o, err)) {
		json_decref(o);
		return lkb_context(err, "'%s'", path);
	}
	*ret = o;
	return 0;
}

const struct lkb_inspect_kind lkb_inspect_iso = {"ISO image", lkb_iso_like, describe_iso};
