/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_BODY_H
#define LKB_FLASH_BODY_H

#include <stdatomic.h>

#include "flash/batch.h"
#include "flash/edit.h"
#include "flash/io.h"
#include "flash/zones.h"

/* A range as it must read on one target: the image's, or what an edit made of it. */
struct lkb_written {
	enum lkb_map_class class; /* data or zero */
	uint64_t off, len;
	struct lkb_sha256 digest; /* data */
	const char *name;         /* borrowed from the map, or "" */
};

/* Ranges in order. Born {0}. */
struct lkb_written_list {
	struct lkb_written *items; /* owned */
	size_t n, cap;
};

/*
 * Writes an image's batches to one target, all but its zones, which are filled in memory. What is
 * on the target already is not written again: ranges are compared first as long as that pays. Zero
 * ranges are read, and made zero where they are not.
 */
struct lkb_body {
	struct lkb_io *io;  /* borrowed, as all pointers to zones, edits, names */
	const char *name;   /* the target, for messages */
	const char *source; /* the image, for messages */
	uint64_t size;      /* of the target */
	unsigned sector;
	struct lkb_zones *zones;
	const struct lkb_edit *edits;
	size_t n_edits;
	uint64_t compare_until; /* compares always before this byte */
	/* Only items that touch one of these are written, and nothing is noted: NULL = all. */
	const struct lkb_written_list *only;
	bool is_dry; /* nothing is written: what would be is noted */
	struct lkb_written_list written;
	struct lkb_written_list in_zones; /* for their names */
	uint64_t image_end;               /* one behind the last byte that came */
	uint64_t n_written, n_same;       /* bytes that were written; that were right already */
	atomic_ullong *done;              /* bytes of ranges behind us; NULL = nobody asks */
	/* Its own, born {0}. */
	int score;
	unsigned since_probe;
	struct lkb_op *oldest, *newest; /* that have not ended */
	uint64_t n_live;                /* bytes of these */
	struct lkb_op *failed;
	struct lkb_buffers {
		uint8_t **items;
		size_t n, cap;
	} buffers;
	uint8_t *zeros;
};

void lkb_body_init(struct lkb_body *b);
/* Takes a batch, and one reference to it. LKB_IO says at which byte the device fails; LKB_REFUSED:
 * the image is larger than the device; what an edit says. */
int lkb_body_batch(struct lkb_body *b, struct lkb_batch *batch, struct lkb_error *err);
/* Everything that came before this byte has been written: a flush makes it durable. */
uint64_t lkb_body_settled(const struct lkb_body *b);
/* Waits for all that is in flight. */
int lkb_body_drain(struct lkb_body *b, struct lkb_error *err);
/* Gives up what could not be written, with the batches it holds. Nothing may be in flight. */
void lkb_body_forget(struct lkb_body *b);
/* Nothing is in flight afterwards. */
void lkb_body_clear(struct lkb_body *b);

/* LKB_IO: "'/dev/sdb' cannot be written at byte N: TEXT", with what it means as the hint. */
int lkb_fail_device(struct lkb_error *err, const char *name, bool is_write, uint64_t off,
		    int error);

#endif
