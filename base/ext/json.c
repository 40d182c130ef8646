/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ext/json.h"

#include <stdarg.h>

#include "base/cleanup.h"

/* The path of the value, as "manifests[3].platform". */
static void add_path(struct lkb_str *out, const struct lkb_json_at *at)
{
	if (!at->up)
		return;
	add_path(out, at->up);
	if (!at->key) {
		lkb_str_addf(out, "[%zu]", at->index);
		return;
	}
	if (out->len)
		lkb_str_addc(out, '.');
	lkb_str_add(out, at->key);
}

int lkb_json_fail(const struct lkb_json_at *at, const char *key, struct lkb_error *err,
		  const char *what, ...)
{
	lkb_autostr path = {0};
	lkb_autostr text = {0};
	va_list ap;

	add_path(&path, at);
	if (key && path.len)
		lkb_str_addc(&path, '.');
	if (key)
		lkb_str_add(&path, key);
	va_start(ap, what);
	lkb_str_vaddf(&text, what, ap);
	va_end(ap);
	if (!path.len)
		return lkb_fail(err, LKB_INPUT, "%s: the document %s", at->doc,
				lkb_str_get(&text));
	return lkb_fail(err, LKB_INPUT, "%s: '%s' %s", at->doc, lkb_str_get(&path),
			lkb_str_get(&text));
}

/* Commas and opening brackets are a bound on the number of values, known before any is made. */
static bool too_many_values(const char *text, size_t len)
{
	size_t n = 1;

	for (size_t i = 0; i < len; i++)
		n += text[i] == ',' || text[i] == '[' || text[i] == '{';
	return n > LKB_JSON_MAX_VALUES;
}

int lkb_json_parse(const char *text, size_t len, const char *name, json_t **ret,
		   struct lkb_error *err)
{
	json_error_t fault;
	json_t *v;

	if (len > LKB_JSON_MAX)
		return lkb_fail(err, LKB_INPUT, "%s: %zu bytes of JSON are more than the %zu "
				"that are read", name, len, LKB_JSON_MAX);
	if (too_many_values(text, len))
		return lkb_fail(err, LKB_INPUT, "%s: more than %d values", name,
				LKB_JSON_MAX_VALUES);
	v = json_loadb(text, len, JSON_REJECT_DUPLICATES, &fault);
	if (!v) {
		lkb_fail(err, LKB_INPUT, "%s: malformed JSON in line %d: %s", name,
			 fault.line > 0 ? fault.line : 1, fault.text);
		return -1;
	}
	*ret = v;
	return 0;
}

int lkb_json_root(const json_t *v, const char *doc, struct lkb_json_at *ret, struct lkb_error *err)
{
	struct lkb_json_at at = { .value = v, .doc = doc };

	if (!json_is_object(v))
		return lkb_json_fail(&at, NULL, err, "is no object");
	*ret = at;
	return 0;
}

/* The value under a key; NULL for absent and null. */
static const json_t *get(const struct lkb_json_at *obj, const char *key)
{
	const json_t *v = obj->value ? json_object_get(obj->value, key) : NULL;

	return json_is_null(v) ? NULL : v;
}

static int missing(const struct lkb_json_at *obj, const char *key, enum lkb_json_need need,
		   struct lkb_error *err)
{
	return need == LKB_JSON_REQUIRED ? lkb_json_fail(obj, key, err, "is missing") : 0;
}

bool lkb_json_has(const struct lkb_json_at *obj, const char *key)
{
	return get(obj, key) != NULL;
}

int lkb_json_string(const struct lkb_json_at *obj, const char *key, enum lkb_json_need need,
		    const char **ret, struct lkb_error *err)
{
	const json_t *v = get(obj, key);

	if (v && !json_is_string(v))
		return lkb_json_fail(obj, key, err, "is no string");
	if (!v && missing(obj, key, need, err))
		return -1;
	*ret = v ? json_string_value(v) : NULL;
	return 0;
}

int lkb_json_u64(const struct lkb_json_at *obj, const char *key, enum lkb_json_need need,
		 uint64_t max, uint64_t *ret, struct lkb_error *err)
{
	const json_t *v = get(obj, key);

	if (v && !json_is_integer(v))
		return lkb_json_fail(obj, key, err, "is no whole number");
	if (v && (json_integer_value(v) < 0 || (uint64_t)json_integer_value(v) > max))
		return lkb_json_fail(obj, key, err, "is %lld, not within 0 and %llu",
				     (long long)json_integer_value(v), (unsigned long long)max);
	if (!v && missing(obj, key, need, err))
		return -1;
	*ret = v ? (uint64_t)json_integer_value(v) : 0;
	return 0;
}

