/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "board/qemu_priv.h"

struct lkb_watch_text {
	char *text;   /* owned */
	size_t len;
	/* back[i]: length of the longest proper prefix of the text that ends its first i bytes */
	size_t *back; /* owned; len + 1 of them */
	size_t at;    /* bytes of the text that the stream ends with now */
	bool seen;
};

static void fill_back(struct lkb_watch_text *t)
{
	size_t i, k = 0;

	for (i = 1; i < t->len; i++) {
		while (k && t->text[i] != t->text[k])
			k = t->back[k];
		if (t->text[i] == t->text[k])
			k++;
		t->back[i + 1] = k;
	}
}

void lkb_watch_init(struct lkb_watch *w, const char *const *texts, size_t n)
{
	size_t i;

	*w = (struct lkb_watch){.texts = lkb_alloc_array(n, sizeof(*w->texts)), .n = n};
	for (i = 0; i < n; i++) {
		struct lkb_watch_text *t = &w->texts[i];

		t->text = lkb_strdup(texts[i]);
		t->len = strlen(texts[i]);
		t->back = lkb_alloc_array(t->len + 1, sizeof(*t->back));
		t->seen = !t->len;
		w->n_seen += t->seen;
		fill_back(t);
	}
}

void lkb_watch_clear(struct lkb_watch *w)
{
	size_t i;

	for (i = 0; i < w->n; i++) {
		free(w->texts[i].text);
		free(w->texts[i].back);
	}
	free(w->texts);
	*w = (struct lkb_watch){0};
}

static bool feed(struct lkb_watch_text *t, const char *p, size_t n)
{
	for (; n; p++, n--) {
		while (t->at && t->text[t->at] != *p)
			t->at = t->back[t->at];
		if (t->text[t->at] == *p && ++t->at == t->len)
			return true;
	}
	return false;
}

void lkb_watch_feed(struct lkb_watch *w, const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < w->n; i++) {
		struct lkb_watch_text *t = &w->texts[i];

		if (!t->seen && feed(t, p, n)) {
			t->seen = true;
			w->n_seen++;
		}
	}
}

void lkb_watch_missing(const struct lkb_watch *w, struct lkb_str *ret)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (!w->texts[i].seen)
			lkb_str_addf(ret, "%s'%s'", ret->len ? ", " : "", w->texts[i].text);
}
