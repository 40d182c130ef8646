/* SPDX-License-Identifier: Apache-2.0 */
/* os-release(5): KEY=value, where a value may stand in quotes. */
#include <string.h>

#include "rootfs/inventory/inventory_priv.h"

#define VALUE_MAX_BYTES 64u

/* Lower-case letters, digits and "._-" are all that ID and VERSION_ID may have. */
static const char *value_of(struct lkb_inventory *v, struct lkb_piece p)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t i;

	if (p.len >= 2 && (p.s[0] == '"' || p.s[0] == '\'') && p.s[p.len - 1] == p.s[0])
		p = (struct lkb_piece){p.s + 1, p.len - 2};
	if (!p.len || p.len > VALUE_MAX_BYTES)
		return NULL;
	for (i = 0; i < p.len; i++)
		if (!p.s[i] || !strchr(allowed, p.s[i]))
			return NULL;
	return lkb_arena_strndup(&v->arena, p.s, p.len);
}

void lkb_inventory_os_release(const char *text, size_t len, struct lkb_inventory *v)
{
	struct lkb_piece left = {text, len}, line;

	while (lkb_piece_line(&left, &line)) {
		const char *equals = memchr(line.s, '=', line.len);
		struct lkb_piece key, value;

		if (!equals)
			continue;
		key = lkb_piece_trim((struct lkb_piece){line.s, (size_t)(equals - line.s)});
		value = lkb_piece_trim((struct lkb_piece){
			equals + 1, line.len - (size_t)(equals - line.s) - 1});
		if (!v->distro && lkb_piece_is(key, "ID"))
			v->distro = value_of(v, value);
		else if (!v->release && lkb_piece_is(key, "VERSION_ID"))
			v->release = value_of(v, value);
	}
}
