/* SPDX-License-Identifier: Apache-2.0 */
/* ISO images, read back by bsdtar and judged by xorriso, isoinfo and sfdisk. */
#include "base/bytes.h"
#include "image/iso/iso.h"
#include "tests/unit/roots_kit.h"

static const struct lkb_iso_options plain = {
	.volume_id = "TEST-volume 1", .epoch = EPOCH, .seed = &seed, .ui = &kit_ui,
};

static void make(const char *path, const struct lkb_inode *root, const struct lkb_iso_options *o)
{
	lkb_autofd fd = new_file(path);
	struct stat st;
	uint64_t size;

	warnings = 0;
	MUST(lkb_iso_measure(root, o, &size, err));
	assert_int_equal(warnings, 0);
	MUST(lkb_iso_write(root, o, fd, path, err));
	assert_nothing_left(root);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, size);
}

static void assert_holds(const char *image, const struct lkb_inode *root)
{
	const char *tar = in_scratch("back.tar");
	lkb_autofree char *should = dump_of_tree(root), *is = NULL;
	lkb_autofree char *from = lkb_format("@%s", image);

	NEED("bsdtar");
	JUDGE(NULL, "bsdtar", "-c", "--format=pax", "-f", tar, from);
	is = dump_of_tar(tar);
	assert_same_dump(is, should);
}

static void assert_says(const char *out, const char *words)
{
	if (!strstr(out, words))
		fail_msg("'%s' is not in:\n%.3000s", words, out);
}

/* ---- what it holds ---- */

static void all_of_a_hard_tree_comes_back(void **state)
{
	lkb_auto(lkb_tree) t = hard_tree(253, false);
	const char *image = in_scratch("hard.iso");
	struct lkb_extents e = {0};
	struct lkb_iso_options o = plain;

	o.extents = &e;
	/* libarchive has another idea of large minor numbers than Linux. */
	assert_true(lkb_tree_remove(t, "dev/big"));
	make(image, lkb_tree_root(t), &o);
	assert_int_equal(warnings, 0);
	assert_holds(image, lkb_tree_root(t));
	lkb_extents_sort(&e);
	assert_extents(image, &e, lkb_tree_root(t));
	lkb_extents_clear(&e);
}

/* What ISO images have no place for is taken out before, and second names of empty files, in which
 * libarchive does not see a link. */
static void trees_of_chance_come_back(void **state)
{
	for (uint64_t s = 1; s <= 4; s++) {
		lkb_auto(lkb_tree) t = random_tree(s, (unsigned)(s * s * 20));
		lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(lkb_tree_root(t));
		const char *image = in_scratch("chance.iso");
		struct lkb_tree_item item;
		lkb_autostrv links = {0};

		while (lkb_tree_iter_next(it, &item) > 0) {
			struct lkb_inode *i = lkb_tree_lookup(t, item.path, false);

			i->n_xattrs = 0;
			i->minor %= 256;
			if (!item.first)
				lkb_strv_add(&links, item.path);
		}
		for (size_t i = 0; i < links.n; i++)
			assert_true(lkb_tree_remove(t, links.items[i]));
		make(image, lkb_tree_root(t), &plain);
		assert_holds(image, lkb_tree_root(t));
	}
}

static void an_empty_tree_is_an_image(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	const char *image = in_scratch("empty.iso");

	make(image, lkb_tree_root(t), &plain);
	assert_holds(image, lkb_tree_root(t));
	assert_golden(image, "7b6ab63effe742230d45e61ae18a6dcfbe615eec9cd3e7cb23e722ce5735d169");
}

static void attributes_are_warned_of(void **state)
{
	lkb_auto(lkb_tree) t = hard_tree(253, true);

	make(in_scratch("warn.iso"), lkb_tree_root(t), &plain);
	assert_int_equal(warnings, 1);
	assert_non_null(strstr(warned, "warn.iso': an ISO image has no place for 6 extended attributes, "
				       "file capabilities among them"));
}

