/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_INITRD_MODULES_H
#define LKB_ONDEVICE_INITRD_MODULES_H

/* Loads the kernel modules that `list` names, one path a line below `root`, in that order (the
 * build put dependencies first). What the kernel refuses is said and passed over: whether the boot
 * can go on without it shows soon enough. No list is fine. */
void lkb_modules_load(const char *root, const char *list);

#endif
