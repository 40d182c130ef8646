/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/size.h"
#include "image/iso/iso_priv.h"
#include "image/iso/read.h"

#define VOLUMES_MAX 16u
#define DIR_MAX     ((size_t)LKB_MIB)
#define ROOT_AT     156u
#define BOOTABLE    0x88u
#define SECTION     0x90u
#define LAST_SECTION 0x91u

static bool read_sector(const struct lkb_blob *b, uint64_t sector, uint8_t p[ISO_SECTOR])
{
	return sector <= UINT32_MAX && !lkb_blob_read(b, sector * ISO_SECTOR, p, ISO_SECTOR, NULL);
}

bool lkb_iso_like(const struct lkb_blob *blob)
{
	uint8_t p[6];

	return lkb_blob_size(blob) >= (ISO_VOLUME_AT + 1) * ISO_SECTOR &&
	       !lkb_blob_read(blob, (uint64_t)ISO_VOLUME_AT * ISO_SECTOR, p, sizeof(p), NULL) &&
	       !memcmp(p, "\1CD001", 6);
}

static void add_boot(struct lkb_iso_found *f, uint8_t platform, const uint8_t *e)
{
	if (f->n_boots < LKB_ISO_BOOTS_MAX)
		f->boots[f->n_boots++] = (struct lkb_iso_boot){
			.platform = platform, .bootable = e[0] == BOOTABLE,
			.off = (uint64_t)lkb_get_le32(e + 8) * ISO_SECTOR,
			.sectors = lkb_get_le16(e + 6),
		};
}

/* El Torito: a validation entry, the default image, then sections of more. */
static void read_catalog(const uint8_t p[ISO_SECTOR], struct lkb_iso_found *ret)
{
	if (p[0] != 1 || p[30] != 0x55 || p[31] != 0xaa)
		return;
	add_boot(ret, p[1], p + 32);
	for (size_t at = 64; at + 32 <= ISO_SECTOR;) {
		const uint8_t *section = p + at;
		size_t n = lkb_get_le16(section + 2);

		if (section[0] != SECTION && section[0] != LAST_SECTION)
			return;
		at += 32;
		for (size_t i = 0; i < n && at + 32 <= ISO_SECTOR; i++, at += 32)
			add_boot(ret, section[1], p + at);
		if (section[0] == LAST_SECTION)
			return;
	}
}

static void read_primary(const uint8_t p[ISO_SECTOR], struct lkb_iso_found *ret)
{
	size_t n = 32;

	while (n && p[40 + n - 1] == ' ')
		n--;
	for (size_t i = 0; i < n; i++)
		ret->volume_id[i] = p[40 + i] >= 0x20 && p[40 + i] < 0x7f ? (char)p[40 + i] : '?';
	ret->size = (uint64_t)lkb_get_le32(p + 80) * ISO_SECTOR;
}

int lkb_iso_read(const struct lkb_blob *blob, struct lkb_iso_found *ret, struct lkb_error *err)
{
	struct lkb_iso_found f = {0};
	uint8_t p[ISO_SECTOR], catalog[ISO_SECTOR];
	unsigned i;

	for (i = 0; i < VOLUMES_MAX; i++) {
		if (!read_sector(blob, ISO_VOLUME_AT + i, p) || memcmp(p + 1, "CD001", 5) != 0)
			return lkb_fail(err, LKB_INPUT, "its volume descriptors are damaged");
		if (p[0] == 255)
			break;
		if (i == 0)
			read_primary(p, &f);
		if (p[0] == 0 && !memcmp(p + 7, "EL TORITO SPECIFICATION", 23) &&
		    read_sector(blob, lkb_get_le32(p + 71), catalog))
			read_catalog(catalog, &f);
	}
	*ret = f;
	return 0;
}

/* A directory record: its extent, if there is all of it. */
static bool extent_of(struct lkb_blob *blob, const uint8_t *record, struct lkb_data *ret)
{
	uint64_t off = (uint64_t)lkb_get_le32(record + 2) * ISO_SECTOR;
	uint64_t len = lkb_get_le32(record + 10);

	if (off > lkb_blob_size(blob) || len > lkb_blob_size(blob) - off)
		return false;
	*ret = (struct lkb_data){blob, off, len};
	return true;
}

static bool has_name(const uint8_t *record, const char *name, size_t len)
{
	size_t n = record[32];
	const uint8_t *semicolon = memchr(record + 33, ';', n);

	if (semicolon)
		n = (size_t)(semicolon - (record + 33));
	return n == len && !memcmp(record + 33, name, len);
}

/* Records do not cross sectors: a length of 0 leads to the next one. */
static bool find_in(struct lkb_blob *blob, const struct lkb_data *dir, const char *name, size_t len,
		    struct lkb_data *ret)
{
	lkb_autofree char *bytes = NULL;
	size_t n, at = 0;

	if (lkb_data_read_all(dir, DIR_MAX, &bytes, &n, NULL))
		return false;
	while (at < n) {
		const uint8_t *record = (const uint8_t *)bytes + at;
		size_t size = record[0];

		if (!size) {
			at = (at / ISO_SECTOR + 1) * ISO_SECTOR;
			continue;
		}
		if (size > n - at || size < 34 || record[32] > size - 33)
			return false;
		if (has_name(record, name, len))
			return extent_of(blob, record, ret);
		at += size;
	}
	return false;
}

bool lkb_iso_find(struct lkb_blob *blob, const char *path, struct lkb_data *ret)
{
	uint8_t p[ISO_SECTOR];
	struct lkb_data at;

	if (!read_sector(blob, ISO_VOLUME_AT, p) || !extent_of(blob, p + ROOT_AT, &at))
		return false;
	while (*path) {
		size_t len = strcspn(path, "/");

		if (!find_in(blob, &at, path, len, &at))
			return false;
		path += len + (path[len] == '/');
	}
	*ret = at;
	return true;
}
