/* SPDX-License-Identifier: Apache-2.0 */
/* The order of kernel modules by modules.dep, on small trees. */
#include "plan/plan_priv.h"
#include "tests/unit/base_kit.h"

#define DIR_6_1 "lib/modules/6.1/"

static void add(struct lkb_tree *t, const char *path, const char *text)
{
	const struct lkb_meta m = {.mode = 0644};

	OK(lkb_tree_add_text(t, path, &m, text, strlen(text), &err));
}

/* A tree with one kernel's files. */
static struct lkb_tree *kernel(const char *dep, const char *builtin)
{
	struct lkb_tree *t = lkb_tree_new();

	add(t, DIR_6_1 "modules.dep", dep);
	add(t, DIR_6_1 "modules.builtin", builtin);
	return t;
}

/* Names divided by blanks; the paths come back the same way, without lib/modules/6.1/. */
static int order(struct lkb_tree *t, const char *wanted, struct lkb_str *ret)
{
	lkb_autofree char *text = lkb_format("%s", wanted);
	const char *items[16];
	struct lkb_strlist list = {.items = items};
	lkb_autostrv paths = {0};
	char *at = text, *word;
	size_t i;

	while ((word = strsep(&at, " ")))
		if (*word)
			items[list.n++] = word;
	if (lkb_modules_order(t, &list, &paths, &err))
		return -1;
	for (i = 0; i < paths.n; i++) {
		assert_true(lkb_starts_with(paths.items[i], DIR_6_1));
		lkb_str_addf(ret, "%s%s", i ? " " : "", paths.items[i] + strlen(DIR_6_1));
	}
	return 0;
}

static void expect_order(struct lkb_tree *t, const char *wanted, const char *paths)
{
	lkb_autostr is = {0};

	OK(order(t, wanted, &is));
	assert_string_equal(lkb_str_get(&is), paths);
}

static const char dep[] = "kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko kernel/fs/mbcache.ko "
			  "kernel/lib/crc16.ko\n"
			  "kernel/fs/jbd2/jbd2.ko:\n"
			  "kernel/fs/mbcache.ko:\n"
			  "kernel/lib/crc16.ko:\n"
			  "kernel/drivers/md/dm-verity.ko: kernel/drivers/md/dm-bufio.ko "
			  "kernel/drivers/md/dm-mod.ko\n"
			  "kernel/drivers/md/dm-bufio.ko: kernel/drivers/md/dm-mod.ko\n"
			  "kernel/drivers/md/dm-mod.ko:\n"
			  "extra/sha256-arm64.ko.xz:\n";
static const char builtin[] = "kernel/lib/crc32.ko\nkernel/drivers/mmc/core/mmc_core.ko\n";

/* The last one that modules.dep names has to be loaded first. */
static void what_is_needed_comes_first(void **state)
{
	lkb_auto(lkb_tree) t = kernel(dep, builtin);

	expect_order(t, "jbd2", "kernel/fs/jbd2/jbd2.ko");
	expect_order(t, "ext4", "kernel/lib/crc16.ko kernel/fs/mbcache.ko kernel/fs/jbd2/jbd2.ko "
				"kernel/fs/ext4/ext4.ko");
	expect_order(t, "", "");
}

static void nothing_is_loaded_twice(void **state)
{
	lkb_auto(lkb_tree) t = kernel(dep, builtin);

	expect_order(t, "dm-mod dm-verity dm-bufio dm-mod",
		     "kernel/drivers/md/dm-mod.ko kernel/drivers/md/dm-bufio.ko "
		     "kernel/drivers/md/dm-verity.ko");
	expect_order(t, "crc16 ext4", "kernel/lib/crc16.ko kernel/fs/mbcache.ko "
				      "kernel/fs/jbd2/jbd2.ko kernel/fs/ext4/ext4.ko");
}

