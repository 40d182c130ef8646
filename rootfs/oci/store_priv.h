/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_STORE_PRIV_H
#define LKB_ROOTFS_OCI_STORE_PRIV_H

#include "rootfs/oci/docs.h"
#include "rootfs/oci/layout_priv.h"
#include "rootfs/oci/store.h"

/* Against decompression bombs: one layer's plain tar, unless the caller says less; and what all
 * layers of an image may unpack to, so many bytes and so many for each that is stored. */
#define LKB_STORE_MAX_LAYER ((uint64_t)16 << 30)
#define LKB_STORE_FREE_PLAIN ((uint64_t)1 << 30)
#define LKB_STORE_MAX_RATIO 200

struct lkb_store {
	char *dir;          /* owned */
	uint64_t max_layer;
};

/* Hands on a fault that was kept aside. Returns -1. */
static inline int lkb_store_fault(struct lkb_error *err, const struct lkb_error *fault)
{
	if (err)
		*err = *fault;
	return -1;
}

/* Takes the store's lock: shared to read index.json, exclusive to change it. */
int lkb_store_lock(const struct lkb_store *s, bool shared, int *ret_fd, struct lkb_error *err);

/* A file on its way into the store: DIR/tmp/PID-N.tmp, locked as long as its process lives, so
 * that a leftover can be told from work in progress without trusting process numbers. */
struct lkb_store_tmp {
	int fd;
	char *path; /* owned; NULL once it has its name */
	int undo;
};
#define LKB_STORE_TMP_INIT { .fd = -1, .undo = -1 }

int lkb_store_tmp_open(const struct lkb_store *s, struct lkb_store_tmp *ret,
		       struct lkb_error *err);
/* Flushes and renames: from here on the name is there after any crash, with all of the contents. */
int lkb_store_tmp_commit(struct lkb_store_tmp *t, const char *path, struct lkb_error *err);
void lkb_store_tmp_clear(struct lkb_store_tmp *t);
#define lkb_autostoretmp __attribute__((cleanup(lkb_store_tmp_clear))) struct lkb_store_tmp
/* Removes temporaries of processes that are gone. */
void lkb_store_sweep(const struct lkb_store *s);

/* Stores bytes under their digest. */
int lkb_store_put_bytes(const struct lkb_store *s, const void *p, size_t n,
			struct lkb_sha256 *ret, struct lkb_error *err);
/* True if the blob is there with this size; its digest was compared when it got its name. */
bool lkb_store_has_blob(const struct lkb_store *s, const struct lkb_sha256 *digest, uint64_t size);

/*
 * Makes `ref` (canonical) stand for d. A manifest (d->has_platform) joins the other platforms that
 * the reference already has, in an index of their own, and replaces what was there for its
 * platform; an index replaces whatever the reference stood for. All that d leads to is in the
 * store already.
 */
int lkb_store_publish(const struct lkb_store *s, const char *ref, const struct lkb_oci_desc *d,
		      struct lkb_error *err);

/* The layer's plain tar, verified; made on first use. More than max bytes are refused. */
int lkb_store_layer(const struct lkb_store *s, const struct lkb_image_layer *layer, uint64_t max,
		    struct lkb_ui *ui, struct lkb_blob **ret, struct lkb_error *err);

#endif
