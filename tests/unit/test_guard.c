/* SPDX-License-Identifier: Apache-2.0 */
/* The guard's whole table, what a changed device is told by, and what a person is shown. No device
 * and no file is touched here. */
#include "tests/unit/test_device_kit.h"

/* A case is a device of the kinds below with something changed. */
#pragma GCC diagnostic ignored "-Woverride-init"

#define USES(...) .uses = (const struct lkb_use[]){__VA_ARGS__}, \
		  .n_uses = sizeof((const struct lkb_use[]){__VA_ARGS__}) / sizeof(struct lkb_use)
#define RUNS(...) .runs = (const char *const[]){__VA_ARGS__}, \
		  .n_runs = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)
#define PARTS(...) .parts = (const struct lkb_partition[]){__VA_ARGS__}, \
	.n_parts = sizeof((const struct lkb_partition[]){__VA_ARGS__}) / sizeof(struct lkb_partition)

#define STICK .name = "sdb", .path = "/dev/sdb", .transport = "usb", .serial = "4C53", \
	      .removable = true, .logical = 512, .size = 8 * LKB_GIB
#define FIXED .name = "sda", .path = "/dev/sda", .transport = "ata", .serial = "WD 1", .logical = 512, \
	      .size = 8 * LKB_GIB
#define LOOP .name = "loop3", .path = "/dev/loop3", .transport = "loop", .logical = 512, .size = LKB_GIB
#define IMAGE_FILE .kind = LKB_DEVICE_FILE, .name = "my card", .path = "/srv/my card", .removable = true, \
		   .transport = "file", .logical = 512, .size = LKB_GIB

