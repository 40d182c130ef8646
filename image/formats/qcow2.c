/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/bytes.h"
#include "base/size.h"
#include "image/formats/vdisk_priv.h"

/* QEMU's docs/interop/qcow2.txt. All numbers are big-endian. In the file, by clusters: header,
 * refcount table, refcount blocks, L1 table, L2 tables, data. */

#define CLUSTER_BITS 16
#define CLUSTER ((uint64_t)1 << CLUSTER_BITS)
#define HEADER_LEN 104
#define REFCOUNT_ORDER 4 /* 16 bits */
#define ENTRIES (CLUSTER / 8)     /* of 64 bits in a cluster: L1, L2, refcount table */
#define REFCOUNTS (CLUSTER / 2)
#define L2_SPAN (ENTRIES * CLUSTER) /* bytes of the disk that an L2 table is for */
#define COPIED ((uint64_t)1 << 63)  /* used once: may be written in place */

/* QEMU reads an L1 table of at most 32 MiB. */
#define SIZE_LIMIT (32 * LKB_MIB / 8 * L2_SPAN)

struct counts {
	uint64_t ref_table, ref_blocks, l1, l2, data; /* clusters */
};

static uint64_t count_units(const struct lkb_vdisk_job *j, uint64_t unit)
{
	struct lkb_vdisk_walk w = lkb_vdisk_walk(j->in->map, unit, j->size);
	struct lkb_vdisk_run run;
	uint64_t n = 0;

	while (lkb_vdisk_walk_next(&w, &run))
		n += run.is_data ? run.count : 0;
	return n;
}

/* Refcounts are for themselves, too: more of them until they are enough. */
static struct counts count_clusters(const struct lkb_vdisk_job *j)
{
	struct counts c = {
		.ref_table = 1,
		.l1 = lkb_div_up(lkb_div_up(j->size, L2_SPAN), ENTRIES),
		.l2 = count_units(j, L2_SPAN),
		.data = count_units(j, CLUSTER),
	};
	uint64_t total, before;

	do {
		before = c.ref_blocks + c.ref_table;
		total = 1 + before + c.l1 + c.l2 + c.data;
		c.ref_blocks = lkb_div_up(total, REFCOUNTS);
		c.ref_table = lkb_div_up(c.ref_blocks, ENTRIES);
	} while (c.ref_blocks + c.ref_table != before);
	return c;
}

/* A table in the making, a cluster at a time. */
struct table {
	struct lkb_vdisk_job *j;
	size_t n; /* entries so far */
	uint8_t cluster[CLUSTER];
};

static int add_entry(struct table *t, uint64_t entry, struct lkb_error *err)
{
	lkb_put_be64(t->cluster + 8 * t->n, entry);
	if (++t->n < ENTRIES)
		return 0;
	t->n = 0;
	return lkb_vdisk_put(t->j, t->cluster, CLUSTER, err);
}

static int end_table(struct table *t, struct lkb_error *err)
{
	while (t->n)
		if (add_entry(t, 0, err))
			return -1;
	return 0;
}

/* One entry a unit: where the n-th unit with data has its cluster, 0 for those without. */
static int add_run(struct table *t, const struct lkb_vdisk_run *run, uint64_t *cluster,
		   struct lkb_error *err)
{
	for (uint64_t i = 0; i < run->count; i++) {
		uint64_t entry = run->is_data ? (*cluster)++ * CLUSTER | COPIED : 0;

		if (add_entry(t, entry, err))
			return -1;
	}
	return 0;
}

