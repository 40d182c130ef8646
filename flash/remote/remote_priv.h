/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_REMOTE_REMOTE_PRIV_H
#define LKB_FLASH_REMOTE_REMOTE_PRIV_H

#include <pthread.h>

#include "base/ext/hash.h"
#include "base/ext/net.h"
#include "flash/remote/pipe.h"
#include "flash/remote/remote.h"

/* Which version of a file a server has: what its first answer said, and all later ones must say
 * too. Several threads may use one. */
struct lkb_http_version {
	pthread_mutex_t lock; /* of all below */
	bool known;
	char *etag, *modified; /* owned; NULL = it says none */
	bool is_dated;         /* modified is old enough to be relied on */
	uint64_t size;         /* UINT64_MAX = not known */
	bool has_digest;       /* all of it was read once */
	struct lkb_sha256 digest;
};
void lkb_http_version_init(struct lkb_http_version *v);
void lkb_http_version_clear(struct lkb_http_version *v);
/* LKB_INPUT if the answer, or the digest of all of it, is of another version. */
int lkb_http_version_check(struct lkb_http_version *v, const char *url,
			   const struct lkb_net_response *r, struct lkb_error *err);
int lkb_http_version_digest(struct lkb_http_version *v, const char *url,
			    const struct lkb_sha256 *digest, struct lkb_error *err);
/* LKB_INPUT: it has changed. Returns -1. */
int lkb_http_version_fail(const char *url, struct lkb_error *err);
/* The header that makes a Range safe, the caller's; NULL = nothing does. */
char *lkb_http_version_if_range(struct lkb_http_version *v);
/* 0 = not known. */
uint64_t lkb_http_version_size(struct lkb_http_version *v);

/* One file, whole, its bytes once and in their order. All borrowed. */
struct lkb_http_get {
	const char *url, *ca_file;
	struct lkb_http_version *version;
	const atomic_bool *stop; /* may be NULL */
	uint64_t max;            /* bytes; more are LKB_INPUT */
	int (*take)(void *ctx, const void *p, size_t n, struct lkb_error *err);
	void *ctx;
};
/* 1 = done; 0 = nothing of the kind is there for us (and *err says why, as a failure); -1. */
int lkb_http_get(const struct lkb_http_get *g, struct lkb_error *err);

/* Reads the first bytes of a source that can be opened again, and sets `bytes`, which is asked for
 * then, and what both say about the image: at_least and size. */
int lkb_remote_look(struct lkb_source *s, uint64_t (*find_bytes)(void *what),
		    struct lkb_error *err);

#endif
