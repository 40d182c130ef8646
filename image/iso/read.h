/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_ISO_READ_H
#define LKB_IMAGE_ISO_READ_H

#include <stdbool.h>

#include "base/error.h"
#include "rootfs/tree/blob.h"

#define LKB_ISO_BOOTS_MAX 8u
#define LKB_ISO_VOLUME_ID_AT 32808u /* 32 bytes */

/* What an ISO 9660 image that somebody else may have made says about itself. */
struct lkb_iso_found {
	char volume_id[33]; /* without the spaces behind it; '?' for what is no printable ASCII */
	uint64_t size;      /* of the volume */
	struct lkb_iso_boot {
		uint8_t platform; /* 0 = BIOS, 0xef = UEFI (El Torito) */
		bool bootable;
		uint64_t off;
		uint32_t sectors; /* of 512 bytes, loaded by the firmware; 0 = to the end */
	} boots[LKB_ISO_BOOTS_MAX];
	size_t n_boots;
};

bool lkb_iso_like(const struct lkb_blob *blob);
/* Hostile input. LKB_INPUT if it is damaged; more boot images than there is room for are left
 * out. */
int lkb_iso_read(const struct lkb_blob *blob, struct lkb_iso_found *ret, struct lkb_error *err);

/* A file by its ISO 9660 name, without version: "ISOLINUX/ISOLINUX.CFG". False if it is not there,
 * or a directory on the way has more than 1 MiB. *ret borrows the blob. */
bool lkb_iso_find(struct lkb_blob *blob, const char *path, struct lkb_data *ret);

#endif
