/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_EXT_NET_H
#define LKB_BASE_EXT_NET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"

/*
 * One exchange over HTTP or HTTPS, by libcurl. What libcurl would do by itself and must not is
 * switched off: it follows no redirect, sends no credentials but those that are passed, asks for no
 * compression and reads no ~/.netrc. Proxies are those of the environment (http_proxy, https_proxy,
 * all_proxy, no_proxy), and nobody is between us and this machine's own servers.
 */

/* A connection that is kept for the next exchange: one thread at a time, and not over a fork(). */
struct lkb_net;
struct lkb_net *lkb_net_new(void);
void lkb_net_free(struct lkb_net *net);
LKB_DEFINE_AUTO(lkb_net, lkb_net_free)

enum {
	LKB_NET_MAX_HEADERS = 256,
	LKB_NET_MAX_HEADER_BYTES = 64 << 10,
	LKB_NET_MAX_TEXT = 64 << 10, /* of an answer that is not 2xx */
};

struct lkb_net_header {
	char *name, *value; /* owned */
};

/* Born {0}. */
struct lkb_net_response {
	unsigned status;
	struct lkb_net_header *headers; /* owned; of the last answer, in its order */
	size_t n_headers, cap_headers;
	struct lkb_str text; /* the body of an answer that is not 2xx, cut off at its bound */
	bool delimited; /* that the body was cut off would be seen, whatever it is */
};
void lkb_net_response_clear(struct lkb_net_response *r);
#define lkb_autonetresponse __attribute__((cleanup(lkb_net_response_clear))) struct lkb_net_response
/* The first header of that name, in any case of letters; NULL if there is none. Borrowed. */
const char *lkb_net_header(const struct lkb_net_response *r, const char *name);
/* Reads Content-Range: "bytes 100-199/200". *ret_total is UINT64_MAX if that is not known ("*").
 * False for what is none, NULL too. */
bool lkb_net_content_range(const char *text, uint64_t *ret_start, uint64_t *ret_total);

/* All borrowed; what is NULL or 0 is not there. */
struct lkb_net_request {
	const char *method; /* "GET", "HEAD", "POST", "PUT", ... */
	const char *url;
	const struct lkb_strv *headers;   /* "Name: value" */
	const char *user, *password;      /* sent at once, as Basic; user NULL = none */
	const char *ca_file;              /* trusted beside the system's certificates; PEM */
	const char *cert_file, *key_file; /* of the client; PEM */
	/* What is sent: gives up to n bytes, *ret_n = how many. */
	int (*source)(void *ctx, void *p, size_t n, size_t *ret_n, struct lkb_error *err);
	uint64_t source_size;
	/* Called once all headers of a 2xx answer are there, before its body. */
	int (*head)(void *ctx, const struct lkb_net_response *r, struct lkb_error *err);
	/* Takes the body of a 2xx answer; more than max_body bytes are LKB_INPUT. */
	int (*sink)(void *ctx, const void *p, size_t n, struct lkb_error *err);
	uint64_t max_body;
	void *ctx; /* of all three */
	const atomic_bool *stop; /* set by somebody else: give up, within about a second */
};

/* What became of an exchange that failed. */
enum lkb_net_fault {
	LKB_NET_FATAL,  /* it would fail again; also what source, head or sink said */
	LKB_NET_BROKEN, /* the connection broke off or fell silent: again may help */
	LKB_NET_NO_TLS, /* the other side does not speak TLS */
	LKB_NET_UNTRUSTED, /* its certificate is not one of whom is trusted */
};

/* 0 = an answer came, whole, whatever its status. Else LKB_NET, or the error of a function of the
 * caller's, and *ret_fault, which is touched in this case only, says of which kind that is. */
int lkb_net_exchange(struct lkb_net *net, const struct lkb_net_request *q,
		     struct lkb_net_response *ret, enum lkb_net_fault *ret_fault,
		     struct lkb_error *err);

/* Reads a date as HTTP writes it; seconds since 1970. */
bool lkb_net_date(const char *text, int64_t *ret);

#endif
