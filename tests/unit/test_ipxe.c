/* SPDX-License-Identifier: Apache-2.0 */
/* iPXE scripts: golden files, and what may not go into one. LKBOARD_GOLDEN=update writes the golden
 * files anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "bootloader/ipxe.h"

#define GOLDEN "tests/golden/ipxe"

static struct lkb_board *board_named(const char *name)
{
	struct lkb_board *b = NULL;
	lkb_autodiags diags = {0};
	struct lkb_error err = {0};

	if (lkb_board_find("configs", name, &b, &diags, &err))
		fail_msg("%s", err.message);
	return b;
}

static char *script_of(const char *board, const char *own, const char *url)
{
	lkb_auto(lkb_board) b = board_named(board);
	lkb_autofree char *cmdline = NULL;
	struct lkb_ipxe_in in = {.board = b->name, .base_url = url, .kernel = "kernel",
				 .initrd = "initrd"};
	struct lkb_error err = {0};
	char *script;

	if (lkb_ipxe_cmdline(b, own, &cmdline, &err))
		fail_msg("%s", err.message);
	in.cmdline = cmdline;
	if (lkb_ipxe_script(&in, &script, &err))
		fail_msg("%s", err.message);
	return script;
}

static void scripts_are_as_they_were(void **state)
{
	static const struct {
		const char *name, *board, *own, *url;
	} cases[] = {
		{"packet-x86", "packet-x86", "loglevel=3", "http://192.0.2.1:8080/boot/"},
		{"packet-arm64", "packet-arm64", "loglevel=3", "https://boot.example/a/b"},
		{"beside", "packet-x86", "console=tty0 console=ttyS1 quiet", NULL},
		{"quotes", "qemu-arm64", "a=\"b c\"  d='e'   f\\g $h {i} j|k&l;m n#o ", NULL},
		{"empty", "qemu-x86", "", "http://[2001:db8::1]/%7Eme"},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_autofree char *path = lkb_format(GOLDEN "/%s.ipxe", cases[i].name);
		lkb_autofree char *script = script_of(cases[i].board, cases[i].own, cases[i].url);
		lkb_autofree char *golden = NULL;
		const char *update = getenv("LKBOARD_GOLDEN");
		struct lkb_error err = {0};
		size_t n;

		if (update && !strcmp(update, "update"))
			lkb_write_file(path, script, strlen(script), 0644, &err);
		if (lkb_read_file(path, 65536, &golden, &n, &err))
			fail_msg("%s", err.message);
		assert_string_equal(script, golden);
	}
}

/* The plans of packet.net: what each of them asks of a script. */
static void every_plan_gets_its_console_and_an_initrd_by_name(void **state)
{
	static const struct {
		const char *board, *console;
		bool plain;
	} cases[] = {
		{"packet-x86", " console=ttyS1,115200n8 ", false},
		{"packet-arm64", " console=ttyAMA0,115200 ", true},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_auto(lkb_board) b = board_named(cases[i].board);
		lkb_autofree char *script = script_of(cases[i].board, "quiet", NULL);

		assert_true(b->netboot.plans.n > 3);
		assert_string_equal(b->formats.items[0], "pxe");
		assert_int_equal(b->netboot.plain_initrd == LKB_YES, cases[i].plain);
		assert_non_null(strstr(script, cases[i].console));
		assert_non_null(strstr(script, "\nkernel kernel initrd=initrd "));
		assert_non_null(strstr(script, "\ninitrd --name initrd initrd "));
	}
}

static void a_plan_is_found_by_its_name(void **state)
{
	lkb_autodiags diags = {0};
	struct lkb_board *b = NULL;
	struct lkb_error err = {0};

	assert_int_equal(lkb_board_find("configs", "c3.large.arm", &b, &diags, &err), -1);
	assert_int_equal(err.kind, LKB_USAGE);
	assert_string_equal(err.hint, "machines of that name are the board 'packet-arm64'");
}

static void what_the_spec_names_is_left_to_it(void **state)
{
	static const struct {
		const char *own, *cmdline;
	} cases[] = {
		{"", "console=ttyS1,115200n8 panic=10"},
		{"console=ttyS0", "console=ttyS1,115200n8 panic=10 console=ttyS0"},
		{"console=ttyS1", "panic=10 console=ttyS1"},
		{"a console=ttyS1,9600 b", "panic=10 a console=ttyS1,9600 b"},
		{"console=ttyS11", "console=ttyS1,115200n8 panic=10 console=ttyS11"},
		{"xconsole=ttyS1", "console=ttyS1,115200n8 panic=10 xconsole=ttyS1"},
		{"  a   b  ", "console=ttyS1,115200n8 panic=10 a b"},
	};
	lkb_auto(lkb_board) b = board_named("packet-x86");
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_autofree char *cmdline = NULL;
		struct lkb_error err = {0};

		assert_int_equal(lkb_ipxe_cmdline(b, cases[i].own, &cmdline, &err), 0);
		assert_string_equal(cmdline, cases[i].cmdline);
	}
}

