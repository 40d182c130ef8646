/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/utf8.h"
#include "plan/sbom_priv.h"

/* Digests of a tree's files, for its code. */
struct sha1s {
	struct lkb_sha1 *items; /* owned */
	size_t n, cap;
};

/* "KEY=VALUE", with "; " before all but the first. */
static void remark(struct lkb_str *s, const char *key)
{
	lkb_str_addf(s, "%s%s=", s->len ? "; " : "", key);
}

/* Who brought the file, and in which layer. */
static void remark_origin(struct lkb_sbom *s, struct lkb_sbom_tree *t,
			  const struct lkb_inode *inode)
{
	size_t image = lkb_sbom_image_number(s, inode->source);
	const struct lkb_sbom_layer *l = lkb_sbom_layer_of(s, &inode->data, inode->source);

	if (l)
		image = l->image;
	if (image < s->plan->images.n) {
		remark(&s->comment, "image");
		lkb_str_add(&s->comment, s->plan->images.items[image]->ref);
		t->from[image] = true;
	} else if (inode->source) {
		remark(&s->comment, "source");
		lkb_utf8_show(&s->comment, inode->source, strlen(inode->source), false);
	}
	if (!l)
		return;
	remark(&s->comment, "layer");
	lkb_str_addf(&s->comment, "sha256:%s", lkb_sha256_text(&l->layer->digest).s);
}

/* Where its bytes are in the disk image. */
static void remark_extents(struct lkb_sbom *s, const struct lkb_holding *h,
			   const struct lkb_inode *inode)
{
	const struct lkb_extent *e;
	size_t i, n;

	if (!h->partition)
		return;
	remark(&s->comment, "partition");
	lkb_str_addf(&s->comment, "%u", h->partition);
	e = lkb_extents_find(h->extents, inode, &n);
	for (i = 0; i < n; i++) {
		if (!i)
			remark(&s->comment, "extents");
		lkb_str_addf(&s->comment, "%s%" PRIu64 "+%" PRIu64, i ? "," : "", e[i].off,
			     e[i].len);
	}
}

static const char *file_name(struct lkb_sbom *s, const char *path)
{
	s->scratch.len = 0;
	lkb_str_add(&s->scratch, "./");
	lkb_utf8_show(&s->scratch, path, strlen(path), false);
	return lkb_str_get(&s->scratch);
}

static void write_file(struct lkb_sbom *s, struct lkb_sbom_tree *t,
		       const struct lkb_tree_item *item, const struct lkb_sums *sums)
{
	struct lkb_jsonout *j = &s->json;
	char id[80];

	snprintf(id, sizeof(id), "SPDXRef-File-%s-%zu", t->holding->name, ++t->n_files);
	lkb_jsonout_open(j, NULL, '{');
	lkb_jsonout_string(j, "SPDXID", id);
	lkb_jsonout_string(j, "fileName", file_name(s, item->path));
	lkb_jsonout_open(j, "checksums", '[');
	lkb_sbom_checksum(s, "SHA1", sums->sha1.b, sizeof(sums->sha1.b));
	lkb_sbom_checksum(s, "SHA256", sums->sha256.b, sizeof(sums->sha256.b));
	lkb_jsonout_close(j, ']');
	s->comment.len = 0;
	remark_origin(s, t, item->inode);
	remark_extents(s, t->holding, item->inode);
	if (!item->first) {
		remark(&s->comment, "link");
		lkb_str_add(&s->comment, file_name(s, item->first_path));
	}
	if (s->comment.len)
		lkb_jsonout_string(j, "comment", lkb_str_get(&s->comment));
	lkb_jsonout_close(j, '}');
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, LKB_SHA1_SIZE);
}

/* SPDX 2.3, 7.9: the SHA-1 of all SHA-1s in hex, sorted, one after the other. */
static void make_code(struct lkb_sbom_tree *t, struct sha1s *list)
{
	lkb_auto(lkb_hash) h = lkb_hash_new_sha1();
	struct lkb_sha1 code;
	size_t i;

	if (list->n)
		qsort(list->items, list->n, sizeof(*list->items), by_bytes);
	for (i = 0; i < list->n; i++) {
		char hex[2 * LKB_SHA1_SIZE + 1];

		lkb_hex(list->items[i].b, LKB_SHA1_SIZE, hex);
		lkb_hash_add(h, hex, 2 * LKB_SHA1_SIZE);
	}
	code = lkb_hash_done_sha1(h);
	lkb_hex(code.b, sizeof(code.b), t->code);
}

static int write_tree(struct lkb_sbom *s, struct lkb_sbom_tree *t, struct sha1s *list,
		      struct lkb_error *err)
{
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(t->holding->root);
	struct lkb_tree_item item;
	struct lkb_sums sums;

	while (lkb_tree_iter_next(it, &item) > 0) {
		if (item.inode->type != LKB_NODE_FILE)
			continue;
		if (lkb_sums_of(s->sums, &item.inode->data, &sums, err))
			return lkb_context(err, "'/%s'", item.path);
		LKB_GROW(list->items, list->n, list->cap);
		list->items[list->n++] = sums.sha1;
		write_file(s, t, &item, &sums);
		if (lkb_sbom_flush(s, false, err))
			return -1;
	}
	make_code(t, list);
	return 0;
}

int lkb_sbom_files(struct lkb_sbom *s, struct lkb_error *err)
{
	size_t i;
	int r = 0;

	lkb_jsonout_open(&s->json, "files", '[');
	for (i = 0; !r && i < s->in->n_holdings; i++) {
		struct sha1s list = {0};

		s->trees[i].holding = &s->in->holdings[i];
		s->trees[i].from = lkb_alloc_array(s->plan->images.n + 1, sizeof(bool));
		r = write_tree(s, &s->trees[i], &list, err);
		free(list.items);
	}
	lkb_jsonout_close(&s->json, ']');
	lkb_sums_cache_save(s->sums);
	return r;
}
