/* SPDX-License-Identifier: Apache-2.0 */
#include "image/seq.h"

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/size.h"

#define BLOCK 4096u
#define ROOM  (LKB_MIB)

void lkb_seq_clear(struct lkb_seq *s)
{
	free(s->buf);
	s->buf = NULL;
}

/* Bytes from `at` on that are of one kind: whole blocks of zeros, or anything else. */
static size_t run_at(const struct lkb_seq *s, size_t at, bool *ret_zero)
{
	size_t end = at;

	while (end < s->used) {
		size_t n = s->used - end < BLOCK ? s->used - end : BLOCK;
		bool zero = lkb_is_zero(s->buf + end, n);

		if (end == at)
			*ret_zero = zero;
		else if (zero != *ret_zero)
			break;
		end += n;
	}
	return end - at;
}

static int flush(struct lkb_seq *s, struct lkb_error *err)
{
	size_t n;

	for (size_t at = 0; at < s->used; at += n) {
		bool zero = false;

		n = run_at(s, at, &zero);
		if (!zero &&
		    lkb_pwrite_full(s->fd, s->buf + at, n, s->base + at, s->name, err) != 0)
			return -1;
	}
	lkb_write_behind(s->fd, s->base, s->used);
	s->base += s->used;
	s->used = 0;
	return 0;
}

/* Where to put the next bytes; at least one fits. *ret_n is how many. */
static int room(struct lkb_seq *s, uint64_t want, uint8_t **ret, size_t *ret_n,
		struct lkb_error *err)
{
	if (!s->buf)
		s->buf = lkb_alloc(ROOM);
	if (s->used == ROOM && flush(s, err) != 0)
		return -1;
	*ret = s->buf + s->used;
	*ret_n = want < ROOM - s->used ? (size_t)want : ROOM - s->used;
	return 0;
}

int lkb_seq_bytes(struct lkb_seq *s, const void *p, size_t n, struct lkb_error *err)
{
	const uint8_t *from = p;
	uint8_t *to;
	size_t piece;

	while (n > 0) {
		if (room(s, n, &to, &piece, err) != 0)
			return -1;
		memcpy(to, from, piece);
		s->used += piece;
		from += piece;
		n -= piece;
	}
	return 0;
}

int lkb_seq_zero(struct lkb_seq *s, uint64_t n, struct lkb_error *err)
{
	uint8_t *to;
	size_t piece;

	while (n > 0) {
		if (n >= ROOM && s->used % BLOCK == 0) {
			if (flush(s, err) != 0)
				return -1;
			s->base += n / BLOCK * BLOCK;
			n %= BLOCK;
			continue;
		}
		if (room(s, n, &to, &piece, err) != 0)
			return -1;
		if (n >= ROOM && piece > BLOCK - s->used % BLOCK)
			piece = BLOCK - s->used % BLOCK;
		memset(to, 0, piece);
		s->used += piece;
		n -= piece;
	}
	return 0;
}

int lkb_seq_data(struct lkb_seq *s, const struct lkb_data *d, struct lkb_error *err)
{
	uint8_t *to;
	size_t piece;

	for (uint64_t done = 0; done < d->len; done += piece) {
		if (room(s, d->len - done, &to, &piece, err) != 0 ||
		    lkb_data_read(d, done, to, piece, err) != 0)
			return -1;
		s->used += piece;
	}
	return 0;
}

int lkb_seq_upto(struct lkb_seq *s, uint64_t pos, struct lkb_error *err)
{
	if (pos < lkb_seq_pos(s))
		return lkb_fail(err, LKB_BUG, "'%s' is at byte %llu, but %llu comes next", s->name,
				(unsigned long long)lkb_seq_pos(s), (unsigned long long)pos);
	return lkb_seq_zero(s, pos - lkb_seq_pos(s), err);
}

int lkb_seq_finish(struct lkb_seq *s, struct lkb_error *err)
{
	if (flush(s, err) != 0)
		return -1;
	if (ftruncate(s->fd, (off_t)s->base) != 0)
		return lkb_fail_errno(err, "cannot set the length of '%s'", s->name);
	return 0;
}
