/* SPDX-License-Identifier: Apache-2.0 */
#include "image/map.h"
#include "tests/unit/image_util.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* A map of 16 blocks with one line of each kind. */
#define HEAD "lkboard-map 1\nsize 65536\nblock 4096\n"
#define BODY \
	"partition 1 4 8 boot\n" \
	"named config.txt 16384 4096\n" \
	"data 0 1 " SHA " mbr\n" \
	"free 1 3\n" \
	"data 4 2 " SHA " boot:/a%20b%25%c3%a4\n" \
	"zero 6 2 boot:[fat]\n" \
	"free 8 8\n"

/* Lines with the `end` that fits them. */
static char *sealed(const char *lines)
{
	struct lkb_sha256 d = lkb_sha256(lines, strlen(lines));

	return lkb_format("%send %s\n", lines, lkb_sha256_text(&d).s);
}

static struct lkb_map *must_parse(const char *lines)
{
	lkb_autofree char *text = sealed(lines);
	struct lkb_map *m = NULL;

	MUST(lkb_map_parse(text, strlen(text), "x.map", &m, err));
	return m;
}

static void a_map_is_read(void **state)
{
	lkb_auto(lkb_map) m = must_parse(HEAD BODY);

	assert_int_equal(m->size, 65536);
	assert_int_equal(m->n_partitions, 1);
	assert_int_equal(m->partitions[0].number, 1);
	assert_int_equal(m->partitions[0].start, 4);
	assert_int_equal(m->partitions[0].count, 8);
	assert_string_equal(m->partitions[0].name, "boot");
	assert_int_equal(m->n_named, 1);
	assert_string_equal(m->named[0].name, "config.txt");
	assert_int_equal(m->named[0].off, 16384);
	assert_int_equal(m->n_ranges, 5);
	assert_int_equal(m->ranges[2].class, LKB_MAP_DATA);
	assert_string_equal(m->ranges[2].name, "boot:/a b%\xc3\xa4");
	assert_string_equal(lkb_sha256_text(&m->ranges[2].digest).s, SHA);
	assert_int_equal(lkb_map_count(m, LKB_MAP_DATA), 3);
	assert_int_equal(lkb_map_count(m, LKB_MAP_ZERO), 2);
	assert_int_equal(lkb_map_count(m, LKB_MAP_FREE), 11);
}

static void what_was_read_is_written_the_same(void **state)
{
	lkb_auto(lkb_map) m = must_parse(HEAD BODY);
	lkb_autofree char *text = sealed(HEAD BODY);
	lkb_autostr out = {0};

	lkb_str_add(&out, "before:"); /* it appends */
	lkb_map_format(m, &out);
	assert_string_equal(out.s + 7, text);
}

static void a_map_is_read_from_a_file(void **state)
{
	const char *path = in_scratch("x.map");
	lkb_autofree char *text = sealed(HEAD BODY);
	lkb_auto(lkb_map) m = NULL;

	MUST(lkb_write_file(path, text, strlen(text), 0644, err));
	MUST(lkb_map_read(path, &m, err));
	assert_int_equal(m->n_ranges, 5);
}

