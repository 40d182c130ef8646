/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/bytes.h"
#include "base/size.h"
#include "image/iso/iso_priv.h"
#include "image/mbr.h"

#define PLATFORM_BIOS 0x00
#define PLATFORM_EFI  0xef
#define BOOTABLE      0x88
#define LAST_SECTION  0x91
#define SECTORS_A_ISO (ISO_SECTOR / LKB_MBR_SECTOR)

#define CODE_SIZE     432u
#define BOOT_AT       432u  /* where isolinux's code finds the first of its sectors */
#define INFO_AT       8u
#define INFO_SIZE     56u
#define SUM_FROM      64u

static uint32_t sectors_of(const struct lkb_inode *file)
{
	return (uint32_t)lkb_div_up(file->data.len, LKB_MBR_SECTOR);
}

uint32_t lkb_iso_signature(const struct lkb_sha256 *seed)
{
	return lkb_derive_u32(seed, "iso");
}

/* As isohybrid does it: a partition from sector 0 on, which is the file system itself, of a type
 * that nothing mounts by itself, and the EFI image in it as one of its own. */
void iso_boot_mbr(const struct iso_plan *p, uint8_t out[512])
{
	const struct lkb_iso_options *o = p->o;
	struct lkb_mbr mbr = {.signature = lkb_iso_signature(o->seed)};

	mbr.entries[0] = (struct lkb_mbr_entry){
		.type = 0x17, .bootable = true,
		.size_sectors = (uint32_t)(p->sectors * SECTORS_A_ISO),
	};
	if (o->efi)
		mbr.entries[1] = (struct lkb_mbr_entry){
			.type = PLATFORM_EFI,
			.start_sectors = iso_node_of(o->efi)->sector * SECTORS_A_ISO,
			.size_sectors = sectors_of(o->efi),
		};
	lkb_mbr_build(&mbr, out);
	if (o->mbr_code)
		memcpy(out, o->mbr_code, o->mbr_code_len);
	if (o->mbr_code && o->bios)
		lkb_put_le32(out + BOOT_AT, iso_node_of(o->bios)->sector * SECTORS_A_ISO);
}

void iso_boot_descriptor(const struct iso_plan *p, uint8_t out[ISO_SECTOR])
{
	memset(out, 0, ISO_SECTOR);
	memcpy(out, "\0CD001\1EL TORITO SPECIFICATION", 30);
	lkb_put_le32(out + 71, p->catalog);
}

static void put_entry(uint8_t *e, uint16_t sectors, uint32_t at)
{
	e[0] = BOOTABLE; /* without emulation of a disk */
	lkb_put_le16(e + 6, sectors);
	lkb_put_le32(e + 8, at);
}

/* UEFI reads 0 as "up to the end", which is what a larger image needs. */
static uint16_t efi_sectors(const struct lkb_inode *efi)
{
	uint32_t n = sectors_of(efi);

	return n > UINT16_MAX ? 0 : (uint16_t)n;
}

/* A validation entry, the first image as the default, the second in a section of its own. */
void iso_boot_catalog(const struct iso_plan *p, uint8_t out[ISO_SECTOR])
{
	const struct lkb_iso_options *o = p->o;
	uint16_t sum = 0;

	memset(out, 0, ISO_SECTOR);
	out[0] = 1;
	out[1] = o->bios ? PLATFORM_BIOS : PLATFORM_EFI;
	out[30] = 0x55;
	out[31] = 0xaa;
	for (size_t i = 0; i < 32; i += 2)
		sum = (uint16_t)(sum + lkb_get_le16(out + i));
	lkb_put_le16(out + 28, (uint16_t)-sum);
	if (o->bios)
		put_entry(out + 32, (uint16_t)(o->bios_sectors ? o->bios_sectors : 4),
			  iso_node_of(o->bios)->sector);
	else
		put_entry(out + 32, efi_sectors(o->efi), iso_node_of(o->efi)->sector);
	if (o->bios && o->efi) {
		out[64] = LAST_SECTION;
		out[65] = PLATFORM_EFI;
		lkb_put_le16(out + 66, 1);
		put_entry(out + 96, efi_sectors(o->efi), iso_node_of(o->efi)->sector);
	}
}

/* All words of the image from byte 64 on, added up; the last one is filled up with zeros. */
static int sum_of(const struct lkb_data *d, uint32_t *ret, struct lkb_error *err)
{
	uint8_t buf[4096];
	uint32_t sum = 0;

	for (uint64_t at = SUM_FROM; at < d->len; at += sizeof(buf)) {
		size_t n = d->len - at < sizeof(buf) ? (size_t)(d->len - at) : sizeof(buf);

		memset(buf, 0, sizeof(buf));
		if (lkb_data_read(d, at, buf, n, err) != 0)
			return -1;
		for (size_t i = 0; i < n; i += 4)
			sum += lkb_get_le32(buf + i);
	}
	*ret = sum;
	return 0;
}

int iso_boot_info(const struct iso_plan *p, uint8_t out[64], struct lkb_error *err)
{
	const struct lkb_inode *bios = p->o->bios;
	uint8_t head[SUM_FROM];
	uint32_t sum;

	if (lkb_data_read(&bios->data, 0, head, sizeof(head), err) != 0 ||
	    sum_of(&bios->data, &sum, err) != 0)
		return -1;
	memset(head + INFO_AT, 0, INFO_SIZE);
	lkb_put_le32(head + INFO_AT, ISO_VOLUME_AT);
	lkb_put_le32(head + INFO_AT + 4, iso_node_of(bios)->sector);
	lkb_put_le32(head + INFO_AT + 8, (uint32_t)bios->data.len);
	lkb_put_le32(head + INFO_AT + 12, sum);
	memcpy(out, head, sizeof(head));
	return 0;
}
