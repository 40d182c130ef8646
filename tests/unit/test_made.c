/* SPDX-License-Identifier: Apache-2.0 */
/* Which build made a file: what the build.json files beside it say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "plan/plan.h"

static void put(const struct lkb_tmpdir *dir, const char *name, const char *text)
{
	lkb_autofree char *path = lkb_format("%s/%s", dir->path, name);
	struct lkb_error err = {0};

	assert_int_equal(lkb_write_file(path, text, strlen(text), 0644, &err), 0);
}

/* "RECORD=BOARD" or "RECORD=BOARD/FORMAT" of each build that says it made NAME. */
static void assert_made_by(const struct lkb_tmpdir *dir, const char *name, const char *want)
{
	struct lkb_made_by made __attribute__((cleanup(lkb_made_by_clear))) = {0};
	lkb_autofree char *path = lkb_format("%s/%s", dir->path, name);
	lkb_autostr text = {0};
	size_t i;

	lkb_made_by_find(path, &made);
	assert_int_equal(made.records.n, made.boards.n);
	for (i = 0; i < made.records.n; i++)
		lkb_str_addf(&text, "%s%s=%s%s%s", i ? " " : "", made.records.items[i],
			     made.boards.items[i], *made.formats.items[i] ? "/" : "",
			     made.formats.items[i]);
	assert_string_equal(lkb_str_get(&text), want);
}

static void test_builds_are_found_by_what_they_list(void **state)
{
	lkb_autotmpdir dir = {0};
	struct lkb_error err = {0};

	assert_int_equal(lkb_tmpdir_make(&dir, &err), 0);
	put(&dir, "a-two.build.json",
	    "{\"board\": \"two\", \"outputs\": [{\"file\": \"a-kernel\"}, {\"file\": \"a-both\"}]}");
	put(&dir, "a-one.build.json",
	    "{\"board\": \"one\", \"outputs\": [{\"file\": \"a-both\"}, {\"file\": \"a-card\"}]}");
	assert_made_by(&dir, "a-kernel", "a-two.build.json=two");
	assert_made_by(&dir, "a-card", "a-one.build.json=one");
	assert_made_by(&dir, "a-both", "a-one.build.json=one a-two.build.json=two");
	assert_made_by(&dir, "a", "");
	put(&dir, "f.build.json", "{\"board\": \"f\", \"outputs\": "
		"[{\"file\": \"f.iso\", \"format\": \"iso-bios\"}, {\"file\": \"f.sbom\"}]}");
	assert_made_by(&dir, "f.iso", "f.build.json=f/iso-bios");
	assert_made_by(&dir, "f.sbom", "f.build.json=f");
	assert_made_by(&dir, "no/such/directory", "");
	put(&dir, "b.build.json",
	    "{\"board\": \"b\", \"outputs\": [{\"file\": \"d/kernel\"}, {\"file\": \"e\"}]}");
	assert_made_by(&dir, "d/kernel", "b.build.json=b");
	assert_made_by(&dir, "d/e", "");
	assert_made_by(&dir, "kernel", "");
}

static void test_what_is_no_record_says_nothing(void **state)
{
	lkb_autotmpdir dir = {0};
	struct lkb_error err = {0};

	assert_int_equal(lkb_tmpdir_make(&dir, &err), 0);
	put(&dir, "a.build.json", "{\"outputs\": [{\"file\": \"k\"");
	put(&dir, "b.build.json", "[{\"file\": \"k\"}]");
	put(&dir, "c.build.json", "{\"board\": \"c\", \"outputs\": \"k\"}");
	put(&dir, "d.build.json", "{\"board\": \"d\", \"outputs\": [\"k\", {\"file\": 1}, {}]}");
	put(&dir, "e.json", "{\"board\": \"e\", \"outputs\": [{\"file\": \"k\"}]}");
	assert_made_by(&dir, "k", "");
	put(&dir, "f.build.json", "{\"board\": 5, \"outputs\": [{\"file\": \"k\"}]}");
	assert_made_by(&dir, "k", "f.build.json=");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builds_are_found_by_what_they_list),
		cmocka_unit_test(test_what_is_no_record_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