/* What is wrong, on which line, and the words for it. */
static const struct {
	const char *lines;
	unsigned line;
	const char *message;
} hostile[] = {
	{"lkboard-map 2\nsize 4096\nblock 4096\nfree 0 1\n", 1, "first line is not 'lkboard-map 1'"},
	{"size 4096\n", 1, "first line is not 'lkboard-map 1'"},
	{"lkboard-map 1\nblock 4096\n", 2, "second line is not 'size BYTES'"},
	{"lkboard-map 1\nsize 4097\nblock 4096\n", 2, "size 4097 is no multiple of 4096"},
	{"lkboard-map 1\nsize 0\nblock 4096\n", 2, "size 0 is no multiple of 4096"},
	{"lkboard-map 1\nsize 9007199254740992\nblock 4096\n", 2,
	 "size 9007199254740992 is more than 4503599627370496"},
	{"lkboard-map 1\nsize -4096\nblock 4096\n", 2, "size '-4096' is no number"},
	{"lkboard-map 1\nsize 04096\nblock 4096\n", 2, "size '04096' is no number"},
	{"lkboard-map 1\nsize 18446744073709555712\nblock 4096\n", 2,
	 "size '18446744073709555712' is no number"},
	{"lkboard-map 1\nsize 4096\n", 2, "third line is not 'block 4096'"},
	{"lkboard-map 1\nsize 4096\nblock 512\n", 3, "block 512 is not 4096"},
	{HEAD, 4, "ranges end at block 0 of 16"},
	{HEAD "free 0 15\n", 5, "ranges end at block 15 of 16"},
	{HEAD "free 0 17\n", 4, "count 17 is more than 16"},
	{HEAD "free 0 8\nfree 8 9\n", 5, "range of 9 blocks does not fit into the image"},
	{HEAD "free 0 0\n", 4, "range of 0 blocks does not fit into the image"},
	{HEAD "free 1 15\n", 4, "range starts at block 1, not at 0"},
	{HEAD "free 0 8\nfree 7 9\n", 5, "range starts at block 7, not at 8"},
	{HEAD "free 0 8\nfree 9 7\n", 5, "range starts at block 9, not at 8"},
	{HEAD "free  0 16\n", 4, "line has an empty field"},
	{HEAD "free 0 16 \n", 4, "line has an empty field"},
	{HEAD "\nfree 0 16\n", 4, "line is empty"},
	{HEAD "free 0 16 a b\n", 4, "line is not 'free START COUNT [NAME]'"},
	{HEAD "free 0 16 a b c\n", 4, "line has more than 5 fields"},
	{HEAD "free 0\n", 4, "line is not 'free START COUNT [NAME]'"},
	{HEAD "data 0 16\n", 4, "line is not 'data START COUNT SHA256 [NAME]'"},
	{HEAD "data 0 16 abc\n", 4, "'abc' is no SHA-256"},
	{HEAD "free 0 16 a%2\n", 4, "name 'a%2' has a bad escape"},
	{HEAD "free 0 16 a%41\n", 4, "name 'a%41' has a bad escape"},
	{HEAD "free 0 16 a%00\n", 4, "name 'a%00' has a bad escape"},
	{HEAD "free 0 16 a%C3\n", 4, "name 'a%C3' has a bad escape"},
	{HEAD "free 0 16 a\tb\n", 4, "name has byte 0x09 that must be escaped"},
	{HEAD "frei 0 16\n", 4, "'frei' is no line of a map here"},
	{HEAD "free 0 16\npartition 1 0 4 x\n", 5, "'partition' is no line of a map here"},
	{HEAD "named a 0 1\npartition 1 0 4 x\n", 5, "'partition' is no line of a map here"},
	{HEAD "partition 1 4 8\n", 4, "line is not 'partition NUMBER START COUNT NAME'"},
	{HEAD "partition 0 4 8 x\n", 4, "partition 0 is out of order"},
	{HEAD "partition 129 4 8 x\n", 4, "partition number 129 is more than 128"},
	{HEAD "partition 2 0 1 x\npartition 1 1 1 y\n", 5, "partition 1 is out of order"},
	{HEAD "partition 1 8 9 x\n", 4, "partition 1 does not fit into the image"},
	{HEAD "partition 1 0 0 x\n", 4, "partition 1 does not fit into the image"},
	{HEAD "partition 1 0 4 x\npartition 2 3 4 y\n", 5, "partition 2 overlaps partition 1"},
	{HEAD "named a 65536 1\n", 4, "named range 'a' does not fit into the image"},
	{HEAD "named a 0 0\n", 4, "named range 'a' does not fit into the image"},
	{HEAD "named a 0 1\nnamed a 1 1\n", 5, "named range 'a' is there twice"},
	{HEAD "named a 0\n", 4, "line is not 'named NAME OFFSET LENGTH'"},
};

