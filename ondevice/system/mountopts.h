/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_MOUNTOPTS_H
#define LKB_ONDEVICE_SYSTEM_MOUNTOPTS_H

#include "base/error.h"
#include "base/str.h"

/* Mount options in words (mount(8), OCI runtime spec) as mount(2) wants them. */
struct lkb_mount_options {
	unsigned long flags;       /* MS_RDONLY, MS_BIND, ... */
	unsigned long propagation; /* MS_SHARED, MS_PRIVATE, ... with MS_REC; 0 = left alone. A
				    * call of its own: the kernel takes nothing beside it */
	struct lkb_str data;       /* the rest, with commas: for the file system */
};

/* Adds one option. */
void lkb_mount_options_add(struct lkb_mount_options *o, const char *option);
void lkb_mount_options_clear(struct lkb_mount_options *o);
#define lkb_automountopts \
	__attribute__((cleanup(lkb_mount_options_clear))) struct lkb_mount_options

/* Mounts, sets flags on a bind mount by the second call that this takes, then the propagation. */
int lkb_mount(const char *source, const char *target, const char *type,
	      const struct lkb_mount_options *o, struct lkb_error *err);

#endif
