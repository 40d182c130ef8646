/* SPDX-License-Identifier: Apache-2.0 */
/* How an image is cut into batches, with lkboard's map, with bmaptool's, and without one. */
#include "base/bytes.h"
#include "base/proc.h"
#include "flash/cut.h"
#include "tests/unit/flash_kit.h"

#define SIZE ((size_t)3 << 20)

/* Puts the image together again from its batches: data where it says, zero elsewhere. */
struct joined {
	uint8_t bytes[SIZE + 4096];
	uint64_t data, zero, next_seq;
	size_t pad;
	struct lkb_batch batch;
	bool gives_up;
};

static struct lkb_batch *get(void *ctx)
{
	struct joined *j = ctx;

	j->batch.used = j->batch.n = j->batch.pad = 0;
	j->batch.is_checked = false;
	return j->gives_up ? NULL : &j->batch;
}

static void put(void *ctx, struct lkb_batch *b)
{
	struct joined *j = ctx;

	assert_int_equal(b->seq, j->next_seq++);
	j->pad = b->pad;
	for (size_t i = 0; i < b->n; i++) {
		const struct lkb_item *item = &b->items[i];

		assert_true(item->off % 4096 == 0 && item->len % 4096 == 0 && item->len);
		assert_true(item->off + item->len <= sizeof(j->bytes));
		*(item->class == LKB_MAP_DATA ? &j->data : &j->zero) += item->len;
		if (item->class == LKB_MAP_DATA)
			memcpy(j->bytes + item->off, b->bytes + item->at, item->len);
		else
			memset(j->bytes + item->off, 0, item->len);
	}
}

static const struct lkb_cut_ops ops = {get, put};

/* In pieces of many lengths, zeros now and then as a hole. */
static int feed(struct lkb_cut *cut, const uint8_t *p, size_t n)
{
	size_t at = 0;

	while (at < n) {
		size_t take = 1 + chance(70000);

		if (take > n - at)
			take = n - at;
		if (lkb_is_zero(p + at, take) ? lkb_cut_skip(cut, take, &err)
					      : lkb_cut_bytes(cut, p + at, take, &err))
			return -1;
		at += take;
	}
	return lkb_cut_end(cut, &err);
}

static struct joined *new_joined(void)
{
	struct joined *j = lkb_alloc(sizeof(*j));

	memset(j->bytes, 0xcc, sizeof(j->bytes));
	j->batch.bytes = lkb_io_buffer(LKB_BATCH_BYTES);
	return j;
}

static void free_joined(struct joined *j)
{
	free(j->batch.bytes);
	free(j);
}

static void all_comes_back(void **state)
{
	for (uint32_t i = 0; i < 40; i++) {
		struct joined *j = new_joined();
		struct image im;
		struct lkb_cut cut = {.name = "image", .ops = &ops, .ctx = j};

		image_init(&im, i % 4 ? SIZE : SIZE - 1 - chance(9000), i);
		memset(im.bytes + LKB_MIB, 0, 300000);
		if (i % 4)
			image_map(&im, i % 2 ? "zero" : "free");
		cut.map = im.map;
		OK(feed(&cut, im.bytes, im.size));
		for (size_t at = 0; at < im.size; at++)
			if (j->bytes[at] != im.bytes[at] && (!im.map || i % 2 || im.bytes[at]))
				fail_msg("run %u: byte %zu", i, at);
		assert_int_equal(j->pad, lkb_align_up(im.size, 4096) - im.size);
		assert_true(j->data < SIZE);
		assert_true(im.map && i % 2 == 0 ? !j->zero : j->zero > 0);
		image_clear(&im);
		free_joined(j);
	}
}

