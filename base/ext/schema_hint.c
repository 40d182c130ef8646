/* SPDX-License-Identifier: Apache-2.0 */
#include <strings.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/ext/schema_priv.h"
#include "base/str.h"

/* What to do about a fault: every fault of a schema comes with one line of it. */

const struct lkb_schema_key *lkb_schema_find(const struct lkb_schema *schema,
					     const struct lkb_yaml_node *name)
{
	for (size_t i = 0; i < schema->n_keys; i++) {
		const char *key = schema->keys[i].name;

		if (*key == *name->text && lkb_yaml_is(name, key))
			return &schema->keys[i];
	}
	return NULL;
}

static bool is_list(const struct lkb_schema_key *key)
{
	return key->type == LKB_T_STRLIST || key->type == LKB_T_IDLIST ||
	       key->type == LKB_T_OBJLIST;
}

/* "{name: ..., image: ...}": the keys that an object must have, or its first. */
static void add_example(const struct lkb_schema *schema, struct lkb_str *ret)
{
	size_t n = 0;

	lkb_str_add(ret, "{");
	for (size_t i = 0; i < schema->n_keys; i++)
		if (schema->keys[i].flags & LKB_KEY_REQUIRED)
			lkb_str_addf(ret, "%s%s: ...", n++ ? ", " : "", schema->keys[i].name);
	if (!n)
		lkb_str_addf(ret, "%s: ...", schema->keys[0].name);
	lkb_str_add(ret, "}");
}

void lkb_schema_hint_list(const struct lkb_yaml_node *node, struct lkb_str *ret)
{
	lkb_str_add(ret, node->type == LKB_YAML_MAP
				 ? "a list has '- ' before each item"
				 : "a list is written [\"one\", \"two\"], or with '- ' before "
				   "each item");
}

void lkb_schema_hint_map(const struct lkb_schema *object, bool root, struct lkb_str *ret)
{
	if (root) {
		lkb_str_addf(ret, "begin with a key such as '%s:'", object->keys[0].name);
		return;
	}
	lkb_str_add(ret, "write it like ");
	if (object)
		add_example(object, ret);
	else
		lkb_str_add(ret, "{NAME: VALUE}");
	lkb_str_add(ret, ", or with each key on a line of its own");
}

void lkb_schema_hint_scalar(const struct lkb_yaml_node *node, struct lkb_str *ret)
{
	lkb_str_add(ret, node->type == LKB_YAML_SEQ
				 ? "write one value, without '- ' or '[ ]'"
				 : "write one value; text that starts with '{' or holds ': ' needs "
				   "quotes");
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
		    lkb_schema_find(schema->keys[i].object, name))
			return schema->keys[i].name;
	return NULL;
}

void lkb_schema_hint_unknown(const struct lkb_schema *schema, const struct lkb_yaml_node *name,
			     struct lkb_str *ret)
{
	const char *owner = owner_of(schema, name);
	const char *near = owner ? NULL : nearest_key(schema, name->text);

	if (owner)
		lkb_str_addf(ret, "it is a key of '%s'", owner);
	else if (near)
		lkb_str_addf(ret, "did you mean '%s'?", near);
	for (size_t i = 0; !owner && !near && i < schema->n_keys; i++)
		lkb_str_addf(ret, "%s%s", i ? ", " : "the keys here are ", schema->keys[i].name);
}

const char *lkb_schema_hint_null(const struct lkb_schema_key *key)
{
	if (key->flags & LKB_KEY_REQUIRED)
		return "give it a value";
	if (key->flags & (LKB_KEY_NONEMPTY | LKB_KEY_NONEMPTY_LIST))
		return "remove the key, or give it a value";
	if (is_list(key))
		return "remove the key, or write [] for an empty list";
	if (key->type == LKB_T_STRMAP || key->type == LKB_T_OBJECT)
		return "remove the key, or write {} for an empty map";
	if (key->type == LKB_T_STRING && !key->choices && !key->check)
		return "remove the key, or write \"\" for an empty text";
	return "remove the key, or give it a value";
}

const char *lkb_schema_hint_empty(const struct lkb_schema_key *key, bool is_item)
{
	if (key->hint)
		return key->hint;
	if (is_item)
		return "remove the item, or give it a value";
	if (key->flags & LKB_KEY_REQUIRED)
		return "give it a value";
	return is_list(key) ? "remove the key, or give the list an item"
			    : "remove the key, or give it a value";
}

void lkb_schema_hint_required(const struct lkb_schema_key *key, struct lkb_str *ret)
{
	lkb_str_addf(ret, "add '%s': %.*s", key->name, (int)strcspn(key->doc, ";"), key->doc);
}

void lkb_schema_hint_number(const struct lkb_schema_key *key, struct lkb_str *ret)
{
	if (!key->min && !key->max)
		lkb_str_add(ret, "write a whole number such as 10");
	else if (key->max == INT64_MAX)
		lkb_str_addf(ret, "write a whole number, at least %lld", (long long)key->min);
	else
		lkb_str_addf(ret, "write a whole number from %lld to %lld", (long long)key->min,
			     (long long)key->max);
}
