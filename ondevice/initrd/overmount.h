/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_INITRD_OVERMOUNT_H
#define LKB_ONDEVICE_INITRD_OVERMOUNT_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Files that are mounted over those of a read-only root before it is entered. They live in a tmpfs
 * that has no name afterwards. */
struct lkb_overmount {
	const char *new_root; /* borrowed */
	int root_fd;
	unsigned n;
};
int lkb_overmount_begin(const char *new_root, struct lkb_overmount *ret, struct lkb_error *err);

/* Puts a file with that mode and contents, read-only, over the regular file at an absolute path of
 * the new root, whose links are followed inside of it. LKB_INPUT if there is none. */
int lkb_overmount_file(struct lkb_overmount *o, const char *path, mode_t mode, const void *text,
		       size_t n, struct lkb_error *err);

/* The text of a file of the new root, NULL if it cannot be read. The caller frees it. */
char *lkb_overmount_read(const struct lkb_overmount *o, const char *path, size_t max);

void lkb_overmount_end(struct lkb_overmount *o);

#endif
