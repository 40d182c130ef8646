/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "rootfs/oci/platform.h"

static struct lkb_platform platform(const char *arch, const char *variant)
{
	struct lkb_platform p = {0};

	assert_true(lkb_platform_set(&p, arch, variant));
	return p;
}

static void many_words_mean_one_platform(void **state)
{
	static const struct {
		const char *arch, *variant, *text;
	} cases[] = {
		{ "amd64", NULL, "linux/amd64" },
		{ "x86_64", "", "linux/amd64" },
		{ "x86-64", "", "linux/amd64" },
		{ "x86_64", "v1", "linux/amd64" },
		{ "amd64", "v3", "linux/amd64/v3" },
		{ "arm64", "", "linux/arm64" },
		{ "aarch64", NULL, "linux/arm64" },
		{ "arm64", "v8", "linux/arm64" },
		{ "arm64", "8", "linux/arm64" },
		{ "aarch64", "v8.0", "linux/arm64" },
		{ "arm64", "v8.2", "linux/arm64/v8.2" },
		{ "arm64", "9", "linux/arm64/v9" },
		{ "arm64", "9.0", "linux/arm64/v9" },
		{ "arm64", "v9.0", "linux/arm64/v9" },
		{ "arm64", "v9.2", "linux/arm64/v9.2" },
		{ "arm", "", "linux/arm/v7" },
		{ "arm", "7", "linux/arm/v7" },
		{ "arm", "6", "linux/arm/v6" },
		{ "arm", "5", "linux/arm/v5" },
		{ "arm", "8", "linux/arm/v8" },
		{ "armhf", "", "linux/arm/v7" },
		{ "armel", "", "linux/arm/v6" },
		{ "i386", "", "linux/386" },
		{ "i686", "", "linux/386" },
		{ "riscv64", "", "linux/riscv64" },
		{ "ppc64le", NULL, "linux/ppc64le" },
		{ "s390x", NULL, "linux/s390x" },
		{ "Aarch64", NULL, "linux/arm64" },
		{ "ARM64", "V8", "linux/arm64" },
		{ "aarch64", "v8", "linux/arm64" },
		{ "arm", "v7", "linux/arm/v7" },
		{ "arm", "v6", "linux/arm/v6" },
		{ "armhf", "v6", "linux/arm/v7" },
		/* what uname says */
		{ "armv5tel", NULL, "linux/arm/v5" },
		{ "armv6l", NULL, "linux/arm/v6" },
		{ "armv7l", NULL, "linux/arm/v7" },
		{ "armv8l", NULL, "linux/arm/v8" },
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		struct lkb_platform p = platform(cases[i].arch, cases[i].variant);

		assert_string_equal(lkb_platform_text(&p).s, cases[i].text);
	}
}

static void words_that_are_none_are_refused(void **state)
{
	struct lkb_platform p = { .arch = "before" };

	assert_false(lkb_platform_set(&p, "arm 64", NULL));
	assert_false(lkb_platform_set(&p, "arm64/v8", NULL));
	assert_false(lkb_platform_set(&p, "arm\n", NULL));
	assert_false(lkb_platform_set(&p, "sixteencharacter", NULL));
	assert_false(lkb_platform_set(&p, "arm", "sixteencharacter"));
	assert_string_equal(p.arch, "before");
}

/* What is wanted, what runs on it from the nearest on, and what does not. '=' stands before what is as
 * near as the word before it. The rules and most rows are containerd's, without its Windows, and
 * without 386 on amd64 and arm on arm64, which are no match to lkboard. */
