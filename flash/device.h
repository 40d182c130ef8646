/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_DEVICE_H
#define LKB_FLASH_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"

/*
 * What is known about the disks of a machine, from sysfs and /proc, without writing and without
 * holding anything open (Linux' Documentation/ABI/{stable,testing}/sysfs-block, proc(5)).
 *
 * `root` is the directory below which sys/, proc/, dev/ and run/udev/data/ are looked up; NULL or
 * "/" is this machine. Below any other, device nodes may be regular files, and paths that were
 * given are looked up below it too.
 *
 * All text in here may be shown as it is: what hardware and file systems say of themselves went
 * through lkb_utf8_show(), hardware's strings with nothing but printable ASCII left.
 */

enum lkb_device_kind {
	LKB_DEVICE_DISK, /* a whole block device */
	LKB_DEVICE_FILE, /* a regular file that stands for one */
};

struct lkb_partition {
	unsigned number;
	const char *path;    /* "/dev/sdb1"; NULL: the disk's table says so, not the kernel */
	uint64_t start, size; /* bytes; from a table: not compared with the disk */
	const char *system;  /* "ext4", "FAT32", "LUKS", ...; NULL = not known */
	const char *label;   /* the file system's, else the GPT's name; NULL = none or not known */
};

/* Why nobody else may write to a device at this moment. */
enum lkb_use_kind {
	LKB_USE_MOUNT,  /* a file system on it is mounted; by = mount point */
	LKB_USE_SWAP,   /* swap space, or a swap file on it; by = the file, NULL if it is none */
	LKB_USE_HOLDER, /* the kernel built something on it (device mapper, md); by = its path */
	LKB_USE_LOOP,   /* a loop device stands on it or on a file on it; by = "/dev/loop3" */
};

struct lkb_use {
	enum lkb_use_kind kind;
	const char *device; /* what is used: "/dev/sdb1", or "/dev/mapper/x" that stands on it */
	const char *by;
	const char *what;   /* of a holder: "LUKS", "LVM", "dm", "md", "bcache" or "other"; of a
			     * loop device its backing file; else NULL */
};

struct lkb_device {
	enum lkb_device_kind kind;
	const char *root;      /* without symbolic links; "" = this machine */
	const char *name;      /* "sdb"; of a file its base name */
	const char *path;      /* "/dev/sdb"; of a file as it was given */
	const char *node;      /* what to open: on this machine, without symbolic links */
	const char *given;     /* what lkb_device_find() was asked for; NULL in a list */
	bool given_by_id;      /* and that was a name in /dev/disk/by-id */
	const char *by_id;     /* "/dev/disk/by-id/usb-..."; NULL = none */
	const char *vendor, *model, *serial; /* NULL = not known */
	const char *transport; /* "usb", "mmc", "nvme", "ata", "scsi", "virtio", "loop", "zram",
				* "md", "dm", "nbd", "file", "other" */
	uint64_t size;         /* bytes; 0 = no card in the reader, no file on the loop device */
	unsigned logical, physical; /* bytes of a block */
	bool removable;        /* as sysfs says, or an SD card, for which sysfs says no */
	bool read_only;
	dev_t dev;             /* of a file: st_dev, and */
	uint64_t inode;        /* its number there */
	uint64_t diskseq;      /* counts what was put into or behind the device; 0 = not known */
	const char *backing;   /* a loop device's file; NULL */
	const char *system;    /* what stands on it without a partition table; NULL */
	const char *label;

	const struct lkb_partition *parts; /* by number */
	size_t n_parts;
	const struct lkb_use *uses; /* by kind; in the order in which they can be ended */
	size_t n_uses;
	const char *const *slaves;  /* the paths that it stands on: dm, md */
	size_t n_slaves;
	const char *const *runs;    /* the running system's mount points that are on it or on what
				     * stands on it: "/", "/boot", ... */
	size_t n_runs;

	struct lkb_arena arena; /* of all the above */
};

void lkb_device_free(struct lkb_device *dev);
LKB_DEFINE_AUTO(lkb_device, lkb_device_free)

struct lkb_devices {
	struct lkb_device **items; /* owned, each owned; by name, loop2 before loop10 */
	size_t n;
};

void lkb_devices_free(struct lkb_devices *list);
LKB_DEFINE_AUTO(lkb_devices, lkb_devices_free)

/* All whole disks that could hold an image: no partitions, no boot areas of an eMMC, no optical or
 * floppy drives, no RAM disks, and loop and zram devices only if something is in them. LKB_IO if
 * sysfs or the table of mounts cannot be read: who cannot see what is mounted must not write. */
int lkb_devices_list(const char *root, struct lkb_devices **ret, struct lkb_error *err);

/* The disk, or the regular file, that a path leads to, over symbolic links. LKB_REFUSED for what is
 * no target: a partition (the message names its disk), another part of a device, a directory, a
 * character device; LKB_IO if there is nothing of that name, and as above. */
int lkb_device_find(const char *root, const char *path, struct lkb_device **ret,
		    struct lkb_error *err);

/* Reads what is on it, as far as it may be opened for reading, from the first few KiB of disk and
 * partitions: file systems, labels, and the partitions of an MBR or GPT where the kernel shows
 * none. Hostile input; what cannot be read is left not known. */
void lkb_device_look_inside(struct lkb_device *dev);

/* True if the file (or what is on the block device) of that path is on this disk or file, through
 * partitions, device mapper, md and loop devices. LKB_IO if that cannot be found out. */
int lkb_device_holds(const struct lkb_device *dev, const char *path, bool *ret,
		     struct lkb_error *err);

/* What is behind an open file descriptor. */
struct lkb_device_now {
	mode_t mode;
	dev_t dev;      /* of the block device; of a file that of its file system */
	uint64_t inode; /* of a file */
	uint64_t size;
	uint64_t diskseq; /* 0 = the kernel does not say */
	unsigned logical;
	bool read_only;
	const char *serial; /* NULL = none */
};

/* After opening: is this still what was shown to the user and judged by the guard? Compares device
 * number, diskseq, size, block size, the serial that sysfs shows now, and that the kernel takes
 * writes (a read-only loop device may be opened for writing). LKB_REFUSED names what differs;
 * LKB_IO if it cannot be asked. */
int lkb_device_same(const struct lkb_device *dev, int fd, struct lkb_error *err);
/* Its decision, pure. */
int lkb_device_compare(const struct lkb_device *dev, const struct lkb_device_now *now,
		       struct lkb_error *err);

/* Lets a USB or SCSI device go, as its own switch would (sysfs: device/delete); it is gone from
 * /dev then. Others need nothing of the kind. LKB_IO. */
int lkb_device_eject(const struct lkb_device *dev, struct lkb_error *err);

/* What a person is to recognize a device by, several lines, each ending in a newline: path, model,
 * serial, size, how it is connected, and what is on it. Pure. */
void lkb_device_describe(const struct lkb_device *dev, struct lkb_str *out);
/* Vendor and model in one, without saying a word twice; "" if neither is known. */
void lkb_device_title(const struct lkb_device *dev, struct lkb_str *out);

#endif
