/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ext/schema_write.h"

static json_t *strings(const struct lkb_strlist *list, json_t *(*item)(const char *text))
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++)
		lkb_json_append(array, item(list->items[i]));
	return array;
}

static json_t *string(const char *text)
{
	return json_string(text);
}

/* Ids are kept as text; a number was written as one. */
static json_t *id(const char *text)
{
	if (!*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 10)
		return json_string(text);
	return json_integer((json_int_t)strtoll(text, NULL, 10));
}

static json_t *map(const struct lkb_strmap *m)
{
	json_t *object = json_object();

	for (size_t i = 0; i < m->n; i++)
		lkb_json_set(object, m->keys[i], json_string(m->values[i]));
	return object;
}

static json_t *objects(const struct lkb_schema *schema, const struct lkb_objlist *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++)
		lkb_json_append(array, lkb_schema_write(schema, (const char *)list->items +
							schema->size * i));
	return array;
}

static json_t *object_if_there(const struct lkb_schema *schema, const void *object)
{
	const struct lkb_pos *pos = (const struct lkb_pos *)((const char *)object +
							     schema->pos_offset);

	if (schema->pos_offset != LKB_NO_POS && !pos->file)
		return NULL;
	return lkb_schema_write(schema, object);
}

static json_t *number(enum lkb_schema_type type, int64_t v)
{
	return type == LKB_T_MODE ? json_sprintf("0%llo", (unsigned long long)v)
				  : json_integer((json_int_t)v);
}

/* The value of one key; NULL if it is not set. */
static json_t *value_of(const struct lkb_schema_key *k, const void *field)
{
	const char *const *text = field;
	const enum lkb_tristate *truth = field;
	const struct lkb_opt_int *integer = field;
	const struct lkb_strlist *list = field;
	const struct lkb_strmap *pairs = field;
	const struct lkb_objlist *items = field;

	switch (k->type) {
	case LKB_T_STRING:
		return *text ? json_string(*text) : NULL;
	case LKB_T_ID:
		return *text ? id(*text) : NULL;
	case LKB_T_BOOL:
		return *truth ? json_boolean(*truth == LKB_YES) : NULL;
	case LKB_T_INT:
	case LKB_T_MODE:
	case LKB_T_SIZE:
		return integer->set ? number(k->type, integer->v) : NULL;
	case LKB_T_STRLIST:
		return list->set ? strings(list, string) : NULL;
	case LKB_T_IDLIST:
		return list->set ? strings(list, id) : NULL;
	case LKB_T_STRMAP:
		return pairs->set ? map(pairs) : NULL;
	case LKB_T_OBJLIST:
		return items->set ? objects(k->object, items) : NULL;
	case LKB_T_OBJECT:
		return object_if_there(k->object, field);
	}
	return NULL;
}

json_t *lkb_schema_write(const struct lkb_schema *schema, const void *object)
{
	json_t *ret = json_object();

	for (size_t i = 0; i < schema->n_keys; i++) {
		const struct lkb_schema_key *k = &schema->keys[i];
		json_t *value = k->ignored ? NULL
					   : value_of(k, (const char *)object + k->offset);

		if (value)
			lkb_json_set(ret, k->name, value);
	}
	return ret;
}
