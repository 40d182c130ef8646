/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The initrd that is the whole root: several compressed archives, one behind the other, as the
 * kernel takes them. Whatever brings much (an image; a large file of the spec) has an archive of
 * its own, all the rest is the last one. Each is kept in the store under a key of all that is in
 * it, so that a build packs only what it has not packed before. How the root is cut depends on the
 * root alone: the bytes are the same whether an archive was found or made.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ext/compress.h"
#include "base/size.h"
#include "plan/plan_priv.h"
#include "rootfs/tree/cpio.h"

/* What has an archive of its own brings so much; there are no more than so many. */
#define SEGMENT_MIN (256 * LKB_KIB)
#define SEGMENTS_MAX 64

/* The rest changes with every word of the spec. If it has no more than this, keeping it costs more
 * than packing it again. */
#define REST_MIN_KEPT LKB_MIB

/* Of zstd: the next level takes twice the time for 3 percent, level 9 five times for 13. Another
 * level, job size or way to cut is another SEGMENT_FORMAT. */
#define SEGMENT_LEVEL 2
#define SEGMENT_JOB LKB_MIB
#define SEGMENT_FORMAT 1

/* Who brought something (an inode's source), and how much. */
struct bringer {
	const char *source;
	uint64_t bytes;
};

struct cut {
	const struct lkb_inode *root;
	int64_t epoch;
	struct bringer *bringers; /* owned; in order of appearance */
	size_t n, cap;
	uint64_t bytes; /* in all files */
	size_t now; /* whose archive it is; n: all the rest */
	const char *last_source; /* sources come in runs */
	size_t last;
};

static size_t find_bringer(struct cut *c, const char *source)
{
	if (source && source == c->last_source)
		return c->last;
	for (c->last = 0; c->last < c->n; c->last++)
		if (source && !strcmp(c->bringers[c->last].source, source))
			break;
	c->last_source = source;
	return c->last;
}

static void add_bytes(struct cut *c, const struct lkb_inode *inode)
{
	size_t i = find_bringer(c, inode->source);

	if (i == c->n) {
		LKB_GROW(c->bringers, c->n, c->cap);
		c->bringers[c->n++] = (struct bringer){ .source = inode->source };
	}
	c->bringers[i].bytes += inode->data.len;
}

static uint64_t rest_bytes(const struct cut *c)
{
	uint64_t rest = c->bytes;

	for (size_t i = 0; i < c->n; i++)
		rest -= c->bringers[i].bytes;
	return rest;
}

/* An archive's sizes have 32 bits. */
static int check_size(const struct lkb_tree_item *item, struct lkb_error *err)
{
	if (item->inode->data.len <= UINT32_MAX)
		return 0;
	lkb_fail(err, LKB_INPUT, "file '/%s' of %s is too large for an initrd", item->path,
		 lkb_size_text(item->inode->data.len).s);
	return lkb_hint(err, "it ends below 4 GiB; choose a format with the root on a disk");
}

static int find_cuts(struct cut *c, struct lkb_error *err)
{
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(c->root);
	struct lkb_tree_item item;
	size_t n = 0;

	while (lkb_tree_iter_next(it, &item) > 0) {
		if (!item.first || item.inode->type != LKB_NODE_FILE)
			continue;
		if (check_size(&item, err))
			return -1;
		c->bytes += item.inode->data.len;
		if (item.inode->source)
			add_bytes(c, item.inode);
	}
	for (size_t i = 0; i < c->n && n < SEGMENTS_MAX; i++)
		if (c->bringers[i].bytes >= SEGMENT_MIN)
			c->bringers[n++] = c->bringers[i];
	c->n = n;
	c->last_source = NULL;
	return 0;
}

static bool is_in(void *ctx, const struct lkb_inode *inode)
{
	struct cut *c = ctx;

	return find_bringer(c, inode->source) == c->now;
}

static int feed(void *ctx, const void *bytes, size_t n, struct lkb_error *err)
{
	return lkb_deflate_feed(ctx, bytes, n, err);
}

static int make_segment(void *ctx, lkb_sink_fn *sink, void *sink_ctx, struct lkb_error *err)
{
	struct cut *c = ctx;
	const struct lkb_cpio_part part = { is_in, c };
	lkb_auto(lkb_deflate) z = lkb_deflate_new_jobs(SEGMENT_LEVEL, SEGMENT_JOB, sink,
							 sink_ctx);

	if (lkb_cpio_write_part(c->root, c->epoch, &part, feed, z, err))
		return -1;
	return lkb_deflate_end(z, err);
}

