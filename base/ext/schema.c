/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ext/schema.h"

#include "base/cleanup.h"
#include "base/ext/schema_priv.h"
#include "base/str.h"

static struct lkb_pos pos_of(const struct lkb_schema_reader *r, const struct lkb_yaml_node *node)
{
	return (struct lkb_pos){ .file = r->file, .line = node->line, .column = node->column };
}

/* Anything but a list, or a map of the object's keys, is refused; `object` is NULL for a list and
 * for a map of text. */
static bool is(struct lkb_schema_reader *r, const struct lkb_yaml_node *node,
	       enum lkb_yaml_type type, const struct lkb_schema *object,
	       const struct lkb_schema_path *path)
{
	lkb_autostr hint = { 0 };

	if (node->type == type)
		return true;
	if (lkb_yaml_is_null(node)) {
		lkb_schema_fault(r, path, node, "remove it, or give it a value", "has no value");
		return false;
	}
	if (type == LKB_YAML_SEQ)
		lkb_schema_hint_list(node, &hint);
	else
		lkb_schema_hint_map(object, !path->up, &hint);
	lkb_schema_fault(r, path, node, hint.s, "must be %s, not %s",
			 type == LKB_YAML_SEQ ? "a list" : "a map", lkb_yaml_kind(node));
	return false;
}

static void unknown_key(struct lkb_schema_reader *r, const struct lkb_schema *schema,
			const struct lkb_yaml_node *name, const struct lkb_schema_path *path)
{
	struct lkb_pos pos = pos_of(r, name);
	lkb_autostr object = { 0 };
	lkb_autostr hint = { 0 };

	lkb_schema_path_text(path, &object);
	if (lkb_schema_shows(r))
		lkb_schema_hint_unknown(schema, name, &hint);
	lkb_schema_error(r->diags, &pos, hint.len ? hint.s : NULL, "unknown key '%s'%s%s",
			 lkb_schema_shown(name->text).s, object.len ? " in " : "",
			 lkb_str_get(&object));
}

/* True, after saying so, if the key stands in its map for a second time. */
static bool given_twice(struct lkb_schema_reader *r, const struct lkb_yaml_pair *pair,
			const struct lkb_schema_path *path)
{
	lkb_autostr hint = { 0 };

	if (!pair->first)
		return false;
	lkb_str_addf(&hint, "remove one of them; the first is at %s:%u:%u", r->file,
		     pair->first->line, pair->first->column);
	lkb_schema_fault(r, path, pair->key, hint.s, "is given twice");
	return true;
}

static void check_empty(struct lkb_schema_reader *r, const struct lkb_schema_key *key,
			const struct lkb_yaml_node *node, const struct lkb_schema_path *path)
{
	if ((key->flags & (LKB_KEY_NONEMPTY | LKB_KEY_NONEMPTY_LIST)) && !node->n)
		lkb_schema_fault(r, path, node, lkb_schema_hint_empty(key, false), "is empty");
}

static void read_strlist(struct lkb_schema_reader *r, const struct lkb_schema_key *key,
			 const struct lkb_yaml_node *node, const struct lkb_schema_path *path,
			 struct lkb_strlist *ret)
{
	enum lkb_schema_type type = key->type == LKB_T_IDLIST ? LKB_T_ID : LKB_T_STRING;

	if (!is(r, node, LKB_YAML_SEQ, NULL, path))
		return;
	check_empty(r, key, node, path);
	ret->set = true;
	ret->items = lkb_arena_array(r->arena, node->n, sizeof(*ret->items));
	ret->pos = lkb_arena_array(r->arena, node->n, sizeof(*ret->pos));
	for (size_t i = 0; i < node->n; i++) {
		struct lkb_schema_path at = { .up = path, .index = i };
		const struct lkb_yaml_node *item = node->items[i];

		if (lkb_yaml_is_null(item))
			lkb_schema_fault(r, &at, item, "remove the item, or give it a value",
					 "has no value");
		else if (lkb_schema_read_scalar(r, key, type, item, &at, &ret->items[ret->n]))
			ret->pos[ret->n++] = pos_of(r, item);
	}
}

