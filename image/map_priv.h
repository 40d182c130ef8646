/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_MAP_PRIV_H
#define LKB_IMAGE_MAP_PRIV_H

#include "image/map.h"

/* The map's first line, and what its numbers may be at most. */
#define LKB_MAP_MAGIC          "lkboard-map 1"
#define LKB_MAP_BLOCKS_MAX     ((uint64_t)1 << 40)
#define LKB_MAP_RANGES_MAX     ((size_t)4 << 20)
#define LKB_MAP_PARTITIONS_MAX 128u
#define LKB_MAP_NAMED_MAX      64u

/* Ranges as they come, in any order. Born {0}. */
struct lkb_map_list {
	struct lkb_map_range *items; /* owned */
	size_t n, cap;
};

/* Adds a copy of *r, its name copied into the arena (shared with the range before where it is the
 * same). */
void lkb_map_list_add(struct lkb_map_list *l, struct lkb_arena *arena,
		      const struct lkb_map_range *r, const char *name);

/* Sorts the ranges, joins what can be joined (never data), fills the gaps with free ranges, and
 * hands the result over to the map, whose size is set. No two ranges may overlap. */
void lkb_map_list_close(struct lkb_map_list *l, struct lkb_map *m);

void lkb_map_list_clear(struct lkb_map_list *l);

#endif
