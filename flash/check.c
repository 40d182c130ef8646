/* SPDX-License-Identifier: Apache-2.0 */
/* A job's verification: reading back, reading again, writing again, explaining. */
#include <inttypes.h>

#include "base/alloc.h"
#include "base/size.h"
#include "flash/one_priv.h"
#include "flash/readback.h"
#include "flash/verdict.h"

/* How often what reads wrong is written again. */
#define REWRITES_MAX 2

static void to_list(const struct lkb_bad_list *bad, struct lkb_written_list *ret)
{
	ret->n = 0;
	for (size_t i = 0; i < bad->n; i++) {
		LKB_GROW(ret->items, ret->n, ret->cap);
		ret->items[ret->n++] = bad->items[i].want;
	}
}

static void count(const struct lkb_bad_list *bad, const struct lkb_bad_list *before,
		  struct lkb_symptoms *s)
{
	s->n_bad = bad->n;
	s->n_unsteady = s->n_unreadable = s->n_blank = 0;
	for (size_t i = 0, k = 0; i < bad->n; i++) {
		const struct lkb_bad *b = &bad->items[i];

		while (k < before->n && before->items[k].want.off < b->want.off)
			k++;
		s->n_unreadable += b->error != 0;
		s->n_blank += b->is_blank;
		s->n_unsteady += !b->error && k < before->n && !before->items[k].error &&
				 before->items[k].want.off == b->want.off &&
				 !lkb_sha256_equal(&before->items[k].found, &b->found);
	}
}

/* Twice, if need be: what reads right at the second time is right, but the reader is not. */
static void read_twice(struct one *o, const struct lkb_written_list *want, atomic_ullong *done,
		       struct lkb_bad_list *bad, struct lkb_symptoms *s)
{
	struct lkb_bad_list first = {0};
	struct lkb_written_list again = {0};

	o->io->ops->forget(o->io);
	lkb_readback(o->io, want, done, &first);
	if (first.n) {
		to_list(&first, &again);
		o->io->ops->forget(o->io);
		lkb_readback(o->io, &again, NULL, bad);
		count(bad, &first, s);
		if (bad->n < first.n)
			lkb_strv_addf(&o->job->notes,
				      "%zu ranges of '%s' read right only when they "
				      "were read again: reader, cable or port are not reliable",
				      first.n - bad->n, o->job->dev->path);
	}
	lkb_bad_list_clear(&first);
	free(again.items);
}

static int fail_verdict(struct one *o, struct lkb_symptoms *s, const struct lkb_bad_list *bad,
			struct lkb_error *err)
{
	const struct lkb_bad *first = bad->n ? &bad->items[0] : NULL;
	lkb_autostr where = {0};
	struct lkb_verdict v;

	s->name = o->job->dev->path;
	s->shift = lkb_find_shift(bad, &o->body.written);
	lkb_verdict(s, &v);
	o->job->verdict = v.code;
	if (first)
		lkb_str_addf(&where,
			     "%s in %zu of its ranges is wrong, the first from byte %" PRIu64
			     " to %" PRIu64 "%s%s%s; ",
			     lkb_size_text(bad->bytes).s, bad->n, first->want.off,
			     first->want.off + first->want.len, *first->want.name ? " (" : "",
			     first->want.name, *first->want.name ? ")" : "");
	lkb_fail(err, LKB_DIFFERS, "'%s' does not hold what was written: %s%s", s->name,
		 lkb_str_get(&where), v.text);
	return lkb_hint(err, "%s", v.hint);
}

static int check_stamps(struct one *o, struct lkb_error *err)
{
	struct lkb_symptoms s = {.stamps_lost = true};
	struct lkb_bad_list none = {0};
	bool stand = false;
	uint64_t off = 0;
	int error = lkb_zones_check_stamp(&o->zones, o->io, &stand, &off);

	if (error)
		return lkb_fail_device(err, o->job->dev->path, false, off, error);
	if (stand)
		return 0;
	o->zones.is_stamped = false;
	fail_verdict(o, &s, &none, err);
	/* What came there may be a table. */
	o->zones.is_stamped = !lkb_zones_stamp(&o->zones, o->io, &off);
	return -1;
}

int lkb_one_verify(struct one *o, struct lkb_error *err)
{
	struct lkb_bad_list bad = {0};
	struct lkb_written_list list = {0};
	struct lkb_symptoms s = {0};
	size_t n_wrong = 0;
	int r = 0;

	atomic_store(&o->job->done, 0);
	read_twice(o, &o->body.written, &o->job->done, &bad, &s);
	n_wrong = bad.n;
	for (int i = 0; bad.n && i < REWRITES_MAX && o->f->image.source->again && !r; i++) {
		to_list(&bad, &list);
		r = lkb_one_rewrite(o, &list, err);
		s.rewritten = true;
		lkb_bad_list_clear(&bad);
		if (!r)
			read_twice(o, &list, NULL, &bad, &s);
	}
	if (!r && bad.n)
		r = fail_verdict(o, &s, &bad, err);
	if (!r && n_wrong)
		lkb_strv_addf(&o->job->notes,
			      "%zu ranges of '%s' had to be written again: the card "
			      "may be near its end",
			      n_wrong, o->job->dev->path);
	lkb_bad_list_clear(&bad);
	free(list.items);
	return r ? -1 : check_stamps(o, err);
}
