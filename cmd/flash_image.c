/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/path.h"
#include "cmd/flash.h"

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

/* The map beside an image: x.img has x.map, or x.img.map. The caller frees it; NULL = none. */
static char *map_beside(const char *path)
{
	lkb_autofree char *name = unpacked_name(path);
	const char *base = strrchr(name, '/'), *dot = strrchr(name, '.');
	int stem = dot && dot > (base ? base : name) ? (int)(dot - name) : (int)strlen(name);
	char *try = lkb_format("%.*s.map", stem, name);

	if (is_there(try))
		return try;
	free(try);
	try = lkb_format("%s.map", name);
	if (is_there(try))
		return try;
	free(try);
	return NULL;
}

static int read_map(const char *path, struct lkb_image_source *s, struct lkb_error *err)
{
	lkb_autostr text = {0};

	if (lkb_map_read(path, &s->map, err))
		return -1;
	lkb_map_format(s->map, &text);
	s->map_digest = lkb_sha256(text.s, text.len);
	s->map_path = lkb_strdup(path);
	if (!s->source.is_random || s->source.size == s->map->size)
		return 0;
	lkb_fail(err, LKB_INPUT, "'%s' is not the map of '%s': it is about %" PRIu64 " bytes, the "
		 "image has %" PRIu64, path, s->source.name, s->map->size, s->source.size);
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
	if (s->map)
		lkb_map_free(s->map);
	free(s->map_path);
}

uint64_t lkb_image_source_size(const struct lkb_image_source *s)
{
	return s->map ? s->map->size : s->source.is_random ? s->source.size : s->source.at_least;
}

char *lkb_state_dir(const struct lkb_ctx *ctx)
{
	if (ctx->state_home)
		return lkb_path_join(ctx->state_home, "lkboard");
	return ctx->home ? lkb_path_join(ctx->home, ".local/state/lkboard") : NULL;
}
