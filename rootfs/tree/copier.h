/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_TREE_COPIER_H
#define LKB_ROOTFS_TREE_COPIER_H

#include "rootfs/tree/blob.h"

/* Writes a large file beside whatever else there is to do: a thread that copies a range
 * of a blob and then flushes the file. It goes around the page cache where the file system lets it:
 * the disk begins at once, and others keep the memory. */
struct lkb_copier;

/* Begins to fill `fd`, an empty regular file open for writing, which stays the caller's and is not
 * to be closed before lkb_copier_end(). A reference to the blob is taken; `name` is what messages
 * call the file, and is copied. */
int lkb_copier_start(const struct lkb_data *from, int fd, const char *name, struct lkb_copier **ret,
		     struct lkb_error *err);
/* Waits for it. The errors are those of reading the blob, of writing and of flushing. Frees c. */
int lkb_copier_end(struct lkb_copier *c, struct lkb_error *err);
/* Makes it stop soon, waits and frees it. */
void lkb_copier_cancel(struct lkb_copier *c);

#endif
