/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "flash/device.h"

int lkb_device_eject(const struct lkb_device *dev, struct lkb_error *err)
{
	const char *root = dev->root ? dev->root : "";
	lkb_autofree char *path = lkb_format("%s/sys/block/%s/device/delete", root, dev->name);
	lkb_autofd fd = -1;

	if (strcmp(dev->transport, "usb") && strcmp(dev->transport, "scsi"))
		return 0;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return lkb_fail_errno(err, "cannot let '%s' go", dev->path);
	return lkb_write_full(fd, "1", 1, path, err);
}
