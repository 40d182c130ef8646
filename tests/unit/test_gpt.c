/* SPDX-License-Identifier: Apache-2.0 */
#include "image/gpt.h"
#include "base/bytes.h"
#include "base/crc32.h"
#include "tests/unit/image_util.h"

#define SECTORS 131072u /* 64 MiB */

static const struct lkb_gpt_entry two[] = {
	{.type = LKB_GPT_ESP, .guid = {{0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa,
					0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x01}},
	 .start_sectors = 2048, .size_sectors = 69632, .legacy_boot = true, .name = "esp"},
	{.type = LKB_GPT_LINUX, .guid = {{2}}, .start_sectors = 71680, .size_sectors = 57344,
	 .name = "data"},
};
static const struct lkb_gpt disk = {
	.guid = {{1}}, .sectors = SECTORS, .entries = two, .n_entries = 2,
};

static uint8_t head[LKB_GPT_HEAD_SIZE], tail[LKB_GPT_TAIL_SIZE];

static void the_bytes_are_those_of_the_specification(void **state)
{
	const uint8_t *h = head + 512, *e = head + 1024;

	MUST(lkb_gpt_build(&disk, head, tail, err));
	/* Protective MBR: no disk signature, one entry over all the disk. */
	assert_true(lkb_is_zero(head, 446));
	assert_memory_equal(head + 446, "\x00\x00\x02\x00\xee\x28\x20\x08\x01\x00\x00\x00"
					"\xff\xff\x01\x00", 16);
	assert_true(lkb_is_zero(head + 462, 48));
	assert_memory_equal(head + 510, "\x55\xaa", 2);
	assert_memory_equal(h, "EFI PART\x00\x00\x01\x00\x5c\x00\x00\x00", 16);
	assert_int_equal(lkb_get_le64(h + 24), 1);
	assert_int_equal(lkb_get_le64(h + 32), SECTORS - 1);
	assert_int_equal(lkb_get_le64(h + 40), 34);
	assert_int_equal(lkb_get_le64(h + 48), SECTORS - 34);
	assert_int_equal(lkb_get_le64(h + 72), 2);
	assert_int_equal(lkb_get_le32(h + 80), 128);
	assert_int_equal(lkb_get_le32(h + 84), 128);
	assert_memory_equal(e, "\x28\x73\x2a\xc1\x1f\xf8\xd2\x11\xba\x4b\x00\xa0\xc9\x3e\xc9\x3b"
			       "\x44\x33\x22\x11\x66\x55\x88\x77\x99\xaa\xbb\xcc\xdd\xee\xff\x01"
			       "\x00\x08\x00\x00\x00\x00\x00\x00\xff\x17\x01\x00\x00\x00\x00\x00"
			       "\x04\x00\x00\x00\x00\x00\x00\x00" "e\0s\0p\0\0\0", 64);
	assert_memory_equal(e + 128, "\xaf\x3d\xc6\x0f\x83\x84\x72\x47\x8e\x79\x3d\x69\xd8\x47"
				     "\x7d\xe4", 16);
	assert_true(lkb_is_zero(e + 256, 126 * 128));
}

static void assert_header(const uint8_t *h, const uint8_t *table)
{
	uint8_t copy[92];

	memcpy(copy, h, sizeof(copy));
	memset(copy + 16, 0, 4);
	assert_int_equal(lkb_get_le32(h + 16), lkb_crc32(0, copy, sizeof(copy)));
	assert_int_equal(lkb_get_le32(h + 88), lkb_crc32(0, table, 128 * 128));
}

static void the_copy_at_the_end_is_the_other_way_round(void **state)
{
	const uint8_t *h = tail + 32 * 512;

	MUST(lkb_gpt_build(&disk, head, tail, err));
	assert_memory_equal(tail, head + 1024, 32 * 512);
	assert_int_equal(lkb_get_le64(h + 24), SECTORS - 1);
	assert_int_equal(lkb_get_le64(h + 32), 1);
	assert_int_equal(lkb_get_le64(h + 72), SECTORS - 33);
	assert_header(head + 512, head + 1024);
	assert_header(h, tail);
}