static int key_of(struct cut *c, struct lkb_sha256 *ret, struct lkb_error *err)
{
	const struct lkb_cpio_part part = { is_in, c };
	struct lkb_sha256 contents;
	uint8_t all[1 + LKB_SHA256_SIZE] = {SEGMENT_FORMAT};

	if (lkb_cpio_part_digest(c->root, c->epoch, &part, &contents, err))
		return -1;
	memcpy(all + 1, contents.b, LKB_SHA256_SIZE);
	*ret = lkb_sha256(all, sizeof(all));
	return 0;
}

/* The digests of the layers that the archive's files lie in. */
struct layers {
	struct lkb_sha256 *items; /* owned */
	size_t n, cap;
};

static void find_layers(struct cut *c, struct layers *ret)
{
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(c->root);
	struct lkb_tree_item item;

	while (lkb_tree_iter_next(it, &item) > 0) {
		const struct lkb_blob *blob = item.inode->data.blob;
		const struct lkb_sha256 *digest = blob ? lkb_blob_digest(blob) : NULL;
		size_t i;

		if (!digest || !is_in(c, item.inode))
			continue;
		for (i = ret->n; i && !lkb_sha256_equal(&ret->items[i - 1], digest); i--)
			;
		if (i)
			continue;
		LKB_GROW(ret->items, ret->n, ret->cap);
		ret->items[ret->n++] = *digest;
	}
}

static int take(void *ctx, const void *bytes, size_t n, struct lkb_error *err)
{
	(void)err;
	lkb_str_addn(ctx, bytes, n);
	return 0;
}

static void add_memory(struct lkb_plan *p, struct lkb_str *s)
{
	size_t n = s->len;

	p->segments[p->n_segments++] =
		(struct lkb_data){ lkb_blob_new_take(lkb_str_take(s), n), 0, n };
}

static int add_small_rest(struct lkb_plan *p, struct cut *c, struct lkb_error *err)
{
	lkb_autostr out = {0};

	if (make_segment(c, take, &out, err))
		return -1;
	add_memory(p, &out);
	return 0;
}

static int add_segment(struct lkb_plan *p, struct cut *c, struct lkb_error *err)
{
	struct lkb_derived d = { .make = make_segment, .ctx = c };
	struct layers layers = {0};
	int r;

	if (key_of(c, &d.key, err))
		return -1;
	find_layers(c, &layers);
	d.layers = layers.items;
	d.n_layers = layers.n;
	r = lkb_store_derive(p->in->store, &d, &p->segments[p->n_segments], err);
	free(layers.items);
	if (r)
		return -1;
	p->n_segments++;
	return 0;
}

static int add_ucode(struct lkb_plan *p, struct lkb_error *err)
{
	lkb_autostr out = {0};

	if (lkb_plan_ucode(p, &out, err))
		return -1;
	if (out.len)
		add_memory(p, &out);
	return 0;
}

/* While it is unpacked, the machine holds the root and what it came as. */
static int check_memory(const struct lkb_plan *p, uint64_t root, struct lkb_error *err)
{
	const struct lkb_board *board = p->in->board;
	uint64_t initrd = lkb_plan_initrd_size(p);

	if (!board->memory.set || root + initrd <= (uint64_t)board->memory.v)
		return 0;
	lkb_fail(err, LKB_INPUT, "a root of %s and the initrd of %s it comes as do not fit into "
		 "the %s of board '%s'", lkb_size_text(root).s, lkb_size_text(initrd).s,
		 lkb_size_text((uint64_t)board->memory.v).s, board->name);
	return lkb_hint(err, "leave out what is not needed, choose a format with the root on a "
			"disk, or set 'memory' in '%s'", board->path);
}

static int pack(struct lkb_plan *p, struct cut *c, struct lkb_error *err)
{
	p->segments = lkb_alloc_array(c->n + 2, sizeof(*p->segments));
	if (add_ucode(p, err))
		return -1;
	for (c->now = 0; c->now < c->n; c->now++)
		if (add_segment(p, c, err))
			return -1;
	return rest_bytes(c) < REST_MIN_KEPT ? add_small_rest(p, c, err) : add_segment(p, c, err);
}

int lkb_step_initrd_ram(struct lkb_plan *p, struct lkb_error *err)
{
	struct cut c = { .root = lkb_tree_root(p->rootfs.root), .epoch = p->epoch };
	int r;

	if (!lkb_tree_lookup(p->rootfs.root, "init", true)) {
		lkb_fail(err, LKB_INPUT, "none of the init images brings /init");
		return lkb_hint(err, "add 'localhost/init:bookworm' to 'init:'");
	}
	r = find_cuts(&c, err) || pack(p, &c, err) || check_memory(p, c.bytes, err);
	free(c.bringers);
	return r ? -1 : 0;
}

uint64_t lkb_plan_initrd_size(const struct lkb_plan *p)
{
	uint64_t sum = p->initrd.len;

	for (size_t i = 0; i < p->n_segments; i++)
		sum += p->segments[i].len;
	return sum;
}
