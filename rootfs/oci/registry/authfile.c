/* SPDX-License-Identifier: Apache-2.0 */
/* Credential files as text: Docker's config.json, containers' auth.json, ~/.dockercfg. */
#include "base/alloc.h"
#include "base/base64.h"
#include "base/cleanup.h"
#include "base/ext/json.h"
#include "rootfs/oci/registry/credentials.h"
#include "rootfs/oci/registry/token.h"

void lkb_credential_clear(struct lkb_credential *c)
{
	free(c->user);
	free(c->password);
	free(c->identity_token);
	free(c->registry_token);
	free(c->from);
	*c = (struct lkb_credential){0};
}

void lkb_auth_clear(struct lkb_auth_file *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->auths[i].key);
		lkb_credential_clear(&f->auths[i].credential);
	}
	free(f->auths);
	lkb_strv_clear(&f->helper_keys);
	lkb_strv_clear(&f->helpers);
	free(f->store);
	*f = (struct lkb_auth_file){0};
}

char *lkb_auth_key(const char *text)
{
	const char *rest = strstr(text, "://");
	size_t len;

	rest = rest ? rest + 3 : text;
	len = strlen(rest);
	while (len && rest[len - 1] == '/')
		len--;
	if (rest != text)
		len = strcspn(rest, "/");
	else if (len > 3 && (!strncmp(rest + len - 3, "/v1", 3) ||
			     !strncmp(rest + len - 3, "/v2", 3)))
		len -= 3;
	return lkb_strndup(rest, len);
}

void lkb_auth_keys(const char *domain, const char *path, struct lkb_strv *ret)
{
	lkb_autofree char *key = lkb_format("%s/%s", domain, path);
	char *slash;

	while ((slash = strrchr(key, '/'))) {
		lkb_strv_add(ret, key);
		*slash = '\0';
	}
	lkb_strv_add(ret, domain);
	if (!strcmp(domain, "docker.io")) {
		lkb_strv_add(ret, "index.docker.io");
		lkb_strv_add(ret, "registry-1.docker.io");
	}
}

/* Base64 of "user:password", to which some programs have added zeros. */
static int decode_auth(const struct lkb_json_at *at, const char *text, struct lkb_credential *c,
		       struct lkb_error *err)
{
	lkb_autostr plain = {0};
	char *colon;

	if (!lkb_base64_decode(text, strlen(text), &plain))
		return lkb_json_fail(at, "auth", err, "is no base64");
	colon = strchr(lkb_str_get(&plain), ':');
	if (!colon || colon == plain.s)
		return lkb_json_fail(at, "auth", err, "is not USER:PASSWORD in base64");
	*colon = '\0';
	c->user = lkb_strdup(plain.s);
	c->password = lkb_strdup(colon + 1);
	return 0;
}

static char *copy(const char *text)
{
	return text && *text ? lkb_strdup(text) : NULL;
}

static int parse_credential(const struct lkb_json_at *at, struct lkb_credential *ret,
			    struct lkb_error *err)
{
	const char *auth, *user, *password, *identity, *registry;

	if (lkb_json_string(at, "auth", LKB_JSON_OPTIONAL, &auth, err) ||
	    lkb_json_string(at, "username", LKB_JSON_OPTIONAL, &user, err) ||
	    lkb_json_string(at, "password", LKB_JSON_OPTIONAL, &password, err) ||
	    lkb_json_string(at, "identitytoken", LKB_JSON_OPTIONAL, &identity, err) ||
	    lkb_json_string(at, "registrytoken", LKB_JSON_OPTIONAL, &registry, err))
		return -1;
	if (registry && *registry && !lkb_token_is_fit(registry))
		return lkb_json_fail(at, "registrytoken", err, "is none that can be sent");
	if (auth && *auth) {
		if (decode_auth(at, auth, ret, err))
			return -1;
	} else if (user && *user) {
		ret->user = lkb_strdup(user);
		ret->password = lkb_strdup(password ? password : "");
	}
	ret->identity_token = copy(identity);
	ret->registry_token = copy(registry);
	return 0;
}

