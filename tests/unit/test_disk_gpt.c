/* SPDX-License-Identifier: Apache-2.0 */
/* A disk with a GPT: judged by sgdisk and sfdisk, its map put to the test. */
#include "base/bytes.h"
#include "image/image.h"
#include "tests/unit/image_util.h"

#define BLOCK 4096

struct pc {
	struct lkb_tree *esp, *root;
	struct lkb_disk disk;
	struct lkb_map *map;
};

static void pc_init(struct pc *c)
{
	*c = (struct pc){.esp = lkb_tree_new(), .root = lkb_tree_new()};
	add_bytes(c->esp, "EFI/BOOT/BOOTX64.EFI", 3000000, 1);
	add_bytes(c->root, "sbin/init", 100000, 2);
	c->disk = (struct lkb_disk){
		.table = LKB_TABLE_GPT,
		.parts = {
			{.name = "esp-a", .gpt_type = LKB_GPT_ESP, .bootable = true,
			 .fs = LKB_FS_FAT32, .tree = lkb_tree_root(c->esp), .label = "ESP",
			 .min_size = 34 * LKB_MIB},
			{.name = "slot-a", .fs = LKB_FS_EXT4, .tree = lkb_tree_root(c->root),
			 .label = "slot", .min_size = 8 * LKB_MIB, .read_only = true},
			{.name = "slot-b", .same_size_as = 2},
			{.name = "spare-1", .min_size = 4096},
			{.name = "spare-2", .min_size = 4096},
		},
		.n_parts = 2,
		.align = LKB_MIB,
		.first = LKB_MIB,
		.seed = {{7}},
		.epoch = EPOCH,
	};
}

static void pc_clear(struct pc *c)
{
	lkb_tree_free(c->esp);
	lkb_tree_free(c->root);
	if (c->map)
		lkb_map_free(c->map);
}

static void pc_write(struct pc *c, const char *path)
{
	lkb_autofd fd = new_file(path);

	MUST(lkb_layout(&c->disk, err));
	MUST(lkb_disk_write(&c->disk, fd, path, NULL, &c->map, err));
}

static void others_find_nothing_wrong(void **state)
{
	const char *path = in_scratch("pc.img"), *part = in_scratch("part.img");
	lkb_autostr dump = {0}, verdict = {0}, sgdisk = {0};
	struct lkb_uuid guid;
	struct pc c;

	NEED("mformat");
	NEED("sgdisk");
	NEED("sfdisk");
	pc_init(&c);
	pc_write(&c, path);
	assert_int_equal(c.disk.size, (1 + 34 + 8 + 1) * LKB_MIB);
	JUDGE(&sgdisk, "sgdisk", "-v", path);
	assert_non_null(strstr(sgdisk.s, "No problems found"));
	JUDGE(&verdict, "sfdisk", "--verify", path);
	assert_non_null(strstr(verdict.s, "No errors detected"));
	JUDGE(&dump, "sh", "-c", "PATH=$PATH:/usr/sbin:/sbin sfdisk --dump \"$0\" | tr A-F a-f",
	      path);
	guid = lkb_part_guid(&c.disk, &c.disk.parts[1]);
	assert_non_null(strstr(dump.s, lkb_uuid_text(&guid).s));
	guid = lkb_disk_guid(&c.disk);
	assert_non_null(strstr(dump.s, lkb_uuid_text(&guid).s));
	cut(path, c.disk.parts[0].off, c.disk.parts[0].size, part);
	JUDGE(NULL, "sh", "-c", "PATH=$PATH:/usr/sbin:/sbin fsck.fat -n \"$0\" >&2", part);
	pc_clear(&c);
}

static const struct lkb_map_range *range_at(const struct lkb_map *m, uint64_t off)
{
	size_t i = 0;

	while (off / BLOCK >= m->ranges[i].start + m->ranges[i].count)
		i++;
	return &m->ranges[i];
}

static void the_map_has_both_tables(void **state)
{
	const char *path = in_scratch("pc.img");
	struct pc c;

	NEED("mformat");
	pc_init(&c);
	pc_write(&c, path);
	assert_string_equal(range_at(c.map, 0)->name, "gpt");
	assert_int_equal(range_at(c.map, 0)->class, LKB_MAP_DATA);
	assert_string_equal(range_at(c.map, c.disk.size - 1)->name, "gpt:[backup]");
	assert_int_equal(range_at(c.map, c.disk.size - 1)->class, LKB_MAP_DATA);
	assert_string_equal(range_at(c.map, c.disk.size - 5 * BLOCK)->name, "gpt:[backup]");
	assert_int_equal(range_at(c.map, c.disk.size - 6 * BLOCK)->class, LKB_MAP_FREE);
	pc_clear(&c);
}

static void it_takes_more_partitions_than_an_mbr(void **state)
{
	struct lkb_error why = {0};
	struct pc c;

	pc_init(&c);
	c.disk.n_parts = 5;
	MUST(lkb_layout(&c.disk, err));
	c.disk.table = LKB_TABLE_MBR;
	assert_int_equal(lkb_layout(&c.disk, &why), -1);
	assert_string_equal(why.message, "5 partitions and 0 raw ranges");
	pc_clear(&c);
}

static void its_bounds_are_its_own(void **state)
{
	struct lkb_error why = {0};
	struct lkb_disk d = {.table = LKB_TABLE_GPT, .align = LKB_MIB, .first = LKB_MIB,
			     .n_parts = 1};

	d.parts[0] = (struct lkb_part){.name = "a", .min_size = 4096 * LKB_GIB};
	MUST(lkb_layout(&d, err)); /* an MBR ends at 2 TiB */
	d.parts[0].min_size = (uint64_t)1 << 51;
	assert_int_equal(lkb_layout(&d, &why), -1);
	assert_string_equal(why.message, "partition 'a' of 2.0 PiB at 1.0 MiB ends beyond what a "
					 "GPT can say");
	d.parts[0].min_size = 1;
	d.align = 4096;
	d.first = 4 * BLOCK; /* the table has 34 sectors */
	assert_int_equal(lkb_layout(&d, &why), -1);
	assert_int_equal(why.kind, LKB_BUG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_find_nothing_wrong),
		cmocka_unit_test(the_map_has_both_tables),
		cmocka_unit_test(it_takes_more_partitions_than_an_mbr),
		cmocka_unit_test(its_bounds_are_its_own),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
