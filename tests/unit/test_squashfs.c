/* SPDX-License-Identifier: Apache-2.0 */
/* squashfs images, read back by sqfs2tar and judged by unsquashfs, which shares no code with what
 * they were made by. */
#include "image/fs/squashfs.h"

#include <zstd.h>

#include "tests/unit/roots_kit.h"

static uint64_t make(const char *path, const struct lkb_inode *root, unsigned threads)
{
	struct lkb_squashfs_options o = {.epoch = EPOCH, .threads = threads, .ui = &kit_ui};
	lkb_autofd fd = new_file(path);
	uint64_t size = 0;

	warnings = 0;
	MUST(lkb_squashfs_write(root, &o, fd, path, &size, err));
	assert_nothing_left(root);
	return size;
}

static void assert_holds(const char *image, const struct lkb_inode *root)
{
	const char *tar = in_scratch("back.tar");
	lkb_autofree char *should = dump_of_tree(root), *is = NULL;

	NEED("sqfs2tar");
	/* -r: with the root, whose name is "./" then. */
	JUDGE(NULL, "sh", "-c", "sqfs2tar -r . \"$0\" > \"$1\"", image, tar);
	is = dump_of_tar(tar);
	assert_same_dump(is, should);
}

static void all_of_a_hard_tree_comes_back(void **state)
{
	lkb_auto(lkb_tree) t = hard_tree(255, true);
	const char *image = in_scratch("hard.squashfs");
	struct stat st;
	uint64_t size = make(image, lkb_tree_root(t), 0);

	assert_int_equal(warnings, 0);
	assert_int_equal(stat(image, &st), 0);
	assert_int_equal(st.st_size, size);
	assert_int_equal(size % 4096, 0);
	assert_holds(image, lkb_tree_root(t));
}

static void trees_of_chance_come_back(void **state)
{
	for (uint64_t s = 1; s <= 4; s++) {
		lkb_auto(lkb_tree) t = random_tree(s, (unsigned)(s * s * 20));
		const char *image = in_scratch("chance.squashfs");

		make(image, lkb_tree_root(t), 2);
		assert_holds(image, lkb_tree_root(t));
	}
}

static void an_empty_tree_is_a_file_system(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	const char *image = in_scratch("empty.squashfs");

	make(image, lkb_tree_root(t), 0);
	assert_holds(image, lkb_tree_root(t));
}

static void assert_says(const char *out, const char *line)
{
	if (!strstr(out, line))
		fail_msg("'%s' is not in:\n%.2000s", line, out);
}

static void unsquashfs_reads_it(void **state)
{
	lkb_auto(lkb_tree) t = hard_tree(255, true);
	const char *image = in_scratch("un.squashfs");
	lkb_autostr out = {0};

	NEED("unsquashfs");
	make(image, lkb_tree_root(t), 0);
	JUDGE(&out, "sh", "-c", "TZ=UTC unsquashfs -s \"$0\"; TZ=UTC unsquashfs -lln \"$0\"", image);
	assert_says(out.s, "Compression zstd\n");
	assert_says(out.s, "Block size 131072\n");
	assert_says(out.s, "Tue Nov 14 22:13:20 2023\n"); /* EPOCH */
	assert_says(out.s, "Filesystem is exportable via NFS\n");
	assert_says(out.s, "Xattrs are compressed\n");
	assert_says(out.s, "-rwsr-s--t 70001/4000000000 ");
	assert_says(out.s, "1970-01-01 00:00 squashfs-root/odd/setuid\n");
	/* Of dev/big it shows another number than Linux does. */
	assert_says(out.s, "crw------- 70001/4000000000      1,  3 2023-11-14 22:13 "
			   "squashfs-root/dev/null\n");
	assert_says(out.s, "squashfs-root/links/5 -> /a//b\n");
	/* Reads every block. */
	JUDGE(NULL, "sh", "-c", "cd \"$0\" && rm -rf u && unsquashfs -q -n -no-xattrs "
	      "-d u \"$1\" names many sorted sizes links >&2 && "
	      "[ $(ls u/names | wc -l) = 255 ] && cmp u/sizes/twin u/sizes/131073 && "
	      "[ $(ls -A u/sorted | wc -l) = 8 ]", scratch.path, image);
}

static void threads_change_no_byte(void **state)
{
	lkb_auto(lkb_tree) t = random_tree(3, 300);
	lkb_auto(lkb_tree) same = random_tree(3, 300);
	const char *a = in_scratch("a.squashfs"), *b = in_scratch("b.squashfs");

	make(a, lkb_tree_root(t), 0);
	for (unsigned threads = 1; threads <= 8; threads++) {
		setenv("TZ", "Asia/Tokyo", 1);
		setenv("SOURCE_DATE_EPOCH", "1", 1);
		make(b, lkb_tree_root(same), threads);
		unsetenv("TZ");
		unsetenv("SOURCE_DATE_EPOCH");
		assert_same_file(a, b);
	}
}

