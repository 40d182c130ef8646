/* SPDX-License-Identifier: Apache-2.0 */
/* Board profiles: the shipped one, and what is said about wrong ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/size.h"
#include "board/board.h"

#define PAGE "docs/man/lkboard-board.5"

/* A whole profile; tests replace a line of it. */
static const char *const lines[] = {
	"family: rpi-u-boot",
	"description: a board",
	"arch: arm64",
	"root: disk",
	"formats: [sd]",
	"memory: 1GiB",
	"consoles: [ttyS1]",
	"cmdline: [panic=10]",
	"dtbs: [acme/a.dtb]",
	"layout: {erase_unit: 4MiB, boot_size: 64MiB, slot_size: 192MiB, data_size: 32MiB}",
	"initrd: {image: i, modules: [ext4]}",
	"firmware: {image: f, files: [start.elf], u_boot_image: u,"
	" device_trees: {a.dtb: acme/a.dtb}}",
	"qemu: {program: q, package: p, machine: m, disk: sd, net_args: [\"user%HOSTFWD%\"]}",
};

static struct lkb_tmpdir dir;

static char *profile_path(const char *name)
{
	return lkb_format("%s/boards/%s", dir.path, name);
}

/* The profile with the line of the same key replaced by `line` ("" = left out). */
static void write_profile(const char *key, const char *line)
{
	lkb_autofree char *path = profile_path("acme.yml");
	struct lkb_error err = {0};
	lkb_autostr text = {0};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(lines); i++)
		lkb_str_addf(&text, "%s\n",
			     *key && lkb_starts_with(lines[i], key) ? line : lines[i]);
	if (!*key)
		lkb_str_addf(&text, "%s\n", line);
	assert_int_equal(lkb_write_file(path, text.s, text.len, 0644, &err), 0);
}

/* All faults that are reported, "line:column: message" each. */
static char *faults_of(const char *key, const char *line)
{
	lkb_autofree char *path = profile_path("acme.yml");
	lkb_auto(lkb_board) b = NULL;
	lkb_autodiags diags = {0};
	struct lkb_error err = {0};
	lkb_autostr text = {0};
	size_t i;

	write_profile(key, line);
	if (!lkb_board_read(path, &b, &diags, &err))
		return lkb_strdup("none");
	assert_int_equal(err.kind, LKB_INPUT);
	assert_null(b);
	for (i = 0; i < diags.n; i++) {
		const struct lkb_error *e = &diags.items[i].what;

		assert_string_equal(e->file, path);
		lkb_str_addf(&text, "%s%u:%u: %s", i ? "\n" : "", e->line, e->column, e->message);
	}
	return lkb_str_take(&text);
}

static void test_a_profile(void **state)
{
	lkb_auto(lkb_board) b = NULL;
	lkb_autodiags diags = {0};
	struct lkb_error err = {0};

	write_profile("", "");
	if (lkb_board_find(dir.path, "acme", &b, &diags, &err))
		fail_msg("%s", err.message);
	assert_string_equal(b->name, "acme");
	assert_string_equal(b->family, "rpi-u-boot");
	assert_int_equal(b->memory.v, LKB_GIB);
	assert_int_equal(b->layout.slot_size.v, 192 * LKB_MIB);
	assert_string_equal(b->firmware.device_trees.keys[0], "a.dtb");
	assert_string_equal(b->firmware.device_trees.values[0], "acme/a.dtb");
	assert_int_equal(b->qemu.card_power_of_two, LKB_UNSET);
	assert_int_equal(diags.n, 0);
}

