/* SPDX-License-Identifier: Apache-2.0 */
/* Format pxe: a directory of its own, whole or not there; the kernel as firmware starts it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/ext/compress.h"
#include "tests/unit/pe_util.h"
#include "tests/unit/test_plan_kit.h"

#define DIR_FILES "box-packet-arm64.build.json box-packet-arm64.sbom.spdx.json box-pxe"

static int pxe_setup(void **state)
{
	int r = kit_setup(state);

	make_pe((uint8_t *)kit.image, 0xaa64);
	kit.board_name = "packet-arm64";
	return r;
}

#define PXE_CASE(f) cmocka_unit_test_setup_teardown(f, pxe_setup, kit_teardown)

static int build(bool force)
{
	lkb_auto(lkb_plan) p = plan();
	lkb_autoartifacts made = {0};
	struct lkb_plan_out out = {.dir = in_dir("out"), .force = force};

	return lkb_plan_run(p, &out, &made, &err);
}

static void expect_outputs(const char *names)
{
	lkb_autofree char *is = outputs();

	assert_string_equal(is, names);
}

static void a_directory_of_four_files(void **state)
{
	lkb_autofree char *kernel = NULL, *initrd = NULL, *cmdline = NULL, *script = NULL;
	lkb_autofree char *record = NULL;

	settle(SPEC);
	OK(build(false));
	expect_outputs(DIR_FILES);
	kernel = slurp(in_dir("out/box-pxe/kernel"));
	assert_memory_equal(kernel, kit.image, sizeof(kit.image));
	initrd = slurp(in_dir("out/box-pxe/initrd"));
	assert_memory_equal(initrd, "070701", 6);
	cmdline = slurp(in_dir("out/box-pxe/cmdline"));
	assert_string_equal(cmdline, "console=ttyAMA0,115200 panic=10 loglevel=3");
	script = slurp(in_dir("out/box-pxe/box.ipxe"));
	assert_non_null(strstr(script, "\nkernel kernel initrd=initrd console=ttyAMA0,115200 "
				       "panic=10 loglevel=3 || goto failed\n"));
	record = slurp(in_dir("out/box-packet-arm64.build.json"));
	assert_non_null(strstr(record, "\"file\": \"box-pxe/box.ipxe\""));
}

static int gather(void *ctx, const void *p, size_t n, struct lkb_error *why)
{
	(void)why;
	lkb_str_addn(ctx, p, n);
	return 0;
}

static void a_gzip_kernel_is_unpacked(void **state)
{
	lkb_autofree char *kernel = NULL;
	char bare[sizeof(kit.image)];
	lkb_autostr packed = {0};
	lkb_auto(lkb_deflate) z = lkb_deflate_new(LKB_GZIP, 6, gather, &packed);

	memcpy(bare, kit.image, sizeof(bare));
	OK(lkb_deflate_feed(z, bare, sizeof(bare), &err));
	OK(lkb_deflate_end(z, &err));
	memset(kit.image, 0, sizeof(kit.image));
	memcpy(kit.image, packed.s, packed.len);
	kit.image_size = packed.len;
	settle(SPEC);
	OK(build(false));
	kernel = slurp(in_dir("out/box-pxe/kernel"));
	assert_memory_equal(kernel, bare, sizeof(bare));
}

static void other_boards_keep_the_initrd_compressed(void **state)
{
	static const char *const formats[] = {"pxe", "kernel+initrd"};
	lkb_autofree char *initrd = NULL, *same = NULL;
	struct stat a, b;

	kit.board_name = "qemu-arm64";
	kit.in.formats = formats;
	kit.in.n_formats = 2;
	settle(SPEC);
	OK(build(false));
	initrd = slurp(in_dir("out/box-pxe/initrd"));
	same = slurp(in_dir("out/box-initrd.img"));
	assert_int_equal(stat(in_dir("out/box-pxe/initrd"), &a), 0);
	assert_int_equal(stat(in_dir("out/box-initrd.img"), &b), 0);
	assert_int_equal(a.st_size, b.st_size);
	assert_memory_equal(initrd, same, (size_t)a.st_size);
	assert_memory_equal(initrd, "\x28\xb5\x2f\xfd", 4);
}

static void kernels_that_firmware_cannot_start(void **state)
{
	kit.image[PE_AT] = 'X';
	PLAN_FAILS(SPEC, LKB_INPUT, "kernel image 'kernel:1': the kernel cannot be started by EFI",
		   "CONFIG_EFI_STUB");
	kit.image_size = 1;
	kit.full = false;
	PLAN_FAILS(SPEC, LKB_INPUT, "the kernel cannot be started by EFI", "CONFIG_EFI_STUB");
}

static void what_fails_leaves_no_directory(void **state)
{
	settle(SPEC);
	make(in_dir("out/box-packet-arm64.sbom.spdx.json"), "");
	make(in_dir("out/o.build.json"),
	     "{\"outputs\": [{\"file\": \"box-packet-arm64.sbom.spdx.json\"}]}");
	FAILS(build(false), LKB_REFUSED, "was made by another build ('o.build.json')", "--force");
	expect_outputs("box-packet-arm64.sbom.spdx.json o.build.json");
	/* One that was there stays, with what is in it. */
	assert_int_equal(mkdir(in_dir("out/box-pxe"), 0755), 0);
	make(in_dir("out/box-pxe/mine"), "");
	FAILS(build(false), LKB_REFUSED, "was made by another build", "--force");
	assert_int_equal(access(in_dir("out/box-pxe/mine"), F_OK), 0);
	assert_int_equal(access(in_dir("out/box-pxe/kernel"), F_OK), -1);
	OK(build(true));
	assert_int_equal(access(in_dir("out/box-pxe/mine"), F_OK), 0);
	assert_int_equal(access(in_dir("out/box-pxe/kernel"), F_OK), 0);
}

