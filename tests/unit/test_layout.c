/* SPDX-License-Identifier: Apache-2.0 */
#include "image/image.h"
#include "tests/unit/image_util.h"

static struct lkb_disk card(void)
{
	return (struct lkb_disk){
		.align = 4 * LKB_MIB,
		.first = 16 * LKB_MIB,
		.epoch = EPOCH,
	};
}

static int no_tail(void *ctx, const struct lkb_verity *v, uint8_t block[4096],
		   struct lkb_error *err)
{
	return 0;
}

static void the_card_of_rpi3_is_as_designed(void **state)
{
	lkb_auto(lkb_tree) boot = lkb_tree_new();
	lkb_auto(lkb_tree) root = lkb_tree_new();
	lkb_auto(lkb_tree) data = lkb_tree_new();
	struct lkb_disk d = card();

	add_bytes(root, "f", 1000000, 1);
	d.n_parts = 4;
	d.parts[0] = (struct lkb_part){.name = "boot", .fs = LKB_FS_FAT32,
				       .tree = lkb_tree_root(boot), .min_size = 64 * LKB_MIB};
	d.parts[1] = (struct lkb_part){.name = "slot-a", .fs = LKB_FS_EXT4,
				       .tree = lkb_tree_root(root), .min_size = 192 * LKB_MIB,
				       .headroom_percent = 25, .read_only = true, .tail = no_tail};
	d.parts[2] = (struct lkb_part){.name = "slot-b", .same_size_as = 2, .tail = no_tail};
	d.parts[3] = (struct lkb_part){.name = "data", .fs = LKB_FS_EXT4,
				       .tree = lkb_tree_root(data), .min_size = 32 * LKB_MIB};
	MUST(lkb_layout(&d, err));
	assert_int_equal(d.parts[0].off, 16 * LKB_MIB);
	assert_int_equal(d.parts[0].size, 64 * LKB_MIB);
	assert_int_equal(d.parts[0].fs_size, 64 * LKB_MIB);
	assert_int_equal(d.parts[1].off, 80 * LKB_MIB);
	assert_int_equal(d.parts[1].size, 192 * LKB_MIB);
	assert_true(d.parts[1].fs_size < 2 * LKB_MIB); /* as large as its content */
	assert_int_equal(d.parts[2].off, 272 * LKB_MIB);
	assert_int_equal(d.parts[2].size, 192 * LKB_MIB);
	assert_int_equal(d.parts[2].fs_size, 0);
	assert_int_equal(d.parts[3].off, 464 * LKB_MIB);
	assert_int_equal(d.parts[3].size, 32 * LKB_MIB);
	assert_int_equal(d.size, 496 * LKB_MIB);
}

static void headroom_comes_on_top_of_content(void **state)
{
	lkb_auto(lkb_tree) root = lkb_tree_new();
	struct lkb_disk d = card();

	add_bytes(root, "f", 100000000, 1);
	d.n_parts = 1;
	d.parts[0] = (struct lkb_part){.name = "slot-a", .fs = LKB_FS_EXT4,
				       .tree = lkb_tree_root(root), .headroom_percent = 25,
				       .read_only = true, .tail = no_tail};
	MUST(lkb_layout(&d, err));
	assert_true(d.parts[0].size >= 125000000);
	assert_true(d.parts[0].size < 125000000 + 8 * LKB_MIB);
}

/* Disks of chance: what lies where it should not, overlaps, or does not fit is a fault. */
static void partitions_never_overlap_and_always_fit(void **state)
{
	for (uint64_t s = 1; s <= 40; s++) {
		lkb_auto(lkb_tree) small = random_tree(s, 10);
		lkb_auto(lkb_tree) large = random_tree(s + 100, 80);
		struct lkb_disk d = card();
		uint64_t next;

		dice_state = s * 77;
		d.align = 4096ull << dice(12);
		d.first = d.align * (1 + dice(9));
		d.n_parts = 1 + dice(4);
		for (size_t i = 0; i < d.n_parts; i++) {
			d.parts[i] = (struct lkb_part){
				.name = "p",
				.min_size = dice(100 * LKB_MIB) + 1,
				.headroom_percent = (unsigned)dice(100),
			};
			if (dice(4) == 0)
				continue;
			d.parts[i].fs = LKB_FS_EXT4;
			d.parts[i].tree = lkb_tree_root(dice(2) ? small : large);
			d.parts[i].read_only = dice(2);
			d.parts[i].tail = dice(2) ? no_tail : NULL;
		}
		MUST(lkb_layout(&d, err));
		next = d.first;
		for (size_t i = 0; i < d.n_parts; i++) {
			const struct lkb_part *p = &d.parts[i];

			assert_int_equal(p->off, next);
			assert_int_equal(p->off % d.align, 0);
			assert_int_equal(p->size % d.align, 0);
			assert_true(p->size >= p->min_size);
			assert_int_equal(p->fs_size % 4096, 0);
			assert_true(p->fs_size <= p->size);
			if (p->read_only)
				assert_true(p->fs_size + lkb_verity_blocks(p->fs_size / 4096) * 4096
					    + 4096 <= p->size);
			next += p->size;
		}
		assert_int_equal(d.size, next);
	}
}

