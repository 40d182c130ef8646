/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/bytes.h"
#include "image/image.h"
#include "image/mbr.h"
#include "tests/unit/image_util.h"

/* A whole card with every kind of partition, judged by the tools of others, and the claims of its
 * map put to the test. */

#define BLOCK 4096

static uint8_t record[4096] = "CRC and a state record";
static uint8_t no_record[4096];

/* The trailer holds the root of the hash tree, so that a test can give it to veritysetup. */
static int put_root(void *ctx, const struct lkb_verity *v, uint8_t block[4096],
		    struct lkb_error *err)
{
	*(struct lkb_verity *)ctx = *v;
	memcpy(block, v->root.b, sizeof(v->root.b));
	return 0;
}

struct card {
	struct lkb_tree *boot, *root, *data;
	struct lkb_verity verity;
	struct lkb_extents extents;
	struct lkb_disk disk;
};

static void card_init(struct card *c)
{
	static const char *const named[] = {"config.txt", "settings.env", NULL};

	c->extents = (struct lkb_extents){0};
	c->boot = lkb_tree_new();
	add_bytes(c->boot, "bootcode.bin", 52476, 1);
	add_bytes(c->boot, "config.txt", 4096, 2);
	add_bytes(c->boot, "settings.env", 65536, 3);
	c->root = random_tree(42, 200);
	add_bytes(c->root, "boot/kernel.gz", 3000000, 4);
	c->data = lkb_tree_new();
	c->disk = (struct lkb_disk){
		.parts = {
			{.name = "boot", .mbr_type = 0x0c, .bootable = true, .fs = LKB_FS_FAT32,
			 .tree = lkb_tree_root(c->boot), .label = "BOOT",
			 .min_size = 64 * LKB_MIB, .named = named},
			{.name = "slot-a", .mbr_type = 0x83, .fs = LKB_FS_EXT4,
			 .tree = lkb_tree_root(c->root), .label = "slot-a",
			 .headroom_percent = 25, .min_size = 128 * LKB_MIB, .read_only = true,
			 .tail = put_root, .tail_ctx = &c->verity},
			{.name = "slot-b", .mbr_type = 0x83, .same_size_as = 2, .tail = put_root},
			{.name = "data", .mbr_type = 0x83, .fs = LKB_FS_EXT4,
			 .tree = lkb_tree_root(c->data), .label = "data",
			 .min_size = 32 * LKB_MIB},
		},
		.n_parts = 4,
		.raws = {
			{.name = "record-0", .off = 4 * LKB_MIB, .bytes = record,
			 .len = sizeof(record)},
			{.name = "record-1", .off = 8 * LKB_MIB, .bytes = no_record,
			 .len = sizeof(no_record)},
		},
		.n_raws = 2,
		.align = 4 * LKB_MIB,
		.first = 16 * LKB_MIB,
		.seed = {{5}},
		.epoch = EPOCH,
	};
}

static void card_clear(struct card *c)
{
	lkb_extents_clear(&c->extents);
	lkb_tree_free(c->boot);
	lkb_tree_free(c->root);
	lkb_tree_free(c->data);
}

static struct lkb_map *write_card(struct card *c, const char *path)
{
	lkb_autofd fd = new_file(path);
	struct lkb_map *map = NULL;

	c->disk.extents = &c->extents;
	MUST(lkb_layout(&c->disk, err));
	MUST(lkb_disk_write(&c->disk, fd, path, NULL, &map, err));
	return map;
}

/* One card for the tests that only look at it. */
static struct card the_card;
static struct lkb_map *the_map;
static char the_path[512];

static int setup(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	snprintf(the_path, sizeof(the_path), "%s/card.img", scratch.path);
	if (!have("mformat"))
		return 0;
	card_init(&the_card);
	the_map = write_card(&the_card, the_path);
	return 0;
}

static int teardown(void **state)
{
	lkb_map_free(the_map);
	card_clear(&the_card);
	return scratch_remove(state);
}

