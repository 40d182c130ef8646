/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/ext/compress.h"
#include "flash/remote/remote_priv.h"

/* Enough for every header, and what comes in one piece. */
#define HEAD ((size_t)4096)

static int read_head(struct lkb_source *s, uint8_t *buf, size_t *ret_n, struct lkb_error *err)
{
	size_t n = 0, got = 1;
	void *stream;
	int r = 0;

	if (s->ops->open(s->what, &stream, err))
		return -1;
	while (!r && got && n < HEAD) {
		r = s->ops->read(stream, buf + n, HEAD - n, &got, err);
		n += r ? 0 : got;
	}
	s->ops->close(stream);
	*ret_n = n;
	return r;
}

int lkb_remote_look(struct lkb_source *s, uint64_t (*find_bytes)(void *what),
		    struct lkb_error *err)
{
	lkb_autofree uint8_t *buf = lkb_alloc(HEAD);
	uint64_t bytes;
	size_t n;

	if (read_head(s, buf, &n, err))
		return -1;
	if (!n)
		return lkb_fail(err, LKB_INPUT, "'%s' is empty", s->name);
	s->bytes = bytes = find_bytes(s->what);
	s->at_least = lkb_unpacked_by_head(buf, n, bytes);
	s->size = lkb_compression_of(buf, n) == LKB_PLAIN ? bytes : 0;
	return 0;
}
