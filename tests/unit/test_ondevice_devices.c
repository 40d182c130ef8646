/* SPDX-License-Identifier: Apache-2.0 */
/* How the programs on the board find disks and devices: against a /sys and /dev made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/crc32.h"
#include "base/file.h"
#include "base/proc.h"
#include "ondevice/common/partuuid.h"
#include "ondevice/initrd/image.h"
#include "ondevice/system/data.h"
#include "ondevice/system/plug.h"

static void write_text(const char *dir, const char *name, const void *bytes, size_t n)
{
	lkb_autofree char *path = lkb_format("%s/%s", dir, name);
	char *slash = strrchr(path, '/');

	*slash = '\0';
	assert_int_equal(lkb_mkdir_p(path, NULL), 0);
	*slash = '/';
	assert_int_equal(lkb_write_file(path, bytes, n, 0644, NULL), 0);
}

static void add_disk(const char *root, const char *name, uint32_t signature, const char *parts)
{
	lkb_autofree char *dev = lkb_format("dev/%s", name);
	lkb_autofree char *size = lkb_format("sys/class/block/%s/size", name);
	uint8_t mbr[512] = {0};
	const char *p;

	lkb_put_le32(mbr + 440, signature);
	lkb_put_le16(mbr + 510, 0xaa55);
	write_text(root, dev, mbr, sizeof(mbr));
	write_text(root, size, "1\n", 2);
	for (p = parts; *p; p++) {
		lkb_autofree char *inner = lkb_format("sys/class/block/%s/%sp%c/partition", name,
						      name, *p);
		lkb_autofree char *outer = lkb_format("sys/class/block/%sp%c/partition", name, *p);
		char text[2] = {*p, '\n'};

		write_text(root, inner, text, 2);
		write_text(root, outer, text, 2);
	}
}

struct machine {
	struct lkb_tmpdir dir;
	char *sys, *dev;
};

static int setup(void **state)
{
	struct machine *m = calloc(1, sizeof(*m));

	if (lkb_tmpdir_make(&m->dir, NULL))
		return -1;
	m->sys = lkb_format("%s/sys", m->dir.path);
	m->dev = lkb_format("%s/dev", m->dir.path);
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	struct machine *m = *state;

	lkb_tmpdir_clear(&m->dir);
	free(m->sys);
	free(m->dev);
	free(m);
	return 0;
}

static void names_of_partitions(void **state)
{
	static const char *const wrong[] = {
		"", "1b2c3d4e-02", "PARTUUID=", "PARTUUID=1b2c3d4e02", "PARTUUID=1b2c3d4e-2",
		"PARTUUID=1b2c3d4e-002", "PARTUUID=1b2c3d4e-0g", "PARTUUID=xb2c3d4e-02",
		"PARTUUID=1b2c3d4e-00", "PARTUUID=3a0c7d9e-0000-4000-8000-1b2c3d4e000",
		"PARTUUID=3a0c7d9e-0000-4000-8000-1b2c3d4e00021",
		"PARTUUID=3a0c7d9e-0000-4000-8000-1b2c3d4e000g",
		"PARTUUID=3a0c7d9e00000-4000-8000-1b2c3d4e0002",
	};
	struct lkb_partuuid id;
	size_t i;

	assert_true(lkb_partuuid_parse("PARTUUID=0012aBcD-1f", &id));
	assert_int_equal(id.signature, 0x12abcd);
	assert_int_equal(id.partition, 31);
	assert_false(id.gpt);
	assert_true(lkb_partuuid_parse("PARTUUID=3a0c7d9e-0001-4002-8003-1b2C3d4e0002", &id));
	assert_true(id.gpt);
	assert_memory_equal(id.guid, "\x3a\x0c\x7d\x9e\x00\x01\x40\x02\x80\x03\x1b\x2c\x3d\x4e"
			    "\x00\x02", 16);
	for (i = 0; i < LKB_ARRAY_SIZE(wrong); i++)
		if (lkb_partuuid_parse(wrong[i], &id))
			fail_msg("accepted: '%s'", wrong[i]);
}

static void a_partition_is_found_by_its_disks_signature(void **state)
{
	struct lkb_partuuid id = {.signature = 0x1b2c3d4e, .partition = 2};
	struct machine *m = *state;
	struct lkb_partition part;
	lkb_autostr seen = {0};

	add_disk(m->dir.path, "sda", 0x11111111, "12");
	add_disk(m->dir.path, "mmcblk0", 0x1b2c3d4e, "1234");
	assert_true(lkb_partuuid_find(m->sys, m->dev, &id, &part, &seen));
	assert_string_equal(part.disk, "mmcblk0");
	assert_string_equal(part.name, "mmcblk0p2");
	id.partition = 4;
	assert_true(lkb_partuuid_find(m->sys, m->dev, &id, &part, NULL));
	assert_string_equal(part.name, "mmcblk0p4");
}

static void of_two_copies_of_a_card_the_one_in_the_slot_is_taken(void **state)
{
	struct lkb_partuuid id = {.signature = 0x1b2c3d4e, .partition = 2};
	struct machine *m = *state;
	struct lkb_partition part;

	add_disk(m->dir.path, "sda", 0x1b2c3d4e, "1234");
	add_disk(m->dir.path, "mmcblk0", 0x1b2c3d4e, "1234");
	assert_true(lkb_partuuid_find(m->sys, m->dev, &id, &part, NULL));
	assert_string_equal(part.name, "mmcblk0p2");
}

/* A disk whose GPT has entries with GUIDs that begin with the bytes of `marks`. */
static void add_gpt_disk(const char *dir, const char *name, const char *marks, const char *numbers)
{
	lkb_autofree char *file = lkb_format("dev/%s", name);
	uint8_t disk[34 * 512] = {0};

	add_disk(dir, name, 0, numbers);
	lkb_put_le16(disk + 510, 0xaa55);
	memcpy(disk + 512, "EFI PART", 8);
	lkb_put_le64(disk + 512 + 72, 2);
	lkb_put_le32(disk + 512 + 80, 128);
	lkb_put_le32(disk + 512 + 84, 128);
	for (size_t i = 0; marks[i]; i++)
		disk[1024 + i * 128 + 16 + 3] = (uint8_t)marks[i];
	write_text(dir, file, disk, sizeof(disk));
}

