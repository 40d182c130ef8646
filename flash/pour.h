/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_POUR_H
#define LKB_FLASH_POUR_H

#include <stdatomic.h>

#include "flash/cut.h"
#include "flash/source.h"

/* Where the time went, in milliseconds; may be looked at meanwhile. */
struct lkb_pour_times {
	atomic_ullong read, unpack; /* unpack: with the wait for batches */
};

/* Reads a source from its first byte to its last, unpacks it and cuts it into batches. What is
 * wrong with it is LKB_INPUT (cut off, damaged, not what the map says), LKB_IO or LKB_NET. */
int lkb_pour(const struct lkb_source *s, struct lkb_cut *cut, struct lkb_pour_times *times,
	     struct lkb_error *err);

#endif
