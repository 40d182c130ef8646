/* SPDX-License-Identifier: Apache-2.0 */
#include "image/writer.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/size.h"
#include "image/map_priv.h"

#define BLOCK    LKB_MAP_BLOCK
#define PIECE    ((size_t)LKB_MAP_RANGE_MAX * BLOCK)
#define BUF_SIZE (2 * PIECE)

/* Bytes wait in buf[head..tail) for their place in the file, so that small files which follow each
 * other there become one write. */
struct lkb_writer {
	int fd;
	char *name; /* owned */
	uint64_t blocks;
	struct lkb_map *map;     /* owned; its ranges are in the order of writing until the end */
	struct lkb_map_list list;
	uint8_t *said;           /* owned; one bit a block */
	uint8_t *buf;            /* owned */
	size_t head, tail;
	uint64_t head_off;       /* where buf[head] belongs */
	struct lkb_hash *range_hash, *block_hash; /* owned */
	uint64_t leaf_start, leaf_count;
	struct lkb_sha256 *leaves; /* borrowed */
};

int lkb_writer_new(int fd, const char *name, uint64_t size, struct lkb_writer **ret,
		   struct lkb_error *err)
{
	if (size == 0 || size % BLOCK)
		return lkb_fail(err, LKB_BUG, "size %llu of '%s' is no multiple of %u",
				(unsigned long long)size, name, BLOCK);
	if (ftruncate(fd, (off_t)size) != 0)
		return lkb_fail_errno(err, "cannot make '%s' %s long", name, lkb_size_text(size).s);

	struct lkb_writer *w = lkb_alloc(sizeof(*w));

	w->fd = fd;
	w->name = lkb_strdup(name);
	w->blocks = size / BLOCK;
	w->map = lkb_alloc(sizeof(*w->map));
	w->map->size = size;
	w->said = lkb_alloc(lkb_div_up(w->blocks, 8));
	w->buf = lkb_alloc(BUF_SIZE);
	w->range_hash = lkb_hash_new();
	w->block_hash = lkb_hash_new();
	*ret = w;
	return 0;
}

void lkb_writer_free(struct lkb_writer *w)
{
	if (!w)
		return;
	if (w->map)
		lkb_map_free(w->map);
	lkb_map_list_clear(&w->list);
	lkb_hash_free(w->range_hash);
	lkb_hash_free(w->block_hash);
	free(w->said);
	free(w->buf);
	free(w->name);
	free(w);
}

void lkb_writer_keep_leaves(struct lkb_writer *w, uint64_t start, uint64_t count,
			    struct lkb_sha256 *leaves)
{
	static const uint8_t zeros[BLOCK];
	struct lkb_sha256 zero = lkb_sha256(zeros, sizeof(zeros));

	for (uint64_t i = 0; i < count; i++)
		leaves[i] = zero;
	w->leaf_start = start;
	w->leaf_count = count;
	w->leaves = leaves;
}

/* The place of a block's digest, or NULL if nobody wants it. */
static struct lkb_sha256 *leaf_of(const struct lkb_writer *w, uint64_t block)
{
	if (block < w->leaf_start || block - w->leaf_start >= w->leaf_count)
		return NULL;
	return &w->leaves[block - w->leaf_start];
}

/* Notes that blocks are spoken for. */
static int say(struct lkb_writer *w, uint64_t off, uint64_t n, const char *what,
	       struct lkb_error *err)
{
	uint64_t start = off / BLOCK, count = lkb_div_up(n, BLOCK);

	if (off % BLOCK || start > w->blocks || count > w->blocks - start)
		return lkb_fail(err, LKB_BUG, "'%s' does not fit into '%s' at byte %llu", what,
				w->name, (unsigned long long)off);
	for (uint64_t b = start; b < start + count; b++) {
		if (w->said[b / 8] >> (b % 8) & 1)
			return lkb_fail(err, LKB_BUG,
					"block %llu of '%s' is written twice, by '%s'",
					(unsigned long long)b, w->name, what);
		w->said[b / 8] |= (uint8_t)(1u << (b % 8));
	}
	return 0;
}

static int flush_buffer(struct lkb_writer *w, struct lkb_error *err)
{
	size_t n = w->tail - w->head;

	if (n > 0 &&
	    lkb_pwrite_full(w->fd, w->buf + w->head, n, w->head_off, w->name, err) != 0)
		return -1;
	w->head = w->tail;
	return 0;
}

