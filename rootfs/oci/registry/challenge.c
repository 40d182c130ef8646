/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/oci/registry/challenge.h"

#include <strings.h>

#include "base/alloc.h"
#include "base/str.h"

#define TOKEN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"

/* "name = value", the value quoted or not; NULL if that is not what stands at p. */
static const char *parse_param(const char *p, char **ret_name, char **ret_value)
{
	size_t len = strspn(p, TOKEN);
	const char *at = p + len;
	lkb_autostr value = {0};

	at += strspn(at, " \t");
	if (!len || *at++ != '=')
		return NULL;
	at += strspn(at, " \t");
	if (*at == '"') {
		for (at++; *at && *at != '"'; at++) {
			if (*at == '\\' && at[1])
				at++;
			lkb_str_addc(&value, *at);
		}
		if (*at++ != '"')
			return NULL;
	} else {
		size_t n = strcspn(at, ", \t");

		/* "abc==" is not a parameter but one word in base64. */
		if (!n || *at == '=')
			return NULL;
		lkb_str_addn(&value, at, n);
		at += n;
	}
	*ret_name = lkb_strndup(p, len);
	*ret_value = lkb_str_take(&value);
	return at;
}

/* What stands behind the scheme. Returns where the next challenge begins. */
static const char *parse_params(const char *p, struct lkb_challenge *c)
{
	for (;;) {
		char *name, *value;
		const char *next;

		p += strspn(p, ", \t");
		next = parse_param(p, &name, &value);
		if (!next)
			return p;
		p = next;
		if (c->n_params == LKB_CHALLENGE_PARAMS_MAX) {
			free(name);
			free(value);
			continue;
		}
		c->params[c->n_params].name = name;
		c->params[c->n_params++].value = value;
	}
}

void lkb_challenges_add(struct lkb_challenges *list, const char *header)
{
	const char *p = header;

	for (;;) {
		struct lkb_challenge *c;
		size_t len;

		p += strspn(p, ", \t");
		len = strspn(p, TOKEN);
		if (!*p || list->n == LKB_CHALLENGES_MAX)
			return;
		if (!len || (p[len] && !strchr(" \t,", p[len]))) {
			p += strcspn(p, ","); /* a word in base64, or nothing we know */
			continue;
		}
		c = &list->items[list->n++];
		*c = (struct lkb_challenge){ .scheme = lkb_strndup(p, len) };
		p = parse_params(p + len, c);
	}
}

const struct lkb_challenge *lkb_challenges_find(const struct lkb_challenges *list,
						const char *scheme)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcasecmp(list->items[i].scheme, scheme))
			return &list->items[i];
	return NULL;
}

const char *lkb_challenge_param(const struct lkb_challenge *c, const char *name)
{
	for (size_t i = 0; i < c->n_params; i++)
		if (!strcasecmp(c->params[i].name, name))
			return c->params[i].value;
	return NULL;
}

void lkb_challenges_clear(struct lkb_challenges *list)
{
	for (size_t i = 0; i < list->n; i++) {
		struct lkb_challenge *c = &list->items[i];

		for (size_t k = 0; k < c->n_params; k++) {
			free(c->params[k].name);
			free(c->params[k].value);
		}
		free(c->scheme);
	}
	*list = (struct lkb_challenges){0};
}
