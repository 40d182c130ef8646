/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"
#include "image/writer.h"
#include "tests/unit/image_util.h"

#define BLOCK 4096u

static struct lkb_writer *start(const char *path, int *ret_fd, uint64_t blocks)
{
	struct lkb_writer *w = NULL;

	*ret_fd = new_file(path);
	MUST(lkb_writer_new(*ret_fd, path, blocks * BLOCK, &w, err));
	return w;
}

static void assert_range(const struct lkb_map *m, size_t i, enum lkb_map_class class,
			 uint64_t first, uint64_t count, const char *name)
{
	assert_true(i < m->n_ranges);
	assert_int_equal(m->ranges[i].class, class);
	assert_int_equal(m->ranges[i].start, first);
	assert_int_equal(m->ranges[i].count, count);
	assert_string_equal(m->ranges[i].name, name);
}

static void what_nobody_says_is_free(void **state)
{
	lkb_autofd fd = -1;
	lkb_auto(lkb_writer) w = start(in_scratch("w.img"), &fd, 10);
	lkb_auto(lkb_map) m = NULL;
	uint8_t b[5000];

	memset(b, 7, sizeof(b));
	MUST(lkb_writer_put(w, 6 * BLOCK, b, sizeof(b), "later", err));
	MUST(lkb_writer_put(w, 1 * BLOCK, b, 1, "first", err));
	MUST(lkb_writer_zero(w, 4 * BLOCK, BLOCK, "nought", err));
	MUST(lkb_writer_finish(w, &m, err));
	assert_int_equal(m->n_ranges, 7);
	assert_range(m, 0, LKB_MAP_FREE, 0, 1, "");
	assert_range(m, 1, LKB_MAP_DATA, 1, 1, "first");
	assert_range(m, 2, LKB_MAP_FREE, 2, 2, "");
	assert_range(m, 3, LKB_MAP_ZERO, 4, 1, "nought");
	assert_range(m, 4, LKB_MAP_FREE, 5, 1, "");
	assert_range(m, 5, LKB_MAP_DATA, 6, 2, "later");
	assert_range(m, 6, LKB_MAP_FREE, 8, 2, "");
}

static void zero_blocks_in_data_are_holes_and_zero_in_the_map(void **state)
{
	const char *path = in_scratch("w.img");
	lkb_autofd fd = -1;
	lkb_auto(lkb_writer) w = start(path, &fd, 600);
	lkb_auto(lkb_map) m = NULL;
	lkb_autofree uint8_t *b = lkb_alloc_array(600, BLOCK);
	struct stat st;

	for (unsigned i = 0; i < 600; i++)
		b[i * BLOCK] = i < 2 || i == 300 || i >= 590;
	MUST(lkb_writer_put(w, 0, b, 600 * BLOCK, "x", err));
	MUST(lkb_writer_finish(w, &m, err));
	/* The put goes in pieces of 256 blocks; what is zero joins across them. */
	assert_int_equal(m->n_ranges, 5);
	assert_range(m, 0, LKB_MAP_DATA, 0, 2, "x");
	assert_range(m, 1, LKB_MAP_ZERO, 2, 298, "x");
	assert_range(m, 2, LKB_MAP_DATA, 300, 1, "x");
	assert_range(m, 3, LKB_MAP_ZERO, 301, 289, "x");
	assert_range(m, 4, LKB_MAP_DATA, 590, 10, "x");
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 600 * BLOCK);
	assert_true(st.st_blocks * 512 < 100 * BLOCK);
}

/* Reads the image back and compares it with its map, range by range. */
static void assert_map_holds(int fd, const struct lkb_map *m)
{
	uint64_t next = 0;

	for (size_t i = 0; i < m->n_ranges; i++) {
		const struct lkb_map_range *r = &m->ranges[i];
		lkb_autofree uint8_t *b = lkb_alloc_array(r->count, BLOCK);
		struct lkb_sha256 d;

		assert_int_equal(r->start, next);
		next += r->count;
		MUST(lkb_pread_full(fd, b, r->count * BLOCK, r->start * BLOCK, "image", err));
		d = lkb_sha256(b, r->count * BLOCK);
		if (r->class == LKB_MAP_DATA) {
			assert_true(r->count <= LKB_MAP_RANGE_MAX);
			assert_true(lkb_sha256_equal(&d, &r->digest));
		} else if (r->class == LKB_MAP_ZERO) {
			assert_true(lkb_is_zero(b, r->count * BLOCK));
		}
	}
	assert_int_equal(next * BLOCK, m->size);
}