static void two_builds_are_the_same_bytes(void **state)
{
	lkb_auto(lkb_tree) t = hard_tree(253, false);
	lkb_auto(lkb_tree) same = hard_tree(253, false);
	const char *a = in_scratch("a.iso"), *b = in_scratch("b.iso");
	mode_t mask;

	make(a, lkb_tree_root(t), &plain);
	setenv("TZ", "Asia/Tokyo", 1);
	mask = umask(0077);
	make(b, lkb_tree_root(same), &plain);
	umask(mask);
	unsetenv("TZ");
	assert_same_file(a, b);
	assert_golden(a, "8773e4279d449e0f0d7d71acab1a0ca92f3d63313dc19abdf356dcc693ca84ac");
}

/* LinuxKit #3926: what is above 4 GiB is there as well, and files of more are whole. */
static void files_of_4_gib_and_more_are_cut(void **state)
{
	static const uint64_t sizes[] = {4 * LKB_GIB - 2048, 4 * LKB_GIB - 2047, 9 * LKB_GIB + 17};
	const char *image = in_scratch("large.iso");
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_autostr out = {0};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(sizes); i++) {
		lkb_auto(lkb_blob) blob = zero_blob(sizes[i]);
		struct lkb_data d = {.blob = blob, .len = lkb_blob_size(blob)};
		char name[] = "large0";

		name[5] = (char)('0' + i);
		MUST(lkb_tree_add_file(t, name, &file_meta, &d, NULL, err));
	}
	MUST(lkb_tree_add_text(t, "z/behind", &file_meta, "behind\n", 7, err));
	make(image, lkb_tree_root(t), &plain);
	NEED("bsdtar");
	JUDGE(&out, "bsdtar", "-tvf", image);
	assert_says(out.s, " 4294965248 ");
	assert_says(out.s, " 4294965249 ");
	assert_says(out.s, " 9663676433 ");
	NEED("xorriso");
	JUDGE(&out, "xorriso", "-osirrox", "on", "-indev", image, "-extract", "/z/behind",
	      in_scratch("behind"), "-find", "/large2", "-exec", "report_lba");
	assert_says(out.s, " 9663676433 , '/large2'");
	JUDGE(NULL, "grep", "-qx", "behind", in_scratch("behind"));
}

/* Readers without Rock Ridge, isolinux among them, find the files by these. */
static void plain_names_are_different(void **state)
{
	static const char *const names[] = {"a b", "a-b", "a_b", "A_B", "a_b_000001", "isolinux.bin",
					    "kernel", ".x", "x.", "a.verylongending",
					    "a-very-long-name-of-more-than-thirty-letters.c32",
					    "a-very-long-name-of-more-than-thirty-letters-2.c32"};
	static const char *const ids[] = {"A_B_000001.;1", "A_B_000002.;1", "A_B_000003.;1",
					  "A_B_000007.;1", "A_B_000001_000008.;1",
					  "ISOLINUX.BIN;1", "KERNEL.;1", "_X.;1", "X_.;1",
					  "A_VERYLONGENDING.;1", "A_VERY_LONG_NAME_OF__000004.C32;1"};
	lkb_auto(lkb_tree) t = lkb_tree_new();
	const char *image = in_scratch("names.iso");
	lkb_autostr out = {0}, seen = {0};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(names); i++)
		MUST(lkb_tree_add_text(t, names[i], &file_meta, "", 0, err));
	make(image, lkb_tree_root(t), &plain);
	NEED("isoinfo");
	JUDGE(&out, "sh", "-c", "isoinfo -f -i \"$0\" | LC_ALL=C sort", image);
	for (size_t i = 0; i < LKB_ARRAY_SIZE(ids); i++)
		assert_says(out.s, ids[i]);
	JUDGE(&seen, "sh", "-c", "isoinfo -f -i \"$0\" | sort -u | wc -l", image);
	assert_int_equal(strtoul(seen.s, NULL, 10), LKB_ARRAY_SIZE(names));
	JUDGE(NULL, "sh", "-c", "isoinfo -f -R -i \"$0\" | grep -qx '/a b'", image);
}