static void in_a_gpt_it_is_found_by_its_guid(void **state)
{
	struct lkb_partuuid id = {.gpt = true, .guid = {'c'}};
	struct machine *m = *state;
	struct lkb_partition part;
	lkb_autostr seen = {0};

	add_disk(m->dir.path, "sda", 0, "12");
	add_gpt_disk(m->dir.path, "mmcblk0", "xyz", "123");
	assert_false(lkb_partuuid_find(m->sys, m->dev, &id, &part, &seen));
	assert_string_equal(seen.s, "mmcblk0 (another, or no GPT), sda (another, or no GPT)");
	add_gpt_disk(m->dir.path, "mmcblk1", "abcde", "12345");
	assert_true(lkb_partuuid_find(m->sys, m->dev, &id, &part, &seen));
	assert_string_equal(part.name, "mmcblk1p3");
	id.partition = 5;
	assert_true(lkb_partuuid_find(m->sys, m->dev, &id, &part, &seen));
	assert_string_equal(part.name, "mmcblk1p5");
	id.partition = 6;
	assert_false(lkb_partuuid_find(m->sys, m->dev, &id, &part, &seen));
	assert_non_null(strstr(seen.s, "mmcblk1 (but it has no partition 6)"));
}

static void what_is_there_instead_is_said(void **state)
{
	struct lkb_partuuid id = {.signature = 0x1b2c3d4e, .partition = 5};
	struct machine *m = *state;
	struct lkb_partition part;
	lkb_autostr seen = {0};

	assert_false(lkb_partuuid_find(m->sys, m->dev, &id, &part, &seen));
	assert_string_equal(seen.s, "no disk at all");
	add_disk(m->dir.path, "mmcblk0", 0x1b2c3d4e, "12");
	add_disk(m->dir.path, "sda", 0xabc, "1");
	write_text(m->dir.path, "dev/sdb", "short", 5);
	write_text(m->dir.path, "sys/class/block/sdb/size", "1\n", 2);
	assert_false(lkb_partuuid_find(m->sys, m->dev, &id, &part, &seen));
	assert_string_equal(seen.s, "mmcblk0 (1b2c3d4e, but it has no partition 5), "
				    "sda (00000abc), sdb (no MBR)");
}

