/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/bytes.h"
#include "base/crc32.h"
#include "image/gpt.h"

#define SECTOR     LKB_MBR_SECTOR
#define HEADER_MIN 92u
#define ENTRY_SIZE 128u
#define NAME_AT    56u

static struct lkb_uuid get_guid(const uint8_t *p)
{
	static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	struct lkb_uuid u;

	for (size_t i = 0; i < sizeof(order); i++)
		u.b[i] = p[order[i]];
	return u;
}

/* True if sector `self` holds a header that is whole. */
static bool read_header(const struct lkb_blob *disk, uint64_t self, uint8_t p[SECTOR])
{
	uint8_t zeroed[SECTOR];
	uint32_t size;

	if (self > lkb_blob_size(disk) / SECTOR ||
	    lkb_blob_read(disk, self * SECTOR, p, SECTOR, NULL))
		return false;
	size = lkb_get_le32(p + 12);
	if (memcmp(p, "EFI PART", 8) != 0 || size < HEADER_MIN || size > SECTOR ||
	    lkb_get_le64(p + 24) != self)
		return false;
	memcpy(zeroed, p, SECTOR);
	memset(zeroed + 16, 0, 4);
	return lkb_crc32(0, zeroed, size) == lkb_get_le32(p + 16);
}

/* The entries that a header names, if they are as it says. */
static bool read_entries(const struct lkb_blob *disk, const uint8_t *header,
			 uint8_t entries[LKB_GPT_ENTRIES * ENTRY_SIZE])
{
	uint64_t at = lkb_get_le64(header + 72);
	size_t n = lkb_get_le32(header + 80);

	if (lkb_get_le32(header + 84) != ENTRY_SIZE || n > LKB_GPT_ENTRIES ||
	    at > lkb_blob_size(disk) / SECTOR ||
	    lkb_blob_read(disk, at * SECTOR, entries, n * ENTRY_SIZE, NULL))
		return false;
	return lkb_crc32(0, entries, n * ENTRY_SIZE) == lkb_get_le32(header + 88);
}

static void get_entry(const uint8_t *p, unsigned number, struct lkb_gpt_found *ret)
{
	uint64_t start = lkb_get_le64(p + 32), last = lkb_get_le64(p + 40);

	*ret = (struct lkb_gpt_found){
		.number = number, .type = get_guid(p), .guid = get_guid(p + 16),
		.start_sectors = start, .attributes = lkb_get_le64(p + 48),
		.size_sectors = last >= start && last - start < UINT64_MAX ? last - start + 1 : 0,
	};
	for (size_t i = 0; i < LKB_GPT_NAME_MAX; i++) {
		uint16_t c = lkb_get_le16(p + NAME_AT + 2 * i);

		if (!c)
			break;
		ret->name[i] = c >= 0x20 && c < 0x7f ? (char)c : '?';
	}
}

int lkb_gpt_read(const struct lkb_blob *disk, struct lkb_gpt_table *ret, struct lkb_error *err)
{
	uint8_t header[SECTOR], other[SECTOR], entries[LKB_GPT_ENTRIES * ENTRY_SIZE] = {0};
	uint8_t copy[sizeof(entries)];
	uint64_t last = lkb_blob_size(disk) / SECTOR;

	if (!read_header(disk, 1, header) || !read_entries(disk, header, entries))
		return lkb_fail(err, LKB_INPUT, "the GPT at its start is damaged");
	memset(ret, 0, sizeof(*ret));
	ret->guid = get_guid(header + 56);
	ret->backup_good = last && lkb_get_le64(header + 32) == last - 1 &&
			   read_header(disk, last - 1, other) && read_entries(disk, other, copy) &&
			   lkb_get_le32(other + 88) == lkb_get_le32(header + 88);
	for (size_t i = 0; i < lkb_get_le32(header + 80); i++)
		if (!lkb_is_zero(entries + i * ENTRY_SIZE, 16))
			get_entry(entries + i * ENTRY_SIZE, (unsigned)i + 1,
				  &ret->entries[ret->n++]);
	return 0;
}

bool lkb_gpt_is_esp(const struct lkb_uuid *type)
{
	return !strcmp(lkb_uuid_text(type).s, "c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
}