/* Room in the buffer for the n bytes (at most PIECE) that belong at off. */
static int make_room(struct lkb_writer *w, uint64_t off, size_t n, uint8_t **ret,
		     struct lkb_error *err)
{
	bool follows = w->head_off + (w->tail - w->head) == off;

	if (w->head < w->tail && (!follows || w->tail + n > BUF_SIZE) &&
	    flush_buffer(w, err) != 0)
		return -1;
	if (w->head == w->tail) {
		w->head = w->tail = 0;
		w->head_off = off;
	}
	*ret = w->buf + w->tail;
	return 0;
}

/* Hashes `count` blocks, none of them zero and not more than a range may have, and notes them. */
static void note_data(struct lkb_writer *w, uint64_t start, const uint8_t *p, uint64_t count,
		      const char *what)
{
	struct lkb_map_range r = {.class = LKB_MAP_DATA, .start = start, .count = count};

	for (uint64_t i = 0; i < count; i++) {
		struct lkb_sha256 *leaf = leaf_of(w, start + i);

		lkb_hash_add(w->range_hash, p + i * BLOCK, BLOCK);
		if (leaf && count > 1) {
			lkb_hash_add(w->block_hash, p + i * BLOCK, BLOCK);
			*leaf = lkb_hash_done(w->block_hash);
		}
	}
	r.digest = lkb_hash_done(w->range_hash);
	/* The digest of a range of one block is the digest of the block. */
	if (count == 1 && leaf_of(w, start))
		*leaf_of(w, start) = r.digest;
	lkb_map_list_add(&w->list, &w->map->arena, &r, what);
}

static void note_class(struct lkb_writer *w, enum lkb_map_class class, uint64_t start,
		       uint64_t count, const char *what)
{
	struct lkb_map_range r = {.class = class, .start = start, .count = count};

	lkb_map_list_add(&w->list, &w->map->arena, &r, what);
}

/* How many blocks from p on (of `count`, at least one) are like the first: zero or not. */
static uint64_t same_kind(const uint8_t *p, uint64_t count, bool *ret_zero)
{
	uint64_t n = 1;

	*ret_zero = lkb_is_zero(p, BLOCK);
	while (n < count && lkb_is_zero(p + n * BLOCK, BLOCK) == *ret_zero)
		n++;
	return n;
}

/* Takes the n bytes at the end of the buffer, as make_room() gave them, into file and map. */
static int commit_piece(struct lkb_writer *w, uint64_t off, size_t n, const char *what,
			struct lkb_error *err)
{
	uint64_t start = off / BLOCK, count = n / BLOCK;

	for (uint64_t i = 0; i < count;) {
		const uint8_t *p = w->buf + w->tail;
		bool zero;
		uint64_t run = same_kind(p, count - i, &zero);

		if (zero) {
			if (flush_buffer(w, err) != 0)
				return -1;
			w->tail += run * BLOCK;
			w->head = w->tail;
			note_class(w, LKB_MAP_ZERO, start + i, run, what);
		} else {
			if (w->head == w->tail)
				w->head_off = off + i * BLOCK;
			w->tail += run * BLOCK;
			note_data(w, start + i, p, run, what);
		}
		i += run;
	}
	return 0;
}

/* Where the bytes of a put come from: memory or a file of a tree. */
struct source {
	const uint8_t *mem;
	const struct lkb_data *data;
};

static int put(struct lkb_writer *w, uint64_t off, const struct source *from, uint64_t n,
	       const char *what, struct lkb_error *err)
{
	if (say(w, off, n, what, err) != 0)
		return -1;
	for (uint64_t done = 0; done < n;) {
		size_t piece = n - done < PIECE ? (size_t)(n - done) : PIECE;
		size_t padded = lkb_align_up(piece, BLOCK);
		uint8_t *p;

		if (make_room(w, off + done, padded, &p, err) != 0)
			return -1;
		if (from->mem)
			memcpy(p, from->mem + done, piece);
		else if (lkb_data_read(from->data, done, p, piece, err) != 0)
			return -1;
		memset(p + piece, 0, padded - piece);
		if (commit_piece(w, off + done, padded, what, err) != 0)
			return -1;
		done += piece;
	}
	return 0;
}