/* Whatever the names are: letters that all become the same are among these. */
static void no_two_plain_names_are_equal(void **state)
{
	static const char letters[] = "aA.-_01+";
	lkb_auto(lkb_tree) t = lkb_tree_new();
	const char *image = in_scratch("many-names.iso");
	lkb_autostr out = {0};
	size_t n;

	dice_state = 42;
	for (int i = 0; i < 3000; i++) {
		lkb_autostr name = {0};

		for (uint64_t len = 1 + dice(i % 10 ? 6 : 40); len > 0; len--)
			lkb_str_addc(&name, letters[dice(8)]);
		if (!lkb_tree_name_ok(name.s) || lkb_tree_lookup(t, name.s, false))
			continue;
		if (dice(4))
			MUST(lkb_tree_add_text(t, name.s, &file_meta, "", 0, err));
		else
			MUST(lkb_tree_add_dir(t, name.s, &dir_meta, NULL, err));
	}
	n = lkb_tree_root(t)->n_entries;
	assert_true(n > 1500);
	make(image, lkb_tree_root(t), &plain);
	NEED("isoinfo");
	/* Neither with the dot and the version of a file, nor without them. */
	JUDGE(&out, "sh", "-c", "isoinfo -f -i \"$0\" | sed 's/\\.*;1$//' | sort -u | wc -l", image);
	assert_int_equal(strtoul(out.s, NULL, 10), n);
}

/* ---- booting ---- */

/* A tree with boot images of made-up bytes, and the options for both ways. */
static struct lkb_tree *boot_tree(struct lkb_iso_options *o, bool bios, bool efi)
{
	static uint8_t code[432];
	struct lkb_tree *t = lkb_tree_new();

	memset(code, 0x90, sizeof(code));
	add_bytes(t, "boot/kernel", 50000, 1);
	add_bytes(t, "isolinux/isolinux.bin", 38913, 2);
	add_bytes(t, "efi.img", 3 * LKB_MIB, 3);
	*o = plain;
	o->bios = bios ? lkb_tree_lookup(t, "isolinux/isolinux.bin", false) : NULL;
	o->bios_info_table = true;
	o->efi = efi ? lkb_tree_lookup(t, "efi.img", false) : NULL;
	o->is_hybrid = true;
	o->mbr_code = code;
	o->mbr_code_len = sizeof(code);
	return t;
}

static void xorriso_finds_both_boot_images(void **state)
{
	struct lkb_iso_options o;
	lkb_auto(lkb_tree) t = boot_tree(&o, true, true);
	const char *image = in_scratch("boot.iso");
	lkb_autostr out = {0};

	make(image, lkb_tree_root(t), &o);
	NEED("xorriso");
	JUDGE(&out, "sh", "-c", "xorriso -indev \"$0\" -toc -pvd_info -report_el_torito plain "
	      "-report_system_area plain -check_media -- 2>&1", image);
	assert_says(out.s, "Volume id    : 'TEST-volume 1'\n");
	assert_says(out.s, "Creation Time: 2023111422132000\n");
	assert_says(out.s, "El Torito catalog  : ");
	assert_says(out.s, "El Torito boot img :   1  BIOS  y   none  0x0000  0x00      4 ");
	assert_says(out.s, "El Torito boot img :   2  UEFI  y   none  0x0000  0x00   6144 ");
	assert_says(out.s, "El Torito img path :   1  /isolinux/isolinux.bin\n");
	assert_says(out.s, "El Torito img opts :   1  boot-info-table\n");
	assert_says(out.s, "El Torito img path :   2  /efi.img\n");
	assert_says(out.s, "MBR");
	assert_says(out.s, "Media region :");
	assert_null(strstr(out.s, "- unreadable"));
	assert_null(strstr(out.s, "SORRY"));
	assert_null(strstr(out.s, "FAILURE"));
}

