/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "rootfs/spec/spec.h"

/*
 * tests/golden/spec/NAME.yml is read and what is said about it compared with NAME.err, letter by
 * letter; a spec without NAME.err must be read without a word. LKBOARD_GOLDEN=update in the
 * environment writes the .err files anew, to be looked at in the diff.
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

static char *text_of(const char *path, size_t *ret_len)
{
	char *text = NULL;
	size_t len = 0;

	if (access(path, F_OK))
		return lkb_format("%s", "");
	if (lkb_read_file(path, MAX_TEXT, &text, &len, NULL))
		fail_msg("cannot read %s", path);
	if (ret_len)
		*ret_len = len;
	return text;
}

static bool check_golden(const char *path)
{
	const char *mode = getenv("LKBOARD_GOLDEN");
	lkb_autofree char *stem = lkb_path_stem(path);
	lkb_autofree char *err_path = lkb_format(GOLDEN "/%s.err", stem);
	lkb_autofree char *want = NULL, *text = NULL;
	lkb_auto(lkb_spec) spec = NULL;
	lkb_autodiags diags = { 0 };
	struct lkb_error err = { 0 };
	lkb_autostr got = { 0 };
	size_t len = 0;
	int rc;

	text = text_of(path, &len);
	rc = lkb_spec_parse(text, len, lkb_path_basename(path), &spec, &diags, &err);
	add_diags(&diags, &got);
	if (mode && !strcmp(mode, "update") && got.len)
		assert_int_equal(lkb_write_file(err_path, got.s, got.len, 0644, NULL), 0);
	want = text_of(err_path, NULL);
	if (strcmp(lkb_str_get(&got), want)) {
		print_error("%s: expected\n%sbut got\n%s", path, want, lkb_str_get(&got));
		return false;
	}
	if (!rc != lkb_starts_with(stem, "good-")) {
		print_error("%s: only good-*.yml are read\n", path);
		return false;
	}
	return true;
}

static void what_is_said_about_each_spec(void **state)
{
	glob_t found = { 0 };
	size_t wrong = 0, bad = 0;

	if (glob(GOLDEN "/*.yml", 0, NULL, &found))
		fail_msg("run this from the root of the source: there is no " GOLDEN);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		wrong += !check_golden(found.gl_pathv[i]);
		bad += !lkb_starts_with(lkb_path_basename(found.gl_pathv[i]), "good-");
	}
	print_message("%zu specs, %zu of them wrong\n", found.gl_pathc, bad);
	globfree(&found);
	assert_int_equal(wrong, 0);
	assert_true(bad >= 40);
}

/* Keys that LinuxKit has and lkboard refuses for now are the only reason to refuse a spec that is
 * valid for LinuxKit. */
static bool only_refused_keys(const struct lkb_diags *diags)
{
	for (size_t i = 0; i < diags->n; i++)
		if (diags->items[i].severity == LKB_SEVERITY_ERROR &&
		    !strstr(diags->items[i].what.message, "not supported by this version"))
			return false;
	return true;
}

static bool check_real(const char *path)
{
	bool refused_by_linuxkit = lkb_ends_with(path, "/static-ip.yml");
	lkb_auto(lkb_spec) spec = NULL;
	lkb_autodiags diags = { 0 };
	struct lkb_error err = { 0 };
	lkb_autostr got = { 0 };

	lkb_spec_read(&path, 1, "/home/pi", &spec, &diags, &err);
	if (refused_by_linuxkit ? diags.n_errors == 1 : only_refused_keys(&diags))
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