/* Another version of zstd packs in other ways: the bytes are those of Debian 12's. */
static void the_bytes_are_the_golden_ones(void **state)
{
	lkb_auto(lkb_tree) hard = hard_tree(255, true);
	lkb_auto(lkb_tree) chance = random_tree(3, 300);
	const char *image = in_scratch("golden.squashfs");

	if (ZSTD_versionNumber() != 10504) {
		print_message("skipped: zstd is %s, not 1.5.4\n", ZSTD_versionString());
		skip();
	}
	make(image, lkb_tree_root(hard), 2);
	assert_golden(image, "42769b35969f213178587e0f7773810ec148399015f3627c959c6448b6a2c55f");
	make(image, lkb_tree_root(chance), 2);
	assert_golden(image, "d43c06e087feaf5e15113dcdaca803417cb4958faed7e75dc517547f86910edd");
}

static void equal_files_are_stored_once(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	const char *image = in_scratch("once.squashfs");
	uint64_t one;

	add_bytes(t, "a", 3000001, 7);
	one = make(image, lkb_tree_root(t), 0);
	add_bytes(t, "b", 3000001, 7);
	assert_true(make(image, lkb_tree_root(t), 0) <= one + 4096);
	assert_holds(image, lkb_tree_root(t));
}

static void access_lists_are_warned_of(void **state)
{
	lkb_auto(lkb_tree) t = hard_tree(255, true);
	const char *image = in_scratch("acl.squashfs");
	lkb_autofree char *should = dump_of_tree(lkb_tree_root(t)), *is = NULL;
	struct lkb_inode *i = lkb_tree_lookup(t, "xattrs/ping", false);

	lkb_tree_set_xattr(t, i, "system.posix_acl_access", "\2\0\0\0", 4);
	lkb_tree_set_xattr(t, i, "system.posix_acl_default", "\2\0\0\0", 4);
	make(image, lkb_tree_root(t), 0);
	assert_int_equal(warnings, 1);
	assert_non_null(strstr(warned, "acl.squashfs': squashfs has no place for 2 extended "
				       "attributes, access lists among them"));
	NEED("sqfs2tar");
	JUDGE(NULL, "sh", "-c", "sqfs2tar -r . \"$0\" > \"$1\"", image, in_scratch("back.tar"));
	is = dump_of_tar(in_scratch("back.tar"));
	assert_same_dump(is, should);
}

static void a_large_sparse_file_is_small(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_auto(lkb_blob) blob = marked_blob(80 * LKB_MIB + 17);
	struct lkb_data d = {.blob = blob, .len = lkb_blob_size(blob)};
	const char *image = in_scratch("sparse.squashfs");

	MUST(lkb_tree_add_file(t, "sparse", &file_meta, &d, NULL, err));
	assert_true(make(image, lkb_tree_root(t), 0) < 64 * LKB_KIB);
	NEED("unsquashfs");
	JUDGE(NULL, "sh", "-c", "[ $(unsquashfs -cat \"$0\" sparse | wc -c) = 83886097 ]", image);
}

static void what_cannot_be_held_is_refused(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct lkb_squashfs_options o = {.epoch = EPOCH};
	lkb_autofd fd = new_file(in_scratch("no")), full = -1;
	struct lkb_error why;

	MUST(lkb_tree_add_special(t, "dev/x", &file_meta, LKB_NODE_CHAR, 1, 1 << 20, NULL, err));
	assert_int_equal(lkb_squashfs_write(lkb_tree_root(t), &o, fd, "no", NULL, &why), -1);
	assert_int_equal(why.kind, LKB_INPUT);
	assert_string_equal(why.message, "'/dev/x': its device number 1:1048576 is too large");
	assert_nothing_left(lkb_tree_root(t));
	assert_true(lkb_tree_remove(t, "dev/x"));
	full = open("/dev/full", O_RDWR | O_CLOEXEC);
	assert_int_equal(lkb_squashfs_write(lkb_tree_root(t), &o, full, "full", NULL, &why), -1);
	assert_int_equal(why.kind, LKB_IO);
	assert_non_null(strstr(why.message, "'full'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_a_hard_tree_comes_back),
		cmocka_unit_test(trees_of_chance_come_back),
		cmocka_unit_test(an_empty_tree_is_a_file_system),
		cmocka_unit_test(unsquashfs_reads_it),
		cmocka_unit_test(threads_change_no_byte),
		cmocka_unit_test(the_bytes_are_the_golden_ones),
		cmocka_unit_test(equal_files_are_stored_once),
		cmocka_unit_test(access_lists_are_warned_of),
		cmocka_unit_test(a_large_sparse_file_is_small),
		cmocka_unit_test(what_cannot_be_held_is_refused),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
