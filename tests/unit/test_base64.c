/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"

static void text_becomes_bytes(void **state)
{
	static const struct {
		const char *text, *bytes;
	} rows[] = { /* RFC 4648, section 10 */
		{"", ""}, {"Zg==", "f"}, {"Zm8=", "fo"}, {"Zm9v", "foo"}, {"Zm9vYg==", "foob"},
		{"Zm9vYmE=", "fooba"}, {"Zm9vYmFy", "foobar"}, {"+/+/", "\xfb\xff\xbf"},
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(rows); i++) {
		lkb_autostr out = {0};

		assert_true(lkb_base64_decode(rows[i].text, strlen(rows[i].text), &out));
		assert_string_equal(lkb_str_get(&out), rows[i].bytes);
	}
}

static void other_texts_are_none(void **state)
{
	static const char *const rows[] = {
		"Z", "Zg", "Zg=", "Zg==\n", "Zg ==", "=Zg=", "Z===", "====", "Zm9v====", "Zg==Zg==",
		"Zh==", "Zm9=", /* bits that would be dropped */
		"-_-_", "Zm9v\xc3\xa4", "Zm 9v",
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(rows); i++) {
		lkb_autostr out = {0};

		if (lkb_base64_decode(rows[i], strlen(rows[i]), &out))
			fail_msg("'%s' is taken", rows[i]);
		assert_int_equal(out.len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_becomes_bytes),
		cmocka_unit_test(other_texts_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
