/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_TREE_TAR_H
#define LKB_ROOTFS_TREE_TAR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ext/compress.h"
#include "base/error.h"
#include "rootfs/tree/tree.h"

/* Reads tar archives (ustar, PAX: POSIX.1-2001, GNU long names, base-256 numbers, sparse files)
 * entry by entry from a blob, so that file data can be referenced and not copied. Strict and
 * bounded: 1,000,000 entries, path 4096, PAX header 1 MiB, 64 extended attributes an entry of
 * 64 KiB each, 8 GiB of sparse files. Entries of vendors' types (capital letters) are skipped,
 * other types refused. An archive ends at a block of zeros, and whatever stands behind is not
 * looked at; or it just ends behind an entry. */
struct lkb_tar;

struct lkb_tar_entry {
	const char *path;     /* as written in the archive, not normalised */
	const char *linkpath; /* '1' and '2'; else "" */
	char type;            /* '0' '1' '2' '3' '4' '5' '6' */
	struct lkb_meta meta;
	uint32_t major, minor;
	struct lkb_data data; /* type '0'; borrowed reference */
	const struct lkb_xattr *xattrs;
	size_t n_xattrs;
};

/* Takes a reference to data->blob. The archive is the range: a tar inside a tar works. */
struct lkb_tar *lkb_tar_new(const struct lkb_data *data);
/* 1 = *ret is the next entry (valid until the next call), 0 = end, -1 = failed. */
int lkb_tar_next(struct lkb_tar *t, struct lkb_tar_entry *ret, struct lkb_error *err);
/* From now on entries have no attributes, and sparse files are checked but not made whole: they
 * have no data, while that of other files, empty or not, always has a blob. */
void lkb_tar_skip_data(struct lkb_tar *t);
/* True once there was a header: what fails before that is no tar at all. */
bool lkb_tar_has_begun(const struct lkb_tar *t);
void lkb_tar_free(struct lkb_tar *t);
LKB_DEFINE_AUTO(lkb_tar, lkb_tar_free)

/* Adds every entry of a plain archive (no whiteouts) to the tree below `prefix` ("" = root). ".."
 * in a name ends at the prefix. When it fails, the tree holds the entries before the fault. */
int lkb_tar_to_tree(const struct lkb_data *data, struct lkb_tree *t, const char *prefix,
		    struct lkb_error *err);

/* Applies an OCI layer (image-spec layer.md) to the tree: additions, whiteouts, opaque
 * directories. `.wh.X` hides what lower layers brought only, an opaque marker all lower children
 * wherever it stands in the archive. Paths of whiteouts take at most 16 MiB of memory together.
 * security.selinux and trusted.overlay.* are dropped. A damaged
 * archive changes nothing; after any other fault the tree is good for nothing but freeing. */
int lkb_tar_apply_layer(const struct lkb_data *layer, struct lkb_tree *t, struct lkb_error *err);

/* Writes a tree as PAX tar, sorted, no atime or ctime, numeric owners only, mtimes clamped to
 * `epoch`. Extended attributes as SCHILY.xattr. */
int lkb_tar_write(const struct lkb_inode *root, int64_t epoch, lkb_sink_fn *sink, void *ctx,
		  struct lkb_error *err);

#endif
