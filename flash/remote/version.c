/* SPDX-License-Identifier: Apache-2.0 */
/* Is a file of a web server still the same (RFC 9110, 8.8 and 13.1.5)? */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ext/url.h"
#include "base/size.h"
#include "flash/remote/remote_priv.h"

enum { DATE_IS_OLD = 60 }; /* seconds: a file may be written twice within one */

void lkb_http_version_init(struct lkb_http_version *v)
{
	*v = (struct lkb_http_version){.size = UINT64_MAX};
	pthread_mutex_init(&v->lock, NULL);
}

void lkb_http_version_clear(struct lkb_http_version *v)
{
	free(v->etag);
	free(v->modified);
	pthread_mutex_destroy(&v->lock);
}

/* Bytes of the whole file, or UINT64_MAX. */
static uint64_t whole_size(const struct lkb_net_response *r)
{
	const char *length = lkb_net_header(r, "Content-Length");
	uint64_t start, size;

	if (r->status == 206)
		return lkb_net_content_range(lkb_net_header(r, "Content-Range"), &start, &size)
			       ? size : UINT64_MAX;
	return length && lkb_u64_parse(length, &size) ? size : UINT64_MAX;
}

static bool is_old(const struct lkb_net_response *r, const char *modified)
{
	const char *date = lkb_net_header(r, "Date");
	int64_t then, now;

	return modified && date && lkb_net_date(modified, &then) && lkb_net_date(date, &now) &&
	       now - then >= DATE_IS_OLD;
}

static char *copy(const char *text)
{
	return text ? lkb_strdup(text) : NULL;
}

static bool differs(const char *a, const char *b)
{
	return a && b && strcmp(a, b);
}

int lkb_http_version_fail(const char *url, struct lkb_error *err)
{
	lkb_fail(err, LKB_INPUT, "'%.*s' has changed while it was read", lkb_url_shown(url), url);
	return lkb_hint(err, "begin anew, once whoever writes it there has finished");
}

int lkb_http_version_check(struct lkb_http_version *v, const char *url,
			   const struct lkb_net_response *r, struct lkb_error *err)
{
	const char *etag = lkb_net_header(r, "ETag");
	const char *modified = lkb_net_header(r, "Last-Modified");
	uint64_t size = whole_size(r);
	bool other;

	pthread_mutex_lock(&v->lock);
	if (!v->known) {
		v->known = true;
		v->etag = copy(etag);
		v->modified = copy(modified);
		v->is_dated = is_old(r, modified);
		v->size = size;
	}
	other = differs(v->etag, etag) || (!v->etag && differs(v->modified, modified)) ||
		(v->size != UINT64_MAX && size != UINT64_MAX && v->size != size);
	pthread_mutex_unlock(&v->lock);
	return other ? lkb_http_version_fail(url, err) : 0;
}

int lkb_http_version_digest(struct lkb_http_version *v, const char *url,
			    const struct lkb_sha256 *digest, struct lkb_error *err)
{
	bool other;

	pthread_mutex_lock(&v->lock);
	if (!v->has_digest)
		v->digest = *digest;
	v->has_digest = true;
	other = !lkb_sha256_equal(&v->digest, digest);
	pthread_mutex_unlock(&v->lock);
	return other ? lkb_http_version_fail(url, err) : 0;
}

char *lkb_http_version_if_range(struct lkb_http_version *v)
{
	char *ret = NULL;

	pthread_mutex_lock(&v->lock);
	if (v->etag && v->etag[0] == '"')
		ret = lkb_format("If-Range: %s", v->etag);
	else if (!v->etag && v->is_dated)
		ret = lkb_format("If-Range: %s", v->modified);
	pthread_mutex_unlock(&v->lock);
	return ret;
}

uint64_t lkb_http_version_size(struct lkb_http_version *v)
{
	uint64_t size;

	pthread_mutex_lock(&v->lock);
	size = v->size;
	pthread_mutex_unlock(&v->lock);
	return size == UINT64_MAX ? 0 : size;
}
