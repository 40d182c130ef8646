/* SPDX-License-Identifier: Apache-2.0 */
#include "image/mbr.h"

#include <string.h>

#include "base/bytes.h"

#define SIGNATURE_OFF LKB_MBR_CODE_SIZE
#define TABLE_OFF     446
#define ENTRY_SIZE    16
#define MAGIC_OFF     510

/* Nobody reads cylinders any more, but partitioners warn where they disagree with the sectors. */
#define HEADS       255u
#define TRACK       63u
#define CYLINDERS   1024u

static void put_chs(uint8_t *p, uint64_t sector)
{
	uint64_t cylinder = sector / (HEADS * TRACK);

	if (cylinder >= CYLINDERS) {
		p[0] = 0xfe;
		p[1] = 0xff;
		p[2] = 0xff;
		return;
	}
	p[0] = (uint8_t)(sector / TRACK % HEADS);
	p[1] = (uint8_t)((sector % TRACK + 1) | (cylinder >> 2 & 0xc0));
	p[2] = (uint8_t)cylinder;
}

void lkb_mbr_build(const struct lkb_mbr *mbr, uint8_t out[LKB_MBR_SIZE])
{
	memset(out, 0, LKB_MBR_SIZE);
	lkb_put_le32(out + SIGNATURE_OFF, mbr->signature);
	for (size_t i = 0; i < LKB_MBR_ENTRIES; i++) {
		const struct lkb_mbr_entry *e = &mbr->entries[i];
		uint8_t *p = out + TABLE_OFF + i * ENTRY_SIZE;

		if (e->type == 0)
			continue;
		p[0] = e->bootable ? 0x80 : 0;
		put_chs(p + 1, e->start_sectors);
		p[4] = e->type;
		put_chs(p + 5, (uint64_t)e->start_sectors + e->size_sectors - 1);
		lkb_put_le32(p + 8, e->start_sectors);
		lkb_put_le32(p + 12, e->size_sectors);
	}
	out[MAGIC_OFF] = 0x55;
	out[MAGIC_OFF + 1] = 0xaa;
}

bool lkb_mbr_parse(const uint8_t in[LKB_MBR_SIZE], struct lkb_mbr *ret)
{
	struct lkb_mbr mbr = {.signature = lkb_get_le32(in + SIGNATURE_OFF)};

	if (in[MAGIC_OFF] != 0x55 || in[MAGIC_OFF + 1] != 0xaa)
		return false;
	for (size_t i = 0; i < LKB_MBR_ENTRIES; i++) {
		const uint8_t *p = in + TABLE_OFF + i * ENTRY_SIZE;
		struct lkb_mbr_entry *e = &mbr.entries[i];

		if (p[0] != 0 && p[0] != 0x80)
			return false;
		if (p[4] == 0)
			continue;
		e->bootable = p[0] == 0x80;
		e->type = p[4];
		e->start_sectors = lkb_get_le32(p + 8);
		e->size_sectors = lkb_get_le32(p + 12);
	}
	*ret = mbr;
	return true;
}
