/* SPDX-License-Identifier: Apache-2.0 */
/* What is known about disks, on machines that are trees of files. */
#include "tests/unit/test_device_kit.h"

#define NO_MOUNTS "proc/self/mountinfo=1 0 0:1 / / rw - rootfs rootfs rw"
#define STICK     "sys/devices/pci0/usb1/1-2"
#define SCSI      STICK "/1-2:1.0/host2/target2:0:0/2:0:0:0"

static void a_usb_stick(void **state)
{
	lkb_auto(lkb_device) dev = NULL;

	plant(MACHINE(NO_MOUNTS, STICK "/idVendor=0781", STICK "/serial=4C530001", SCSI "/vendor=SanDisk ",
		      SCSI "/model=Ultra Fit      ", SCSI "/block/sdb/device->../..",
		      SCSI "/block/sdb/removable=1", SCSI "/block/sdb/diskseq=11",
		      SCSI "/block/sdb/queue/logical_block_size=512",
		      SCSI "/block/sdb/queue/physical_block_size=4096", "sys/block/",
		      "sys/block/sdb->../devices/pci0/usb1/1-2/1-2:1.0/host2/target2:0:0/2:0:0:0/block/sdb",
		      "dev/disk/by-id/usb-SanDisk_Ultra_Fit_4C530001-0:0->../../sdb",
		      "dev/disk/by-id/usb-SanDisk_Ultra_Fit_4C530001-0:0-part1->../../sdb1",
		      "dev/disk/by-id/wwn-0x1->../../sdb", "dev/disk/by-id/a-other->../../sda"));
	plant_node("sdb", 8, 16, 4 * LKB_GIB, 0);
	plant_node("sdb/sdb10", 8, 26, 64 * LKB_MIB, 10);
	plant_node("sdb/sdb2", 8, 18, LKB_GIB, 2);
	plant(MACHINE("sys/block/sdb/sdb2/uevent=DEVNAME=sdb2\nPARTNAME=my data",
		      "run/udev/data/b8:18=S:x\nE:ID_FS_TYPE=ext4\nE:ID_FS_LABEL=root"));
	dev = find("/dev/disk/by-id/wwn-0x1");
	assert_int_equal(dev->kind, LKB_DEVICE_DISK);
	same(dev->name, "sdb");
	same(dev->path, "/dev/sdb");
	same(dev->node, in_dir("dev/sdb"));
	same(dev->given, "/dev/disk/by-id/wwn-0x1");
	assert_true(dev->given_by_id);
	same(dev->by_id, "/dev/disk/by-id/usb-SanDisk_Ultra_Fit_4C530001-0:0");
	same(dev->vendor, "SanDisk");
	same(dev->model, "Ultra Fit");
	same(dev->serial, "4C530001");
	same(dev->transport, "usb");
	assert_int_equal(dev->size, 4 * LKB_GIB);
	assert_int_equal(dev->logical, 512);
	assert_int_equal(dev->physical, 4096);
	assert_true(dev->removable && !dev->read_only);
	assert_int_equal(dev->dev, makedev(8, 16));
	assert_int_equal(dev->diskseq, 11);
	assert_int_equal(dev->n_parts, 2);
	assert_int_equal(dev->parts[0].number, 2);
	assert_int_equal(dev->parts[0].start, 2 * LKB_MIB);
	assert_int_equal(dev->parts[0].size, LKB_GIB);
	same(dev->parts[0].system, "ext4");
	same(dev->parts[0].label, "root");
	same(dev->parts[1].path, "/dev/sdb10");
	same(dev->parts[1].system, NULL);
	expect_uses(dev, "");
	expect_runs(dev, "");
}

