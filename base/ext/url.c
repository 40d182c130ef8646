/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ext/url.h"

#include <strings.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/ext/curl.h"
#include "base/size.h"
#include "base/str.h"

static void cleanup_curlu(CURLU **u)
{
	lkb_curl()->url_cleanup(*u);
}
#define autocurlu __attribute__((cleanup(cleanup_curlu))) CURLU *

void lkb_url_clear(struct lkb_url *u)
{
	free(u->text);
	free(u->scheme);
	free(u->host);
	*u = (struct lkb_url){0};
}

/* The part as a string of ours, or NULL. */
static char *part_of(CURLU *u, CURLUPart part)
{
	char *text = NULL, *ours;

	if (lkb_curl()->url_get(u, part, &text, CURLU_DEFAULT_PORT))
		return NULL;
	ours = lkb_strdup(text);
	lkb_curl()->free(text);
	return ours;
}

/* curl_url_get() with a default port would write that into the whole. */
static char *whole(CURLU *u)
{
	char *text = NULL, *ours;

	if (lkb_curl()->url_set(u, CURLUPART_FRAGMENT, NULL, 0) ||
	    lkb_curl()->url_get(u, CURLUPART_URL, &text, 0))
		return NULL;
	ours = lkb_strdup(text);
	lkb_curl()->free(text);
	return ours;
}

static int take(CURLU *u, const char *said, struct lkb_url *ret, struct lkb_error *err)
{
	lkb_autofree char *user = part_of(u, CURLUPART_USER);
	lkb_autofree char *port = part_of(u, CURLUPART_PORT);
	lkb_autourl url = { .text = whole(u), .scheme = part_of(u, CURLUPART_SCHEME),
			    .host = part_of(u, CURLUPART_HOST) };
	uint64_t number = 0;

	if (!url.text || !url.scheme || !url.host || !port || !lkb_u64_parse(port, &number))
		return lkb_fail(err, LKB_INPUT, "'%.*s' is no URL", lkb_url_shown(said), said);
	if (strcmp(url.scheme, "http") && strcmp(url.scheme, "https"))
		return lkb_fail(err, LKB_INPUT, "'%.*s' is neither http nor https",
				lkb_url_shown(said), said);
	if (user)
		return lkb_fail(err, LKB_INPUT, "the URL of '%.200s' holds a user name, which is "
				"not taken", url.host);
	for (char *p = url.host; *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
	url.port = (unsigned)number;
	*ret = url;
	url = (struct lkb_url){0};
	return 0;
}

int lkb_url_parse(const char *text, struct lkb_url *ret, struct lkb_error *err)
{
	autocurlu u = lkb_curl()->url();

	if (!u || lkb_curl()->url_set(u, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME))
		return lkb_fail(err, LKB_INPUT, "'%.200s' is no URL", text);
	return take(u, text, ret, err);
}

int lkb_url_resolve(const struct lkb_url *base, const char *location, struct lkb_url *ret,
		    struct lkb_error *err)
{
	autocurlu u = lkb_curl()->url();

	if (!u || lkb_curl()->url_set(u, CURLUPART_URL, base->text, 0) ||
	    lkb_curl()->url_set(u, CURLUPART_URL, location, CURLU_NON_SUPPORT_SCHEME))
		return lkb_fail(err, LKB_INPUT, "'%.*s' is no URL", lkb_url_shown(location),
				location);
	return take(u, location, ret, err);
}

bool lkb_url_is_https(const struct lkb_url *u)
{
	return !strcmp(u->scheme, "https");
}

bool lkb_url_same_origin(const struct lkb_url *a, const struct lkb_url *b)
{
	return !strcmp(a->scheme, b->scheme) && !strcmp(a->host, b->host) && a->port == b->port;
}

int lkb_url_follow(const struct lkb_url *from, const char *location, struct lkb_url *ret,
		   struct lkb_error *err)
{
	struct lkb_error fault = {0};
	lkb_autourl to = {0};

	if (!location || lkb_url_resolve(from, location, &to, &fault))
		return lkb_fail(err, LKB_NET, "'%.*s' leads nowhere%s%s",
				lkb_url_shown(from->text), from->text, location ? ": " : "",
				fault.message);
	if (lkb_url_is_https(from) && !lkb_url_is_https(&to))
		return lkb_fail(err, LKB_NET, "'%.*s' leads to '%.*s', which is not encrypted",
				lkb_url_shown(from->text), from->text, lkb_url_shown(to.text),
				to.text);
	*ret = to;
	to = (struct lkb_url){0};
	return 0;
}

bool lkb_url_is_loopback(const char *host)
{
	size_t n = 0;

	if (!strcasecmp(host, "localhost") || !strcmp(host, "[::1]"))
		return true;
	if (strncmp(host, "127.", 4))
		return false;
	for (const char *p = host; *p; p++)
		n += *p == '.';
	return n == 3 && strspn(host, "0123456789.") == strlen(host);
}

int lkb_url_shown(const char *text)
{
	size_t n = strcspn(text, "?");

	return n < 300 ? (int)n : 300;
}

void lkb_url_escape(struct lkb_str *out, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";

	for (; *text; text++) {
		if (strchr(plain, *text))
			lkb_str_addc(out, *text);
		else
			lkb_str_addf(out, "%%%02X", (unsigned char)*text);
	}
}
