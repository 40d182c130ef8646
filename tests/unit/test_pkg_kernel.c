/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <elf.h>

#include "base/alloc.h"
#include "base/ext/compress.h"
#include "base/file.h"
#include "base/proc.h"
#include "rootfs/pkg/kernel_priv.h"
#include "rootfs/tree/tar.h"

#define MAX_FILES 16
#define TIME 1700000000

/* A kernel package as it looks when it was read. */
struct package {
	struct lkb_deb_files files;
	struct lkb_deb_entry entries[MAX_FILES];
	struct lkb_blob *blobs[MAX_FILES];
};

static void clear_package(struct package *p)
{
	size_t i;

	for (i = 0; i < p->files.n; i++)
		lkb_blob_unref(p->blobs[i]);
}
#define auto_package __attribute__((cleanup(clear_package))) struct package

static void add_bytes(struct package *p, const char *path, const void *bytes, size_t n)
{
	size_t i = p->files.n++;

	assert_true(i < MAX_FILES);
	p->blobs[i] = lkb_blob_new_mem(bytes, n);
	p->entries[i] = (struct lkb_deb_entry){
		.path = path, .type = LKB_NODE_FILE, .meta = {.mode = 0644},
		.data = {.blob = p->blobs[i], .len = n},
	};
	p->files.items = p->entries;
}

static void add_text(struct package *p, const char *path, const char *text)
{
	add_bytes(p, path, text, strlen(text));
}

/* The least of an object file that is a module: .modinfo, symbols (none) and names. */
static size_t make_module(const char *name, const char *depends, char *buf, size_t size)
{
	static const char names[] = "\0.modinfo\0.shstrtab\0.symtab\0.strtab";
	Elf64_Ehdr h = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_REL, .e_machine = EM_AARCH64, .e_version = EV_CURRENT,
		.e_ehsize = sizeof(h), .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 5,
		.e_shstrndx = 2,
	};
	Elf64_Shdr s[5] = {{0}};
	size_t at = sizeof(h);
	int n = snprintf(buf + at, size - at, "license=GPL%calias=of:%s%cdepends=%s%cname=%s%c", 0,
			 name, 0, depends, 0, name, 0);

	s[1] = (Elf64_Shdr){.sh_name = 1, .sh_type = SHT_PROGBITS, .sh_offset = at,
			    .sh_size = (size_t)n};
	at += (size_t)n;
	memcpy(buf + at, names, sizeof(names));
	s[2] = (Elf64_Shdr){.sh_name = 10, .sh_type = SHT_STRTAB, .sh_offset = at,
			    .sh_size = sizeof(names)};
	s[4] = (Elf64_Shdr){.sh_name = 28, .sh_type = SHT_STRTAB, .sh_offset = at, .sh_size = 1};
	at = (at + sizeof(names) + 7) & ~(size_t)7;
	memset(buf + at, 0, sizeof(Elf64_Sym));
	s[3] = (Elf64_Shdr){.sh_name = 20, .sh_type = SHT_SYMTAB, .sh_offset = at,
			    .sh_size = sizeof(Elf64_Sym), .sh_link = 4,
			    .sh_entsize = sizeof(Elf64_Sym)};
	at += sizeof(Elf64_Sym);
	h.e_shoff = at;
	memcpy(buf, &h, sizeof(h));
	memcpy(buf + at, s, sizeof(s));
	return at + sizeof(s);
}

static void add_module(struct package *p, const char *path, const char *name, const char *depends)
{
	char buf[4096] = {0};

	add_bytes(p, path, buf, make_module(name, depends, buf, sizeof(buf)));
}

#define K "lib/modules/6.1.0/"

