/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_MOUNTS_H
#define LKB_ONDEVICE_SYSTEM_MOUNTS_H

#include "base/error.h"

/* The file systems of a booted system: the kernel's own, tmpfs where the read-only root must be
 * written (/run, /tmp, /var), their standard directories, one cgroup2 tree, and a mount tree that
 * containers share. Fails only where nothing works without. */
int lkb_mounts_setup(struct lkb_error *err);

/* Those of the kernel's file systems whose mount points come with a driver, once the drivers are
 * loaded. What the machine does not offer is left out. */
void lkb_mounts_late(void);

/* Unmounts what can be unmounted, last first; what is in use becomes read-only. */
void lkb_mounts_teardown(void);

#endif
