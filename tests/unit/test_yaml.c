/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ext/yaml.h"
#include "base/str.h"

/* A tree as one line: "a" quoted text, a plain text, [..], {k: v}. */
static void print_node(const struct lkb_yaml_node *node, struct lkb_str *s)
{
	if (node->type == LKB_YAML_SCALAR) {
		lkb_str_addf(s, node->plain ? "%s" : "\"%s\"", node->text);
		return;
	}
	lkb_str_add(s, node->type == LKB_YAML_SEQ ? "[" : "{");
	for (size_t i = 0; i < node->n; i++) {
		if (i)
			lkb_str_add(s, ", ");
		if (node->type == LKB_YAML_MAP) {
			print_node(node->pairs[i].key, s);
			lkb_str_add(s, ": ");
			print_node(node->pairs[i].value, s);
		} else {
			print_node(node->items[i], s);
		}
	}
	lkb_str_add(s, node->type == LKB_YAML_SEQ ? "]" : "}");
}

static void expect_n(const char *yaml, size_t len, const char *want)
{
	struct lkb_yaml_node *node = NULL;
	struct lkb_error err = { 0 };
	lkb_autoarena arena = { 0 };
	lkb_autostr got = { 0 };

	if (lkb_yaml_parse(yaml, len, "x.yml", &arena, &node, &err)) {
		assert_null(node);
		assert_int_equal(err.kind, LKB_INPUT);
		assert_true(err.hint[0]);
		lkb_str_addf(&got, "%s:%u:%u: %s", err.file, err.line, err.column, err.message);
	} else {
		print_node(node, &got);
	}
	assert_string_equal(lkb_str_get(&got), want);
}

static void expect(const char *yaml, const char *want)
{
	expect_n(yaml, strlen(yaml), want);
}

static void values_keep_their_text(void **state)
{
	expect("a: 1\nb: [x, \"y\", 'z']\nc: {d: 0644, e: 1.10}\n",
	       "{a: 1, b: [x, \"y\", \"z\"], c: {d: 0644, e: 1.10}}");
	expect("a: |\n  one\n  two\n", "{a: \"one\ntwo\n\"}");
	expect("a: >-\n  one\n  two\n", "{a: \"one two\"}");
	expect("a: !!str 1\nb: !!int \"1\"\nc: ! 2\n", "{a: \"1\", b: 1, c: \"2\"}");
	expect("{\"a\": [1, true, null], \"b\": {\"c\": \"d\\/e\"}}\n",
	       "{\"a\": [1, true, null], \"b\": {\"c\": \"d/e\"}}");
}

static void line_ends_marks_and_document_starts_do_not_matter(void **state)
{
	expect("a: 1\r\nb:\r\n- x\r\n- y\r\n", "{a: 1, b: [x, y]}");
	expect("--- # comment\na: 1\n...\n", "{a: 1}");
	expect("%YAML 1.1\n---\na: 1\n", "{a: 1}");
	expect("\xef\xbb\xbf" "a: [\n", "x.yml:2:1: did not find expected node content, while "
					"parsing a flow node");
}

static void utf_16_is_read_by_its_mark(void **state)
{
	expect_n("\xff\xfe" "a\0:\0 \0\xe4\0\n\0", 12, "{a: \xc3\xa4}");
	expect_n("\xfe\xff" "\0a\0:\0 \x4f\x60\xd8\x3d\xde\0", 14,
		 "{a: \xe4\xbd\xa0\xf0\x9f\x98\x80}");
	expect_n("\xff\xfe", 2, "{}");
	expect_n("\xff\xfe" "a\0:\0\n\0 ", 9,
		 "x.yml:2:1: the text is not UTF-16: half a character");
	expect_n("\xff\xfe" "a\0:\0 \0\0\xd8", 10,
		 "x.yml:1:4: the text is not UTF-16: half a character");
	expect_n("\xff\xfe" "a\0:\0 \0\0\xdc", 10,
		 "x.yml:1:4: the text is not UTF-16: half a character");
	expect_n("a\0:\0", 4, "x.yml:1:2: control character 0x00 is not allowed in YAML");
}

static void nothing_is_an_empty_map(void **state)
{
	expect("", "{}");
	expect("# only a comment\n", "{}");
	expect("---\n", "{}");
	expect("null\n", "{}");
}

static void positions_are_lines_and_characters(void **state)
{
	const char *yaml = "a: 1\n\"\xc3\xa4\xc3\xb6\": {b: [x,\n  y]}\n";
	struct lkb_yaml_node *node = NULL;
	const struct lkb_yaml_node *list;
	lkb_autoarena arena = { 0 };

	assert_int_equal(lkb_yaml_parse(yaml, strlen(yaml), "x.yml", &arena, &node, NULL), 0);
	assert_int_equal(node->pairs[1].key->line, 2);
	assert_int_equal(node->pairs[1].key->column, 1);
	assert_int_equal(node->pairs[1].value->column, 7);
	list = lkb_yaml_get(node->pairs[1].value, "b");
	assert_non_null(list);
	assert_int_equal(list->column, 11);
	assert_int_equal(list->items[1]->line, 3);
	assert_int_equal(list->items[1]->column, 3);
	assert_null(lkb_yaml_get(node, "b"));
	assert_null(lkb_yaml_get(list, "b"));
}

