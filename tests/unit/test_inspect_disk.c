/* SPDX-License-Identifier: Apache-2.0 */
/* inspect on disks and ISO images, whole and made to hurt. The whole ones are those that the fuzzer
 * starts from; what real ones come to is in tests/cli/inspect.sh. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/crc32.h"
#include "base/ext/json.h"
#include "cmd/inspect.h"
#include "tests/unit/base_kit.h"

#define SEEDS "tests/fuzz/corpus/inspect/"

/* In the image `gpt`, whose partition starts at sector 34. */
#define GPT_HEADER 512
#define FAT_AT     (34 * 512)
#define FAT_TABLE  (FAT_AT + 2 * 512)
#define CLUSTER(n) (FAT_AT + (3 + (n) - 2) * 512)

static const struct lkb_inspect_kind *kind_of(const struct lkb_blob *blob)
{
	size_t i;

	for (i = 0; lkb_inspect_kinds[i] && !lkb_inspect_kinds[i]->is(blob); i++)
		;
	return lkb_inspect_kinds[i];
}

static json_t *inspect(const char *bytes, size_t n, const char *kind)
{
	lkb_auto(lkb_blob) blob = lkb_blob_new_mem(bytes, n);
	const struct lkb_inspect_kind *k = kind_of(blob);
	json_t *what = NULL;

	assert_non_null(k);
	assert_string_equal(k->name, kind);
	OK(k->describe("it", blob, &what, &err));
	return what;
}

static char *seed(const char *name, size_t *ret_n)
{
	lkb_autofree char *path = lkb_format(SEEDS "%s", name);
	char *bytes = NULL;

	OK(lkb_read_file(path, 1 << 20, &bytes, ret_n, &err));
	return bytes;
}

static void expect_text(const char *name, const char *kind, const char *const *words)
{
	size_t n;
	lkb_autofree char *bytes = seed(name, &n);
	lkb_autojson what = inspect(bytes, n, kind);
	lkb_autostr text = {0};

	lkb_inspect_text(what, &text);
	for (; *words; words++)
		expect_words(lkb_str_get(&text), *words);
	assert_null(strchr(lkb_str_get(&text), '\x1b'));
}

static void each_kind_is_told(void **state)
{
	static const char program[] =
		"path=EFI/BOOT/BootX64-long.efi arch=amd64 kernel=7 cmdline=console=a\\x1bb";
	static const struct {
		const char *name, *kind;
		const char *words[4];
	} cases[] = {
		{"gpt", "disk image", {"table: GPT", "type=EFI system", program}},
		{"mbr", "disk image", {"table: MBR", "id: 6e676973", program}},
		{"fat", "FAT32", {program, "path=EFI/BOOT/readme.txt"}},
		{"iso", "ISO image", {"volume id: box-1", "cmdline: console=ttyS0 a\\x1bb", program}},
		{"efi", "EFI program", {"kernel: 7", "cmdline: console=a\\x1bb"}},
		{"squashfs", "root image", {"file system: squashfs", "compression: zstd"}},
		{"erofs", "root image", {"file system: erofs", "image word: lkb.image=erofs:"}},
		{"qcow2", "virtual disk", {"container: qcow2", "disk size: 1048576"}},
		{"vhd", "virtual disk", {"container: vhd", "disk size: 1048576"}},
		{"vmdk", "virtual disk", {"container: vmdk", "disk size: 1048576"}},
		{"bzimage", "kernel", {"arch: amd64", "version: 6.1.0-\\x1bxy"}},
		{"image.gz", "kernel", {"arch: arm64", "compression: gzip"}},
		{"tar", "archive", {"type=0 mode=0644 size=3 path=a\\x1bb"}},
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++)
		expect_text(cases[i].name, cases[i].kind, cases[i].words);
}

/* Checksums as chance would not find them. */
static void seal_gpt(char *disk)
{
	uint8_t *p = (uint8_t *)disk + GPT_HEADER;

	lkb_put_le32(p + 88, lkb_crc32(0, disk + 1024, lkb_get_le32(p + 80) * 128));
	lkb_put_le32(p + 16, 0);
	lkb_put_le32(p + 16, lkb_crc32(0, p, 92));
}

static void expect_fault(const char *bytes, size_t n, const char *words)
{
	lkb_auto(lkb_blob) blob = lkb_blob_new_mem(bytes, n);
	json_t *what = NULL;

	FAILS(kind_of(blob)->describe("it", blob, &what, &err), LKB_INPUT, words, "");
	assert_null(what);
}

static void a_damaged_gpt(void **state)
{
	static const struct {
		size_t at;
		uint8_t byte;
	} faults[] = {{GPT_HEADER, 'X'}, {GPT_HEADER + 12, 91}, {GPT_HEADER + 24, 2},
		      {GPT_HEADER + 60, 9}, {1024 + 40, 1}};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(faults); i++) {
		size_t n;
		lkb_autofree char *disk = seed("gpt", &n);

		disk[faults[i].at] = (char)faults[i].byte;
		expect_fault(disk, n, "'it': the GPT at its start is damaged");
	}
}

