/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
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
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		struct lkb_platform p = platform(cases[i].arch, cases[i].variant);

		assert_string_equal(lkb_platform_text(&p).s, cases[i].text);
	}
}

static void words_that_are_none_are_refused(void **state)
{
	struct lkb_platform p = { .arch = "before" };

	assert_false(lkb_platform_set(&p, "ARM64", NULL));
	assert_false(lkb_platform_set(&p, "arm64/v8", NULL));
	assert_false(lkb_platform_set(&p, "arm\n", NULL));
	assert_false(lkb_platform_set(&p, "sixteencharacter", NULL));
	assert_false(lkb_platform_set(&p, "arm", "sixteencharacter"));
	assert_string_equal(p.arch, "before");
}

static void rank_prefers_the_nearest_older_variant(void **state)
{
	static const struct {
		const char *want, *want_variant, *have, *have_variant;
		int rank;
	} cases[] = {
		{ "arm64", "", "arm64", "", 0 },
		{ "arm64", "", "arm64", "v8", 0 },
		{ "arm64", "", "arm64", "v8.1", -1 },
		{ "arm64", "", "arm64", "v9", -1 },
		{ "arm64", "v8.2", "arm64", "v8.2", 0 },
		{ "arm64", "v8.2", "arm64", "v8.1", 1 },
		{ "arm64", "v8.2", "arm64", "", 2 },
		{ "arm64", "v9", "arm64", "v9", 0 },
		{ "arm64", "v9", "arm64", "v8.5", 1 },
		{ "arm64", "v9", "arm64", "v8.4", 2 },
		{ "arm64", "v9", "arm64", "", 6 },
		{ "arm64", "v9", "arm64", "v8.6", -1 },
		{ "arm64", "v9.1", "arm64", "v9", 1 },
		{ "arm64", "v9.1", "arm64", "v8.6", 2 },
		{ "arm", "v7", "arm", "", 0 },
		{ "arm", "v7", "arm", "v6", 1 },
		{ "arm", "v7", "arm", "v5", 2 },
		{ "arm", "v7", "arm", "v8", -1 },
		{ "arm", "v6", "arm", "v7", -1 },
		{ "amd64", "", "amd64", "", 0 },
		{ "amd64", "", "amd64", "v1", 0 },
		{ "amd64", "", "amd64", "v2", -1 },
		{ "amd64", "v3", "amd64", "v2", 1 },
		{ "amd64", "v3", "amd64", "", 2 },
		{ "amd64", "", "386", "", -1 },
		{ "arm64", "", "arm", "v7", -1 },
		{ "amd64", "", "arm64", "", -1 },
		{ "riscv64", "", "riscv64", "", 0 },
		{ "riscv64", "", "riscv64", "rva22", -1 },
		{ "riscv64", "rva22", "riscv64", "rva22", 0 },
		{ "amd64", "v99999999999", "amd64", "", -1 },
		{ "amd64", "vx", "amd64", "", -1 },
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		struct lkb_platform want = platform(cases[i].want, cases[i].want_variant);
		struct lkb_platform have = platform(cases[i].have, cases[i].have_variant);

		if (lkb_platform_rank(&want, &have) != cases[i].rank)
			fail_msg("case %zu: %d", i, lkb_platform_rank(&want, &have));
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
		cmocka_unit_test(order_is_by_architecture_then_variant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
