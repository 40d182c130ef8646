/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_INITRD_IMAGE_H
#define LKB_ONDEVICE_INITRD_IMAGE_H

#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

/*
 * A root that is a file-system image by itself: on an optical disc, a USB stick it was written to,
 * a virtual disk. Nothing but its contents tells where it is, so the command line names it by the
 * CRC-32 of what identifies it:
 *
 *	lkb.image=squashfs:1a2b3c4d
 *
 * squashfs: the superblock, 96 bytes (Documentation/filesystems/squashfs.rst). erofs: the
 * superblock, 128 bytes at 1024 (fs/erofs/erofs_fs.h). iso9660: the volume identifier, 32 bytes
 * padded with blanks at 32808 (ECMA-119, 8.4.7): an image that holds its own command line can know
 * that.
 */
struct lkb_image_args {
	const char *type; /* as mount(2) takes it; static */
	uint64_t off;     /* of the bytes that identify it */
	size_t len;
	uint32_t crc;
};

/* LKB_INPUT if the text behind "lkb.image=" is of another form or names another type. */
int lkb_image_args_parse(const char *text, struct lkb_image_args *ret, struct lkb_error *err);

/* Looks through the block devices that the kernel knows now, in the order of their names; `sysfs`
 * and `dev` are "/sys" and "/dev" (a test has others). The device's name without directory, which
 * the caller frees; NULL if it is not there (yet). *seen says in words what is; it is emptied
 * first. */
char *lkb_image_find(const char *sysfs, const char *dev, const struct lkb_image_args *args,
		     struct lkb_str *seen);

/* Waits for it, at most `seconds`, and says every few seconds what it waits for. */
int lkb_image_wait(const struct lkb_image_args *args, unsigned seconds, char **ret_name,
		   struct lkb_error *err);

#endif