static void cards_and_what_is_soldered_in(void **state)
{
	lkb_auto(lkb_device) card = NULL;
	lkb_auto(lkb_device) emmc = NULL;
	lkb_auto(lkb_device) none = NULL;

	plant(MACHINE(NO_MOUNTS, "sys/block/mmcblk0/device/type=SD", "sys/block/mmcblk0/device/name=SC32G",
		      "sys/block/mmcblk0/device/serial=0x1234abcd", "sys/block/mmcblk0/removable=0",
		      "sys/block/mmcblk1/device/type=MMC", "sys/block/mmcblk1/device/name=DG4016",
		      "sys/block/mmcblk1/device/cid=150100", "sys/block/mmcblk1/removable=0"));
	plant_node("mmcblk0", 179, 0, 32 * LKB_GIB, 0);
	plant_node("mmcblk0/mmcblk0p1", 179, 1, LKB_GIB, 1);
	plant_node("mmcblk1", 179, 8, 16 * LKB_GIB, 0);
	plant_node("mmcblk1boot0", 179, 16, 4 * LKB_MIB, 0);
	plant_node("mmcblk1rpmb", 179, 24, 4 * LKB_MIB, 0);
	expect_list("mmcblk0 mmcblk1");
	card = find("/dev/mmcblk0");
	same(card->transport, "mmc");
	same(card->model, "SC32G");
	same(card->serial, "0x1234abcd");
	assert_true(card->removable);
	emmc = find("/dev/mmcblk1");
	same(emmc->serial, "150100");
	assert_false(emmc->removable);
	FAILS(lkb_device_find(dir.path, "/dev/mmcblk1boot0", &none, &err), LKB_REFUSED,
	      "'/dev/mmcblk1boot0' is a boot area of an eMMC", "lkboard devices");
	FAILS(lkb_device_find(dir.path, "/dev/mmcblk0p1", &none, &err), LKB_REFUSED,
	      "'/dev/mmcblk0p1' is partition 1 of '/dev/mmcblk0'", "a whole disk: /dev/mmcblk0");
	assert_null(none);
}

/* root and swap on LVM on LUKS on the third partition. */
static void plant_laptop(void)
{
	plant_node("nvme0n1", 259, 0, 512 * LKB_GIB, 0);
	plant_node("nvme0n1/nvme0n1p1", 259, 1, LKB_GIB, 1);
	plant_node("nvme0n1/nvme0n1p2", 259, 2, LKB_GIB, 2);
	plant_node("nvme0n1/nvme0n1p3", 259, 3, 500 * LKB_GIB, 3);
	plant_node("dm-0", 253, 0, 500 * LKB_GIB, 0);
	plant_node("dm-1", 253, 1, 400 * LKB_GIB, 0);
	plant_node("dm-2", 253, 2, 16 * LKB_GIB, 0);
	plant(MACHINE("sys/block/dm-0/slaves/nvme0n1p3->x", "sys/block/dm-0/dm/name=luks",
		      "sys/block/dm-0/dm/uuid=CRYPT-LUKS2-1", "dev/mapper/luks=",
		      "sys/block/dm-1/slaves/dm-0->x", "sys/block/dm-1/dm/name=vg-root",
		      "sys/block/dm-1/dm/uuid=LVM-1", "dev/mapper/vg-root=",
		      /* The other end of the same relation. */
		      "sys/block/dm-0/holders/dm-2->x", "sys/block/dm-2/dm/name=vg-swap",
		      "sys/block/dm-2/dm/uuid=LVM-2", "sys/block/nvme0n1/device/model=SSD 990",
		      "sys/block/nvme0n1/device/serial=S1",
		      "proc/self/mountinfo=20 1 253:1 / / rw - ext4 /dev/mapper/vg-root rw\n"
		      "21 20 259:2 / /boot rw shared:1 master:2 - ext4 /dev/nvme0n1p2 rw\n"
		      "22 21 259:1 / /boot/efi rw - vfat /dev/nvme0n1p1 rw",
		      "proc/swaps=Filename Type Size Used Priority\n/dev/dm-2 partition 1 0 -2"));
}