/* want: a line each refusal: "CODE [FLAG]: MESSAGE | HINT\n". */
static const struct {
	const char *name;
	struct lkb_device dev;
	struct lkb_guard_request request;
	const char *want;
} rows[] = {
	{"a free stick", {STICK}, {.image_size = 8 * LKB_GIB, .image_sector = 512, .serial = "4C53"}, ""},
	{"a free stick, unattended", {STICK}, {.yes = true}, ""},
	{"an empty reader", {STICK, .size = 0, .read_only = true}, {.image_size = 1, .image_sector = 4096},
	 "no-medium: '/dev/sdb' has no card in it | put one in\n"},
	{"an empty loop device", {LOOP, .size = 0}, {.fixed = true},
	 "no-medium: '/dev/loop3' has no file behind it | attach one: losetup /dev/loop3 FILE\n"},
	{"an empty file", {IMAGE_FILE, .size = 0}, {0},
	 "no-medium: '/srv/my card' is empty | give it the size of the disk: truncate -s 4G '/srv/my card'\n"},
	{"the system's disk, whatever is said",
	 {FIXED, RUNS("/", "/boot"), USES({LKB_USE_MOUNT, "/dev/sda1", "/", NULL})},
	 {.fixed = true, .yes = true, .serial = "WD 1"},
	 "system: '/dev/sda' is the running system's: it holds '/', '/boot' | "
	 "take another one: lkboard devices lists them\n"},
	{"mounted by hand", {STICK, USES({LKB_USE_MOUNT, "/dev/sdb2", "/mnt/data", NULL},
					 {LKB_USE_MOUNT, "/dev/sdb1", "/mnt", NULL})}, {0},
	 "mounted: '/dev/sdb2' is mounted at '/mnt/data', '/dev/sdb1' is mounted at '/mnt' | "
	 "unmount it: umount /dev/sdb2 /dev/sdb1\n"},
	{"mounted twice", {STICK, USES({LKB_USE_MOUNT, "/dev/sdb1", "/b", NULL},
				       {LKB_USE_MOUNT, "/dev/sdb1", "/a", NULL})}, {0},
	 "mounted: '/dev/sdb1' is mounted at '/b', '/dev/sdb1' is mounted at '/a' | "
	 "unmount it: umount -A /dev/sdb1\n"},
	{"mounted by a desktop", {STICK, USES({LKB_USE_MOUNT, "/dev/sdb1", "/media/u/boot", NULL},
					      {LKB_USE_MOUNT, "/dev/sdb2", "/run/media/u/root", NULL})}, {0},
	 "mounted: '/dev/sdb1' is mounted at '/media/u/boot', '/dev/sdb2' is mounted at '/run/media/u/root' | "
	 "unmount it: udisksctl unmount -b /dev/sdb1; udisksctl unmount -b /dev/sdb2\n"},
	{"mounted very often", {STICK, USES({LKB_USE_MOUNT, "/dev/sdb1", "/1", NULL},
					    {LKB_USE_MOUNT, "/dev/sdb2", "/2", NULL},
					    {LKB_USE_MOUNT, "/dev/sdb3", "/3", NULL},
					    {LKB_USE_MOUNT, "/dev/sdb4", "/4", NULL},
					    {LKB_USE_MOUNT, "/dev/sdb5", "/5", NULL},
					    {LKB_USE_MOUNT, "/dev/sdb6", "/6", NULL})}, {0},
	 "mounted: '/dev/sdb1' is mounted at '/1', '/dev/sdb2' is mounted at '/2', '/dev/sdb3' is mounted "
	 "at '/3', "
	 "'/dev/sdb4' is mounted at '/4', and 2 more | "
	 "unmount it: umount /dev/sdb1 /dev/sdb2 /dev/sdb3 /dev/sdb4, and 2 more\n"},
	{"swap", {STICK, USES({LKB_USE_SWAP, "/dev/sdb2", NULL, NULL},
			      {LKB_USE_SWAP, "/dev/sdb1", "/mnt/swap file", NULL})}, {0},
	 "swap: '/dev/sdb2' is swap space in use, the swap file '/mnt/swap file' on '/dev/sdb1' is in use | "
	 "end that: swapoff /dev/sdb2 '/mnt/swap file'\n"},
	{"held", {STICK, USES({LKB_USE_HOLDER, "/dev/mapper/luks", "/dev/mapper/vg-x", "LVM"},
			      {LKB_USE_HOLDER, "/dev/sdb1", "/dev/mapper/luks", "LUKS"},
			      {LKB_USE_HOLDER, "/dev/sdb2", "/dev/md0", "md"},
			      {LKB_USE_LOOP, "/dev/sdb", "/dev/loop0", "/dev/sdb"})}, {0},
	 "held: '/dev/sdb' is held: '/dev/mapper/vg-x' stands on '/dev/mapper/luks', '/dev/mapper/luks' "
	 "stands on "
	 "'/dev/sdb1', '/dev/md0' stands on '/dev/sdb2', '/dev/loop0' has '/dev/sdb' behind it | let go of it: "
	 "lvchange -an /dev/mapper/vg-x; cryptsetup close luks; mdadm --stop /dev/md0; losetup -d "
	 "/dev/loop0\n"},
	{"held by a mapping and by what is not known",
	 {STICK, USES({LKB_USE_HOLDER, "/dev/sdb", "/dev/mapper/x", "dm"},
		      {LKB_USE_HOLDER, "/dev/sdb", "/dev/drbd0", "other"})}, {0},
	 "held: '/dev/sdb' is held: '/dev/mapper/x' stands on '/dev/sdb', '/dev/drbd0' stands on '/dev/sdb' | "
	 "let go of it: dmsetup remove x\n"},
	{"held by what is not known", {STICK, USES({LKB_USE_HOLDER, "/dev/sdb", "/dev/drbd0", "other"})}, {0},
	 "held: '/dev/sdb' is held: '/dev/drbd0' stands on '/dev/sdb' | end what stands on it\n"},
	{"a file behind a loop device", {IMAGE_FILE, USES({LKB_USE_LOOP, "/srv/my card", "/dev/loop0",
							   "/srv/my card"})}, {0},
	 "held: '/srv/my card' is held: '/dev/loop0' has '/srv/my card' behind it | "
	 "let go of it: losetup -d /dev/loop0\n"},
	{"the image's disk", {STICK}, {.image = "x.img", .image_on_it = true},
	 "image: the image 'x.img' is on '/dev/sdb', which would be written over it | "
	 "copy the image to another disk, or take another target\n"},
	{"the image elsewhere", {STICK}, {.image = "x.img"}, ""},
	{"a locked card", {STICK, .read_only = true}, {0},
	 "read-only: '/dev/sdb' is read-only | a card or stick may have a lock at its side: slide it\n"},
	{"a read-only loop device", {LOOP, .read_only = true}, {.fixed = true},
	 "read-only: '/dev/loop3' is read-only | it was attached so: attach it again without losetup's -r\n"},
	{"a read-only disk", {FIXED, .read_only = true}, {.fixed = true},
	 "read-only: '/dev/sda' is read-only | blockdev --setrw /dev/sda, if the kernel only was told so\n"},
	{"too small by a byte", {STICK}, {.image_size = 8 * LKB_GIB + 1},
	 "too-small: '/dev/sdb' has 8.0 GiB (8589934592 bytes), the image needs 8.0 GiB (8589934593 bytes) | "
	 "take a larger one\n"},
	{"a file too small", {IMAGE_FILE}, {.image_size = 2 * LKB_GIB},
	 "too-small: '/srv/my card' has 1.0 GiB (1073741824 bytes), the image needs 2.0 GiB (2147483648 "
	 "bytes) | "
	 "make it larger: truncate -s 2147483648 '/srv/my card'\n"},
	{"4096-byte sectors", {STICK, .logical = 4096}, {.image_sector = 512},
	 "sector-size: '/dev/sdb' has sectors of 4096 bytes, the image's partition table counts in sectors "
	 "of 512 | "
	 "its partitions would not be found; take a disk with sectors of 512 bytes\n"},
	{"4096-byte sectors, and no matter", {STICK, .logical = 4096}, {0}, ""},
	{"a file has no sectors", {IMAGE_FILE}, {.image_sector = 4096}, ""},
	{"a file needs no --fixed", {IMAGE_FILE}, {.yes = true}, ""},
	{"another serial", {STICK}, {.serial = "4C54"},
	 "serial: '/dev/sdb' has the serial '4C53', not '4C54' | lkboard devices lists the serials\n"},
	{"no serial", {LOOP}, {.serial = "4C54", .fixed = true},
	 "serial: '/dev/loop3' has no serial, and '4C54' was asked for | leave --serial out if it is the "
	 "right one\n"},
	{"not removable", {FIXED}, {0},
	 "fixed [--fixed]: '/dev/sda' is not removable | add --fixed if it is the right one\n"},
	{"not removable, and meant", {FIXED}, {.fixed = true}, ""},
	{"a loop device", {LOOP}, {0},
	 "fixed [--fixed]: '/dev/loop3' is not removable | add --fixed if it is the right one\n"},
	{"a loop device, and meant; it has no serial", {LOOP}, {.fixed = true, .yes = true}, ""},
	{"unattended by a name that moves", {FIXED}, {.fixed = true, .yes = true},
	 "identity [--serial]: '/dev/sda' is not removable, nobody is asked, and the name may be another "
	 "disk's "
	 "after the next start | add --serial 'WD 1'\n"},
	{"the same with a better name",
	 {FIXED, .by_id = "/dev/disk/by-id/ata-WD"}, {.fixed = true, .yes = true},
	 "identity [--serial]: '/dev/sda' is not removable, nobody is asked, and the name may be another "
	 "disk's "
	 "after the next start | add --serial 'WD 1', or call it /dev/disk/by-id/ata-WD\n"},
	{"unattended by serial", {FIXED}, {.fixed = true, .yes = true, .serial = "WD 1"}, ""},
	{"unattended by a name that stays", {FIXED, .given_by_id = true}, {.fixed = true, .yes = true}, ""},
	{"all at once",
	 {FIXED, .read_only = true, .logical = 4096, USES({LKB_USE_MOUNT, "/dev/sda1", "/m", NULL})},
	 {.image_size = 9 * LKB_GIB, .image_sector = 512, .serial = "x"},
	 "mounted: '/dev/sda1' is mounted at '/m' | unmount it: umount /dev/sda1\n"
	 "read-only: '/dev/sda' is read-only | blockdev --setrw /dev/sda, if the kernel only was told so\n"
	 "too-small: '/dev/sda' has 8.0 GiB (8589934592 bytes), the image needs 9.0 GiB (9663676416 bytes) | "
	 "take a larger one\n"
	 "sector-size: '/dev/sda' has sectors of 4096 bytes, the image's partition table counts in sectors "
	 "of 512 | "
	 "its partitions would not be found; take a disk with sectors of 512 bytes\n"
	 "serial: '/dev/sda' has the serial 'WD 1', not 'x' | lkboard devices lists the serials\n"
	 "fixed [--fixed]: '/dev/sda' is not removable | add --fixed if it is the right one\n"},
};

