/* SPDX-License-Identifier: Apache-2.0 */
#include "image/verity.h"
#include "tests/unit/image_util.h"

#define BLOCK 4096

static const struct lkb_uuid uuid = {{1, 2, 3, 4, 5, 6, 0x47, 8, 0x89, 10, 11, 12, 13, 14, 15, 16}};

/* Writes n blocks of data, superblock and tree as a slot has them; gives the root. */
static struct lkb_sha256 write_verity(const char *path, uint64_t n)
{
	lkb_autofree struct lkb_sha256 *leaves = lkb_alloc_array(n, sizeof(*leaves));
	uint64_t tree_size = lkb_verity_blocks(n) * BLOCK;
	lkb_autofree uint8_t *tree = lkb_alloc(tree_size);
	lkb_autofd fd = new_file(path);
	struct lkb_verity v;

	for (uint64_t i = 0; i < n; i++) {
		uint8_t block[BLOCK];

		memset(block, (int)(i * 7 + 1), sizeof(block));
		leaves[i] = lkb_sha256(block, sizeof(block));
		MUST(lkb_pwrite_full(fd, block, sizeof(block), i * BLOCK, path, err));
	}
	lkb_verity_build(leaves, n, &uuid, tree, &v);
	assert_int_equal(v.data_blocks, n);
	assert_int_equal(v.hash_start_block, n + 1);
	MUST(lkb_pwrite_full(fd, tree, tree_size, n * BLOCK, path, err));
	return v.root;
}

/* Sizes around the places where a level of the tree fills up. */
static const uint64_t sizes[] = {1, 2, 127, 128, 129, 300, 128 * 128, 128 * 128 + 1, 20000};

static void veritysetup_accepts_data_and_tree(void **state)
{
	NEED("veritysetup");
	for (size_t i = 0; i < LKB_ARRAY_SIZE(sizes); i++) {
		const char *path = in_scratch("verity.img");
		struct lkb_sha256 root = write_verity(path, sizes[i]);
		lkb_autofree char *offset =
			lkb_format("--hash-offset=%llu", (unsigned long long)sizes[i] * BLOCK);

		JUDGE(NULL, "veritysetup", "verify", offset, path, path, lkb_sha256_text(&root).s);
	}
}

static void veritysetup_formats_the_same_bytes(void **state)
{
	NEED("veritysetup");
	for (size_t i = 0; i < LKB_ARRAY_SIZE(sizes); i++) {
		const char *ours = in_scratch("ours.img"), *theirs = in_scratch("theirs.img");
		lkb_autofree char *offset =
			lkb_format("--hash-offset=%llu", (unsigned long long)sizes[i] * BLOCK);
		lkb_autofree char *blocks =
			lkb_format("--data-blocks=%llu", (unsigned long long)sizes[i]);
		lkb_autofree char *id = lkb_format("--uuid=%s", lkb_uuid_text(&uuid).s);

		write_verity(ours, sizes[i]);
		cut(ours, 0, sizes[i] * BLOCK, theirs);
		JUDGE(NULL, "veritysetup", "format", offset, blocks, id, "--hash=sha256",
		      "--salt=-", theirs, theirs);
		/* veritysetup ends with its last byte, we with a whole block. */
		assert_int_equal(truncate(theirs, (off_t)((sizes[i] + lkb_verity_blocks(sizes[i])) *
							  BLOCK)), 0);
		assert_same_file(ours, theirs);
	}
}

static void veritysetup_finds_one_changed_bit(void **state)
{
	const char *path = in_scratch("verity.img");
	struct lkb_sha256 root = write_verity(path, 300);
	lkb_autofd fd = open(path, O_RDWR | O_CLOEXEC);
	const char *argv[] = {"veritysetup", "verify", "--hash-offset=1228800", path, path,
			      lkb_sha256_text(&root).s, NULL};
	struct lkb_error why;
	uint8_t b;

	NEED("veritysetup");
	MUST(lkb_pread_full(fd, &b, 1, 200 * BLOCK + 5, path, err));
	b ^= 1;
	MUST(lkb_pwrite_full(fd, &b, 1, 200 * BLOCK + 5, path, err));
	assert_int_equal(judge(NULL, argv, &why), -1);
}

static void a_tree_takes_a_little_more_than_a_128th(void **state)
{
	assert_int_equal(lkb_verity_blocks(1), 1);
	assert_int_equal(lkb_verity_blocks(2), 2);
	assert_int_equal(lkb_verity_blocks(128), 2);
	assert_int_equal(lkb_verity_blocks(129), 4);
	assert_int_equal(lkb_verity_blocks(32768), 1 + 256 + 2 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_takes_a_little_more_than_a_128th),
		cmocka_unit_test(veritysetup_accepts_data_and_tree),
		cmocka_unit_test(veritysetup_formats_the_same_bytes),
		cmocka_unit_test(veritysetup_finds_one_changed_bit),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
