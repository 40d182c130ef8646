/* SPDX-License-Identifier: Apache-2.0 */

/* /init of the initrd: finds the root that the boot loader chose, checks it, and hands over to its
 * /sbin/init. lkb.slot= on the command line names a slot, lkb.image= an image of a file system;
 * without either the initramfs itself is the root. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ondevice/common/cmdline.h"
#include "ondevice/common/say.h"
#include "ondevice/common/slurp.h"
#include "ondevice/initrd/image.h"
#include "ondevice/initrd/modules.h"
#include "ondevice/initrd/settings.h"
#include "ondevice/initrd/slot.h"
#include "ondevice/initrd/switchroot.h"
#include "ondevice/initrd/verity.h"

#define CMDLINE_MAX 65536
#define WAIT_SECONDS 30
#define NEW_ROOT "/sysroot"

static char next_init[] = "/sbin/init";

static int mount_kernel_file_systems(struct lkb_error *err)
{
	static const struct {
		const char *type, *at;
		unsigned long flags;
	} mounts[] = {
		{"devtmpfs", "/dev", MS_NOSUID},
		{"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC},
		{"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(mounts); i++) {
		mkdir(mounts[i].at, 0755);
		/* EBUSY: a kernel with CONFIG_DEVTMPFS_MOUNT was faster. */
		if (mount(mounts[i].type, mounts[i].at, mounts[i].type, mounts[i].flags,
			  NULL) < 0 && errno != EBUSY)
			return lkb_fail_errno(err, "cannot mount '%s'", mounts[i].at);
	}
	return 0;
}

static int enter_slot(const char *cmdline, struct lkb_error *err)
{
	lkb_autofree char *device = NULL;
	struct lkb_slot_args args;
	struct lkb_partition part;

	if (lkb_slot_args_parse(cmdline, &args, err) ||
	    lkb_slot_wait(&args.root, WAIT_SECONDS, &part, err))
		return -1;
	device = lkb_format("/dev/%s", part.name);
	if (args.verity) {
		struct lkb_verity_table table = {device, args.data_blocks, args.root_hash};
		char *checked;

		if (lkb_verity_open(&table, &checked, err))
			return lkb_context(err, "slot %c", args.slot);
		free(device);
		device = checked;
	}
	mkdir(NEW_ROOT, 0755);
	if (mount(device, NEW_ROOT, "ext4", MS_RDONLY, NULL) < 0)
		return lkb_fail_errno(err, "slot %c: cannot mount '%s' (the kernel's own words "
				      "are above)", args.slot, device);
	lkb_settings_apply(&args.root, NEW_ROOT);
	if (lkb_switch_root(NEW_ROOT, err))
		return -1;
	if (args.verity)
		lkb_say("root is slot %c (%s), read-only, dm-verity %s", args.slot, part.name,
			args.root_hash);
	else
		lkb_say("root is slot %c (%s), read-only, not verified", args.slot, part.name);
	return 0;
}

static int enter_image(const char *text, struct lkb_error *err)
{
	lkb_autofree char *name = NULL, *device = NULL;
	struct lkb_image_args args;

	if (lkb_image_args_parse(text, &args, err) ||
	    lkb_image_wait(&args, WAIT_SECONDS, &name, err))
		return -1;
	device = lkb_format("/dev/%s", name);
	mkdir(NEW_ROOT, 0755);
	if (mount(device, NEW_ROOT, args.type, MS_RDONLY, NULL) < 0)
		return lkb_fail_errno(err, "cannot mount '%s' as %s (the kernel's own words are "
				      "above)", device, args.type);
	if (lkb_switch_root(NEW_ROOT, err))
		return -1;
	lkb_say("root is the %s image on %s, read-only", args.type, name);
	return 0;
}

static int enter_ram_root(struct lkb_error *err)
{
	if (lkb_on_initramfs() && lkb_detach_ram_root(err))
		return -1;
	lkb_say("root is in RAM");
	return 0;
}

static int enter_root(const char *cmdline, struct lkb_error *err)
{
	lkb_autofree char *slot = lkb_cmdline_get(cmdline, "lkb.slot");
	lkb_autofree char *image = lkb_cmdline_get(cmdline, "lkb.image");

	if (slot)
		return enter_slot(cmdline, err);
	return image ? enter_image(image, err) : enter_ram_root(err);
}

static int start(char **ret_cmdline, char *argv[], struct lkb_error *err)
{
	if (mount_kernel_file_systems(err))
		return -1;
	lkb_say_open_console();
	if (lkb_slurp("/proc/cmdline", CMDLINE_MAX, ret_cmdline, err))
		return -1;
	lkb_modules_load("", "/etc/lkboard/modules");
	if (enter_root(*ret_cmdline, err))
		return -1;
	argv[0] = next_init;
	execv(next_init, argv);
	return lkb_fail_errno(err, "cannot start '%s'", next_init);
}

int main(int argc, char *argv[])
{
	lkb_autofree char *cmdline = NULL;
	struct lkb_error err = {0};

	start(&cmdline, argv, &err);
	lkb_fatal(lkb_fatal_seconds(cmdline ? cmdline : ""), &err);
}
