/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/zones.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

#define BLOCK  LKB_IO_ALIGN
#define SECTOR 512u

static struct lkb_zone make_zone(uint64_t off, uint64_t len)
{
	struct lkb_zone zone = {.off = off, .len = (size_t)len};

	if (len) {
		zone.bytes = lkb_io_buffer(zone.len);
		memset(zone.bytes, 0, zone.len);
	}
	return zone;
}

void lkb_zones_init(struct lkb_zones *z, uint64_t size)
{
	uint64_t head = size < LKB_ZONE_SIZE ? size : LKB_ZONE_SIZE;
	uint64_t tail = size - head < LKB_ZONE_SIZE ? head : size - LKB_ZONE_SIZE;

	tail -= tail > head ? tail % BLOCK : 0;
	z->zone[LKB_ZONE_HEAD] = make_zone(0, head);
	z->zone[LKB_ZONE_TAIL] = make_zone(tail, size - tail);
}

void lkb_zones_clear(struct lkb_zones *z)
{
	for (size_t i = 0; i < LKB_N_ZONES; i++)
		free(z->zone[i].bytes);
	*z = (struct lkb_zones){0};
}

struct lkb_zone *lkb_zone_at(struct lkb_zones *z, uint64_t off)
{
	for (size_t i = 0; i < LKB_N_ZONES; i++)
		if (off >= z->zone[i].off && off - z->zone[i].off < z->zone[i].len)
			return &z->zone[i];
	return NULL;
}

/* Every sector says where it stands, so that one that is read elsewhere is known. */
static void fill_stamp(uint8_t *p, size_t len, uint64_t off)
{
	memset(p, 0, len);
	for (size_t at = 0; at < len; at += SECTOR)
		snprintf((char *)p + at, SECTOR,
			 "lkboard: an image was being written to this disk, and that did not come "
			 "to its end; 'lkboard flash --resume' goes on with it.\nbyte %" PRIu64
			 "\n",
			 off + at);
}

static size_t piece(const struct lkb_zone *zone, size_t at)
{
	return zone->len - at < LKB_IO_MAX ? zone->len - at : LKB_IO_MAX;
}

static int flush(struct lkb_io *io)
{
	return -io->ops->flush(io);
}

/* The first block that is to blame for what could not be written; 0 if each can be after all. */
static int narrow(struct lkb_io *io, uint64_t off, uint8_t *p, size_t len, uint64_t *ret_off)
{
	for (size_t at = 0; at < len; at += BLOCK) {
		size_t n = len - at < BLOCK ? len - at : BLOCK;
		int error = lkb_io_move(io, true, off + at, p + at, n);

		*ret_off = off + at;
		if (error)
			return error;
	}
	return 0;
}

static int stamp_zone(const struct lkb_zone *zone, struct lkb_io *io, uint8_t *buf,
		      uint64_t *ret_off)
{
	for (size_t at = 0; at < zone->len; at += LKB_IO_MAX) {
		size_t n = piece(zone, at);
		int error;

		fill_stamp(buf, n, zone->off + at);
		error = lkb_io_move(io, true, zone->off + at, buf, n);
		if (error)
			error = narrow(io, zone->off + at, buf, n, ret_off);
		if (error)
			return error;
	}
	return 0;
}

int lkb_zones_stamp(struct lkb_zones *z, struct lkb_io *io, uint64_t *ret_off)
{
	lkb_autofree uint8_t *buf = lkb_io_buffer(LKB_IO_MAX);
	int error = 0;

	/* The head first, also if the tail cannot be written. */
	for (size_t i = 0; i < LKB_N_ZONES; i++) {
		uint64_t off = 0;
		int e = stamp_zone(&z->zone[i], io, buf, &off);

		if (e && !error) {
			error = e;
			*ret_off = off;
		}
	}
	if (!error) {
		*ret_off = 0;
		error = flush(io);
	}
	z->is_stamped = !error;
	return error;
}