/* Puts of chance in random order, some from files: image, map and leaves agree. */
static void image_map_and_leaves_agree_whatever_is_put(void **state)
{
	enum { BLOCKS = 3000, LEAVES_AT = 700, LEAVES = 1500 };

	for (unsigned seed = 1; seed <= 10; seed++) {
		lkb_autofd fd = -1;
		lkb_auto(lkb_writer) w = start(in_scratch("w.img"), &fd, BLOCKS);
		lkb_autofree struct lkb_sha256 *leaves = lkb_alloc_array(LEAVES, sizeof(*leaves));
		lkb_autofree uint8_t *b = lkb_alloc_array(700, BLOCK);
		lkb_auto(lkb_map) m = NULL;

		dice_state = seed;
		lkb_writer_keep_leaves(w, LEAVES_AT, LEAVES, leaves);
		for (uint64_t at = 0; at < BLOCKS;) {
			size_t n = (size_t)dice(dice(4) ? 5 * BLOCK : 700 * BLOCK) + 1;

			for (size_t i = 0; i < n; i++)
				b[i] = dice(3) ? (uint8_t)seed : 0;
			for (size_t i = 0; i + BLOCK <= n; i += BLOCK) {
				if (dice(4) == 0)
					memset(b + i, 0, BLOCK);
			}
			at += dice(3);
			if (n > (BLOCKS - at) * BLOCK || at >= BLOCKS)
				break;
			if (dice(2)) {
				MUST(lkb_writer_put(w, at * BLOCK, b, n, "put", err));
			} else {
				lkb_auto(lkb_blob) blob = lkb_blob_new_mem(b, n);
				struct lkb_data d = {.blob = blob, .len = n};

				MUST(lkb_writer_put_data(w, at * BLOCK, &d, "data", err));
			}
			at += lkb_div_up(n, BLOCK);
		}
		MUST(lkb_writer_finish(w, &m, err));
		assert_map_holds(fd, m);
		for (unsigned i = 0; i < LEAVES; i++) {
			struct lkb_sha256 d;

			MUST(lkb_pread_full(fd, b, BLOCK, (LEAVES_AT + i) * (uint64_t)BLOCK, "i",
					    err));
			d = lkb_sha256(b, BLOCK);
			assert_true(lkb_sha256_equal(&d, &leaves[i]));
		}
	}
}

static enum lkb_map_class even_is_zero(void *ctx, uint64_t block, const char **ret_name)
{
	*ret_name = block % 2 ? "" : "even";
	return block % 2 ? LKB_MAP_FREE : LKB_MAP_ZERO;
}

static void what_others_wrote_is_adopted(void **state)
{
	lkb_autofd fd = -1;
	const char *path = in_scratch("w.img");
	lkb_auto(lkb_writer) w = start(path, &fd, 8);
	lkb_auto(lkb_map) m = NULL;

	MUST(lkb_pwrite_full(fd, "x", 1, 5 * BLOCK, path, err));
	MUST(lkb_pwrite_full(fd, "x", 1, 6 * BLOCK, path, err));
	MUST(lkb_writer_adopt(w, 3 * BLOCK, 4 * BLOCK, even_is_zero, NULL, err));
	MUST(lkb_writer_finish(w, &m, err));
	assert_int_equal(m->n_ranges, 5);
	assert_range(m, 0, LKB_MAP_FREE, 0, 4, "");
	assert_range(m, 1, LKB_MAP_ZERO, 4, 1, "even");
	assert_range(m, 2, LKB_MAP_DATA, 5, 1, ""); /* data, though its owner thinks it free */
	assert_range(m, 3, LKB_MAP_DATA, 6, 1, "even");
	assert_range(m, 4, LKB_MAP_FREE, 7, 1, "");
	assert_map_holds(fd, m);
}

static void a_block_is_written_once(void **state)
{
	lkb_autofd fd = -1;
	lkb_auto(lkb_writer) w = start(in_scratch("w.img"), &fd, 4);
	struct lkb_error why;

	MUST(lkb_writer_put(w, BLOCK, "x", 1, "a", err));
	assert_int_equal(lkb_writer_zero(w, 0, 2 * BLOCK, "b", &why), -1);
	assert_int_equal(why.kind, LKB_BUG);
	assert_non_null(strstr(why.message, "is written twice, by 'b'"));
}

static void nothing_is_written_outside(void **state)
{
	lkb_autofd fd = -1;
	lkb_auto(lkb_writer) w = start(in_scratch("w.img"), &fd, 4);
	uint8_t b[2 * BLOCK] = {1};
	struct lkb_error why;

	assert_int_equal(lkb_writer_put(w, 3 * BLOCK, b, sizeof(b), "a", &why), -1);
	assert_int_equal(why.kind, LKB_BUG);
	assert_int_equal(lkb_writer_put(w, 17, b, 1, "a", &why), -1);
	assert_int_equal(lkb_writer_put(w, (uint64_t)1 << 63, b, 1, "a", &why), -1);
}

static void a_file_that_is_too_short_fails(void **state)
{
	lkb_autofd fd = -1;
	lkb_auto(lkb_writer) w = start(in_scratch("w.img"), &fd, 4);
	lkb_auto(lkb_blob) blob = lkb_blob_new_mem("abc", 3);
	struct lkb_data d = {.blob = blob, .off = 1, .len = 3};
	struct lkb_error why;

	assert_int_equal(lkb_writer_put_data(w, 0, &d, "a", &why), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nobody_says_is_free),
		cmocka_unit_test(zero_blocks_in_data_are_holes_and_zero_in_the_map),
		cmocka_unit_test(image_map_and_leaves_agree_whatever_is_put),
		cmocka_unit_test(what_others_wrote_is_adopted),
		cmocka_unit_test(a_block_is_written_once),
		cmocka_unit_test(nothing_is_written_outside),
		cmocka_unit_test(a_file_that_is_too_short_fails),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