static void test_wrong_profiles(void **state)
{
	static const struct {
		const char *key, *line, *faults;
	} cases[] = {
		{"", "colour: red",
		 "14:1: unknown key 'colour'"},
		{"family:", "family: uefi",
		 "1:9: 'family' is 'uefi', which is not known"},
		{"family:", "",
		 "2:1: the file has no 'family'"},
		{"", "ucode: ucode.cpio",
		 "14:8: only processors of 'amd64' are given microcode"},
		{"arch:", "arch: amd64",
		 "3:7: the family 'rpi-u-boot' is for 'arm64' only"},
		{"formats:", "formats: []",
		 "5:10: 'formats' is empty"},
		{"formats:", "formats: [iso]",
		 "5:11: 'formats[0]' is 'iso', which is not known"},
		{"memory:", "memory: 1000",
		 "6:9: 'memory' is no multiple of 1MiB"},
		{"memory:", "memory: lots",
		 "6:9: 'memory' is 'lots', which is no size"},
		{"consoles:", "consoles: [\"tty;S1\"]",
		 "7:12: 'consoles[0]' is 'tty;S1', which has a character that is "
		 "special in boot scripts"},
		{"cmdline:", "cmdline: [a b]",
		 "8:11: 'cmdline[0]' is 'a b', which has a character that is "
		 "special in boot scripts"},
		{"dtbs:", "",
		 "1:1: the family 'rpi-u-boot' needs the key 'dtbs'"},
		{"dtbs:", "dtbs: [/a.dtb, ../a.dtb, a//b.dtb, a]",
		 "9:8: 'dtbs[0]' is '/a.dtb', which is no relative path without '.' and '..'\n"
		 "9:16: 'dtbs[1]' is '../a.dtb', which is no relative path without '.' and '..'\n"
		 "9:26: 'dtbs[2]' is 'a//b.dtb', which is no relative path without '.' and '..'\n"
		 "9:36: 'dtbs[3]' is 'a', which does not end in '.dtb'"},
		{"layout:", "layout: {erase_unit: 3MiB, boot_size: 64MiB, slot_size: 192MiB, "
			    "data_size: 32MiB}",
		 "10:22: 'erase_unit' is no power of two from 4KiB to 4MiB"},
		{"layout:", "layout: {erase_unit: 4MiB, boot_size: 65MiB, slot_size: 0}",
		 "10:9: layout has no 'data_size'\n"
		 "10:39: 'boot_size' is no multiple of 'erase_unit'\n"
		 "10:57: 'slot_size' is no multiple of 'erase_unit'"},
		{"layout:", "",
		 "1:1: the family 'rpi-u-boot' needs the key 'layout'"},
		{"qemu:", "qemu: {program: q, package: p, machine: m}",
		 "13:7: the family 'rpi-u-boot' needs the key 'qemu.disk'"},
		{"formats:", "formats: [sd, kernel+initrd]",
		 "5:15: the family 'rpi-u-boot' cannot be built as 'kernel+initrd'"},
		{"family:", "family: direct",
		 "4:7: the family 'direct' is for the root 'ram' only\n"
		 "5:11: the family 'direct' cannot be built as 'sd'\n"
		 "9:7: the family 'direct' has no use for the key 'dtbs'\n"
		 "10:9: the family 'direct' has no use for the key 'layout'\n"
		 "12:11: the family 'direct' has no use for the key 'firmware'"},
		{"firmware:", "firmware: {image: f, files: [a/b], u_boot_image: u, device_trees: {a.dtb: a}}",
		 "12:30: 'files[0]' of firmware is 'a/b', which is no plain file name\n"
		 "12:75: 'a.dtb' of firmware.device_trees is 'a', which does not end in '.dtb'"},
		{"initrd:", "initrd: {modules: ext4}",
		 "11:9: initrd has no 'image'\n"
		 "11:19: 'modules' of initrd must be a list, not text"},
		{"qemu:", "",
		 "1:1: the file has no 'qemu'"},
		{"qemu:", "qemu: {program: q, package: p, machine: m, disk: ide, console: 4}",
		 "13:50: 'disk' of qemu is 'ide', which is not known\n"
		 "13:64: 'console' of qemu is 4, which is not between 0 and 3"},
		{"qemu:", "qemu: {program: q, package: p, machine: m, disk: sd, net_args: [user]}",
		 "13:64: 'net_args' does not have '%HOSTFWD%' in exactly one argument"},
		{"qemu:", "qemu: {program: q, package: p, machine: m, disk: sd, net_plug: {device: d}}",
		 "13:64: 'net_plug' stands without 'net_args'\n"
		 "13:64: qemu.net_plug has no 'after'"},
		{"arch:", "arch: [",
		 "5:8: did not find expected ',' or ']', while parsing a flow sequence that "
		 "starts in line 3"},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_autofree char *faults = faults_of(cases[i].key, cases[i].line);

		assert_string_equal(faults, cases[i].faults);
	}
}

