/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_GUARD_H
#define LKB_FLASH_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "flash/device.h"

/*
 * May this be written to? A pure function from facts about a device and what was asked for to the
 * list of reasons why not. Opening with O_EXCL and lkb_device_same() come after it and are no less
 * needed: facts are of a moment ago, and other mount namespaces are not seen here.
 */

struct lkb_guard_request {
	uint64_t image_size;    /* bytes; 0 = not known yet */
	unsigned image_sector;  /* bytes of the sectors its GPT counts in; 0 = any will do */
	const char *image;      /* path of the image's file; NULL = it is none */
	bool image_on_it;       /* lkb_device_holds(dev, image) */
	bool fixed;             /* --fixed */
	bool yes;               /* --yes: nobody is asked */
	const char *serial;     /* --serial; NULL = not given */
};

/*
 * The codes are stable, and so is their order in a list:
 *
 *	no-medium    size 0: no card in the reader, no file behind the loop device
 *	system       the running system is on it
 *	mounted      a file system on it is mounted
 *	swap         it is, or has, swap space in use
 *	held         device mapper, md or a loop device stands on it
 *	image        the image file is on it, or is it
 *	read-only    write-protected
 *	too-small    the image is larger
 *	sector-size  the image's partition table counts in sectors of another size
 *	serial       --serial names another one, or it has none
 *	fixed        not removable                              --fixed
 *	identity     not removable, nobody is asked, and it was named by a name that may be
 *	             another disk's after the next start        --serial
 */
struct lkb_refusal {
	const char *code;
	const char *message; /* of one line, as in struct lkb_error, names the device */
	const char *hint;    /* what to do, "" if nothing can be done */
	const char *flag;    /* the option that overrides it; NULL = none does */
};

/* Born {0}. */
struct lkb_refusals {
	struct lkb_refusal *items;
	size_t n, cap;
	struct lkb_arena arena;
};

void lkb_refusals_clear(struct lkb_refusals *r);
#define lkb_autorefusals __attribute__((cleanup(lkb_refusals_clear))) struct lkb_refusals

/* Appends every reason to *ret; none appended = it may be written. */
void lkb_guard(const struct lkb_device *dev, const struct lkb_guard_request *request,
	       struct lkb_refusals *ret);

/* 0 if there is no refusal, else LKB_REFUSED: the messages one after the other, the hint of the
 * first. */
int lkb_guard_fail(const struct lkb_refusals *r, struct lkb_error *err);

#endif
