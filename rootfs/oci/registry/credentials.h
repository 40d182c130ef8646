/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_REGISTRY_CREDENTIALS_H
#define LKB_ROOTFS_OCI_REGISTRY_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"

/* Who we are to a registry. Born {0}; strings owned, NULL = absent. */
struct lkb_credential {
	char *user, *password;
	char *identity_token; /* for OAuth 2: a refresh token */
	char *registry_token; /* sent to the registry as it is */
	char *from;           /* where it was found: the file, "docker-credential-x" */
};
void lkb_credential_clear(struct lkb_credential *c);
#define lkb_autocredential __attribute__((cleanup(lkb_credential_clear))) struct lkb_credential

/* The file that `docker login` and `skopeo login` write. Born {0}. */
struct lkb_auth_entry {
	char *key; /* owned; "host", "host/path", in normal form */
	struct lkb_credential credential;
};
struct lkb_auth_file {
	struct lkb_auth_entry *auths; /* owned */
	size_t n, cap;
	struct lkb_strv helper_keys, helpers; /* of credHelpers: key and suffix */
	char *store;                          /* owned; credsStore's suffix or NULL */
};
enum { LKB_AUTH_MAX_ENTRIES = 4096 };

/* `legacy`: ~/.dockercfg, which is what other files have under "auths". LKB_INPUT. */
int lkb_auth_parse(const char *text, size_t len, const char *name, bool legacy,
		   struct lkb_auth_file *ret, struct lkb_error *err);
void lkb_auth_clear(struct lkb_auth_file *f);
#define lkb_autoauth __attribute__((cleanup(lkb_auth_clear))) struct lkb_auth_file

/* Keys that are tried for a repository, the most specific first: "host/a/b", "host/a", "host"; for
 * docker.io the names of its first server too. */
void lkb_auth_keys(const char *domain, const char *path, struct lkb_strv *ret);
/* A key in normal form: without scheme, and with one, or an API version, without a path. The caller
 * frees it. */
char *lkb_auth_key(const char *text);

/* What a helper program says: {"Username", "Secret"}; the user "<token>" has an identity token. */
int lkb_auth_parse_helper(const char *text, size_t len, const char *name,
			  struct lkb_credential *ret, struct lkb_error *err);

/* One place where credentials may stand. */
struct lkb_auth_place {
	char *path; /* owned */
	bool required, legacy;
};
/* Born {0}. */
struct lkb_auth_places {
	struct lkb_auth_place items[8];
	size_t n;
};
struct lkb_registry_options;
/* Those of the options, in their order. */
void lkb_auth_places(const struct lkb_registry_options *o, struct lkb_auth_places *ret);
void lkb_auth_places_clear(struct lkb_auth_places *p);

/* Looks in one place after the other: 1 = *ret, 0 = nobody has any, -1 = a file or a helper cannot
 * be used (LKB_INPUT, LKB_IO, LKB_MISSING). */
int lkb_auth_find(const struct lkb_auth_places *places, const char *domain, const char *path,
		  struct lkb_credential *ret, struct lkb_error *err);

#endif
