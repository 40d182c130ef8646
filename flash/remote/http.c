/* SPDX-License-Identifier: Apache-2.0 */
/* A web server's file as a source, and the map beside it. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ext/url.h"
#include "base/str.h"
#include "flash/remote/remote_priv.h"
#include "image/map.h"

struct file {
	char *url, *ca_file; /* owned */
	struct lkb_http_version version;
};

/* One reading of it. */
struct reading {
	struct file *file;
	struct lkb_pipe *pipe;
};

static int hand_on(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	return lkb_pipe_put(((struct reading *)ctx)->pipe, p, n, err);
}

static int run(void *ctx, struct lkb_pipe *pipe, struct lkb_error *err)
{
	struct reading *r = ctx;
	const struct lkb_http_get get = {.url = r->file->url, .ca_file = r->file->ca_file,
					 .version = &r->file->version,
					 .stop = lkb_pipe_stop(pipe), .max = UINT64_MAX,
					 .take = hand_on, .ctx = r};

	r->pipe = pipe;
	return lkb_http_get(&get, err) > 0 ? 0 : -1;
}

static const struct lkb_pipe_ops pipe_ops = {run, free};

static int open_file(void *what, void **ret, struct lkb_error *err)
{
	struct reading *r = lkb_alloc(sizeof(*r));
	struct lkb_pipe *pipe;

	r->file = what;
	if (lkb_pipe_start(&pipe_ops, r, &pipe, err))
		return -1;
	*ret = pipe;
	return 0;
}

static void free_file(void *what)
{
	struct file *f = what;

	lkb_http_version_clear(&f->version);
	free(f->url);
	free(f->ca_file);
	free(f);
}

static const struct lkb_source_ops ops = {
	.open = open_file, .read = lkb_pipe_read, .close = lkb_pipe_close, .free = free_file};

static uint64_t file_size(void *what)
{
	return lkb_http_version_size(&((struct file *)what)->version);
}

int lkb_remote_http(const char *url, const struct lkb_http_options *o, struct lkb_source *ret,
		    struct lkb_error *err)
{
	struct lkb_source s = {.name = url, .ops = &ops, .again = true, .fd = -1};
	lkb_autourl parsed = {0};
	struct file *f;

	if (lkb_url_parse(url, &parsed, err))
		return -1;
	f = lkb_alloc(sizeof(*f));
	f->url = lkb_strdup(parsed.text);
	f->ca_file = o->ca_file ? lkb_strdup(o->ca_file) : NULL;
	lkb_http_version_init(&f->version);
	s.what = f;
	if (lkb_remote_look(&s, file_size, err)) {
		lkb_source_close(&s);
		return -1;
	}
	*ret = s;
	return 0;
}

/* The map. */

void lkb_remote_map_clear(struct lkb_remote_map *m)
{
	free(m->name);
	free(m->text);
	*m = (struct lkb_remote_map){0};
}

static int to_text(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	lkb_str_addn(ctx, p, n);
	return 0;
}

/* 1, 0 = there is none, -1 */
static int get_text(const char *url, const struct lkb_http_options *o, struct lkb_remote_map *ret,
		    struct lkb_error *err)
{
	lkb_autostr text = {0};
	struct lkb_http_version version;
	const struct lkb_http_get get = {.url = url, .ca_file = o->ca_file, .version = &version,
					 .max = LKB_MAP_TEXT_MAX, .take = to_text, .ctx = &text};
	int got;

	lkb_http_version_init(&version);
	got = lkb_http_get(&get, err);
	lkb_http_version_clear(&version);
	if (got <= 0)
		return got;
	ret->name = lkb_strdup(url);
	ret->len = text.len;
	ret->text = lkb_str_take(&text);
	return 1;
}

int lkb_remote_http_text(const char *url, const struct lkb_http_options *o,
			 struct lkb_remote_map *ret, struct lkb_error *err)
{
	return get_text(url, o, ret, err) > 0 ? 0 : -1;
}

int lkb_remote_http_map(const char *url, const struct lkb_http_options *o,
			struct lkb_remote_map *ret, struct lkb_error *err)
{
	lkb_autofree char *path = NULL;
	lkb_autostrv names = {0};
	lkb_autourl parsed = {0};
	const char *query;
	int got = 0;

	if (lkb_url_parse(url, &parsed, err))
		return -1;
	query = parsed.text + strcspn(parsed.text, "?");
	path = lkb_strndup(parsed.text, (size_t)(query - parsed.text));
	lkb_source_map_names(path, &names);
	for (size_t i = 0; i < names.n && !got; i++) {
		lkb_autofree char *at = lkb_format("%s%s", names.items[i], query);

		got = get_text(at, o, ret, err);
	}
	return got < 0 ? -1 : 0;
}