static void read_strmap(struct lkb_schema_reader *r, const struct lkb_schema_key *key,
			const struct lkb_yaml_node *node, const struct lkb_schema_path *path,
			struct lkb_strmap *ret)
{
	if (!is(r, node, LKB_YAML_MAP, NULL, path))
		return;
	check_empty(r, key, node, path);
	ret->set = true;
	ret->keys = lkb_arena_array(r->arena, node->n, sizeof(*ret->keys));
	ret->values = lkb_arena_array(r->arena, node->n, sizeof(*ret->values));
	ret->pos = lkb_arena_array(r->arena, node->n, sizeof(*ret->pos));
	for (size_t i = 0; i < node->n; i++) {
		const struct lkb_yaml_pair *pair = &node->pairs[i];
		struct lkb_schema_path at = { .up = path, .key = pair->key->text };

		if (given_twice(r, pair, &at))
			continue;
		if (strlen(pair->key->text) != pair->key->text_len)
			lkb_schema_fault(r, &at, pair->key, "remove the '\\0'",
					 "holds a NUL character");
		else if (lkb_yaml_is_null(pair->value))
			lkb_schema_fault(r, &at, pair->key, "remove the key, or give it a value",
					 "has no value");
		else if (lkb_schema_read_scalar(r, key, LKB_T_STRING, pair->value, &at,
						&ret->values[ret->n])) {
			ret->keys[ret->n] = pair->key->text;
			ret->pos[ret->n++] = pos_of(r, pair->key);
		}
	}
}

static void read_object(struct lkb_schema_reader *r, const struct lkb_schema *schema,
			const struct lkb_yaml_node *node, const struct lkb_schema_path *path,
			void *ret);

static void read_objlist(struct lkb_schema_reader *r, const struct lkb_schema_key *key,
			 const struct lkb_yaml_node *node, const struct lkb_schema_path *path,
			 struct lkb_objlist *ret)
{
	if (!is(r, node, LKB_YAML_SEQ, NULL, path))
		return;
	check_empty(r, key, node, path);
	ret->set = true;
	ret->n = node->n;
	ret->items = lkb_arena_array(r->arena, node->n, key->object->size);
	for (size_t i = 0; i < node->n; i++) {
		struct lkb_schema_path at = { .up = path, .index = i };

		if (is(r, node->items[i], LKB_YAML_MAP, key->object, &at))
			read_object(r, key->object, node->items[i], &at,
				    (char *)ret->items + key->object->size * i);
	}
}

static void read_value(struct lkb_schema_reader *r, const struct lkb_schema_key *key,
		       const struct lkb_yaml_node *node, const struct lkb_schema_path *path,
		       void *field)
{
	switch (key->type) {
	case LKB_T_STRLIST:
	case LKB_T_IDLIST:
		read_strlist(r, key, node, path, field);
		break;
	case LKB_T_STRMAP:
		read_strmap(r, key, node, path, field);
		break;
	case LKB_T_OBJLIST:
		read_objlist(r, key, node, path, field);
		break;
	case LKB_T_OBJECT:
		if (is(r, node, LKB_YAML_MAP, key->object, path))
			read_object(r, key->object, node, path, field);
		break;
	default:
		lkb_schema_read_scalar(r, key, key->type, node, path, field);
		break;
	}
}

