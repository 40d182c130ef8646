/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/initrd/verity.h"

#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

#define CONTROL "/dev/mapper/control"
#define NAME "lkb-root"
#define BLOCK_SIZE 4096u
#define SECTORS_A_BLOCK (BLOCK_SIZE / 512)
#define SUPERBLOCK_BLOCKS 1

/* One ioctl's worth of memory: the header, and behind it a target with its parameters. */
struct request {
	struct dm_ioctl head;
	struct dm_target_spec target;
	char params[512];
};

static void request_init(struct request *r)
{
	memset(r, 0, sizeof(*r));
	r->head.version[0] = DM_VERSION_MAJOR;
	r->head.data_size = sizeof(*r);
	r->head.data_start = offsetof(struct request, target);
	snprintf(r->head.name, sizeof(r->head.name), "%s", NAME);
}

int lkb_verity_params(const struct lkb_verity_table *t, char *buf, size_t size,
		      struct lkb_error *err)
{
	int n = snprintf(buf, size, "1 %s %s %u %u %llu %llu sha256 %s -", t->device, t->device,
			 BLOCK_SIZE, BLOCK_SIZE, (unsigned long long)t->data_blocks,
			 (unsigned long long)t->data_blocks + SUPERBLOCK_BLOCKS, t->root_hash);

	if (n < 0 || (size_t)n >= size)
		return lkb_fail(err, LKB_INPUT, "the verity table of '%s' is too long", t->device);
	return 0;
}

static int load_table(int control, const struct lkb_verity_table *t, struct lkb_error *err)
{
	struct request r;

	request_init(&r);
	r.head.flags = DM_READONLY_FLAG;
	r.head.target_count = 1;
	r.target.length = t->data_blocks * SECTORS_A_BLOCK;
	snprintf(r.target.target_type, sizeof(r.target.target_type), "verity");
	if (lkb_verity_params(t, r.params, sizeof(r.params), err))
		return -1;
	if (ioctl(control, DM_TABLE_LOAD, &r) < 0)
		return lkb_fail_errno(err, "the kernel refuses the verity table '%s' (its own "
				      "words are above)", r.params);
	return 0;
}

static int resume(int control, dev_t *ret_dev, struct lkb_error *err)
{
	struct request r;

	request_init(&r);
	if (ioctl(control, DM_DEV_SUSPEND, &r) < 0)
		return lkb_fail_errno(err, "cannot start the verity device");
	*ret_dev = (dev_t)r.head.dev;
	return 0;
}

static int node_of(dev_t dev, char **ret, struct lkb_error *err)
{
	lkb_autofree char *node = lkb_format("/dev/dm-%u", minor(dev));
	struct stat st;

	if (stat(node, &st) < 0)
		return lkb_fail_errno(err, "'%s' did not appear", node);
	if (!S_ISBLK(st.st_mode) || st.st_rdev != dev)
		return lkb_fail(err, LKB_IO, "'%s' is not the verity device", node);
	*ret = LKB_STEAL(node);
	return 0;
}

static void remove_device(int control)
{
	struct request r;

	request_init(&r);
	ioctl(control, DM_DEV_REMOVE, &r);
}

int lkb_verity_open(const struct lkb_verity_table *t, char **ret, struct lkb_error *err)
{
	lkb_autofd control = open(CONTROL, O_RDWR | O_CLOEXEC);
	struct request r;
	dev_t dev = 0;

	if (control < 0) {
		lkb_fail_errno(err, "cannot open '%s'", CONTROL);
		return lkb_hint(err, "the initrd needs the modules dm-mod and dm-verity");
	}
	request_init(&r);
	if (ioctl(control, DM_DEV_CREATE, &r) < 0)
		return lkb_fail_errno(err, "cannot create the device '%s'", NAME);
	if (load_table(control, t, err) || resume(control, &dev, err) || node_of(dev, ret, err)) {
		remove_device(control);
		return -1;
	}
	return 0;
}
