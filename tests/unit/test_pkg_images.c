/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <elf.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/ext/compress.h"
#include "base/path.h"
#include "rootfs/pkg/def_priv.h"
#include "rootfs/tree/tar.h"
#include "rootfs/tree/tree.h"

/* The shipped definitions, built for real: from the store that tests share, and from the mirror of
 * this machine's apt where that store has not got them yet. */
#define MAX_ELF ((size_t)256 << 20)

static const struct arch {
	const char *name, *triplet;
	uint16_t machine;
} archs[] = {
	{"arm64", "aarch64-linux-gnu", EM_AARCH64},
	{"amd64", "x86_64-linux-gnu", EM_X86_64},
};

static char *from_env(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return lkb_strdup(value && *value ? value : otherwise);
}

static struct lkb_store *store;
static char *local_dir;

static int begin(void **state)
{
	lkb_autofree char *out = from_env("O", "out");
	lkb_autofree char *shared = lkb_path_join(out, "store");
	lkb_autofree char *dir = from_env("LKBOARD_TEST_STORE", shared);
	struct lkb_error err;

	local_dir = lkb_path_join(out, "ondevice");
	if (!lkb_store_open(dir, &store, &err))
		return 0;
	print_message("%s\n", err.message);
	return -1;
}

static int end(void **state)
{
	lkb_store_free(store);
	free(local_dir);
	return 0;
}

/* Builds and reads one image; false with a word why where this machine cannot. */
static bool build(const struct lkb_pkg *p, const struct arch *arch, struct lkb_tree **ret)
{
	const struct lkb_pkg_env env = {.local_dir = local_dir, .arch = arch->name};
	struct lkb_platform platform = {0};
	lkb_auto(lkb_image) im = NULL;
	struct lkb_error err = {0};
	struct lkb_sha256 manifest;

	if (lkb_pkg_build(p, store, &env, &manifest, &err)) {
		if (err.kind != LKB_NET && err.kind != LKB_MISSING &&
		    !strstr(err.message, "local file") && !strstr(err.message, "no source"))
			fail_msg("%s for %s: %s", lkb_pkg_name(p), arch->name, err.message);
		print_message("skipped: %s for %s: %s\n", lkb_pkg_name(p), arch->name,
			      err.message);
		return false;
	}
	snprintf(platform.arch, sizeof(platform.arch), "%s", arch->name);
	if (lkb_store_resolve(store, lkb_pkg_image(p), &platform, &im, &err) ||
	    lkb_store_image_tree(store, im, NULL, ret, &err))
		fail_msg("%s: %s", lkb_pkg_name(p), err.message);
	return true;
}

/* One 64-bit little-endian ELF file in memory. */
struct elf {
	const char *p;
	size_t n;
	const struct arch *arch;
};

static const char *at_offset(const struct elf *e, uint64_t off, uint64_t len)
{
	if (off > e->n || len > e->n - off)
		fail_msg("ELF file leads outside of itself");
	return e->p + off;
}

static const char *segment(const struct elf *e, unsigned i)
{
	return at_offset(e, lkb_get_le64(e->p + 32) + i * 56ULL, 56);
}

static uint64_t file_offset(const struct elf *e, uint64_t address)
{
	unsigned i, n = lkb_get_le16(e->p + 56);

	for (i = 0; i < n; i++) {
		const char *ph = segment(e, i);
		uint64_t start = lkb_get_le64(ph + 16), size = lkb_get_le64(ph + 32);

		if (lkb_get_le32(ph) == PT_LOAD && address >= start && address - start < size)
			return lkb_get_le64(ph + 8) + (address - start);
	}
	fail_msg("ELF address lies in no segment");
	return 0;
}

/* DT_NEEDED of the dynamic segment: names in the string table that DT_STRTAB points to. */
static void needed(const struct elf *e, const char *ph, struct lkb_strv *ret)
{
	uint64_t off = lkb_get_le64(ph + 8), n = lkb_get_le64(ph + 32) / 16, i, strings = 0;
	const char *d = at_offset(e, off, n * 16);

	for (i = 0; i < n; i++)
		if (lkb_get_le64(d + i * 16) == DT_STRTAB)
			strings = file_offset(e, lkb_get_le64(d + i * 16 + 8));
	for (i = 0; i < n && lkb_get_le64(d + i * 16) != DT_NULL; i++)
		if (lkb_get_le64(d + i * 16) == DT_NEEDED)
			lkb_strv_add(ret, at_offset(e, strings + lkb_get_le64(d + i * 16 + 8), 1));
}

static bool is_file(struct lkb_tree *t, const char *path)
{
	const struct lkb_inode *i = lkb_tree_lookup(t, path, true);

	return i && i->type == LKB_NODE_FILE;
}