static void one_boot_image_is_the_default(void **state)
{
	struct lkb_iso_options o;
	lkb_auto(lkb_tree) bios = boot_tree(&o, true, false);
	const char *image = in_scratch("one.iso");
	lkb_autostr out = {0};
	struct lkb_tree *efi;

	NEED("xorriso");
	o.bios_info_table = false;
	o.bios_sectors = 8;
	make(image, lkb_tree_root(bios), &o);
	assert_holds(image, lkb_tree_root(bios));
	JUDGE(&out, "xorriso", "-indev", image, "-report_el_torito", "plain");
	assert_says(out.s, "El Torito boot img :   1  BIOS  y   none  0x0000  0x00      8 ");
	assert_null(strstr(out.s, "boot img :   2"));
	efi = boot_tree(&o, false, true);
	make(image, lkb_tree_root(efi), &o);
	out.len = 0;
	JUDGE(&out, "xorriso", "-indev", image, "-report_el_torito", "plain");
	assert_says(out.s, "El Torito boot img :   1  UEFI  y   none  0x0000  0x00   6144 ");
	assert_null(strstr(out.s, "boot img :   2"));
	lkb_tree_free(efi);
}

/* What isolinux checks before it trusts its image. */
static void the_info_table_says_where_the_image_is(void **state)
{
	struct lkb_iso_options o;
	lkb_auto(lkb_tree) t = boot_tree(&o, true, true);
	const char *image = in_scratch("info.iso");
	lkb_autofree uint8_t *iso = NULL, *file = NULL;
	const uint8_t *at;
	uint32_t sum = 0, catalog, sector;
	size_t n, len;

	make(image, lkb_tree_root(t), &o);
	MUST(lkb_read_file(image, 64 << 20, (char **)&iso, &n, err));
	MUST(lkb_data_read_all(&o.bios->data, 1 << 20, (char **)&file, &len, err));
	catalog = lkb_get_le32(iso + 17 * 2048 + 71);
	sector = lkb_get_le32(iso + catalog * 2048 + 40);
	at = iso + sector * 2048;
	for (size_t i = 64; i + 4 <= len; i += 4)
		sum += lkb_get_le32(file + i);
	sum += file[len - 1]; /* one byte of the last word */
	assert_memory_equal(at, file, 8);
	assert_int_equal(lkb_get_le32(at + 8), 16);
	assert_int_equal(lkb_get_le32(at + 12), sector);
	assert_int_equal(lkb_get_le32(at + 16), len);
	assert_int_equal(lkb_get_le32(at + 20), sum);
	assert_true(lkb_is_zero(at + 24, 40));
	assert_memory_equal(at + 64, file + 64, len - 64);
	/* Its code in the master boot record finds it by the same number, in other sectors. */
	assert_int_equal(iso[431], 0x90);
	assert_int_equal(lkb_get_le32(iso + 432), sector * 4);
}

static void a_stick_has_two_partitions(void **state)
{
	struct lkb_iso_options o;
	lkb_auto(lkb_tree) t = boot_tree(&o, true, true);
	const char *image = in_scratch("hybrid.iso");
	lkb_autostr out = {0}, lba = {0};
	lkb_autofree char *want = NULL;
	struct stat st;
	unsigned long sector;

	make(image, lkb_tree_root(t), &o);
	assert_int_equal(stat(image, &st), 0);
	assert_int_equal(st.st_size % (off_t)LKB_MIB, 0);
	NEED("xorriso");
	JUDGE(&lba, "xorriso", "-indev", image, "-find", "/efi.img", "-exec", "report_lba");
	sector = strtoul(strstr(lba.s, "lba:") + 9, NULL, 10);
	JUDGE(&out, "sh", "-c", "PATH=$PATH:/usr/sbin:/sbin sfdisk -d \"$0\" | tr -d ' '", image);
	want = lkb_format("label:dos\nlabel-id:0x%08x\n", lkb_iso_signature(&seed));
	assert_says(out.s, want);
	free(want);
	want = lkb_format("hybrid.iso1:start=0,size=%llu,type=17,bootable\n",
			  (unsigned long long)st.st_size / 512);
	assert_says(out.s, want);
	free(want);
	want = lkb_format("hybrid.iso2:start=%lu,size=6144,type=ef\n", sector * 4);
	assert_says(out.s, want);
}

