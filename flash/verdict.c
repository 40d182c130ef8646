/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/verdict.h"

#include <stdio.h>

#include "base/size.h"

/* That many bad ranges are looked at for a shift. */
#define SAMPLES 64u

static bool is_capacity(const struct lkb_symptoms *s)
{
	return s->stamps_lost || s->shift;
}

static bool is_unsteady(const struct lkb_symptoms *s)
{
	return s->n_unsteady && s->n_unsteady * 2 >= s->n_bad;
}

static bool is_unreadable(const struct lkb_symptoms *s)
{
	return s->n_unreadable && s->n_unreadable * 2 >= s->n_bad;
}

static bool is_anything(const struct lkb_symptoms *s)
{
	return true;
}

/* The first that fits. */
static const struct cause {
	bool (*fits)(const struct lkb_symptoms *s);
	const char *code, *text, *hint;
} causes[] = {
	{is_capacity, "capacity",
	 "it has less room than it says: what is written to one place turns up at another",
	 "it is a counterfeit, or broken: do not use it"},
	{is_unsteady, "reader", "the same place reads differently each time: reader, cable or port",
	 "try another reader or port, and give --resume"},
	{is_unreadable, "unreadable", "it cannot read what was written to it",
	 "the card is worn out or broken: take another one"},
	{is_anything, "worn", "it does not keep what is written to it",
	 "the card is worn out, or protects itself against writing: take another one"},
};

void lkb_verdict(const struct lkb_symptoms *s, struct lkb_verdict *ret)
{
	const struct cause *c = causes;

	while (!c->fits(s))
		c++;
	ret->code = c->code;
	ret->hint = c->hint;
	if (s->shift && is_capacity(s))
		snprintf(ret->text, sizeof(ret->text), "%s (%s further on: that may be all it has)",
			 c->text, lkb_size_text(s->shift).s);
	else
		snprintf(ret->text, sizeof(ret->text), "%s%s", c->text,
			 s->rewritten ? ", not at the second time either" : "");
}

/* How far behind the bad range the contents that were found in it belong; 0 = nowhere. */
static uint64_t shift_of(const struct lkb_bad *bad, const struct lkb_written_list *written)
{
	for (size_t i = 0; i < written->n && !bad->error && !bad->is_blank; i++) {
		const struct lkb_written *w = &written->items[i];

		if (w->class == LKB_MAP_DATA && w->len == bad->want.len && w->off > bad->want.off &&
		    lkb_sha256_equal(&w->digest, &bad->found))
			return w->off - bad->want.off;
	}
	return 0;
}

uint64_t lkb_find_shift(const struct lkb_bad_list *bad, const struct lkb_written_list *written)
{
	size_t n = bad->n < SAMPLES ? bad->n : SAMPLES, agree = 0, shifted = 0;
	uint64_t shift = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t s = shift_of(&bad->items[i], written);

		shift = shift ? shift : s;
		shifted += s != 0;
		agree += s && s == shift;
	}
	return agree && agree * 2 > shifted ? shift : 0;
}
