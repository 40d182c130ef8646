/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_INITRD_SWITCHROOT_H
#define LKB_ONDEVICE_INITRD_SWITCHROOT_H

#include <stdbool.h>

#include "base/error.h"

/* True if / is the initramfs itself: a ramfs or tmpfs that can be given up. */
bool lkb_on_initramfs(void);

/* Makes the mounted file system at `new_root` the root: /dev, /proc and /sys move over, what the
 * initramfs held is freed. After this the caller execs. */
int lkb_switch_root(const char *new_root, struct lkb_error *err);

/* Keeps the initramfs as root, but as a mount of its own. The initramfs proper has no parent
 * mount, and pivot_root(2), by which runc enters every container, refuses that. A bind mount over
 * it has one, and unlike a copy into a tmpfs it costs neither time nor memory. */
int lkb_detach_ram_root(struct lkb_error *err);

#endif