static void the_guards_table(void **state)
{
	unsigned bad = 0;

	for (size_t i = 0; i < LKB_ARRAY_SIZE(rows); i++) {
		lkb_autorefusals list = {0};
		lkb_autostr s = {0};

		lkb_guard(&rows[i].dev, &rows[i].request, &list);
		for (size_t k = 0; k < list.n; k++)
			lkb_str_addf(&s, "%s%s%s%s: %s | %s\n", list.items[k].code,
				     list.items[k].flag ? " [" : "",
				     list.items[k].flag ? list.items[k].flag : "",
				     list.items[k].flag ? "]" : "", list.items[k].message,
				     list.items[k].hint);
		if (strcmp(lkb_str_get(&s), rows[i].want) != 0) {
			print_error("%s:\n%s-- wanted:\n%s", rows[i].name, lkb_str_get(&s), rows[i].want);
			bad++;
		}
	}
	assert_int_equal(bad, 0);
}

static void refusals_are_one_error(void **state)
{
	struct lkb_device dev = {STICK, .read_only = true};
	lkb_autorefusals list = {0};

	OK(lkb_guard_fail(&list, &err));
	lkb_guard(&dev, &(struct lkb_guard_request){.image_size = 9 * LKB_GIB}, &list);
	FAILS(lkb_guard_fail(&list, &err), LKB_REFUSED,
	      "'/dev/sdb' is read-only; '/dev/sdb' has 8.0 GiB (8589934592 bytes)", "slide it");
}