static void what_a_table_cannot_say_is_refused(void **state)
{
	static const struct {
		struct lkb_gpt_entry second;
		uint64_t sectors;
		const char *message;
	} cases[] = {
		{{.name = "x", .start_sectors = 2048}, SECTORS,
		 "partition 'x', 0 sectors from sector 2048, is not within sectors 34 to 131038"},
		{{.name = "x", .start_sectors = 33, .size_sectors = 1}, SECTORS,
		 "partition 'x', 1 sectors from sector 33, is not within sectors 34 to 131038"},
		{{.name = "x", .start_sectors = 131038, .size_sectors = 2}, SECTORS,
		 "partition 'x', 2 sectors from sector 131038, is not within sectors 34 to 131038"},
		{{.name = "x", .start_sectors = UINT64_MAX, .size_sectors = 2}, SECTORS,
		 "partition 'x', 2 sectors from sector 18446744073709551615, is not within "
		 "sectors 34 to 131038"},
		{{.name = "x", .start_sectors = 71679, .size_sectors = 1}, SECTORS,
		 "partitions 'esp' and 'x' overlap"},
		{{.name = "0123456789012345678901234567890123456", .start_sectors = 90000,
		  .size_sectors = 1}, SECTORS,
		 "partition name '0123456789012345678901234567890123456' is longer than 36 "
		 "characters"},
		{{.name = "\xc3\xa4", .start_sectors = 90000, .size_sectors = 1}, SECTORS,
		 "partition name '\xc3\xa4' is no printable ASCII"},
		{{.name = "x"}, 66, "a disk of 66 sectors has no room for a GPT"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lkb_gpt_entry entries[] = {two[0], cases[i].second};
		struct lkb_gpt g = disk;
		struct lkb_error err = {0};

		g.entries = entries;
		g.sectors = cases[i].sectors;
		assert_int_equal(lkb_gpt_build(&g, head, tail, &err), -1);
		assert_string_equal(err.message, cases[i].message);
		assert_int_equal(err.kind, LKB_INPUT);
	}
}

static void more_than_128_partitions_are_refused(void **state)
{
	struct lkb_gpt_entry entries[129] = {0};
	struct lkb_gpt g = {.sectors = SECTORS, .entries = entries, .n_entries = 129};
	struct lkb_error err = {0};

	assert_int_equal(lkb_gpt_build(&g, head, tail, &err), -1);
	assert_string_equal(err.message, "129 partitions are more than a GPT has (128)");
}

static void the_protection_is_known_again(void **state)
{
	struct lkb_mbr mbr;

	MUST(lkb_gpt_build(&disk, head, tail, err));
	assert_true(lkb_mbr_parse(head, &mbr));
	assert_true(lkb_gpt_is_protected(&mbr));
	mbr.entries[1].type = 0x83;
	assert_false(lkb_gpt_is_protected(&mbr));
	assert_false(lkb_gpt_is_protected(&(struct lkb_mbr){.entries[0].type = 0x0c}));
}

static void others_read_the_same(void **state)
{
	const char *path = in_scratch("gpt.img");
	lkb_autofd fd = new_file(path);
	lkb_autostr dump = {0}, verdict = {0}, sgdisk = {0};

	NEED("sfdisk");
	NEED("sgdisk");
	MUST(lkb_gpt_build(&disk, head, tail, err));
	assert_int_equal(ftruncate(fd, SECTORS * 512), 0);
	MUST(lkb_pwrite_full(fd, head, sizeof(head), 0, path, err));
	MUST(lkb_pwrite_full(fd, tail, sizeof(tail), SECTORS * 512 - sizeof(tail), path, err));
	JUDGE(&dump, "sfdisk", "--dump", path);
	assert_non_null(strstr(dump.s, "label: gpt"));
	assert_non_null(strstr(dump.s, "label-id: 01000000-0000-0000-0000-000000000000"));
	assert_non_null(strstr(dump.s, "start=        2048, size=       69632, "
				       "type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, "
				       "uuid=11223344-5566-7788-99AA-BBCCDDEEFF01, "
				       "name=\"esp\", attrs=\"LegacyBIOSBootable\""));
	assert_non_null(strstr(dump.s, "type=0FC63DAF-8483-4772-8E79-3D69D8477DE4"));
	JUDGE(&verdict, "sfdisk", "--verify", path);
	assert_non_null(strstr(verdict.s, "No errors detected"));
	JUDGE(&sgdisk, "sgdisk", "-v", path);
	assert_non_null(strstr(sgdisk.s, "No problems found"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_are_those_of_the_specification),
		cmocka_unit_test(the_copy_at_the_end_is_the_other_way_round),
		cmocka_unit_test(what_a_table_cannot_say_is_refused),
		cmocka_unit_test(more_than_128_partitions_are_refused),
		cmocka_unit_test(the_protection_is_known_again),
		cmocka_unit_test(others_read_the_same),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
