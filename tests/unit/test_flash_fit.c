/* SPDX-License-Identifier: Apache-2.0 */
/* Tables fitted to larger disks, judged by sgdisk and sfdisk. */
#include "base/bytes.h"
#include "base/alloc.h"
#include "base/proc.h"
#include "base/size.h"
#include "flash/fit.h"
#include "image/gpt.h"
#include "image/mbr.h"
#include "tests/unit/base_kit.h"

#define IMAGE (8 * LKB_MIB)

static struct lkb_map_partition parts[] = {{1, 256, 256, "boot"}, {2, 512, 1024, "data"}};
static const struct lkb_map map = {.size = IMAGE, .partitions = parts, .n_partitions = 2};

/* A disk of that size as flash leaves it: the image's first bytes, fitted. */
static const char *fit(const uint8_t *head, size_t head_len, const uint8_t *tail, size_t tail_len,
		       uint64_t size, const struct lkb_map *m)
{
	const char *path = in_dir("disk");
	struct lkb_zones z = {0};
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct lkb_zone *last = &z.zone[LKB_ZONE_TAIL];

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	lkb_zones_init(&z, size);
	memcpy(z.zone[0].bytes, head, head_len);
	/* The image's own copy, as far as it is in the zone. */
	for (size_t i = 0; i < tail_len; i++) {
		uint64_t at = IMAGE - tail_len + i;

		if (at >= last->off && at - last->off < last->len)
			last->bytes[at - last->off] = tail[i];
	}
	OK(lkb_fit_tables(&z, IMAGE, size, m, &err));
	for (size_t i = 0; i < LKB_N_ZONES; i++)
		OK(lkb_pwrite_full(fd, z.zone[i].bytes, z.zone[i].len, z.zone[i].off, path, &err));
	close(fd);
	lkb_zones_clear(&z);
	return path;
}

/* What a judge prints; "" if it finds a fault. */
static char *judge(const char *program, const char *option, const char *path)
{
	const char *argv[] = {program, option, path, NULL};
	struct lkb_proc p = {.argv = argv};
	struct lkb_str out = {0};

	if (lkb_proc_run(&p, &out, &err))
		return lkb_strdup("");
	return lkb_str_take(&out);
}

static void gpt_image(uint8_t head[LKB_GPT_HEAD_SIZE], uint8_t tail[LKB_GPT_TAIL_SIZE])
{
	static const struct lkb_gpt_entry entries[] = {
		{LKB_GPT_ESP, {{1, 2, 3}}, 2048, 2048, false, "boot"},
		{LKB_GPT_LINUX, {{4, 5, 6}}, 4096, 8192, false, "data"},
	};
	struct lkb_gpt g = {{{7, 8, 9}}, IMAGE / 512, entries, 2};

	OK(lkb_gpt_build(&g, head, tail, &err));
}

static void gpt_moves(void **state)
{
	static const uint64_t sizes[] = {IMAGE + 512, IMAGE + 4096, IMAGE + LKB_MIB, 64 * LKB_MIB,
					 64 * LKB_MIB + 1536, 8 * LKB_GIB};
	uint8_t head[LKB_GPT_HEAD_SIZE], tail[LKB_GPT_TAIL_SIZE];

	gpt_image(head, tail);
	for (size_t i = 0; i < LKB_ARRAY_SIZE(sizes); i++)
		for (int grows = 0; grows < 2; grows++) {
			const char *path = fit(head, sizeof(head), tail, sizeof(tail), sizes[i],
					       grows ? &map : NULL);
			lkb_autofree char *said = judge("sgdisk", "--verify", path);
			lkb_autofree char *dump = judge("sfdisk", "--dump", path);
			uint64_t end = (sizes[i] / 512 - 33) / 2048 * 2048;
			lkb_autofree char *size = lkb_format(
				"start=        4096, size=%12llu,",
				(unsigned long long)(grows && end > 4096 + 8192 ? end - 4096 : 8192));

			if (!strstr(said, "No problems found"))
				fail_msg("%llu bytes: sgdisk says '%s'",
					 (unsigned long long)sizes[i], said);
			if (!strstr(dump, size))
				fail_msg("no '%s' in '%s'", size, dump);
		}
}

/* An image that goes on where others have the second copy keeps what it has there: the new copy is
 * behind it, or there is no room. */
static void gpt_without_copy(void **state)
{
	uint8_t head[LKB_GPT_HEAD_SIZE], tail[LKB_GPT_TAIL_SIZE];
	struct lkb_zones z = {0};

	gpt_image(head, tail);
	for (uint64_t more = 512; more < 64 * 512; more += 31 * 512) {
		struct lkb_zone *last = &z.zone[LKB_ZONE_TAIL];

		lkb_zones_init(&z, IMAGE + more);
		memcpy(z.zone[0].bytes, head, sizeof(head));
		memset(last->bytes, 0x77, IMAGE - last->off);
		err = (struct lkb_error){0};
		if (more < 33 * 512)
			FAILS(lkb_fit_tables(&z, IMAGE, IMAGE + more, NULL, &err), LKB_INPUT,
			      "too small for the image's GPT", "");
		else
			OK(lkb_fit_tables(&z, IMAGE, IMAGE + more, NULL, &err));
		for (size_t i = 0; i < IMAGE - last->off; i++)
			assert_int_equal(last->bytes[i], 0x77);
		lkb_zones_clear(&z);
	}
}

