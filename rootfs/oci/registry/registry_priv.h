/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_REGISTRY_REGISTRY_PRIV_H
#define LKB_ROOTFS_OCI_REGISTRY_REGISTRY_PRIV_H

#include <pthread.h>

#include "base/ext/net.h"
#include "base/ext/url.h"
#include "rootfs/oci/registry/credentials.h"
#include "rootfs/oci/registry/registry.h"

/* A server that may have a registry's repositories: one of its mirrors, or its own. */
struct lkb_place {
	char *base;   /* owned; "https://host:port", with a mirror's path behind it */
	char *host;   /* owned; "host:port": what credentials and certificates are filed under */
	char *query;  /* owned; "ns=docker.io" for a mirror, else NULL */
	bool is_mirror;
	bool may_be_plain;  /* it may be spoken to without TLS */
	atomic_bool is_plain; /* ... and has shown that it speaks none */
	char *ca_file, *cert_file, *key_file; /* owned or NULL */
};

/* Those of one registry, in the order in which they are asked; its own is the last. */
struct lkb_places {
	char *domain; /* owned */
	struct lkb_place *items; /* owned */
	size_t n;
};

/* "REGISTRY=URL" */
struct lkb_mirror {
	char *domain; /* owned; NULL = of all that have none of their own */
	struct lkb_url url;
	char *text; /* owned; the URL without slashes at its end */
};
int lkb_mirror_parse(const char *text, struct lkb_mirror *ret, struct lkb_error *err);
void lkb_mirror_clear(struct lkb_mirror *m);

/* What a repository at a place lets us in with. */
struct lkb_pass {
	const struct lkb_place *at;
	char *repo; /* owned */
	bool has_credential; /* credential was looked for, and says */
	struct lkb_credential credential;
	bool is_basic;      /* the credential itself */
	char *token;        /* owned; Bearer; NULL = none */
	uint64_t until_ms;  /* ... and how long it lasts */
	unsigned generation; /* changes with each new token */
};

struct lkb_locked_ui {
	struct lkb_ui ui;
	struct lkb_ui *to;
	pthread_mutex_t mutex;
};

struct lkb_registry {
	struct lkb_auth_places auth_places;
	struct lkb_strv insecure, certs_dirs;
	struct lkb_mirror *mirrors; /* owned */
	size_t n_mirrors, cap_mirrors;
	void (*sleep_ms)(uint64_t ms);
	uint64_t (*now_ms)(void);
	struct lkb_locked_ui ui;
	bool push; /* tokens are for writing too */

	pthread_mutex_t mutex; /* of all below */
	struct lkb_places **places; /* owned, each owned */
	size_t n_places, cap_places;
	struct lkb_net **idle; /* owned, each owned: connections that nobody uses */
	size_t n_idle, cap_idle;
	struct lkb_strv said; /* warnings of servers: each is shown once */
	pthread_mutex_t pass_mutex; /* of these; it may be held while a token is asked for */
	struct lkb_pass **passes; /* owned, each owned */
	size_t n_passes, cap_passes;
};

/* Where to ask for a repository of a domain. Borrowed. */
int lkb_places_of(struct lkb_registry *r, const char *domain, const struct lkb_places **ret,
		  struct lkb_error *err);
void lkb_places_free(struct lkb_places *p);
/* True for this machine, and for a host that the options name: "host" allows all its ports. */
bool lkb_registry_may_be_plain(const struct lkb_registry *r, const struct lkb_url *u);
/* Finds certificates of a host: the first of the directories that has one of its name. */
int lkb_certs_find(const struct lkb_strv *dirs, struct lkb_place *p, struct lkb_error *err);

/* lkb_net_exchange() over a connection that nobody uses, and where certificates go. */
int lkb_registry_exchange(struct lkb_registry *r, const struct lkb_net_request *q,
			  struct lkb_net_response *ret, enum lkb_net_fault *ret_fault,
			  struct lkb_error *err);

/* One request to a place, answered at last: redirects were followed, credentials shown, and tries
 * made as often as is worth while. */
