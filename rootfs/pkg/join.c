/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ext/hash.h"
#include "base/path.h"
#include "base/size.h"
#include "rootfs/pkg/deb_priv.h"

bool lkb_deb_glob(const char *glob, const char *path)
{
	return lkb_glob_match(glob + strspn(glob, "/"), path);
}

int lkb_deb_first(const struct lkb_deb_files *f, const struct lkb_deb_entry *e,
		  const struct lkb_deb_entry **ret, struct lkb_error *err)
{
	const struct lkb_deb_entry *first = e->hardlink ? NULL : e;
	size_t i;

	for (i = 0; i < f->n && !first; i++)
		if (f->items[i].type == LKB_NODE_FILE && !f->items[i].hardlink &&
		    !strcmp(f->items[i].path, e->hardlink))
			first = &f->items[i];
	if (!first)
		return lkb_fail(err, LKB_INPUT, "'%s' is a hard link to '%s', which is not kept",
				e->path, e->hardlink);
	*ret = first;
	return 0;
}

/* A file to join: what it is called, and whose contents it has. */
struct part {
	const struct lkb_deb_entry *e, *first;
	size_t order; /* of packages, and in them */
	struct lkb_sha256 digest;
};

struct parts {
	struct part *items; /* owned */
	size_t n, cap;
};

static void clear_parts(struct parts *parts)
{
	free(parts->items);
}

/* Packages may have a path in common. */
static int by_path(const void *pa, const void *pb)
{
	const struct part *a = pa, *b = pb;
	int order = strcmp(a->e->path, b->e->path);

	return order ? order : (a->order > b->order) - (a->order < b->order);
}

/* The files to join, sorted. */
static int find_parts(const struct lkb_deb_joining *w, struct parts *ret, struct lkb_error *err)
{
	size_t i, j;

	for (i = 0; i < w->n; i++) {
		for (j = 0; j < w->debs[i].n; j++) {
			struct part part = {.e = &w->debs[i].items[j], .order = ret->n};

			if (part.e->type != LKB_NODE_FILE || !lkb_deb_glob(w->glob, part.e->path))
				continue;
			if (lkb_deb_first(&w->debs[i], part.e, &part.first, err))
				return -1;
			LKB_GROW(ret->items, ret->n, ret->cap);
			ret->items[ret->n++] = part;
		}
	}
	if (!ret->n)
		return lkb_fail(err, LKB_INPUT, "'%s' matches no file in the packages", w->glob);
	qsort(ret->items, ret->n, sizeof(*ret->items), by_path);
	return 0;
}

/* True if one of the parts before that one has the same contents. */
static bool was_there(const struct parts *parts, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (lkb_sha256_equal(&parts->items[j].digest, &parts->items[i].digest))
			return true;
	return false;
}

int lkb_deb_join(const struct lkb_deb_joining *w, struct lkb_str *out, struct lkb_error *err)
{
	struct parts parts __attribute__((cleanup(clear_parts))) = {0};
	uint64_t sum = 0;
	size_t i, len;

	if (find_parts(w, &parts, err))
		return -1;
	for (i = 0; i < parts.n; i++) {
		const struct lkb_data *data = &parts.items[i].first->data;
		lkb_autofree char *text = NULL;

		if (data->len > w->max - sum)
			return lkb_fail(err, LKB_INPUT, "what '%s' matches is larger than %s",
					w->glob, lkb_size_text(w->max).s);
		sum += data->len;
		if (lkb_data_read_all(data, (size_t)w->max, &text, &len, err))
			return lkb_context(err, "'%s'", parts.items[i].e->path);
		parts.items[i].digest = lkb_sha256(text, len);
		if (w->once && was_there(&parts, i))
			continue;
		lkb_str_addn(out, text, len);
		if (w->lines && len && text[len - 1] != '\n')
			lkb_str_addc(out, '\n');
	}
	return 0;
}
