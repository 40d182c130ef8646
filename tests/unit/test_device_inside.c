/* SPDX-License-Identifier: Apache-2.0 */
/* What is on a device: tables and superblocks by hand here, those of mkfs in tests/cli/devices.sh. */
#include "base/bytes.h"
#include "image/gpt.h"
#include "image/mbr.h"
#include "tests/unit/test_device_kit.h"

#define DISK_SIZE (8 * LKB_MIB)

static uint8_t disk[DISK_SIZE];

static int clean(void **state)
{
	memset(disk, 0, sizeof(disk));
	make_dir(state);
	plant(MACHINE("proc/self/mountinfo=1 0 0:1 / / rw - rootfs rootfs rw"));
	plant_node("sdb", 8, 16, DISK_SIZE, 0);
	return 0;
}

static struct lkb_device *look(void)
{
	struct lkb_device *dev = find("/dev/sdb");

	make_bytes(in_dir("dev/sdb"), disk, sizeof(disk));
	lkb_device_look_inside(dev);
	return dev;
}

static void put_fat32(uint64_t at, const char *label)
{
	memcpy(disk + at + 82, "FAT32   ", 8);
	memcpy(disk + at + 71, label, 11);
	memcpy(disk + at + 510, "\x55\xaa", 2);
}

static void put_ext4(uint64_t at, const char *label)
{
	memcpy(disk + at + 1080, "\x53\xef", 2);
	lkb_put_le32(disk + at + 1024 + 96, 0x40);
	memcpy(disk + at + 1024 + 120, label, strlen(label));
}

static void expect_parts(const struct lkb_device *dev, const char *want)
{
	lkb_autostr s = {0};

	for (size_t i = 0; i < dev->n_parts; i++) {
		const struct lkb_partition *p = &dev->parts[i];

		lkb_str_addf(&s, "%u %s %llu+%llu %s '%s'\n", p->number, p->path ? p->path : "-",
			     (unsigned long long)(p->start / LKB_MIB), (unsigned long long)(p->size / LKB_MIB),
			     p->system ? p->system : "?", p->label ? p->label : "");
	}
	assert_string_equal(lkb_str_get(&s), want);
}

static void an_mbr_that_the_kernel_does_not_read(void **state)
{
	lkb_auto(lkb_device) dev = NULL;
	const struct lkb_mbr mbr = {.entries = {{0x0c, true, 2048, 4096}, {0}, {0x83, false, 8192, 8192},
						{0x83, false, 1 << 30, 8192}}};

	lkb_mbr_build(&mbr, disk);
	put_fat32(LKB_MIB, "BOOT       ");
	put_ext4(4 * LKB_MIB, "root");
	dev = look();
	expect_parts(dev, "1 - 1+2 vfat 'BOOT'\n3 - 4+4 ext4 'root'\n");
	same(dev->system, NULL);
}

static void a_gpt_that_the_kernel_does_not_read(void **state)
{
	lkb_auto(lkb_device) dev = NULL;
	const struct lkb_gpt_entry entries[] = {
		{.type = LKB_GPT_ESP, .start_sectors = 2048, .size_sectors = 2048, .name = "esp"},
		{.type = LKB_GPT_LINUX, .start_sectors = 4096, .size_sectors = 2048, .name = "data"},
	};
	uint8_t tail[LKB_GPT_TAIL_SIZE];

	OK(lkb_gpt_build(&(struct lkb_gpt){.sectors = DISK_SIZE / 512, .entries = entries, .n_entries = 2},
			 disk, tail, &err));
	memcpy(disk + DISK_SIZE - sizeof(tail), tail, sizeof(tail));
	put_ext4(2 * LKB_MIB, "");
	dev = look();
	expect_parts(dev, "1 - 1+1 ? 'esp'\n2 - 2+1 ext4 'data'\n");
	/* A table that is damaged says nothing. */
	lkb_device_free(LKB_STEAL(dev));
	disk[1024 + 40]++;
	dev = look();
	expect_parts(dev, "");
}

