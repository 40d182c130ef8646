/* SPDX-License-Identifier: Apache-2.0 */
/* One source and several readers, each a thread: fast ones, slow ones, and some that leave. */
#include <pthread.h>

#include "base/clock.h"
#include "base/ext/compress.h"
#include "tests/unit/flash_kit.h"

#define MANY 6

struct drinker {
	struct lkb_hub *hub;
	size_t number;
	unsigned pause_ms;   /* for each batch */
	uint64_t leaves_at;  /* after so many batches; 0 = stays */
	const struct image *image;
	pthread_t id;
	/* What came of it. */
	int r;
	bool is_right;
	enum lkb_hub_got got;
	uint64_t n, from, ms;
	struct lkb_error error;
};

static void compare(struct drinker *d, const struct lkb_batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct lkb_item *item = &b->items[i];
		size_t n = item->off + item->len > d->image->size ? d->image->size - item->off
								  : (size_t)item->len;

		d->is_right &= item->class == LKB_MAP_ZERO
				       ? lkb_is_zero(d->image->bytes + item->off, n)
				       : !memcmp(d->image->bytes + item->off, b->bytes + item->at, n);
	}
	d->is_right &= b->seq == d->n && b->is_checked;
}

static void *drink(void *arg)
{
	struct drinker *d = arg;
	uint64_t began = lkb_clock_monotonic_ms();
	struct lkb_batch *b;

	d->is_right = true;
	do {
		d->r = lkb_hub_next(d->hub, d->number, &b, &d->got, &d->from, &d->error);
		if (d->r || d->got != LKB_HUB_BATCH)
			break;
		compare(d, b);
		lkb_clock_sleep_ms(d->pause_ms);
		lkb_batch_release(b);
		d->n++;
	} while (!d->leaves_at || d->n < d->leaves_at);
	lkb_hub_leave(d->hub, d->number);
	d->ms = lkb_clock_monotonic_ms() - began;
	return NULL;
}

/* The hub is ended so long after all have left. */
static void run(struct image *im, struct drinker *d, size_t n, unsigned linger_ms)
{
	struct lkb_flash_image image = {.source = &im->source, .map = im->map};
	lkb_auto(lkb_hub) hub = NULL;

	OK(lkb_hub_start(&image, n, 0, &hub, &err));
	for (size_t i = 0; i < n; i++) {
		d[i].hub = hub;
		d[i].number = i;
		d[i].image = im;
		assert_int_equal(pthread_create(&d[i].id, NULL, drink, &d[i]), 0);
	}
	for (size_t i = 0; i < n; i++)
		assert_int_equal(pthread_join(d[i].id, NULL), 0);
	lkb_clock_sleep_ms(linger_ms);
}

static void each_gets_all(void **state)
{
	for (uint32_t i = 0; i < 4; i++) {
		struct drinker d[MANY] = {{0}};
		struct image im;

		image_init(&im, 30 * LKB_MIB - i * 100, i);
		if (i % 2) {
			im.size = 30 * LKB_MIB;
			image_map(&im, "zero");
		}
		im.source.again = i / 2;
		d[1].pause_ms = 1;
		d[2].pause_ms = 3;
		d[4].leaves_at = 7;
		run(&im, d, MANY, 0);
		assert_true(d[0].n > 20);
		for (size_t k = 0; k < MANY; k++) {
			assert_true(d[k].is_right);
			assert_int_equal(d[k].r, 0);
			assert_int_equal(d[k].got, k == 4 ? LKB_HUB_BATCH : LKB_HUB_END);
			assert_int_equal(d[k].n, k == 4 ? 7 : d[0].n);
		}
		image_clear(&im);
	}
}

