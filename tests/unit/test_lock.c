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

#define OLD "# lkboard package lock 1\n# image arch suite package version sha256 size\n"
#define HEAD \
	"# lkboard lock 1\n# image reference platform index manifest package\n" \
	"# deb package arch suite name version sha256 size\n"
#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define REDIS "docker.io/library/redis:7"
#define RUNC "localhost/runc:bookworm"

static void read_lock(const char *text, struct lkb_lock *ret)
{
	lkb_autodiags diags = {0};
	struct lkb_error err = {0};

	if (lkb_lock_parse(text, strlen(text), "x.lock", ret, &diags, &err))
		fail_msg("%u: %s", err.line, err.message);
}

static void expect_text(struct lkb_lock *l, const char *expected)
{
	lkb_autofree char *text = lkb_lock_text(l);

	assert_string_equal(text, expected);
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
	lkb_autolock l = {0};

	read_lock("# lkboard lock 1\n"
		  "deb runc arm64 bookworm runc 1.1 " B64 " 20\n"
		  "# a remark\n\n"
		  "image " RUNC " linux/arm64 - sha256:" B64 " runc\n"
		  "deb runc amd64 bookworm runc 1.1 " A64 " 21\n"
		  "image " REDIS " linux/arm/v7 sha256:" A64 " sha256:" B64 " -\n"
		  "deb runc arm64 bookworm libc6 2:2.36-9+deb12u14 " A64 " 10\n"
		  "image " REDIS " linux/amd64 sha256:" A64 " sha256:" A64 " -\n"
		  "deb init arm64 bookworm libc6 2:2.36-9+deb12u14 " A64 " 10\n", &l);
	expect_text(&l, HEAD
		"image " REDIS " linux/amd64 sha256:" A64 " sha256:" A64 " -\n"
		"image " REDIS " linux/arm/v7 sha256:" A64 " sha256:" B64 " -\n"
		"image " RUNC " linux/arm64 - sha256:" B64 " runc\n"
		"deb init arm64 bookworm libc6 2:2.36-9+deb12u14 " A64 " 10\n"
		"deb runc amd64 bookworm runc 1.1 " A64 " 21\n"
		"deb runc arm64 bookworm libc6 2:2.36-9+deb12u14 " A64 " 10\n"
		"deb runc arm64 bookworm runc 1.1 " B64 " 20\n");
}

/* STORE/pkg/packages.lock, which older versions read and write too. */
static void a_lock_of_packages_alone_has_no_first_words(void **state)
{
	lkb_autolock l = {0};

	read_lock(OLD "runc arm64 bookworm runc 1.1 " B64 " 20\n", &l);
	assert_string_equal(l.debs[0].package, "runc");
	expect_text(&l, OLD "runc arm64 bookworm runc 1.1 " B64 " 20\n");
}

static void an_empty_lock_has_its_header(void **state)
{
	lkb_autolock l = {0};

	read_lock("", &l);
	expect_text(&l, OLD);
	lkb_lock_clear(&l);
	read_lock(HEAD, &l);
	assert_int_equal(l.n_images + l.n_debs, 0);
}

#define IMAGE "image " RUNC " linux/arm64 - sha256:" A64 " runc\n"

