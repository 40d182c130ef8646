/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ext/schema.h"

#include <strings.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/ext/schema_priv.h"
#include "base/str.h"

#define LIST_HINT "a list is written [\"one\", \"two\"], or with '- ' before each item"

static struct lkb_pos pos_of(const struct lkb_schema_reader *r, const struct lkb_yaml_node *node)
{
	return (struct lkb_pos){ .file = r->file, .line = node->line, .column = node->column };
}

static bool is(struct lkb_schema_reader *r, const struct lkb_yaml_node *node,
	       enum lkb_yaml_type type, const struct lkb_schema_path *path)
{
	if (node->type == type)
		return true;
	if (lkb_yaml_is_null(node))
		lkb_schema_fault(r, path, node, NULL, "has no value");
	else
		lkb_schema_fault(r, path, node,
				 type == LKB_YAML_SEQ && node->type == LKB_YAML_SCALAR ? LIST_HINT
										       : NULL,
				 "must be %s, not %s", type == LKB_YAML_SEQ ? "a list" : "a map",
				 lkb_yaml_kind(node));
	return false;
}

static const struct lkb_schema_key *find_key(const struct lkb_schema *schema,
					     const struct lkb_yaml_node *name)
{
	for (size_t i = 0; i < schema->n_keys; i++)
		if (lkb_yaml_is(name, schema->keys[i].name))
			return &schema->keys[i];
	return NULL;
}

static const char *nearest_key(const struct lkb_schema *schema, const char *word)
{
	lkb_autofree const char **names = lkb_alloc_array(schema->n_keys, sizeof(*names));

	for (size_t i = 0; i < schema->n_keys; i++) {
		names[i] = schema->keys[i].name;
		if (!strcasecmp(word, names[i]))
			return names[i];
	}
	return lkb_did_you_mean(word, names, schema->n_keys);
}

/* The object in this one that has the key: the user wrote it one level too high. */
static const char *owner_of(const struct lkb_schema *schema, const struct lkb_yaml_node *name)
{
	for (size_t i = 0; i < schema->n_keys; i++)
		if (schema->keys[i].type == LKB_T_OBJECT && schema->keys[i].object &&
		    find_key(schema->keys[i].object, name))
			return schema->keys[i].name;
	return NULL;
}

/* "did you mean 'image'?", where the key belongs, or the keys there are if they are few. */
static void hint_for_unknown(const struct lkb_schema *schema, const struct lkb_yaml_node *name,
			     struct lkb_str *hint)
{
	const char *owner = owner_of(schema, name);
	const char *near = nearest_key(schema, name->text);

	if (owner) {
		lkb_str_addf(hint, "it is a key of '%s'", owner);
	} else if (near) {
		lkb_str_addf(hint, "did you mean '%s'?", near);
	} else if (schema->n_keys <= 12) {
		for (size_t i = 0; i < schema->n_keys; i++)
			if (!schema->keys[i].refused)
				lkb_str_addf(hint, "%s%s", hint->len ? ", " : "the keys here are ",
					     schema->keys[i].name);
	}
}

static void unknown_key(struct lkb_schema_reader *r, const struct lkb_schema *schema,
			const struct lkb_yaml_node *name, const struct lkb_schema_path *path)
{
	struct lkb_pos pos = pos_of(r, name);
	lkb_autostr object = { 0 };
	lkb_autostr hint = { 0 };

	lkb_schema_path_text(path, &object);
	if (r->diags->n < LKB_DIAG_MAX)
		hint_for_unknown(schema, name, &hint);
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
	lkb_str_addf(&hint, "first at %s:%u:%u", r->file, pair->first->line, pair->first->column);
	lkb_schema_fault(r, path, pair->key, hint.s, "is given twice");
	return true;
}

