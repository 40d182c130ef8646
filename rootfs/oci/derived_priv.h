/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_DERIVED_PRIV_H
#define LKB_ROOTFS_OCI_DERIVED_PRIV_H

#include <sys/stat.h>

#include "rootfs/oci/store_priv.h"

/*
 * Derived data: DIR/derived/KIND/HEX.SUFFIX, with a record beside it, HEX.ok:
 *
 *	SIZE SECONDS.NANOSECONDS     of the file when it was last known to be right
 *	sha256 HEX                   of its contents, unless its own name says that
 *	layer HEX                    diff_id of a layer that it was made of; any number
 *	boot ID                      the boot in which it was made, unless it was flushed since
 *
 * As long as the first line fits the file, nobody wrote to it, and it is used without reading it.
 * If it does not fit (a copied store), the file is hashed once more; without a record, or if that
 * fails too, it is made anew. Nobody waits for the disk when it is made: it is flushed when it is
 * used again, and if the machine stopped before that, it is hashed. The record's own time is when
 * the data was last used: what was not used for longest goes first when there is more than the
 * store's bound. Whoever has it open keeps it.
 */
enum lkb_derived_kind { LKB_DERIVED_LAYER, LKB_DERIVED_SEGMENT, LKB_DERIVED_KINDS };

/* "layer-v1": what is made anew whenever the way it is made changes. */
const char *lkb_derived_dir(enum lkb_derived_kind kind);
/* The file itself, and its record; the caller frees them. */
char *lkb_derived_path(const struct lkb_store *s, enum lkb_derived_kind kind,
		       const struct lkb_sha256 *key);
char *lkb_derived_record_path(const struct lkb_store *s, enum lkb_derived_kind kind,
			      const struct lkb_sha256 *key);

/* Born {0}. */
struct lkb_derived_record {
	char *state; /* owned; the first line */
	bool has_digest;
	struct lkb_sha256 digest;
	struct lkb_sha256 *layers; /* owned */
	size_t n_layers, cap_layers;
	char *boot; /* owned; NULL = flushed */
};
/* False if there is none that can be understood. */
bool lkb_derived_record_read(const char *path, struct lkb_derived_record *ret);
void lkb_derived_record_clear(struct lkb_derived_record *r);
#define lkb_autoderivedrecord \
	__attribute__((cleanup(lkb_derived_record_clear))) struct lkb_derived_record

/* True if the open file is as the record says it was left, and flushed; the record at path then
 * says so. */
bool lkb_derived_record_fits(const struct lkb_store *s, const char *path,
			     const struct lkb_derived_record *r, int fd, const struct stat *st);
/* Notes that the open file, which nobody flushed, is right as it is now; of r digest and layers
 * count. Without a record the next use hashes once more or makes it anew; nothing worse, so nothing
 * fails here. */
void lkb_derived_record_write(const struct lkb_store *s, const char *path, int fd,
			      const struct lkb_derived_record *r);
/* Notes that the data is used now. */
void lkb_derived_used(const char *record_path);

/* Removes what was not used for longest until no more than the store's bound is left. */
void lkb_derived_trim(const struct lkb_store *s);

/* The digest of an open file, from its start. */
int lkb_derived_hash(int fd, const char *name, struct lkb_sha256 *ret, struct lkb_error *err);

#endif