static void usual_package(struct package *p)
{
	add_text(p, "boot/vmlinuz-6.1.0", "the kernel");
	add_text(p, "boot/System.map-6.1.0", "symbols");
	add_text(p, "usr/lib/linux-image-6.1.0/broadcom/pi.dtb", "a tree");
	add_text(p, "usr/lib/linux-image-6.1.0/amd/other.dtb", "another");
	add_module(p, K "kernel/fs/ext4/ext4.ko", "ext4", "jbd2,crc16");
	add_module(p, K "kernel/fs/jbd2/jbd2.ko", "jbd2", "");
	add_module(p, K "kernel/lib/crc16.ko", "crc16", "");
	add_module(p, K "kernel/drivers/i2c-dev.ko", "i2c_dev", "");
	add_module(p, K "kernel/drivers/unused.ko", "unused", "");
	add_text(p, K "modules.order", "kernel/lib/crc16.ko\nkernel/drivers/unused.ko\n"
		 "kernel/fs/jbd2/jbd2.ko\nkernel/fs/ext4/ext4.ko\nkernel/drivers/i2c-dev.ko\n");
	add_text(p, K "modules.builtin", "kernel/net/ipv6/ipv6.ko\nkernel/drivers/mmc-block.ko\n");
	add_text(p, K "modules.builtin.modinfo", "");
}

static void list(struct lkb_strlist *l, const char **items, size_t n)
{
	*l = (struct lkb_strlist){.set = true, .n = n, .items = items};
}

static size_t n_selected(const struct lkb_modules *m)
{
	size_t i, n = 0;

	for (i = 0; i < m->n; i++)
		n += m->items[i].selected;
	return n;
}

static bool selected(const struct lkb_modules *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (!strcmp(m->items[i].name, name))
			return m->items[i].selected;
	return false;
}

static void what_a_module_needs_comes_along(void **state)
{
	const char *wanted[] = {"ext4", "i2c-dev", "mmc_block"};
	auto_package p = {0};
	lkb_automodules m = {0};
	struct lkb_strlist l;
	struct lkb_error err;

	usual_package(&p);
	list(&l, wanted, 3);
	assert_int_equal(lkb_modules_collect(&p.files, 1, &m, &err), 0);
	assert_string_equal(m.version, "6.1.0");
	assert_int_equal(m.n, 5);
	assert_int_equal(lkb_modules_select(&m, &l, &err), 0);
	assert_int_equal(n_selected(&m), 4);
	assert_true(selected(&m, "jbd2"));
	assert_true(selected(&m, "crc16"));
	assert_true(selected(&m, "i2c_dev"));
}

static void globs_select_and_strangers_are_refused(void **state)
{
	const char *globs[] = {"i2c_*", "crc??"}, *stranger[] = {"nosuch"};
	auto_package p = {0};
	lkb_automodules m = {0};
	struct lkb_strlist l;
	struct lkb_error err;

	usual_package(&p);
	assert_int_equal(lkb_modules_collect(&p.files, 1, &m, &err), 0);
	list(&l, globs, 2);
	assert_int_equal(lkb_modules_select(&m, &l, &err), 0);
	assert_int_equal(n_selected(&m), 2);
	list(&l, stranger, 1);
	assert_int_equal(lkb_modules_select(&m, &l, &err), -1);
	assert_string_equal(err.message, "kernel '6.1.0' has no module 'nosuch'");
}

static void odd_kernel_packages_are_refused(void **state)
{
	static const struct {
		const char *path, *message;
	} cases[] = {
		{"lib/modules/6.2.0/kernel/x.ko",
		 "there are modules of two kernels: '6.1.0' and '6.2.0'"},
		{K "kernel/with blank.ko",
		 "unlikely name of a kernel module: 'lib/modules/6.1.0/kernel/with blank.ko'"},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		auto_package p = {0};
		lkb_automodules m = {0};
		struct lkb_error err;

		usual_package(&p);
		add_module(&p, cases[i].path, "x", "");
		assert_int_equal(lkb_modules_collect(&p.files, 1, &m, &err), -1);
		assert_string_equal(err.message, cases[i].message);
	}
}