static int too_many(const char *name, size_t n, struct lkb_error *err)
{
	if (n <= LKB_AUTH_MAX_ENTRIES)
		return 0;
	return lkb_fail(err, LKB_INPUT, "%s: it has more than %d entries", name,
			LKB_AUTH_MAX_ENTRIES);
}

static int parse_auths(const struct lkb_json_at *auths, struct lkb_auth_file *f,
		       struct lkb_error *err)
{
	const char *key;
	json_t *value;

	if (too_many(auths->doc, json_object_size(auths->value), err))
		return -1;
	json_object_foreach((json_t *)auths->value, key, value) {
		struct lkb_json_at at;

		if (lkb_json_object(auths, key, LKB_JSON_OPTIONAL, &at, err))
			return -1;
		LKB_GROW(f->auths, f->n, f->cap);
		f->auths[f->n] = (struct lkb_auth_entry){ .key = lkb_auth_key(key) };
		f->n++;
		if (at.value && parse_credential(&at, &f->auths[f->n - 1].credential, err))
			return -1;
	}
	return 0;
}

/* It becomes the end of a program's name. */
static int check_suffix(const struct lkb_json_at *at, const char *key, const char *suffix,
			struct lkb_error *err)
{
	static const char lawful[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789._-";

	if (*suffix && strlen(suffix) <= 100 && strspn(suffix, lawful) == strlen(suffix))
		return 0;
	return lkb_json_fail(at, key, err, "is no name of a helper: '%.60s'", suffix);
}

static int parse_helpers(const struct lkb_json_at *root, struct lkb_auth_file *f,
			 struct lkb_error *err)
{
	struct lkb_json_at helpers;
	const char *key, *store, *suffix;
	json_t *value;

	if (lkb_json_string(root, "credsStore", LKB_JSON_OPTIONAL, &store, err) ||
	    lkb_json_object(root, "credHelpers", LKB_JSON_OPTIONAL, &helpers, err) ||
	    too_many(root->doc, json_object_size(helpers.value), err))
		return -1;
	if (store && *store && check_suffix(root, "credsStore", store, err))
		return -1;
	f->store = copy(store);
	json_object_foreach((json_t *)helpers.value, key, value) {
		lkb_autofree char *normal = lkb_auth_key(key);

		if (lkb_json_string(&helpers, key, LKB_JSON_OPTIONAL, &suffix, err) ||
		    (suffix && *suffix && check_suffix(&helpers, key, suffix, err)))
			return -1;
		if (!suffix || !*suffix)
			continue;
		lkb_strv_add(&f->helper_keys, normal);
		lkb_strv_add(&f->helpers, suffix);
	}
	return 0;
}

int lkb_auth_parse(const char *text, size_t len, const char *name, bool legacy,
		   struct lkb_auth_file *ret, struct lkb_error *err)
{
	lkb_autojson v = NULL;
	lkb_autoauth f = {0};
	struct lkb_json_at root, auths;

	if (lkb_json_parse(text, len, name, &v, err) || lkb_json_root(v, name, &root, err))
		return -1;
	if (legacy) {
		if (parse_auths(&root, &f, err))
			return -1;
	} else if (lkb_json_object(&root, "auths", LKB_JSON_OPTIONAL, &auths, err) ||
		   (auths.value && parse_auths(&auths, &f, err)) ||
		   parse_helpers(&root, &f, err)) {
		return -1;
	}
	*ret = f;
	f = (struct lkb_auth_file){0};
	return 0;
}

int lkb_auth_parse_helper(const char *text, size_t len, const char *name,
			  struct lkb_credential *ret, struct lkb_error *err)
{
	lkb_autojson v = NULL;
	struct lkb_json_at root;
	const char *user, *secret;

	if (lkb_json_parse(text, len, name, &v, err) || lkb_json_root(v, name, &root, err) ||
	    lkb_json_string(&root, "Username", LKB_JSON_REQUIRED, &user, err) ||
	    lkb_json_string(&root, "Secret", LKB_JSON_REQUIRED, &secret, err))
		return -1;
	if (!strcmp(user, "<token>")) {
		ret->identity_token = lkb_strdup(secret);
		return 0;
	}
	ret->user = lkb_strdup(user);
	ret->password = lkb_strdup(secret);
	return 0;
}
