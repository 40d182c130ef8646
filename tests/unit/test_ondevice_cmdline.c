/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs on the board read from the kernel's command line and from lkboard-release. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "ondevice/common/cmdline.h"
#include "ondevice/common/say.h"
#include "ondevice/initrd/slot.h"
#include "ondevice/initrd/verity.h"
#include "ondevice/system/release.h"

#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define SLOT "lkb.slot=A lkb.root=PARTUUID=1b2c3d4e-02 "

static void assert_value(const char *cmdline, const char *key, const char *want)
{
	lkb_autofree char *value = lkb_cmdline_get(cmdline, key);

	if (!want)
		assert_null(value);
	else if (!value)
		fail_msg("'%s' is not found in '%s'", key, cmdline);
	else
		assert_string_equal(value, want);
}

static void words_have_values(void **state)
{
	static const char line[] = "console=ttyS1,115200 panic=10\tlkb.slot=A quiet x= last=1\n";

	assert_value(line, "console", "ttyS1,115200");
	assert_value(line, "panic", "10");
	assert_value(line, "lkb.slot", "A");
	assert_value(line, "quiet", "");
	assert_value(line, "x", "");
	assert_value(line, "last", "1");
	assert_value(line, "lkb", NULL);
	assert_value(line, "lkb.slo", NULL);
	assert_value("", "a", NULL);
	assert_value("  ", "a", NULL);
}

static void the_boot_loader_comes_first_and_wins(void **state)
{
	assert_value("lkb.slot=A foo lkb.slot=B", "lkb.slot", "A");
}

static void quotes_hold_words_together(void **state)
{
	assert_value("a=\"x lkb.slot=B y\" lkb.slot=A", "lkb.slot", "A");
	assert_value("a=\"x y\" b=1", "a", "x y");
	assert_value("\"a=x y\" b=1", "a", "x y");
	assert_value("\"a=x y\" b=1", "b", "1");
	assert_value("\"flag\" b", "flag", "");
	assert_value("a=\"open", "a", "open");
	assert_value("a=\"", "a", "");
}

static void panic_gives_the_seconds_to_wait(void **state)
{
	assert_int_equal(lkb_fatal_seconds("panic=3"), 3);
	assert_int_equal(lkb_fatal_seconds("panic=0"), 10);
	assert_int_equal(lkb_fatal_seconds("panic=-1"), 10);
	assert_int_equal(lkb_fatal_seconds("panic=999999"), 10);
	assert_int_equal(lkb_fatal_seconds(""), 10);
}

static void a_slot_with_verity(void **state)
{
	struct lkb_slot_args a;
	struct lkb_error err;

	assert_int_equal(lkb_slot_args_parse("console=ttyS1 lkb.slot=B "
					     "lkb.root=PARTUUID=1B2c3d4e-0a "
					     "lkb.verity=" HASH " lkb.blocks=1a000", &a, &err), 0);
	assert_int_equal(a.slot, 'B');
	assert_int_equal(a.root.signature, 0x1b2c3d4e);
	assert_int_equal(a.root.partition, 10);
	assert_true(a.verity);
	assert_string_equal(a.root_hash, HASH);
	assert_int_equal(a.data_blocks, 0x1a000);
}

static void a_slot_without_verity(void **state)
{
	struct lkb_slot_args a;
	struct lkb_error err;

	assert_int_equal(lkb_slot_args_parse(SLOT, &a, &err), 0);
	assert_false(a.verity);
}

static void assert_slot_refused(const char *cmdline, const char *why)
{
	struct lkb_slot_args a, untouched;
	struct lkb_error err;

	memset(&a, 0x5a, sizeof(a));
	untouched = a;
	assert_int_equal(lkb_slot_args_parse(cmdline, &a, &err), -1);
	assert_string_equal(err.message, why);
	assert_memory_equal(&a, &untouched, sizeof(a));
}

static void half_an_answer_is_an_error(void **state)
{
	assert_slot_refused("lkb.slot=C", "lkb.slot='C' is neither A nor B");
	assert_slot_refused("lkb.slot=A", "lkb.root='' is no PARTUUID=");
	assert_slot_refused("lkb.slot=A lkb.root=/dev/mmcblk0p2",
			    "lkb.root='/dev/mmcblk0p2' is no PARTUUID=");
	assert_slot_refused("lkb.slot=A lkb.root=PARTUUID=1b2c3d4e-00",
			    "lkb.root='PARTUUID=1b2c3d4e-00' is no PARTUUID=");
	assert_slot_refused(SLOT "lkb.verity=abc", "lkb.verity='abc' is no root hash");
	assert_slot_refused(SLOT "lkb.verity=" HASH "00 lkb.blocks=1",
			    "lkb.verity='" HASH "00' is no root hash");
	assert_slot_refused(SLOT "lkb.verity=" HASH,
			    "lkb.verity is given, but lkb.blocks='' is no number of blocks");
	assert_slot_refused(SLOT "lkb.verity=" HASH " lkb.blocks=0",
			    "lkb.verity is given, but lkb.blocks='0' is no number of blocks");
	assert_slot_refused(SLOT "lkb.verity=" HASH " lkb.blocks=0x10",
			    "lkb.verity is given, but lkb.blocks='0x10' is no number of blocks");
	assert_slot_refused(SLOT "lkb.verity=" HASH " lkb.blocks=1000000000000",
			    "lkb.verity is given, but lkb.blocks='1000000000000' is no number of "
			    "blocks");
}

static void the_tree_starts_one_block_behind_the_file_system(void **state)
{
	struct lkb_verity_table t = {"/dev/mmcblk0p2", 32768, HASH};
	struct lkb_error err;
	char buf[512], small[32] = "";

	assert_int_equal(lkb_verity_params(&t, buf, sizeof(buf), &err), 0);
	assert_string_equal(buf, "1 /dev/mmcblk0p2 /dev/mmcblk0p2 4096 4096 32768 32769 sha256 "
			    HASH " -");
	assert_int_equal(lkb_verity_params(&t, small, sizeof(small), &err), -1);
}

static void assert_release(const char *text, const char *name, const char *want)
{
	lkb_autofree char *value = lkb_release_get(text, name);

	if (want)
		assert_string_equal(value, want);
	else
		assert_null(value);
}

static void lkboard_release_is_read(void **state)
{
	static const char text[] = "# made by lkboard\nNAME=hello\nVERSION=\"1 2\"\nBOARD='rpi3' \n"
				   "MODULES=fuse dwc2\r\nEMPTY=\nNAMES=x\nTWICE=a\nTWICE=b";

	assert_release(text, "NAME", "hello");
	assert_release(text, "VERSION", "1 2");
	assert_release(text, "BOARD", "rpi3");
	assert_release(text, "MODULES", "fuse dwc2");
	assert_release(text, "EMPTY", "");
	assert_release(text, "TWICE", "b");
	assert_release(text, "AME", NULL);
	assert_release("", "NAME", NULL);
	assert_release("NAME=\"", "NAME", "\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_have_values),
		cmocka_unit_test(the_boot_loader_comes_first_and_wins),
		cmocka_unit_test(quotes_hold_words_together),
		cmocka_unit_test(panic_gives_the_seconds_to_wait),
		cmocka_unit_test(a_slot_with_verity),
		cmocka_unit_test(a_slot_without_verity),
		cmocka_unit_test(half_an_answer_is_an_error),
		cmocka_unit_test(the_tree_starts_one_block_behind_the_file_system),
		cmocka_unit_test(lkboard_release_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