static bool has_library(struct lkb_tree *t, const struct arch *arch, const char *name)
{
	lkb_autofree char *lib = lkb_format("lib/%s/%s", arch->triplet, name);
	lkb_autofree char *usr = lkb_format("usr/lib/%s/%s", arch->triplet, name);

	return is_file(t, lib) || is_file(t, usr);
}

static void check_elf(struct lkb_tree *t, const char *image, const char *path,
		      const struct elf *e)
{
	unsigned i, n = lkb_get_le16(e->p + 56);
	lkb_autostrv libraries = {0};
	size_t j;

	if (lkb_get_le16(e->p + 18) != e->arch->machine)
		fail_msg("%s: '%s' is for another machine than %s", image, path, e->arch->name);
	for (i = 0; i < n; i++) {
		const char *ph = segment(e, i);

		if (lkb_get_le32(ph) == PT_DYNAMIC)
			needed(e, ph, &libraries);
		if (lkb_get_le32(ph) == PT_INTERP &&
		    !is_file(t, at_offset(e, lkb_get_le64(ph + 8), lkb_get_le64(ph + 32))))
			fail_msg("%s: '%s' has no program interpreter", image, path);
	}
	for (j = 0; j < libraries.n; j++)
		if (!has_library(t, e->arch, libraries.items[j]))
			fail_msg("%s for %s: '%s' needs '%s'", image, e->arch->name, path,
				 libraries.items[j]);
}

/* "#!/bin/sh": the interpreter must be there. */
static void check_script(struct lkb_tree *t, const char *image, const char *path, const char *text)
{
	lkb_autofree char *line = lkb_strndup(text + 2, strcspn(text + 2, " \n"));

	if (!is_file(t, line))
		fail_msg("%s: '%s' needs '%s'", image, path, line);
}

static size_t check_programs(struct lkb_tree *t, const char *image, const struct arch *arch)
{
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(lkb_tree_root(t));
	struct lkb_tree_item item;
	size_t n_elf = 0;

	while (lkb_tree_iter_next(it, &item)) {
		lkb_autofree char *bytes = NULL;
		struct elf e = {.arch = arch};
		struct lkb_error err;

		if (item.inode->type == LKB_NODE_SYMLINK && !strstr(item.inode->target, "/proc") &&
		    !strstr(item.inode->target, "/run") && !lkb_tree_lookup(t, item.path, true))
			fail_msg("%s: link '%s' leads nowhere", image, item.path);
		if (item.inode->type != LKB_NODE_FILE || item.inode->data.len < 64)
			continue;
		assert_int_equal(lkb_data_read_all(&item.inode->data, MAX_ELF, &bytes, &e.n, &err),
				 0);
		e.p = bytes;
		if (!memcmp(bytes, "#!", 2))
			check_script(t, image, item.path, bytes);
		/* What a boot loader loads has 32 bits, and is no program of the system. */
		if (memcmp(bytes, ELFMAG, SELFMAG) || bytes[EI_CLASS] == ELFCLASS32 ||
		    lkb_ends_with(item.path, ".elf"))
			continue;
		check_elf(t, image, item.path, &e);
		n_elf++;
	}
	return n_elf;
}

/* Entrypoints must be there too. */
static void check_entrypoint(struct lkb_tree *t, const struct lkb_pkg *p)
{
	if (p->entrypoint.n && !is_file(t, p->entrypoint.items[0]))
		fail_msg("%s: no '%s'", p->name, p->entrypoint.items[0]);
}

/* What takes long to fetch or read is left to tests/boot/shelf-long.sh, which asks for all. */
static bool is_large(const char *name)
{
	static const char *const large[] = {"binfmt", "firmware-nic", "kernel-amd64",
					    "kernel-arm64"};
	const char *all = getenv("LKBOARD_TEST_PACKAGES");
	size_t i;

	if (all && !strcmp(all, "all"))
		return false;
	for (i = 0; i < LKB_ARRAY_SIZE(large); i++)
		if (!strcmp(name, large[i]))
			return true;
	return false;
}

/* Builds one definition for each of its architectures; returns how many were built. */
static size_t check_package(const struct lkb_pkg *p)
{
	size_t i, built = 0;

	for (i = 0; i < LKB_ARRAY_SIZE(archs); i++) {
		lkb_auto(lkb_tree) t = NULL;
		size_t n_elf;

		if (!lkb_pkg_has_arch(p, archs[i].name) || !build(p, &archs[i], &t))
			continue;
		built++;
		n_elf = check_programs(t, p->name, &archs[i]);
		if ((p->entrypoint.n || p->cmd.n) && !n_elf)
			fail_msg("%s is to run and holds no program", p->name);
		check_entrypoint(t, p);
	}
	return built;
}

