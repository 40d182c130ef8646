/* SPDX-License-Identifier: Apache-2.0 */
/* The Pi's boot partition: what is on it, config.txt byte by byte, the boot script. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/proc.h"
#include "bootloader/rpi.h"

#define EPOCH 1700000000

static struct lkb_board *board;
static struct lkb_tree *firmware, *u_boot, *dtbs;
static struct lkb_tmpdir scratch;

static void add(struct lkb_tree *t, const char *path, const char *text)
{
	const struct lkb_meta meta = {.mode = 0600, .uid = 5, .mtime = 9};
	struct lkb_error err = {0};

	assert_int_equal(lkb_tree_add_text(t, path, &meta, text, strlen(text), &err), 0);
}

/* As the plan has them: these are made anew. */
static void add_dtb(const char *path, const char *text)
{
	const struct lkb_meta meta = {.mode = 0644, .mtime = EPOCH};

	assert_int_equal(lkb_tree_add_text(dtbs, path, &meta, text, strlen(text), NULL), 0);
}

static int setup(void **state)
{
	lkb_autodiags diags = {0};
	struct lkb_error err = {0};

	if (lkb_board_find("configs", "rpi3", &board, &diags, &err)) {
		print_error("%s\n", err.message);
		return -1;
	}
	if (lkb_tmpdir_make(&scratch, &err))
		return -1;
	firmware = lkb_tree_new();
	u_boot = lkb_tree_new();
	dtbs = lkb_tree_new();
	add(firmware, "bootcode.bin", "code");
	add(firmware, "start.elf", "elf");
	add(firmware, "fixup.dat", "fix");
	add(firmware, "LICENCE", "licence");
	add(firmware, "something-else", "not wanted");
	add(u_boot, "u-boot.bin", "u-boot");
	lkb_tree_set_default_mtime(dtbs, EPOCH);
	add_dtb("broadcom/bcm2837-rpi-3-b.dtb", "dtb b");
	add_dtb("broadcom/bcm2837-rpi-3-b-plus.dtb", "dtb b plus");
	return 0;
}

static int teardown(void **state)
{
	lkb_tree_free(firmware);
	lkb_tree_free(u_boot);
	lkb_tree_free(dtbs);
	lkb_board_free(board);
	lkb_tmpdir_clear(&scratch);
	return 0;
}

static struct lkb_rpi_boot_in an_input(void)
{
	return (struct lkb_rpi_boot_in){.board = board, .firmware = firmware, .u_boot = u_boot,
					.dtbs = dtbs, .epoch = EPOCH, .dir = scratch.path};
}

static struct lkb_tree *boot_tree(const struct lkb_rpi_boot_in *in)
{
	struct lkb_tree *t = NULL;
	struct lkb_error err = {0};

	if (lkb_rpi_boot_tree(in, &t, &err)) {
		if (err.kind == LKB_MISSING) {
			print_message("%s\n", err.message);
			skip();
		}
		fail_msg("%s", err.message);
	}
	return t;
}

static char *contents(struct lkb_tree *t, const char *path, size_t *ret_n)
{
	const struct lkb_inode *inode = lkb_tree_lookup(t, path, false);
	struct lkb_error err = {0};
	char *text = NULL;

	assert_non_null(inode);
	assert_int_equal(lkb_data_read_all(&inode->data, 1 << 20, &text, ret_n, &err), 0);
	return text;
}

struct file {
	const char *path;
	uint64_t size; /* 0 = any */
};

static void assert_files(struct lkb_tree *t, const struct file *want, size_t n)
{
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(lkb_tree_root(t));
	struct lkb_tree_item item;
	size_t i;

	for (i = 0; i < n; i++) {
		assert_int_equal(lkb_tree_iter_next(it, &item), 1);
		assert_string_equal(item.path, want[i].path);
		assert_int_equal(item.inode->meta.mtime, EPOCH);
		assert_int_equal(item.inode->meta.uid, 0);
		if (want[i].size)
			assert_int_equal(item.inode->data.len, want[i].size);
	}
	assert_int_equal(lkb_tree_iter_next(it, &item), 0);
}

