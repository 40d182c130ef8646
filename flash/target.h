/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_TARGET_H
#define LKB_FLASH_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "flash/device.h"
#include "flash/io.h"

/* A device or a regular file that is open and ours. Born {.fd = -1}. */
struct lkb_target {
	const char *name; /* borrowed from the device */
	int fd;
	bool is_block, is_direct;
	uint64_t size;   /* bytes */
	unsigned sector; /* what transfers end at */
	struct lkb_io io;
};

/* Opens it for writing (O_EXCL, never without) and locks it against other programs (flock(2): what
 * systemd's block device locking asks for), or for reading only, and makes sure that it is still
 * the device that was shown. io_kind: NULL, "uring", "threads". LKB_REFUSED if somebody holds it,
 * if it is write-protected or is not the same any more; nothing was written. */
int lkb_target_open(const struct lkb_device *dev, bool for_writing, const char *io_kind,
		    struct lkb_target *ret, struct lkb_error *err);
/* Closes it. */
void lkb_target_close(struct lkb_target *t);

/* Makes the kernel read the partition table. What it says to that is no failure: it may not know
 * partitions on such a device, or somebody may be faster than we are. */
void lkb_target_reread(struct lkb_target *t);

#endif