/* ---- what cannot be placed ---- */

static void assert_refused(struct lkb_disk *d, enum lkb_error_kind kind, const char *message)
{
	struct lkb_error why;
	struct lkb_disk before = *d;

	assert_int_equal(lkb_layout(d, &why), -1);
	assert_string_equal(why.message, message);
	assert_int_equal(why.kind, kind);
	assert_memory_equal(d, &before, sizeof(before));
}

static void a_tree_larger_than_its_twin_is_refused_with_the_sums(void **state)
{
	lkb_auto(lkb_tree) root = lkb_tree_new();
	struct lkb_disk d = card();

	add_bytes(root, "f", 10000000, 1);
	d.n_parts = 2;
	d.parts[0] = (struct lkb_part){.name = "a", .min_size = 8 * LKB_MIB};
	d.parts[1] = (struct lkb_part){.name = "b", .fs = LKB_FS_EXT4, .read_only = true,
				       .tree = lkb_tree_root(root), .same_size_as = 1};
	assert_refused(&d, LKB_INPUT,
		       "partition 'b' needs 9.7 MiB, but has the size of 'a', 8.0 MiB");
}

static void what_an_mbr_cannot_say_is_refused(void **state)
{
	struct lkb_disk d = card();

	d.n_parts = 3;
	d.parts[0] = (struct lkb_part){.name = "a", .min_size = 1024 * LKB_GIB};
	d.parts[1] = (struct lkb_part){.name = "b", .min_size = 1023 * LKB_GIB};
	d.parts[2] = (struct lkb_part){.name = "c", .min_size = 1 * LKB_GIB};
	assert_refused(&d, LKB_INPUT, "partition 'c' of 1.0 GiB at 2.0 TiB ends beyond what an "
				      "MBR can say");
	d.parts[0].min_size = UINT64_MAX;
	assert_refused(&d, LKB_INPUT,
		       "partition 'a' of 16.0 EiB with 0 % headroom is too large");
}

static void raw_ranges_stand_before_the_partitions_and_apart(void **state)
{
	struct lkb_disk d = card();

	d.n_parts = 1;
	d.parts[0] = (struct lkb_part){.name = "a", .min_size = 1};
	d.n_raws = 1;
	d.raws[0] = (struct lkb_raw){.name = "record", .off = 16 * LKB_MIB - 4096, .len = 8192};
	assert_refused(&d, LKB_INPUT, "'record' at byte 16773120 does not fit before the first "
				      "partition at byte 16777216");
	d.raws[0] = (struct lkb_raw){.name = "record", .off = 0, .len = 4096};
	assert_refused(&d, LKB_INPUT, "'record' at byte 0 does not fit before the first partition "
				      "at byte 16777216");
	d.n_raws = 2;
	d.raws[0] = (struct lkb_raw){.name = "one", .off = 4096, .len = 8192};
	d.raws[1] = (struct lkb_raw){.name = "two", .off = 8192, .len = 4096};
	assert_refused(&d, LKB_INPUT, "'one' and 'two' overlap");
	d.raws[1].off = 12288;
	MUST(lkb_layout(&d, err));
}

static void labels_and_times_have_bounds(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct lkb_disk d = card();

	d.n_parts = 1;
	d.parts[0] = (struct lkb_part){.name = "a", .fs = LKB_FS_FAT32, .tree = lkb_tree_root(t),
				       .label = "TWELVE-BYTES"};
	assert_refused(&d, LKB_INPUT, "label 'TWELVE-BYTES' is longer than 11 bytes");
	d.parts[0].fs = LKB_FS_EXT4;
	d.parts[0].label = "seventeen-bytes-x";
	assert_refused(&d, LKB_INPUT, "label 'seventeen-bytes-x' is longer than 16 bytes");
	d.parts[0].label = "sixteen-bytes-xx";
	MUST(lkb_layout(&d, err));
	d.epoch = (int64_t)1 << 32;
	assert_refused(&d, LKB_INPUT, "time 4294967296 is not between 1970 and 2106");
}

static void what_a_tree_cannot_be_names_its_partition(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct lkb_disk d = card();

	MUST(lkb_tree_add_symlink(t, "x", &file_meta, "y", NULL, err));
	d.n_parts = 1;
	d.parts[0] = (struct lkb_part){.name = "boot", .fs = LKB_FS_FAT32,
				       .tree = lkb_tree_root(t)};
	assert_refused(&d, LKB_INPUT,
		       "partition 'boot': '/x': a FAT holds files and directories only");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_card_of_rpi3_is_as_designed),
		cmocka_unit_test(headroom_comes_on_top_of_content),
		cmocka_unit_test(partitions_never_overlap_and_always_fit),
		cmocka_unit_test(a_tree_larger_than_its_twin_is_refused_with_the_sums),
		cmocka_unit_test(what_an_mbr_cannot_say_is_refused),
		cmocka_unit_test(raw_ranges_stand_before_the_partitions_and_apart),
		cmocka_unit_test(labels_and_times_have_bounds),
		cmocka_unit_test(what_a_tree_cannot_be_names_its_partition),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