static void a_gpt_that_lies(void **state)
{
	size_t n;
	lkb_autofree char *disk = seed("gpt", &n);
	lkb_autojson what = NULL;
	lkb_autostr text = {0};

	lkb_put_le32((uint8_t *)disk + GPT_HEADER + 80, 129);
	seal_gpt(disk);
	expect_fault(disk, n, "is damaged");
	lkb_put_le32((uint8_t *)disk + GPT_HEADER + 80, 128);
	lkb_put_le64((uint8_t *)disk + GPT_HEADER + 72, UINT64_MAX / 512);
	seal_gpt(disk);
	expect_fault(disk, n, "is damaged");
	lkb_put_le64((uint8_t *)disk + GPT_HEADER + 72, 2);
	lkb_put_le64((uint8_t *)disk + 1024 + 32, UINT64_MAX);
	lkb_put_le64((uint8_t *)disk + 1024 + 40, UINT64_MAX);
	seal_gpt(disk);
	what = inspect(disk, n, "disk image");
	lkb_inspect_text(what, &text);
	expect_words(text.s, "name=esp offset=-1 size=512 bootable=no holds=nothing: it is not on the disk");
	expect_words(text.s, "table at the end: damaged");
}

struct patch {
	size_t at;
	uint32_t v;
	unsigned bytes;
	const char *words;
};

static void a_fat_that_lies(void **state)
{
	static const struct patch faults[] = {
		{FAT_AT + 13, 3, 1, "it is no FAT32"},
		{FAT_AT + 11, 4096, 2, "it is no FAT32"},
		{FAT_AT + 16, 0, 1, "it is no FAT32"},
		{FAT_AT + 32, 61, 4, "it is larger than its partition"},
		{FAT_AT + 36, 0, 4, "its table is too short"},
		{FAT_AT + 36, UINT32_MAX, 4, "it is larger than its partition"},
		{FAT_AT + 44, 0, 4, "a cluster that is not there"},
		{FAT_AT + 44, 57 + 2, 4, "a cluster that is not there"},
		/* a directory that goes round, one that leads to itself, and one above it */
		{FAT_TABLE + 4 * 3, 3, 4, "a directory does not end"},
		{CLUSTER(3) + 64 + 26, 3, 2, "is too deep"},
		{CLUSTER(3) + 64 + 26, 2, 2, "is too deep"},
		/* a file: longer than its chain, and one whose chain leads away */
		{CLUSTER(4) + 64 + 28, 1025, 4, "a cluster that is not there"},
		{CLUSTER(4) + 64 + 28, UINT32_MAX, 4, "a cluster that is not there"},
		{FAT_TABLE + 4 * 5, 0x0ffffff7, 4, "a cluster that is not there"},
		{FAT_TABLE + 4 * 5, 0, 4, "a cluster that is not there"},
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(faults); i++) {
		const struct patch *f = &faults[i];
		size_t n;
		lkb_autofree char *disk = seed("gpt", &n);

		for (unsigned k = 0; k < f->bytes; k++)
			disk[f->at + k] = (char)(f->v >> 8 * k);
		expect_fault(disk, n, f->words);
		expect_words(err.message, "'it': partition 1: ");
	}
}

/* A file that eats its own tail is as long as its entry says, and no longer. */
static void a_chain_that_goes_round(void **state)
{
	size_t n;
	lkb_autofree char *disk = seed("gpt", &n);
	lkb_autojson what = NULL;

	lkb_put_le32((uint8_t *)disk + FAT_TABLE + 4 * 7, 5);
	lkb_put_le32((uint8_t *)disk + CLUSTER(4) + 64 + 28, 100000);
	what = inspect(disk, n, "disk image");
	lkb_put_le32((uint8_t *)disk + CLUSTER(4) + 64 + 28, UINT32_MAX);
	json_decref(LKB_STEAL(what));
	expect_fault(disk, n, "its files are in too many pieces");
}

/* A long name that is not the entry's own does not count. */
static void a_long_name_of_another_entry(void **state)
{
	size_t n;
	lkb_autofree char *disk = seed("gpt", &n);
	lkb_autojson what = NULL;
	lkb_autostr text = {0};

	disk[CLUSTER(4) + 64] = 'X';
	what = inspect(disk, n, "disk image");
	lkb_inspect_text(what, &text);
	expect_words(text.s, "path=EFI/BOOT/XOOTX6~1.EFI");
}

static void images_that_are_cut(void **state)
{
	static const char *const names[] = {"gpt", "mbr", "iso", "fat", "efi", "tar", "bzimage"};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(names); i++) {
		size_t n;
		lkb_autofree char *bytes = seed(names[i], &n);

		for (size_t k = 0; k < n; k += 1 + n / 97) {
			lkb_auto(lkb_blob) blob = lkb_blob_new_mem(bytes, k);
			const struct lkb_inspect_kind *kind = kind_of(blob);
			json_t *what = NULL;

			if (kind && kind != &lkb_inspect_card && kind != &lkb_inspect_map &&
			    !kind->describe("it", blob, &what, NULL))
				json_decref(what);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_kind_is_told),
		CASE(a_damaged_gpt),
		CASE(a_gpt_that_lies),
		CASE(a_fat_that_lies),
		CASE(a_chain_that_goes_round),
		CASE(a_long_name_of_another_entry),
		CASE(images_that_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
