/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_TREE_TAR_READ_PRIV_H
#define LKB_ROOTFS_TREE_TAR_READ_PRIV_H

#include "rootfs/tree/tar_priv.h"

/* One read takes in an extended header, its payload and the header behind it. */
#define LKB_TAR_WINDOW 4096

struct lkb_tar {
	struct lkb_data range; /* holds a reference */
	uint64_t pos;          /* of the next header */
	uint64_t n_entries;
	uint64_t window_off;
	size_t window_len;
	uint8_t window[LKB_TAR_WINDOW];
	uint8_t header[LKB_TAR_BLOCK]; /* of the entry at hand */
	struct lkb_pax global, local;
	struct lkb_str long_name, long_link; /* GNU */
	struct lkb_str path, linkpath;       /* of the entry given out */
	struct lkb_xattr *xattrs;            /* LKB_TAR_MAX_XATTRS */
	struct lkb_tar_extents map;
	struct lkb_sparse_spool spool;
	bool skip_data;
	bool half_read; /* an extended header came, and not yet what it speaks of */
};

/* The archive as a stream of blocks (tar_read.c). */

/* The block at off; valid until the next call. */
int lkb_tar_block_at(struct lkb_tar *t, uint64_t off, const uint8_t **ret, struct lkb_error *err);
bool lkb_tar_is_zero_block(const uint8_t *b);
/* Takes the payload at pos off the archive. */
int lkb_tar_take_payload(struct lkb_tar *t, uint64_t size, struct lkb_data *ret,
			 struct lkb_error *err);

/* What the header at hand and the extended ones say together (tar_entry.c). */

int lkb_tar_entry_size(const struct lkb_tar *t, uint64_t *ret, struct lkb_error *err);
int lkb_tar_entry_get(struct lkb_tar *t, struct lkb_tar_entry *e, struct lkb_error *err);

#endif