static void the_running_systems_disk_is_found_through_lvm_and_luks(void **state)
{
	lkb_auto(lkb_device) dev = NULL;
	lkb_auto(lkb_device) root = NULL;
	bool holds;

	plant_laptop();
	plant(MACHINE("home/u/card.img=x"));
	dev = find("/dev/nvme0n1");
	same(dev->transport, "nvme");
	same(dev->model, "SSD 990");
	expect_runs(dev, "/ /boot /boot/efi");
	expect_uses(dev, "mount /dev/nvme0n1p1 /boot/efi; mount /dev/nvme0n1p2 /boot; "
			 "mount /dev/mapper/vg-root /; swap /dev/dm-2 -; "
			 "holder /dev/mapper/luks /dev/dm-2 LVM; "
			 "holder /dev/mapper/luks /dev/mapper/vg-root LVM; "
			 "holder /dev/nvme0n1p3 /dev/mapper/luks LUKS");
	OK(lkb_device_holds(dev, "/home/u/card.img", &holds, &err));
	assert_true(holds);
	root = find("/dev/dm-1");
	same(root->path, "/dev/mapper/vg-root");
	same(root->transport, "dm");
	same(root->slaves[0], "/dev/mapper/luks");
	assert_int_equal(root->n_slaves, 1);
	expect_runs(root, "/");
	same(root->system, "ext4");
}

static void every_disk_of_an_array_is_found(void **state)
{
	lkb_auto(lkb_device) one = NULL;
	lkb_auto(lkb_device) other = NULL;

	plant_node("sdc", 8, 32, LKB_GIB, 0);
	plant_node("sdc/sdc1", 8, 33, LKB_GIB, 1);
	plant_node("sdd", 8, 48, LKB_GIB, 0);
	plant_node("md0", 9, 0, LKB_GIB, 0);
	plant_node("md0/md0p1", 259, 9, LKB_GIB, 1);
	plant(MACHINE("sys/block/md0/slaves/sdc1->x", "sys/block/md0/slaves/sdd->x",
		      "proc/self/mountinfo=1 0 259:9 / / rw - ext4 /dev/md0p1 rw"));
	one = find("/dev/sdc");
	other = find("/dev/sdd");
	expect_runs(one, "/");
	expect_runs(other, "/");
	expect_uses(one, "mount /dev/md0p1 /; holder /dev/sdc1 /dev/md0 md");
	expect_uses(other, "mount /dev/md0p1 /; holder /dev/sdd /dev/md0 md");
	expect_list("md0 sdc sdd");
}

static void every_disk_of_a_btrfs_is_found(void **state)
{
	lkb_auto(lkb_device) one = NULL;
	lkb_auto(lkb_device) other = NULL;

	plant_node("sdc", 8, 32, LKB_GIB, 0);
	plant_node("sdd", 8, 48, LKB_GIB, 0);
	plant(MACHINE("sys/fs/btrfs/features/x=1", "sys/fs/btrfs/0a-1/devices/sdc->x",
		      "sys/fs/btrfs/0a-1/devices/sdd->x",
		      "proc/self/mountinfo=1 0 0:40 / / rw - btrfs /dev/sdc rw,subvol=/"));
	one = find("/dev/sdc");
	other = find("/dev/sdd");
	expect_runs(one, "/");
	expect_runs(other, "/");
	expect_uses(one, "mount /dev/sdc /");
	expect_uses(other, "mount /dev/sdd /");
}

/* A live system: an overlay over a loop device whose file is on the stick. */
static void the_stick_of_a_live_system_is_the_systems(void **state)
{
	lkb_auto(lkb_device) dev = NULL;

	plant_node("sdb", 8, 16, LKB_GIB, 0);
	plant_node("sdb/sdb1", 8, 17, LKB_GIB, 1);
	plant_node("loop0", 7, 0, LKB_GIB, 0);
	plant(MACHINE("sys/block/loop0/loop/backing_file=/run/live/medium/live/filesystem.squashfs",
		      "proc/self/mountinfo="
		      "30 1 8:17 / /run/live/medium ro - iso9660 /dev/sdb1 ro\n"
		      "31 1 7:0 / /run/live/rootfs ro - squashfs /dev/loop0 ro\n"
		      "32 0 0:33 / / rw - overlay overlay rw,lowerdir=/run/live/rootfs/:/x,upperdir=/cow"));
	dev = find("/dev/sdb");
	expect_runs(dev, "/");
	expect_uses(dev, "mount /dev/sdb1 /run/live/medium; "
			 "loop /dev/sdb /dev/loop0 /run/live/medium/live/filesystem.squashfs");
}

