/* SPDX-License-Identifier: Apache-2.0 */
/* Where files stand, and pieces of blobs: what the bill of materials is made from. */
#include "image/extents.h"
#include "tests/unit/base_kit.h"

static void what_follows_is_one_extent(void **state)
{
	struct lkb_extents e __attribute__((cleanup(lkb_extents_clear))) = {0};
	const struct lkb_inode files[3] = {0};
	const struct lkb_extent *found;
	size_t n;

	lkb_extents_add(&e, &files[2], 8192, 4096);
	lkb_extents_add(&e, &files[2], 12288, 100);
	lkb_extents_add(&e, &files[2], 4096, 10);
	lkb_extents_add(&e, &files[1], 0, 0);
	lkb_extents_add(&e, &files[0], 4106, 5);
	lkb_extents_sort(&e);
	found = lkb_extents_find(&e, &files[2], &n);
	assert_int_equal(n, 2);
	assert_int_equal(found[0].off, 8192);
	assert_int_equal(found[0].len, 4196);
	assert_int_equal(found[1].off, 4096);
	lkb_extents_find(&e, &files[1], &n);
	assert_int_equal(n, 0);
	found = lkb_extents_find(&e, &files[0], &n);
	assert_int_equal(n, 1);
	assert_int_equal(found->len, 5);
}

static void nothing_has_no_extents(void **state)
{
	struct lkb_extents e = {0};
	const struct lkb_inode file = {0};
	size_t n = 5;

	lkb_extents_sort(&e);
	lkb_extents_find(&e, &file, &n);
	assert_int_equal(n, 0);
}

static void a_part_of_a_blob_is_a_blob(void **state)
{
	lkb_auto(lkb_blob) whole = lkb_blob_new_mem("0123456789", 10);
	lkb_auto(lkb_blob) part = lkb_blob_new_part(&(struct lkb_data){whole, 2, 6});
	lkb_auto(lkb_blob) inner = lkb_blob_new_part(&(struct lkb_data){part, 1, 3});
	const struct lkb_sha256 digest = {{7}};
	char buf[8] = "";

	lkb_blob_unref(LKB_STEAL(whole));
	lkb_blob_unref(LKB_STEAL(part));
	assert_int_equal(lkb_blob_size(inner), 3);
	OK(lkb_blob_read(inner, 0, buf, 3, &err));
	assert_string_equal(buf, "345");
	FAILS(lkb_blob_read(inner, 1, buf, 3, &err), LKB_INPUT, "ends at byte 3", "");
	assert_null(lkb_blob_digest(inner));
	lkb_blob_set_digest(inner, &digest);
	assert_memory_equal(lkb_blob_digest(inner)->b, digest.b, LKB_SHA256_SIZE);
}

static void a_part_of_a_file_is_copied_from_its_place(void **state)
{
	lkb_auto(lkb_blob) whole = NULL;
	lkb_auto(lkb_blob) part = NULL;
	lkb_autofree char *path = lkb_path_join(dir.path, "whole");
	lkb_autofree char *to = lkb_path_join(dir.path, "to");
	lkb_autofree char *text = NULL;
	lkb_autofd fd = -1;
	size_t n;

	OK(lkb_write_file(path, "0123456789", 10, 0600, &err));
	OK(lkb_blob_open(path, &whole, &err));
	part = lkb_blob_new_part(&(struct lkb_data){whole, 3, 5});
	fd = open(to, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	OK(lkb_data_copy(&(struct lkb_data){part, 1, 4}, 0, 4, fd, to, &err));
	OK(lkb_read_file(to, 100, &text, &n, &err));
	assert_string_equal(text, "4567");
}

/* Every range of it reads as the same range of the pieces put together. */
static void a_chain_of_ranges_is_a_blob(void **state)
{
	lkb_auto(lkb_blob) digits = lkb_blob_new_mem("0123456789", 10);
	lkb_auto(lkb_blob) letters = lkb_blob_new_mem("abc", 3);
	const struct lkb_data pieces[] = {{letters, 1, 2}, {NULL, 0, 0}, {digits, 4, 3},
					  {letters, 0, 0}, {letters, 0, 3}};
	lkb_auto(lkb_blob) chain = lkb_blob_new_chain(pieces, LKB_ARRAY_SIZE(pieces));
	lkb_auto(lkb_blob) none = lkb_blob_new_chain(NULL, 0);
	static const char want[] = "bc456abc";
	struct lkb_sha256 digest, sum = lkb_sha256(want, 8);
	char buf[9];

	lkb_blob_unref(LKB_STEAL(digits));
	lkb_blob_unref(LKB_STEAL(letters));
	assert_int_equal(lkb_blob_size(chain), 8);
	for (size_t off = 0; off <= 8; off++) {
		for (size_t n = 0; n <= 8 - off; n++) {
			memset(buf, 0, sizeof(buf));
			OK(lkb_blob_read(chain, off, buf, n, &err));
			assert_memory_equal(buf, want + off, n);
			assert_int_equal(buf[n], 0);
		}
	}
	FAILS(lkb_blob_read(chain, 5, buf, 4, &err), LKB_INPUT, "ends at byte 8", "");
	OK(lkb_data_sha256(&(struct lkb_data){chain, 0, 8}, &digest, &err));
	assert_true(lkb_sha256_equal(&digest, &sum));
	assert_int_equal(lkb_blob_size(none), 0);
	OK(lkb_blob_read(none, 0, buf, 0, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_follows_is_one_extent),
		CASE(nothing_has_no_extents),
		CASE(a_part_of_a_blob_is_a_blob),
		CASE(a_chain_of_ranges_is_a_blob),
		CASE(a_part_of_a_file_is_copied_from_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