struct lkb_ask {
	struct lkb_place *at;
	const char *method; /* NULL = GET */
	const char *repo, *what; /* "library/nginx", "manifests/latest" */
	const char *to; /* the URL, where a registry said it itself; NULL = what of repo */
	const struct lkb_strv *accept; /* headers; may be NULL */
	/* Adds headers of this try, and winds source back; may be NULL. */
	int (*before)(void *ctx, struct lkb_strv *headers, struct lkb_error *err);
	int (*head)(void *ctx, const struct lkb_net_response *r, struct lkb_error *err);
	int (*sink)(void *ctx, const void *p, size_t n, struct lkb_error *err);
	uint64_t (*done)(void *ctx); /* bytes that are there for good; may be NULL */
	/* What is sent; may be NULL. */
	int (*source)(void *ctx, void *p, size_t n, size_t *ret_n, struct lkb_error *err);
	uint64_t source_size;
	void *ctx;
	uint64_t max_body;
	/* Not NULL: a 2xx answer must have a Location, and this is where it leads. */
	struct lkb_url *location;
	/* Not NULL: where the rest of a list is; .text stays NULL if there is no rest. */
	struct lkb_url *next;
	/* Not NULL: what broke off is not tried again here, and set is that it may be. */
	bool *broken;
	atomic_bool *stop; /* may be NULL */
};
/* 0 = *ret is a 2xx answer, or one that says that it is the request that is wrong (404, 416, ...);
 * -1: LKB_NET, or what a function said. */
int lkb_ask(struct lkb_registry *r, const struct lkb_ask *a, struct lkb_net_response *ret,
	    struct lkb_error *err);

/* What to show at a place now. Born {0}; strings owned. */
struct lkb_shown {
	char *bearer;
	char *user, *password;
	unsigned generation;
};
void lkb_pass_show(struct lkb_registry *r, const struct lkb_place *at, const char *repo,
		   struct lkb_shown *ret);
void lkb_shown_clear(struct lkb_shown *s);
/* Answers a 401 to `shown`: gets what to show next time, or fails (LKB_NET). */
int lkb_pass_renew(struct lkb_registry *r, const struct lkb_place *at, const char *repo,
		   const struct lkb_net_response *refusal, const struct lkb_shown *shown,
		   struct lkb_error *err);

/* LKB_NET: what was shown is not good enough. Returns -1. */
int lkb_pass_fail(struct lkb_registry *r, const struct lkb_place *at, const char *repo,
		  const struct lkb_net_response *refusal, struct lkb_error *err);

/* Gets a token for what a Bearer challenge says. */
struct lkb_challenge;
struct lkb_token;
int lkb_token_get(struct lkb_registry *r, const struct lkb_place *at, const char *repo,
		  const struct lkb_challenge *c, const struct lkb_credential *credential,
		  struct lkb_token *ret, struct lkb_error *err);

/* Waits in small steps, so that `stop` is seen. */
void lkb_registry_wait(struct lkb_registry *r, uint64_t ms, const atomic_bool *stop);
/* True if nothing that is sent to the place is encrypted. */
bool lkb_place_is_plain(const struct lkb_place *p);

/* Where an answer says that its list goes on: a URL that may be relative, the caller's; or NULL. */
char *lkb_page_next(const struct lkb_net_response *answer);
/* Adds the `manifests` of one page to those of the pages before. `what` is what messages call it.
 * LKB_INPUT for what is no index, or too much in all. */
int lkb_page_add(struct lkb_str *text, const struct lkb_str *page, const char *what,
		 struct lkb_error *err);

/* Appends what a server says in the body of an error, as its errors[] or nothing. */
void lkb_registry_words(const char *text, size_t len, struct lkb_str *ret);
/* LKB_NET, or LKB_INPUT for 404: that status, and what was said. Returns -1. */
int lkb_registry_fail(const struct lkb_net_response *r, const struct lkb_place *at,
		      const char *what, struct lkb_error *err);

#endif
