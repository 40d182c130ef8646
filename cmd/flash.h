/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_CMD_FLASH_H
#define LKB_CMD_FLASH_H

#include "cmd/cmd.h"
#include "cmd/registry.h"
#include "flash/flash.h"
#include "flash/guard.h"
#include "image/bmap.h"

/* What `flash` and `verify` share. */

/* Options that say where an image comes from, for the member `from` of a command's options. */
struct lkb_image_words {
	struct lkb_registry_words registry;
	const char *map, *policy;
};
#define LKB_IMAGE_OPTIONS(type) \
	LKB_OPT(0, "map", STRING, type, from.map, "FILE", \
		"the image's map (default: what stands beside it)"), \
	LKB_OPT(0, "policy", STRING, type, from.policy, "FILE", \
		"of oci: images, refuse what is not signed as this policy wants"), \
	LKB_REGISTRY_OPTIONS_OF(type, from.registry)

/* An image that was named on the command line, with its map. Born LKB_IMAGE_SOURCE_INIT. */
struct lkb_image_source {
	struct lkb_source source;
	struct lkb_registry *registry; /* owned; of an oci: image */
	const char *file;              /* its path, where it is a file; NULL */
	const struct lkb_map *map;     /* NULL = none was found; one of the next two's */
	struct lkb_map *own;           /* lkboard's; owned, or NULL */
	struct lkb_bmap *bmap;         /* somebody else's; owned, or NULL */
	char *map_path;      /* owned; NULL = none */
	struct lkb_sha256 map_digest;
};
#define LKB_IMAGE_SOURCE_INIT                                                                      \
	{                                                                                          \
		.source = {.fd = -1 }                                                              \
	}

/* Opens the image, a file, `-`, http://..., https://... or oci:REF, and finds its map: words->map,
 * a file or a URL, or else what stands beside it: for x.img.zst x.map, x.img.map; for an image in a
 * registry what was pushed along. LKB_INPUT if a map is not this image's. */
int lkb_image_source_open(struct lkb_ctx *ctx, const struct lkb_image_words *words,
			  const char *name, struct lkb_image_source *ret, struct lkb_error *err);
void lkb_image_source_clear(struct lkb_image_source *s);
/* Bytes of the image; 0 = not known. */
uint64_t lkb_image_source_size(const struct lkb_image_source *s);

/* Where journals of interrupted writes are kept; the caller frees it. NULL = nothing says where. */
char *lkb_state_dir(const struct lkb_ctx *ctx);

#endif
