/* SPDX-License-Identifier: Apache-2.0 */
/* apk's database (wiki.alpinelinux.org, "Apk spec"): lines of one letter, a colon and a value; an
 * empty line ends a package. Behind a package's own lines stand those of its files. What is said
 * twice is what was said first. */
#include <string.h>

#include "rootfs/inventory/inventory_priv.h"

static struct lkb_piece *field_of(struct lkb_record *r, char letter)
{
	switch (letter) {
	case 'P':
		return &r->name;
	case 'V':
		return &r->version;
	case 'A':
		return &r->arch;
	case 'o':
		return &r->source;
	case 'L':
		return &r->licence;
	default:
		return NULL;
	}
}

static void end_package(struct lkb_record *r, bool *any, struct lkb_inventory *v)
{
	if (r->source.len == r->name.len && r->name.len &&
	    !memcmp(r->source.s, r->name.s, r->name.len))
		r->source.len = 0;
	if (*any)
		lkb_inventory_add(v, r);
	*any = false;
	*r = (struct lkb_record){.kind = LKB_PACKAGE_APK};
}

void lkb_inventory_apk(const char *text, size_t len, struct lkb_inventory *v)
{
	struct lkb_record r = {.kind = LKB_PACKAGE_APK};
	struct lkb_piece left = {text, len}, line, *to;
	bool any = false;

	while (lkb_piece_line(&left, &line)) {
		if (!lkb_piece_trim(line).len) {
			end_package(&r, &any, v);
			continue;
		}
		any = true;
		to = line.len > 1 && line.s[1] == ':' ? field_of(&r, line.s[0]) : NULL;
		if (to && !to->len)
			*to = lkb_piece_trim((struct lkb_piece){line.s + 2, line.len - 2});
	}
	end_package(&r, &any, v);
}
