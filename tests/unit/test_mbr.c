/* SPDX-License-Identifier: Apache-2.0 */
#include "image/mbr.h"
#include "tests/unit/image_util.h"

static const struct lkb_mbr card = {
	.signature = 0x1234abcd,
	.entries = {
		{.type = 0x0c, .bootable = true, .start_sectors = 32768, .size_sectors = 131072},
		{.type = 0x83, .start_sectors = 163840, .size_sectors = 393216},
		{.type = 0x83, .start_sectors = 557056, .size_sectors = 393216},
		{.type = 0x83, .start_sectors = 950272, .size_sectors = 62500000},
	},
};

static void what_is_built_is_parsed_back(void **state)
{
	uint8_t block[LKB_MBR_SIZE];
	struct lkb_mbr back;

	lkb_mbr_build(&card, block);
	assert_true(lkb_mbr_parse(block, &back));
	assert_int_equal(back.signature, card.signature);
	for (size_t i = 0; i < LKB_MBR_ENTRIES; i++) {
		assert_int_equal(back.entries[i].type, card.entries[i].type);
		assert_int_equal(back.entries[i].bootable, card.entries[i].bootable);
		assert_int_equal(back.entries[i].start_sectors, card.entries[i].start_sectors);
		assert_int_equal(back.entries[i].size_sectors, card.entries[i].size_sectors);
	}
}

static void the_bytes_are_those_of_the_format(void **state)
{
	uint8_t b[LKB_MBR_SIZE];

	lkb_mbr_build(&card, b);
	assert_memory_equal(b + 440, "\xcd\xab\x34\x12", 4);
	/* 32768 is cylinder 2, head 10, sector 9 of 255 heads and 63 sectors. */
	assert_memory_equal(b + 446, "\x80\x0a\x09\x02\x0c", 5);
	/* Beyond cylinder 1023 everything is "too far". */
	assert_memory_equal(b + 446 + 48 + 4, "\x83\xfe\xff\xff", 4);
	assert_memory_equal(b + 510, "\x55\xaa", 2);
}

static void a_block_without_magic_is_no_mbr(void **state)
{
	uint8_t b[LKB_MBR_SIZE];
	struct lkb_mbr back = {.signature = 7};

	lkb_mbr_build(&card, b);
	b[511] = 0;
	assert_false(lkb_mbr_parse(b, &back));
	lkb_mbr_build(&card, b);
	b[446] = 1;
	assert_false(lkb_mbr_parse(b, &back));
	assert_int_equal(back.signature, 7);
}

static void sfdisk_reads_the_same(void **state)
{
	const char *path = in_scratch("mbr.img");
	lkb_autofd fd = new_file(path);
	uint8_t b[LKB_MBR_SIZE];
	lkb_autostr dump = {0}, verdict = {0};

	NEED("sfdisk");
	lkb_mbr_build(&card, b);
	MUST(lkb_pwrite_full(fd, b, sizeof(b), 0, path, err));
	assert_int_equal(ftruncate(fd, (off_t)(950272ull + 62500000) * 512), 0);
	JUDGE(&dump, "sfdisk", "--dump", path);
	assert_non_null(strstr(dump.s, "label-id: 0x1234abcd"));
	assert_non_null(strstr(dump.s, "start=       32768, size=      131072, type=c, bootable"));
	assert_non_null(strstr(dump.s, "start=      950272, size=    62500000, type=83"));
	JUDGE(&verdict, "sfdisk", "--verify", path);
	assert_non_null(strstr(verdict.s, "No errors detected"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_built_is_parsed_back),
		cmocka_unit_test(the_bytes_are_those_of_the_format),
		cmocka_unit_test(a_block_without_magic_is_no_mbr),
		cmocka_unit_test(sfdisk_reads_the_same),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