#define NEED_CARD() NEED("mformat")

/* ---- judges ---- */

static void assert_clean(const char *image)
{
	const struct lkb_part *p = the_card.disk.parts;
	const char *part = in_scratch("part.img");

	cut(image, p[0].off, p[0].size, part);
	JUDGE(NULL, "sh", "-c", "PATH=$PATH:/usr/sbin:/sbin fsck.fat -n \"$0\" >&2", part);
	cut(image, p[1].off, p[1].size, part);
	JUDGE(NULL, "sh", "-c", "PATH=$PATH:/usr/sbin:/sbin e2fsck -fn \"$0\" >&2", part);
	cut(image, p[3].off, p[3].size, part);
	JUDGE(NULL, "sh", "-c", "PATH=$PATH:/usr/sbin:/sbin e2fsck -fn \"$0\" >&2", part);
}

static void file_systems_are_clean(void **state)
{
	NEED_CARD();
	NEED("fsck.fat");
	NEED("e2fsck");
	assert_clean(the_path);
}

static void sfdisk_sees_the_partitions(void **state)
{
	lkb_autostr out = {0}, verdict = {0};
	lkb_autofree char *id =
		lkb_format("\"id\":\"0x%08x\"", lkb_disk_signature(&the_card.disk));
	char *s;

	NEED_CARD();
	NEED("sfdisk");
	JUDGE(&out, "sfdisk", "--json", the_path);
	for (s = out.s; *s; s++) { /* spaces differ between versions */
		while (*s == ' ' || *s == '\n')
			memmove(s, s + 1, strlen(s));
	}
	assert_non_null(strstr(out.s, id));
	assert_non_null(strstr(out.s, "\"start\":32768,\"size\":131072,\"type\":\"c\","
				      "\"bootable\":true"));
	assert_non_null(strstr(out.s, "\"start\":163840,\"size\":262144,\"type\":\"83\""));
	assert_non_null(strstr(out.s, "\"start\":425984,\"size\":262144,\"type\":\"83\""));
	assert_non_null(strstr(out.s, "\"start\":688128,\"size\":65536,\"type\":\"83\""));
	JUDGE(&verdict, "sfdisk", "--verify", the_path);
	assert_non_null(strstr(verdict.s, "No errors detected"));
}

static void veritysetup_accepts_the_slot(void **state)
{
	const struct lkb_part *p = &the_card.disk.parts[1];
	const char *slot = in_scratch("slot.img");
	lkb_autofree char *offset =
		lkb_format("--hash-offset=%llu", (unsigned long long)p->fs_size);
	struct lkb_sha256 root;
	lkb_autofd fd = -1;

	NEED_CARD();
	NEED("veritysetup");
	cut(the_path, p->off, p->size, slot);
	MUST(lkb_open_read(slot, &fd, NULL, err));
	MUST(lkb_pread_full(fd, root.b, sizeof(root.b), p->size - BLOCK, slot, err));
	assert_true(lkb_sha256_equal(&root, &the_card.verity.root));
	JUDGE(NULL, "veritysetup", "verify", offset, slot, slot, lkb_sha256_text(&root).s);
}

/* ---- the map ---- */

static void the_map_covers_every_block_once_and_tells_the_truth(void **state)
{
	uint64_t next = 0;
	lkb_autofd fd = -1;

	NEED_CARD();
	MUST(lkb_open_read(the_path, &fd, NULL, err));
	for (size_t i = 0; i < the_map->n_ranges; i++) {
		const struct lkb_map_range *r = &the_map->ranges[i];
		lkb_autofree uint8_t *b = NULL;
		struct lkb_sha256 d;

		assert_int_equal(r->start, next);
		next += r->count;
		if (r->class == LKB_MAP_FREE)
			continue;
		b = lkb_alloc_array(r->count, BLOCK);
		MUST(lkb_pread_full(fd, b, r->count * BLOCK, r->start * BLOCK, "card", err));
		d = lkb_sha256(b, r->count * BLOCK);
		if (r->class == LKB_MAP_ZERO)
			assert_true(lkb_is_zero(b, r->count * BLOCK));
		else
			assert_true(lkb_sha256_equal(&d, &r->digest));
	}
	assert_int_equal(next * BLOCK, the_map->size);
	assert_int_equal(the_map->size, the_card.disk.size);
}

