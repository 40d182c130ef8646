/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_CMD_FLASH_H
#define LKB_CMD_FLASH_H

#include "cmd/cmd.h"
#include "flash/flash.h"
#include "flash/guard.h"
#include "image/bmap.h"

/* What `flash` and `verify` share. */

/* An image that was named on the command line, with its map. Born LKB_IMAGE_SOURCE_INIT. */
struct lkb_image_source {
	struct lkb_source source;
	const struct lkb_map *map; /* NULL = none was found; one of the next two's */
	struct lkb_map *own;       /* lkboard's; owned, or NULL */
	struct lkb_bmap *bmap;     /* somebody else's; owned, or NULL */
	char *map_path;      /* owned; NULL = none */
	struct lkb_sha256 map_digest;
};
#define LKB_IMAGE_SOURCE_INIT                                                                      \
	{                                                                                          \
		.source = {.fd = -1 }                                                              \
	}

/* Opens the image and finds its map: map_path, or else what stands beside a file: for x.img.zst
 * x.map, x.img.map. LKB_INPUT if a map is not this image's. */
int lkb_image_source_open(const char *path, const char *map_path, struct lkb_image_source *ret,
			  struct lkb_error *err);
void lkb_image_source_clear(struct lkb_image_source *s);
/* Bytes of the image; 0 = not known. */
uint64_t lkb_image_source_size(const struct lkb_image_source *s);

/* Where journals of interrupted writes are kept; the caller frees it. NULL = nothing says where. */
char *lkb_state_dir(const struct lkb_ctx *ctx);

#endif