static void lengths_are_compared(void **state)
{
	struct joined *j = new_joined();
	struct image im;
	struct lkb_cut cut = {.name = "x.img", .ops = &ops, .ctx = j};

	image_init(&im, SIZE, 1);
	FAILS(lkb_cut_end(&cut, &err), LKB_INPUT, "'x.img' is empty", "");
	image_map(&im, "zero");
	cut.map = im.map;
	FAILS(feed(&cut, im.bytes, SIZE - 4096), LKB_INPUT,
	      "'x.img' ends after 3141632 of the 3145728 bytes that its map says", "");
	cut = (struct lkb_cut){.name = "x.img", .ops = &ops, .ctx = j, .map = im.map};
	j->next_seq = 0;
	OK(lkb_cut_bytes(&cut, im.bytes, SIZE, &err));
	FAILS(lkb_cut_bytes(&cut, "x", 1, &err), LKB_INPUT,
	      "'x.img' is longer than the 3145728 bytes that its map says", "");
	/* It ends within a block of its own map, which has only whole ones. */
	cut = (struct lkb_cut){.name = "x.img", .ops = &ops, .ctx = j, .map = im.map};
	j->next_seq = 0;
	FAILS(feed(&cut, im.bytes, SIZE - 100), LKB_INPUT,
	      "'x.img' ends after 3145628 of the 3145728 bytes that its map says", "");
	j->gives_up = true;
	cut = (struct lkb_cut){.name = "x.img", .ops = &ops, .ctx = j, .map = im.map};
	FAILS(lkb_cut_bytes(&cut, im.bytes, SIZE, &err), LKB_INTERRUPTED, "nobody wants", "");
	image_clear(&im);
	free_joined(j);
}

/* Whether a run of zeros is a hole of the file, which may change at any time, or was written: batch
 * number k is the same. */
static void holes_number_nothing(void **state)
{
	struct joined *a = new_joined(), *b = new_joined();
	struct lkb_cut as_hole = {.name = "x", .ops = &ops, .ctx = a};
	struct lkb_cut as_bytes = {.name = "x", .ops = &ops, .ctx = b};
	uint8_t *zeros = lkb_alloc(SIZE);

	OK(lkb_cut_skip(&as_hole, SIZE - 4096, &err));
	OK(lkb_cut_bytes(&as_hole, "x", 1, &err));
	OK(lkb_cut_end(&as_hole, &err));
	OK(lkb_cut_bytes(&as_bytes, zeros, SIZE - 4096, &err));
	OK(lkb_cut_bytes(&as_bytes, "x", 1, &err));
	OK(lkb_cut_end(&as_bytes, &err));
	assert_int_equal(a->next_seq, b->next_seq);
	free(zeros);
	free_joined(a);
	free_joined(b);
}

/* bmaptool's own file of an image with holes. */
static char *bmap_of(const struct image *im, size_t *ret_len)
{
	const char *argv[] = {"bmaptool", "create", "-o", "x.bmap", "x.img", NULL};
	struct lkb_proc p = {.argv = argv, .cwd = dir.path};
	int fd = open(in_dir("x.img"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char *text;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)im->size), 0);
	for (size_t at = 0; at < im->size; at += 4096) {
		size_t n = im->size - at < 4096 ? im->size - at : 4096;

		if (!lkb_is_zero(im->bytes + at, n))
			OK(lkb_pwrite_full(fd, im->bytes + at, n, at, "x", &err));
	}
	close(fd);
	OK(lkb_proc_run(&p, NULL, &err));
	OK(lkb_read_file(in_dir("x.bmap"), LKB_BMAP_TEXT_MAX, &text, ret_len, &err));
	return text;
}

static void bmaptools_map(void **state)
{
	for (uint32_t i = 0; i < 6; i++) {
		struct joined *j = new_joined();
		struct image im;
		lkb_auto(lkb_hash) hash = lkb_hash_new();
		lkb_auto(lkb_bmap) bmap = NULL;
		lkb_autofree char *text = NULL;
		struct lkb_cut cut = {.name = "x.img", .ops = &ops, .ctx = j, .hash = hash};
		size_t len;

		image_init(&im, SIZE - i * 700, i);
		text = bmap_of(&im, &len);
		assert_true(lkb_bmap_like(text, len));
		OK(lkb_bmap_parse(text, len, "x.bmap", &bmap, &err));
		assert_int_equal(bmap->image_size, im.size);
		assert_true(bmap->n_sums > 0);
		cut.map = bmap->map;
		cut.bmap = bmap;
		OK(feed(&cut, im.bytes, im.size));
		assert_memory_equal(j->bytes, im.bytes, im.size);
		assert_int_equal(cut.sum, bmap->n_sums);
		/* Without checksums too, no byte may be missing, and none too many. */
		for (int more = -1; more < 2; more += 2) {
			struct lkb_bmap bare = {bmap->map, bmap->image_size, NULL, 0};

			if (more > 0 && im.size % 4096 == 0)
				continue;
			cut = (struct lkb_cut){.name = "x.img", .ops = &ops, .ctx = j,
					       .map = bmap->map, .bmap = &bare};
			j->next_seq = 0;
			FAILS(feed(&cut, im.bytes, im.size + (size_t)more), LKB_INPUT,
			      more > 0 ? "is longer than" : "ends after", "");
		}
		cut = (struct lkb_cut){.name = "x.img", .ops = &ops, .ctx = j, .hash = hash,
				       .map = bmap->map, .bmap = bmap};
		/* One bit in a mapped block. */
		im.bytes[bmap->sums[bmap->n_sums / 2].off + 5] ^= 1;
		cut.pos = cut.range = cut.sum = cut.seq = j->next_seq = 0;
		FAILS(feed(&cut, im.bytes, im.size), LKB_INPUT,
		      "or its bmap is another image's: bytes", "again");
		image_clear(&im);
		free_joined(j);
	}
}