static void a_wrong_map_is_refused_by_line(void **state)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(hostile); i++) {
		lkb_autofree char *text = sealed(hostile[i].lines);
		lkb_autofree char *message = lkb_format("map 'x.map': %s", hostile[i].message);
		struct lkb_map *m = NULL;
		struct lkb_error err = {0};

		assert_int_equal(lkb_map_parse(text, strlen(text), "x.map", &m, &err), -1);
		assert_null(m);
		assert_string_equal(err.message, message);
		assert_int_equal(err.line, hostile[i].line);
		assert_int_equal(err.kind, LKB_INPUT);
		assert_string_equal(err.file, "x.map");
	}
}

static void a_data_range_has_at_most_a_mebibyte(void **state)
{
	lkb_autofree char *text = sealed("lkboard-map 1\nsize 2097152\nblock 4096\n"
					 "data 0 257 " SHA "\nfree 257 255\n");
	struct lkb_map *m = NULL;
	struct lkb_error err;

	assert_int_equal(lkb_map_parse(text, strlen(text), "x.map", &m, &err), -1);
	assert_string_equal(err.message, "map 'x.map': data range is longer than 256 blocks");
}

static void there_are_at_most_64_named_ranges(void **state)
{
	lkb_autostr lines = {0};
	lkb_autofree char *text = NULL;
	struct lkb_map *m = NULL;
	struct lkb_error err;

	lkb_str_add(&lines, HEAD);
	for (int i = 0; i < 65; i++)
		lkb_str_addf(&lines, "named n%d 0 1\n", i);
	text = sealed(lines.s);
	assert_int_equal(lkb_map_parse(text, strlen(text), "x.map", &m, &err), -1);
	assert_string_equal(err.message, "map 'x.map': more than 64 named ranges");
	assert_int_equal(err.line, 68);
}

static void every_changed_byte_is_noticed(void **state)
{
	lkb_autofree char *text = sealed(HEAD BODY);
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++) {
		struct lkb_map *m = NULL;
		struct lkb_error err;

		text[i] ^= 1;
		assert_int_equal(lkb_map_parse(text, len, "x.map", &m, &err), -1);
		assert_true(err.kind == LKB_TRUST || i >= len - 70);
		text[i] ^= 1;
	}
}

static void a_map_that_was_cut_off_is_refused(void **state)
{
	lkb_autofree char *text = sealed(HEAD BODY);

	for (size_t len = 0; len < strlen(text); len++) {
		struct lkb_map *m = NULL;
		struct lkb_error err;

		assert_int_equal(lkb_map_parse(text, len, "x.map", &m, &err), -1);
		assert_string_equal(err.message,
				    "map 'x.map' does not end with an 'end SHA256' line");
	}
}

/* bmaptool's own reading of our file is in test_disk.c. */
static void a_bmap_maps_data_and_zeros(void **state)
{
	lkb_auto(lkb_map) m = must_parse(HEAD BODY);
	lkb_autostr out = {0};

	lkb_map_format_bmap(m, &out);
	assert_non_null(strstr(out.s, "<ImageSize> 65536 </ImageSize>"));
	assert_non_null(strstr(out.s, "<BlocksCount> 16 </BlocksCount>"));
	assert_non_null(strstr(out.s, "<MappedBlocksCount> 5 </MappedBlocksCount>"));
	assert_non_null(strstr(out.s, "<Range chksum=\"" SHA "\"> 4-5 </Range>"));
	/* the digest of 8192 zeros */
	assert_non_null(strstr(out.s, "<Range chksum=\"9f1dcbc35c350d6027f98be0f5c8b43b42ca52b760445"
				      "9c0c42be3aa88913d47\"> 6-7 </Range>"));
	assert_null(strstr(out.s, " 8-15 "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_is_read),
		cmocka_unit_test(what_was_read_is_written_the_same),
		cmocka_unit_test(a_map_is_read_from_a_file),
		cmocka_unit_test(a_wrong_map_is_refused_by_line),
		cmocka_unit_test(a_data_range_has_at_most_a_mebibyte),
		cmocka_unit_test(there_are_at_most_64_named_ranges),
		cmocka_unit_test(every_changed_byte_is_noticed),
		cmocka_unit_test(a_map_that_was_cut_off_is_refused),
		cmocka_unit_test(a_bmap_maps_data_and_zeros),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