static void a_broken_module_is_named(void **state)
{
	const char *wanted[] = {"bad"};
	auto_package p = {0};
	lkb_automodules m = {0};
	struct lkb_strlist l;
	struct lkb_error err;

	usual_package(&p);
	add_text(&p, K "kernel/bad.ko", "This is not an object file, though it is long enough to "
		 "hold the header of one.");
	list(&l, wanted, 1);
	assert_int_equal(lkb_modules_collect(&p.files, 1, &m, &err), 0);
	assert_int_equal(lkb_modules_select(&m, &l, &err), -1);
	assert_string_equal(err.message, "module 'kernel/bad.ko': this is no 64-bit "
			    "little-endian ELF file");
}

static void module_headers_are_bounded(void **state)
{
	char buf[4096] = {0};
	size_t n = make_module("x", "", buf, sizeof(buf)), i;

	/* Any byte of the header or the section table gone wrong, any length: no crash. */
	for (i = 0; i < n; i++) {
		lkb_auto(lkb_blob) cut = lkb_blob_new_mem(buf, i);
		const struct lkb_data short_one = {.blob = cut, .len = i};
		lkb_autostrv needs = {0};
		struct lkb_error err;

		assert_int_equal(lkb_modinfo_depends(&short_one, &needs, &err), -1);
	}
	for (i = 0; i < n; i++) {
		char kept = buf[i];
		lkb_autostrv needs = {0};

		buf[i] = (char)0xff;
		{
			lkb_auto(lkb_blob) wrong = lkb_blob_new_mem(buf, n);
			const struct lkb_data data = {.blob = wrong, .len = n};

			lkb_modinfo_depends(&data, &needs, NULL);
		}
		buf[i] = kept;
	}
}

static char *read_all(struct lkb_tree *t, const char *path, size_t *ret_n)
{
	const struct lkb_inode *i = lkb_tree_lookup(t, path, false);
	struct lkb_error err;
	char *bytes = NULL;

	if (!i)
		fail_msg("no '%s'", path);
	assert_int_equal(lkb_data_read_all(&i->data, 1 << 20, &bytes, ret_n, &err), 0);
	return bytes;
}

static void check_kernel_tar(struct lkb_tree *image)
{
	const struct lkb_inode *file = lkb_tree_lookup(image, "kernel.tar", false);
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_autofree char *dep = NULL, *order = NULL, *dtb = NULL;
	struct lkb_error err;
	size_t n;

	assert_int_equal(lkb_tar_to_tree(&file->data, t, "", &err), 0);
	dep = read_all(t, K "modules.dep", &n);
	assert_non_null(strstr(dep, "kernel/fs/ext4/ext4.ko:"));
	assert_null(strstr(dep, "unused"));
	order = read_all(t, K "modules.order", &n);
	assert_string_equal(order, "kernel/lib/crc16.ko\nkernel/fs/jbd2/jbd2.ko\n"
			    "kernel/fs/ext4/ext4.ko\n");
	dtb = read_all(t, "boot/dtb/broadcom/pi.dtb", &n);
	assert_string_equal(dtb, "a tree");
	assert_non_null(lkb_tree_lookup(t, K "modules.alias", false));
	assert_non_null(lkb_tree_lookup(t, K "modules.builtin", false));
	assert_non_null(lkb_tree_lookup(t, K "kernel/fs/jbd2/jbd2.ko", false));
	assert_null(lkb_tree_lookup(t, K "kernel/drivers/unused.ko", false));
	assert_null(lkb_tree_lookup(t, "boot/vmlinuz-6.1.0", false));
}

