/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/crc32.h"

static void numbers_have_their_order_on_disk(void **state)
{
	uint8_t b[8];

	lkb_put_le16(b, 0x8182);
	assert_memory_equal(b, "\x82\x81", 2);
	assert_int_equal(lkb_get_le16(b), 0x8182);
	lkb_put_le32(b, 0x81828384);
	assert_memory_equal(b, "\x84\x83\x82\x81", 4);
	assert_true(lkb_get_le32(b) == 0x81828384);
	assert_true(lkb_get_be32(b) == 0x84838281);
	lkb_put_le64(b, 0x8182838485868788);
	assert_memory_equal(b, "\x88\x87\x86\x85\x84\x83\x82\x81", 8);
	assert_true(lkb_get_le64(b) == 0x8182838485868788);
	lkb_put_be32(b, 0xfedcba98);
	assert_memory_equal(b, "\xfe\xdc\xba\x98", 4);
}

/* Every length to 300 with the one bit at every place. */
static void zero_is_told_from_almost_zero(void **state)
{
	uint8_t b[301] = {0};
	size_t n, i;

	assert_true(lkb_is_zero(NULL, 0));
	for (n = 0; n <= 300; n++) {
		assert_true(lkb_is_zero(b, n));
		for (i = 0; i < n; i++) {
			b[i] = 0x80;
			assert_false(lkb_is_zero(b, n));
			b[i] = 0;
		}
		b[n] = 1;
		assert_true(lkb_is_zero(b, n));
		b[n] = 0;
	}
}

static void hex_goes_and_comes(void **state)
{
	uint8_t all[256], back[256] = {0};
	char text[513];
	size_t i;

	for (i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	lkb_hex(all, sizeof(all), text);
	assert_int_equal(strlen(text), 512);
	assert_memory_equal(text, "000102", 6);
	assert_string_equal(text + 506, "fdfeff");
	assert_true(lkb_unhex(text, back, sizeof(back)));
	assert_memory_equal(all, back, sizeof(all));
	lkb_hex(NULL, 0, text);
	assert_string_equal(text, "");
}

static void what_is_no_hex_is_refused(void **state)
{
	static const char *const wrong[] = {"", "0", "00", "000", "0000 ", "00000", "AB00", "00 0",
					    "0g00", "00-1", "0x00"};
	uint8_t b[2];
	size_t i;

	assert_true(lkb_unhex("ab00", b, 2));
	assert_true(lkb_unhex("", b, 0));
	for (i = 0; i < LKB_ARRAY_SIZE(wrong); i++) {
		/* On the heap and exactly as long, so that AddressSanitizer sees a byte too far. */
		lkb_autofree char *copy = lkb_strdup(wrong[i]);

		assert_false(lkb_unhex(copy, b, 2));
	}
}

static void crc32_is_zlibs(void **state)
{
	uint8_t b[5000];
	size_t i, n;

	assert_true(lkb_crc32(0, "123456789", 9) == 0xcbf43926);
	assert_int_equal(lkb_crc32(0, NULL, 0), 0);
	for (i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)(i * i * 31 + i / 7);
	for (n = 0; n < sizeof(b); n += 1 + n / 3)
		assert_true(lkb_crc32(0, b, n) == crc32(0, b, (uInt)n));
	/* In pieces. */
	assert_true(lkb_crc32(lkb_crc32(0, b, 1234), b + 1234, sizeof(b) - 1234) ==
		    crc32(0, b, sizeof(b)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_their_order_on_disk),
		cmocka_unit_test(zero_is_told_from_almost_zero),
		cmocka_unit_test(hex_goes_and_comes),
		cmocka_unit_test(what_is_no_hex_is_refused),
		cmocka_unit_test(crc32_is_zlibs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
