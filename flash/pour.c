/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/pour.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/ext/compress.h"
#include "base/file.h"

#define CHUNK ((size_t)256 << 10)
/* What the kind of compression is told by. */
#define HEAD ((size_t)6)
/* No image is larger than the largest map. */
#define IMAGE_MAX ((uint64_t)1 << 52)

static int to_cut(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	return lkb_cut_bytes(ctx, p, n, err);
}

/* An image as it is, in a file: what nobody wants and holes are not read. */
static int pour_random(const struct lkb_source *s, struct lkb_cut *cut,
		       struct lkb_pour_times *times, struct lkb_error *err)
{
	lkb_autofree uint8_t *buf = lkb_alloc(CHUNK);
	uint64_t pos = 0;

	while (pos < s->size) {
		uint64_t left = s->size - pos, idle = lkb_cut_idle(cut);
		off_t data = lseek(s->fd, (off_t)pos, SEEK_DATA);
		uint64_t hole = data < 0 ? (errno == ENXIO ? left : 0) : (uint64_t)data - pos;
		uint64_t skip = idle > hole ? idle : hole;
		uint64_t began;
		size_t take;

		if (skip > left)
			skip = left;
		if (skip) {
			if (lkb_cut_skip(cut, skip, err))
				return -1;
			pos += skip;
			continue;
		}
		take = left < CHUNK ? (size_t)left : CHUNK;
		began = lkb_clock_monotonic_ms();
		if (lkb_pread_full(s->fd, buf, take, pos, s->name, err))
			return -1;
		times->read += lkb_clock_monotonic_ms() - began;
		if (lkb_cut_bytes(cut, buf, take, err))
			return -1;
		pos += take;
	}
	return 0;
}

static int feed(struct lkb_inflate *z, enum lkb_compression c, struct lkb_cut *cut, const void *p,
		size_t n, struct lkb_error *err)
{
	return c == LKB_PLAIN ? lkb_cut_bytes(cut, p, n, err) : lkb_inflate_feed(z, p, n, err);
}

/* At least so many bytes, unless the stream ends before. */
static int read_chunk(const struct lkb_source *s, void *stream, uint8_t *buf, size_t least,
		      size_t *ret_n, struct lkb_error *err)
{
	size_t n = 0, got = 1;

	while (got && n < least) {
		if (s->ops->read(stream, buf + n, CHUNK - n, &got, err))
			return -1;
		n += got;
	}
	*ret_n = n;
	return 0;
}

static int pour_stream(const struct lkb_source *s, void *stream, struct lkb_cut *cut,
		       struct lkb_pour_times *times, struct lkb_error *err)
{
	lkb_autofree uint8_t *buf = lkb_alloc(CHUNK);
	lkb_auto(lkb_inflate) z = NULL;
	enum lkb_compression c = LKB_PLAIN;
	bool is_first = true;

	for (;;) {
		uint64_t began = lkb_clock_monotonic_ms(), read_at;
		size_t n;

		if (read_chunk(s, stream, buf, is_first ? HEAD : 1, &n, err))
			return -1;
		read_at = lkb_clock_monotonic_ms();
		times->read += read_at - began;
		if (!n)
			break;
		if (is_first) {
			c = lkb_compression_of(buf, n);
			if (c != LKB_PLAIN)
				z = lkb_inflate_new(c, IMAGE_MAX, to_cut, cut);
		}
		is_first = false;
		if (feed(z, c, cut, buf, n, err))
			return -1;
		times->unpack += lkb_clock_monotonic_ms() - read_at;
	}
	return z ? lkb_inflate_end(z, err) : 0;
}

int lkb_pour(const struct lkb_source *s, struct lkb_cut *cut, struct lkb_pour_times *times,
	     struct lkb_error *err)
{
	void *stream;
	int r;

	if (s->is_random) {
		r = pour_random(s, cut, times, err);
	} else {
		if (s->ops->open(s->what, &stream, err))
			return -1;
		r = pour_stream(s, stream, cut, times, err);
		s->ops->close(stream);
	}
	if (r) {
		/* What unpacks does not know whose bytes they are. */
		if (err && !strstr(err->message, s->name))
			lkb_context(err, "'%s'", s->name);
		lkb_hint(err, "fetch the image again; what was written is not complete");
		return -1;
	}
	return lkb_cut_end(cut, err);
}