static void a_changed_device_is_told(void **state)
{
	const struct lkb_device disk = {STICK, .dev = makedev(8, 16), .diskseq = 7};
	const struct lkb_device file = {IMAGE_FILE, .dev = 5, .inode = 9};
	const struct {
		bool is_file;
		struct lkb_device_now now;
		const char *words; /* NULL = it is the same */
	} cases[] = {
#define NOW .mode = S_IFBLK, .dev = makedev(8, 16), .diskseq = 7, .size = 8 * LKB_GIB, .logical = 512, \
	    .serial = "4C53"
		{false, {NOW}, NULL},
		{false, {NOW, .diskseq = 0}, NULL},
		{false, {NOW, .mode = S_IFREG},
		 "'/dev/sdb' is not what it was a moment ago: it is no block device"},
		{false, {NOW, .dev = makedev(8, 32)}, "its number was 8:16, now it is 8:32"},
		{false, {NOW, .diskseq = 8}, "another one was put in"},
		{false, {NOW, .serial = "4C54"}, "its serial was '4C53', now it is '4C54'"},
		{false, {NOW, .serial = NULL}, "its serial was '4C53', now it is 'none'"},
		{false, {NOW, .size = 512}, "its size was 8589934592 bytes, now it is 512"},
		{false, {NOW, .logical = 4096}, "its sectors were of 512 bytes, now they are of 4096"},
		{false, {NOW, .read_only = true}, "'/dev/sdb' is read-only now"},
		{true, {.mode = S_IFREG, .dev = 5, .inode = 9, .size = LKB_GIB}, NULL},
		{true, {.mode = S_IFREG, .dev = 5, .inode = 8, .size = LKB_GIB}, "another file has its name"},
		{true, {.mode = S_IFREG, .dev = 5, .inode = 9, .size = 1},
		 "'/srv/my card' is not what it was a moment ago: its size was 1073741824 bytes, now it is 1"},
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		const struct lkb_device *dev = cases[i].is_file ? &file : &disk;

		if (cases[i].words)
			FAILS(lkb_device_compare(dev, &cases[i].now, &err), LKB_REFUSED, cases[i].words,
			      "nothing was written");
		else
			OK(lkb_device_compare(dev, &cases[i].now, &err));
	}
}

static void a_person_recognizes_it(void **state)
{
	const struct {
		struct lkb_device dev;
		const char *want;
	} cases[] = {
		{{STICK, .vendor = "SanDisk", .model = "SanDisk Ultra", .by_id = "/dev/disk/by-id/usb-x",
		  PARTS({1, "/dev/sdb1", LKB_MIB, 256 * LKB_MIB, "vfat", "boot"},
			{12, "/dev/sdb12", 0, 7 * LKB_GIB, NULL, NULL})},
		 "/dev/sdb: SanDisk Ultra\n"
		 "  serial     4C53\n"
		 "  size       8.0 GiB (8589934592 bytes)\n"
		 "  connected  usb, removable\n"
		 "  also       /dev/disk/by-id/usb-x\n"
		 "  holds      2 partitions\n"
		 "      1   256.0 MiB  vfat  'boot'\n"
		 "     12     7.0 GiB  ?\n"},
		{{LOOP, .backing = "/srv/x.img", .system = "ext4", .label = "root"},
		 "/dev/loop3\n"
		 "  size       1.0 GiB (1073741824 bytes)\n"
		 "  connected  loop, not removable\n"
		 "  behind it  /srv/x.img\n"
		 "  holds      ext4  'root'\n"},
		{{FIXED, .vendor = "WDC", .model = "WD10", .system = "xfs"},
		 "/dev/sda: WDC WD10\n"
		 "  serial     WD 1\n"
		 "  size       8.0 GiB (8589934592 bytes)\n"
		 "  connected  ata, not removable\n"
		 "  holds      xfs\n"},
		{{IMAGE_FILE},
		 "/srv/my card\n"
		 "  size       1.0 GiB (1073741824 bytes)\n"
		 "  connected  a regular file\n"
		 "  holds      nothing that is known\n"},
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_autostr s = {0};

		lkb_device_describe(&cases[i].dev, &s);
		assert_string_equal(lkb_str_get(&s), cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_guards_table),
		CASE(refusals_are_one_error),
		CASE(a_changed_device_is_told),
		CASE(a_person_recognizes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