static void null_is_plain(void **state)
{
	const char *yaml = "[ , ~, null, Null, NULL, '', 'null', nil, nULL]";
	struct lkb_yaml_node *node = NULL;
	lkb_autoarena arena = { 0 };

	assert_int_equal(lkb_yaml_parse("[~, null, Null, NULL, '', 'null', nil, nULL]", 44, "x",
					&arena, &node, NULL), 0);
	assert_int_equal(node->n, 8);
	for (size_t i = 0; i < node->n; i++)
		assert_int_equal(lkb_yaml_is_null(node->items[i]), i < 4);
	expect(yaml, "x.yml:1:3: did not find expected node content, while parsing a flow node");
}

static void aliases_repeat_their_anchor(void **state)
{
	expect("a: &x [1, 2]\nb: *x\nc: &x 3\nd: *x\n", "{a: [1, 2], b: [1, 2], c: 3, d: 3}");
	expect("&k a: 1\nb: *k\n*k : 2\n", "{a: 1, b: a, a: 2}");
	expect("a: *x\nb: &x 1\n", "x.yml:1:4: alias '*x' has no anchor before it");
	expect("a: &x [1, *x]\n", "x.yml:1:11: alias '*x' stands inside its own anchor");
}

static void merge_keys_add_what_the_map_does_not_say(void **state)
{
	expect("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3, r: 4}\n",
	       "{a: {p: 1, q: 2}, b: {q: 3, r: 4, p: 1}}");
	expect("a: &x {p: 1}\nb: &y {p: 2, q: 2}\nc: {<<: [*x, *y]}\n",
	       "{a: {p: 1}, b: {p: 2, q: 2}, c: {p: 1, q: 2}}");
	expect("a: {\"<<\": 1}\n", "{a: {\"<<\": 1}}");
	expect("a: {<<: 1}\n", "x.yml:1:9: '<<' needs a map or a list of maps, not text");
	expect("a: {<<: [{b: 1}, [c]]}\n",
	       "x.yml:1:18: '<<' needs a map or a list of maps, not a list");
}

static void a_key_given_twice_is_marked(void **state)
{
	const char *yaml = "a: 1\nb: 2\na: 3\n'a': 4\n";
	struct lkb_yaml_node *node = NULL;
	lkb_autoarena arena = { 0 };

	assert_int_equal(lkb_yaml_parse(yaml, strlen(yaml), "x.yml", &arena, &node, NULL), 0);
	assert_int_equal(node->n, 4);
	assert_null(node->pairs[0].first);
	assert_null(node->pairs[1].first);
	assert_ptr_equal(node->pairs[2].first, node->pairs[0].key);
	assert_ptr_equal(node->pairs[3].first, node->pairs[0].key);
}

static void what_is_no_yaml_is_refused_with_its_place(void **state)
{
	expect("a: 1\n b: 2\n", "x.yml:2:3: mapping values are not allowed in this context");
	expect("a:\n  - b\n c: 1\n", "x.yml:3:2: did not find expected key, while parsing a block "
				     "mapping that starts in line 1");
	expect("a: \"x\n", "x.yml:1:4: found unexpected end of stream, while scanning a quoted "
			   "scalar");
	expect("a: @pkg:x\n", "x.yml:1:4: found character that cannot start any token");
	expect("a: 1\n---\nb: 2\n", "x.yml:2:1: a second document starts here; a file holds one");
	expect("? [a]\n: 1\n", "x.yml:1:3: a key must be text, not a list");
	expect("a: !foo 1\n", "x.yml:1:4: tag '!foo' is not known here");
	expect("a: !!binary aGk=\n", "x.yml:1:4: tag '!!binary' is not known here");
	expect("a: b\n\xff", "x.yml:2:1: the text is not UTF-8: invalid leading UTF-8 octet");
	expect("a: b\nc: \x07\n", "x.yml:2:4: control character 0x07 is not allowed in YAML");
	expect_n("a: b\0c", 6, "x.yml:1:5: control character 0x00 is not allowed in YAML");
}

static void expect_hint(const char *yaml, const char *hint)
{
	struct lkb_yaml_node *node = NULL;
	struct lkb_error err = { 0 };
	lkb_autoarena arena = { 0 };

	assert_int_equal(lkb_yaml_parse(yaml, strlen(yaml), "x.yml", &arena, &node, &err), -1);
	assert_string_equal(err.hint, hint);
}

