/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "flash/settings.h"

#define CONFIG_TXT "config.txt"
#define CONFIG_TXT_SIZE 4096u

struct lkb_settings_edits_own {
	struct lkb_str lines; /* what comes behind the image's own lines of config.txt */
	uint8_t block[LKB_SETTINGS_SIZE];
};

void lkb_settings_edits_clear(struct lkb_settings_edits *e)
{
	if (e->own)
		lkb_str_clear(&e->own->lines);
	free(LKB_STEAL(e->own));
	e->n = 0;
}

/* The lines of the image end where the padding begins: empty lines mean nothing to the firmware. */
static int apply_config_txt(void *ctx, uint64_t at, uint8_t *p, size_t n, struct lkb_error *err)
{
	const struct lkb_settings_edits_own *own = ctx;
	size_t used = CONFIG_TXT_SIZE, room;

	if (at || n != CONFIG_TXT_SIZE)
		return lkb_fail(err, LKB_BUG, "config.txt comes in pieces");
	if (memchr(p, 0, n))
		return lkb_fail(err, LKB_INPUT, "config.txt of the image is no text");
	while (used && p[used - 1] == '\n')
		used--;
	used += used < CONFIG_TXT_SIZE && used > 0; /* the last line's own end */
	room = CONFIG_TXT_SIZE - used;
	if (own->lines.len > room) {
		lkb_fail(err, LKB_INPUT, "config.txt has room for %zu bytes more, the lines that "
			 "are set need %zu", room, own->lines.len);
		return lkb_hint(err, "set fewer lines, or build the image with them: 'config_txt' "
				     "below 'lkboard'");
	}
	memcpy(p + used, own->lines.s, own->lines.len);
	return 0;
}

static int apply_settings(void *ctx, uint64_t at, uint8_t *p, size_t n, struct lkb_error *err)
{
	const struct lkb_settings_edits_own *own = ctx;

	if (at > LKB_SETTINGS_SIZE || n > LKB_SETTINGS_SIZE - at)
		return lkb_fail(err, LKB_BUG, LKB_SETTINGS_FILE " ends before it is changed");
	memcpy(p, own->block + at, n);
	return 0;
}

static const struct lkb_map_named *find(const struct lkb_map *map, const char *name)
{
	size_t i;

	for (i = 0; map && i < map->n_named; i++)
		if (!strcmp(map->named[i].name, name))
			return &map->named[i];
	return NULL;
}

static int add(const struct lkb_map *map, const char *name, uint64_t size,
	       int (*apply)(void *, uint64_t, uint8_t *, size_t, struct lkb_error *),
	       struct lkb_settings_edits *e, struct lkb_error *err)
{
	const struct lkb_map_named *named = find(map, name);

	if (!named) {
		lkb_fail(err, LKB_REFUSED, map ? "the image has no '%s' that can be set" :
						 "without the image's map nobody knows where its "
						 "'%s' is", name);
		return lkb_hint(err, "lkboard's cards for a Raspberry Pi (format sd) have one, and "
				     "their .map says where");
	}
	if (named->len != size || named->off % LKB_MAP_BLOCK)
		return lkb_fail(err, LKB_INPUT,
				"the map's '%s' has %" PRIu64 " bytes at %" PRIu64 ", it should "
				"have %" PRIu64 " at a multiple of %u", name, named->len,
				named->off, size, LKB_MAP_BLOCK);
	e->edits[e->n++] = (struct lkb_edit){named->off, size, apply, e->own};
	return 0;
}

int lkb_settings_edits_make(const struct lkb_flash_settings *s, const struct lkb_map *map,
			    struct lkb_settings_edits *ret, struct lkb_error *err)
{
	lkb_autosettingsedits e = {.own = lkb_alloc(sizeof(*e.own))};
	size_t i;

	/* A section filter of the image's last line would hold for these, too. */
	if (s->config_txt.n)
		lkb_str_add(&e.own->lines, "[all]\n");
	for (i = 0; i < s->config_txt.n; i++)
		lkb_str_addf(&e.own->lines, "%s\n", s->config_txt.items[i]);
	if (s->config_txt.n && add(map, CONFIG_TXT, CONFIG_TXT_SIZE, apply_config_txt, &e, err))
		return -1;
	if (!lkb_settings_is_empty(&s->env) &&
	    (lkb_settings_format(&s->env, e.own->block, err) ||
	     add(map, LKB_SETTINGS_FILE, LKB_SETTINGS_SIZE, apply_settings, &e, err)))
		return -1;
	*ret = e;
	e = (struct lkb_settings_edits){0};
	return 0;
}
