/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_FORMATS_VDISK_PRIV_H
#define LKB_IMAGE_FORMATS_VDISK_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/formats/vdisk.h"

/* What the writers of formats share: the way over a map in a format's units, and a sink that goes
 * forward only. */

#define LKB_VDISK_SECTOR 512u
#define LKB_VDISK_PIECE ((size_t)1 << 20)
/* Of deflate: half the time of level 6, for a sixteenth more of output. */
#define LKB_VDISK_LEVEL 3

/* A walk over the disk in runs of units: one with data, one without, one with, ... A unit has data
 * if one of its blocks has. Born by lkb_vdisk_walk(). */
struct lkb_vdisk_walk {
	const struct lkb_map *map;
	uint64_t unit; /* blocks */
	uint64_t end;  /* units */
	uint64_t at;   /* where the next run starts; may be set back into the last one */
	size_t range;  /* no data range before this one ends behind `at` */
};

struct lkb_vdisk_run {
	uint64_t start, count; /* units; count is never 0 */
	bool is_data;
};

/* unit: bytes, whole blocks of the map. Beyond the map, up to size bytes (rounded up), there is no
 * data. */
struct lkb_vdisk_walk lkb_vdisk_walk(const struct lkb_map *map, uint64_t unit, uint64_t size);
/* False at the end. */
bool lkb_vdisk_walk_next(struct lkb_vdisk_walk *w, struct lkb_vdisk_run *ret);

struct lkb_vdisk_job {
	const struct lkb_vdisk_in *in;
	uint64_t size;                /* bytes of the disk: the image's, rounded up to the unit */
	struct lkb_vdisk_walk blocks; /* of 4 KiB; lkb_vdisk_next() is what moves it */
	uint8_t *piece;               /* owned; LKB_VDISK_PIECE bytes */
	struct lkb_ui *ui;
	/* the sink */
	int fd;
	const char *name;
	bool has_holes;        /* zeros may be skipped */
	uint64_t off;          /* bytes that came so far */
	uint64_t behind;       /* and those of them that the kernel was told of */
	struct lkb_hash *hash; /* owned */
};

/* To the sink. */
int lkb_vdisk_put(struct lkb_vdisk_job *j, const void *p, size_t n, struct lkb_error *err);
int lkb_vdisk_put_zeros(struct lkb_vdisk_job *j, uint64_t n, struct lkb_error *err);

/* From the image: the bytes of the disk from *off on (a multiple of the block, never before an
 * earlier call's), cut before `end`. If they are data, at most LKB_VDISK_PIECE of them are read to
 * j->piece and *ret_data is true; else they are zero, as many as there are up to `end`. Moves *off
 * on. */
int lkb_vdisk_next(struct lkb_vdisk_job *j, uint64_t *off, uint64_t end, bool *ret_data,
		   uint64_t *ret_n, struct lkb_error *err);
/* From the image to the sink: n bytes of the disk from off on. */
int lkb_vdisk_copy(struct lkb_vdisk_job *j, uint64_t off, uint64_t n, struct lkb_error *err);

extern const struct lkb_vdisk_ops lkb_vdisk_qcow2, lkb_vdisk_vhd, lkb_vdisk_dynamic_vhd,
	lkb_vdisk_vmdk, lkb_vdisk_gcp;

#endif