static void check_empty(struct lkb_schema_reader *r, const struct lkb_schema_key *key,
			const struct lkb_yaml_node *node, const struct lkb_schema_path *path)
{
	if ((key->flags & (LKB_KEY_NONEMPTY | LKB_KEY_NONEMPTY_LIST)) && !node->n)
		lkb_schema_fault(r, path, node, key->hint, "is empty");
}

static void read_strlist(struct lkb_schema_reader *r, const struct lkb_schema_key *key,
			 const struct lkb_yaml_node *node, const struct lkb_schema_path *path,
			 struct lkb_strlist *ret)
{
	enum lkb_schema_type type = key->type == LKB_T_IDLIST ? LKB_T_ID : LKB_T_STRING;

	if (!is(r, node, LKB_YAML_SEQ, path))
		return;
	check_empty(r, key, node, path);
	ret->set = true;
	ret->items = lkb_arena_array(r->arena, node->n, sizeof(*ret->items));
	ret->pos = lkb_arena_array(r->arena, node->n, sizeof(*ret->pos));
	for (size_t i = 0; i < node->n; i++) {
		struct lkb_schema_path at = { .up = path, .index = i };
		const struct lkb_yaml_node *item = node->items[i];

		if (lkb_yaml_is_null(item))
			lkb_schema_fault(r, &at, item, NULL, "has no value");
		else if (lkb_schema_read_scalar(r, key, type, item, &at, &ret->items[ret->n]))
			ret->pos[ret->n++] = pos_of(r, item);
	}
}

static void read_strmap(struct lkb_schema_reader *r, const struct lkb_schema_key *key,
			const struct lkb_yaml_node *node, const struct lkb_schema_path *path,
			struct lkb_strmap *ret)
{
	if (!is(r, node, LKB_YAML_MAP, path))
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
			lkb_schema_fault(r, &at, pair->key, NULL, "holds a NUL character");
		else if (lkb_yaml_is_null(pair->value))
			lkb_schema_fault(r, &at, pair->key, NULL, "has no value");
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
	if (!is(r, node, LKB_YAML_SEQ, path))
		return;
	check_empty(r, key, node, path);
	ret->set = true;
	ret->n = node->n;
	ret->items = lkb_arena_array(r->arena, node->n, key->object->size);
	for (size_t i = 0; i < node->n; i++) {
		struct lkb_schema_path at = { .up = path, .index = i };

		if (is(r, node->items[i], LKB_YAML_MAP, &at))
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
		if (is(r, node, LKB_YAML_MAP, path))
			read_object(r, key->object, node, path, field);
		break;
	default:
		lkb_schema_read_scalar(r, key, key->type, node, path, field);
		break;
	}
}

/* What to write in place of nothing. */
static const char *hint_for_null(const struct lkb_schema_key *key)
{
	switch (key->type) {
	case LKB_T_STRLIST:
	case LKB_T_IDLIST:
	case LKB_T_OBJLIST:
		return "remove the key, or write [] for an empty list";
	case LKB_T_STRMAP:
	case LKB_T_OBJECT:
		return "remove the key, or write {} for an empty map";
	case LKB_T_STRING:
		return "remove the key, or write \"\" for an empty text";
	default:
		return "remove the key, or give it a value";
	}
}

static void read_pair(struct lkb_schema_reader *r, const struct lkb_schema *schema,
		      const struct lkb_yaml_pair *pair, const struct lkb_schema_path *path,
		      void *ret)
{
	const struct lkb_schema_key *key = find_key(schema, pair->key);
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
		lkb_schema_fault(r, &at, pair->key, hint_for_null(key), "has no value");
	} else if (key->refused) {
		lkb_schema_fault(r, &at, pair->key, key->hint, "%s", key->refused);
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

		if (!(key->flags & LKB_KEY_REQUIRED) || lkb_yaml_get(node, key->name))
			continue;
		lkb_schema_path_text(path, &object);
		lkb_schema_error(r->diags, &pos, NULL, "%s has no '%s'",
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

	if (is(&r, node, LKB_YAML_MAP, &root))
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