/* A hybrid MBR says more than that there is a GPT: it is left alone. */
static void hybrid_mbr(void **state)
{
	struct lkb_mbr mbr = {.entries = {{0xee, false, 1, 2047}, {0x0c, true, 2048, 2048}}}, is;
	uint8_t head[LKB_GPT_HEAD_SIZE], tail[LKB_GPT_TAIL_SIZE];
	struct lkb_zones z = {0};

	gpt_image(head, tail);
	lkb_mbr_build(&mbr, head);
	lkb_zones_init(&z, 64 * LKB_MIB);
	memcpy(z.zone[0].bytes, head, sizeof(head));
	OK(lkb_fit_tables(&z, IMAGE, 64 * LKB_MIB, NULL, &err));
	assert_true(lkb_mbr_parse(z.zone[0].bytes, &is));
	assert_int_equal(is.entries[0].size_sectors, 2047);
	lkb_zones_clear(&z);
}

static void damaged_gpt(void **state)
{
	uint8_t head[LKB_GPT_HEAD_SIZE], tail[LKB_GPT_TAIL_SIZE];
	struct lkb_zones z = {0};

	gpt_image(head, tail);
	for (size_t at = 512; at < sizeof(head); at += 97) {
		uint8_t before = head[at];

		/* Behind the header's 92 bytes nothing is checked in that sector. */
		if (at >= 512 + 92 && at < 1024)
			continue;
		lkb_zones_init(&z, 64 * LKB_MIB);
		head[at] ^= 0x40;
		memcpy(z.zone[0].bytes, head, sizeof(head));
		head[at] = before;
		if (at < 520) /* no GPT at all, but a protective MBR */
			OK(lkb_fit_tables(&z, IMAGE, 64 * LKB_MIB, NULL, &err));
		else
			FAILS(lkb_fit_tables(&z, IMAGE, 64 * LKB_MIB, NULL, &err), LKB_INPUT,
			      "the image's GPT is damaged", "again");
		lkb_zones_clear(&z);
	}
}

static void mbr_grows(void **state)
{
	struct lkb_mbr mbr = {.entries = {{0x0c, true, 2048, 2048}, {0x83, false, 4096, 8192}}};
	uint8_t head[512];

	lkb_mbr_build(&mbr, head);
	for (int grows = 0; grows < 2; grows++) {
		const char *path = fit(head, sizeof(head), NULL, 0, 64 * LKB_MIB + 512,
				       grows ? &map : NULL);
		lkb_autofree char *dump = judge("sfdisk", "--dump", path);

		assert_non_null(strstr(dump, "start=        2048, size=        2048, type=c"));
		assert_non_null(strstr(dump, grows ? "start=        4096, size=      126976,"
						   : "start=        4096, size=        8192,"));
	}
	/* An MBR counts to 2 TiB. */
	{
		struct lkb_zones z = {0};
		struct lkb_mbr is;

		lkb_zones_init(&z, (uint64_t)3 << 40);
		memcpy(z.zone[0].bytes, head, sizeof(head));
		OK(lkb_fit_tables(&z, IMAGE, (uint64_t)3 << 40, &map, &err));
		assert_true(lkb_mbr_parse(z.zone[0].bytes, &is));
		assert_int_equal(is.entries[1].size_sectors, UINT32_MAX - 4096);
		lkb_zones_clear(&z);
	}
}

/* A map that is another image's, or that names something else "data", moves nothing. */
static void other_maps(void **state)
{
	struct lkb_map_partition wrong[] = {{2, 513, 1024, "data"}}, names[] = {{2, 512, 9, "slot"}};
	const struct lkb_map maps[] = {{.partitions = wrong, .n_partitions = 1},
				       {.partitions = names, .n_partitions = 1}};
	struct lkb_mbr mbr = {.entries = {{0x0c, true, 2048, 2048}, {0x83, false, 4096, 8192}}};
	uint8_t head[512];

	lkb_mbr_build(&mbr, head);
	for (size_t i = 0; i < LKB_ARRAY_SIZE(maps); i++) {
		struct lkb_zones z = {0};

		lkb_zones_init(&z, 64 * LKB_MIB);
		memcpy(z.zone[0].bytes, head, sizeof(head));
		OK(lkb_fit_tables(&z, IMAGE, 64 * LKB_MIB, &maps[i], &err));
		assert_memory_equal(z.zone[0].bytes, head, sizeof(head));
		lkb_zones_clear(&z);
	}
}

static void sectors_of_tables(void **state)
{
	uint8_t p[8192] = {0};

	assert_int_equal(lkb_table_sector(p, sizeof(p)), 0);
	p[510] = 0x55;
	p[511] = 0xaa;
	assert_int_equal(lkb_table_sector(p, sizeof(p)), 512);
	memcpy(p + 4096, "EFI PART", 8);
	assert_int_equal(lkb_table_sector(p, sizeof(p)), 4096);
	memcpy(p + 512, "EFI PART", 8);
	assert_int_equal(lkb_table_sector(p, sizeof(p)), 512);
	assert_int_equal(lkb_table_sector(p, 100), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(gpt_moves), CASE(damaged_gpt), CASE(mbr_grows), CASE(other_maps),
		CASE(sectors_of_tables), CASE(gpt_without_copy), CASE(hybrid_mbr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