static void a_kernel_image_has_kernel_and_tar(void **state)
{
	const char *wanted[] = {"ext4"}, *dtbs[] = {"usr/lib/linux-image-*/broadcom/*.dtb"};
	struct lkb_pkg_kernel k = {.image = "boot/vmlinuz-*"};
	lkb_autofree char *program = NULL, *packed = NULL, *plain = NULL;
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_autotmpdir scratch = {0};
	auto_package p = {0};
	struct lkb_error err = {0};
	size_t n, n_plain;

	if (lkb_proc_find("depmod", "kmod", &program, NULL)) {
		print_message("skipped: depmod is not installed\n");
		skip();
	}
	assert_int_equal(lkb_tmpdir_make(&scratch, &err), 0);
	usual_package(&p);
	list(&k.dtbs, dtbs, 1);
	list(&k.modules, wanted, 1);
	assert_true(lkb_kernel_wants(&k, "boot/vmlinuz-6.1.0"));
	assert_true(lkb_kernel_wants(&k, K "modules.order"));
	assert_false(lkb_kernel_wants(&k, "boot/System.map-6.1.0"));
	if (lkb_kernel_build(&k, &p.files, 1, scratch.path, t, TIME, &err))
		fail_msg("%s", err.message);
	packed = read_all(t, "kernel", &n);
	assert_int_equal(lkb_inflate_buffer(packed, n, 1000, &plain, &n_plain, &err), 0);
	assert_int_equal(n_plain, strlen("the kernel"));
	assert_memory_equal(plain, "the kernel", n_plain);
	check_kernel_tar(t);
}

static void a_bzimage_stays_as_it_is(void **state)
{
	const struct lkb_pkg_kernel k = {.image = "boot/vmlinuz-*"};
	char image[0x400] = {0};
	size_t i, n;

	/* The magic numbers, whole and each of them spoilt. */
	for (i = 0; i < 4; i++) {
		lkb_auto(lkb_tree) t = lkb_tree_new();
		lkb_autofree char *kernel = NULL;
		auto_package p = {0};
		struct lkb_error err;

		memcpy(image + 0x1fe, "\x55\xaa\xeb\x6a" "HdrS", 8);
		if (i)
			image[(const int[]){0, 0x1fe, 0x1ff, 0x205}[i]] = 'x';
		add_bytes(&p, "boot/vmlinuz-6.1.0", image, sizeof(image));
		assert_int_equal(lkb_kernel_build(&k, &p.files, 1, NULL, t, TIME, &err), 0);
		kernel = read_all(t, "kernel", &n);
		assert_int_equal(n == sizeof(image) && !memcmp(kernel, image, n), !i);
	}
}

static void a_kernel_that_is_not_there_is_named(void **state)
{
	const char *dtbs[] = {"usr/lib/*/missing.dtb"};
	struct lkb_pkg_kernel k = {.image = "boot/Image*"};
	lkb_auto(lkb_tree) t = lkb_tree_new();
	auto_package p = {0};
	struct lkb_error err;

	usual_package(&p);
	assert_int_equal(lkb_kernel_build(&k, &p.files, 1, NULL, t, TIME, &err), -1);
	assert_string_equal(err.message, "'boot/Image*' matches no kernel");
	k.image = "boot/*";
	assert_int_equal(lkb_kernel_build(&k, &p.files, 1, NULL, t, TIME, &err), -1);
	assert_string_equal(err.message, "'boot/*' matches two kernels: 'boot/vmlinuz-6.1.0' and "
			    "'boot/System.map-6.1.0'");
	k.image = "boot/vmlinuz-*";
	list(&k.dtbs, dtbs, 1);
	assert_int_equal(lkb_kernel_build(&k, &p.files, 1, NULL, t, TIME, &err), -1);
	assert_string_equal(err.message, "kernel.tar: 'usr/lib/*/missing.dtb' matches no device "
			    "tree");
}

/* One header of a newc archive, as the format's description has it. */
struct cpio_entry {
	const char *name, *data;
	size_t data_off, len;
};

static size_t number(const char *header, size_t field)
{
	char digits[9] = {0};

	memcpy(digits, header + 6 + 8 * field, 8);
	return strtoul(digits, NULL, 16);
}

static size_t read_entry(const char *bytes, size_t n, size_t at, struct cpio_entry *ret)
{
	const char *header = bytes + at;
	size_t name_size;

	assert_true(at + 110 < n);
	assert_memory_equal(header, "070701", 6);
	name_size = number(header, 11);
	ret->name = header + 110;
	assert_int_equal(strlen(ret->name) + 1, name_size);
	ret->len = number(header, 6);
	ret->data_off = (at + 110 + name_size + 3) / 4 * 4;
	ret->data = bytes + ret->data_off;
	assert_true(ret->data_off + ret->len <= n);
	return (ret->data_off + ret->len + 3) / 4 * 4;
}