int lkb_writer_put(struct lkb_writer *w, uint64_t off, const void *p, size_t n, const char *what,
		   struct lkb_error *err)
{
	return put(w, off, &(struct source){.mem = p}, n, what, err);
}

int lkb_writer_put_data(struct lkb_writer *w, uint64_t off, const struct lkb_data *d,
			const char *what, struct lkb_error *err)
{
	return put(w, off, &(struct source){.data = d}, d->len, what, err);
}

int lkb_writer_zero(struct lkb_writer *w, uint64_t off, uint64_t n, const char *what,
		    struct lkb_error *err)
{
	if (n == 0)
		return 0;
	if (say(w, off, n, what, err) != 0)
		return -1;
	note_class(w, LKB_MAP_ZERO, off / BLOCK, lkb_div_up(n, BLOCK), what);
	return 0;
}

/* The class of one adopted block: what is not zero is data, whatever its owner thinks of it. */
static enum lkb_map_class class_of_block(const uint8_t *p, uint64_t block, lkb_class_fn *class_of,
					 void *ctx, const char **ret_name)
{
	enum lkb_map_class class = class_of(ctx, block, ret_name);

	if (!lkb_is_zero(p, BLOCK))
		return LKB_MAP_DATA;
	return class == LKB_MAP_DATA ? LKB_MAP_ZERO : class;
}

static void adopt_piece(struct lkb_writer *w, uint64_t start, const uint8_t *p, uint64_t count,
			lkb_class_fn *class_of, void *ctx)
{
	const char *name, *next_name;
	enum lkb_map_class class, next_class;

	class = class_of_block(p, start, class_of, ctx, &name);
	for (uint64_t i = 0, run; i < count; i += run) {
		next_class = class;
		next_name = name;
		for (run = 1; i + run < count; run++) {
			next_class = class_of_block(p + (i + run) * BLOCK, start + i + run,
						    class_of, ctx, &next_name);
			if (next_class != class || strcmp(next_name, name) != 0)
				break;
		}
		if (class == LKB_MAP_DATA)
			note_data(w, start + i, p + i * BLOCK, run, name);
		else
			note_class(w, class, start + i, run, name);
		class = next_class;
		name = next_name;
	}
}

int lkb_writer_adopt(struct lkb_writer *w, uint64_t off, uint64_t n, lkb_class_fn *class_of,
		     void *ctx, struct lkb_error *err)
{
	if (say(w, off, n, "adopted range", err) != 0 || flush_buffer(w, err) != 0)
		return -1;
	for (uint64_t done = 0; done < n;) {
		size_t piece = n - done < PIECE ? (size_t)(n - done) : PIECE;

		if (lkb_pread_full(w->fd, w->buf, piece, off + done, w->name, err) != 0)
			return -1;
		adopt_piece(w, (off + done) / BLOCK, w->buf, piece / BLOCK, class_of, ctx);
		done += piece;
	}
	return 0;
}

void lkb_writer_partition(struct lkb_writer *w, unsigned number, uint64_t off, uint64_t n,
			  const char *name)
{
	struct lkb_map *m = w->map;

	m->partitions = lkb_realloc_array(m->partitions, m->n_partitions + 1,
					  sizeof(*m->partitions));
	m->partitions[m->n_partitions++] = (struct lkb_map_partition){
		.number = number,
		.start = off / BLOCK,
		.count = n / BLOCK,
		.name = lkb_arena_strdup(&m->arena, name),
	};
}

void lkb_writer_named(struct lkb_writer *w, const char *name, uint64_t off, uint64_t n)
{
	struct lkb_map *m = w->map;

	m->named = lkb_realloc_array(m->named, m->n_named + 1, sizeof(*m->named));
	m->named[m->n_named++] = (struct lkb_map_named){
		.name = lkb_arena_strdup(&m->arena, name), .off = off, .len = n};
}

int lkb_writer_finish(struct lkb_writer *w, struct lkb_map **ret, struct lkb_error *err)
{
	if (flush_buffer(w, err) != 0)
		return -1;
	if (ftruncate(w->fd, (off_t)w->map->size) != 0)
		return lkb_fail_errno(err, "cannot make '%s' %s long", w->name,
				      lkb_size_text(w->map->size).s);
	lkb_map_list_close(&w->list, w->map);
	*ret = LKB_STEAL(w->map);
	return 0;
}