static void dash_and_underscore_are_one(void **state)
{
	lkb_auto(lkb_tree) t = kernel(dep, builtin);

	expect_order(t, "dm_mod", "kernel/drivers/md/dm-mod.ko");
	expect_order(t, "sha256_arm64", "extra/sha256-arm64.ko.xz");
	expect_order(t, "mmc-core", "");
}

static void built_in_ones_are_left_out(void **state)
{
	lkb_auto(lkb_tree) t = kernel(dep, builtin);
	lkb_auto(lkb_tree) last = kernel("", "kernel/lib/crc32.ko"); /* no line break at the end */

	expect_order(t, "crc32 jbd2 mmc_core", "kernel/fs/jbd2/jbd2.ko");
	expect_order(last, "crc32", "");
}

/* A name is a whole name: "ext" and "ext44" are not ext4. */
static void a_missing_module_is_named(void **state)
{
	static const char *const missing[] = {"ext", "ext44", "xt4", "md", "ext4.k", "jbd2.ko.x"};
	lkb_auto(lkb_tree) t = kernel(dep, builtin);
	lkb_autostr none = {0};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(missing); i++) {
		lkb_autofree char *message = lkb_format("the kernel has no module '%s'", missing[i]);

		FAILS(order(t, missing[i], &none), LKB_INPUT, message,
		      "use a kernel image whose 'lib/modules/6.1' has it");
	}
}

static void a_root_without_modules(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_auto(lkb_tree) file = lkb_tree_new();
	lkb_autostr none = {0};

	FAILS(order(t, "ext4", &none), LKB_INPUT, "the kernel image brings no lib/modules", "");
	add(file, "lib/modules", "a file");
	FAILS(order(file, "ext4", &none), LKB_INPUT, "brings no lib/modules", "");
	add(t, DIR_6_1 "kernel/x.ko", "x");
	FAILS(order(t, "ext4", &none), LKB_INPUT, "no 'lib/modules/6.1/modules.dep'", "depmod -b");
	add(t, DIR_6_1 "modules.dep", dep);
	FAILS(order(t, "ext4", &none), LKB_INPUT, "no 'lib/modules/6.1/modules.builtin'", "depmod");
}

static void two_kernels_are_one_too_many(void **state)
{
	lkb_auto(lkb_tree) t = kernel(dep, builtin);
	lkb_autostr none = {0};

	add(t, "lib/modules/6.6/modules.dep", "");
	FAILS(order(t, "ext4", &none), LKB_INPUT, "modules of 2 kernels ('6.1', '6.6')", "");
	add(t, "lib/modules/7.0/modules.dep", "");
	FAILS(order(t, "ext4", &none), LKB_INPUT, "modules of 3 kernels ('6.1', '6.6', ...)", "");
}

/* Debian's /lib is a link to usr/lib. */
static void lib_may_be_a_link(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	const struct lkb_meta m = {.mode = 0777};

	OK(lkb_tree_add_symlink(t, "lib", &m, "usr/lib", NULL, &err));
	add(t, "usr/lib/modules/6.1/modules.dep", dep);
	add(t, "usr/lib/modules/6.1/modules.builtin", builtin);
	expect_order(t, "jbd2", "kernel/fs/jbd2/jbd2.ko");
}

/* Lines that depmod does not write do no harm. */
static void odd_lines(void **state)
{
	lkb_auto(lkb_tree) t = kernel("\n\nno colon\n:\n: \na.ko:   b.ko   c.ko  \nb.ko:\n\nc.ko:", "\n");

	expect_order(t, "a", "c.ko b.ko a.ko");
	expect_order(t, "c", "c.ko");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_needed_comes_first),
		cmocka_unit_test(nothing_is_loaded_twice),
		cmocka_unit_test(dash_and_underscore_are_one),
		cmocka_unit_test(built_in_ones_are_left_out),
		cmocka_unit_test(a_missing_module_is_named),
		cmocka_unit_test(a_root_without_modules),
		cmocka_unit_test(two_kernels_are_one_too_many),
		cmocka_unit_test(lib_may_be_a_link),
		cmocka_unit_test(odd_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