static const struct {
	const char *want, *fits, *others;
} ranks[] = {
	{ "amd64", "amd64 =amd64/v1", "amd64/v2 amd64/v0 386 arm/v7 arm64" },
	{ "amd64/v2", "amd64/v2 amd64/v1 =amd64", "amd64/v3 amd64/v4 386 arm/v7 arm64" },
	{ "amd64/v3", "amd64/v3 amd64/v2 amd64", "amd64/v4" },
	{ "amd64/v5", "amd64/v5 amd64/v4", "amd64/v6" },
	{ "386", "386 =i386", "amd64 arm/v7 arm64" },
	{ "arm", "arm/v7 =armhf =arm/7 =arm arm/v6", "arm/v8 arm/v4" },
	{ "arm/v8", "arm/v8 arm/v7 =arm arm/v6 arm/v5", "amd64 arm/v4 arm64" },
	{ "arm/v7", "arm/v7 =arm =armhf arm/v6 =armel arm/v5", "amd64 arm/v4 arm/v8 arm64" },
	{ "arm/v6", "arm/v6 =armel arm/v5", "amd64 arm arm/v4 arm/v7 arm/v8 arm64" },
	{ "arm/v5", "arm/v5", "amd64 arm arm/v4 arm/v6 arm/v7 arm/v8 arm64" },
	{ "arm/v4", "arm/v4", "amd64 arm arm/v5 arm/v6 arm/v7 arm/v8 arm64" },
	{ "arm64", "arm64 =arm64/v8 =aarch64 =aarch64/v8", "arm arm/v4 arm/v5 arm/v6 arm/v7 arm/v8 "
	  "arm/v9 amd64 arm64/v7 arm64/v8.1 arm64/v9" },
	{ "arm64/v8", "arm64/v8 =arm64 =aarch64 =aarch64/v8", "arm64/v9" },
	{ "arm64/v8.1", "arm64/v8.1 arm64/v8 =arm64", "arm arm/v4 arm/v5 arm/v6 arm/v7 arm/v8 arm/v9 "
	  "amd64 arm64/v9" },
	{ "arm64/v8.2", "arm64/v8.2 arm64/v8.1 arm64", "arm64/v8.3" },
	{ "arm64/v8.5", "arm64/v8.5", "arm64/v8.3.1 arm64/v8. arm64/v08x" },
	{ "arm64/v9", "arm64/v9 =arm64/v9.0 arm64/v8.5 arm64/v8.4 arm64/v8.3 arm64/v8.2 arm64/v8.1 "
	  "arm64/v8 =arm64", "arm arm/v4 arm/v5 arm/v6 arm/v7 arm/v8 arm/v9 amd64 arm64/v7 "
	  "arm64/v8.6 arm64/v10" },
	{ "arm64/v9.1", "arm64/v9.1 arm64/v9 arm64/v8.6 arm64/v8.5 arm64", "arm64/v9.2 arm64/v8.7" },
	{ "arm64/v9.6", "arm64/v9.6 arm64/v8.9", "arm64/v8.10 arm64/v8.9.1" },
	{ "arm64/v9.8", "arm64/v9.8 arm64/v9.0 arm64/v8.9", "arm64/v8.10" },
	{ "ppc64le", "ppc64le", "ppc64le/power8" },
	{ "ppc64le/power8", "ppc64le/power8 ppc64le", "ppc64le/power10" },
	{ "ppc64le/power10", "ppc64le/power10 ppc64le/power8 ppc64le", "ppc64le/rva20u64 "
	  "ppc64le/level8 ppc64le/pow8" },
	{ "riscv64", "riscv64", "riscv64/rva22u64" },
	{ "riscv64/rva23u64", "riscv64/rva23u64 riscv64/rva20u64 riscv64", "riscv64/rva20s64" },
	/* no variant that there is, so of no line; containerd counts as far as its int goes */
	{ "amd64/vx", "amd64/vx", "amd64 amd64/v2" },
	{ "amd64/custom", "amd64/custom", "amd64" },
	{ "amd64/v99999999999", "amd64/v99999999999", "amd64" },
	{ "amd64/v100", "amd64/v100", "amd64/v99 amd64" },
	{ "amd64/v1000000000", "amd64/v1000000000", "amd64/v999999999" },
};

/* "ARCH[/VARIANT]" */
static struct lkb_platform of_word(const char *word)
{
	const char *slash = strchr(word, '/');
	lkb_autofree char *arch = lkb_format("%.*s", (int)strcspn(word, "/"), word);