static void programs_find_what_they_need_in_their_image(void **state)
{
	lkb_autostrv names = {0};
	struct lkb_error err;
	size_t i, built = 0;

	assert_int_equal(lkb_pkg_names("configs", &names, &err), 0);
	for (i = 0; i < names.n; i++) {
		lkb_autofree char *path = lkb_format("configs/packages/%s.yml", names.items[i]);
		lkb_auto(lkb_pkg) p = NULL;
		lkb_autodiags diags = {0};

		assert_int_equal(lkb_pkg_read(path, &p, &diags, NULL), 0);
		if (!p->kernel.image && !is_large(p->name))
			built += check_package(p);
	}
	if (!built)
		skip();
}

/* Every file that modules.dep names is in the archive. */
static void check_modules(struct lkb_tree *t)
{
	const struct lkb_inode *dir = lkb_tree_lookup(t, "lib/modules", false);
	lkb_autofree char *dep_path = NULL, *dep = NULL;
	char *at, *word;
	struct lkb_error err;
	size_t n, found = 0;

	assert_non_null(dir);
	assert_int_equal(dir->n_entries, 1);
	dep_path = lkb_format("lib/modules/%s/modules.dep", dir->entries[0].name);
	assert_int_equal(lkb_data_read_all(&lkb_tree_lookup(t, dep_path, false)->data, 1 << 20,
					   &dep, &n, &err), 0);
	for (at = dep; (word = strsep(&at, " :\n"));) {
		lkb_autofree char *path = lkb_format("lib/modules/%s/%s", dir->entries[0].name,
						     word);

		if (*word && !is_file(t, path))
			fail_msg("modules.dep names '%s', which is not there", word);
		found += *word != '\0';
	}
	assert_true(found > 50);
}

/* What starts a kernel of each architecture, looked for by its magic number: an arm64 Image in gzip
 * (Linux Documentation/arm64/booting.rst), an x86 bzImage as it is (x86/boot.rst). */
static void check_kernel(struct lkb_tree *image, const struct arch *arch)
{
	lkb_autofree char *file = NULL, *plain = NULL;
	struct lkb_error err;
	size_t n, n_plain;

	assert_int_equal(lkb_data_read_all(&lkb_tree_lookup(image, "kernel", false)->data, MAX_ELF,
					   &file, &n, &err), 0);
	assert_true(n > 1024);
	if (arch->machine == EM_X86_64) {
		assert_memory_equal(file + 0x202, "HdrS", 4);
		return;
	}
	assert_int_equal(lkb_inflate_buffer(file, n, MAX_ELF, &plain, &n_plain, &err), 0);
	assert_true(n_plain > 64);
	assert_memory_equal(plain + 56, "ARM\x64", 4);
}

static void kernel_images_are_whole(void **state)
{
	static const struct {
		const char *name;
		const struct arch *arch;
		const char *dtbs[2];
	} cases[] = {
		{"kernel-rpi3", &archs[0], {"boot/dtb/broadcom/bcm2837-rpi-3-b.dtb",
					    "boot/dtb/broadcom/bcm2837-rpi-3-b-plus.dtb"}},
		{"kernel-arm64", &archs[0], {NULL}},
		{"kernel-amd64", &archs[1], {NULL}},
	};
	size_t i, j;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_autofree char *path = lkb_format("configs/packages/%s.yml", cases[i].name);
		lkb_auto(lkb_tree) t = lkb_tree_new();
		lkb_auto(lkb_tree) image = NULL;
		lkb_auto(lkb_pkg) p = NULL;
		lkb_autodiags diags = {0};
		struct lkb_error err;

		if (is_large(cases[i].name))
			continue;
		assert_int_equal(lkb_pkg_read(path, &p, &diags, NULL), 0);
		if (!build(p, cases[i].arch, &image))
			skip();
		check_kernel(image, cases[i].arch);
		assert_int_equal(lkb_tar_to_tree(&lkb_tree_lookup(image, "kernel.tar", false)->data,
						 t, "", &err), 0);
		for (j = 0; j < 2 && cases[i].dtbs[j]; j++)
			assert_true(is_file(t, cases[i].dtbs[j]));
		check_modules(t);
	}
}

static void the_boot_files_of_the_pi_are_there(void **state)
{
	static const struct {
		const char *name, *files[4];
	} cases[] = {
		{"firmware-rpi", {"bootcode.bin", "start.elf", "fixup.dat", "LICENCE"}},
		{"u-boot-rpi", {"u-boot.bin", "LICENCE"}},
	};
	size_t i, j;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_autofree char *path = lkb_format("configs/packages/%s.yml", cases[i].name);
		lkb_auto(lkb_pkg) p = NULL;
		lkb_autodiags diags = {0};
		lkb_auto(lkb_tree) t = NULL;

		assert_int_equal(lkb_pkg_read(path, &p, &diags, NULL), 0);
		if (!build(p, &archs[0], &t))
			skip();
		for (j = 0; j < 4 && cases[i].files[j]; j++)
			assert_true(is_file(t, cases[i].files[j]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_find_what_they_need_in_their_image),
		cmocka_unit_test(kernel_images_are_whole),
		cmocka_unit_test(the_boot_files_of_the_pi_are_there),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