static void test_what_is_on_it(void **state)
{
	static const struct file want[] = {
		{"", 0},
		{"LICENCE", 7},
		{"bcm2710-rpi-3-b-plus.dtb", 10},
		{"bcm2710-rpi-3-b.dtb", 5},
		{"boot.scr", 0},
		{"bootcode.bin", 4},
		{"config.txt", 4096},
		{"fixup.dat", 3},
		{"settings.env", 65536},
		{"start.elf", 3},
		{"u-boot.bin", 6},
	};
	const struct lkb_rpi_boot_in in = an_input();
	lkb_auto(lkb_tree) t = boot_tree(&in);
	lkb_autofree char *settings = NULL;
	size_t n;

	assert_files(t, want, LKB_ARRAY_SIZE(want));
	settings = contents(t, "settings.env", &n);
	assert_true(lkb_is_zero(settings, n));
}

static void test_what_is_on_it_with_the_root_in_ram(void **state)
{
	static const struct file want[] = {
		{"", 0},
		{"LICENCE", 7},
		{"bcm2710-rpi-3-b-plus.dtb", 10},
		{"bcm2710-rpi-3-b.dtb", 5},
		{"boot.scr", 0},
		{"bootcode.bin", 4},
		{"cmdline.txt", 5},
		{"config.txt", 50},
		{"dtb", 0},
		{"dtb/broadcom", 0},
		{"dtb/broadcom/bcm2837-rpi-3-b-plus.dtb", 10},
		{"dtb/broadcom/bcm2837-rpi-3-b.dtb", 5},
		{"fixup.dat", 3},
		{"initrd.img", 6},
		{"kernel.gz", 2},
		{"start.elf", 3},
		{"u-boot.bin", 6},
	};
	lkb_auto(lkb_blob) blob = lkb_blob_new_take(lkb_strdup("kkinitrd"), 8);
	const struct lkb_rpi_ram ram = {{blob, 0, 2}, {blob, 2, 6}, "line\n"};
	struct lkb_rpi_boot_in in = an_input();
	lkb_auto(lkb_tree) t = NULL;

	in.ram = &ram;
	t = boot_tree(&in);
	assert_files(t, want, LKB_ARRAY_SIZE(want));
}

static void test_cmdline_txt(void **state)
{
	lkb_autofree char *text = NULL;
	struct lkb_error err = {0};

	assert_int_equal(lkb_rpi_cmdline_txt(board, "a='b\\c' d", &text, &err), 0);
	assert_string_equal(text, "console=ttyS1,115200 panic=10 a='b\\\\c' d\n");
	free(LKB_STEAL(text));
	assert_int_equal(lkb_rpi_cmdline_txt(board, "console=tty0", &text, &err), 0);
	assert_string_equal(text, "panic=10 console=tty0\n");
	free(LKB_STEAL(text));
	assert_int_equal(lkb_rpi_cmdline_txt(board, "a\nb", &text, &err), -1);
	assert_string_equal(err.message, "the kernel command line has a control character in it");
	assert_int_equal(err.kind, LKB_INPUT);
	assert_null(text);
}

static void assert_config(const char *const *lines, size_t n, const char *want)
{
	struct lkb_rpi_boot_in in = an_input();
	lkb_auto(lkb_tree) t = NULL;
	lkb_autofree char *text = NULL;
	size_t i, len;

	in.config_txt = lines;
	in.n_config_txt = n;
	t = boot_tree(&in);
	text = contents(t, "config.txt", &len);
	assert_int_equal(len, LKB_RPI_CONFIG_TXT_SIZE);
	assert_memory_equal(text, want, strlen(want));
	for (i = strlen(want); i < len; i++)
		assert_int_equal(text[i], '\n');
}

static void test_config_txt(void **state)
{
	static const char *const own[] = {"dtparam=audio=on", "[pi3+]", "arm_freq=1200"};

	assert_config(NULL, 0, "arm_64bit=1\nkernel=u-boot.bin\n[all]\nenable_uart=1\n");
	assert_config(own, 3, "arm_64bit=1\nkernel=u-boot.bin\n[all]\nenable_uart=1\n"
			      "[all]\ndtparam=audio=on\n[pi3+]\narm_freq=1200\n");
}

static void assert_config_refused(const char *line, size_t times, const char *message,
				  const char *hint)
{
	lkb_autofree const char **lines = lkb_alloc_array(times, sizeof(*lines));
	struct lkb_rpi_boot_in in = an_input();
	lkb_auto(lkb_tree) t = NULL;
	struct lkb_error err = {0};
	size_t i;

	for (i = 0; i < times; i++)
		lines[i] = line;
	in.config_txt = lines;
	in.n_config_txt = times;
	assert_int_equal(lkb_rpi_boot_tree(&in, &t, &err), -1);
	assert_null(t);
	assert_int_equal(err.kind, LKB_INPUT);
	assert_string_equal(err.message, message);
	assert_string_equal(err.hint, hint);
}