static void test_the_shipped_profiles_are_valid(void **state)
{
	lkb_autostrv names = {0};
	struct lkb_error err = {0};
	size_t i;

	assert_int_equal(lkb_board_names("configs", &names, &err), 0);
	assert_true(lkb_strv_has(&names, "rpi3"));
	for (i = 0; i < names.n; i++) {
		lkb_auto(lkb_board) b = NULL;
		lkb_autodiags diags = {0};

		if (lkb_board_find("configs", names.items[i], &b, &diags, &err))
			fail_msg("%s: %s", names.items[i], err.message);
		assert_int_equal(diags.n, 0);
		assert_string_equal(b->name, names.items[i]);
	}
}

static void test_a_board_that_is_not_there(void **state)
{
	lkb_auto(lkb_board) b = NULL;
	lkb_autodiags diags = {0};
	struct lkb_error err = {0};

	write_profile("", "");
	assert_int_equal(lkb_board_find(dir.path, "acne", &b, &diags, &err), -1);
	assert_int_equal(err.kind, LKB_USAGE);
	assert_string_equal(err.message, "there is no board 'acne'");
	assert_string_equal(err.hint, "did you mean 'acme'? boards: acme");
	err = (struct lkb_error){0};
	assert_int_equal(lkb_board_find(dir.path, "../boards/acme", &b, &diags, &err), -1);
	assert_int_equal(err.kind, LKB_USAGE);
	err = (struct lkb_error){0};
	assert_int_equal(lkb_board_find("/nonexistent", "acme", &b, &diags, &err), -1);
	assert_int_equal(err.kind, LKB_IO);
}

/* lkboard-board(5) and the table name the same keys. */
struct page {
	char *text;
	size_t n_keys;
};

static void check_key(void *ctx, const char *path, const struct lkb_schema_key *key)
{
	struct page *page = ctx;
	lkb_autofree char *item = lkb_format("\n.It Ic %s", path);
	const char *at = strstr(page->text, item);

	page->n_keys++;
	if (!key->doc || !*key->doc)
		fail_msg("'%s' has no line of documentation in the table", path);
	if (!at || !strchr(" \n", at[strlen(item)]))
		fail_msg("'%s' is not in " PAGE, path);
	if ((key->flags & LKB_KEY_REQUIRED) &&
	    !lkb_starts_with(at + strlen(item), " Pq required"))
		fail_msg(PAGE " does not say that '%s' is required", path);
}

static void test_every_key_is_in_the_man_page(void **state)
{
	struct lkb_error err = {0};
	struct page page = {0};
	const char *at;
	size_t len;

	assert_int_equal(lkb_read_file(PAGE, LKB_MIB, &page.text, &len, &err), 0);
	lkb_schema_walk(lkb_board_schema(), check_key, &page);
	/* And the page names no other. */
	for (at = page.text; (at = strstr(at, "\n.It Ic ")); at++)
		page.n_keys--;
	assert_int_equal(page.n_keys, 0);
	free(page.text);
}

static int setup(void **state)
{
	lkb_autofree char *boards = NULL;
	struct lkb_error err = {0};

	if (lkb_tmpdir_make(&dir, &err))
		return -1;
	boards = lkb_format("%s/boards", dir.path);
	return lkb_mkdir_p(boards, &err);
}

static int teardown(void **state)
{
	lkb_tmpdir_clear(&dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_profile),
		cmocka_unit_test(test_wrong_profiles),
		cmocka_unit_test(test_the_shipped_profiles_are_valid),
		cmocka_unit_test(test_a_board_that_is_not_there),
		cmocka_unit_test(test_every_key_is_in_the_man_page),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