static void loop_devices_hold_what_is_behind_them(void **state)
{
	lkb_auto(lkb_device) stick = NULL;
	lkb_auto(lkb_device) file = NULL;
	lkb_auto(lkb_device) loop = NULL;
	bool holds;

	plant_node("sdb", 8, 16, LKB_GIB, 0);
	plant_node("loop0", 7, 0, LKB_GIB, 0);
	plant_node("loop1", 7, 1, LKB_GIB, 0);
	plant_node("loop2", 7, 2, LKB_GIB, 0);
	plant_node("loop7", 7, 7, 0, 0);
	plant(MACHINE("sys/block/loop0/loop/backing_file=/dev/sdb", "home/x.img=123", "home/y.img=",
		      "sys/block/loop1/loop/backing_file=/home/x.img",
		      "sys/block/loop2/loop/backing_file=/dev/loop1",
		      "proc/self/mountinfo=1 0 0:1 / / rw - rootfs rootfs rw\n"
		      "2 1 7:2 / /media/with\\040blank rw - ext4 /dev/loop2 rw"));
	expect_list("loop0 loop1 loop2 sdb");
	stick = find("/dev/sdb");
	expect_uses(stick, "loop /dev/sdb /dev/loop0 /dev/sdb");
	loop = find("/dev/loop1");
	same(loop->backing, "/home/x.img");
	same(loop->transport, "loop");
	assert_int_equal(loop->n_slaves, 0);
	expect_uses(loop, "mount /dev/loop2 /media/with blank; loop /dev/loop1 /dev/loop2 /dev/loop1");
	file = find("/home/x.img");
	assert_int_equal(file->kind, LKB_DEVICE_FILE);
	assert_int_equal(file->size, 4);
	expect_uses(file, "mount /dev/loop2 /media/with blank; loop /dev/loop1 /dev/loop2 /dev/loop1; "
			  "loop /home/x.img /dev/loop1 /home/x.img");
	OK(lkb_device_holds(file, "/home/y.img", &holds, &err));
	assert_false(holds);
	OK(lkb_device_holds(file, "/home/x.img", &holds, &err));
	assert_true(holds);
	/* An image that is a disk itself. */
	OK(lkb_device_holds(file, "/dev/loop2", &holds, &err));
	assert_true(holds);
}

static void swap_space_and_swap_files(void **state)
{
	lkb_auto(lkb_device) dev = NULL;
	lkb_auto(lkb_device) file = NULL;

	plant_node("vda", 254, 0, LKB_GIB, 0);
	plant_node("vda/vda2", 254, 2, LKB_GIB, 2);
	plant_node("vda/vda3", 254, 3, LKB_GIB, 3);
	plant(MACHINE("sys/block/vda/serial=1777", "sys/block/vda/device/vendor=0x1af4", "srv/swap file=x",
		      "proc/self/mountinfo=1 0 254:3 / /srv rw - ext4 /dev/vda3 rw",
		      "proc/swaps=Filename\tType\n/dev/vda2 partition 1 0 -2\n"
		      "/srv/swap\\040file file 1 0 -3"));
	dev = find("/dev/vda");
	same(dev->transport, "virtio");
	same(dev->serial, "1777");
	same(dev->vendor, NULL);
	expect_uses(dev, "mount /dev/vda3 /srv; swap /dev/vda2 -; swap /dev/vda3 /srv/swap file");
	file = find("/srv/swap file");
	expect_uses(file, "swap /srv/swap file /srv/swap file");
}

