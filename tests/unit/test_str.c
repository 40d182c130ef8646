/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"
#include "base/utf8.h"

static void a_string_grows_and_always_ends(void **state)
{
	lkb_autostr s = {0};
	size_t i;

	assert_string_equal(lkb_str_get(&s), "");
	for (i = 0; i < 10000; i++) {
		lkb_str_addc(&s, (char)('a' + i % 26));
		assert_int_equal(s.s[s.len], '\0');
	}
	assert_int_equal(s.len, 10000);
	assert_int_equal(s.s[9999], 'a' + 9999 % 26);
	lkb_str_addf(&s, "%0200d", 7);
	assert_int_equal(s.len, 10200);
	assert_int_equal(strlen(s.s), 10200);
}

static void bytes_may_hold_anything(void **state)
{
	lkb_autostr s = {0};

	lkb_str_addn(&s, "a\0b", 3);
	lkb_str_addn(&s, NULL, 0);
	lkb_str_add(&s, "");
	assert_int_equal(s.len, 3);
	assert_memory_equal(s.s, "a\0b", 4);
}

static void taking_an_empty_string_gives_a_string(void **state)
{
	struct lkb_str s = {0};
	lkb_autofree char *empty = lkb_str_take(&s);
	lkb_autofree char *text = NULL;

	assert_string_equal(empty, "");
	lkb_str_add(&s, "x");
	text = lkb_str_take(&s);
	assert_string_equal(text, "x");
	assert_null(s.s);
	assert_int_equal(s.len + s.cap, 0);
}

static void format_fits_any_length(void **state)
{
	lkb_autofree char *text = lkb_format("%s-%d-%0300d", "a", 1, 5);
	lkb_autofree char *empty = lkb_format("%s", "");

	assert_int_equal(strlen(text), 304);
	assert_string_equal(empty, "");
}

static void a_list_is_an_argv(void **state)
{
	lkb_autostrv v = {0};
	size_t i;

	for (i = 0; i < 100; i++) {
		lkb_strv_addf(&v, "%zu", 99 - i);
		assert_null(v.items[v.n]);
	}
	assert_true(lkb_strv_has(&v, "42"));
	assert_false(lkb_strv_has(&v, "4 2"));
	lkb_strv_sort(&v);
	assert_string_equal(v.items[0], "0");
	assert_string_equal(v.items[1], "1");
	assert_string_equal(v.items[2], "10");
	assert_string_equal(v.items[99], "99");
	assert_null(v.items[100]);
}

static void sorting_is_by_bytes_whatever_the_locale(void **state)
{
	lkb_autostrv v = {0};

	lkb_strv_sort(&v);
	lkb_strv_add(&v, "b");
	lkb_strv_add(&v, "\xc3\xa4");
	lkb_strv_add(&v, "B");
	lkb_strv_add(&v, "a");
	lkb_strv_sort(&v);
	assert_string_equal(v.items[0], "B");
	assert_string_equal(v.items[1], "a");
	assert_string_equal(v.items[2], "b");
	assert_string_equal(v.items[3], "\xc3\xa4");
}

static void prefixes_and_suffixes(void **state)
{
	assert_true(lkb_starts_with("abc", "ab"));
	assert_true(lkb_starts_with("abc", ""));
	assert_false(lkb_starts_with("ab", "abc"));
	assert_true(lkb_ends_with("a.yml", ".yml"));
	assert_true(lkb_ends_with("", ""));
	assert_false(lkb_ends_with("ml", ".yml"));
}

static void did_you_mean_is_near_or_silent(void **state)
{
	static const char *const known[] = {"build", "plan", "check", "image", "services"};
	static const struct {
		const char *word, *meant;
	} rows[] = {
		{"biuld", "build"}, /* swap */
		{"imagee", "image"}, {"imge", "image"}, {"imaga", "image"}, /* insert, delete, change */
		{"service", "services"}, {"serivces", "services"}, {"build", "build"},
		{"xyz", NULL}, {"", NULL}, {"flash", NULL}, {"completely-different", NULL},
	};
	char longest[70];
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(rows); i++) {
		const char *meant = lkb_did_you_mean(rows[i].word, known, LKB_ARRAY_SIZE(known));

		if (rows[i].meant)
			assert_string_equal(meant, rows[i].meant);
		else
			assert_null(meant);
	}
	/* Words beyond the table's width are left out on both sides. */
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_null(lkb_did_you_mean(longest, known, LKB_ARRAY_SIZE(known)));
	assert_null(lkb_did_you_mean("aaa", (const char *[]){longest}, 1));
	longest[64] = '\0';
	assert_ptr_equal(lkb_did_you_mean(longest, (const char *[]){longest}, 1), longest);
	assert_null(lkb_did_you_mean("a", NULL, 0));
}

static void globs(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool fits;
	} rows[] = {
		{"", "", true},		 {"", "a", false},	 {"*", "", true},
		{"*", "a/b", true},	 {"a*c", "abc", true},	 {"a*c", "ac", true},
		{"a*c", "acd", false},	 {"?", "", false},	 {"?", "x", true},
		{"a?c", "abc", true},	 {"*.ko", "x.ko", true}, {"*.ko", "x.ko.xz", false},
		{"**a**", "bab", true},	 {"a*b*c", "axxbxxbc", true}, {"[ab]", "a", false},
		{"[ab]", "[ab]", true},	 {"\\*", "*", false},
	};
	lkb_autostr pattern = {0}, name = {0};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(rows); i++)
		if (lkb_glob_match(rows[i].pattern, rows[i].name) != rows[i].fits)
			fail_msg("'%s' and '%s'", rows[i].pattern, rows[i].name);
	/* What takes others exponential time. */
	for (i = 0; i < 500; i++) {
		lkb_str_add(&pattern, "a*");
		lkb_str_add(&name, "aa");
	}
	lkb_str_add(&pattern, "b");
	assert_false(lkb_glob_match(pattern.s, name.s));
}