static const char bmap[] = "<?xml version=\"1.0\" ?>\n<bmap version=\"2.0\">\n"
			   "<ImageSize> 40960 </ImageSize>\n<BlockSize> 4096 </BlockSize>\n"
			   "<BlocksCount> 10 </BlocksCount>\n"
			   "<MappedBlocksCount> 3 </MappedBlocksCount>\n"
			   "<ChecksumType> sha256 </ChecksumType>\n<BlockMap>\n"
			   "<Range> 0-1 </Range>\n<Range> 5 </Range>\n</BlockMap></bmap>\n";

/* The text with one part replaced. */
static char *changed(const char *from, const char *to)
{
	const char *at = strstr(bmap, from);

	assert_non_null(at);
	return lkb_format("%.*s%s%s", (int)(at - bmap), bmap, to, at + strlen(from));
}

static void bad_bmaps(void **state)
{
	static const struct {
		const char *from, *to, *words;
		unsigned line;
	} rows[] = {
		{"<bmap version", "<map version", "this is no bmap, but 'map'", 2},
		{"<bmap version=\"2.0\">", "<html>", "this is no bmap, but 'html'", 2},
		{"40960", "40961", "contradicts itself: 10 blocks", 0},
		{" 4096 ", " 1024 ", "blocks of 1024 bytes", 0},
		{" 10 ", " x ", "no number that a bmap can have: 'x'", 5},
		{" 10 ", " 99999999999999999999 ", "no number", 5},
		{" 3 ", " 4 ", "4 mapped blocks, and ranges of 3", 0},
		{" 5 ", " 1-5 ", "not behind the one before it, block '1'", 10},
		{" 5 ", " 5-4 ", "no range of blocks: '5'", 10},
		{" 5 ", " 10 ", "contradicts itself", 0},
		{"</BlockMap>", "", "mismatched tag", 11},
		{"<?xml version=\"1.0\" ?>", "<!DOCTYPE a [<!ENTITY b \"c\">]>", "no document type", 1},
	};
	lkb_auto(lkb_bmap) good = NULL;

	OK(lkb_bmap_parse(bmap, strlen(bmap), "x.bmap", &good, &err));
	assert_int_equal(lkb_map_count(good->map, LKB_MAP_DATA), 3);
	assert_int_equal(lkb_map_count(good->map, LKB_MAP_ZERO), 7);
	assert_int_equal(good->n_sums, 0);
	for (size_t i = 0; i < LKB_ARRAY_SIZE(rows); i++) {
		lkb_autofree char *text = changed(rows[i].from, rows[i].to);
		struct lkb_bmap *b;

		FAILS(lkb_bmap_parse(text, strlen(text), "x.bmap", &b, &err), LKB_INPUT,
		      rows[i].words, "");
		assert_int_equal(err.line, rows[i].line);
	}
}

/* A few bytes do not ask for more ranges than a map may have. */
static void huge_bmap(void **state)
{
	static const char text[] = "<bmap version=\"2.0\"><ImageSize>4503599627370496</ImageSize>"
				   "<BlockSize>1073741824</BlockSize><BlocksCount>4194304"
				   "</BlocksCount><Range>0-4194303</Range></bmap>";
	struct lkb_bmap *b;

	FAILS(lkb_bmap_parse(text, strlen(text), "x.bmap", &b, &err), LKB_INPUT,
	      "'x.bmap' maps more than 4194304", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(all_comes_back), CASE(lengths_are_compared),
		CASE(bmaptools_map),  CASE(bad_bmaps),
		CASE(holes_number_nothing), CASE(huge_bmap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
