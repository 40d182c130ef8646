/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_INITRD_SLOT_H
#define LKB_ONDEVICE_INITRD_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "ondevice/common/partuuid.h"

/* What the chooser says on the command line about the slot it started. */
struct lkb_slot_args {
	char slot; /* 'A' or 'B' */
	struct lkb_partuuid root;
	bool verity;
	char root_hash[65];   /* 64 hex digits */
	uint64_t data_blocks; /* of 4096 bytes: the file system; its hash tree follows */
};

/* Reads lkb.slot, lkb.root, lkb.verity and lkb.blocks. Half an answer is an error: a root hash
 * that cannot be checked must not end in an unchecked root. */
int lkb_slot_args_parse(const char *cmdline, struct lkb_slot_args *ret, struct lkb_error *err);

/* Waits for the slot's partition, at most `seconds`, and says every few seconds what it waits
 * for. */
int lkb_slot_wait(const struct lkb_partuuid *id, unsigned seconds, struct lkb_partition *ret,
		  struct lkb_error *err);

#endif