static int child(const struct lkb_json_at *obj, const char *key, enum lkb_json_need need,
		 json_type type, const char *what, struct lkb_json_at *ret, struct lkb_error *err)
{
	const json_t *v = get(obj, key);

	if (v && json_typeof(v) != type)
		return lkb_json_fail(obj, key, err, "is no %s", what);
	if (!v && missing(obj, key, need, err))
		return -1;
	*ret = (struct lkb_json_at){ .value = v, .doc = obj->doc, .up = obj, .key = key };
	return 0;
}

int lkb_json_object(const struct lkb_json_at *obj, const char *key, enum lkb_json_need need,
		    struct lkb_json_at *ret, struct lkb_error *err)
{
	return child(obj, key, need, JSON_OBJECT, "object", ret, err);
}

int lkb_json_array(const struct lkb_json_at *obj, const char *key, enum lkb_json_need need,
		   size_t max_n, struct lkb_json_at *ret, struct lkb_error *err)
{
	struct lkb_json_at at;

	if (child(obj, key, need, JSON_ARRAY, "list", &at, err))
		return -1;
	if (lkb_json_count(&at) > max_n)
		return lkb_json_fail(obj, key, err, "has %zu items, more than %zu",
				     lkb_json_count(&at), max_n);
	*ret = at;
	return 0;
}

int lkb_json_strings(const struct lkb_json_at *obj, const char *key, size_t max_n,
		     struct lkb_strv *list, bool *ret_has, struct lkb_error *err)
{
	struct lkb_json_at array;
	size_t n;

	if (lkb_json_array(obj, key, LKB_JSON_OPTIONAL, max_n, &array, err))
		return -1;
	n = lkb_json_count(&array);
	for (size_t i = 0; i < n; i++) {
		struct lkb_json_at item = { .doc = obj->doc, .up = &array, .index = i };

		item.value = json_array_get(array.value, i);
		if (!json_is_string(item.value))
			return lkb_json_fail(&item, NULL, err, "is no string");
	}
	for (size_t i = 0; i < n; i++)
		lkb_strv_add(list, json_string_value(json_array_get(array.value, i)));
	if (ret_has)
		*ret_has = array.value != NULL;
	return 0;
}

size_t lkb_json_count(const struct lkb_json_at *array)
{
	return array->value ? json_array_size(array->value) : 0;
}

int lkb_json_item(const struct lkb_json_at *array, size_t i, struct lkb_json_at *ret,
		  struct lkb_error *err)
{
	struct lkb_json_at at = { .doc = array->doc, .up = array, .index = i };

	at.value = json_array_get(array->value, i);
	if (!json_is_object(at.value))
		return lkb_json_fail(&at, NULL, err, "is no object");
	*ret = at;
	return 0;
}

int lkb_json_set_string(json_t *obj, const char *key, const char *text, struct lkb_error *err)
{
	if (json_object_set_new(obj, key, json_string(text)))
		return lkb_fail(err, LKB_INPUT, "'%s' or its value is not UTF-8", key);
	return 0;
}

int lkb_json_set_strings(json_t *obj, const char *key, const struct lkb_strv *list,
			 struct lkb_error *err)
{
	lkb_autojson array = json_array();

	for (size_t i = 0; i < list->n; i++)
		if (json_array_append_new(array, json_string(list->items[i])))
			return lkb_fail(err, LKB_INPUT, "item %zu of '%s' is not UTF-8", i, key);
	lkb_json_set(obj, key, json_incref(array));
	return 0;
}

/* These fail only where memory is out or the caller passed a key of its own that is no text;
 * neither is a state to go on from. */
json_t *lkb_json_name(const char *name)
{
	json_t *v = json_string(name);
	lkb_autostr s = {0};

	for (const char *p = name; !v && *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c >= 0x80)
			lkb_str_addf(&s, "%%%02X", c);
		else
			lkb_str_addc(&s, *p);
	}
	return v ? v : json_string(lkb_str_get(&s));
}

void lkb_json_set(json_t *obj, const char *key, json_t *value)
{
	if (json_object_set_new(obj, key, value))
		abort();
}

void lkb_json_append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value))
		abort();
}

static char *text_of(const json_t *v, size_t flags)
{
	char *text = json_dumps(v, flags | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	if (!text)
		abort();
	return text;
}

char *lkb_json_text(const json_t *v)
{
	return text_of(v, JSON_COMPACT);
}

char *lkb_json_text_indented(const json_t *v)
{
	lkb_autofree char *text = text_of(v, JSON_INDENT(2));

	return lkb_format("%s\n", text);
}