static void wrong_locks_are_refused_with_line_and_column(void **state)
{
	static const struct {
		const char *text, *message;
		unsigned line, column;
	} cases[] = {
		{"runc arm64 bookworm runc 1.1 " A64 " 20\n",
		 "this is no lkboard lock of version 1", 1, 1},
		{"# lkboard lock 2\n", "this is no lkboard lock of version 1", 1, 1},
		{"# lkboard package lock 2\n", "this is no lkboard lock of version 1", 1, 1},
		{OLD "runc arm64 bookworm runc 1.1 " A64 "\n", "a line has 7 words, this has 6",
		 3, 1},
		{OLD IMAGE, "a line has 7 words, this has 6", 3, 1},
		{HEAD "runc arm64 bookworm runc 1.1 " A64 " 20\n",
		 "a line begins with 'image' or 'deb', not with 'runc'", 4, 1},
		{HEAD "deb runc arm64 bookworm runc 1.1 " A64 "\n",
		 "a line of a 'deb' has 8 words, this has 7", 4, 1},
		{HEAD "image x\n", "a line of an 'image' has 6 words, this has 2", 4, 1},
		{HEAD "deb runc arm64 bookworm runc 1.1 " A64 " 20 x\n",
		 "a line has at most 8 words, parted by one blank each", 4, 102},
		{HEAD "deb runc  arm64 bookworm runc 1.1 " A64 " 20\n",
		 "a line has at most 8 words, parted by one blank each", 4, 10},
		{HEAD "deb runc arm64 bookworm runc 1.1 abc 20\n", "'abc' is no SHA-256", 4, 34},
		{HEAD "deb runc arm64 bookworm runc 1.1 " A64 " 20k\n", "'20k' is no size", 4, 99},
		{HEAD "deb runc arm64 bookworm runc 1.1 " A64 " 20\r\n", "'20\r' is no size", 4, 99},
		{HEAD "deb runc arm64 bookworm --x 1.1 " A64 " 20\n",
		 "'--x' is no word of letters, digits and '.+-~:_'", 4, 25},
		{HEAD "deb ../x arm64 bookworm x 1.1 " A64 " 20\n",
		 "'../x' is no word of letters, digits and '.+-~:_'", 4, 5},
		{HEAD "image runc linux/arm64 - sha256:" A64 " -\n",
		 "'runc' is not in full: that is 'docker.io/library/runc:latest'", 4, 7},
		{HEAD "image A:b:c linux/arm64 - sha256:" A64 " -\n",
		 "'A:b:c' is no image reference: the repository name 'library/A:b' has "
		 "upper-case letters", 4, 7},
		{HEAD "image " RUNC " arm64 - sha256:" A64 " -\n",
		 "'arm64' is no platform such as 'linux/arm64'", 4, 31},
		{HEAD "image " RUNC " linux/aarch64 - sha256:" A64 " -\n",
		 "'linux/aarch64' is no platform such as 'linux/arm64'", 4, 31},
		{HEAD "image " RUNC " linux/arm64 " A64 " sha256:" A64 " -\n",
		 "'" A64 "' is no digest 'sha256:' and 64 hexadecimal digits", 4, 43},
		{HEAD "image " RUNC " linux/arm64 - - -\n",
		 "'-' is no digest 'sha256:' and 64 hexadecimal digits", 4, 45},
		{HEAD "image a.io/b@sha256:" B64 " linux/arm64 - sha256:" A64 " -\n",
		 "'a.io/b@sha256:" B64 "' is pinned as something else than its own digest says", 4,
		 7},
		{HEAD "image a.io/b@sha256:" B64 " linux/arm64 sha256:" A64 " sha256:" A64 " -\n",
		 "'a.io/b@sha256:" B64 "' is pinned as something else than its own digest says", 4,
		 7},
		{HEAD IMAGE "\n" IMAGE, "image '" RUNC "' stands twice for linux/arm64", 6, 1},
		{HEAD "deb runc arm64 bookworm runc 1.1 " A64 " 20\n\n"
		      "deb runc arm64 bookworm runc 1.2 " A64 " 20\n",
		 "'runc' of package 'runc' stands twice", 6, 1},
		{HEAD "deb runc arm64 bookworm libc6 1 " A64 " 20\n"
		      "deb init arm64 bookworm libc6 2 " A64 " 20\n",
		 "'libc6' is '2' here and '1' for package 'runc'", 5, 1},
		{HEAD "deb runc arm64 bookworm libc6 1 " A64 " 20\n"
		      "deb init arm64 bookworm libc6 1 " B64 " 20\n",
		 "'libc6' is '1' here and '1' with other contents for package 'runc'", 5, 1},
		{HEAD "<<<<<<< HEAD\n" IMAGE "=======\n" IMAGE ">>>>>>> other\n",
		 "this is a merge that is not finished", 4, 1},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_autolock l = {0};
		lkb_autodiags diags = {0};
		struct lkb_error err = {0};

		assert_int_equal(lkb_lock_parse(cases[i].text, strlen(cases[i].text), "x.lock", &l,
						&diags, &err), -1);
		assert_string_equal(err.message, cases[i].message);
		assert_string_equal(err.file, "x.lock");
		assert_int_equal(err.line, cases[i].line);
		assert_int_equal(err.column, cases[i].column);
		assert_int_equal(diags.n_errors, 1);
		assert_int_equal(l.n_images + l.n_debs, 0);
	}
}