static void test_lines_that_config_txt_cannot_have(void **state)
{
	static const char longest[] = "12345678901234567890123456789012345678901234567890"
				      "123456789012345678901234567890123456789012345678";
	lkb_autofree char *too_long = lkb_format("%s9", longest), *fits = NULL;

	assert_int_equal(strlen(longest), 98);
	fits = lkb_format("arm_64bit=1\nkernel=u-boot.bin\n[all]\nenable_uart=1\n[all]\n%s\n",
			  longest);
	assert_config(&(const char *){longest}, 1, fits);
	assert_config_refused(too_long, 1,
			      "boot partition of board 'rpi3': a line of the spec for "
			      "config.txt has 99 characters, the firmware reads 98", "");
	assert_config_refused("a\nb", 1,
			      "boot partition of board 'rpi3': a line of the spec for "
			      "config.txt has a character that is not printable ASCII", "");
	assert_config_refused("kernel=kernel8.img", 1,
			      "boot partition of board 'rpi3': 'kernel=kernel8.img' of the spec "
			      "cannot stand in config.txt",
			      "this board's boot needs 'kernel=u-boot.bin', which is set already");
	assert_config_refused("arm_64bit =0", 1,
			      "boot partition of board 'rpi3': 'arm_64bit =0' of the spec cannot "
			      "stand in config.txt",
			      "this board's boot needs 'arm_64bit=1', which is set already");
	assert_config_refused(longest, 42,
			      "boot partition of board 'rpi3': config.txt has 4214 bytes, at most "
			      "4096 fit", "");
}

static void test_files_that_are_missing(void **state)
{
	lkb_auto(lkb_tree) empty = lkb_tree_new();
	lkb_auto(lkb_tree) t = NULL;
	struct lkb_rpi_boot_in in = an_input();
	struct lkb_error err = {0};

	in.u_boot = empty;
	assert_int_equal(lkb_rpi_boot_tree(&in, &t, &err), -1);
	assert_string_equal(err.message, "boot partition of board 'rpi3': there is no file "
					 "'u-boot.bin' in localhost/u-boot-rpi:bookworm");
	in = an_input();
	in.dtbs = empty;
	assert_int_equal(lkb_rpi_boot_tree(&in, &t, &err), -1);
	assert_string_equal(err.message,
			    "boot partition of board 'rpi3': there is no file "
			    "'broadcom/bcm2837-rpi-3-b.dtb' in boot/dtb of the kernel image");
}

/* The whole scripts, so that a change to one is seen as such. */
static void assert_golden(int (*make)(const struct lkb_board *, char **, struct lkb_error *),
			  const char *path)
{
	lkb_autofree char *script = NULL, *golden = NULL;
	struct lkb_error err = {0};
	size_t len;

	assert_int_equal(make(board, &script, &err), 0);
	if (getenv("LKBOARD_GOLDEN"))
		assert_int_equal(lkb_write_file(path, script, strlen(script), 0644, &err), 0);
	assert_int_equal(lkb_read_file(path, 1 << 20, &golden, &len, &err), 0);
	assert_string_equal(script, golden);
}

static void test_the_boot_scripts_are_the_golden_ones(void **state)
{
	assert_golden(lkb_rpi_chooser, "tests/golden/chooser-rpi3.cmd");
	assert_golden(lkb_rpi_loader, "tests/golden/loader-rpi3.cmd");
}

/* Where a word of the script ends: quoted text is one word. */
static size_t word_length(const char *at)
{
	size_t n = 0;
	bool quoted = false;

	for (; at[n] && (quoted || !strchr(" ;\n", at[n])); n++)
		if (at[n] == '"')
			quoted = !quoted;
	return n;
}

static bool ends_command(const char *word, size_t n)
{
	static const char *const between[] = {"&&", "||", "if", "then", "do", "while"};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(between); i++)
		if (strlen(between[i]) == n && !memcmp(word, between[i], n))
			return true;
	return false;
}

