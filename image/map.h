/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_MAP_H
#define LKB_IMAGE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/ext/hash.h"
#include "base/str.h"

/*
 * The map of a disk image, written in the same pass as the image: which 4 KiB blocks matter, what
 * they hold, and whose they are. Text, one line a fact (docs/formats/map.md):
 *
 *	lkboard-map 1
 *	size 553648128
 *	block 4096
 *	partition 1 4096 16384 boot           number, first block, blocks, name
 *	named config.txt 16801792 4096        byte range of a file that `flash --set` may rewrite
 *	data 0 1 SHA256 mbr                   first block, blocks, digest of the range, name
 *	zero 1024 2 slot-b:[trailer]          must read as zero
 *	free 1026 3070                        contents do not matter
 *	end SHA256                            of every line before this one
 *
 * Ranges are sorted, touch each other, cover the whole image once, and none of class data is
 * longer than 256 blocks (1 MiB). Names are percent-escaped ('%', bytes below 0x21, 0x7f and up)
 * and say PARTITION:/PATH for the file that the range belongs to, "slot-a:/boot/kernel.gz", or
 * PARTITION:[WHAT] for a file system's own blocks, "slot-a:[inodes]".
 */
#define LKB_MAP_BLOCK 4096u
#define LKB_MAP_RANGE_MAX 256u

enum lkb_map_class { LKB_MAP_DATA, LKB_MAP_ZERO, LKB_MAP_FREE };

struct lkb_map_range {
	enum lkb_map_class class;
	uint64_t start, count;    /* blocks */
	struct lkb_sha256 digest; /* data only */
	const char *name;         /* in the arena; "" if none */
};

struct lkb_map_partition {
	unsigned number;
	uint64_t start, count; /* blocks */
	const char *name;
};

struct lkb_map_named {
	const char *name;
	uint64_t off, len; /* bytes */
};

struct lkb_map {
	struct lkb_arena arena;
	uint64_t size; /* bytes of the image, a multiple of the block */
	struct lkb_map_partition *partitions;
	size_t n_partitions;
	struct lkb_map_named *named;
	size_t n_named;
	struct lkb_map_range *ranges;
	size_t n_ranges;
};

#define LKB_MAP_TEXT_MAX ((size_t)256 << 20)

/* Parses and checks a map: hostile input. LKB_INPUT with line number; LKB_TRUST if `end` does not
 * fit. Bounds: 256 MiB of text, 2^40 blocks, 128 partitions, 64 named ranges, 2^22 ranges. */
int lkb_map_parse(const char *text, size_t len, const char *name, struct lkb_map **ret,
		  struct lkb_error *err);
int lkb_map_read(const char *path, struct lkb_map **ret, struct lkb_error *err);
void lkb_map_free(struct lkb_map *m);
LKB_DEFINE_AUTO(lkb_map, lkb_map_free)

/* Writes the text form. */
void lkb_map_format(const struct lkb_map *m, struct lkb_str *ret);

/* bmap 2.0 (bmaptool's format) from the map: data and zero ranges are mapped, free ones are not.
 * Adjacent data ranges are listed one by one, each with its checksum where it is all data. */
void lkb_map_format_bmap(const struct lkb_map *m, struct lkb_str *ret);

/* Blocks a class covers. */
uint64_t lkb_map_count(const struct lkb_map *m, enum lkb_map_class class);

#endif
