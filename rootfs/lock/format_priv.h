/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_LOCK_FORMAT_PRIV_H
#define LKB_ROOTFS_LOCK_FORMAT_PRIV_H

#include "rootfs/lock/lock.h"

#define LKB_LOCK_FIRST "# lkboard lock 1\n"
#define LKB_LOCK_FIRST_OLD "# lkboard package lock 1\n"

/* Finds what is said twice, and one Debian package in two versions: no line is wrong by itself, but
 * a merge brought them together. Sorts the lock. */
void lkb_lock_check(struct lkb_lock *l, const char *file, struct lkb_diags *diags);

#endif