static void a_hint_says_what_to_change(void **state)
{
	expect_hint("image: @pkg:x\n", "text that starts with '@', '`' or '%' needs quotes; so does "
				       "'|' or '>' in [ ] or { }");
	expect_hint("a:\n\tb: 1\n", "indent by spaces, not by tabs");
	expect_hint("a:\n-\tb: 1\n", "indent by spaces, not by tabs");
	expect_hint("a: 'b' c\n", "the value ends before this: remove what follows, or put quotes "
				  "around all of it");
	expect_hint("a:\n  b: |\n    text\n# comment\n    text\n",
		    "the comment in line 4 ends the block of text above it: indent it like the "
		    "text");
	expect_hint("a:\n  b: |\n    text\n  c\n    text\n",
		    "a key ends with ':'; text of several lines needs '|' or quotes");
	expect_hint("a: 1\n---\nb: 2\n",
		    "remove the '---', or put what follows in a file of its own");
	expect_hint("a: \x01\n", "remove it, or write it as \"\\x01\" in double quotes");
	expect_hint("a: *\xff\n", "save the file as UTF-8");
	expect_hint("a: !<x b\n", "look for a quote, a bracket or a ':' that is missing here or "
				  "above");
}

static void depth_is_bounded(void **state)
{
	lkb_autostr deep = { 0 };

	for (size_t i = 0; i < LKB_YAML_MAX_DEPTH; i++)
		lkb_str_addc(&deep, '[');
	for (size_t i = 0; i < LKB_YAML_MAX_DEPTH; i++)
		lkb_str_addc(&deep, ']');
	expect(deep.s, deep.s);
	lkb_str_clear(&deep);
	for (size_t i = 0; i < 100000; i++)
		lkb_str_addc(&deep, '[');
	expect(deep.s, "x.yml:1:65: values nest more than 64 levels deep");
	/* Depth that comes of aliases counts as well. */
	lkb_str_clear(&deep);
	lkb_str_add(&deep, "a0: &a0 []\n");
	for (int i = 1; i < 64; i++)
		lkb_str_addf(&deep, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	expect(deep.s, "x.yml:64:12: alias '*a62' nests more than 64 levels deep");
}

static void an_alias_bomb_is_refused(void **state)
{
	lkb_autostr bomb = { 0 };

	lkb_str_add(&bomb, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 10; i++) {
		lkb_str_addf(&bomb, "a%d: &a%d [", i, i);
		for (int k = 0; k < 9; k++)
			lkb_str_addf(&bomb, "%s*a%d", k ? ", " : "", i - 1);
		lkb_str_add(&bomb, "]\n");
	}
	expect(lkb_str_get(&bomb), "x.yml:7:10: the file holds more than 1000000 values; each "
				   "use of an alias counts");
	lkb_str_clear(&bomb);
	for (int i = 0; i < 1001; i++)
		lkb_str_addf(&bomb, "- &a%d x\n", i);
	expect(lkb_str_get(&bomb), "x.yml:1001:3: the file holds more than 1000 anchors");
}

/* Each is refused, or read, before it costs much; the last two would be quadratic. */
static void other_bombs_do_not_go_off(void **state)
{
	lkb_autostr bomb = { 0 };

	lkb_str_add(&bomb, "a0: &a0 {x: 1, y: 2}\n");
	for (int i = 1; i < 60; i++)
		lkb_str_addf(&bomb, "a%d: &a%d {<<: [*a%d, *a%d]}\n", i, i, i - 1, i - 1);
	expect(bomb.s, "x.yml:17:23: the file holds more than 1000000 values; each use of an "
		       "alias counts");
	lkb_str_clear(&bomb);
	lkb_str_add(&bomb, "a: &a {");
	for (int i = 0; i < 1000; i++)
		lkb_str_addf(&bomb, "k%d: v, ", i);
	lkb_str_add(&bomb, "}\nb: {<<: [");
	for (int i = 0; i < 600; i++)
		lkb_str_add(&bomb, "*a, ");
	lkb_str_add(&bomb, "]}\n");
	expect(bomb.s, "x.yml:2:2002: the file holds more than 1000000 values; each use of an "
		       "alias counts");
	lkb_str_clear(&bomb);
	for (int i = 0; i < 1000; i++)
		lkb_str_addf(&bomb, "- &a%d x\n", i);
	for (int i = 0; i < 999000; i++)
		lkb_str_add(&bomb, "- *a0\n");
	expect(bomb.s, "x.yml:1000000:3: the file holds more than 1000000 values; each use of an "
		       "alias counts");
}

static void size_is_bounded(void **state)
{
	expect_n("", LKB_YAML_MAX_TEXT + 1, "x.yml:1:1: the file is larger than 16 MiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_keep_their_text),
		cmocka_unit_test(line_ends_marks_and_document_starts_do_not_matter),
		cmocka_unit_test(utf_16_is_read_by_its_mark),
		cmocka_unit_test(nothing_is_an_empty_map),
		cmocka_unit_test(positions_are_lines_and_characters),
		cmocka_unit_test(null_is_plain),
		cmocka_unit_test(aliases_repeat_their_anchor),
		cmocka_unit_test(merge_keys_add_what_the_map_does_not_say),
		cmocka_unit_test(a_key_given_twice_is_marked),
		cmocka_unit_test(what_is_no_yaml_is_refused_with_its_place),
		cmocka_unit_test(a_hint_says_what_to_change),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(an_alias_bomb_is_refused),
		cmocka_unit_test(other_bombs_do_not_go_off),
		cmocka_unit_test(size_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
