/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mkmap zero|free IMAGE [NUMBER:FIRST-BLOCK:BLOCKS:NAME]...: a map of any disk image on stdout. Blocks
 * that hold something are data; those that hold zeros are of the class that is asked for. Partitions
 * are those that are named, in their order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "image/map_priv.h"

#define IMAGE_MAX ((size_t)4 << 30)

static int add_partition(struct lkb_map *m, const char *word, struct lkb_error *err)
{
	struct lkb_map_partition *p = &m->partitions[m->n_partitions];
	unsigned long long start, count;
	char name[32];

	if (sscanf(word, "%u:%llu:%llu:%31s", &p->number, &start, &count, name) != 4)
		return lkb_fail(err, LKB_USAGE, "'%s' is no partition", word);
	p->start = start;
	p->count = count;
	p->name = lkb_arena_strdup(&m->arena, name);
	m->n_partitions++;
	return 0;
}

/* The partition that holds a block, or NULL. */
static const struct lkb_map_partition *partition_at(const struct lkb_map *m, uint64_t block)
{
	for (size_t i = 0; i < m->n_partitions; i++) {
		const struct lkb_map_partition *p = &m->partitions[i];

		if (block >= p->start && block - p->start < p->count)
			return p;
	}
	return NULL;
}

static bool is_zero(const char *p)
{
	return *p == 0 && memcmp(p, p + 1, LKB_MAP_BLOCK - 1) == 0;
}

/* The range that begins at a block: as far as class and partition stay the same. */
static struct lkb_map_range range_at(const struct lkb_map *m, const char *image, uint64_t block,
				     enum lkb_map_class empty)
{
	const struct lkb_map_partition *part = partition_at(m, block);
	struct lkb_map_range r = {.start = block};
	bool zero = is_zero(image + block * LKB_MAP_BLOCK);

	r.class = zero ? empty : LKB_MAP_DATA;
	r.name = part ? part->name : block == 0 ? "mbr" : "gap";
	do {
		r.count++;
		block++;
	} while (block < m->size / LKB_MAP_BLOCK && partition_at(m, block) == part &&
		 is_zero(image + block * LKB_MAP_BLOCK) == zero && (zero || r.count < LKB_MAP_RANGE_MAX));
	if (!zero)
		r.digest = lkb_sha256(image + r.start * LKB_MAP_BLOCK, r.count * LKB_MAP_BLOCK);
	return r;
}

static int run(int argc, char **argv, struct lkb_error *err)
{
	enum lkb_map_class empty = strcmp(argv[1], "free") == 0 ? LKB_MAP_FREE : LKB_MAP_ZERO;
	lkb_auto(lkb_map) m = calloc(1, sizeof(*m));
	struct lkb_map_list list = {0};
	lkb_autofree char *image = NULL;
	lkb_autostr text = {0};
	size_t size;

	m->partitions = calloc((size_t)argc, sizeof(*m->partitions));
	if (lkb_read_file(argv[2], IMAGE_MAX, &image, &size, err) != 0)
		return -1;
	if (size % LKB_MAP_BLOCK)
		return lkb_fail(err, LKB_INPUT, "'%s' has no whole blocks", argv[2]);
	m->size = size;
	for (int i = 3; i < argc; i++) {
		if (add_partition(m, argv[i], err) != 0)
			return -1;
	}
	for (uint64_t block = 0; block < size / LKB_MAP_BLOCK;) {
		struct lkb_map_range r = range_at(m, image, block, empty);

		lkb_map_list_add(&list, &m->arena, &r, r.name);
		block += r.count;
	}
	lkb_map_list_close(&list, m);
	lkb_map_format(m, &text);
	return fwrite(text.s, 1, text.len, stdout) == text.len ? 0 : lkb_fail_errno(err, "stdout");
}

int main(int argc, char **argv)
{
	struct lkb_error err = {0};

	if (argc < 3) {
		fprintf(stderr, "usage: mkmap zero|free IMAGE [NUMBER:FIRST:COUNT:NAME]...\n");
		return 2;
	}
	if (run(argc, argv, &err) != 0) {
		fprintf(stderr, "mkmap: %s\n", err.message);
		return (int)err.kind;
	}
	return fflush(stdout) == 0 ? 0 : 4;
}