static const struct lkb_map_range *range_at(uint64_t off)
{
	for (size_t i = 0; i < the_map->n_ranges; i++) {
		const struct lkb_map_range *r = &the_map->ranges[i];

		if (off / BLOCK >= r->start && off / BLOCK - r->start < r->count)
			return r;
	}
	return NULL;
}

static void the_map_says_what_is_where(void **state)
{
	const struct lkb_part *p = the_card.disk.parts;
	const struct lkb_map_range *r;

	NEED_CARD();
	assert_int_equal(range_at(0)->class, LKB_MAP_DATA);
	assert_string_equal(range_at(0)->name, "mbr");
	assert_int_equal(range_at(BLOCK)->class, LKB_MAP_FREE);
	assert_int_equal(range_at(4 * LKB_MIB)->class, LKB_MAP_DATA);
	assert_string_equal(range_at(4 * LKB_MIB)->name, "record-0");
	assert_int_equal(range_at(8 * LKB_MIB)->class, LKB_MAP_ZERO);
	assert_string_equal(range_at(8 * LKB_MIB)->name, "record-1");
	assert_string_equal(range_at(p[0].off)->name, "boot:[fat]");
	assert_string_equal(range_at(p[1].off)->name, "slot-a:[superblock]");
	assert_string_equal(range_at(p[1].off + p[1].fs_size)->name, "slot-a:[verity]");
	/* Nothing in the hashed file system is free, and something behind its tree is. */
	for (uint64_t off = 0; off < p[1].fs_size; off += BLOCK)
		assert_int_not_equal(range_at(p[1].off + off)->class, LKB_MAP_FREE);
	assert_int_equal(range_at(p[1].off + p[1].size - 2 * BLOCK)->class, LKB_MAP_FREE);
	r = range_at(p[1].off + p[1].size - BLOCK);
	assert_int_equal(r->class, LKB_MAP_DATA);
	assert_string_equal(r->name, "slot-a:[trailer]");
	/* Slot B is empty but for a trailer that must be invalid. */
	assert_int_equal(range_at(p[2].off)->class, LKB_MAP_FREE);
	r = range_at(p[2].off + p[2].size - BLOCK);
	assert_int_equal(r->class, LKB_MAP_ZERO);
	assert_int_equal(r->count, 1);
	assert_string_equal(r->name, "slot-b:[trailer]");
	assert_int_equal(the_map->n_partitions, 4);
	assert_string_equal(the_map->partitions[2].name, "slot-b");
	assert_int_equal(the_map->partitions[2].start, p[2].off / BLOCK);
	assert_int_equal(the_map->n_named, 2);
}

/* The bytes at a file's extents are the file; how many extents it has. */
static size_t check_extents(int fd, const struct lkb_inode *file)
{
	lkb_autofree char *want = NULL, *is = lkb_alloc(file->data.len + 1);
	const struct lkb_extent *e;
	uint64_t at = 0;
	size_t n;

	e = lkb_extents_find(&the_card.extents, file, &n);
	for (size_t i = 0; i < n; i++) {
		assert_true(e[i].len <= file->data.len - at);
		MUST(lkb_pread_full(fd, is + at, e[i].len, e[i].off, the_path, err));
		at += e[i].len;
	}
	assert_int_equal(at, file->data.len);
	MUST(lkb_data_read_all(&file->data, SIZE_MAX - 1, &want, NULL, err));
	assert_memory_equal(is, want, at);
	return n;
}

