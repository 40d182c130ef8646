/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON reader of the system init: what runtime.json may look like, and what it must not do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "ondevice/system/json.h"

static const struct lkb_json *parse(struct lkb_arena *arena, const char *text)
{
	const struct lkb_json *v = NULL;
	struct lkb_error err = {0};

	if (lkb_json_parse(text, strlen(text), arena, &v, &err))
		fail_msg("%s: %s", text, err.message);
	return v;
}

static void assert_refused(const char *text, const char *why)
{
	lkb_autoarena arena = {0};
	const struct lkb_json *v = NULL;
	struct lkb_error err = {0};

	if (!lkb_json_parse(text, strlen(text), &arena, &v, &err))
		fail_msg("accepted: %s", text);
	assert_null(v);
	assert_int_equal(err.kind, LKB_INPUT);
	assert_string_equal(err.message, why);
}

static void a_runtime_json_is_read(void **state)
{
	static const char text[] =
		"{\"cgroups\": [], \"mounts\": [\n"
		"  {\"destination\": \"/a\", \"options\": [\"bind\", \"ro\"]},\n"
		"  {\"destination\": \"/b\", \"type\": \"tmpfs\"}\n"
		"], \"mkdir\": [\"/var/x\"], \"bindNS\": {\"net\": \"\"}, \"namespace\": \"ns\"}";
	lkb_autoarena arena = {0};
	const struct lkb_json *v = parse(&arena, text);
	const struct lkb_json *m = lkb_json_items(v, "mounts");

	assert_string_equal(lkb_json_string(m, "destination"), "/a");
	assert_string_equal(lkb_json_items(m, "options")->text, "bind");
	assert_string_equal(lkb_json_items(m, "options")->next->text, "ro");
	assert_string_equal(lkb_json_string(m->next, "type"), "tmpfs");
	assert_null(m->next->next);
	assert_null(lkb_json_items(v, "cgroups"));
	assert_string_equal(lkb_json_string(v, "namespace"), "ns");
	assert_string_equal(lkb_json_get(v, "bindNS")->first->key, "net");
}

static void what_is_missing_reads_as_nothing(void **state)
{
	lkb_autoarena arena = {0};
	const struct lkb_json *v = parse(&arena, "{\"n\": 12, \"s\": \"t\", \"z\": null}");

	assert_string_equal(lkb_json_string(v, "n"), "");
	assert_string_equal(lkb_json_string(v, "none"), "");
	assert_null(lkb_json_items(v, "s"));
	assert_null(lkb_json_get(lkb_json_get(v, "s"), "x"));
	assert_string_equal(lkb_json_string(NULL, "x"), "");
	assert_int_equal(lkb_json_get(v, "z")->type, LKB_JSON_NULL);
}

static void values_of_every_kind(void **state)
{
	lkb_autoarena arena = {0};
	static const char text[] = " [true, false, null, -0, 10.25e+3, \"\", {}, []] ";
	const struct lkb_json *v = parse(&arena, text);

	assert_int_equal(v->type, LKB_JSON_ARRAY);
	v = v->first;
	assert_true(v->type == LKB_JSON_BOOL && v->truth);
	v = v->next;
	assert_true(v->type == LKB_JSON_BOOL && !v->truth);
	v = v->next;
	assert_int_equal(v->type, LKB_JSON_NULL);
	v = v->next;
	assert_string_equal(v->text, "-0");
	v = v->next;
	assert_string_equal(v->text, "10.25e+3");
	v = v->next;
	assert_string_equal(v->text, "");
	v = v->next;
	assert_true(v->type == LKB_JSON_OBJECT && !v->first);
	v = v->next;
	assert_true(v->type == LKB_JSON_ARRAY && !v->first && !v->next);
}

