/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_TREE_BLOB_H
#define LKB_ROOTFS_TREE_BLOB_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/ext/hash.h"

/* Immutable bytes that files of a tree point into: an open file or memory. Counted: trees that
 * share data share the blob. Not thread-safe in its count. */
struct lkb_blob;

/* Takes over fd. `name` is what messages call it; copied. */
struct lkb_blob *lkb_blob_new_fd(int fd, uint64_t size, const char *name);
/* The same of a descriptor that stays the caller's: a duplicate is taken. */
int lkb_blob_dup_fd(int fd, uint64_t size, const char *name, struct lkb_blob **ret,
		    struct lkb_error *err);
/* Copies the bytes. */
struct lkb_blob *lkb_blob_new_mem(const void *p, size_t n);
/* Takes over a malloc()ed buffer. */
struct lkb_blob *lkb_blob_new_take(void *p, size_t n);
/* A range of another blob as one of its own. */
struct lkb_data;
struct lkb_blob *lkb_blob_new_part(const struct lkb_data *range);
/* Several ranges, one behind the other, as one blob; takes its own references. */
struct lkb_blob *lkb_blob_new_chain(const struct lkb_data *pieces, size_t n);
/* Opens a regular file for reading. */
int lkb_blob_open(const char *path, struct lkb_blob **ret, struct lkb_error *err);
/* The same; a block device will do as well. */
int lkb_blob_open_disk(const char *path, struct lkb_blob **ret, struct lkb_error *err);

struct lkb_blob *lkb_blob_ref(struct lkb_blob *b);
void lkb_blob_unref(struct lkb_blob *b); /* NULL is fine */

uint64_t lkb_blob_size(const struct lkb_blob *b);
const char *lkb_blob_name(const struct lkb_blob *b);
/* What all its bytes were compared with, where that was done: the diff_id of a layer; else NULL. */
void lkb_blob_set_digest(struct lkb_blob *b, const struct lkb_sha256 *digest);
const struct lkb_sha256 *lkb_blob_digest(const struct lkb_blob *b);
/* Exactly n bytes from off; past the end is an error. */
int lkb_blob_read(const struct lkb_blob *b, uint64_t off, void *buf, size_t n,
		  struct lkb_error *err);

/* A range of a blob: what a regular file's contents are. blob NULL = empty. Borrowed unless it is
 * said otherwise. */
struct lkb_data {
	struct lkb_blob *blob;
	uint64_t off;
	uint64_t len;
};

int lkb_data_read(const struct lkb_data *d, uint64_t off, void *buf, size_t n,
		  struct lkb_error *err);
/* The whole range with a NUL behind it; refused above max. The caller frees *ret. */
int lkb_data_read_all(const struct lkb_data *d, size_t max, char **ret, size_t *ret_n,
		      struct lkb_error *err);
/* The digest of the whole range, read piece by piece. */
int lkb_data_sha256(const struct lkb_data *d, struct lkb_sha256 *ret, struct lkb_error *err);
/* Appends n bytes from off to a regular file at its position. Where the file systems can, nothing
 * is copied: both files share what is stored. `name` is what messages call the target. */
int lkb_data_copy(const struct lkb_data *d, uint64_t off, uint64_t n, int fd, const char *name,
		  struct lkb_error *err);

LKB_DEFINE_AUTO(lkb_blob, lkb_blob_unref)

/* A range that owns its reference. */
static inline void lkb_data_cleanup(struct lkb_data *d)
{
	lkb_blob_unref(d->blob);
}
#define lkb_autodata __attribute__((cleanup(lkb_data_cleanup))) struct lkb_data

#endif
