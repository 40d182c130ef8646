/* SPDX-License-Identifier: Apache-2.0 */
/* What servers say when they say no. */
#include "base/ext/json.h"
#include "rootfs/oci/registry/registry_priv.h"

enum { MAX_ERRORS = 8, MAX_WORD = 200 };

static void add_word(const struct lkb_json_at *item, const char *key, const char *before,
		     struct lkb_str *ret)
{
	const char *text;

	if (!lkb_json_string(item, key, LKB_JSON_OPTIONAL, &text, NULL) && text && *text)
		lkb_str_addf(ret, "%s%.*s", before, MAX_WORD, text);
}

void lkb_registry_words(const char *text, size_t len, struct lkb_str *ret)
{
	lkb_autojson v = NULL;
	struct lkb_json_at root, errors, item;
	lkb_autostr words = {0};

	if (lkb_json_parse(text, len, "", &v, NULL) || lkb_json_root(v, "", &root, NULL))
		return;
	add_word(&root, "details", "", &words); /* Docker Hub's token server */
	if (!lkb_json_array(&root, "errors", LKB_JSON_OPTIONAL, 1000, &errors, NULL)) {
		for (size_t i = 0; i < lkb_json_count(&errors) && i < MAX_ERRORS; i++) {
			const char *between = words.len ? "; " : "";
			size_t before = words.len;

			if (lkb_json_item(&errors, i, &item, NULL))
				continue;
			add_word(&item, "code", between, &words);
			add_word(&item, "message", words.len > before ? ": " : between, &words);
		}
	}
	lkb_str_addn(ret, lkb_str_get(&words), words.len);
}

int lkb_registry_fail(const struct lkb_net_response *r, const struct lkb_place *at,
		      const char *what, struct lkb_error *err)
{
	lkb_autostr words = {0};

	lkb_registry_words(lkb_str_get(&r->text), r->text.len, &words);
	return lkb_fail(err, r->status == 404 ? LKB_INPUT : LKB_NET,
			"'%s' answers %u to the request for '%.300s'%s%.400s", at->host, r->status,
			what, words.len ? ": " : "", lkb_str_get(&words));
}
