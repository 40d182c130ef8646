/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_FORMATS_VDISK_H
#define LKB_IMAGE_FORMATS_VDISK_H

#include <stdint.h>

#include "base/error.h"
#include "base/ext/hash.h"
#include "base/ui.h"
#include "image/image.h"
#include "image/map.h"

/*
 * Virtual disks: a finished raw image in the container that a hypervisor or a cloud wants. One ops
 * struct a format:
 *
 *  qcow2        QEMU, docs/interop/qcow2.txt. Version 3, 64 KiB clusters, refcounts of 16 bits;
 *               header, refcounts, L1 and L2 tables come first, then the clusters that hold data.
 *               Others are not allocated and read as zero. Clusters are not compressed: it would
 *               cost the deflate that `vmdk` pays, and the guest an inflate for each first read;
 *               what is sent over a network is better compressed whole.
 *  vhd          Microsoft, "Virtual Hard Disk Image Format Specification". Fixed: the raw bytes
 *               and a footer of 512 bytes. What Azure takes, and therefore whole MiB.
 *  dynamic-vhd  The same specification. Blocks of 2 MiB, those without data left out; for Hyper-V.
 *               Whole MiB too, so that it can be converted to a fixed one.
 *  vmdk         VMware, "Virtual Disk Format 5.0". streamOptimized: grains of 64 KiB, each a zlib
 *               stream behind its marker; tables follow their grains, the directory and the footer
 *               come last. Whole grains, as the specification asks.
 *  gcp          Compute Engine's import: a gzip of a tar in GNU's old format with the one member
 *               disk.raw, whole GiB. The member is written out whole, not as a sparse one: gzip has
 *               its zeros for next to nothing.
 *
 * A format that wants whole units adds zeros behind the image. What belongs at the very end of a
 * disk (the second header of a GPT) then stands before the end: lay a disk out at what
 * lkb_vdisk_size() gives.
 *
 * Which bytes are data is the map's word alone: what it calls zero or free becomes zeros and, where
 * the format can, takes no room; the image file is not read there. All formats are written from the
 * first byte to the last without going back, in a few MiB of memory whatever the size. Same map and
 * data, seed and epoch: same bytes. (vmdk and gcp hold what zlib makes: its version matters too.)
 */
struct lkb_vdisk_in {
	int fd;                        /* the raw image, readable; borrowed; offset not moved */
	const char *name;              /* what messages call it */
	const struct lkb_map *map;     /* borrowed; its size is the image's */
	const struct lkb_sha256 *seed; /* borrowed; UUIDs and content ids derive from it */
	int64_t epoch;                 /* seconds since 1970; for the formats that hold a time */
};

/* What was written. */
struct lkb_vdisk_file {
	uint64_t size; /* bytes */
	struct lkb_sha256 digest;
};

struct lkb_vdisk_job;

struct lkb_vdisk_ops {
	const char *name; /* as above */
	uint64_t unit;    /* bytes; a disk in this format is a multiple of them. A power of two */
	uint64_t max;     /* bytes of the largest disk; a multiple of the unit */
	int (*write)(struct lkb_vdisk_job *j, struct lkb_error *err);
};

/* In the order of the list above; the last entry is NULL. */
extern const struct lkb_vdisk_ops *const lkb_vdisks[];

/* By name; NULL if there is none. */
const struct lkb_vdisk_ops *lkb_vdisk_find(const char *name);

/* Bytes of the disk that a guest sees, for an image of that many. LKB_INPUT with a hint if the
 * format cannot hold it, so that a plan can be refused before anything is made. */
int lkb_vdisk_size(const struct lkb_vdisk_ops *ops, uint64_t image_size, uint64_t *ret,
		   struct lkb_error *err);

/* Writes the image as a virtual disk to out_fd: an empty regular file, where stretches of zeros
 * become holes, or a pipe. out_name is what messages call it, ui may be NULL. LKB_INPUT as above;
 * LKB_IO if reading or writing fails or the image ends before its map does. */
int lkb_vdisk_write(const struct lkb_vdisk_ops *ops, const struct lkb_vdisk_in *in, int out_fd,
		    const char *out_name, struct lkb_ui *ui, struct lkb_vdisk_file *ret,
		    struct lkb_error *err);

/* The same from a disk that lkb_layout() has placed: its raw image is made in a temporary file
 * beside out_name, which is a path, and is gone at the end however that comes (lkb_outfile,
 * base/file.h). Needs room for the image's data and the output at once. Errors also as
 * lkb_disk_write(), LKB_REFUSED while another process makes the same. */
int lkb_vdisk_write_disk(const struct lkb_vdisk_ops *ops, const struct lkb_disk *d, int out_fd,
			 const char *out_name, struct lkb_ui *ui, struct lkb_vdisk_file *ret,
			 struct lkb_error *err);

#endif