/* What is wrong with the source is told to every reader, and each batch before it came whole. */
static void each_is_told(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct drinker d[MANY] = {{0}};
		struct image im;

		image_init(&im, 30 * LKB_MIB, 5);
		memset(im.bytes + 20 * LKB_MIB, 9, LKB_MIB);
		if (i) {
			image_map(&im, "zero");
			im.bytes[20 * LKB_MIB + 77] ^= 1;
		} else {
			im.ends_after = 20 * LKB_MIB;
		}
		d[1].pause_ms = 2;
		run(&im, d, MANY, 0);
		for (size_t k = 0; k < MANY; k++) {
			assert_true(d[k].is_right);
			assert_int_equal(d[k].r, -1);
			assert_non_null(strstr(d[k].error.message,
					       i ? "are not what the map says" : "broke off"));
		}
		image_clear(&im);
	}
}

/* One that is slow, but gives a batch back every now and then, does not hold back the others for
 * longer than one that is stuck. Where the source cannot be opened again it must. */
static void slow_one_is_let_go(void **state)
{
	struct drinker d[3] = {{0}};
	struct image im;

	image_init(&im, 45 * LKB_MIB, 8);
	d[1].pause_ms = 300;
	run(&im, d, 3, 0);
	assert_int_equal(d[0].n, 45);
	assert_int_equal(d[2].n, 45);
	assert_int_equal(d[1].got, LKB_HUB_LET_GO);
	assert_int_equal(d[1].from, d[1].n);
	assert_true(d[1].n < 20);
	assert_true(d[0].ms < 9000);
	im.source.again = false;
	im.size = 30 * LKB_MIB;
	d[0].n = d[1].n = d[2].n = 0;
	d[1].pause_ms = 200;
	run(&im, d, 3, 0);
	assert_int_equal(d[1].got, LKB_HUB_END);
	assert_int_equal(d[1].n, 30);
	image_clear(&im);
}

/* One that takes somewhat longer than the others is not: to read everything twice would cost more. */
static void slower_one_stays(void **state)
{
	struct drinker d[2] = {{0}};
	struct image im;

	image_init(&im, 40 * LKB_MIB, 8);
	d[0].pause_ms = 60;
	d[1].pause_ms = 80;
	run(&im, d, 2, 0);
	assert_int_equal(d[1].got, LKB_HUB_END);
	assert_int_equal(d[1].n, 40);
	image_clear(&im);
}

/* When all have left, the rest of the source is not read. */
static void nobody_is_left(void **state)
{
	struct drinker d[2] = {{.leaves_at = 1}, {.leaves_at = 2}};
	struct image im;

	image_init(&im, 45 * LKB_MIB, 8);
	im.pause_ms = 4;
	run(&im, d, 2, 1000);
	assert_true(d[0].is_right && d[1].is_right);
	assert_true(im.n_read < 30 * LKB_MIB);
	image_clear(&im);
}

static int append(void *ctx, const void *p, size_t n, struct lkb_error *e)
{
	lkb_str_addn(ctx, p, n);
	return 0;
}

/* What comes in pieces of a few bytes is told by its first bytes all the same. */
static void comes_in_crumbs(void **state)
{
	static const enum lkb_compression kinds[] = {LKB_ZSTD, LKB_GZIP};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(kinds); i++) {
		lkb_auto(lkb_deflate) z = NULL;
		struct drinker d[1] = {{0}};
		struct image im, packed;
		lkb_autostr s = {0};

		image_init(&im, 5 * LKB_MIB, 4);
		z = lkb_deflate_new(kinds[i], 1, append, &s);
		OK(lkb_deflate_feed(z, im.bytes, im.size, &err));
		OK(lkb_deflate_end(z, &err));
		packed = im;
		packed.bytes = (uint8_t *)s.s;
		packed.size = s.len;
		packed.at_most = 1;
		packed.source.what = &packed;
		im.source = packed.source;
		run(&im, d, 1, 0);
		assert_int_equal(d[0].r, 0);
		assert_true(d[0].is_right);
		assert_int_equal(d[0].n, 5);
		image_clear(&im);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_gets_all),      cmocka_unit_test(each_is_told),
		cmocka_unit_test(slow_one_is_let_go), cmocka_unit_test(slower_one_stays),
		cmocka_unit_test(nobody_is_left),     cmocka_unit_test(comes_in_crumbs),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
