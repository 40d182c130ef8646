/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/container_priv.h"

/* Copies the value at `from` over the one at `to` if `to` is absent. */
#define FILL(type, is_absent, to, from) \
	do { \
		type *fill_to_ = (void *)(to); \
		type const *fill_from_ = (const void *)(from); \
		if (is_absent(*fill_to_)) \
			*fill_to_ = *fill_from_; \
	} while (0)
#define IS_NULL(v) (!(v))
#define IS_UNSET(v) (!(v).set)

static void fill_object(const struct lkb_schema *schema, char *to, const char *from);

static void fill_whole(const struct lkb_schema *schema, char *to, const char *from)
{
	const struct lkb_pos *pos = (const struct lkb_pos *)(to + schema->pos_offset);

	if (!pos->file)
		memcpy(to, from, schema->size);
}

static void fill_key(const struct lkb_schema_key *k, char *to, const char *from)
{
	switch (k->type) {
	case LKB_T_STRING:
	case LKB_T_ID:
		FILL(const char *, IS_NULL, to, from);
		break;
	case LKB_T_BOOL:
		FILL(enum lkb_tristate, IS_NULL, to, from);
		break;
	case LKB_T_INT:
	case LKB_T_MODE:
	case LKB_T_SIZE:
		FILL(struct lkb_opt_int, IS_UNSET, to, from);
		break;
	case LKB_T_STRLIST:
	case LKB_T_IDLIST:
		FILL(struct lkb_strlist, IS_UNSET, to, from);
		break;
	case LKB_T_STRMAP:
		FILL(struct lkb_strmap, IS_UNSET, to, from);
		break;
	case LKB_T_OBJLIST:
		FILL(struct lkb_objlist, IS_UNSET, to, from);
		break;
	case LKB_T_OBJECT:
		if (k->flags & LKB_KEY_WHOLE)
			fill_whole(k->object, to, from);
		else
			fill_object(k->object, to, from);
		break;
	}
}

/* Goes by the schema's own table, so that a new key of the spec is merged without a word here. */
static void fill_object(const struct lkb_schema *schema, char *to, const char *from)
{
	for (size_t i = 0; i < schema->n_keys; i++) {
		const struct lkb_schema_key *k = &schema->keys[i];

		if (!k->ignored)
			fill_key(k, to + k->offset, from + k->offset);
	}
}

static void add_new(struct lkb_strlist *to, const struct lkb_strlist *from)
{
	for (size_t i = 0; i < from->n; i++) {
		size_t at = 0;

		while (at < to->n && strcmp(to->items[at], from->items[i]))
			at++;
		if (at == to->n)
			to->items[to->n++] = from->items[i];
	}
}

/* The whole list where the spec has one, else the label's list and what both add, nothing twice. */
static struct lkb_strlist add_lists(const struct lkb_strlist *whole, const struct lkb_strlist *base,
				    const struct lkb_strlist *base_add,
				    const struct lkb_strlist *add, struct lkb_arena *arena)
{
	struct lkb_strlist sum = { .set = true };

	if (whole->set)
		return *whole;
	sum.items = lkb_arena_array(arena, base->n + base_add->n + add->n + 1, sizeof(*sum.items));
	add_new(&sum, base);
	add_new(&sum, base_add);
	add_new(&sum, add);
	return sum;
}

void lkb_merge_images(const struct lkb_spec_image *over, const struct lkb_spec_image *under,
		      struct lkb_arena *arena, struct lkb_spec_image *ret)
{
	struct lkb_spec_image sum = *over;

	fill_object(lkb_spec_schema_at("services[]"), (char *)&sum, (const char *)under);
	sum.capabilities = add_lists(&over->capabilities, &under->capabilities,
				     &under->capabilities_add, &over->capabilities_add, arena);
	sum.binds = add_lists(&over->binds, &under->binds, &under->binds_add, &over->binds_add,
			      arena);
	*ret = sum;
}
