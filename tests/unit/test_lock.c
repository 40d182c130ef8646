/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/path.h"
#include "rootfs/lock/lock.h"

#define HEAD "# lkboard package lock 1\n# image arch suite package version sha256 size\n"
#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void read_lock(const char *text, struct lkb_pkg_lock *ret)
{
	struct lkb_error err = {0};

	if (lkb_pkg_lock_parse(text, "x.lock", ret, &err))
		fail_msg("%u: %s", err.line, err.message);
}

static void add(struct lkb_debs *debs, const char *name, const char *version, const char *hex)
{
	struct lkb_deb deb = {
		.name = (char *)name, .version = (char *)version, .size = 10, .known = true,
	};

	assert_true(lkb_sha256_parse(hex, &deb.sha256));
	lkb_debs_add(debs, &deb);
}

static void a_lock_comes_back_sorted(void **state)
{
	lkb_autopkglock l = {0};
	lkb_autofree char *text = NULL;

	read_lock(HEAD
		  "runc arm64 bookworm runc 1.1 " B64 " 20\n"
		  "# a remark\n\n"
		  "runc amd64 bookworm runc 1.1 " A64 " 21\n"
		  "runc arm64 bookworm libc6 2:2.36-9+deb12u14 " A64 " 10\n"
		  "init arm64 bookworm libc6 2:2.36-9+deb12u14 " A64 " 10\n", &l);
	text = lkb_pkg_lock_text(&l);
	assert_string_equal(text, HEAD
		"init arm64 bookworm libc6 2:2.36-9+deb12u14 " A64 " 10\n"
		"runc amd64 bookworm runc 1.1 " A64 " 21\n"
		"runc arm64 bookworm libc6 2:2.36-9+deb12u14 " A64 " 10\n"
		"runc arm64 bookworm runc 1.1 " B64 " 20\n");
}

static void an_empty_lock_has_its_header(void **state)
{
	lkb_autopkglock l = {0};
	lkb_autofree char *text = NULL;

	read_lock("", &l);
	text = lkb_pkg_lock_text(&l);
	assert_string_equal(text, HEAD);
	lkb_pkg_lock_clear(&l);
	read_lock(HEAD, &l);
	assert_int_equal(l.n, 0);
}

static void wrong_locks_are_refused_with_their_line(void **state)
{
	static const struct {
		const char *text, *message;
		unsigned line;
	} cases[] = {
		{"runc arm64 bookworm runc 1.1 " A64 " 20\n",
		 "this is no lkboard package lock of version 1", 1},
		{"# lkboard package lock 2\n", "this is no lkboard package lock of version 1", 1},
		{HEAD "runc arm64 bookworm runc 1.1 " A64 "\n",
		 "a line has 7 words, this has 6", 3},
		{HEAD "runc arm64 bookworm runc 1.1 " A64 " 20 x\n",
		 "a line has 7 words with one blank between", 3},
		{HEAD "runc arm64  bookworm runc 1.1 " A64 " 20\n",
		 "a line has 7 words with one blank between", 3},
		{HEAD "runc arm64 bookworm runc 1.1 abc 20\n", "'abc' is no SHA-256", 3},
		{HEAD "runc arm64 bookworm runc 1.1 " A64 " 20k\n", "'20k' is no size", 3},
		{HEAD "runc arm64 bookworm runc 1.1 " A64 " 20\n\n"
		      "runc arm64 bookworm runc 1.2 " A64 " 20\n",
		 "package 'runc' of image 'runc' stands twice", 5},
		{HEAD "runc arm64 bookworm libc6 1 " A64 " 20\n"
		      "init arm64 bookworm libc6 2 " A64 " 20\n",
		 "package 'libc6' is '2' here and '1' for image 'runc'", 4},
		{HEAD "runc arm64 bookworm libc6 1 " A64 " 20\n"
		      "init arm64 bookworm libc6 1 " B64 " 20\n",
		 "package 'libc6' is '1' here and '1' for image 'runc'", 4},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_autopkglock l = {0};
		struct lkb_error err = {0};

		assert_int_equal(lkb_pkg_lock_parse(cases[i].text, "x.lock", &l, &err), -1);
		assert_string_equal(err.message, cases[i].message);
		assert_string_equal(err.file, "x.lock");
		assert_int_equal(err.line, cases[i].line);
		assert_int_equal(l.n, 0);
	}
}

