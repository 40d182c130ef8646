/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "base/str.h"
#include "image/bmap.h"

/* A bmap becomes a map that holds for any other: its text can be read back. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lkb_auto(lkb_bmap) bmap = NULL;
	uint64_t next = 0;

	if (lkb_bmap_parse((const char *)data, size, "bmap", &bmap, NULL))
		return 0;
	for (size_t i = 0; i < bmap->map->n_ranges; i++) {
		const struct lkb_map_range *r = &bmap->map->ranges[i];

		if (r->start != next || !r->count || r->class == LKB_MAP_FREE)
			abort();
		next += r->count;
	}
	if (next * LKB_MAP_BLOCK != bmap->map->size || bmap->image_size > bmap->map->size)
		abort();
	for (size_t i = 0; i < bmap->n_sums; i++)
		if (bmap->sums[i].off + bmap->sums[i].len > bmap->image_size)
			abort();
	return 0;
}