/* Each vendor's files in the order of their names, the same contents once, at a multiple of 16. */
static void microcode_is_an_archive_of_its_own(void **state)
{
	static const char *const names[] = {
		"kernel", "kernel/x86", "kernel/x86/microcode",
		"kernel/x86/microcode/GenuineIntel.bin", "kernel/x86/microcode/AuthenticAMD.bin",
		"TRAILER!!!",
	};
	static const char *const contents[] = {"", "", "", "first,second,", "amd's", ""};
	const struct lkb_pkg_kernel k = {
		.image = "boot/vmlinuz-*",
		.ucode = {.pos = {.line = 1}, .intel = "/lib/firmware/intel-ucode/*",
			  .amd = "lib/firmware/amd-*.bin"},
	};
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_autofree char *cpio = NULL;
	auto_package p = {0};
	struct cpio_entry e = {0};
	struct lkb_error err;
	size_t n, i, at = 0;

	add_text(&p, "boot/vmlinuz-6.1.0", "the kernel");
	add_text(&p, "lib/firmware/intel-ucode/06-02-02", "second,");
	add_text(&p, "lib/firmware/intel-ucode/06-02-03", "first,");
	add_text(&p, "lib/firmware/intel-ucode/06-02-01", "first,");
	add_text(&p, "lib/firmware/amd-1.bin", "amd's");
	add_text(&p, "lib/firmware/amd-1.asc", "signature");
	assert_true(lkb_kernel_wants(&k, "lib/firmware/intel-ucode/06-02-02"));
	assert_true(lkb_kernel_wants(&k, "lib/firmware/amd-1.bin"));
	assert_false(lkb_kernel_wants(&k, "lib/firmware/amd-1.asc"));
	assert_int_equal(lkb_kernel_build(&k, &p.files, 1, NULL, t, TIME, &err), 0);
	cpio = read_all(t, "ucode.cpio", &n);
	assert_int_equal(n % 512, 0);
	for (i = 0; i < LKB_ARRAY_SIZE(names); i++) {
		do
			at = read_entry(cpio, n, at, &e);
		while (lkb_ends_with(e.name, ".padding"));
		assert_string_equal(e.name, names[i]);
		assert_int_equal(e.len, strlen(contents[i]));
		assert_memory_equal(e.data, contents[i], e.len);
		if (lkb_ends_with(e.name, ".bin"))
			assert_int_equal(e.data_off % 16, 0);
	}
	for (; at < n; at++)
		assert_int_equal(cpio[at], 0);
}

static void microcode_that_is_not_there_is_named(void **state)
{
	const struct lkb_pkg_kernel k = {
		.image = "boot/vmlinuz-*", .ucode = {.pos = {.line = 1}, .amd = "lib/firmware/*.bin"},
	};
	lkb_auto(lkb_tree) t = lkb_tree_new();
	auto_package p = {0};
	struct lkb_error err;

	usual_package(&p);
	assert_int_equal(lkb_kernel_build(&k, &p.files, 1, NULL, t, TIME, &err), -1);
	assert_string_equal(err.message, "ucode: 'lib/firmware/*.bin' matches no file in the "
			    "packages");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_module_needs_comes_along),
		cmocka_unit_test(globs_select_and_strangers_are_refused),
		cmocka_unit_test(odd_kernel_packages_are_refused),
		cmocka_unit_test(a_broken_module_is_named),
		cmocka_unit_test(module_headers_are_bounded),
		cmocka_unit_test(a_kernel_image_has_kernel_and_tar),
		cmocka_unit_test(a_bzimage_stays_as_it_is),
		cmocka_unit_test(a_kernel_that_is_not_there_is_named),
		cmocka_unit_test(microcode_is_an_archive_of_its_own),
		cmocka_unit_test(microcode_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
