/* SPDX-License-Identifier: Apache-2.0 */
/* Lists that come in pages (distribution-spec 1.1, "Listing Referrers"). */
#include "base/alloc.h"
#include "base/ext/json.h"
#include "rootfs/oci/registry/registry_priv.h"

/* Has the link (RFC 8288) the relation "next"? Its parameters begin at p. */
static bool is_next(const char *p, size_t n)
{
	return memmem(p, n, "rel=\"next\"", 10) || memmem(p, n, "rel=next", 8);
}

/* <URL>; rel="next", <URL>; rel="last" */
static char *next_in(const char *links)
{
	const char *open, *close, *params;

	for (; (open = strchr(links, '<')) && (close = strchr(open, '>'));
	     links = params + strcspn(params, ",")) {
		params = close + 1;
		if (is_next(params, strcspn(params, ",")))
			return lkb_strndup(open + 1, (size_t)(close - open - 1));
	}
	return NULL;
}

char *lkb_page_next(const struct lkb_net_response *answer)
{
	char *next = NULL;

	for (size_t i = 0; i < answer->n_headers && !next; i++)
		if (!strcasecmp(answer->headers[i].name, "Link"))
			next = next_in(answer->headers[i].value);
	return next;
}

static int read_list(const struct lkb_str *text, const char *what, json_t **ret_doc,
		     json_t **ret_list, struct lkb_error *err)
{
	lkb_autojson v = NULL;
	struct lkb_json_at root;
	json_t *list;

	if (lkb_json_parse(lkb_str_get(text), text->len, what, &v, err) ||
	    lkb_json_root(v, what, &root, err))
		return -1;
	list = json_object_get(v, "manifests");
	if (!json_is_array(list))
		return lkb_json_fail(&root, "manifests", err, "is no array");
	*ret_list = list;
	*ret_doc = LKB_STEAL(v);
	return 0;
}

int lkb_page_add(struct lkb_str *text, const struct lkb_str *page, const char *what,
		 struct lkb_error *err)
{
	lkb_autojson doc = NULL;
	lkb_autojson more = NULL;
	lkb_autofree char *both = NULL;
	json_t *list, *items;

	if (read_list(text, what, &doc, &list, err) || read_list(page, what, &more, &items, err))
		return -1;
	if (text->len + page->len > LKB_REGISTRY_MAX_DOC)
		return lkb_fail(err, LKB_INPUT, "%s: all pages have more than the %zu bytes that "
				"are read", what, LKB_REGISTRY_MAX_DOC);
	json_array_extend(list, items);
	both = lkb_json_text(doc);
	lkb_str_clear(text);
	lkb_str_add(text, both);
	return 0;
}
