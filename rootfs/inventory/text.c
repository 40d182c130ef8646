/* SPDX-License-Identifier: Apache-2.0 */
/* An inventory as it is kept: a line a package, fields between tabs, which no field holds. */
#include <inttypes.h>
#include <string.h>

#include "base/size.h"
#include "rootfs/inventory/inventory_priv.h"

#define MAGIC "lkboard-inventory 1"
enum { KIND, NAME, VERSION, ARCH, SOURCE, LICENCE, PURL, FIELDS };

static const char *const kinds[] = {
	[LKB_PACKAGE_DEB] = "deb", [LKB_PACKAGE_APK] = "apk", [LKB_PACKAGE_OTHER] = "other",
};

void lkb_inventory_format(const struct lkb_inventory *v, struct lkb_str *ret)
{
	size_t i;

	lkb_str_addf(ret, "%s\t%s\t%s\t%zu\n", MAGIC, v->distro ? v->distro : "",
		     v->release ? v->release : "", v->skipped);
	for (i = 0; i < v->n; i++) {
		const struct lkb_package *p = &v->items[i];

		lkb_str_addf(ret, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", kinds[p->kind], p->name,
			     p->version, p->arch, p->source, p->licence, p->purl);
	}
}

/* Cuts a line at its tabs; false unless it has n fields. */
static bool cut(struct lkb_piece line, struct lkb_piece *fields, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const char *tab = memchr(line.s, '\t', line.len);

		if (!tab != (i == n - 1))
			return false;
		fields[i] = (struct lkb_piece){line.s, tab ? (size_t)(tab - line.s) : line.len};
		line.s += fields[i].len + !!tab;
		line.len -= fields[i].len + !!tab;
	}
	return true;
}

static bool parse_head(struct lkb_piece line, struct lkb_inventory *v)
{
	struct lkb_piece f[4];
	char number[24];
	uint64_t skipped;

	if (!cut(line, f, LKB_ARRAY_SIZE(f)) || !lkb_piece_is(f[0], MAGIC) ||
	    f[3].len >= sizeof(number))
		return false;
	memcpy(number, f[3].s, f[3].len);
	number[f[3].len] = '\0';
	if (!lkb_u64_parse(number, &skipped))
		return false;
	v->skipped = (size_t)skipped;
	v->distro = f[1].len ? lkb_arena_strndup(&v->arena, f[1].s, f[1].len) : NULL;
	v->release = f[2].len ? lkb_arena_strndup(&v->arena, f[2].s, f[2].len) : NULL;
	return true;
}

static bool parse_package(struct lkb_piece line, struct lkb_inventory *v)
{
	struct lkb_piece f[FIELDS];
	size_t kind = 0, before = v->n;

	if (!cut(line, f, FIELDS))
		return false;
	while (kind < LKB_ARRAY_SIZE(kinds) && !lkb_piece_is(f[KIND], kinds[kind]))
		kind++;
	if (kind == LKB_ARRAY_SIZE(kinds))
		return false;
	lkb_inventory_add(v, &(struct lkb_record){
		.kind = (enum lkb_package_kind)kind, .name = f[NAME], .version = f[VERSION],
		.arch = f[ARCH], .source = f[SOURCE], .licence = f[LICENCE], .purl = f[PURL],
	});
	return v->n == before + 1;
}

bool lkb_inventory_parse(const char *text, size_t len, struct lkb_inventory *ret)
{
	struct lkb_piece left = {text, len}, line;
	lkb_autoinventory v = {0};

	if (!lkb_piece_line(&left, &line) || !parse_head(line, &v))
		return false;
	while (lkb_piece_line(&left, &line))
		if (!parse_package(line, &v))
			return false;
	*ret = v;
	v = (struct lkb_inventory){0};
	return true;
}
