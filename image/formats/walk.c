/* SPDX-License-Identifier: Apache-2.0 */
#include "base/size.h"
#include "image/formats/vdisk_priv.h"

struct lkb_vdisk_walk lkb_vdisk_walk(const struct lkb_map *map, uint64_t unit, uint64_t size)
{
	return (struct lkb_vdisk_walk){
		.map = map,
		.unit = unit / LKB_MAP_BLOCK,
		.end = lkb_div_up(size, unit),
	};
}

/* The first data range from `i` on that ends behind a block. */
static size_t data_after(const struct lkb_map *m, size_t i, uint64_t block)
{
	while (i < m->n_ranges && (m->ranges[i].class != LKB_MAP_DATA ||
				   m->ranges[i].start + m->ranges[i].count <= block))
		i++;
	return i;
}

bool lkb_vdisk_walk_next(struct lkb_vdisk_walk *w, struct lkb_vdisk_run *ret)
{
	const struct lkb_map_range *r = w->map->ranges;
	uint64_t to = w->end;
	size_t i;

	if (w->at >= w->end)
		return false;
	i = w->range = data_after(w->map, w->range, w->at * w->unit);
	ret->is_data = i < w->map->n_ranges && r[i].start / w->unit <= w->at;
	if (ret->is_data) {
		/* Data that starts in the last unit, or right behind it, is part of the run. */
		for (to = w->at; i < w->map->n_ranges && r[i].start / w->unit <= to;
		     i = data_after(w->map, i, to * w->unit))
			to = lkb_div_up(r[i].start + r[i].count, w->unit);
	} else if (i < w->map->n_ranges) {
		to = r[i].start / w->unit;
	}
	ret->start = w->at;
	ret->count = to - w->at;
	w->at = to;
	return true;
}
