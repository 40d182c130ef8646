/* SPDX-License-Identifier: Apache-2.0 */
/* Which modules the initrd gets, and in which order: modules.dep as depmod writes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plan/plan_priv.h"

#define DIR "lib/modules/6.1.0/"

static void add(struct lkb_tree *t, const char *path, const char *text)
{
	const struct lkb_meta m = {.mode = 0644};

	assert_int_equal(lkb_tree_add_text(t, path, &m, text, strlen(text), NULL), 0);
}

static int order(struct lkb_tree *t, const char *wanted, struct lkb_strv *ret,
		 struct lkb_error *err)
{
	struct lkb_strlist list = {.set = true, .n = 1, .items = &wanted};

	return lkb_modules_order(t, &list, ret, err);
}

static void what_is_needed_comes_first_and_once(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_autostrv paths = {0};

	add(t, DIR "modules.dep",
	    "k/ext4.ko: k/jbd2.ko k/crc-16.ko\nk/jbd2.ko:\nk/crc-16.ko:\n"
	    "k/dm-verity.ko: k/dm-mod.ko k/crc-16.ko\n");
	add(t, DIR "modules.builtin", "k/mmc_block.ko\n");
	assert_int_equal(order(t, "ext4", &paths, NULL), 0);
	assert_int_equal(order(t, "mmc-block", &paths, NULL), 0);
	assert_int_equal(order(t, "dm_verity", &paths, NULL), 0);
	assert_int_equal(paths.n, 5);
	assert_string_equal(paths.items[0], DIR "k/crc-16.ko");
	assert_string_equal(paths.items[1], DIR "k/jbd2.ko");
	assert_string_equal(paths.items[2], DIR "k/ext4.ko");
	assert_string_equal(paths.items[3], DIR "k/dm-mod.ko");
	assert_string_equal(paths.items[4], DIR "k/dm-verity.ko");
}

static void what_is_not_there_is_an_error(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_autostrv paths = {0};
	struct lkb_error err = {0};

	assert_int_equal(order(t, "ext4", &paths, &err), -1);
	assert_string_equal(err.message, "the kernel image brings no lib/modules");
	add(t, DIR "modules.dep", "k/ext4.ko:\n");
	add(t, DIR "modules.builtin", "");
	assert_int_equal(order(t, "ext", &paths, &err), -1);
	assert_string_equal(err.message, "the kernel has no module 'ext'");
}

/* Two million names in one line took hours. */
static void a_list_without_end_is_refused(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_autostr dep = {0};
	lkb_autostrv paths = {0};
	struct lkb_error err = {0};

	lkb_str_add(&dep, "k/ext4.ko:");
	for (unsigned i = 0; i < 1000; i++)
		lkb_str_addf(&dep, " k/%u.ko", i);
	add(t, DIR "modules.dep", dep.s);
	add(t, DIR "modules.builtin", "");
	assert_int_equal(order(t, "ext4", &paths, &err), -1);
	assert_int_equal(err.kind, LKB_INPUT);
	assert_non_null(strstr(err.message, "more than 1000 modules"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_needed_comes_first_and_once),
		cmocka_unit_test(what_is_not_there_is_an_error),
		cmocka_unit_test(a_list_without_end_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
