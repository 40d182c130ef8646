/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_ARCHIVE_PRIV_H
#define LKB_ROOTFS_OCI_ARCHIVE_PRIV_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "rootfs/tree/blob.h"

/*
 * An image archive: a tar as a table from names to byte ranges, whatever the order of its entries.
 * Links lead to files of the same archive only; one that leads out of it is refused when it is
 * followed. A document that decides what the archive holds and is there twice is refused: two
 * readers would see two archives.
 */
enum {
	LKB_ARCHIVE_MAX_ENTRIES = 65536,
	LKB_ARCHIVE_MAX_NAME = 1024,
	LKB_ARCHIVE_MAX_HOPS = 8, /* links that are followed */
};

struct lkb_archive;

/* Reads all headers of a plain tar. Takes a reference to data->blob. LKB_INPUT. */
int lkb_archive_read(const struct lkb_data *data, struct lkb_archive **ret, struct lkb_error *err);
void lkb_archive_free(struct lkb_archive *a);
LKB_DEFINE_AUTO(lkb_archive, lkb_archive_free)

/* The file at path ("./a//b" is "a/b"), links followed: 1 and *ret, a borrowed range; 0 = there is
 * none; -1 = links go round or out of the archive. */
int lkb_archive_find(const struct lkb_archive *a, const char *path, struct lkb_data *ret,
		     struct lkb_error *err);
/* A document: LKB_INPUT if it is not there or larger than max; the caller frees *ret. */
int lkb_archive_text(const struct lkb_archive *a, const char *path, size_t max, char **ret,
		     size_t *ret_len, struct lkb_error *err);
/* True if there is a regular file or link of this name. */
bool lkb_archive_has(const struct lkb_archive *a, const char *path);
/* The directory in front of a file of this name further down, with its slash, or NULL: the archive
 * was made one directory too high. The caller frees it. */
char *lkb_archive_below(const struct lkb_archive *a, const char *name);

#endif
