/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_TREE_TAR_PRIV_H
#define LKB_ROOTFS_TREE_TAR_PRIV_H

#include "base/str.h"
#include "rootfs/tree/tar.h"

#define LKB_TAR_BLOCK 512
#define LKB_TAR_MAX_ENTRIES 1000000
#define LKB_TAR_MAX_PATH 4096
#define LKB_TAR_MAX_PAX ((uint64_t)1 << 20)
#define LKB_TAR_MAX_XATTRS 64
#define LKB_TAR_MAX_XATTR_VALUE 65536 /* XATTR_SIZE_MAX of Linux */

/* A field of the 512-byte header. */
struct lkb_tar_field {
	uint16_t off, len;
};

extern const struct lkb_tar_field lkb_tar_name, lkb_tar_mode, lkb_tar_uid, lkb_tar_gid,
	lkb_tar_size, lkb_tar_mtime, lkb_tar_checksum, lkb_tar_linkname, lkb_tar_major,
	lkb_tar_minor, lkb_tar_prefix;
#define LKB_TAR_TYPE 156
#define LKB_TAR_MAGIC 257

/* Octal text or base-256; blank is 0. False if it is neither or does not fit. */
bool lkb_tar_get_number(const uint8_t *h, struct lkb_tar_field f, int64_t *ret);
/* Octal with a NUL behind it; false if it does not fit. */
bool lkb_tar_put_number(uint8_t *h, struct lkb_tar_field f, uint64_t v);
/* True if the sum fits, of unsigned or of signed bytes. */
bool lkb_tar_checksum_ok(const uint8_t *h);
void lkb_tar_put_checksum(uint8_t *h);
static inline uint64_t lkb_tar_padding(uint64_t size)
{
	return -size & (LKB_TAR_BLOCK - 1);
}

enum lkb_pax_key {
	LKB_PAX_PATH,
	LKB_PAX_LINKPATH,
	LKB_PAX_SIZE,
	LKB_PAX_UID,
	LKB_PAX_GID,
	LKB_PAX_MTIME,
	LKB_PAX_DEVMAJOR,
	LKB_PAX_DEVMINOR,
	LKB_PAX_SPARSE_MAJOR,
	LKB_PAX_SPARSE_MINOR,
	LKB_PAX_SPARSE_NAME,
	LKB_PAX_SPARSE_SIZE,
	LKB_PAX_SPARSE_REALSIZE,
	LKB_PAX_N
};

/* A stretch of a sparse file that is stored; all between is holes. */
struct lkb_tar_extent {
	uint64_t off, len;
};

struct lkb_tar_extents {
	struct lkb_tar_extent *items; /* owned */
	size_t n, cap;
};

/* What extended headers have said. Texts are offsets into `bytes`, each with a NUL behind it. */
struct lkb_pax {
	struct lkb_str bytes;
	struct {
		bool set; /* a set but empty value deletes what stands behind it */
		size_t off, len;
	} values[LKB_PAX_N];
	struct lkb_pax_xattr {
		size_t name, value, len;
	} *xattrs; /* owned */
	size_t n_xattrs, cap_xattrs;
	struct lkb_tar_extents sparse; /* GNU formats 0.0 and 0.1 */
};

void lkb_pax_reset(struct lkb_pax *p); /* forgets all, keeps the memory */
void lkb_pax_clear(struct lkb_pax *p);
/* Reads the payload of one extended header. */
int lkb_pax_parse(struct lkb_pax *p, const char *payload, size_t n, struct lkb_error *err);
/* A whole decimal number, with sign; a fraction is cut towards minus infinity if it is allowed. */
bool lkb_pax_number(const char *s, bool fraction, int64_t *ret);

/* Checks that extents are in order, inside of size, and together `stored` bytes. */
int lkb_sparse_check(const struct lkb_tar_extents *map, uint64_t size, uint64_t stored,
		     struct lkb_error *err);
/* The temporary file in which an archive's sparse files are made whole, one behind the other: one
 * descriptor for all of them. Born {0}. */
struct lkb_sparse_spool {
	const char *dir;       /* where; borrowed; NULL = as lkb_nameless_file() has it */
	struct lkb_blob *blob; /* holds a reference */
	int fd;                /* the blob's */
	uint64_t len;
};
void lkb_sparse_spool_clear(struct lkb_sparse_spool *s);
/* Makes the whole file out of the stored parts. *ret borrows the spool's blob. */
int lkb_sparse_expand(struct lkb_sparse_spool *s, const struct lkb_tar_extents *map, uint64_t size,
		      const struct lkb_data *stored, struct lkb_data *ret, struct lkb_error *err);
/* GNU format 1.0: the map stands before the data, which *data is moved on to. */
int lkb_sparse_map_in_data(struct lkb_data *data, struct lkb_tar_extents *ret,
			   struct lkb_error *err);
/* n (offset, length) pairs of an old GNU header; an empty pair ends them. */
int lkb_sparse_map_gnu(const uint8_t *p, size_t n, struct lkb_tar_extents *ret,
		       struct lkb_error *err);
int lkb_sparse_add(struct lkb_tar_extents *map, uint64_t off, uint64_t len, struct lkb_error *err);

/* Sparse files are made whole in this directory; borrowed. */
void lkb_tar_set_scratch(struct lkb_tar *t, const char *dir);

/* The path of an entry below prefix: ".." is taken off by the letter and ends at the prefix. */
void lkb_tar_clean_path(const char *prefix, const char *path, struct lkb_str *ret);

/* Adds one entry to the tree. With host_labels, attributes that mean something only on the machine
 * where the archive was made are kept. */
int lkb_tar_add_entry(struct lkb_tree *t, const char *prefix, const struct lkb_tar_entry *e,
		      bool host_labels, struct lkb_error *err);

#endif
