/* SPDX-License-Identifier: Apache-2.0 */
#include <strings.h>

#include "base/str.h"
#include "rootfs/container_priv.h"

struct set {
	bool has[LKB_N_CAPABILITIES];
};

static int unknown(const struct lkb_strlist *words, size_t i, struct lkb_error *err)
{
	const char *word = words->items[i];
	const char *near = lkb_did_you_mean(word, lkb_spec_capabilities, LKB_N_CAPABILITIES);

	lkb_fail(err, LKB_INPUT, "unknown capability '%s'", word);
	if (words->pos && words->pos[i].file)
		lkb_at(err, words->pos[i].file, words->pos[i].line, words->pos[i].column);
	if (near)
		return lkb_hint(err, "did you mean '%s'?", near);
	return lkb_hint(err, "capabilities are written as in capabilities(7), such as "
			"'CAP_NET_ADMIN', or 'all' or 'none'");
}

static int read_words(const struct lkb_strlist *words, struct set *set, struct lkb_error *err)
{
	for (size_t i = 0; i < words->n; i++) {
		size_t at = 0;

		if (!strcasecmp(words->items[i], "none"))
			continue;
		if (!strcasecmp(words->items[i], "all")) {
			memset(set->has, true, sizeof(set->has));
			continue;
		}
		while (at < LKB_N_CAPABILITIES &&
		       strcmp(lkb_spec_capabilities[at], words->items[i]))
			at++;
		if (at == LKB_N_CAPABILITIES)
			return unknown(words, i, err);
		set->has[at] = true;
	}
	return 0;
}

static struct lkb_strlist to_list(const struct set *set, struct lkb_arena *arena)
{
	struct lkb_strlist list = { .set = true };

	list.items = lkb_arena_array(arena, LKB_N_CAPABILITIES, sizeof(*list.items));
	for (size_t i = 0; i < LKB_N_CAPABILITIES; i++)
		if (set->has[i])
			list.items[list.n++] = lkb_spec_capabilities[i];
	return list;
}

int lkb_caps_read(const struct lkb_spec_image *set, struct lkb_arena *arena, struct lkb_caps *ret,
		  struct lkb_error *err)
{
	struct set active = { 0 }, ambient = { 0 }, held;

	if (read_words(&set->capabilities, &active, err) < 0 ||
	    read_words(&set->ambient, &ambient, err) < 0)
		return -1;
	/* An ambient capability must be permitted and inheritable, or the kernel refuses it. */
	for (size_t i = 0; i < LKB_N_CAPABILITIES; i++)
		held.has[i] = active.has[i] || ambient.has[i];
	ret->held = to_list(&held, arena);
	ret->active = to_list(&active, arena);
	ret->ambient = to_list(&ambient, arena);
	return 0;
}