static void read_pair(struct lkb_schema_reader *r, const struct lkb_schema *schema,
		      const struct lkb_yaml_pair *pair, const struct lkb_schema_path *path,
		      void *ret)
{
	const struct lkb_schema_key *key = lkb_schema_find(schema, pair->key);
	struct lkb_schema_path at = { .up = path, .key = pair->key->text };
	struct lkb_pos pos = pos_of(r, pair->key);
	lkb_autostr subject = { 0 };

	if (!key) {
		unknown_key(r, schema, pair->key, path);
		return;
	}
	if (given_twice(r, pair, &at))
		return;
	if (lkb_yaml_is_null(pair->value)) {
		lkb_schema_fault(r, &at, pair->key, lkb_schema_hint_null(key), "has no value");
	} else if (key->ignored) {
		lkb_schema_subject(&at, &subject);
		lkb_schema_warning(r->diags, &pos, key->hint, "%s %s", subject.s, key->ignored);
	} else {
		read_value(r, key, pair->value, &at, (char *)ret + key->offset);
	}
}

/* Required keys that are absent; of one without a value that was said. */
static void check_required(struct lkb_schema_reader *r, const struct lkb_schema *schema,
			   const struct lkb_yaml_node *node, const struct lkb_schema_path *path)
{
	struct lkb_pos pos = pos_of(r, node);

	for (size_t i = 0; i < schema->n_keys; i++) {
		const struct lkb_schema_key *key = &schema->keys[i];
		lkb_autostr object = { 0 };
		lkb_autostr hint = { 0 };

		if (!(key->flags & LKB_KEY_REQUIRED) || lkb_yaml_get(node, key->name))
			continue;
		lkb_schema_path_text(path, &object);
		lkb_schema_hint_required(key, &hint);
		lkb_schema_error(r->diags, &pos, hint.s, "%s has no '%s'",
				 object.len ? object.s : "the file", key->name);
	}
}

/* The node is a map. */
static void read_object(struct lkb_schema_reader *r, const struct lkb_schema *schema,
			const struct lkb_yaml_node *node, const struct lkb_schema_path *path,
			void *ret)
{
	if (schema->pos_offset != LKB_NO_POS) {
		struct lkb_pos *pos = (struct lkb_pos *)((char *)ret + schema->pos_offset);

		*pos = pos_of(r, node);
		pos->node = node;
	}
	for (size_t i = 0; i < node->n; i++)
		read_pair(r, schema, &node->pairs[i], path, ret);
	check_required(r, schema, node, path);
}

void lkb_schema_read(const struct lkb_schema *schema, const struct lkb_yaml_node *node,
		     const char *file, void *ret, struct lkb_arena *arena,
		     struct lkb_diags *diags)
{
	struct lkb_schema_reader r = { .file = file, .arena = arena, .diags = diags };
	struct lkb_schema_path root = { 0 };

	if (is(&r, node, LKB_YAML_MAP, schema, &root))
		read_object(&r, schema, node, &root, ret);
}

struct lkb_pos lkb_schema_pos(const struct lkb_pos *object, const char *key)
{
	const struct lkb_yaml_node *value = object->node ? lkb_yaml_get(object->node, key) : NULL;

	if (!value)
		return *object;
	return (struct lkb_pos){ .file = object->file, .line = value->line,
				 .column = value->column };
}

bool lkb_schema_given(const struct lkb_pos *object, const char *key)
{
	const struct lkb_yaml_node *value = object->node ? lkb_yaml_get(object->node, key) : NULL;

	return value && !lkb_yaml_is_null(value);
}

static void walk(const struct lkb_schema *schema, const char *prefix,
		 void (*fn)(void *ctx, const char *path, const struct lkb_schema_key *key),
		 void *ctx)
{
	for (size_t i = 0; i < schema->n_keys; i++) {
		const struct lkb_schema_key *key = &schema->keys[i];
		lkb_autofree char *path = lkb_format("%s%s%s", prefix, *prefix ? "." : "",
						     key->name);
		lkb_autofree char *below = lkb_format("%s%s", path,
						      key->type == LKB_T_OBJLIST ? "[]" : "");

		fn(ctx, path, key);
		if (key->object)
			walk(key->object, below, fn, ctx);
	}
}

void lkb_schema_walk(const struct lkb_schema *schema,
		     void (*fn)(void *ctx, const char *path, const struct lkb_schema_key *key),
		     void *ctx)
{
	walk(schema, "", fn, ctx);
}