static void a_digest_may_be_that_of_the_index_or_of_the_image(void **state)
{
	lkb_autolock l = {0};

	read_lock(HEAD "image a.io/b:1@sha256:" A64 " linux/arm64 sha256:" A64 " sha256:" B64 " -\n"
		       "image a.io/b@sha256:" B64 " linux/arm64 sha256:" A64 " sha256:" B64 " -\n"
		       "image a.io/c@sha256:" A64 " linux/arm64 - sha256:" A64 " -\n", &l);
	assert_int_equal(l.n_images, 3);
}

static void every_fault_is_found_in_one_go(void **state)
{
	lkb_autolock l = {0};
	lkb_autodiags diags = {0};
	struct lkb_error err = {0};
	static const char text[] = HEAD "image\n" IMAGE "deb x\n" IMAGE;

	assert_int_equal(lkb_lock_parse(text, strlen(text), "x.lock", &l, &diags, &err), -1);
	assert_string_equal(err.message, "a line of an 'image' has 6 words, this has 1 (and 2 more)");
	assert_int_equal(diags.items[1].what.line, 6);
	assert_int_equal(diags.items[2].what.line, 7);
}

static void a_nul_byte_ends_nothing(void **state)
{
	lkb_autolock l = {0};
	lkb_autodiags diags = {0};
	struct lkb_error err = {0};
	static const char text[] = HEAD "\0" IMAGE;

	assert_int_equal(lkb_lock_parse(text, sizeof(text) - 1, "x.lock", &l, &diags, &err), -1);
	assert_string_equal(err.message, "the file holds a NUL byte");
}

static void architectures_and_suites_are_apart(void **state)
{
	lkb_autolock l = {0};
	lkb_autodebs debs = {0};

	read_lock(OLD "runc amd64 bookworm libc6 1 " A64 " 10\n"
		      "runc arm64 bookworm libc6 2 " B64 " 10\n"
		      "runc arm64 trixie libc6 3 " B64 " 10\n", &l);
	lkb_lock_get(&l, "runc", "arm64", "bookworm", &debs);
	assert_int_equal(debs.n, 1);
	assert_string_equal(debs.items[0].version, "2");
	lkb_debs_clear(&debs);
	lkb_lock_get(&l, "init", "arm64", "bookworm", &debs);
	assert_int_equal(debs.n, 0);
}

/* The images that were made of the old version are no longer what the lock would make. */
static void a_new_version_holds_for_all_and_unpins_their_images(void **state)
{
	lkb_autolock l = {0};
	lkb_autodebs debs = {0};

	read_lock(HEAD "image localhost/gone:1 linux/arm64 - sha256:" A64 " gone\n"
		       "image localhost/init:1 linux/amd64 - sha256:" A64 " init\n"
		       "image localhost/init:1 linux/arm64 - sha256:" A64 " init\n"
		       "image " REDIS " linux/arm64 - sha256:" A64 " -\n"
		       "image " RUNC " linux/arm64 - sha256:" A64 " runc\n"
		       "deb init arm64 bookworm libc6 1 " A64 " 10\n"
		       "deb init arm64 bookworm zlib1g 1 " A64 " 10\n"
		       "deb runc amd64 bookworm libc6 1 " A64 " 10\n"
		       "deb runc arm64 bookworm gone 1 " A64 " 10\n"
		       "deb runc arm64 bookworm libc6 1 " A64 " 10\n", &l);
	add(&debs, "libc6", "2", B64);
	add(&debs, "runc", "1.1", B64);
	lkb_lock_set(&l, "runc", "arm64", "bookworm", &debs);
	expect_text(&l, HEAD
		"image " REDIS " linux/arm64 - sha256:" A64 " -\n"
		"image localhost/gone:1 linux/arm64 - sha256:" A64 " gone\n"
		"image localhost/init:1 linux/amd64 - sha256:" A64 " init\n"
		"deb init arm64 bookworm libc6 2 " B64 " 10\n"
		"deb init arm64 bookworm zlib1g 1 " A64 " 10\n"
		"deb runc amd64 bookworm libc6 1 " A64 " 10\n"
		"deb runc arm64 bookworm libc6 2 " B64 " 10\n"
		"deb runc arm64 bookworm runc 1.1 " B64 " 10\n");
}

