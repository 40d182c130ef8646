/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/oci/registry/token.h"

#include "base/alloc.h"
#include "base/ext/json.h"

enum {
	DEFAULT_SECONDS = 60, /* docker-registry's documentation */
	MAX_SECONDS = 86400,  /* asking again once a day costs nothing */
	MAX_TOKEN = 32 << 10,
};

bool lkb_token_is_fit(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return len && len <= MAX_TOKEN;
}

static int parse(const json_t *v, const char *name, struct lkb_token *ret, struct lkb_error *err)
{
	struct lkb_json_at root;
	const char *token, *access;
	uint64_t seconds = 0;

	if (lkb_json_root(v, name, &root, err) ||
	    lkb_json_string(&root, "token", LKB_JSON_OPTIONAL, &token, err) ||
	    lkb_json_string(&root, "access_token", LKB_JSON_OPTIONAL, &access, err) ||
	    lkb_json_u64(&root, "expires_in", LKB_JSON_OPTIONAL, INT64_MAX, &seconds, err))
		return -1;
	token = token && *token ? token : access;
	if (!token)
		return lkb_fail(err, LKB_NET, "%s: it holds no token", name);
	if (!lkb_token_is_fit(token))
		return lkb_fail(err, LKB_NET, "%s: the token is none that can be sent", name);
	ret->text = lkb_strdup(token);
	ret->expires_s = !seconds ? DEFAULT_SECONDS : seconds < MAX_SECONDS ? seconds : MAX_SECONDS;
	return 0;
}

int lkb_token_parse(const char *text, size_t len, const char *name, struct lkb_token *ret,
		    struct lkb_error *err)
{
	lkb_autojson v = NULL;

	if (!lkb_json_parse(text, len, name, &v, err) && !parse(v, name, ret, err))
		return 0;
	if (err)
		err->kind = LKB_NET;
	return -1;
}
