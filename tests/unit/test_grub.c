/* SPDX-License-Identifier: Apache-2.0 */
#include "bootloader/grub.h"
#include "tests/unit/image_util.h"

#define END "\ninitrd /initrd.img\nboot\n"

static void words_are_quoted(void **state)
{
	static const struct {
		const char *cmdline, *config;
	} cases[] = {
		{"", "linux /kernel" END},
		{"quiet", "linux /kernel 'quiet'" END},
		{" a  b\tc\n", "linux /kernel 'a' 'b' 'c'" END},
		{"x=$(y);{z}|#&*", "linux /kernel 'x=$(y);{z}|#&*'" END},
		{"\xc3\xa4", "linux /kernel '\xc3\xa4'" END},
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_autostr s = {0};

		MUST(lkb_grub_config(cases[i].cmdline, &s, err));
		assert_string_equal(s.s, cases[i].config);
	}
}

static void what_grub_would_change_is_refused(void **state)
{
	static const char *const bad[] = {"a=\"b c\"", "it's", "a\\b"};
	static const char marks[] = "\"'\\";
	char text[3000];

	for (size_t i = 0; i < LKB_ARRAY_SIZE(bad); i++) {
		lkb_autofree char *want = lkb_format("GRUB would put a backslash before each %c of "
						     "the command line", marks[i]);
		struct lkb_error why = {0};
		lkb_autostr s = {0};

		assert_int_equal(lkb_grub_config(bad[i], &s, &why), -1);
		assert_string_equal(why.message, want);
		assert_string_equal(why.hint, "leave it out, or build a format for UEFI");
		assert_int_equal(s.len, 0);
	}
	memset(text, 'x', sizeof(text));
	text[2028] = '\0';
	MUST(lkb_grub_config(text, &(struct lkb_str){0}, err));
	text[2028] = 'x';
	text[2029] = '\0';
	{
		struct lkb_error why = {0};
		lkb_autostr s = {0};

		assert_int_equal(lkb_grub_config(text, &s, &why), -1);
		assert_string_equal(why.message, "the command line of 2029 bytes is longer than the "
						 "2028 that GRUB can give to the kernel");
	}
}

static void a_kernel_is_a_bzimage(void **state)
{
	uint8_t k[1024] = {0};
	struct lkb_data d = {lkb_blob_new_take(lkb_alloc(1024), 1024), 0, 1024}, good;
	struct lkb_error why = {0};

	k[0x1fe] = 0x55;
	k[0x1ff] = 0xaa;
	memcpy(k + 0x202, "HdrS", 4);
	good = (struct lkb_data){lkb_blob_new_mem(k, sizeof(k)), 0, sizeof(k)};
	MUST(lkb_grub_check_kernel(&good, err));
	assert_int_equal(lkb_grub_check_kernel(&d, &why), -1);
	assert_string_equal(why.message, "the kernel is no bzImage, which is what starts from a BIOS");
	good.len = 100;
	assert_int_equal(lkb_grub_check_kernel(&good, &why), -1);
	lkb_blob_unref(d.blob);
	lkb_blob_unref(good.blob);
}

static void an_image_that_is_not_grubs_is_refused(void **state)
{
	uint8_t code[LKB_GRUB_CODE_SIZE];
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct lkb_grub_in in = {.image = t, .cmdline = "", .core_sector = 8};
	struct lkb_error why = {0};
	lkb_autostr core = {0};

	assert_int_equal(lkb_grub_make(&in, code, &core, &why), -1);
	assert_string_equal(why.message, "GRUB's image has no file '/boot.img'");
	add_bytes(t, "boot.img", 512, 1);
	assert_int_equal(lkb_grub_make(&in, code, &core, &why), -1);
	assert_string_equal(why.message, "GRUB's '/boot.img' is no boot sector");
	assert_int_equal(core.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_quoted),
		cmocka_unit_test(what_grub_would_change_is_refused),
		cmocka_unit_test(a_kernel_is_a_bzimage),
		cmocka_unit_test(an_image_that_is_not_grubs_is_refused),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