/* A command of U-Boot's has at most 16 words; and no mark of the template is left over. */
static void test_the_boot_script_keeps_to_the_shells_bounds(void **state)
{
	lkb_autofree char *script = NULL;
	size_t words = 0, most = 0, n;
	struct lkb_error err = {0};
	const char *at;

	assert_int_equal(lkb_rpi_chooser(board, &script, &err), 0);
	assert_null(strchr(script, '@'));
	for (at = script; *at; at += n ? n : 1) {
		n = word_length(at);
		if (ends_command(at, n) || *at == ';' || *at == '\n')
			words = 0;
		else if (n)
			words++;
		most = words > most ? words : most;
	}
	/* import -c ADDRESS SIZE and six keys of the trailer */
	assert_int_equal(most, 11);
}

static void test_words_of_the_profile_in_the_script(void **state)
{
	const char *two[] = {"ttyS1,115200", "tty0"}, *evil[] = {"x\"; reset"};
	struct lkb_board b = {.name = "b1", .consoles = {.n = 2, .items = two}};
	lkb_autofree char *script = NULL, *bare = NULL;
	struct lkb_error err = {0};

	assert_int_equal(lkb_rpi_chooser(&b, &script, &err), 0);
	assert_non_null(strstr(script, "setenv lkb_words \"console=ttyS1,115200 console=tty0\"\n"));
	assert_non_null(strstr(script, "= spec; then setenv lkb_words; fi\n"));
	b.consoles.n = 0;
	assert_int_equal(lkb_rpi_chooser(&b, &bare, &err), 0);
	assert_non_null(strstr(bare, "  setenv lkb_words\n"));
	b.cmdline.n = 1;
	b.cmdline.items = evil;
	assert_int_equal(lkb_rpi_chooser(&b, &bare, &err), -1);
	assert_string_equal(err.message,
			    "'x\"; reset' in 'cmdline' cannot stand in U-Boot's script");
}

/* dumpimage reads boot.scr, and what it takes out is the script. */
static void test_dumpimage_reads_boot_scr(void **state)
{
	const struct lkb_rpi_boot_in in = an_input();
	lkb_auto(lkb_tree) t = boot_tree(&in);
	lkb_auto(lkb_tree) again = boot_tree(&in);
	lkb_autofree char *image = NULL, *image2 = NULL, *script = NULL, *inside = NULL;
	lkb_autofree char *path = NULL, *out = NULL;
	lkb_autotmpdir dir = {0};
	struct lkb_error err = {0};
	lkb_autostr listing = {0};
	size_t n, n2;

	image = contents(t, "boot.scr", &n);
	image2 = contents(again, "boot.scr", &n2);
	assert_int_equal(n, n2);
	assert_memory_equal(image, image2, n);
	assert_int_equal(lkb_tmpdir_make(&dir, &err), 0);
	path = lkb_format("%s/boot.scr", dir.path);
	out = lkb_format("%s/script", dir.path);
	assert_int_equal(lkb_write_file(path, image, n, 0600, &err), 0);

	const char *const list[] = {"dumpimage", "-l", path, NULL};
	const char *const extract[] = {"dumpimage", "-T", "script", "-p", "0",
				       "-o", out, path, NULL};

	assert_int_equal(lkb_proc_run(&(struct lkb_proc){.argv = list}, &listing, &err), 0);
	assert_non_null(strstr(listing.s, "Image Name:   lkboard chooser\n"));
	assert_non_null(strstr(listing.s, "Created:      Tue Nov 14 22:13:20 2023\n"));
	assert_non_null(strstr(listing.s, "AArch64 Linux Script (uncompressed)\n"));
	assert_int_equal(lkb_proc_run(&(struct lkb_proc){.argv = extract}, NULL, &err), 0);
	assert_int_equal(lkb_read_file(out, 1 << 20, &inside, &n, &err), 0);
	assert_int_equal(lkb_rpi_chooser(board, &script, &err), 0);
	/* A script in U-Boot's format has its length before it, in eight bytes. */
	assert_int_equal(n, 8 + strlen(script));
	assert_int_equal(lkb_get_be32(inside), strlen(script));
	assert_memory_equal(inside + 8, script, strlen(script));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_on_it),
		cmocka_unit_test(test_what_is_on_it_with_the_root_in_ram),
		cmocka_unit_test(test_cmdline_txt),
		cmocka_unit_test(test_config_txt),
		cmocka_unit_test(test_lines_that_config_txt_cannot_have),
		cmocka_unit_test(test_files_that_are_missing),
		cmocka_unit_test(test_the_boot_scripts_are_the_golden_ones),
		cmocka_unit_test(test_the_boot_script_keeps_to_the_shells_bounds),
		cmocka_unit_test(test_words_of_the_profile_in_the_script),
		cmocka_unit_test(test_dumpimage_reads_boot_scr),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
