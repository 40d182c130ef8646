/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/ext/json.h"

static json_t *parse(const char *text)
{
	struct lkb_error err = {0};
	json_t *v = NULL;

	if (lkb_json_parse(text, strlen(text), "x.json", &v, &err))
		fail_msg("%s", err.message);
	return v;
}

static struct lkb_json_at root_of(const json_t *v)
{
	struct lkb_json_at root = {0};

	assert_int_equal(lkb_json_root(v, "x.json", &root, NULL), 0);
	return root;
}

static void values_are_read_by_type(void **state)
{
	lkb_autojson v = parse("{\"s\":\"text\",\"n\":7,\"o\":{\"in\":true},"
			       "\"a\":[{},{\"k\":\"v\"}],\"l\":[\"x\",\"y\"]}");
	struct lkb_json_at root = root_of(v), o, a, item;
	struct lkb_error err;
	lkb_autostrv list = {0};
	const char *s;
	uint64_t n;
	bool has;

	assert_int_equal(lkb_json_string(&root, "s", LKB_JSON_REQUIRED, &s, &err), 0);
	assert_string_equal(s, "text");
	assert_int_equal(lkb_json_u64(&root, "n", LKB_JSON_REQUIRED, 7, &n, &err), 0);
	assert_int_equal(n, 7);
	assert_int_equal(lkb_json_object(&root, "o", LKB_JSON_REQUIRED, &o, &err), 0);
	assert_true(lkb_json_has(&o, "in"));
	assert_int_equal(lkb_json_array(&root, "a", LKB_JSON_REQUIRED, 2, &a, &err), 0);
	assert_int_equal(lkb_json_count(&a), 2);
	assert_int_equal(lkb_json_item(&a, 1, &item, &err), 0);
	assert_int_equal(lkb_json_string(&item, "k", LKB_JSON_REQUIRED, &s, &err), 0);
	assert_string_equal(s, "v");
	assert_int_equal(lkb_json_strings(&root, "l", 2, &list, &has, &err), 0);
	assert_true(has);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.items[1], "y");
}

static void absent_and_null_are_the_same(void **state)
{
	lkb_autojson v = parse("{\"null\":null}");
	struct lkb_json_at root = root_of(v), o, deep;
	const char *const keys[] = { "null", "absent" };
	struct lkb_error err;

	for (size_t i = 0; i < LKB_ARRAY_SIZE(keys); i++) {
		const char *s = "before";
		uint64_t n = 1;
		lkb_autostrv list = {0};
		bool has = true;

		assert_false(lkb_json_has(&root, keys[i]));
		assert_int_equal(lkb_json_string(&root, keys[i], LKB_JSON_OPTIONAL, &s, &err), 0);
		assert_null(s);
		assert_int_equal(lkb_json_u64(&root, keys[i], LKB_JSON_OPTIONAL, 9, &n, &err), 0);
		assert_int_equal(n, 0);
		assert_int_equal(lkb_json_strings(&root, keys[i], 9, &list, &has, &err), 0);
		assert_false(has);
		assert_int_equal(lkb_json_object(&root, keys[i], LKB_JSON_OPTIONAL, &o, &err), 0);
		assert_null(o.value);
		/* and so is all that would be in it */
		assert_int_equal(lkb_json_object(&o, "x", LKB_JSON_OPTIONAL, &deep, &err), 0);
		assert_int_equal(lkb_json_count(&deep), 0);
	}
}

#define EXPECT(call, text) \
	do { \
		struct lkb_error err = {0}; \
		assert_int_equal(call, -1); \
		assert_string_equal(err.message, text); \
		assert_int_equal(err.kind, LKB_INPUT); \
	} while (0)