static void architectures_and_suites_are_apart(void **state)
{
	lkb_autopkglock l = {0};
	lkb_autodebs debs = {0};

	read_lock(HEAD
		  "runc amd64 bookworm libc6 1 " A64 " 10\n"
		  "runc arm64 bookworm libc6 2 " B64 " 10\n"
		  "runc arm64 trixie libc6 3 " B64 " 10\n", &l);
	lkb_pkg_lock_get(&l, "runc", "arm64", "bookworm", &debs);
	assert_int_equal(debs.n, 1);
	assert_string_equal(debs.items[0].version, "2");
	lkb_debs_clear(&debs);
	lkb_pkg_lock_get(&l, "init", "arm64", "bookworm", &debs);
	assert_int_equal(debs.n, 0);
}

static void a_new_version_holds_for_all_images(void **state)
{
	lkb_autopkglock l = {0};
	lkb_autodebs debs = {0};
	lkb_autofree char *text = NULL;

	read_lock(HEAD
		  "init arm64 bookworm libc6 1 " A64 " 10\n"
		  "init arm64 bookworm zlib1g 1 " A64 " 10\n"
		  "runc amd64 bookworm libc6 1 " A64 " 10\n"
		  "runc arm64 bookworm gone 1 " A64 " 10\n"
		  "runc arm64 bookworm libc6 1 " A64 " 10\n", &l);
	add(&debs, "libc6", "2", B64);
	add(&debs, "runc", "1.1", B64);
	lkb_pkg_lock_set(&l, "runc", "arm64", "bookworm", &debs);
	text = lkb_pkg_lock_text(&l);
	assert_string_equal(text, HEAD
		"init arm64 bookworm libc6 2 " B64 " 10\n"
		"init arm64 bookworm zlib1g 1 " A64 " 10\n"
		"runc amd64 bookworm libc6 1 " A64 " 10\n"
		"runc arm64 bookworm libc6 2 " B64 " 10\n"
		"runc arm64 bookworm runc 1.1 " B64 " 10\n");
}

static void all_pins_of_a_root_are_given_once(void **state)
{
	lkb_autopkglock l = {0};
	lkb_autodebs debs = {0};

	read_lock(HEAD
		  "init arm64 bookworm libc6 1 " A64 " 10\n"
		  "runc amd64 bookworm runc 1 " A64 " 10\n"
		  "runc arm64 bookworm libc6 1 " A64 " 10\n"
		  "runc arm64 bookworm runc 1 " B64 " 10\n", &l);
	lkb_pkg_lock_all(&l, "arm64", "bookworm", &debs);
	assert_int_equal(debs.n, 2);
	assert_string_equal(debs.items[0].name, "libc6");
	assert_string_equal(debs.items[1].name, "runc");
}

static void a_missing_file_is_an_empty_lock(void **state)
{
	lkb_autotmpdir tmp = {0};
	lkb_autofree char *path = NULL, *text = NULL;
	lkb_autopkglock l = {0};
	lkb_autodebs debs = {0};
	struct lkb_error err;
	size_t len;

	assert_int_equal(lkb_tmpdir_make(&tmp, &err), 0);
	path = lkb_path_join(tmp.path, "packages.lock");
	assert_int_equal(lkb_pkg_lock_load(path, &l, &err), 0);
	assert_int_equal(l.n, 0);
	add(&debs, "runc", "1.1", A64);
	lkb_pkg_lock_set(&l, "runc", "arm64", "bookworm", &debs);
	assert_int_equal(lkb_pkg_lock_save(&l, path, &err), 0);
	assert_int_equal(lkb_read_file(path, 4096, &text, &len, &err), 0);
	assert_string_equal(text, HEAD "runc arm64 bookworm runc 1.1 " A64 " 10\n");
	lkb_pkg_lock_clear(&l);
	assert_int_equal(lkb_pkg_lock_load(path, &l, &err), 0);
	assert_int_equal(l.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lock_comes_back_sorted),
		cmocka_unit_test(an_empty_lock_has_its_header),
		cmocka_unit_test(wrong_locks_are_refused_with_their_line),
		cmocka_unit_test(architectures_and_suites_are_apart),
		cmocka_unit_test(a_new_version_holds_for_all_images),
		cmocka_unit_test(all_pins_of_a_root_are_given_once),
		cmocka_unit_test(a_missing_file_is_an_empty_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