static void what_the_first_process_has_mounted_counts(void **state)
{
	lkb_auto(lkb_device) dev = NULL;

	plant_node("sda", 8, 0, LKB_GIB, 0);
	plant(MACHINE(NO_MOUNTS, "proc/1/mountinfo=1 0 8:0 / / rw - ext4 /dev/sda rw"));
	dev = find("/dev/sda");
	expect_runs(dev, "/");
	expect_uses(dev, "mount /dev/sda /");
}

static void what_is_listed(void **state)
{
	lkb_auto(lkb_device) reader = NULL;

	plant(MACHINE(NO_MOUNTS, "sys/block/sdc/removable=1", "sys/block/sdc/ro=1",
		      "sys/block/nvme0c0n1/hidden=1",
		      "sys/block/sda/device->../../devices/ata1/host0/t/0:0:0:0",
		      "sys/devices/ata1/host0/t/0:0:0:0/vendor=ATA",
		      "sys/devices/ata1/host0/t/0:0:0:0/model=WDC WD10",
		      "sys/devices/ata1/host0/t/0:0:0:0/wwid=naa.5000"));
	make_bytes(in_dir("sys/devices/ata1/host0/t/0:0:0:0/vpd_pg80"), "\0\x80\0\x08  WD-123", 12);
	plant_node("sda", 8, 0, LKB_GIB, 0);
	plant_node("sdc", 8, 32, 0, 0);
	plant_node("sr0", 11, 0, LKB_GIB, 0);
	plant_node("fd0", 2, 0, LKB_MIB, 0);
	plant_node("ram0", 1, 0, LKB_MIB, 0);
	plant_node("zram0", 252, 0, 0, 0);
	plant_node("zram1", 252, 1, LKB_MIB, 0);
	plant_node("zram10", 252, 10, LKB_MIB, 0);
	plant_node("zram2", 252, 2, LKB_MIB, 0);
	plant_node("nvme0c0n1", 0, 0, LKB_GIB, 0);
	plant_node("cciss!c0d0", 104, 0, LKB_GIB, 0);
	expect_list("cciss!c0d0 sda sdc zram1 zram2 zram10");
	reader = find("/dev/sdc");
	assert_true(reader->size == 0 && reader->read_only && reader->removable);
	lkb_device_free(LKB_STEAL(reader));
	reader = find("/dev/sda");
	same(reader->transport, "ata");
	same(reader->vendor, NULL);
	same(reader->model, "WDC WD10");
	same(reader->serial, "WD-123");
	lkb_device_free(LKB_STEAL(reader));
	plant(MACHINE("dev/cciss/c0d0="));
	reader = find("/dev/cciss/c0d0");
	same(reader->path, "/dev/cciss/c0d0");
}

/* What a stick says of itself can neither steer a terminal nor turn a line around. */
static void hostile_strings(void **state)
{
	lkb_auto(lkb_device) dev = NULL;
	lkb_autostr long_model = {0};
	lkb_autostr out = {0};

	plant(MACHINE(NO_MOUNTS, "sys/block/sdb/device/vendor=\x1b[2J\xff", "sys/block/sdb/removable=yes",
		      "sys/block/sdb/device/model=\xe2\x80\xae" "FDS 46\xd7\x90",
		      "sys/block/sdb/ro=18446744073709551616",
		      "sys/block/sdb/serial=a\nb", "sys/block/sdb/queue/logical_block_size=x",
		      "run/udev/data/b8:17=E:ID_FS_LABEL=\xe2\x80\xaeko\xc3\xb6\nE:ID_FS_TYPE=\x1b"));
	plant_node("sdb", 8, 16, 0, 0);
	plant_node("sdb/sdb1", 8, 17, LKB_GIB, 1);
	plant(MACHINE("sys/block/sdb/size=18446744073709551615"));
	dev = find("/dev/sdb");
	same(dev->vendor, "\\x1b[2J\\xff");
	same(dev->model, "\\xe2\\x80\\xaeFDS 46\\xd7\\x90");
	same(dev->serial, "a\\x0ab");
	same(dev->parts[0].label, "\\xe2\\x80\\xaeko\xc3\xb6");
	same(dev->parts[0].system, "\\x1b");
	assert_int_equal(dev->logical, 512);
	assert_true(!dev->removable && !dev->read_only);
	assert_true(dev->size <= INT64_MAX);
	lkb_device_describe(dev, &out);
	assert_null(strchr(out.s, '\x1b'));
	lkb_device_free(LKB_STEAL(dev));
	for (unsigned i = 0; i < 70000; i++)
		lkb_str_addc(&long_model, 'a');
	make(in_dir("sys/block/sdb/device/model"), long_model.s);
	dev = find("/dev/sdb");
	same(dev->model, NULL);
}