static void the_same_packages_change_nothing(void **state)
{
	static const char text[] = HEAD IMAGE "deb runc arm64 bookworm libc6 1 " A64 " 10\n";
	lkb_autolock l = {0};
	lkb_autodebs debs = {0};

	read_lock(text, &l);
	add(&debs, "libc6", "1", A64);
	lkb_lock_set(&l, "runc", "arm64", "bookworm", &debs);
	expect_text(&l, text);
}

static void all_pins_of_a_root_are_given_once(void **state)
{
	lkb_autolock l = {0};
	lkb_autodebs debs = {0};

	read_lock(OLD "init arm64 bookworm libc6 1 " A64 " 10\n"
		      "runc amd64 bookworm runc 1 " A64 " 10\n"
		      "runc arm64 bookworm libc6 1 " A64 " 10\n"
		      "runc arm64 bookworm runc 1 " B64 " 10\n", &l);
	lkb_lock_all(&l, "arm64", "bookworm", &debs);
	assert_int_equal(debs.n, 2);
	assert_string_equal(debs.items[0].name, "libc6");
	assert_string_equal(debs.items[1].name, "runc");
}

static void an_image_is_pinned_once_a_platform(void **state)
{
	const struct lkb_platform arm64 = {.arch = "arm64"}, amd64 = {.arch = "amd64"};
	struct lkb_lock_image im = {.ref = (char *)REDIS, .platform = {.arch = "arm64"}};
	const struct lkb_lock_image *found;
	lkb_autofree char *ref = NULL, *name = NULL;
	lkb_autolock l = {0};

	read_lock(HEAD "image " REDIS " linux/amd64 - sha256:" A64 " -\n", &l);
	assert_null(lkb_lock_find(&l, REDIS, &arm64));
	assert_true(lkb_sha256_parse(A64, &im.manifest));
	lkb_lock_pin(&l, &im);
	im.has_index = true;
	assert_true(lkb_sha256_parse(B64, &im.index));
	lkb_lock_pin(&l, &im);
	expect_text(&l, HEAD
		"image " REDIS " linux/amd64 - sha256:" A64 " -\n"
		"image " REDIS " linux/arm64 sha256:" B64 " sha256:" A64 " -\n");
	assert_non_null(lkb_lock_find(&l, REDIS, &amd64));
	found = lkb_lock_find(&l, REDIS, &arm64);
	ref = lkb_lock_image_ref(found, true);
	assert_string_equal(ref, "docker.io/library/redis@sha256:" B64);
	name = lkb_lock_image_name(found, false);
	assert_string_equal(name, REDIS "@sha256:" A64);
}

