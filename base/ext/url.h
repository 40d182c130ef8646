/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_EXT_URL_H
#define LKB_BASE_EXT_URL_H

#include <stdbool.h>

#include "base/error.h"

/* An absolute URL of http or https, by libcurl's own parser, so that what is compared here is what
 * is connected to. Born {0}; strings owned. */
struct lkb_url {
	char *text;   /* without a fragment */
	char *scheme; /* "http" or "https" */
	char *host;   /* in lower case; IPv6 in brackets */
	unsigned port;
};

/* LKB_INPUT for what is none, for other schemes, and for one that holds a user or password. */
int lkb_url_parse(const char *text, struct lkb_url *ret, struct lkb_error *err);
/* What a Location header means that came from base: absolute or relative. */
int lkb_url_resolve(const struct lkb_url *base, const char *location, struct lkb_url *ret,
		    struct lkb_error *err);
/* Where a redirect from there leads, which is never from HTTPS to HTTP. location may be NULL.
 * LKB_NET. */
int lkb_url_follow(const struct lkb_url *from, const char *location, struct lkb_url *ret,
		   struct lkb_error *err);
void lkb_url_clear(struct lkb_url *u);
#define lkb_autourl __attribute__((cleanup(lkb_url_clear))) struct lkb_url

bool lkb_url_is_https(const struct lkb_url *u);
/* Scheme, host and port are the same: credentials for one may go to the other. */
bool lkb_url_same_origin(const struct lkb_url *a, const struct lkb_url *b);
/* True for 127.0.0.0/8, [::1] and localhost. */
bool lkb_url_is_loopback(const char *host);

/* How many bytes of a URL messages show: at most 300, and not its query, which may be all that it
 * takes to be let in. */
int lkb_url_shown(const char *text);

/* Appends text with all but RFC 3986's unreserved characters as %XX. */
struct lkb_str;
void lkb_url_escape(struct lkb_str *out, const char *text);

#endif
