/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "rootfs/inventory/inventory_priv.h"

/* Bytes that a name, a version, a licence and a purl may have. */
#define NAME_MAX_BYTES    200u
#define LICENCE_MAX_BYTES 400u
#define PURL_MAX_BYTES    1000u

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

void lkb_inventory_clear(struct lkb_inventory *v)
{
	free(v->items);
	lkb_arena_clear(&v->arena);
	*v = (struct lkb_inventory){0};
}

bool lkb_piece_line(struct lkb_piece *text, struct lkb_piece *ret)
{
	const char *end;

	if (!text->len)
		return false;
	end = memchr(text->s, '\n', text->len);
	*ret = (struct lkb_piece){text->s, end ? (size_t)(end - text->s) : text->len};
	text->s += ret->len + !!end;
	text->len -= ret->len + !!end;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

struct lkb_piece lkb_piece_trim(struct lkb_piece p)
{
	while (p.len && is_blank(p.s[0])) {
		p.s++;
		p.len--;
	}
	while (p.len && is_blank(p.s[p.len - 1]))
		p.len--;
	return p;
}

static bool consists_of(struct lkb_piece p, const char *allowed)
{
	size_t i;

	for (i = 0; i < p.len; i++)
		if (!p.s[i] || !strchr(allowed, p.s[i]))
			return false;
	return true;
}

static bool is_printable(struct lkb_piece p)
{
	size_t i;

	for (i = 0; i < p.len; i++)
		if (p.s[i] < 0x20 || p.s[i] > 0x7e)
			return false;
	return true;
}

static bool is_word(struct lkb_piece p)
{
	return p.len <= NAME_MAX_BYTES && consists_of(p, LETTERS ".-_+~:");
}

static bool is_package(const struct lkb_record *r)
{
	if (!r->name.len)
		return false;
	/* The purl is what tells what another's package is; names may be anything then. */
	if (r->kind == LKB_PACKAGE_OTHER)
		return r->name.len <= NAME_MAX_BYTES && is_printable(r->name) &&
		       r->version.len <= NAME_MAX_BYTES && is_printable(r->version) &&
		       r->purl.len > 4 && r->purl.len <= PURL_MAX_BYTES &&
		       !memcmp(r->purl.s, "pkg:", 4) && is_printable(r->purl) &&
		       !memchr(r->purl.s, ' ', r->purl.len);
	return is_word(r->name) && r->version.len && is_word(r->version);
}

static const char *take(struct lkb_inventory *v, struct lkb_piece p, bool good)
{
	return p.len && good ? lkb_arena_strndup(&v->arena, p.s, p.len) : "";
}

void lkb_inventory_add(struct lkb_inventory *v, const struct lkb_record *r)
{
	if (v->n >= LKB_INVENTORY_MAX || !is_package(r)) {
		v->skipped++;
		return;
	}
	LKB_GROW(v->items, v->n, v->cap);
	v->n_of[r->kind]++;
	v->items[v->n++] = (struct lkb_package){
		.kind = r->kind,
		.name = take(v, r->name, true),
		.version = take(v, r->version, true),
		.arch = take(v, r->arch, is_word(r->arch)),
		.source = take(v, r->source, is_word(r->source)),
		.licence = take(v, r->licence, r->licence.len <= LICENCE_MAX_BYTES &&
						       is_printable(r->licence)),
		.purl = take(v, r->purl, r->kind == LKB_PACKAGE_OTHER),
	};
}

static int compare(const void *pa, const void *pb)
{
	const struct lkb_package *a = pa, *b = pb;
	const char *const fields[][2] = {
		{a->name, b->name}, {a->version, b->version}, {a->arch, b->arch},
		{a->source, b->source}, {a->licence, b->licence}, {a->purl, b->purl},
	};
	size_t i;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	for (i = 0; i < LKB_ARRAY_SIZE(fields); i++) {
		int order = strcmp(fields[i][0], fields[i][1]);

		if (order)
			return order;
	}
	return 0;
}

void lkb_inventory_sort(struct lkb_inventory *v)
{
	size_t i, n = 0;

	if (!v->n)
		return;
	qsort(v->items, v->n, sizeof(*v->items), compare);
	for (i = 0; i < v->n; i++)
		if (!n || compare(&v->items[n - 1], &v->items[i]))
			v->items[n++] = v->items[i];
	v->n = n;
}
