/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_TESTS_UNIT_FLASH_KIT_H
#define LKB_TESTS_UNIT_FLASH_KIT_H

/* A disk in memory that fails on purpose, an image in memory, a whole write of one to the other. */
#include <errno.h>
#include <malloc.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/size.h"
#include "flash/one.h"
#include "tests/unit/base_kit.h"

#define UNUSED __attribute__((unused))

struct range {
	uint64_t from, to; /* to = 0: nowhere */
};

/* One write that came to the disk, or a flush (len 0). */
struct logged {
	uint64_t off;
	size_t len;
	uint8_t *bytes;
};

struct disk {
	uint8_t *bytes;
	uint64_t size;
	/* Faults. */
	struct range write_fails, read_fails, drops, flips;
	uint64_t wraps;        /* all it really has; 0 = all that it says */
	unsigned gone_after;   /* transfers; 0 = it stays */
	unsigned read_passes;  /* reads of `read_fails` that fail before one works; 0 = none works */
	unsigned write_passes; /* the same of `write_fails` */
	unsigned flip_passes;  /* the same of `flips` */
	bool flush_fails, can_zero;
	size_t cut_to; /* transfers move at most so many bytes; 0 = all */
	bool interrupts; /* every other one is EINTR first */
	/* What happened. */
	unsigned n_transfers, n_writes, n_reads, n_flushes;
	uint64_t bytes_written;
	struct lkb_xfer *ended;
	atomic_uint in_flight;
	bool weighs;        /* notes how much memory is in use */
	size_t most_memory; /* bytes */
	bool keeps_log;
	struct logged *log;
	size_t n_log, cap_log;
};

static UNUSED void disk_init(struct disk *d, uint64_t size, uint8_t old)
{
	*d = (struct disk){.bytes = lkb_alloc(size), .size = size};
	memset(d->bytes, old, size);
}

static UNUSED void disk_clear(struct disk *d)
{
	for (size_t i = 0; i < d->n_log; i++)
		free(d->log[i].bytes);
	free(d->log);
	free(d->bytes);
}

static bool meets(const struct range *r, uint64_t off, size_t len)
{
	return off < r->to && r->from < off + len;
}

/* True as long as the fault lasts. */
static bool strikes(struct range *r, unsigned *passes, uint64_t off, size_t len)
{
	if (!meets(r, off, len))
		return false;
	if (!*passes || --*passes)
		return true;
	*r = (struct range){0};
	return false;
}

static void log_it(struct disk *d, uint64_t off, const void *p, size_t len)
{
	if (!d->keeps_log)
		return;
	LKB_GROW(d->log, d->n_log, d->cap_log);
	d->log[d->n_log++] = (struct logged){off, len, len ? lkb_memdup(p, len) : NULL};
}

static void disk_put(struct disk *d, uint64_t off, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i += 512) {
		uint64_t at = d->wraps ? (off + i) % d->wraps : off + i;

		if (!meets(&d->drops, off + i, 512))
			memcpy(d->bytes + at, p + i, 512);
	}
}

static void disk_get(struct disk *d, uint64_t off, uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i += 512) {
		uint64_t at = d->wraps ? (off + i) % d->wraps : off + i;

		memcpy(p + i, d->bytes + at, 512);
	}
	if (strikes(&d->flips, &d->flip_passes, off, len))
		p[d->flips.from > off ? d->flips.from - off : 0] ^= 1;
}

static int disk_transfer(struct disk *d, struct lkb_xfer *x)
{
	uint64_t off = x->off + x->moved;
	size_t len = x->len - x->moved;

	assert_true(off % 512 == 0 && len % 512 == 0 && (uintptr_t)x->buf % LKB_IO_ALIGN == 0);
	d->n_transfers++;
	if (d->gone_after && d->n_transfers > d->gone_after)
		return -ENODEV;
	if (d->interrupts && d->n_transfers % 2)
		return -EINTR;
	if (d->cut_to && len > d->cut_to)
		len = d->cut_to;
	if (off >= d->size)
		return x->is_write ? -ENOSPC : 0;
	if (len > d->size - off)
		len = d->size - off;
	if (x->is_write) {
		if (strikes(&d->write_fails, &d->write_passes, off, len))
			return -EIO;
		d->n_writes++;
		d->bytes_written += len / 512 * 512;
		disk_put(d, off, x->buf + x->moved, len / 512 * 512);
		log_it(d, off, x->buf + x->moved, len / 512 * 512);
	} else {
		if (strikes(&d->read_fails, &d->read_passes, off, len))
			return -EIO;
		d->n_reads++;
		disk_get(d, off, x->buf + x->moved, len / 512 * 512);
	}
	return (int)len;
}