static int put_header(struct table *t, const struct counts *c, struct lkb_error *err)
{
	uint8_t *b = t->cluster;

	memset(b, 0, CLUSTER);
	memcpy(b, "QFI\xfb", 4);
	lkb_put_be32(b + 4, 3); /* version; no backing file */
	lkb_put_be32(b + 20, CLUSTER_BITS);
	lkb_put_be64(b + 24, t->j->size);
	lkb_put_be32(b + 36, (uint32_t)lkb_div_up(t->j->size, L2_SPAN));
	lkb_put_be64(b + 40, (1 + c->ref_table + c->ref_blocks) * CLUSTER);
	lkb_put_be64(b + 48, CLUSTER);
	lkb_put_be32(b + 56, (uint32_t)c->ref_table);
	/* No snapshots, no features, and no header extension but the one that ends their list. */
	lkb_put_be32(b + 96, REFCOUNT_ORDER);
	lkb_put_be32(b + 100, HEADER_LEN);
	return lkb_vdisk_put(t->j, b, CLUSTER, err);
}

/* Every cluster of the file is used once. */
static int put_refcounts(struct table *t, const struct counts *c, struct lkb_error *err)
{
	uint64_t left = 1 + c->ref_table + c->ref_blocks + c->l1 + c->l2 + c->data;

	for (uint64_t i = 0; i < c->ref_blocks; i++)
		if (add_entry(t, (1 + c->ref_table + i) * CLUSTER, err))
			return -1;
	if (end_table(t, err))
		return -1;
	for (uint64_t i = 0; i < c->ref_blocks; i++) {
		memset(t->cluster, 0, CLUSTER);
		for (size_t n = 0; n < REFCOUNTS && left; n++, left--)
			lkb_put_be16(t->cluster + 2 * n, 1);
		if (lkb_vdisk_put(t->j, t->cluster, CLUSTER, err))
			return -1;
	}
	return 0;
}

static int put_l1(struct table *t, uint64_t l2_cluster, struct lkb_error *err)
{
	struct lkb_vdisk_walk w = lkb_vdisk_walk(t->j->in->map, L2_SPAN, t->j->size);
	struct lkb_vdisk_run run;

	while (lkb_vdisk_walk_next(&w, &run))
		if (add_run(t, &run, &l2_cluster, err))
			return -1;
	return end_table(t, err);
}

/* Those of the L2 tables that are needed, one behind the other. */
static int put_l2(struct table *t, uint64_t data_cluster, struct lkb_error *err)
{
	struct lkb_vdisk_walk spans = lkb_vdisk_walk(t->j->in->map, L2_SPAN, t->j->size);
	struct lkb_vdisk_walk w = lkb_vdisk_walk(t->j->in->map, CLUSTER, t->j->size);
	struct lkb_vdisk_run span, run;

	while (lkb_vdisk_walk_next(&spans, &span)) {
		uint64_t end = (span.start + span.count) * ENTRIES;

		if (!span.is_data)
			continue;
		for (w.at = span.start * ENTRIES; w.at < end && lkb_vdisk_walk_next(&w, &run);) {
			if (run.start + run.count > end)
				run.count = end - run.start;
			w.at = run.start + run.count;
			if (add_run(t, &run, &data_cluster, err))
				return -1;
		}
		if (end_table(t, err))
			return -1;
	}
	return 0;
}

static int write_qcow2(struct lkb_vdisk_job *j, struct lkb_error *err)
{
	struct lkb_vdisk_walk w = lkb_vdisk_walk(j->in->map, CLUSTER, j->size);
	struct table t = {.j = j};
	struct counts c = count_clusters(j);
	uint64_t l2 = 1 + c.ref_table + c.ref_blocks + c.l1;
	struct lkb_vdisk_run run;

	if (put_header(&t, &c, err) || put_refcounts(&t, &c, err) || put_l1(&t, l2, err) ||
	    put_l2(&t, l2 + c.l2, err))
		return -1;
	while (lkb_vdisk_walk_next(&w, &run))
		if (run.is_data &&
		    lkb_vdisk_copy(j, run.start * CLUSTER, run.count * CLUSTER, err))
			return -1;
	return 0;
}

const struct lkb_vdisk_ops lkb_vdisk_qcow2 = {
	.name = "qcow2",
	.unit = LKB_VDISK_SECTOR,
	.max = SIZE_LIMIT,
	.write = write_qcow2,
};
