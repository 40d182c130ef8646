/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/bytes.h"
#include "base/ext/hash.h"

static void expect_digest(const struct lkb_sha256 *d, const char *hex)
{
	assert_string_equal(lkb_sha256_text(d).s, hex);
}

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* FIPS 180-2, appendix B: one block, two blocks, a million times "a". */
static void sha256_gives_the_standards_digests(void **state)
{
	static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	lkb_auto(lkb_hash) h = lkb_hash_new();
	lkb_autofree char *many = lkb_alloc(1000);
	struct lkb_sha256 d;
	size_t i;

	d = lkb_sha256("abc", 3);
	expect_digest(&d, ABC);
	d = lkb_sha256(two_blocks, strlen(two_blocks));
	expect_digest(&d, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(many, 'a', 1000);
	for (i = 0; i < 1000; i++)
		lkb_hash_add(h, many, 1000);
	d = lkb_hash_done(h);
	expect_digest(&d, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void one_state_serves_many_inputs(void **state)
{
	lkb_auto(lkb_hash) h = lkb_hash_new();
	struct lkb_sha256 d = lkb_hash_done(h);

	expect_digest(&d, EMPTY);
	lkb_hash_add(h, "a", 1);
	lkb_hash_add(h, "", 0);
	lkb_hash_add(h, "bc", 2);
	d = lkb_hash_done(h);
	expect_digest(&d, ABC);
	d = lkb_hash_done(h);
	expect_digest(&d, EMPTY);
}

/* FIPS 180-2, appendix A. */
static void sha1_gives_the_standards_digests(void **state)
{
	lkb_auto(lkb_hash) h = lkb_hash_new_sha1();
	char hex[2 * LKB_SHA1_SIZE + 1];
	struct lkb_sha1 d;

	lkb_hash_add(h, "abc", 3);
	d = lkb_hash_done_sha1(h);
	lkb_hex(d.b, sizeof(d.b), hex);
	assert_string_equal(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
	d = lkb_hash_done_sha1(h);
	lkb_hex(d.b, sizeof(d.b), hex);
	assert_string_equal(hex, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

static void digests_are_64_lower_case_digits(void **state)
{
	static const char *const wrong[] = {"", "ba7816", ABC "0", " " ABC, "sha256:" ABC};
	struct lkb_sha256 d = {{1}}, abc = lkb_sha256("abc", 3);
	char upper[] = ABC;
	size_t i;

	assert_true(lkb_sha256_parse(ABC, &d));
	assert_true(lkb_sha256_equal(&d, &abc));
	upper[0] = 'B';
	assert_false(lkb_sha256_parse(upper, &d));
	for (i = 0; i < LKB_ARRAY_SIZE(wrong); i++)
		assert_false(lkb_sha256_parse(wrong[i], &d));
	/* A wrong end does not leave half of a digest behind. */
	upper[0] = '0';
	upper[63] = 'x';
	assert_false(lkb_sha256_parse(upper, &d));
	assert_true(lkb_sha256_equal(&d, &abc));
	abc.b[31] ^= 1;
	assert_false(lkb_sha256_equal(&d, &abc));
}

/* SHA-256 over "lkboard\0" seed "\0" name; computed here by hand. */
static void identity_derives_from_seed_and_name(void **state)
{
	struct lkb_sha256 seed = lkb_sha256("seed", 4), other = lkb_sha256("tree", 4), d, by_hand;
	uint8_t text[8 + 32 + 1 + 3];

	memcpy(text, "lkboard", 8);
	memcpy(text + 8, seed.b, 32);
	memcpy(text + 40, "\0abc", 4);
	by_hand = lkb_sha256(text, sizeof(text));
	d = lkb_derive(&seed, "abc");
	assert_true(lkb_sha256_equal(&d, &by_hand));
	d = lkb_derive(&seed, "abd");
	assert_false(lkb_sha256_equal(&d, &by_hand));
	d = lkb_derive(&other, "abc");
	assert_false(lkb_sha256_equal(&d, &by_hand));
	assert_int_not_equal(lkb_derive_u32(&seed, "a"), lkb_derive_u32(&seed, "b"));
	assert_int_equal(lkb_derive_u32(&seed, "a"), lkb_derive_u32(&seed, "a"));
}

static void uuids_have_version_and_variant(void **state)
{
	static const uint8_t zeros[16], ones[16] = {255, 255, 255, 255, 255, 255, 255, 255,
						    255, 255, 255, 255, 255, 255, 255, 255};
	struct lkb_sha256 seed = lkb_sha256("seed", 4);
	struct lkb_uuid u = lkb_uuid_from_digest(zeros);

	assert_string_equal(lkb_uuid_text(&u).s, "00000000-0000-5000-8000-000000000000");
	u = lkb_uuid_from_digest(ones);
	assert_string_equal(lkb_uuid_text(&u).s, "ffffffff-ffff-5fff-bfff-ffffffffffff");
	u = lkb_derive_uuid(&seed, "data");
	assert_int_equal(u.b[6] >> 4, 5);
	assert_int_equal(u.b[8] >> 6, 2);
	assert_int_equal(strlen(lkb_uuid_text(&u).s), 36);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_gives_the_standards_digests),
		cmocka_unit_test(one_state_serves_many_inputs),
		cmocka_unit_test(sha1_gives_the_standards_digests),
		cmocka_unit_test(digests_are_64_lower_case_digits),
		cmocka_unit_test(identity_derives_from_seed_and_name),
		cmocka_unit_test(uuids_have_version_and_variant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