static void files_of_another_board_are_guarded(void **state)
{
	static const char *const pxe = "pxe";

	settle(SPEC);
	OK(build(false));
	OK(build(false));
	kit.board_name = "qemu-arm64";
	kit.in.formats = &pxe;
	kit.in.n_formats = 1;
	settle(SPEC);
	FAILS(build(false), LKB_REFUSED, "box-pxe/kernel' was made by another build "
	      "('box-packet-arm64.build.json')", "--force");
	OK(build(true));
}

static void a_file_in_the_directory_s_place(void **state)
{
	settle(SPEC);
	make(in_dir("out/box-pxe"), "");
	FAILS(build(false), LKB_IO, "box-pxe", "");
	expect_outputs("box-pxe");
}

static void words_and_urls_that_do_not_work(void **state)
{
	static const char *const initrd = "kernel+initrd";

	PLAN_FAILS("kernel: {image: \"kernel:1\", cmdline: \"a #b\"}\n"
		   "init: [\"localhost/init:bookworm\"]\n", LKB_INPUT,
		   "the word '#b' of the command line would begin a comment", "leave it out");
	assert_int_equal(err.line, 1);
	kit.in.base_url = "ftp://a/";
	PLAN_FAILS(SPEC, LKB_USAGE, "the base URL 'ftp://a/' begins neither", "http://192.0.2.1");
	kit.in.base_url = "http://a/";
	kit.in.formats = &initrd;
	kit.in.n_formats = 1;
	PLAN_FAILS(SPEC, LKB_USAGE, "a base URL is for the format 'pxe'", "--base-url");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PXE_CASE(a_directory_of_four_files),
		PXE_CASE(a_gzip_kernel_is_unpacked),
		PXE_CASE(other_boards_keep_the_initrd_compressed),
		PXE_CASE(kernels_that_firmware_cannot_start),
		PXE_CASE(what_fails_leaves_no_directory),
		PXE_CASE(files_of_another_board_are_guarded),
		PXE_CASE(a_file_in_the_directory_s_place),
		PXE_CASE(words_and_urls_that_do_not_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
