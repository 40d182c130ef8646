/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <glob.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "rootfs/spec/spec.h"

/*
 * The table of a spec's keys is tested by itself: each of its keys is in the man page, in a golden
 * file that shows what it becomes, and in one that shows what is said about a wrong value. Nothing
 * here lists keys: a new row fails until it has all three.
 *
 * lkboard-spec(5) and the schema table name the same keys: in the page, each object is a ".Ss" with
 * its name in the title, and each key an ".It Cm" below it.
 */
#define PAGE "docs/man/lkboard-spec.5"
#define MAX_PAGE ((size_t)1 << 20)

struct check {
	const char *keys; /* the page from its ".Sh KEYS" on */
	size_t n, n_missing;
};

/* The object that a key belongs to: "kernel" of "kernel.image", "mounts" of
 * "services[].mounts[].type", "Top level" of "init"; with its parent before it if `parent`. */
static char *object_of(const char *path, const char *key, bool parent)
{
	lkb_autofree char *text = lkb_format("%.*s", (int)(strlen(path) - strlen(key)), path);
	lkb_autostr bare = { 0 };
	char *start;

	for (const char *p = text; *p; p++)
		if (!strchr("[]", *p))
			lkb_str_addc(&bare, *p);
	if (!bare.len)
		return lkb_format("Top level");
	bare.s[bare.len - 1] = '\0';
	start = strrchr(bare.s, '.');
	if (start && parent && memrchr(bare.s, '.', (size_t)(start - bare.s)))
		start = memrchr(bare.s, '.', (size_t)(start - bare.s));
	else if (parent)
		start = NULL;
	return lkb_format("%s", start ? start + 1 : bare.s);
}

/* The next section or subsection title after `at`, or the end of the text. */
static const char *next_title(const char *at)
{
	const char *ss = strstr(at, "\n.Ss "), *sh = strstr(at, "\n.Sh ");

	if (!ss || (sh && sh < ss))
		ss = sh;
	return ss ? ss : at + strlen(at);
}

/* True if the title has the word. */
static bool has_word(const char *title, const char *word)
{
	static const char ends[] = " ,\n";
	size_t len = strlen(word);

	for (const char *at = strstr(title, word); at; at = strstr(at + 1, word))
		if (at > title && strchr(ends, at[-1]) && strchr(ends, at[len]))
			return true;
	return false;
}

/* The text below the title that names the object; NULL if there is none. */
static char *section_of(const char *keys, const char *object)
{
	for (const char *at = next_title(keys + 1); *at; at = next_title(at + 1)) {
		const char *body = at + 1 + strcspn(at + 1, "\n");
		lkb_autofree char *title = lkb_format("%.*s\n", (int)(body - at), at);

		if (has_word(title, object))
			return lkb_format("%.*s\n", (int)(next_title(body) - body), body);
	}
	return NULL;
}

static void check_key(void *ctx, const char *path, const struct lkb_schema_key *key)
{
	struct check *c = ctx;
	lkb_autofree char *object = object_of(path, key->name, false);
	lkb_autofree char *longer = object_of(path, key->name, true);
	lkb_autofree char *own = section_of(c->keys, longer);
	lkb_autofree char *section = own ? lkb_format("%s", own) : section_of(c->keys, object);
	lkb_autofree char *item = lkb_format("\n.It Cm %s\n", key->name);
	const char *found = section ? strstr(section, item) : NULL;

	c->n++;
	if (!key->doc || !*key->doc) {
		print_error("'%s' has no line of documentation in the table\n", path);
		c->n_missing++;
	}
	if (!found) {
		print_error("'%s' is not in " PAGE "\n", path);
		c->n_missing++;
	}
}

/* The page from its list of keys on; *ret_page owns it. */
static const char *read_page(char **ret_page)
{
	const char *keys;
	size_t len;

	if (lkb_read_file(PAGE, MAX_PAGE, ret_page, &len, NULL))
		fail_msg("run this from the root of the source: there is no " PAGE);
	keys = strstr(*ret_page, "\n.Sh KEYS");
	assert_non_null(keys);
	return keys;
}

static void every_key_is_in_the_man_page(void **state)
{
	lkb_autofree char *page = NULL;
	struct check c = { .keys = read_page(&page) };

	lkb_schema_walk(lkb_spec_schema(), check_key, &c);
	assert_true(c.n > 100);
	assert_int_equal(c.n_missing, 0);
}

static void add_known(void *ctx, const char *path, const struct lkb_schema_key *key)
{
	lkb_strv_add(ctx, key->name);
}

static void every_key_of_the_man_page_exists(void **state)
{
	lkb_autofree char *page = NULL;
	lkb_autostrv known = { 0 };
	const char *at = read_page(&page);
	size_t n = 0, stale = 0;

	lkb_schema_walk(lkb_spec_schema(), add_known, &known);
	for (at = strstr(at, "\n.It Cm "); at; at = strstr(at + 1, "\n.It Cm ")) {
		const char *name = at + strlen("\n.It Cm ");
		lkb_autofree char *key = lkb_format("%.*s", (int)strcspn(name, "\n"), name);

		n++;
		if (!lkb_strv_has(&known, key)) {
			print_error(PAGE " has a key '%s' that does not exist\n", key);
			stale++;
		}
	}
	assert_true(n > 50);
	assert_int_equal(stale, 0);
}

/* --- golden files ------------------------------------------------------------------------------ */

#define SPECS "tests/golden/spec"
#define RUNTIME "tests/golden/runtime" /* what a container's keys become: test_runtime.c */
#define MAX_GOLDEN ((size_t)1 << 20)

