/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "cmd/flash.h"
#include "flash/remote/remote.h"
#include "rootfs/oci/pull.h"

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

static int use_map(const char *name, const char *text, size_t len, struct lkb_image_source *s,
		   struct lkb_error *err)
{
	uint64_t size;

	if (parse_map(text, len, name, s, err))
		return -1;
	size = lkb_image_source_size(s);
	if (!s->source.size || s->source.size == size)
		return 0;
	lkb_fail(err, LKB_INPUT,
		 "'%s' is not the map of '%s': it is about %" PRIu64
		 " bytes, the image has %" PRIu64,
		 name, s->source.name, size, s->source.size);
	return lkb_hint(err, "was the download cut off? fetch image and map again, or move the map "
			     "away");
}

static int read_map_file(const char *path, struct lkb_image_source *s, struct lkb_error *err)
{
	lkb_autofree char *text = NULL;
	size_t len;

	return lkb_read_file(path, LKB_MAP_TEXT_MAX, &text, &len, err) ||
	       use_map(path, text, len, s, err) ? -1 : 0;
}

static bool is_url(const char *name)
{
	return lkb_starts_with(name, "http://") || lkb_starts_with(name, "https://");
}

static struct lkb_http_options http_options(void)
{
	return (struct lkb_http_options){.ca_file = getenv("SSL_CERT_FILE")};
}

/* The map that was asked for by name. */
static int read_given_map(const char *name, struct lkb_image_source *s, struct lkb_error *err)
{
	const struct lkb_http_options o = http_options();
	lkb_autoremotemap map = {0};

	if (!is_url(name))
		return read_map_file(name, s, err);
	return lkb_remote_http_text(name, &o, &map, err) ||
	       use_map(map.name, map.text, map.len, s, err) ? -1 : 0;
}

/* Kinds of images, each with the map that is found with it, unless words->map names one. */

static int open_file(struct lkb_ctx *ctx, const struct lkb_image_words *words, const char *path,
		     struct lkb_image_source *s, struct lkb_error *err)
{
	lkb_autostrv names = {0};

	if (lkb_source_file(path, &s->source, err))
		return -1;
	s->file = strcmp(path, "-") ? path : NULL;
	if (words->map || !s->file)
		return 0;
	lkb_source_map_names(path, &names);
	for (size_t i = 0; i < names.n; i++)
		if (!access(names.items[i], F_OK))
			return read_map_file(names.items[i], s, err);
	return 0;
}

static int open_http(struct lkb_ctx *ctx, const struct lkb_image_words *words, const char *url,
		     struct lkb_image_source *s, struct lkb_error *err)
{
	const struct lkb_http_options o = http_options();
	lkb_autoremotemap map = {0};

	if (lkb_remote_http(url, &o, &s->source, err))
		return -1;
	if (words->map)
		return 0;
	if (lkb_remote_http_map(url, &o, &map, err))
		return lkb_hint(err, "--map FILE names a map that is here");
	return map.name ? use_map(map.name, map.text, map.len, s, err) : 0;
}

/* Signatures that are looked at come into the store. */
static int judge(struct lkb_ctx *ctx, const char *policy_path, const struct lkb_remote_disk *disk,
		 struct lkb_error *err)
{
	lkb_auto(lkb_policy) policy = NULL;
	lkb_auto(lkb_store) store = NULL;

	if (lkb_ctx_policy(ctx, policy_path, &policy, err) || lkb_ctx_store(ctx, &store, err))
		return -1;
	lkb_store_set_policy(store, policy);
	return lkb_pull_judge(store, disk->registry, &disk->ref, &disk->manifest.digest, err);
}

static int open_oci(struct lkb_ctx *ctx, const struct lkb_image_words *words, const char *name,
		    struct lkb_image_source *s, struct lkb_error *err)
{
	lkb_autoremotedisk disk = {0};
	lkb_autoremotemap map = {0};

	if (lkb_ctx_registry(ctx, &words->registry, &s->registry, err))
		return -1;
	if (lkb_remote_disk_find(s->registry, name + strlen("oci:"), &disk, err) ||
	    (words->policy && judge(ctx, words->policy, &disk, err)) ||
	    lkb_remote_oci(&disk, name, &s->source, words->map ? NULL : &map, err))
		return *err->message ? lkb_context(err, "'%s'", name) : -1;
	return map.name ? use_map(map.name, map.text, map.len, s, err) : 0;
}

static const struct {
	const char *prefix;
	bool has_policy;
	int (*open)(struct lkb_ctx *ctx, const struct lkb_image_words *words, const char *name,
		    struct lkb_image_source *s, struct lkb_error *err);
} kinds[] = {
	{"http://", false, open_http},
	{"https://", false, open_http},
	{"oci:", true, open_oci},
	{"", false, open_file},
};

int lkb_image_source_open(struct lkb_ctx *ctx, const struct lkb_image_words *words,
			  const char *name, struct lkb_image_source *ret, struct lkb_error *err)
{
	size_t i = 0;

	while (!lkb_starts_with(name, kinds[i].prefix))
		i++;
	if (words->policy && !kinds[i].has_policy)
		return lkb_fail(err, LKB_USAGE, "'--policy' is about images in registries, and "
				"'%s' is none", name);
	if (kinds[i].open(ctx, words, name, ret, err))
		return -1;
	return words->map ? read_given_map(words->map, ret, err) : 0;
}

void lkb_image_source_clear(struct lkb_image_source *s)
{
	lkb_source_close(&s->source);
	lkb_map_free(s->own);
	lkb_bmap_free(s->bmap);
	lkb_registry_free(s->registry);
	free(s->map_path);
}

uint64_t lkb_image_source_size(const struct lkb_image_source *s)
{
	if (s->map)
		return s->bmap ? s->bmap->image_size : s->map->size;
	return s->source.size ? s->source.size : s->source.at_least;
}

char *lkb_state_dir(const struct lkb_ctx *ctx)
{
	if (ctx->state_home)
		return lkb_path_join(ctx->state_home, "lkboard");
	return ctx->home ? lkb_path_join(ctx->home, ".local/state/lkboard") : NULL;
}