static int disk_start(struct lkb_io *io, struct lkb_error *e)
{
	io->sector = 512;
	return 0;
}

static void disk_submit(struct lkb_io *io, struct lkb_xfer *x)
{
	struct disk *d = io->state;

	if (d->weighs) {
		struct mallinfo2 m = mallinfo2();

		d->most_memory = m.uordblks + m.hblkhd > d->most_memory ? m.uordblks + m.hblkhd
									: d->most_memory;
	}
	x->result = disk_transfer(d, x);
	x->next = d->ended;
	d->ended = x;
	atomic_fetch_add(&d->in_flight, 1);
}

/* The last that began ends first, which no queue promises not to do. */
static struct lkb_xfer *disk_reap(struct lkb_io *io)
{
	struct disk *d = io->state;
	struct lkb_xfer *x = d->ended;

	d->ended = x->next;
	atomic_fetch_sub(&d->in_flight, 1);
	return x;
}

static int disk_flush(struct lkb_io *io)
{
	struct disk *d = io->state;

	d->n_flushes++;
	if (d->gone_after && d->n_transfers > d->gone_after)
		return -ENODEV;
	if (d->flush_fails)
		return -EIO;
	log_it(d, 0, NULL, 0);
	return 0;
}

static int disk_zero(struct lkb_io *io, uint64_t off, uint64_t len)
{
	struct disk *d = io->state;
	uint8_t *zeros;

	if (!d->can_zero || d->gone_after || d->write_fails.to)
		return -EOPNOTSUPP;
	zeros = lkb_alloc(len);
	disk_put(d, off, zeros, len);
	log_it(d, off, zeros, len);
	free(zeros);
	return 0;
}

static void disk_forget(struct lkb_io *io)
{
}

static void disk_stop(struct lkb_io *io)
{
}

static UNUSED const struct lkb_io_ops disk_ops = {
	.name = "disk",
	.start = disk_start,
	.submit = disk_submit,
	.reap = disk_reap,
	.flush = disk_flush,
	.zero = disk_zero,
	.forget = disk_forget,
	.stop = disk_stop,
};

/* An image in memory. */
struct image {
	uint8_t *bytes;
	size_t size;
	size_t ends_after; /* reading breaks off there with an error; 0 = not */
	size_t at_most;    /* comes with one read; 0 = all that is asked for */
	unsigned pause_ms; /* before each read */
	const atomic_uint *busy; /* when this is 0 again, or a second later; NULL */
	bool was_busy;           /* it was not */
	atomic_size_t n_read;
	struct lkb_source source;
	struct lkb_map *map;
};

struct image_stream {
	struct image *image;
	size_t pos;
};

static int image_open(void *what, void **ret, struct lkb_error *e)
{
	struct image_stream *s = lkb_alloc(sizeof(*s));

	s->image = what;
	*ret = s;
	return 0;
}

static int image_read(void *stream, void *buf, size_t n, size_t *ret_n, struct lkb_error *e)
{
	struct image_stream *s = stream;
	size_t left = s->image->size - s->pos;

	if (s->image->ends_after && s->pos >= s->image->ends_after)
		return lkb_fail(e, LKB_NET, "the connection broke off");
	lkb_clock_sleep_ms(s->image->pause_ms);
	for (int i = 0; s->image->busy && atomic_load(s->image->busy) && i < 1000; i++)
		lkb_clock_sleep_ms(1);
	s->image->was_busy |= s->image->busy && atomic_load(s->image->busy);
	n = s->image->at_most && n > s->image->at_most ? s->image->at_most : n;
	*ret_n = left < n ? left : n;
	memcpy(buf, s->image->bytes + s->pos, *ret_n);
	atomic_fetch_add(&s->image->n_read, *ret_n);
	s->pos += *ret_n;
	return 0;
}

static void image_close(void *stream)
{
	free(stream);
}

static UNUSED const struct lkb_source_ops image_ops = {image_open, image_read, image_close, NULL};

static uint32_t seed_state;

static UNUSED uint32_t chance(uint32_t n)
{
	seed_state = seed_state * 1664525u + 1013904223u;
	return n ? (seed_state >> 8) % n : 0;
}