static void every_file_is_where_its_extents_say(void **state)
{
	const struct lkb_tree *const trees[] = {the_card.boot, the_card.root, the_card.data};
	lkb_autofd fd = -1;
	size_t files = 0;

	NEED_CARD();
	fd = open(the_path, O_RDONLY | O_CLOEXEC);
	for (size_t i = 0; i < LKB_ARRAY_SIZE(trees); i++) {
		lkb_auto(lkb_tree_iter) it =
			lkb_tree_iter_new(lkb_tree_root((struct lkb_tree *)trees[i]));
		struct lkb_tree_item item;

		while (lkb_tree_iter_next(it, &item) > 0)
			if (item.inode->type == LKB_NODE_FILE)
				files += check_extents(fd, item.inode);
	}
	assert_true(files > 100);
}

static void the_maps_text_is_read_back(void **state)
{
	lkb_autostr text = {0}, again = {0};
	lkb_auto(lkb_map) back = NULL;

	NEED_CARD();
	lkb_map_format(the_map, &text);
	MUST(lkb_map_parse(text.s, text.len, "card.map", &back, err));
	lkb_map_format(back, &again);
	assert_string_equal(text.s, again.s);
}

/* A target as an older life of the card may have left it. */
static void make_target_of_ff(const char *path, uint64_t size)
{
	lkb_autofd fd = new_file(path);
	static uint8_t ff[1 << 16];

	memset(ff, 0xff, sizeof(ff));
	for (uint64_t off = 0; off < size; off += sizeof(ff))
		MUST(lkb_pwrite_full(fd, ff, sizeof(ff), off, path, err));
}

static void assert_right_where_it_matters(const char *target)
{
	lkb_autofd a = -1, b = -1;
	static uint8_t x[LKB_MIB], y[LKB_MIB];

	MUST(lkb_open_read(the_path, &a, NULL, err));
	MUST(lkb_open_read(target, &b, NULL, err));
	for (size_t i = 0; i < the_map->n_ranges; i++) {
		const struct lkb_map_range *r = &the_map->ranges[i];

		for (uint64_t done = 0; r->class != LKB_MAP_FREE && done < r->count; done += 256) {
			uint64_t n = r->count - done < 256 ? r->count - done : 256;

			MUST(lkb_pread_full(a, x, n * BLOCK, (r->start + done) * BLOCK, "a", err));
			MUST(lkb_pread_full(b, y, n * BLOCK, (r->start + done) * BLOCK, "b", err));
			assert_memory_equal(x, y, n * BLOCK);
		}
	}
}

static void data_and_zeros_on_a_full_target_are_a_whole_card(void **state)
{
	const char *target = in_scratch("ff.img");
	static uint8_t b[LKB_MIB];
	lkb_autofd in = -1, out = -1;

	NEED_CARD();
	NEED("fsck.fat");
	make_target_of_ff(target, the_map->size);
	MUST(lkb_open_read(the_path, &in, NULL, err));
	out = open(target, O_RDWR | O_CLOEXEC);
	for (size_t i = 0; i < the_map->n_ranges; i++) {
		const struct lkb_map_range *r = &the_map->ranges[i];

		for (uint64_t done = 0; r->class != LKB_MAP_FREE && done < r->count; done += 256) {
			uint64_t n = r->count - done < 256 ? r->count - done : 256;
			uint64_t off = (r->start + done) * BLOCK;

			memset(b, 0, sizeof(b));
			if (r->class == LKB_MAP_DATA)
				MUST(lkb_pread_full(in, b, n * BLOCK, off, "in", err));
			MUST(lkb_pwrite_full(out, b, n * BLOCK, off, "out", err));
		}
	}
	assert_clean(target);
}

static void bmaptool_copies_by_our_bmap(void **state)
{
	const char *bmap = in_scratch("card.bmap"), *target = in_scratch("ff.img");
	lkb_autostr text = {0};

	NEED_CARD();
	NEED("bmaptool");
	lkb_map_format_bmap(the_map, &text);
	MUST(lkb_write_file(bmap, text.s, text.len, 0644, err));
	make_target_of_ff(target, the_map->size);
	JUDGE(NULL, "bmaptool", "-q", "copy", "--bmap", bmap, the_path, target);
	assert_right_where_it_matters(target);
	assert_clean(target);
}