/* ---- what cannot be made ---- */

static void assert_refused(const struct lkb_inode *root, const struct lkb_iso_options *o,
			   const char *message)
{
	struct lkb_error why;
	uint64_t size;

	assert_int_equal(lkb_iso_measure(root, o, &size, &why), -1);
	assert_int_equal(why.kind, LKB_INPUT);
	assert_string_equal(why.message, message);
	assert_nothing_left(root);
}

static void wrong_options_are_refused(void **state)
{
	struct lkb_iso_options good, o;
	lkb_auto(lkb_tree) t = boot_tree(&good, true, true);
	lkb_auto(lkb_tree) other = boot_tree(&o, true, true);
	const struct lkb_inode *root = lkb_tree_root(t);

	o = good;
	o.volume_id = "";
	assert_refused(root, &o, "volume id '' does not have 1 to 32 bytes");
	o.volume_id = "123456789012345678901234567890123";
	assert_refused(root, &o,
		       "volume id '123456789012345678901234567890123' does not have 1 to 32 bytes");
	o.volume_id = "a\n";
	assert_refused(root, &o, "volume id has byte 0x0a, which is not printable ASCII");
	o = good;
	o.bios = lkb_tree_lookup(other, "boot/kernel", false);
	assert_refused(root, &o, "the boot image for BIOS is no file of the tree");
	o = good;
	o.efi = lkb_tree_lookup(t, "boot", false);
	assert_refused(root, &o, "the boot image for UEFI is no file of the tree");
	add_bytes(t, "short", 63, 1);
	o = good;
	o.bios = lkb_tree_lookup(t, "short", false);
	assert_refused(root, &o, "the boot image for BIOS has 63 B");
	o = good;
	o.mbr_code_len = 440;
	assert_refused(root, &o,
		       "code of 440 bytes does not fit into the 432 of a master boot record");
}

static void what_cannot_be_held_is_refused(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	const struct lkb_inode *root = lkb_tree_root(t);
	lkb_autofd full = open("/dev/full", O_RDWR | O_CLOEXEC);
	lkb_autofree char *want = NULL;
	struct lkb_error why;
	char name[255] = "";

	assert_int_equal(lkb_iso_write(root, &plain, full, "full", &why), -1);
	assert_int_equal(why.kind, LKB_IO);
	memset(name, 'n', 254);
	MUST(lkb_tree_add_text(t, name, &file_meta, "", 0, err));
	want = lkb_format("'/%s': its name has 254 bytes, but Linux reads at most 253 from an ISO image",
			  name);
	assert_refused(root, &plain, want);
	assert_true(lkb_tree_remove(t, name));
	MUST(lkb_tree_add_special(t, "x", &file_meta, LKB_NODE_CHAR, 0, 256, NULL, err));
	assert_refused(root, &plain,
		       "'/x': its device number 0:256 cannot be told from another one");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_a_hard_tree_comes_back),
		cmocka_unit_test(trees_of_chance_come_back),
		cmocka_unit_test(an_empty_tree_is_an_image),
		cmocka_unit_test(attributes_are_warned_of),
		cmocka_unit_test(two_builds_are_the_same_bytes),
		cmocka_unit_test(files_of_4_gib_and_more_are_cut),
		cmocka_unit_test(plain_names_are_different),
		cmocka_unit_test(no_two_plain_names_are_equal),
		cmocka_unit_test(xorriso_finds_both_boot_images),
		cmocka_unit_test(one_boot_image_is_the_default),
		cmocka_unit_test(the_info_table_says_where_the_image_is),
		cmocka_unit_test(a_stick_has_two_partitions),
		cmocka_unit_test(wrong_options_are_refused),
		cmocka_unit_test(what_cannot_be_held_is_refused),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