	return platform(arch, slash ? slash + 1 : NULL);
}

static int rank_of(const char *want, const char *have)
{
	struct lkb_platform w = of_word(want), h = of_word(have);

	return lkb_platform_rank(&w, &h);
}

static void rank_prefers_the_nearest_older_variant(void **state)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(ranks); i++) {
		lkb_autofree char *fits = lkb_strdup(ranks[i].fits);
		lkb_autofree char *others = lkb_strdup(ranks[i].others);
		char *at = fits, *word;
		int before = -1;

		while ((word = strsep(&at, " "))) {
			bool equal = *word == '=';
			int rank = rank_of(ranks[i].want, word + equal);

			if (equal ? rank != before : before < 0 ? rank != 0 : rank <= before)
				fail_msg("%s on %s: %d after %d", word, ranks[i].want, rank, before);
			before = rank;
		}
		for (at = others; (word = strsep(&at, " "));)
			if (rank_of(ranks[i].want, word) != -1)
				fail_msg("%s runs on %s", word, ranks[i].want);
	}
}

/* What options take. The system is always Linux; that of this machine is not asked. */
static void words_of_options(void **state)
{
	static const struct {
		const char *word, *text; /* NULL = refused */
	} cases[] = {
		{ "linux/arm64", "linux/arm64" },
		{ "linux/arm64/v8", "linux/arm64" },
		{ "linux/arm", "linux/arm/v7" },
		{ "linux/arm/v6", "linux/arm/v6" },
		{ "linux/arm/v7", "linux/arm/v7" },
		{ "arm", "linux/arm/v7" },
		{ "armel", "linux/arm/v6" },
		{ "armhf", "linux/arm/v7" },
		{ "Aarch64", "linux/arm64" },
		{ "x86_64", "linux/amd64" },
		{ "Linux/x86_64", "linux/amd64" },
		{ "i386", "linux/386" },
		{ "s390x", "linux/s390x" },
		{ "linux/s390x", "linux/s390x" },
		{ "arm/v7", "linux/arm/v7" },
		{ "", NULL },
		{ "*", NULL },
		{ "*/arm64", NULL },
		{ "linux/*", NULL },
		{ "/linux/arm", NULL },
		{ "linux/arm/", NULL },
		{ "linux /arm", NULL },
		{ "linux/&arm", NULL },
		{ "linux/arm/foo/bar", NULL },
		{ "../arm/foo", NULL },
		{ "linux)()---()..../arm/foo", NULL },
		{ "linux(+gpu)", NULL },
		{ "windows(10.0.17763)/amd64", NULL },
		{ "amd64/windows(10.0.17763)/foo", NULL },
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		struct lkb_platform p;
		struct lkb_error err = {0};
		bool taken = !lkb_read_platform("arch", cases[i].word, &p, &err);

		if (taken != (cases[i].text != NULL))
			fail_msg("'%s' was %s", cases[i].word, taken ? "taken" : "refused");
		if (taken)
			assert_string_equal(lkb_platform_text(&p).s, cases[i].text);
		else
			assert_int_equal(err.kind, LKB_USAGE);
	}
}

static void order_is_by_architecture_then_variant(void **state)
{
	struct lkb_platform a = platform("amd64", ""), b = platform("arm", "v6");
	struct lkb_platform c = platform("arm", "v7"), d = platform("arm64", "");

	assert_true(lkb_platform_compare(&a, &b) < 0);
	assert_true(lkb_platform_compare(&b, &c) < 0);
	assert_true(lkb_platform_compare(&c, &d) < 0);
	assert_int_equal(lkb_platform_compare(&c, &c), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_words_mean_one_platform),
		cmocka_unit_test(words_that_are_none_are_refused),
		cmocka_unit_test(rank_prefers_the_nearest_older_variant),
		cmocka_unit_test(words_of_options),
		cmocka_unit_test(order_is_by_architecture_then_variant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
