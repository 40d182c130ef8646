/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_JOURNAL_H
#define LKB_FLASH_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ext/hash.h"
#include "flash/device.h"

/*
 * How far a write has come that may be interrupted: one small file for a device, in the user's
 *state directory (XDG Base Directory Specification), which goes away when the write has ended well.
 *It is about speed and mix-ups alone: what --resume finds on a device is compared with the image.
 *
 *	lkboard-flash 1
 *	image SHA256        the image's (lkb_image_identity())
 *	device SHA256       the device's, its size among it
 *	durable 123456      bytes of the image before this one are on the medium
 */
struct lkb_journal {
	char *path; /* owned; NULL = there is no place for one */
	struct lkb_sha256 image, device;
	uint64_t durable;
	bool found; /* it was there, and is the same image's */
};
void lkb_journal_clear(struct lkb_journal *j);

/* Who a device is: its serial number and size, or, without one, the place where it is. */
struct lkb_sha256 lkb_device_identity(const struct lkb_device *dev);

/* Reads the journal of a device in `dir`/flash (NULL = there is none). A damaged one counts as
 * none. LKB_REFUSED if it is about another image and `resume` is given. Nothing is written yet. */
int lkb_journal_open(const char *dir, const struct lkb_device *dev, const struct lkb_sha256 *image,
		     bool resume, struct lkb_journal *ret, struct lkb_error *err);
/* Writes it, whole or not at all. LKB_IO. */
int lkb_journal_save(const struct lkb_journal *j, struct lkb_error *err);
/* The write has come to its end. */
void lkb_journal_remove(const struct lkb_journal *j);

#endif
