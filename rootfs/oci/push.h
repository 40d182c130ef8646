/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_PUSH_H
#define LKB_ROOTFS_OCI_PUSH_H

#include "rootfs/oci/store.h"

/* Images and artifacts to a registry (OCI distribution-spec 1.1, image-spec 1.1). */
struct lkb_registry;

#define LKB_PUSH_TYPE "application/vnd.lkboard."
#define LKB_PUSH_TYPE_DISK LKB_PUSH_TYPE "disk.v1" /* artifacts */
#define LKB_PUSH_TYPE_FILE LKB_PUSH_TYPE "file.v1"
#define LKB_PUSH_TYPE_IMAGE LKB_PUSH_TYPE "disk.image.v1.raw" /* layers; also with +gzip, ... */
#define LKB_PUSH_TYPE_MAP LKB_PUSH_TYPE "disk.map.v1"
#define LKB_PUSH_TYPE_BMAP "application/xml"

/* What is pushed. */
enum lkb_push_kind {
	LKB_PUSH_STORED, /* there is no such file: an image of the store */
	LKB_PUSH_LAYOUT, /* an OCI layout directory, or a tar archive: of images */
	LKB_PUSH_TREE,   /* any other directory: a netboot tree */
	LKB_PUSH_DISK,   /* NAME.img, also with .gz, .zst or .xz behind it */
	LKB_PUSH_FILE,   /* anything else */
};
/* By name and first bytes. LKB_IO if it cannot be read, LKB_INPUT for a device and the like. */
int lkb_push_kind_of(const char *path, enum lkb_push_kind *ret, struct lkb_error *err);

/* Borrowed. */
struct lkb_push {
	struct lkb_registry *registry; /* made for pushing: rootfs/oci/registry/registry.h */
	const char *from; /* the file, or the name in the store */
	enum lkb_push_kind kind;
	const char *image; /* which one of a layout; NULL = the only one */
	const char *ref;   /* where to: REGISTRY/NAME[:TAG] */
	const struct lkb_platform *platform; /* of an image: this one alone; NULL = as it is */
	bool signatures; /* of an image: with what signs it */
};

/*
 * An image goes as it is: the same documents, the same bytes. Of an index that lists more than is
 * there, the one image that is there goes alone, which is said; with several it is LKB_REFUSED
 * before anything is sent, since registries take no such index. Anything else becomes an artifact:
 * a manifest with an artifactType, an empty config, and a layer a file, which has the file's name
 * as org.opencontainers.image.title. The same files make the same manifest.
 *
 *	application/vnd.lkboard.disk.v1
 *		the image as application/vnd.lkboard.disk.image.v1.raw (+gzip, +zstd, +xz), and
 *		what stands beside it: NAME.map as application/vnd.lkboard.disk.map.v1,
 *		NAME.bmap as application/xml, NAME.build.json as
 *		application/vnd.lkboard.build.v1+json, NAME.sbom.spdx.json as
 *		application/spdx+json
 *	application/vnd.lkboard.netboot.v1
 *		the directory as application/vnd.lkboard.netboot.tree.v1.tar: root's, of 1970
 *	application/vnd.lkboard.file.v1
 *		application/octet-stream
 *
 * Its org.opencontainers.image.created is the epoch that the build.json says, and is not there
 * without one. *ret_ref is where it went (the caller frees it), *ret the digest of its manifest or
 * index. `s` is needed for images only. LKB_USAGE for a reference that cannot be pushed to,
 * LKB_INPUT, LKB_NET, LKB_TRUST if a digest does not fit.
 */
int lkb_push(struct lkb_store *s, const struct lkb_push *p, char **ret_ref,
	     struct lkb_sha256 *ret, struct lkb_error *err);

#endif