static void escapes_become_utf8(void **state)
{
	lkb_autoarena arena = {0};

	assert_string_equal(parse(&arena, "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")->text,
			    "\"\\/\b\f\n\r\t");
	assert_string_equal(parse(&arena, "\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"")->text,
			    "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
}

static void of_two_members_with_one_key_the_last_counts(void **state)
{
	lkb_autoarena arena = {0};

	assert_string_equal(lkb_json_string(parse(&arena, "{\"a\":\"1\",\"a\":\"2\"}"), "a"), "2");
}

static void wrong_texts_are_refused_with_the_reason(void **state)
{
	assert_refused("", "line 1: this is no value");
	assert_refused("{", "line 1: a string was expected");
	assert_refused("{\"a\"}", "line 1: ':' was expected");
	assert_refused("{\"a\":1,}", "line 1: a string was expected");
	assert_refused("[1\n 2]", "line 2: ',' or a closing bracket was expected");
	assert_refused("[1,]", "line 1: this is no value");
	assert_refused("[1] x", "line 1: something stands behind the end");
	assert_refused("01", "line 1: this is no value");
	assert_refused("1.", "line 1: a digit was expected behind '.'");
	assert_refused("1e", "line 1: a digit was expected in the exponent");
	assert_refused("nul", "line 1: this is no value");
	assert_refused("\"abc", "line 1: the end comes within a string");
	assert_refused("\"a\nb\"", "line 1: a control character in a string");
	assert_refused("\"\\x\"", "line 1: unknown escape in a string");
	assert_refused("\"\\u12\"", "line 1: \\u wants four hex digits");
	assert_refused("\"\\u0000\"", "line 1: a string holds a NUL");
	assert_refused("\"\\ud83d\"", "line 1: half a surrogate pair");
	assert_refused("\"\\ude00\"", "line 1: half a surrogate pair");
	assert_refused("\"\\ud83d\\u0041\"", "line 1: half a surrogate pair");
}

static void depth_and_number_of_values_are_bounded(void **state)
{
	lkb_autostr deep = {0}, many = {0};
	lkb_autoarena arena = {0};
	int i;

	for (i = 0; i < 32; i++)
		lkb_str_addc(&deep, '[');
	for (i = 0; i < 32; i++)
		lkb_str_addc(&deep, ']');
	parse(&arena, deep.s);
	lkb_str_clear(&deep);
	for (i = 0; i < 100000; i++)
		lkb_str_addc(&deep, '[');
	assert_refused(deep.s, "line 1: nested too deeply");
	for (i = 0; i < 70000; i++)
		lkb_str_add(&many, i ? ",0" : "[0");
	lkb_str_addc(&many, ']');
	assert_refused(many.s, "line 1: too many values");
}

/* Every prefix and every changed byte of a good text: an answer, never a read outside (the
 * sanitizers watch; the copy has exactly the text's size). */
static void damaged_texts_do_no_harm(void **state)
{
	static const char text[] = "{\"a\":[1,-2.5e3,true,null,\"x\\u00e9\\n\"],"
				   "\"b\":{\"c\":\"d\"}}";
	static const char bytes[] = "\"\\{}[],:0u-.e\x01\xff ";
	size_t len = sizeof(text) - 1, i, j;

	for (i = 0; i <= len; i++) {
		for (j = 0; j < sizeof(bytes); j++) {
			char *copy = malloc(len ? len : 1);
			lkb_autoarena arena = {0};
			const struct lkb_json *v;
			struct lkb_error err;

			memcpy(copy, text, len);
			if (i < len && j)
				copy[i] = bytes[j - 1];
			lkb_json_parse(copy, j ? len : i, &arena, &v, &err);
			free(copy);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_runtime_json_is_read),
		cmocka_unit_test(what_is_missing_reads_as_nothing),
		cmocka_unit_test(values_of_every_kind),
		cmocka_unit_test(escapes_become_utf8),
		cmocka_unit_test(of_two_members_with_one_key_the_last_counts),
		cmocka_unit_test(wrong_texts_are_refused_with_the_reason),
		cmocka_unit_test(depth_and_number_of_values_are_bounded),
		cmocka_unit_test(damaged_texts_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
