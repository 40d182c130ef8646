/* SPDX-License-Identifier: Apache-2.0 */
#include "base/size.h"
#include "base/str.h"
#include "rootfs/rootfs_priv.h"

/* LinuxKit's numbers for image objects start here. */
#define FIRST_ID 100

void lkb_rootfs_sections(const struct lkb_spec *spec,
			 struct lkb_rootfs_section ret[LKB_ROOTFS_SECTIONS])
{
	ret[0] = (struct lkb_rootfs_section){ "onboot", &spec->onboot, true };
	ret[1] = (struct lkb_rootfs_section){ "onshutdown", &spec->onshutdown, true };
	ret[2] = (struct lkb_rootfs_section){ "services", &spec->services, false };
}

void lkb_ids_fill(const struct lkb_spec *spec, struct lkb_arena *arena, struct lkb_strmap *ret)
{
	struct lkb_rootfs_section sections[LKB_ROOTFS_SECTIONS];
	struct lkb_strmap ids = { .set = true };
	size_t total = 0;

	lkb_rootfs_sections(spec, sections);
	for (size_t s = 0; s < LKB_ROOTFS_SECTIONS; s++)
		total += sections[s].images->n;
	ids.keys = lkb_arena_array(arena, total + 1, sizeof(*ids.keys));
	ids.values = lkb_arena_array(arena, total + 1, sizeof(*ids.values));
	for (size_t s = 0; s < LKB_ROOTFS_SECTIONS; s++) {
		const struct lkb_spec_image *images = sections[s].images->items;

		for (size_t i = 0; i < sections[s].images->n; i++) {
			ids.keys[ids.n] = images[i].name ? images[i].name : "";
			ids.values[ids.n] = lkb_arena_format(arena, "%zu", FIRST_ID + ids.n);
			ids.n++;
		}
	}
	*ret = ids;
}

int lkb_id_read(const char *text, const struct lkb_strmap *ids, uint32_t *ret,
		struct lkb_error *err)
{
	uint64_t n = 0;

	if (!text || !*text || !strcmp(text, "root")) {
		*ret = 0;
		return 0;
	}
	/* A name that stands twice means the last one, as in LinuxKit. */
	for (size_t i = ids ? ids->n : 0; i > 0; i--) {
		if (!strcmp(ids->keys[i - 1], text)) {
			text = ids->values[i - 1];
			break;
		}
	}
	if (!lkb_u64_parse(text, &n)) {
		lkb_fail(err, LKB_INPUT, "'%s' is no number and no name of an image object", text);
		return lkb_hint(err, "a uid or gid is a number, 'root', or a name from onboot, "
				"onshutdown or services");
	}
	if (n >= UINT32_MAX)
		return lkb_fail(err, LKB_INPUT, "'%s' is too big for a uid or gid", text);
	*ret = (uint32_t)n;
	return 0;
}

int lkb_at_pos(const struct lkb_pos *pos, struct lkb_error *err)
{
	if (pos && pos->file)
		lkb_at(err, pos->file, pos->line, pos->column);
	return -1;
}
