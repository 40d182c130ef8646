/* SPDX-License-Identifier: Apache-2.0 */
/* dpkg's database (deb-control(5), dpkg-query's /var/lib/dpkg/status): stanzas of "Field: value",
 * an empty line between, lines that start with a blank continue a field. Names are in any case;
 * what is said twice is what was said first. */
#include <string.h>
#include <strings.h>

#include "rootfs/inventory/inventory_priv.h"

struct stanza {
	struct lkb_piece package, status, version, architecture, source;
	bool any;
};

static void take_field(struct stanza *st, struct lkb_piece line)
{
	const struct {
		const char *name;
		struct lkb_piece *to;
	} fields[] = {
		{"Package", &st->package}, {"Status", &st->status}, {"Version", &st->version},
		{"Architecture", &st->architecture}, {"Source", &st->source},
	};
	const char *colon = memchr(line.s, ':', line.len);
	size_t i, n = colon ? (size_t)(colon - line.s) : 0;

	st->any = true;
	for (i = 0; i < LKB_ARRAY_SIZE(fields); i++)
		if (!fields[i].to->len && strlen(fields[i].name) == n &&
		    !strncasecmp(fields[i].name, line.s, n))
			*fields[i].to = lkb_piece_trim(
				(struct lkb_piece){colon + 1, line.len - n - 1});
}

/* "want flag status": whose files are there, configured or not, as in a root that was unpacked for
 * another architecture. A package that was removed leaves its configuration and its stanza. The
 * files of status.d have no such field. */
static bool is_there(struct lkb_piece status)
{
	static const char *const states[] = {
		" installed", " unpacked", " half-configured", " triggers-awaited",
		" triggers-pending",
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(states); i++) {
		size_t n = strlen(states[i]);

		if (status.len > n && !memcmp(status.s + status.len - n, states[i], n))
			return true;
	}
	return !status.len;
}

static void end_stanza(struct stanza *st, struct lkb_inventory *v)
{
	struct lkb_record r = {
		.kind = LKB_PACKAGE_DEB, .name = st->package, .version = st->version,
		.arch = st->architecture, .source = st->source,
	};
	const char *paren;

	/* "glibc (2.36-9)" where the source has another version. */
	paren = r.source.len ? memchr(r.source.s, '(', r.source.len) : NULL;
	if (paren)
		r.source = lkb_piece_trim(
			(struct lkb_piece){r.source.s, (size_t)(paren - r.source.s)});
	if (st->any && is_there(st->status))
		lkb_inventory_add(v, &r);
	*st = (struct stanza){0};
}

void lkb_inventory_dpkg(const char *text, size_t len, struct lkb_inventory *v)
{
	struct lkb_piece left = {text, len}, line;
	struct stanza st = {0};

	while (lkb_piece_line(&left, &line)) {
		if (!lkb_piece_trim(line).len)
			end_stanza(&st, v);
		else if (line.s[0] != ' ' && line.s[0] != '\t')
			take_field(&st, line);
	}
	end_stanza(&st, v);
}

void lkb_inventory_debs(const char *list, struct lkb_inventory *v)
{
	while (*(list += strspn(list, " "))) {
		size_t len = strcspn(list, " ");
		const char *equals = memchr(list, '=', len);
		size_t n = equals ? (size_t)(equals - list) : len;
		struct lkb_record r = {.kind = LKB_PACKAGE_DEB, .name = {list, n}};

		if (equals)
			r.version = (struct lkb_piece){equals + 1, len - n - 1};
		lkb_inventory_add(v, &r);
		list += len;
	}
}