#define EXPECT(call, text) \
	do { \
		lkb_autofree char *got = (call); \
		assert_string_equal(got, text); \
	} while (0)

static void paths(void **state)
{
	EXPECT(lkb_path_join("a", "b"), "a/b");
	EXPECT(lkb_path_join("a/", "b"), "a/b");
	EXPECT(lkb_path_join("/", "b"), "/b");
	EXPECT(lkb_path_join("", "b"), "b");
	EXPECT(lkb_path_join("a", "/b"), "/b");
	EXPECT(lkb_path_dirname("a"), ".");
	EXPECT(lkb_path_dirname("/a"), "/");
	EXPECT(lkb_path_dirname("a/b/c"), "a/b");
	EXPECT(lkb_path_dirname("a/"), "a");
	EXPECT(lkb_path_stem("a/hello.yml"), "hello");
	EXPECT(lkb_path_stem("hello"), "hello");
	EXPECT(lkb_path_stem("a.b/hello"), "hello");
	EXPECT(lkb_path_stem(".hidden"), ".hidden");
	EXPECT(lkb_path_stem("hello.tar.gz"), "hello.tar");
	EXPECT(lkb_path_stem("-"), "-");
	assert_string_equal(lkb_path_basename("a/b"), "b");
	assert_string_equal(lkb_path_basename("a/"), "");
	assert_string_equal(lkb_path_basename("b"), "b");
}

/* The borders of Unicode's table 3-7. */
static void utf8_is_told_from_other_bytes(void **state)
{
	static const struct {
		const char *bytes;
		size_t n, len;
	} rows[] = {
		{"", 0, 0}, {"a", 1, 1}, {"\0", 1, 1}, {"\x7f", 1, 1}, {"\x80", 1, 0},
		{"\xc1\xbf", 2, 0}, {"\xc2\x80", 2, 2}, {"\xdf\xbf", 2, 2}, {"\xc2", 1, 0},
		{"\xc2""a", 2, 0}, {"\xe0\x9f\xbf", 3, 0}, {"\xe0\xa0\x80", 3, 3},
		{"\xed\x9f\xbf", 3, 3}, {"\xed\xa0\x80", 3, 0}, {"\xef\xbf\xbf", 3, 3},
		{"\xe2\x82", 2, 0}, {"\xe2\x82""a", 3, 0}, {"\xf0\x8f\xbf\xbf", 4, 0},
		{"\xf0\x90\x80\x80", 4, 4}, {"\xf4\x8f\xbf\xbf", 4, 4}, {"\xf4\x90\x80\x80", 4, 0},
		{"\xf5\x80\x80\x80", 4, 0}, {"\xff", 1, 0},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(rows); i++)
		if (lkb_utf8_len(rows[i].bytes, rows[i].n) != rows[i].len)
			fail_msg("row %zu", i);
}

static void show(const char *bytes, size_t n, bool lines, const char *text)
{
	lkb_autostr s = {0};

	lkb_utf8_show(&s, bytes, n, lines);
	assert_string_equal(lkb_str_get(&s), text);
	assert_int_equal(s.len, strlen(text));
}

static void foreign_text_cannot_steer_a_terminal(void **state)
{
	show("plain \\ text", 12, false, "plain \\ text");
	show("\xc3\xa4\xe2\x82\xac", 5, false, "\xc3\xa4\xe2\x82\xac");
	show("\x1b[2J\r\x7f", 6, false, "\\x1b[2J\\x0d\\x7f");
	show("a\0b", 3, false, "a\\x00b");
	show("a\n\tb", 4, false, "a\\x0a\\x09b");
	show("a\n\tb\r", 5, true, "a\n\tb\\x0d");
	show("\xc2\x9b" "2J", 4, false, "\\xc2\\x9b2J"); /* CSI as one character */
	show("cut \xe2\x82", 6, false, "cut \\xe2\\x82");
	show("\xe2\x80\xae" "gpj.exe", 10, false, "\\xe2\\x80\\xaegpj.exe"); /* right to left */
	show("\xd8\x9c\xe2\x81\xa6", 5, true, "\\xd8\\x9c\\xe2\\x81\\xa6");
	show("\xe2\x80\x8d\xe2\x80\xaf", 6, false, "\xe2\x80\x8d\xe2\x80\xaf"); /* joiner, blank */
	show("", 0, false, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_string_grows_and_always_ends),
		cmocka_unit_test(bytes_may_hold_anything),
		cmocka_unit_test(taking_an_empty_string_gives_a_string),
		cmocka_unit_test(format_fits_any_length),
		cmocka_unit_test(a_list_is_an_argv),
		cmocka_unit_test(sorting_is_by_bytes_whatever_the_locale),
		cmocka_unit_test(prefixes_and_suffixes),
		cmocka_unit_test(did_you_mean_is_near_or_silent),
		cmocka_unit_test(globs),
		cmocka_unit_test(paths),
		cmocka_unit_test(utf8_is_told_from_other_bytes),
		cmocka_unit_test(foreign_text_cannot_steer_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