static void modaliases_are_collected_once_each(void **state)
{
	struct machine *m = *state;
	lkb_autostrv aliases = {0};

	write_text(m->dir.path, "sys/bus/usb/devices/1-1:1.0/modalias", "usb:v0424pEC00\n", 15);
	write_text(m->dir.path, "sys/bus/usb/devices/1-2:1.0/modalias", "usb:v0424pEC00\n", 15);
	write_text(m->dir.path, "sys/bus/platform/devices/mmc/modalias", "of:NmmcT(null)\n", 15);
	write_text(m->dir.path, "sys/bus/platform/devices/none/uevent", "x\n", 2);
	write_text(m->dir.path, "sys/bus/platform/devices/empty/modalias", "\n", 1);
	lkb_plug_aliases(m->sys, &aliases);
	assert_int_equal(aliases.n, 2);
	assert_string_equal(aliases.items[0], "of:NmmcT(null)");
	assert_string_equal(aliases.items[1], "usb:v0424pEC00");
	assert_null(aliases.items[2]);
}

static void uevents_of_new_devices_name_a_modalias(void **state)
{
	static const char added[] = "add@/devices/x\0ACTION=add\0MODALIAS=usb:v1\0SEQNUM=7";
	static const char removed[] = "remove@/devices/x\0ACTION=remove\0MODALIAS=usb:v1";
	static const char without[] = "add@/devices/x\0ACTION=add\0XMODALIAS=usb:v1";
	static const char empty[] = "add@/devices/x\0MODALIAS=";

	assert_string_equal(lkb_plug_uevent_alias(added, sizeof(added) - 1), "usb:v1");
	assert_null(lkb_plug_uevent_alias(removed, sizeof(removed) - 1));
	assert_null(lkb_plug_uevent_alias(without, sizeof(without) - 1));
	assert_null(lkb_plug_uevent_alias(empty, sizeof(empty) - 1));
	assert_null(lkb_plug_uevent_alias("", 0));
}

/* mke2fs is the judge of what a superblock says. */
static void the_size_of_an_ext4_is_read_from_its_superblock(void **state)
{
	static const struct {
		const char *block_size, *features, *blocks;
		struct lkb_ext4_size want;
	} cases[] = {
		{"4096", "^resize_inode", "8192", {8192, 4096}},
		{"1024", "^64bit", "5000", {5000, 1024}},
	};
	struct machine *m = *state;
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_autofree char *image = lkb_format("%s/%zu.img", m->dir.path, i);
		const char *argv[] = {"mke2fs", "-q", "-t", "ext4", "-b", cases[i].block_size, "-O",
				      cases[i].features, image, cases[i].blocks, NULL};
		struct lkb_proc mke2fs = {.argv = argv, .package = "e2fsprogs"};
		lkb_autofd fd = -1;
		struct lkb_ext4_size size;
		struct lkb_error err;
		uint8_t sb[1024];

		if (lkb_proc_run(&mke2fs, NULL, &err)) {
			if (err.kind == LKB_MISSING)
				skip();
			fail_msg("%s", err.message);
		}
		assert_int_equal(lkb_open_read(image, &fd, NULL, &err), 0);
		assert_int_equal(lkb_pread_full(fd, sb, sizeof(sb), 1024, image, &err), 0);
		assert_true(lkb_ext4_size_parse(sb, &size));
		assert_int_equal(size.blocks, cases[i].want.blocks);
		assert_int_equal(size.block_size, cases[i].want.block_size);
		sb[0x38] ^= 1;
		assert_false(lkb_ext4_size_parse(sb, &size));
		sb[0x38] ^= 1;
		sb[0x18] = 200;
		assert_false(lkb_ext4_size_parse(sb, &size));
	}
}