static void what_ipxe_would_change_is_refused(void **state)
{
	static const struct {
		const char *own, *message;
	} cases[] = {
		{"a ${net0/mac} b", "in an iPXE script the word '${net0/mac}' of the command line "
				    "would be taken for a setting of iPXE's"},
		{"x$${y", "in an iPXE script the word 'x$${y' of the command line would be taken for "
			  "a setting of iPXE's"},
		{"a #b", "in an iPXE script the word '#b' of the command line would begin a comment"},
		{"a || b", "in an iPXE script the word '||' of the command line would end the "
			   "command"},
		{"a &&", "in an iPXE script the word '&&' of the command line would end the command"},
		{"; a", "in an iPXE script the word ';' of the command line would end the command"},
		{"a\nb", "the command line has a control character (0x0a), which an iPXE script "
			 "cannot hold"},
		{"a\tb", "the command line has a control character (0x09), which an iPXE script "
			 "cannot hold"},
		{"a=\xc3\xa4", "the command line has a character beyond ASCII (0xc3), which iPXE "
			      "changes under UEFI"},
		{"a=\"b  c\"", "the command line has several blanks in a row between quotes, of "
			       "which iPXE would make one"},
	};
	lkb_auto(lkb_board) b = board_named("packet-x86");
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		char *cmdline = NULL;
		struct lkb_error err = {0};

		assert_int_equal(lkb_ipxe_cmdline(b, cases[i].own, &cmdline, &err), -1);
		assert_string_equal(err.message, cases[i].message);
		assert_int_equal(err.kind, LKB_INPUT);
		assert_null(cmdline);
	}
}

static void the_kernel_takes_2047_bytes(void **state)
{
	static const char own[] = "console=ttyS1 ";
	lkb_auto(lkb_board) b = board_named("packet-x86");
	/* What is in front of it: "kernel initrd=initrd panic=10 " */
	size_t most = 2047 - strlen("kernel initrd=initrd panic=10 ");
	lkb_autofree char *line = lkb_alloc(most + 2), *cmdline = NULL;
	struct lkb_error err = {0};
	char *none = NULL;

	memset(line, 'x', most);
	memcpy(line, own, strlen(own));
	assert_int_equal(lkb_ipxe_cmdline(b, line, &cmdline, &err), 0);
	line[most] = 'x';
	assert_int_equal(lkb_ipxe_cmdline(b, line, &none, &err), -1);
	assert_string_equal(err.message, "the command line is 2027 bytes long, and the kernel takes "
			    "no more than 2047 with what comes before it");
}

static void urls_are_of_directories_on_web_servers(void **state)
{
	static const char *const good[] = {
		"http://a", "http://a/", "https://a.b:8080/c-d/e_f.g/~h", "http://192.0.2.1/",
		"http://[::1]:80/x", "http://a/%20",
	};
	static const char *const bad[] = {
		"", "a", "ftp://a/", "http:/a", "http://", "http:///a", "HTTP://a", "http://a b/",
		"http://a/b c", "http://a/${b}", "http://a/$b", "http://a/b;c", "http://a/\"",
		"http://a/'", "http://a/`b`", "http://a/b|c", "http://a/b&c", "http://a/b\\c",
		"http://a/b\nc", "http://a/?b", "http://a/#b", "http://u:p@a/", "http://a/\xc3\xa4",
		"http://a/(b)", "http://a/*", "http://a/<b>",
	};
	struct lkb_error err;
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(good); i++)
		assert_int_equal(lkb_ipxe_check_url(good[i], &err), 0);
	for (i = 0; i < LKB_ARRAY_SIZE(bad); i++) {
		err = (struct lkb_error){0};
		if (!lkb_ipxe_check_url(bad[i], &err))
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(err.kind, LKB_USAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scripts_are_as_they_were),
		cmocka_unit_test(every_plan_gets_its_console_and_an_initrd_by_name),
		cmocka_unit_test(a_plan_is_found_by_its_name),
		cmocka_unit_test(what_the_spec_names_is_left_to_it),
		cmocka_unit_test(what_ipxe_would_change_is_refused),
		cmocka_unit_test(the_kernel_takes_2047_bytes),
		cmocka_unit_test(urls_are_of_directories_on_web_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
