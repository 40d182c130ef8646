/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_ISO_ISO_H
#define LKB_IMAGE_ISO_ISO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ext/hash.h"
#include "base/ui.h"
#include "image/extents.h"
#include "rootfs/tree/tree.h"

/*
 * A tree as an ISO 9660 image (ECMA-119, interchange level 3) with Rock Ridge (RRIP 1.12 over SUSP
 * 1.12), and what makes it boot: an El Torito catalog for BIOS and UEFI on a CD, a master boot
 * record for both on a USB stick. The same tree and options give the same bytes.
 *
 * Files of 4 GiB and more are cut into extents, as Linux and all others read them. Directories are
 * as deep as in the tree: Linux, GRUB and xorriso read depths that ECMA-119 did not think of.
 */
struct lkb_iso_options {
	const char *volume_id; /* 1..32 printable bytes: what Linux calls the label */
	int64_t epoch;         /* the volume's dates, and no file is younger */
	const struct lkb_sha256 *seed; /* what the disk signature derives from */

	/* Booting. Images are files of the tree; NULL = not this way. */
	const struct lkb_inode *bios; /* started in real mode, no emulation: isolinux.bin */
	unsigned bios_sectors;        /* of 512 bytes, loaded by the firmware; 0 = 4 */
	bool bios_info_table;         /* bytes 8..63 of it say where it stands, for isolinux */
	const struct lkb_inode *efi;  /* a FAT file system with EFI/BOOT/BOOTX64.EFI */

	/* The image is a disk as well: partition 1 spans it (so that root=PARTUUID= with the disk
	 * signature finds it on a stick), partition 2 of type 0xef is the EFI image. */
	bool is_hybrid;
	const void *mbr_code; /* at most 432 bytes, isolinux's isohdpfx.bin; NULL = none */
	size_t mbr_code_len;

	/* Where contents came to stand is noted here; NULL = nowhere. */
	struct lkb_extents *extents;
	struct lkb_ui *ui; /* one warning, if the tree has attributes; may be NULL */
};

/*
 * Bytes of the image, before the first is written: a multiple of 2048, of 1 MiB if it is hybrid.
 * Reads no file data.
 *
 * LKB_INPUT if the options are wrong (volume id, images that are no files of the tree, a BIOS image
 * of less than 64 bytes, code of more than 432) or if something of the tree has no place in it: a
 * name of 254 or 255 bytes (Linux drops what is behind 253), a device of major 0 with a minor above
 * 255, more than 65,535 directories, a directory of 4 GiB, 8 TiB.
 */
int lkb_iso_measure(const struct lkb_inode *root, const struct lkb_iso_options *o, uint64_t *ret,
		    struct lkb_error *err);

/*
 * Writes it to fd, an empty regular file that `name` calls in messages, from front to back in one
 * pass. Memory is bounded by the number of files and by the largest directory.
 *
 * Kept: types, permissions, owners, device numbers, symbolic links to the byte, times in seconds
 * (clamped to 0 and epoch, at most the year 2155); hard links share their data, their number of
 * names and their serial number. Extended attributes have no place and are warned of.
 *
 * The tree's writer_data is in use meanwhile. Errors are those of lkb_iso_measure(), and LKB_IO. On
 * failure the file holds something unfinished.
 */
int lkb_iso_write(const struct lkb_inode *root, const struct lkb_iso_options *o, int fd,
		  const char *name, struct lkb_error *err);

/* The signature in the master boot record of a hybrid image: PARTUUID=%08x-01 is partition 1. */
uint32_t lkb_iso_signature(const struct lkb_sha256 *seed);

#endif
