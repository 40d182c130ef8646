/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_WRITER_H
#define LKB_IMAGE_WRITER_H

#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "image/map.h"
#include "rootfs/tree/blob.h"

/*
 * Puts bytes at their final place in the image file and notes them for the map, in one pass. Every
 * block of the image is said once: as data, as zero, or (what nobody says) as free. Blocks that
 * turn out to be all zero are noted as zero and left as holes. The digest of each 4 KiB block can
 * be kept for a range of blocks (a slot's dm-verity leaves are exactly these, computed once).
 */
struct lkb_writer;

/* Takes over nothing: fd stays the caller's, an empty file opened for reading and writing. */
int lkb_writer_new(int fd, const char *name, uint64_t size, struct lkb_writer **ret,
		   struct lkb_error *err);
void lkb_writer_free(struct lkb_writer *w);
LKB_DEFINE_AUTO(lkb_writer, lkb_writer_free)

/* Blocks [start, start + count) keep their block digests in `leaves` (count entries, borrowed until
 * the writer is freed), pre-filled with the digest of a zero block. One range at a time. */
void lkb_writer_keep_leaves(struct lkb_writer *w, uint64_t start, uint64_t count,
			    struct lkb_sha256 *leaves);

/* n bytes at byte offset off (a multiple of 4096); a tail is padded with zeros to a block. Writing
 * a block twice is LKB_BUG. `what` names it in the map. */
int lkb_writer_put(struct lkb_writer *w, uint64_t off, const void *p, size_t n, const char *what,
		   struct lkb_error *err);
/* The same from a file of a tree, in pieces. */
int lkb_writer_put_data(struct lkb_writer *w, uint64_t off, const struct lkb_data *d,
			const char *what, struct lkb_error *err);
/* Blocks that must read as zero. */
int lkb_writer_zero(struct lkb_writer *w, uint64_t off, uint64_t n, const char *what,
		    struct lkb_error *err);
/* A range of the image file that somebody else wrote (mtools): read back, hashed and noted, each
 * block (counted from the start of the image) as data or, where all zero, as zero or free as
 * `class_of` says. */
typedef enum lkb_map_class lkb_class_fn(void *ctx, uint64_t block, const char **ret_name);
int lkb_writer_adopt(struct lkb_writer *w, uint64_t off, uint64_t n, lkb_class_fn *class_of,
		     void *ctx, struct lkb_error *err);

void lkb_writer_partition(struct lkb_writer *w, unsigned number, uint64_t off, uint64_t n,
			  const char *name);
void lkb_writer_named(struct lkb_writer *w, const char *name, uint64_t off, uint64_t n);

/* Sets the file's length and gives the map; the writer is of no further use. */
int lkb_writer_finish(struct lkb_writer *w, struct lkb_map **ret, struct lkb_error *err);

#endif