static void the_kernels_partitions_come_first(void **state)
{
	lkb_auto(lkb_device) dev = NULL;

	lkb_mbr_build(&(struct lkb_mbr){.entries = {{0x83, false, 64, 64}}}, disk);
	plant_node("sdb/sdb1", 8, 17, LKB_MIB, 1);
	plant_node("sdb/sdb9", 8, 25, LKB_MIB, 9); /* ends behind the disk */
	put_ext4(LKB_MIB, "\x1b[2J");
	dev = look();
	expect_parts(dev, "1 /dev/sdb1 1+1 ext4 '\\x1b[2J'\n9 /dev/sdb9 9+1 ? ''\n");
}

static void a_file_system_without_a_table(void **state)
{
	lkb_auto(lkb_device) dev = NULL;

	/* What looks like entries of an MBR is a boot program's. */
	lkb_mbr_build(&(struct lkb_mbr){.entries = {{0x65, false, 1, 77}}}, disk);
	put_fat32(0, "NO NAME    ");
	dev = look();
	expect_parts(dev, "");
	same(dev->system, "vfat");
	same(dev->label, NULL);
}

/* Sizes that sysfs or a table claims are not there: what can be read is read. */
static void less_is_there_than_was_said(void **state)
{
	lkb_auto(lkb_device) dev = NULL;

	plant_node("sdb", 8, 16, (uint64_t)1 << 62, 0);
	plant(MACHINE("sys/block/sdb/sdb1/start=36028797018963967"));
	plant_node("sdb/sdb2", 8, 18, (uint64_t)1 << 62, 2);
	plant_node("sdb/sdb1", 8, 17, (uint64_t)1 << 62, 1);
	plant(MACHINE("sys/block/sdb/sdb1/start=9007199254740991"));
	put_ext4(2 * LKB_MIB, "x");
	for (size_t n = 0; n <= 4 * LKB_MIB; n += 4096 * 37 + 61) {
		make_bytes(in_dir("dev/sdb"), disk, n);
		dev = find("/dev/sdb");
		lkb_device_look_inside(dev);
		same(dev->parts[1].system, n >= 2 * LKB_MIB + 2048 ? "ext4" : NULL);
		lkb_device_free(LKB_STEAL(dev));
	}
}

static void systems_are_told(void **state)
{
	static const struct {
		size_t at;
		const char *magic;
		size_t len, label_at;
		const char *label, *name;
	} cases[] = {
		{1080, "\x53\xef", 2, 1144, "old", "ext2"},
		{54, "FAT16   ", 8, 43, "CARD       ", "vfat"},
		{3, "NTFS    ", 8, 0, NULL, "ntfs"},
		{3, "EXFAT   ", 8, 0, NULL, "exfat"},
		{0, "hsqs", 4, 0, NULL, "squashfs"},
		{1024, "\xe2\xe1\xf5\xe0", 4, 1088, "ero", "erofs"},
		{0, "XFSB", 4, 108, "x", "xfs"},
		{65600, "_BHRfS_M", 8, 65835, "b", "btrfs"},
		{32769, "CD001", 5, 32808, "Debian 12   ", "iso9660"},
		{4086, "SWAPSPACE2", 10, 1052, "s", "swap"},
		{0, "LUKS\xba\xbe\0\2", 8, 24, "l", "crypto_LUKS"},
		{0, "LUKS\xba\xbe\0\1", 8, 0, NULL, "crypto_LUKS"},
		{536, "LVM2 001", 8, 0, NULL, "LVM2_member"},
		{4096, "\xfc\x4e\x2b\xa9", 4, 4128, "host:0", "linux_raid_member"},
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_auto(lkb_device) dev = NULL;

		memset(disk, 0, sizeof(disk));
		memcpy(disk + cases[i].at, cases[i].magic, cases[i].len);
		if (cases[i].label)
			memcpy(disk + cases[i].label_at, cases[i].label, strlen(cases[i].label));
		dev = look();
		same(dev->system, cases[i].name);
		assert_int_equal(!dev->label, !cases[i].label);
		if (cases[i].label && strncmp(dev->label, cases[i].label, strlen(dev->label)) != 0)
			fail_msg("%s: label '%s'", cases[i].name, dev->label);
	}
}

#define ON_DISK(f) cmocka_unit_test_setup_teardown(f, clean, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_DISK(an_mbr_that_the_kernel_does_not_read),
		ON_DISK(a_gpt_that_the_kernel_does_not_read),
		ON_DISK(the_kernels_partitions_come_first),
		ON_DISK(a_file_system_without_a_table),
		ON_DISK(less_is_there_than_was_said),
		ON_DISK(systems_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