static void each_file(const char *pattern, void (*fn)(const char *text, size_t len, void *ctx),
		      void *ctx)
{
	glob_t found = { 0 };

	if (glob(pattern, 0, NULL, &found))
		fail_msg("run this from the root of the source: there is no %s", pattern);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		lkb_autofree char *text = NULL;
		size_t len;

		if (lkb_read_file(found.gl_pathv[i], MAX_GOLDEN, &text, &len, NULL))
			fail_msg("cannot read %s", found.gl_pathv[i]);
		fn(text, len, ctx);
	}
	globfree(&found);
}

/* The three kinds of containers have the same keys. */
static char *in_services(const char *path)
{
	static const char *const same[] = { "onboot[]", "onshutdown[]" };

	for (size_t i = 0; i < LKB_ARRAY_SIZE(same); i++)
		if (lkb_starts_with(path, same[i]))
			return lkb_format("services[]%s", path + strlen(same[i]));
	return lkb_format("%s", path);
}

static void add_path(struct lkb_strv *paths, const char *path)
{
	lkb_autofree char *same = in_services(path);

	if (!lkb_strv_has(paths, same))
		lkb_strv_add(paths, same);
}

/* Adds the path of each key below a node of a golden file. */
static void add_paths(const struct lkb_yaml_node *node, const char *at, struct lkb_strv *paths)
{
	lkb_autofree char *items = lkb_format("%s[]", at);

	for (size_t i = 0; node->type == LKB_YAML_SEQ && i < node->n; i++)
		add_paths(node->items[i], items, paths);
	for (size_t i = 0; node->type == LKB_YAML_MAP && i < node->n; i++) {
		const struct lkb_yaml_pair *pair = &node->pairs[i];
		lkb_autofree char *path = lkb_format("%s%s%s", at, *at ? "." : "",
						     pair->key->text);

		add_path(paths, path);
		add_paths(pair->value, path, paths);
	}
}

static void add_document(const char *text, size_t len, const char *at, struct lkb_strv *paths)
{
	struct lkb_yaml_node *node = NULL;
	lkb_autoarena arena = { 0 };
	struct lkb_error err = { 0 };

	if (lkb_yaml_parse(text, len, "golden", &arena, &node, &err))
		fail_msg("%u:%u: %s", err.line, err.column, err.message);
	add_paths(node, at, paths);
}

static void add_spec(const char *text, size_t len, void *paths)
{
	add_document(text, len, "", paths);
}

static void add_label(const char *text, size_t len, void *paths)
{
	add_document(text, len, "services[]", paths);
}

/* Without the numbers of items: "services[].binds" of "services[12].binds[3]". */
static void add_place(const char *what, size_t len, struct lkb_str *ret)
{
	for (size_t i = 0; i < len; i++)
		if (!isdigit((unsigned char)what[i]) || !i || what[i - 1] != '[')
			lkb_str_addc(ret, what[i]);
		else
			while (isdigit((unsigned char)what[i + 1]))
				i++;
}

/* Adds what a line like "x.yml:4:5: 'binds[0]' of services[0] is ..." says something about. */
static void add_fault(const char *line, size_t len, struct lkb_strv *paths)
{
	lkb_autofree char *text = lkb_format("%.*s", (int)len, line);
	const char *key = strstr(text, ": '"), *end, *of;
	lkb_autostr path = { 0 };

	if (!key || strchr(text, ' ') < key || strstr(text, "' is given twice") ||
	    strstr(text, " has no value"))
		return;
	key += strlen(": '");
	end = strchr(key, '\'');
	if (!end)
		return;
	of = lkb_starts_with(end, "' of ") ? end + strlen("' of ") : NULL;
	if (of) {
		add_place(of, strcspn(of, " "), &path);
		lkb_str_add(&path, ".");
	}
	add_place(key, (size_t)(end - key), &path);
	if (lkb_ends_with(path.s, "[]"))
		path.s[path.len - 2] = '\0';
	add_path(paths, path.s);
}

static void add_faults(const char *text, size_t len, void *paths)
{
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		add_fault(line, strcspn(line, "\n"), paths);
}

struct goldens {
	struct lkb_strv good, wrong;
	size_t n, n_missing;
};

static void key_has_goldens(void *ctx, const char *path, const struct lkb_schema_key *key)
{
	lkb_autofree char *same = in_services(path);
	struct goldens *g = ctx;

	if (strcmp(same, path))
		return;
	g->n++;
	if (!lkb_strv_has(&g->good, path)) {
		print_error("no golden file shows what '%s' becomes\n", path);
		g->n_missing++;
	}
	if (!key->ignored && !lkb_strv_has(&g->wrong, path)) {
		print_error("no golden file has a wrong value of '%s'\n", path);
		g->n_missing++;
	}
}

static void every_key_has_golden_files(void **state)
{
	struct goldens g = { 0 };

	each_file(SPECS "/good-*.yml", add_spec, &g.good);
	each_file(RUNTIME "/*.yml", add_spec, &g.good);
	each_file(RUNTIME "/*.label", add_label, &g.good);
	each_file(SPECS "/*.err", add_faults, &g.wrong);
	lkb_schema_walk(lkb_spec_schema(), key_has_goldens, &g);
	lkb_strv_clear(&g.good);
	lkb_strv_clear(&g.wrong);
	assert_true(g.n > 100);
	assert_int_equal(g.n_missing, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_in_the_man_page),
		cmocka_unit_test(every_key_of_the_man_page_exists),
		cmocka_unit_test(every_key_has_golden_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
