/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "cmd/flash.h"

/* The longest text of a map. */
#define MAP_MAX ((size_t)256 << 20)

static const char *const packed[] = {".zst", ".xz", ".gz", ".zstd"};

/* The name without what a compressor puts behind it. The caller frees it. */
static char *unpacked_name(const char *path)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(packed); i++)
		if (lkb_ends_with(path, packed[i]))
			return lkb_strndup(path, strlen(path) - strlen(packed[i]));
	return lkb_strdup(path);
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

/* The map beside an image: x.img has x.map, x.img.map, or one of bmaptool's. The caller frees it;
 * NULL = none. */
static char *map_beside(const char *path)
{
	static const char *const endings[] = {".map", ".bmap"};
	lkb_autofree char *name = unpacked_name(path);
	const char *base = strrchr(name, '/'), *dot = strrchr(name, '.');
	int stem = dot && dot > (base ? base : name) ? (int)(dot - name) : (int)strlen(name);

	for (size_t i = 0; i < LKB_ARRAY_SIZE(endings); i++) {
		char *without = lkb_format("%.*s%s", stem, name, endings[i]);
		char *behind = lkb_format("%s%s", name, endings[i]);

		if (is_there(without)) {
			free(behind);
			return without;
		}
		free(without);
		if (is_there(behind))
			return behind;
		free(behind);
	}
	return NULL;
}

static int parse_map(const char *text, size_t len, const char *path, struct lkb_image_source *s,
		     struct lkb_error *err)
{
	if (lkb_bmap_like(text, len)) {
		if (lkb_bmap_parse(text, len, path, &s->bmap, err))
			return -1;
		s->map = s->bmap->map;
	} else {
		if (lkb_map_parse(text, len, path, &s->own, err))
			return -1;
		s->map = s->own;
	}
	s->map_digest = lkb_sha256(text, len);
	s->map_path = lkb_strdup(path);
	return 0;
}

static int read_map(const char *path, struct lkb_image_source *s, struct lkb_error *err)
{
	lkb_autofree char *text = NULL;
	uint64_t size;
	size_t len;

	if (lkb_read_file(path, MAP_MAX, &text, &len, err) ||
	    parse_map(text, len, path, s, err))
		return -1;
	size = lkb_image_source_size(s);
	if (!s->source.is_random || s->source.size == size)
		return 0;
	lkb_fail(err, LKB_INPUT,
		 "'%s' is not the map of '%s': it is about %" PRIu64 " bytes, the image has %" PRIu64,
		 path, s->source.name, size, s->source.size);
	return lkb_hint(err, "was the download cut off? fetch image and map again, or move the map "
			     "away");
}

int lkb_image_source_open(const char *path, const char *map_path, struct lkb_image_source *ret,
			  struct lkb_error *err)
{
	lkb_autofree char *beside = NULL;

	if (lkb_source_file(path, &ret->source, err))
		return -1;
	if (!map_path && strcmp(path, "-"))
		map_path = beside = map_beside(path);
	return map_path ? read_map(map_path, ret, err) : 0;
}

void lkb_image_source_clear(struct lkb_image_source *s)
{
	lkb_source_close(&s->source);
	lkb_map_free(s->own);
	lkb_bmap_free(s->bmap);
	free(s->map_path);
}

uint64_t lkb_image_source_size(const struct lkb_image_source *s)
{
	if (s->map)
		return s->bmap ? s->bmap->image_size : s->map->size;
	return s->source.is_random ? s->source.size : s->source.at_least;
}

char *lkb_state_dir(const struct lkb_ctx *ctx)
{
	if (ctx->state_home)
		return lkb_path_join(ctx->state_home, "lkboard");
	return ctx->home ? lkb_path_join(ctx->home, ".local/state/lkboard") : NULL;
}
