/* SPDX-License-Identifier: Apache-2.0 */
/* Who made a disk, which one it is, and how it is connected. */
#include <dirent.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "flash/device_priv.h"

#define MAX_NAMES 8192u

/* What the kernel's name of a disk says; the rest is told by what it is connected to. */
static const struct {
	const char *pattern, *transport;
} by_name[] = {
	{"mmcblk*", "mmc"}, {"nvme*", "nvme"}, {"vd*", "virtio"}, {"loop*", "loop"},
	{"zram*", "zram"},  {"md*", "md"},     {"dm-*", "dm"},    {"nbd*", "nbd"},
};

const char *lkb_device_udev(const char *root, dev_t dev, struct lkb_arena *a)
{
	lkb_autofree char *name = lkb_format("b%u:%u", major(dev), minor(dev));

	return lkb_sys_text(root, a, "/run/udev/data", name);
}

/* The directory in sysfs of what the disk hangs on, from the root on; NULL if it hangs on nothing.
 * The caller frees it. */
static char *device_dir(const char *root, const char *name)
{
	lkb_autofree char *link = lkb_format("/sys/block/%s/device", name);
	const struct lkb_blocks b = {.root = root};

	return lkb_blocks_real(&b, link);
}

/* The USB device that it is in: the nearest one above with a vendor's number. */
static char *usb_dir(const char *root, const char *device)
{
	lkb_autofree char *dir = device ? lkb_strdup(device) : NULL;
	lkb_autoarena a = {0};
	char *slash;

	while (dir && (slash = strrchr(dir, '/')) && slash != dir) {
		if (lkb_sys_text(root, &a, dir, "idVendor"))
			return LKB_STEAL(dir);
		*slash = '\0';
	}
	return NULL;
}

static const char *transport_of(const char *name, const char *device, const char *usb)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(by_name); i++)
		if (lkb_glob_match(by_name[i].pattern, name))
			return by_name[i].transport;
	if (usb)
		return "usb";
	if (device && lkb_glob_match("*/ata*/host*", device))
		return "ata";
	return lkb_glob_match("sd*", name) ? "scsi" : "other";
}

/* SPC-4 7.8.13: the page "unit serial number", four bytes before the text. */
static const char *page_80(const char *root, const char *name, struct lkb_arena *a)
{
	lkb_autofree char *path = lkb_format("%s/sys/block/%s/device/vpd_pg80", root, name);
	lkb_autofd fd = -1;
	uint8_t page[260];
	size_t n, len, from = 4;

	if (lkb_open_read(path, &fd, NULL, NULL) ||
	    lkb_read_upto(fd, page, sizeof(page), &n, path, NULL) || n < 4)
		return NULL;
	len = (size_t)page[2] << 8 | page[3];
	len = 4 + (len < n - 4 ? len : n - 4);
	len = 4 + strnlen((const char *)page + 4, len - 4);
	while (len > from && page[len - 1] == ' ')
		len--;
	while (from < len && page[from] == ' ')
		from++;
	return from < len ? lkb_arena_strndup(a, (const char *)page + from, len - from) : NULL;
}

const char *lkb_device_serial(const char *root, const char *name, dev_t number,
			      struct lkb_arena *a)
{
	static const char *const files[] = {"serial", "device/serial", "device/cid"};
	static const char *const wide[] = {"device/wwid", "wwid"};
	lkb_autofree char *dir = lkb_format("/sys/block/%s", name);
	lkb_autofree char *device = device_dir(root, name), *usb = usb_dir(root, device);
	const char *serial = NULL, *udev;

	/* What hangs on USB at last: the stick's or the reader's own, not that of a bridge's
	 * disk, which not every bridge lets through. */
	if (usb)
		serial = lkb_sys_text(root, a, usb, "serial");
	for (size_t i = 0; !serial && i < LKB_ARRAY_SIZE(files); i++)
		serial = lkb_sys_text(root, a, dir, files[i]);
	if (!serial)
		serial = page_80(root, name, a);
	if (!serial && (udev = lkb_device_udev(root, number, a)))
		serial = lkb_sys_value(a, udev, "E:ID_SERIAL_SHORT");
	for (size_t i = 0; !serial && i < LKB_ARRAY_SIZE(wide); i++)
		serial = lkb_sys_text(root, a, dir, wide[i]);
	return lkb_shown_ascii(a, serial);
}

/* Names that say maker and model come before those that are numbers only. */
static unsigned rank(const char *name)
{
	static const char *const late[] = {"wwn-*", "nvme-eui.*", "nvme-nvme.*", "scsi-*",
					   "lvm-pv-*", "dm-uuid-*", "md-uuid-*"};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(late); i++)
		if (lkb_glob_match(late[i], name))
			return 1;
	return 0;
}

static const char *find_by_id(const struct lkb_blocks *b, size_t node, struct lkb_arena *a)
{
	lkb_autofree char *dir = lkb_below(b->root, "/dev/disk/by-id");
	lkb_autofree char *best = NULL;
	DIR *d = opendir(dir);
	struct dirent *e;
	unsigned left = MAX_NAMES;

	while (d && left-- && (e = readdir(d))) {
		lkb_autofree char *path = lkb_format("/dev/disk/by-id/%s", e->d_name);
		const char *had = best ? best + strlen("/dev/disk/by-id/") : NULL;

		if (e->d_name[0] == '.' || lkb_blocks_by_path(b, path) != node ||
		    strcmp(lkb_shown_ascii(a, path), path) != 0)
			continue;
		if (had && (rank(e->d_name) > rank(had) ||
			    (rank(e->d_name) == rank(had) && strcmp(e->d_name, had) > 0)))
			continue;
		free(best);
		best = LKB_STEAL(path);
	}
	if (d)
		closedir(d);
	return best ? lkb_arena_strdup(a, best) : NULL;
}

void lkb_device_identify(const struct lkb_blocks *b, size_t node, struct lkb_device *dev)
{
	const struct lkb_node *n = &b->nodes[node];
	lkb_autofree char *device = device_dir(b->root, n->name), *usb = usb_dir(b->root, device);
	const char *type;
	struct lkb_arena *a = &dev->arena;

	dev->transport = transport_of(n->name, device, usb);
	dev->vendor = lkb_sys_text(b->root, a, n->dir, "device/vendor");
	dev->model = lkb_sys_text(b->root, a, n->dir, "device/model");
	if (!dev->model && !strcmp(dev->transport, "mmc"))
		dev->model = lkb_sys_text(b->root, a, n->dir, "device/name");
	/* Of virtio, and of disks of other buses, "vendor" is the bus' number of it. */
	if (dev->vendor && lkb_starts_with(dev->vendor, "0x"))
		dev->vendor = NULL;
	if (usb && !dev->vendor)
		dev->vendor = lkb_sys_text(b->root, a, usb, "manufacturer");
	if (usb && !dev->model)
		dev->model = lkb_sys_text(b->root, a, usb, "product");
	/* What libata writes there. */
	if (dev->vendor && !strcmp(dev->vendor, "ATA"))
		dev->vendor = NULL;
	dev->vendor = lkb_shown_ascii(a, dev->vendor);
	dev->model = lkb_shown_ascii(a, dev->model);
	dev->serial = lkb_device_serial(b->root, n->name, n->dev, a);
	dev->by_id = find_by_id(b, node, a);
	type = lkb_sys_text(b->root, a, n->dir, "device/type");
	dev->removable = lkb_sys_u64(b->root, n->dir, "removable", 0) ||
			 (!strcmp(dev->transport, "mmc") && type && !strcmp(type, "SD"));
}