static void faults_name_document_and_key(void **state)
{
	lkb_autojson v = parse("{\"s\":1,\"n\":\"x\",\"o\":[],\"a\":[{\"b\":{\"c\":[1,\"x\"]}},2],"
			       "\"neg\":-1,\"l\":[\"x\",[]]}");
	struct lkb_json_at root = root_of(v), a, item, b;
	struct lkb_error none;
	lkb_autostrv list = {0};
	const char *s = "before";
	uint64_t n = 77;

	EXPECT(lkb_json_string(&root, "s", LKB_JSON_OPTIONAL, &s, &err),
	       "x.json: 's' is no string");
	EXPECT(lkb_json_string(&root, "t", LKB_JSON_REQUIRED, &s, &err), "x.json: 't' is missing");
	EXPECT(lkb_json_u64(&root, "n", LKB_JSON_OPTIONAL, 9, &n, &err),
	       "x.json: 'n' is no whole number");
	EXPECT(lkb_json_u64(&root, "neg", LKB_JSON_OPTIONAL, 9, &n, &err),
	       "x.json: 'neg' is -1, not within 0 and 9");
	EXPECT(lkb_json_u64(&root, "s", LKB_JSON_OPTIONAL, 0, &n, &err),
	       "x.json: 's' is 1, not within 0 and 0");
	EXPECT(lkb_json_object(&root, "o", LKB_JSON_OPTIONAL, &b, &err),
	       "x.json: 'o' is no object");
	EXPECT(lkb_json_array(&root, "s", LKB_JSON_OPTIONAL, 9, &a, &err),
	       "x.json: 's' is no list");
	EXPECT(lkb_json_array(&root, "a", LKB_JSON_OPTIONAL, 1, &a, &err),
	       "x.json: 'a' has 2 items, more than 1");
	EXPECT(lkb_json_strings(&root, "l", 9, &list, NULL, &err),
	       "x.json: 'l[1]' is no string");
	assert_int_equal(lkb_json_array(&root, "a", LKB_JSON_OPTIONAL, 9, &a, &none), 0);
	EXPECT(lkb_json_item(&a, 1, &item, &err), "x.json: 'a[1]' is no object");
	assert_int_equal(lkb_json_item(&a, 0, &item, &none), 0);
	assert_int_equal(lkb_json_object(&item, "b", LKB_JSON_REQUIRED, &b, &none), 0);
	EXPECT(lkb_json_strings(&b, "c", 9, &list, NULL, &err),
	       "x.json: 'a[0].b.c[0]' is no string");
	assert_string_equal(s, "before");
	assert_int_equal(n, 77);
	assert_int_equal(list.n, 0);
}

static void what_is_no_json_is_refused(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "x.json: malformed JSON in line 1: '[' or '{' expected near end of file" },
		{ "{\"a\":1\n,\n\"a\":2}",
		  "x.json: malformed JSON in line 3: duplicate object key near '\"a\"'" },
		{ "{\"a\":\"\377\"}",
		  "x.json: malformed JSON in line 1: unable to decode byte 0xff near '\"'" },
		{ "{\"a\":\"\\u0000\"}",
		  "x.json: malformed JSON in line 1: \\u0000 is not allowed without "
		  "JSON_ALLOW_NUL near '\"\\u0000\"'" },
		{ "{} {}", "x.json: malformed JSON in line 1: end of file expected near '{'" },
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		json_t *v = NULL;

		EXPECT(lkb_json_parse(cases[i].text, strlen(cases[i].text), "x.json", &v, &err),
		       cases[i].message);
		assert_null(v);
	}
	EXPECT(lkb_json_root(NULL, "x.json", &(struct lkb_json_at){0}, &err),
	       "x.json: the document is no object");
}

static void text_does_not_tell_the_order_of_making(void **state)
{
	lkb_autojson a = json_object();
	lkb_autojson b = json_object();
	lkb_autofree char *ta = NULL, *tb = NULL, *lines = NULL;
	lkb_autostrv list = {0};

	lkb_strv_add(&list, "/");
	assert_int_equal(lkb_json_set_string(a, "z", "\303\244\n", NULL), 0);
	assert_int_equal(lkb_json_set_strings(a, "l", &list, NULL), 0);
	lkb_json_set(a, "A", json_integer(1));
	lkb_json_set(b, "A", json_integer(1));
	assert_int_equal(lkb_json_set_strings(b, "l", &list, NULL), 0);
	assert_int_equal(lkb_json_set_string(b, "z", "\303\244\n", NULL), 0);
	ta = lkb_json_text(a);
	tb = lkb_json_text(b);
	assert_string_equal(ta, "{\"A\":1,\"l\":[\"/\"],\"z\":\"\303\244\\n\"}");
	assert_string_equal(ta, tb);
	lines = lkb_json_text_indented(a);
	assert_string_equal(lines, "{\n  \"A\": 1,\n  \"l\": [\n    \"/\"\n  ],\n"
				   "  \"z\": \"\303\244\\n\"\n}\n");
}

static void text_that_is_not_utf8_is_refused(void **state)
{
	lkb_autojson v = json_object();
	lkb_autostrv list = {0};

	lkb_strv_add(&list, "fine");
	lkb_strv_add(&list, "\300\257");
	EXPECT(lkb_json_set_string(v, "k", "\377", &err), "'k' or its value is not UTF-8");
	EXPECT(lkb_json_set_strings(v, "k", &list, &err), "item 1 of 'k' is not UTF-8");
	assert_int_equal(json_object_size(v), 0);
}

static void names_need_not_be_utf8(void **state)
{
	lkb_autojson plain = lkb_json_name("a\303\244");
	lkb_autojson other = lkb_json_name("a\344%\n");

	assert_string_equal(json_string_value(plain), "a\303\244");
	assert_string_equal(json_string_value(other), "a%E4%\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read_by_type),
		cmocka_unit_test(absent_and_null_are_the_same),
		cmocka_unit_test(faults_name_document_and_key),
		cmocka_unit_test(what_is_no_json_is_refused),
		cmocka_unit_test(text_does_not_tell_the_order_of_making),
		cmocka_unit_test(text_that_is_not_utf8_is_refused),
		cmocka_unit_test(names_need_not_be_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