/* bmaptool refuses a card that is not what the bmap says: our checksums are looked at. */
static void bmaptool_notices_a_wrong_byte(void **state)
{
	const char *bmap = in_scratch("card.bmap"), *bad = in_scratch("bad.img");
	const char *target = in_scratch("target.img");
	const char *const argv[] = {"bmaptool", "-q", "copy", "--bmap", bmap, bad, target, NULL};
	lkb_autostr text = {0};
	lkb_autofd fd = -1;
	struct lkb_error why;

	NEED_CARD();
	NEED("bmaptool");
	lkb_map_format_bmap(the_map, &text);
	MUST(lkb_write_file(bmap, text.s, text.len, 0644, err));
	cut(the_path, 0, the_map->size, bad);
	fd = open(bad, O_RDWR | O_CLOEXEC);
	MUST(lkb_pwrite_full(fd, "x", 1, 8 * LKB_MIB + 100, bad, err)); /* in a zero range */
	assert_int_equal(judge(NULL, argv, &why), -1);
	assert_non_null(strstr(why.message, "checksum mismatch"));
}

/* ---- again ---- */

static void two_builds_are_the_same_bytes(void **state)
{
	const char *other = in_scratch("other.img");
	lkb_autostr a = {0}, b = {0};
	struct card c;
	lkb_auto(lkb_map) map = NULL;
	mode_t mask;

	NEED_CARD();
	setenv("TZ", "America/St_Johns", 1);
	setenv("LC_ALL", "de_DE.UTF-8", 1);
	mask = umask(0077);
	card_init(&c);
	map = write_card(&c, other);
	umask(mask);
	unsetenv("TZ");
	unsetenv("LC_ALL");
	assert_same_file(the_path, other);
	lkb_map_format(the_map, &a);
	lkb_map_format(map, &b);
	assert_string_equal(a.s, b.s);
	card_clear(&c);
}

static void another_seed_is_another_identity(void **state)
{
	struct lkb_disk a = the_card.disk, b = the_card.disk;

	b.seed.b[0]++;
	assert_int_not_equal(lkb_disk_signature(&a), lkb_disk_signature(&b));
	assert_int_not_equal(lkb_disk_signature(&a), 0);
}

/* A disk that is full says so, and nobody is killed. */
static void a_full_disk_is_an_error(void **state)
{
	const char *path = in_scratch("full.img");
	lkb_autofd fd = new_file(path);
	struct rlimit old, small = {.rlim_cur = 100 * LKB_MIB, .rlim_max = RLIM_INFINITY};
	struct lkb_map *map = NULL;
	struct lkb_error why;
	struct card c;

	NEED_CARD();
	card_init(&c);
	MUST(lkb_layout(&c.disk, err));
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(lkb_disk_write(&c.disk, fd, path, NULL, &map, &why), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(why.kind, LKB_IO);
	assert_null(map);
	card_clear(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_systems_are_clean),
		cmocka_unit_test(sfdisk_sees_the_partitions),
		cmocka_unit_test(veritysetup_accepts_the_slot),
		cmocka_unit_test(the_map_covers_every_block_once_and_tells_the_truth),
		cmocka_unit_test(the_map_says_what_is_where),
		cmocka_unit_test(every_file_is_where_its_extents_say),
		cmocka_unit_test(the_maps_text_is_read_back),
		cmocka_unit_test(data_and_zeros_on_a_full_target_are_a_whole_card),
		cmocka_unit_test(bmaptool_copies_by_our_bmap),
		cmocka_unit_test(bmaptool_notices_a_wrong_byte),
		cmocka_unit_test(two_builds_are_the_same_bytes),
		cmocka_unit_test(another_seed_is_another_identity),
		cmocka_unit_test(a_full_disk_is_an_error),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
