/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/size.h"

static void sizes_are_powers_of_1024(void **state)
{
	static const struct {
		const char *text;
		uint64_t size;
	} rows[] = {
		{"0", 0}, {"64", 64}, {"64B", 64}, {"64K", 65536}, {"64KiB", 65536},
		{"64 MiB", 64 * LKB_MIB}, {"64M", 64 * LKB_MIB}, {"2G", 2 * LKB_GIB},
		{"2GiB", 2 * LKB_GIB}, {"1T", 1024 * LKB_GIB}, {"1TiB", 1024 * LKB_GIB},
		{"007", 7}, {"4611686018427387904", (uint64_t)1 << 62},
		{"4194304T", (uint64_t)1 << 62},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(rows); i++) {
		uint64_t v = 12345;

		assert_true(lkb_size_parse(rows[i].text, &v));
		assert_int_equal(v, rows[i].size);
	}
}

static void what_is_no_size_touches_nothing(void **state)
{
	static const char *const rows[] = {
		"", " ", " 64", "64 ", "64  MiB", "-1", "+1", "1.5G", "0x10", "64k", "64kb", "64MB",
		"64 M B", "MiB", "64MiBx", "4611686018427387905", "4194305T",
		"18446744073709551616", "99999999999999999999999", "17179869184G",
	};
	uint64_t v = 12345;
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(rows); i++) {
		if (lkb_size_parse(rows[i], &v))
			fail_msg("'%s' was taken for %llu", rows[i], (unsigned long long)v);
		assert_int_equal(v, 12345);
	}
}

static void numbers_have_no_sign_and_do_not_wrap(void **state)
{
	static const char *const wrong[] = {"", "-1", "+1", " 1", "1 ", "1a", "0x1",
					    "18446744073709551616", "184467440737095516150"};
	uint64_t v = 1;
	size_t i;

	assert_true(lkb_u64_parse("18446744073709551615", &v));
	assert_true(v == UINT64_MAX);
	assert_true(lkb_u64_parse("0", &v));
	assert_int_equal(v, 0);
	for (i = 0; i < LKB_ARRAY_SIZE(wrong); i++)
		assert_false(lkb_u64_parse(wrong[i], &v));
	assert_int_equal(v, 0);
}

static void sizes_are_shown_with_one_digit(void **state)
{
	static const struct {
		uint64_t size;
		const char *text;
	} rows[] = {
		{0, "0 B"}, {1023, "1023 B"}, {1024, "1.0 KiB"}, {1536, "1.5 KiB"},
		{LKB_MIB - 1, "1.0 MiB"}, {64 * LKB_MIB, "64.0 MiB"}, {LKB_GIB - 1, "1.0 GiB"},
		{1023 * LKB_MIB, "1023.0 MiB"}, {UINT64_MAX, "16.0 EiB"},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(rows); i++)
		assert_string_equal(lkb_size_text(rows[i].size).s, rows[i].text);
}

static void rounding_up(void **state)
{
	assert_int_equal(lkb_align_up(0, 4096), 0);
	assert_int_equal(lkb_align_up(1, 4096), 4096);
	assert_int_equal(lkb_align_up(4096, 4096), 4096);
	assert_int_equal(lkb_div_up(0, 3), 0);
	assert_int_equal(lkb_div_up(7, 3), 3);
	assert_true(lkb_div_up(UINT64_MAX, 2) == (uint64_t)1 << 63);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_powers_of_1024),
		cmocka_unit_test(what_is_no_size_touches_nothing),
		cmocka_unit_test(numbers_have_no_sign_and_do_not_wrap),
		cmocka_unit_test(sizes_are_shown_with_one_digit),
		cmocka_unit_test(rounding_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