/* Compares a part of a zone with `want`, NULL = its stamp. */
static int compare(const struct lkb_zone *zone, struct lkb_io *io, const uint8_t *want, size_t from,
		   size_t to, bool *ret_same, uint64_t *ret_off)
{
	lkb_autofree uint8_t *got = lkb_io_buffer(LKB_IO_MAX);
	lkb_autofree uint8_t *stamp = want ? NULL : lkb_io_buffer(LKB_IO_MAX);

	for (size_t at = from; at < to && *ret_same;) {
		size_t n = to - at < LKB_IO_MAX ? to - at : LKB_IO_MAX, i = 0;
		const uint8_t *expected = want ? want + at : stamp;
		int error = lkb_io_move(io, false, zone->off + at, got, n);

		*ret_off = zone->off + at;
		if (error)
			return error;
		if (!want)
			fill_stamp(stamp, n, zone->off + at);
		while (i < n && got[i] == expected[i])
			i++;
		*ret_off += i;
		*ret_same = i == n;
		at += n;
	}
	return 0;
}

int lkb_zones_check_stamp(const struct lkb_zones *z, struct lkb_io *io, bool *ret_stand,
			  uint64_t *ret_off)
{
	*ret_stand = true;
	for (size_t i = 0; i < LKB_N_ZONES && *ret_stand; i++) {
		int error = compare(&z->zone[i], io, NULL, 0, z->zone[i].len, ret_stand, ret_off);

		if (error)
			return error;
	}
	return 0;
}

static int write_part(const struct lkb_zone *zone, struct lkb_io *io, size_t from, size_t to,
		      uint64_t *ret_off)
{
	for (size_t at = from; at < to;) {
		size_t n = to - at < LKB_IO_MAX ? to - at : LKB_IO_MAX;
		int error = lkb_io_move(io, true, zone->off + at, zone->bytes + at, n);

		if (error)
			error = narrow(io, zone->off + at, zone->bytes + at, n, ret_off);
		if (error)
			return error;
		at += n;
	}
	return 0;
}

/* What makes the table valid: one sector, which is written whole or not at all. */
static size_t first_sector(const struct lkb_zones *z, const struct lkb_io *io)
{
	size_t n = io->sector < SECTOR ? SECTOR : io->sector;

	return n < z->zone[LKB_ZONE_HEAD].len ? n : z->zone[LKB_ZONE_HEAD].len;
}

/* Everything, with the stamp still in the first sector. */
static int write_but_first(struct lkb_zones *z, struct lkb_io *io, bool *ret_right,
			   uint64_t *ret_off)
{
	const struct lkb_zone *zone[LKB_N_ZONES] = {&z->zone[LKB_ZONE_TAIL],
						    &z->zone[LKB_ZONE_HEAD]};
	int error = 0;

	for (size_t i = 0; i < LKB_N_ZONES && !error; i++)
		error = write_part(zone[i], io, 0, zone[i]->len, ret_off);
	if (!error)
		error = flush(io);
	if (!error)
		io->ops->forget(io);
	for (size_t i = 0; i < LKB_N_ZONES && !error && *ret_right; i++)
		error = compare(zone[i], io, zone[i]->bytes, 0, zone[i]->len, ret_right, ret_off);
	return error;
}

int lkb_zones_finish(struct lkb_zones *z, struct lkb_io *io, bool *ret_right, uint64_t *ret_off)
{
	const struct lkb_zone *head = &z->zone[LKB_ZONE_HEAD];
	size_t first = first_sector(z, io);
	lkb_autofree uint8_t *sector = lkb_memdup(head->bytes, first);
	uint64_t ignored;
	int error;

	*ret_right = true;
	*ret_off = 0;
	fill_stamp(head->bytes, first, 0);
	error = write_but_first(z, io, ret_right, ret_off);
	memcpy(head->bytes, sector, first);
	if (!error && *ret_right)
		error = write_part(head, io, 0, first, ret_off);
	if (!error && *ret_right)
		error = flush(io);
	if (!error && *ret_right) {
		io->ops->forget(io);
		error = compare(head, io, head->bytes, 0, first, ret_right, ret_off);
	}
	/* Nothing may look valid that is not. */
	if (error || !*ret_right)
		lkb_zones_stamp(z, io, &ignored);
	return error;
}
