/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_REMOTE_REMOTE_H
#define LKB_FLASH_REMOTE_REMOTE_H

#include "flash/source.h"
#include "rootfs/oci/ref.h"
#include "rootfs/oci/registry/registry.h"

/* Images that come from servers, as sources. */

/* The map of such an image, as text. Born {0}; owned. */
struct lkb_remote_map {
	char *name; /* what messages call it; NULL = there is none */
	char *text;
	size_t len;
};
void lkb_remote_map_clear(struct lkb_remote_map *m);
#define lkb_autoremotemap __attribute__((cleanup(lkb_remote_map_clear))) struct lkb_remote_map

/* Copied. */
struct lkb_http_options {
	const char *ca_file; /* trusted beside the system's certificates; PEM; NULL = none */
};

/*
 * A file of a web server, http or https. Redirects are followed, but none from https to http. What
 * breaks off is gone on with, by a Range where the server can say that the file is still the same
 * (If-Range with an ETag that is not weak, or a date), else from the start, and what comes again is
 * compared. A file that changes between two answers is LKB_INPUT, and so is a page in HTML; so that
 * nothing that was cut off passes for a whole, an answer must have a length or say where it ends.
 * The first bytes are fetched now. `url` is borrowed. LKB_NET, with what to do about it.
 */
int lkb_remote_http(const char *url, const struct lkb_http_options *o, struct lkb_source *ret,
		    struct lkb_error *err);

/* The map that stands at the same place as an image, by one of its names (lkb_source_map_names): of
 * .../x.img.zst?q .../x.map?q and so on. A server that has none, says that we may not have it, or
 * gives a page in HTML for it has none: then *ret stays as it is. */
int lkb_remote_http_map(const char *url, const struct lkb_http_options *o,
			struct lkb_remote_map *ret, struct lkb_error *err);
/* The map at that very place. */
int lkb_remote_http_text(const char *url, const struct lkb_http_options *o,
			 struct lkb_remote_map *ret, struct lkb_error *err);

/* A disk image in a registry, as lkb_push() leaves it there. Born {0}; owned, but for
 * `registry`. */
struct lkb_remote_disk {
	struct lkb_registry *registry;
	struct lkb_ref ref;
	struct lkb_registry_doc manifest;
};
void lkb_remote_disk_clear(struct lkb_remote_disk *d);
#define lkb_autoremotedisk __attribute__((cleanup(lkb_remote_disk_clear))) struct lkb_remote_disk

/* Asks for the manifest: `ref` is REGISTRY/NAME[:TAG][@DIGEST]. Nothing of it is parsed yet, so
 * that a policy can be asked about its digest first. LKB_INPUT if there is none, LKB_NET,
 * LKB_TRUST. */
int lkb_remote_disk_find(struct lkb_registry *r, const char *ref, struct lkb_remote_disk *ret,
			 struct lkb_error *err);

/*
 * The image in it: the layer with the media type of one, or the only layer of another artifact.
 * `name` (borrowed) is what messages call it. The registry must outlive the source. That the bytes
 * are those of the digest is known behind the last one: read() fails there (LKB_TRUST) where they
 * are not. The first bytes are fetched now; ret_map, if it is not NULL, is the map that came with
 * the image, or else the bmap. LKB_INPUT for a container image and the like.
 */
int lkb_remote_oci(const struct lkb_remote_disk *d, const char *name, struct lkb_source *ret,
		   struct lkb_remote_map *ret_map, struct lkb_error *err);

#endif
