/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_SEQ_H
#define LKB_IMAGE_SEQ_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "rootfs/tree/blob.h"

/*
 * A file that is written from its first byte to its last, in one pass and through one buffer.
 * Blocks of 4 KiB that are all zero become holes. Born {.fd, .name}: fd is an empty regular file
 * open for writing, which stays the caller's; name is what messages call it.
 */
struct lkb_seq {
	int fd;
	const char *name; /* borrowed */
	uint64_t base;    /* bytes behind us; a multiple of 4096 */
	size_t used;      /* bytes in the buffer */
	uint8_t *buf;     /* owned */
};

/* How many bytes there are by now. */
static inline uint64_t lkb_seq_pos(const struct lkb_seq *s)
{
	return s->base + s->used;
}

/* Appending; LKB_IO if the disk is full or a blob cannot be read. */
int lkb_seq_bytes(struct lkb_seq *s, const void *p, size_t n, struct lkb_error *err);
int lkb_seq_zero(struct lkb_seq *s, uint64_t n, struct lkb_error *err);
int lkb_seq_data(struct lkb_seq *s, const struct lkb_data *d, struct lkb_error *err);
/* Zeros up to byte `pos`. To be behind it already is LKB_BUG: what was measured and what is written
 * differ. */
int lkb_seq_upto(struct lkb_seq *s, uint64_t pos, struct lkb_error *err);
/* Writes what is left and sets the file's length. */
int lkb_seq_finish(struct lkb_seq *s, struct lkb_error *err);

void lkb_seq_clear(struct lkb_seq *s);
#define lkb_autoseq __attribute__((cleanup(lkb_seq_clear))) struct lkb_seq

#endif