static void a_diff_is_for_people(void **state)
{
	static const struct {
		const char *before, *after, *diff;
	} cases[] = {
		{"", "", ""},
		{"", IMAGE "deb runc arm64 bookworm libc6 1 " A64 " 1\n",
		 "+ image " RUNC " linux/arm64 sha256:aaaaaaaaaaaa\n+ libc6 1 (bookworm arm64)\n"},
		{IMAGE "deb runc arm64 bookworm libc6 1 " A64 " 1\n", "",
		 "- image " RUNC " linux/arm64 sha256:aaaaaaaaaaaa\n- libc6 1 (bookworm arm64)\n"},
		{IMAGE, "image " RUNC " linux/arm64 - sha256:" B64 " runc\n",
		 "~ image " RUNC " linux/arm64 sha256:aaaaaaaaaaaa -> sha256:bbbbbbbbbbbb\n"},
		{IMAGE, "image " RUNC " linux/arm64 sha256:" B64 " sha256:" A64 " runc\n",
		 "~ image " RUNC " linux/arm64 index none -> sha256:bbbbbbbbbbbb\n"},
		{IMAGE, "image " RUNC " linux/arm64 - sha256:" A64 " -\n",
		 "~ image " RUNC " linux/arm64 package runc -> none\n"},
		/* However many images share a package, it changes once. */
		{"deb init arm64 bookworm libc6 1 " A64 " 1\n"
		 "deb runc arm64 bookworm libc6 1 " A64 " 1\n"
		 "deb runc amd64 bookworm libc6 1 " A64 " 1\n",
		 "deb init arm64 bookworm libc6 2 " B64 " 1\n"
		 "deb runc arm64 bookworm libc6 2 " B64 " 1\n"
		 "deb runc amd64 bookworm libc6 1 " B64 " 1\n",
		 "~ libc6 1 -> the same with other contents (bookworm amd64)\n"
		 "~ libc6 1 -> 2 (bookworm arm64)\n"},
		{"deb a arm64 bookworm a 1 " A64 " 1\ndeb a arm64 bookworm c 1 " A64 " 1\n",
		 "deb a arm64 bookworm b 1 " A64 " 1\ndeb a arm64 bookworm c 1 " A64 " 1\n",
		 "- a 1 (bookworm arm64)\n+ b 1 (bookworm arm64)\n"},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_autofree char *a = lkb_format("%s%s", HEAD, cases[i].before);
		lkb_autofree char *b = lkb_format("%s%s", HEAD, cases[i].after);
		lkb_autolock before = {0}, after = {0};
		lkb_autostr diff = {0};

		read_lock(a, &before);
		read_lock(b, &after);
		lkb_lock_diff(&before, &after, &diff);
		assert_string_equal(lkb_str_get(&diff), cases[i].diff);
	}
}

static void a_missing_file_is_an_empty_lock(void **state)
{
	lkb_autotmpdir tmp = {0};
	lkb_autofree char *path = NULL, *text = NULL;
	lkb_autolock l = {0};
	lkb_autodebs debs = {0};
	lkb_autodiags diags = {0};
	struct lkb_error err;
	size_t len;

	assert_int_equal(lkb_tmpdir_make(&tmp, &err), 0);
	path = lkb_path_join(tmp.path, "packages.lock");
	assert_int_equal(lkb_lock_load(path, &l, &diags, &err), 0);
	assert_int_equal(l.n_debs, 0);
	add(&debs, "runc", "1.1", A64);
	lkb_lock_set(&l, "runc", "arm64", "bookworm", &debs);
	assert_int_equal(lkb_lock_save(&l, path, &err), 0);
	assert_int_equal(lkb_read_file(path, 4096, &text, &len, &err), 0);
	assert_string_equal(text, OLD "runc arm64 bookworm runc 1.1 " A64 " 10\n");
	lkb_lock_clear(&l);
	assert_int_equal(lkb_lock_load(path, &l, &diags, &err), 0);
	assert_int_equal(l.n_debs, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lock_comes_back_sorted),
		cmocka_unit_test(a_lock_of_packages_alone_has_no_first_words),
		cmocka_unit_test(an_empty_lock_has_its_header),
		cmocka_unit_test(wrong_locks_are_refused_with_line_and_column),
		cmocka_unit_test(a_digest_may_be_that_of_the_index_or_of_the_image),
		cmocka_unit_test(every_fault_is_found_in_one_go),
		cmocka_unit_test(a_nul_byte_ends_nothing),
		cmocka_unit_test(architectures_and_suites_are_apart),
		cmocka_unit_test(a_new_version_holds_for_all_and_unpins_their_images),
		cmocka_unit_test(the_same_packages_change_nothing),
		cmocka_unit_test(all_pins_of_a_root_are_given_once),
		cmocka_unit_test(an_image_is_pinned_once_a_platform),
		cmocka_unit_test(a_diff_is_for_people),
		cmocka_unit_test(a_missing_file_is_an_empty_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