static void who_cannot_see_says_so(void **state)
{
	lkb_auto(lkb_devices) list = NULL;
	lkb_auto(lkb_device) dev = NULL;

	FAILS(lkb_devices_list(in_dir("none"), &list, &err), LKB_IO, "cannot open", "");
	FAILS(lkb_devices_list(dir.path, &list, &err), LKB_IO, "/sys/block' is not there", "mount sysfs");
	plant_node("sdb", 8, 16, LKB_GIB, 0);
	FAILS(lkb_devices_list(dir.path, &list, &err), LKB_IO, "cannot open", "mount proc");
	plant(MACHINE("proc/self/mountinfo=1 0 8:16 / /mnt"));
	FAILS(lkb_devices_list(dir.path, &list, &err), LKB_IO,
	      "the table of mounts makes no sense in line 1", "");
	plant(MACHINE(NO_MOUNTS, "proc/swaps=Filename\n/dev/sdb"));
	FAILS(lkb_devices_list(dir.path, &list, &err), LKB_IO,
	      "the table of swap space makes no sense in line 2", "");
	assert_null(list);
	plant(MACHINE("proc/swaps=Filename", "dev/sdx=", "home/"));
	/* Less is known, and nothing is wrong. */
	dev = find("/dev/sdb");
	same(dev->transport, "scsi");
	assert_true(!dev->vendor && !dev->model && !dev->serial && !dev->by_id && !dev->removable);
	lkb_device_free(LKB_STEAL(dev));
	FAILS(lkb_device_find(dir.path, "/dev/sdy", &dev, &err), LKB_IO, "cannot open '/dev/sdy': No such file",
	      "a target must be there");
	FAILS(lkb_device_find(dir.path, "/home", &dev, &err), LKB_REFUSED, "'/home' is a directory", "");
	FAILS(lkb_device_find(dir.path, "/dev/sdx", &dev, &err), LKB_REFUSED,
	      "'/dev/sdx' is a regular file in /dev", "rm /dev/sdx");
	FAILS(lkb_device_find(NULL, "/dev/null", &dev, &err), LKB_REFUSED,
	      "'/dev/null' is a character device", "");
	assert_int_equal(symlink("/etc", in_dir("out")), 0);
	FAILS(lkb_device_find(dir.path, "/out/passwd", &dev, &err), LKB_REFUSED, "leads out of", "");
	assert_null(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_usb_stick),
		CASE(cards_and_what_is_soldered_in),
		CASE(the_running_systems_disk_is_found_through_lvm_and_luks),
		CASE(every_disk_of_an_array_is_found),
		CASE(every_disk_of_a_btrfs_is_found),
		CASE(the_stick_of_a_live_system_is_the_systems),
		CASE(loop_devices_hold_what_is_behind_them),
		CASE(swap_space_and_swap_files),
		CASE(what_the_first_process_has_mounted_counts),
		CASE(what_is_listed),
		CASE(hostile_strings),
		CASE(who_cannot_see_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