/* An MBR with one partition, then runs of random and of zero blocks. */
static UNUSED void image_init(struct image *im, size_t size, uint32_t seed)
{
	seed_state = seed;
	*im = (struct image){.bytes = lkb_alloc(lkb_align_up(size, 4096)), .size = size};
	for (size_t at = 0; at < size;) {
		size_t n = (1 + chance(40)) * 4096;
		bool zero = chance(3) == 0;

		for (size_t b = at; b < at + n && b < size && !zero; b += 4096) {
			memset(im->bytes + b, (int)chance(255) + 1, size - b < 4096 ? size - b : 4096);
			memcpy(im->bytes + b, &seed_state, size - b < 4 ? size - b : 4);
		}
		at += n;
	}
	memset(im->bytes + 440, 0, 70);
	im->bytes[446 + 4] = 0x83;
	im->bytes[446 + 8] = 8;
	im->bytes[446 + 12] = 64;
	im->bytes[510] = 0x55;
	im->bytes[511] = 0xaa;
	im->source = (struct lkb_source){.name = "image", .ops = &image_ops, .what = im,
					 .again = true, .fd = -1};
}

static UNUSED void image_clear(struct image *im)
{
	lkb_map_free(im->map);
	free(im->bytes);
}

/* lkboard's own map of it: zero blocks are of class `zeros`. */
static UNUSED void image_map(struct image *im, const char *zeros)
{
	lkb_autostr text = {0};
	struct lkb_sha256 end;
	size_t n = im->size / 4096;

	lkb_str_addf(&text, "lkboard-map 1\nsize %zu\nblock 4096\n", im->size);
	for (size_t i = 0; i < n;) {
		size_t k = i;
		bool zero = lkb_is_zero(im->bytes + i * 4096, 4096);

		while (k < n && k - i < 256 && lkb_is_zero(im->bytes + k * 4096, 4096) == zero)
			k++;
		/* Ranges of one class that follow each other would have been joined. */
		while (zero && k < n && lkb_is_zero(im->bytes + k * 4096, 4096))
			k++;
		if (zero) {
			lkb_str_addf(&text, "%s %zu %zu\n", zeros, i, k - i);
		} else {
			struct lkb_sha256 d = lkb_sha256(im->bytes + i * 4096, (k - i) * 4096);

			lkb_str_addf(&text, "data %zu %zu %s part:/file-%zu\n", i, k - i,
				     lkb_sha256_text(&d).s, i);
		}
		i = k;
	}
	end = lkb_sha256(text.s, text.len);
	lkb_str_addf(&text, "end %s\n", lkb_sha256_text(&end).s);
	OK(lkb_map_parse(text.s, text.len, "its map", &im->map, &err));
}

/* One image to one disk, as lkb_flash_run() does it, without devices and threads for targets. */
static UNUSED int flash_it(struct image *im, struct disk *d, struct lkb_flash_job *job,
			   const char *state, bool resume)
{
	lkb_auto(lkb_hub) hub = NULL;
	struct lkb_device dev = {.path = "/dev/disk", .size = d->size, .logical = 512,
				 .serial = "S1"};
	struct lkb_flash f = {.image = {.source = &im->source, .map = im->map},
			      .map_digest = lkb_sha256(im->bytes, im->size),
			      .state_dir = state, .resume = resume};
	int r;

	*job = (struct lkb_flash_job){.dev = &dev, .edits = job->edits, .n_edits = job->n_edits};
	job->target = (struct lkb_target){.name = dev.path, .fd = -1, .size = d->size,
					  .sector = 512};
	OK(lkb_io_open_ops(&job->target.io, &disk_ops, d, &err));
	OK(lkb_hub_start(&f.image, 1, 0, &hub, &err));
	err = (struct lkb_error){0};
	r = lkb_flash_one(&f, job, hub, 0, &err);
	lkb_io_close(&job->target.io);
	job->dev = NULL;
	return r;
}

/* Every byte that matters is there. `n` of the image; what the map calls free does not matter. */
static UNUSED bool holds(const struct disk *d, const struct image *im)
{
	for (size_t at = 0; at < im->size; at += 4096) {
		size_t n = im->size - at < 4096 ? im->size - at : 4096;
		bool matters = true;

		for (size_t i = 0; im->map && i < im->map->n_ranges; i++) {
			const struct lkb_map_range *r = &im->map->ranges[i];

			if (at / 4096 >= r->start && at / 4096 - r->start < r->count)
				matters = r->class != LKB_MAP_FREE;
		}
		for (size_t i = 0; i < n && matters; i++)
			if (d->bytes[d->wraps ? (at + i) % d->wraps : at + i] != im->bytes[at + i])
				return false;
	}
	return true;
}

static UNUSED bool looks_bootable(const uint8_t *bytes, uint64_t size)
{
	return (bytes[510] == 0x55 && bytes[511] == 0xaa) ||
	       !memcmp(bytes + 512, "EFI PART", 8) || !memcmp(bytes + size - 512, "EFI PART", 8);
}

#endif