static void an_image_is_found_by_its_superblock(void **state)
{
	static const struct {
		const char *type;
		size_t off, len;
	} types[] = {{"squashfs", 0, 96}, {"erofs", 1024, 128}, {"iso9660", 32808, 32}};
	struct machine *m = *state;

	for (size_t i = 0; i < LKB_ARRAY_SIZE(types); i++) {
		lkb_autofree uint8_t *disk = calloc(1, 40000);
		lkb_autofree char *arg = NULL, *none = NULL, *found = NULL;
		lkb_autostr seen = {0};
		struct lkb_image_args args;

		add_disk(m->dir.path, "sda", 1, "1");
		memset(disk + types[i].off, 'a' + (int)i, types[i].len);
		arg = lkb_format("%s:%08x", types[i].type,
				 lkb_crc32(0, disk + types[i].off, types[i].len));
		assert_int_equal(lkb_image_args_parse(arg, &args, NULL), 0);
		assert_string_equal(args.type, types[i].type);
		none = lkb_image_find(m->sys, m->dev, &args, &seen);
		assert_null(none);
		assert_non_null(strstr(seen.s, "sda"));
		/* the name it has is the kernel's affair */
		write_text(m->dir.path, "dev/vdb", disk, types[i].off + types[i].len);
		write_text(m->dir.path, "sys/class/block/vdb/size", "1\n", 2);
		found = lkb_image_find(m->sys, m->dev, &args, &seen);
		assert_string_equal(found, "vdb");
		/* one bit, or a disk that ends in the middle */
		disk[types[i].off + types[i].len - 1] ^= 1;
		write_text(m->dir.path, "dev/vdb", disk, types[i].off + types[i].len);
		assert_null(lkb_image_find(m->sys, m->dev, &args, &seen));
		write_text(m->dir.path, "dev/vdb", disk, types[i].off + types[i].len - 1);
		assert_null(lkb_image_find(m->sys, m->dev, &args, &seen));
	}
}

static void a_wrong_image_argument_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", ":", "iso9660", "iso9660:", "iso9660:1234567", "iso9660:123456789",
		"iso9660:1234567g", "ext4:12345678", "iso966:12345678", "iso96600:12345678",
	};
	struct lkb_image_args args;

	(void)state;
	for (size_t i = 0; i < LKB_ARRAY_SIZE(wrong); i++) {
		struct lkb_error err = {0};

		assert_int_equal(lkb_image_args_parse(wrong[i], &args, &err), -1);
		assert_int_equal(err.kind, LKB_INPUT);
		assert_non_null(strstr(err.message, "lkb.image="));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_partitions),
		cmocka_unit_test_setup_teardown(a_partition_is_found_by_its_disks_signature, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			of_two_copies_of_a_card_the_one_in_the_slot_is_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(in_a_gpt_it_is_found_by_its_guid, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_there_instead_is_said, setup, teardown),
		cmocka_unit_test_setup_teardown(modaliases_are_collected_once_each, setup,
						teardown),
		cmocka_unit_test(uevents_of_new_devices_name_a_modalias),
		cmocka_unit_test_setup_teardown(the_size_of_an_ext4_is_read_from_its_superblock,
						setup, teardown),
		cmocka_unit_test_setup_teardown(an_image_is_found_by_its_superblock, setup,
						teardown),
		cmocka_unit_test(a_wrong_image_argument_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
