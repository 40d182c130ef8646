/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/data.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/size.h"
#include "base/str.h"
#include "ondevice/common/cmdline.h"
#include "ondevice/common/partuuid.h"
#include "ondevice/common/say.h"
#include "ondevice/system/makedirs.h"

/* The kernel's number for growing a mounted ext4 (fs/ext4/ext4.h); no header of libc has it. */
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)

#define DATA_PARTITION 4
#define DATA_PARTITION_GPT 5 /* there are two boot partitions */
#define SUPERBLOCK_OFF 1024
#define SUPERBLOCK_SIZE 1024

bool lkb_ext4_size_parse(const uint8_t *sb, struct lkb_ext4_size *ret)
{
	uint32_t log_size = lkb_get_le32(sb + 0x18), incompat = lkb_get_le32(sb + 0x60);
	struct lkb_ext4_size size;

	if (lkb_get_le16(sb + 0x38) != 0xef53 || log_size > 6)
		return false;
	size.block_size = 1024u << log_size;
	size.blocks = lkb_get_le32(sb + 0x04);
	if (incompat & 0x80) /* 64bit: block numbers have a high half */
		size.blocks |= (uint64_t)lkb_get_le32(sb + 0x150) << 32;
	*ret = size;
	return true;
}

static int read_size(int fd, const char *device, struct lkb_ext4_size *ret, struct lkb_error *err)
{
	uint8_t sb[SUPERBLOCK_SIZE];

	if (lkb_pread_full(fd, sb, sizeof(sb), SUPERBLOCK_OFF, device, err))
		return -1;
	if (!lkb_ext4_size_parse(sb, ret))
		return lkb_fail(err, LKB_INPUT, "'%s' holds no ext4", device);
	return 0;
}

/* Growing what is as large as it can be does nothing, so this runs at every boot. */
static int grow(const char *device, const char *at, struct lkb_error *err)
{
	lkb_autofd device_fd = open(device, O_RDONLY | O_CLOEXEC);
	lkb_autofd at_fd = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct lkb_ext4_size size;
	uint64_t bytes, blocks;

	if (device_fd < 0 || at_fd < 0 || ioctl(device_fd, BLKGETSIZE64, &bytes) < 0)
		return lkb_fail_errno(err, "cannot look at '%s'", device);
	if (read_size(device_fd, device, &size, err))
		return -1;
	blocks = bytes / size.block_size;
	if (blocks <= size.blocks)
		return 0;
	if (ioctl(at_fd, EXT4_IOC_RESIZE_FS, &blocks) < 0)
		return lkb_fail_errno(err, "cannot grow '%s' to %llu blocks", device,
				      (unsigned long long)blocks);
	lkb_say("data partition grew from %s to %s",
		lkb_size_text(size.blocks * size.block_size).s,
		lkb_size_text(blocks * size.block_size).s);
	return 0;
}

static int find(const char *cmdline, struct lkb_partition *ret, struct lkb_error *err)
{
	lkb_autofree char *root = lkb_cmdline_get(cmdline, "lkb.root");
	lkb_autostr seen = {0};
	struct lkb_partuuid id;

	if (!root || !lkb_partuuid_parse(root, &id))
		return lkb_fail(err, LKB_INPUT, "this system was not started from a card");
	id.partition = id.gpt ? DATA_PARTITION_GPT : DATA_PARTITION;
	if (!lkb_partuuid_find("/sys", "/dev", &id, ret, &seen))
		return lkb_fail(err, LKB_IO, "the disk has no partition %u; there is %s",
				id.partition, seen.s);
	return 0;
}

void lkb_data_mount(const char *cmdline, const char *at)
{
	lkb_autofree char *device = NULL;
	struct lkb_partition part;
	struct lkb_error err;

	/* Containers that bind it can run without a partition behind it, too. */
	if (lkb_make_dirs(at, 0755, &err) || find(cmdline, &part, &err)) {
		lkb_say_error(&err, "no data partition at '%s', nothing there is kept", at);
		return;
	}
	device = lkb_format("/dev/%s", part.name);
	if (mount(device, at, "ext4", MS_NODEV | MS_NOATIME, NULL) < 0) {
		lkb_fail_errno(&err, "cannot mount '%s'", device);
		lkb_say_error(&err, "no data partition at '%s', nothing there is kept", at);
		return;
	}
	if (grow(device, at, &err))
		lkb_say_error(&err, "the data partition keeps its size");
	lkb_say("data partition (%s) is at '%s'", part.name, at);
}
