/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <unistd.h>

#include "base/ext/schema_write.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "rootfs/spec/spec.h"

/*
 * tests/golden/spec/NAME.yml, and NAME.next.yml after it where there is one, is read, and what is
 * said about it compared with NAME.err, letter by letter; without NAME.err nothing may be said. What
 * good-NAME.yml becomes is good-NAME.out: the merged spec as a document, which must be read as the
 * same again. LKBOARD_GOLDEN=update in the environment writes .err and .out anew, to be looked at in
 * the diff.
 */
#define GOLDEN "tests/golden/spec"
#define SHARED "../shared/specs"
#define MAX_TEXT ((size_t)1 << 20)

/* What `lkboard check` would say. */
static void add_diags(const struct lkb_diags *diags, struct lkb_str *out)
{
	for (size_t i = 0; i < diags->n; i++) {
		const struct lkb_error *what = &diags->items[i].what;

		lkb_str_addf(out, "%s:%u:%u: %s%s\n", what->file, what->line, what->column,
			     diags->items[i].severity == LKB_SEVERITY_WARNING ? "warning: " : "",
			     what->message);
		if (what->hint[0])
			lkb_str_addf(out, "  hint: %s\n", what->hint);
	}
}

/* Everybody who is told of a fault is told where it is and what to do. */
static bool all_help(const struct lkb_diags *diags)
{
	bool help = true;

	for (size_t i = 0; i < diags->n; i++) {
		const struct lkb_error *what = &diags->items[i].what;

		if (diags->items[i].severity == LKB_SEVERITY_WARNING ||
		    (what->hint[0] && what->file[0] && what->line && what->column))
			continue;
		print_error("%s:%u:%u: %s: no hint, or no place\n", what->file, what->line,
			    what->column, what->message);
		help = false;
	}
	return help;
}

/* "" for a file that is not there. */
static char *text_of(const char *path)
{
	char *text = NULL;
	size_t len;

	if (access(path, F_OK))
		return lkb_format("%s", "");
	if (lkb_read_file(path, MAX_TEXT, &text, &len, NULL))
		fail_msg("cannot read %s", path);
	return text;
}

/* Compares with the file, or writes it. */
static bool matches(const char *path, const char *got)
{
	const char *mode = getenv("LKBOARD_GOLDEN");
	lkb_autofree char *want = NULL;

	if (mode && !strcmp(mode, "update") && *got)
		assert_int_equal(lkb_write_file(path, got, strlen(got), 0644, NULL), 0);
	else if (mode && !strcmp(mode, "update"))
		unlink(path);
	want = text_of(path);
	if (!strcmp(got, want))
		return true;
	print_error("%s: expected\n%sbut got\n%s", path, want, got);
	return false;
}

static void dump(const struct lkb_spec *spec, struct lkb_str *ret)
{
	struct lkb_error err = { 0 };
	json_t *document = lkb_spec_write(spec);

	if (lkb_yaml_write(document, ret, &err))
		fail_msg("%s", err.message);
	json_decref(document);
	if (spec->outputs.n)
		lkb_str_add(ret, "outputs:\n");
	for (size_t i = 0; i < spec->outputs.n; i++)
		lkb_str_addf(ret, "- format: %s\n", spec->outputs.items[i]);
}

static bool becomes(const char *name, const struct lkb_spec *spec)
{
	lkb_autofree char *path = lkb_format("%s.out", name);
	lkb_auto(lkb_spec) again = NULL;
	lkb_autostr first = { 0 }, second = { 0 };
	lkb_autodiags diags = { 0 };
	struct lkb_error err = { 0 };

	dump(spec, &first);
	if (!matches(path, first.s))
		return false;
	if (lkb_spec_parse(first.s, first.len, path, &again, &diags, &err)) {
		print_error("%s:%u:%u: %s\n", path, err.line, err.column, err.message);
		return false;
	}
	dump(again, &second);
	assert_string_equal(second.s, first.s);
	return true;
}

/* `path` is NAME.yml, in the working directory. */
static bool check_golden(const char *path)
{
	lkb_autofree char *name = lkb_path_stem(path);
	lkb_autofree char *next = lkb_format("%s.next.yml", name);
	lkb_autofree char *err_path = lkb_format("%s.err", name);
	const char *const paths[] = { path, next };
	lkb_auto(lkb_spec) spec = NULL;
	lkb_autodiags diags = { 0 };
	struct lkb_error err = { 0 };
	lkb_autostr said = { 0 };
	int rc;

	rc = lkb_spec_read(paths, access(next, F_OK) ? 1 : 2, NULL, &spec, &diags, &err);
	add_diags(&diags, &said);
	if (!matches(err_path, lkb_str_get(&said)) || !all_help(&diags))
		return false;
	if (!rc != lkb_starts_with(name, "good-")) {
		print_error("%s: only good-*.yml are read\n", path);
		return false;
	}
	return rc || becomes(name, spec);
}

static void what_is_said_about_each_spec(void **state)
{
	lkb_autofree char *root = getcwd(NULL, 0);
	glob_t found = { 0 };
	size_t wrong = 0, bad = 0, good = 0;

	if (chdir(GOLDEN) || glob("*.yml", 0, NULL, &found))
		fail_msg("run this from the root of the source: there is no " GOLDEN);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];

		if (lkb_ends_with(path, ".next.yml"))
			continue;
		wrong += !check_golden(path);
		*(lkb_starts_with(path, "good-") ? &good : &bad) += 1;
	}
	assert_int_equal(chdir(root), 0);
	print_message("%zu good specs, %zu wrong ones\n", good, bad);
	globfree(&found);
	assert_int_equal(wrong, 0);
	assert_true(bad >= 80);
	assert_true(good >= 20);
}

/* LinuxKit reads all of them but one, which has a comment that ends a block of text. */
static bool check_real(const char *path)
{
	bool refused_by_linuxkit = lkb_ends_with(path, "/static-ip.yml");
	lkb_auto(lkb_spec) spec = NULL;
	lkb_autodiags diags = { 0 };
	struct lkb_error err = { 0 };
	lkb_autostr got = { 0 };
	int rc;

	rc = lkb_spec_read(&path, 1, "/home/pi", &spec, &diags, &err);
	if (!rc == !refused_by_linuxkit && all_help(&diags))
		return true;
	add_diags(&diags, &got);
	print_error("%s", lkb_str_get(&got));
	return false;
}

static void real_specs_are_read(void **state)
{
	glob_t found = { 0 };
	size_t wrong = 0;

	if (glob(SHARED "/*/*.yml", 0, NULL, &found)) {
		print_message("skipped: there is no " SHARED "\n");
		skip();
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		wrong += !check_real(found.gl_pathv[i]);
	print_message("%zu real specs\n", found.gl_pathc);
	globfree(&found);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_about_each_spec),
		cmocka_unit_test(real_specs_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
