/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ext/yaml.h"

#include <stdarg.h>
#include <stdint.h>

#include <yaml.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/ext/yaml_priv.h"
#include "base/str.h"

#define YAML_TAG "tag:yaml.org,2002:"
#define TOO_DEEP "no file needs as many: look for a '[' or '{' too many"

struct anchor {
	const char *name;
	unsigned older; /* with the same hash: its index and one, or 0 */
	struct lkb_yaml_node *node; /* NULL while it is being read */
	size_t weight;              /* nodes below it, aliases expanded */
	unsigned height;
};

struct reader {
	yaml_parser_t parser;
	const char *text, *name;
	size_t len;
	struct lkb_arena *arena;
	struct lkb_error *err;
	size_t n_nodes; /* aliases expanded */
	struct anchor *anchors; /* owned */
	size_t n_anchors, cap_anchors;
	unsigned latest[256]; /* of the anchors by hash: index and one, or 0 */
};

/* A list of nodes while it grows. */
struct nodes {
	struct lkb_yaml_node **items;
	size_t n, cap;
};

static void nodes_clear(struct nodes *v)
{
	free(v->items);
}

static int fail_at(struct reader *r, yaml_mark_t mark, const char *hint, const char *fmt, ...)
	LKB_PRINTF(4, 5);

static int fail_at(struct reader *r, yaml_mark_t mark, const char *hint, const char *fmt, ...)
{
	lkb_autostr message = { 0 };
	va_list ap;

	va_start(ap, fmt);
	lkb_str_vaddf(&message, fmt, ap);
	va_end(ap);
	lkb_fail(r->err, LKB_INPUT, "%s", lkb_str_get(&message));
	lkb_hint(r->err, "%s", hint);
	return lkb_at(r->err, r->name, (unsigned)mark.line + 1, (unsigned)mark.column + 1);
}

static int next_event(struct reader *r, yaml_event_t *ev)
{
	if (!yaml_parser_parse(&r->parser, ev))
		return lkb_yaml_syntax_error(&r->parser, r->text, r->len, r->name, r->err);
	return 0;
}

static int count_nodes(struct reader *r, yaml_mark_t mark, size_t n)
{
	if (n > LKB_YAML_MAX_NODES - r->n_nodes)
		return fail_at(r, mark, "split the file, or use fewer aliases",
			       "the file holds more than %d values; each use of an alias counts",
			       LKB_YAML_MAX_NODES);
	r->n_nodes += n;
	return 0;
}

static struct lkb_yaml_node *new_node(struct reader *r, enum lkb_yaml_type type, yaml_mark_t mark)
{
	struct lkb_yaml_node *node = lkb_arena_alloc(r->arena, sizeof(*node));

	node->type = type;
	node->line = (unsigned)mark.line + 1;
	node->column = (unsigned)mark.column + 1;
	return node;
}

static unsigned char hash_of(const char *name)
{
	uint32_t h = 2166136261;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 16777619;
	return (unsigned char)(h ^ h >> 8 ^ h >> 16);
}

/* Anchors: the latest of a name counts, as YAML has it. */
static struct anchor *find_anchor(struct reader *r, const char *name)
{
	for (unsigned i = r->latest[hash_of(name)]; i; i = r->anchors[i - 1].older)
		if (!strcmp(r->anchors[i - 1].name, name))
			return &r->anchors[i - 1];
	return NULL;
}

static int open_anchor(struct reader *r, const yaml_event_t *ev, const yaml_char_t *name)
{
	unsigned *latest;

	if (r->n_anchors >= LKB_YAML_MAX_ANCHORS)
		return fail_at(r, ev->start_mark, "remove the anchors that no alias uses",
			       "the file holds more than %d anchors", LKB_YAML_MAX_ANCHORS);
	latest = &r->latest[hash_of((const char *)name)];
	LKB_GROW(r->anchors, r->n_anchors, r->cap_anchors);
	r->anchors[r->n_anchors++] = (struct anchor){
		.name = lkb_arena_strdup(r->arena, (const char *)name), .older = *latest
	};
	*latest = (unsigned)r->n_anchors;
	return 0;
}

static int read_alias(struct reader *r, const yaml_event_t *ev, unsigned depth,
		      struct lkb_yaml_node **ret, unsigned *ret_height)
{
	const char *name = (const char *)ev->data.alias.anchor;
	const struct anchor *a = find_anchor(r, name);

	if (!a)
		return fail_at(r, ev->start_mark,
			       "text that starts with '*' needs quotes; an anchor, written with "
			       "'&', must stand before its aliases",
			       "alias '*%s' has no anchor before it", name);
	if (!a->node)
		return fail_at(r, ev->start_mark, "write the value out: it cannot hold itself",
			       "alias '*%s' stands inside its own anchor", name);
	if (a->height > LKB_YAML_MAX_DEPTH - depth)
		return fail_at(r, ev->start_mark, TOO_DEEP,
			       "alias '*%s' nests more than %d levels deep", name,
			       LKB_YAML_MAX_DEPTH);
	if (count_nodes(r, ev->start_mark, a->weight))
		return -1;
	*ret = a->node;
	*ret_height = a->height;
	return 0;
}

/* Only tags that say what the value is anyway, or that it is text or is not. */
static bool tag_known(const yaml_char_t *tag, const char *const *names)
{
	const char *s = (const char *)tag;

	if (!s || !strcmp(s, "!"))
		return true;
	if (strncmp(s, YAML_TAG, strlen(YAML_TAG)))
		return false;
	for (; *names; names++)
		if (!strcmp(s + strlen(YAML_TAG), *names))
			return true;
	return false;
}

static int check_tag(struct reader *r, const yaml_event_t *ev, const yaml_char_t *tag,
		     const char *const *names)
{
	const char *s = (const char *)tag;

	if (tag_known(tag, names))
		return 0;
	if (!strncmp(s, YAML_TAG, strlen(YAML_TAG)))
		return fail_at(r, ev->start_mark, "remove the tag, and write the value as it is",
			       "tag '!!%s' is not known here", s + strlen(YAML_TAG));
	return fail_at(r, ev->start_mark, "remove the tag; text that starts with '!' needs quotes",
		       "tag '%s' is not known here", s);
}

static int read_scalar(struct reader *r, const yaml_event_t *ev, struct lkb_yaml_node **ret)
{
	static const char *const tags[] = { "str", "int", "float", "bool", "null", NULL };
	const yaml_char_t *tag = ev->data.scalar.tag;
	struct lkb_yaml_node *node;
	char *text;

	if (check_tag(r, ev, tag, tags))
		return -1;
	node = new_node(r, LKB_YAML_SCALAR, ev->start_mark);
	node->text_len = ev->data.scalar.length;
	text = lkb_arena_alloc(r->arena, node->text_len + 1);
	memcpy(text, ev->data.scalar.value, node->text_len);
	node->text = text;
	if (!tag)
		node->plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	else
		node->plain = strcmp((const char *)tag, "!") &&
			      strcmp((const char *)tag, YAML_TAG "str");
	*ret = node;
	return 0;
}

static int read_node(struct reader *r, const yaml_event_t *ev, unsigned depth,
		     struct lkb_yaml_node **ret, unsigned *ret_height);

/* Reads nodes until the event that ends the collection. */
static int read_items(struct reader *r, yaml_event_type_t end, unsigned depth, struct nodes *v,
		      unsigned *height)
{
	for (;;) {
		struct lkb_yaml_node *node = NULL;
		unsigned below = 0;
		yaml_event_t ev;
		int rc;

		if (next_event(r, &ev))
			return -1;
		if (ev.type == end) {
			yaml_event_delete(&ev);
			return 0;
		}
		rc = read_node(r, &ev, depth + 1, &node, &below);
		yaml_event_delete(&ev);
		if (rc)
			return -1;
		LKB_GROW(v->items, v->n, v->cap);
		v->items[v->n++] = node;
		if (below + 1 > *height)
			*height = below + 1;
	}
}

static int read_seq(struct reader *r, const yaml_event_t *ev, unsigned depth,
		    struct lkb_yaml_node **ret, unsigned *ret_height)
{
	static const char *const tags[] = { "seq", NULL };
	__attribute__((cleanup(nodes_clear))) struct nodes v = { 0 };
	struct lkb_yaml_node *node;

	if (check_tag(r, ev, ev->data.sequence_start.tag, tags))
		return -1;
	node = new_node(r, LKB_YAML_SEQ, ev->start_mark);
	if (read_items(r, YAML_SEQUENCE_END_EVENT, depth, &v, ret_height))
		return -1;
	node->n = v.n;
	node->items = lkb_arena_array(r->arena, v.n, sizeof(*v.items));
	if (v.n)
		memcpy(node->items, v.items, v.n * sizeof(*v.items));
	*ret = node;
	return 0;
}

static int read_map(struct reader *r, const yaml_event_t *ev, unsigned depth,
		    struct lkb_yaml_node **ret, unsigned *ret_height)
{
	static const char *const tags[] = { "map", NULL };
	__attribute__((cleanup(nodes_clear))) struct nodes v = { 0 };
	struct lkb_yaml_node *node;

	if (check_tag(r, ev, ev->data.mapping_start.tag, tags))
		return -1;
	node = new_node(r, LKB_YAML_MAP, ev->start_mark);
	if (read_items(r, YAML_MAPPING_END_EVENT, depth, &v, ret_height) ||
	    lkb_yaml_fill_map(node, v.items, v.n / 2, r->arena, r->name, r->err))
		return -1;
	*ret = node;
	return 0;
}

static int read_content(struct reader *r, const yaml_event_t *ev, unsigned depth,
			struct lkb_yaml_node **ret, unsigned *ret_height)
{
	if (depth >= LKB_YAML_MAX_DEPTH)
		return fail_at(r, ev->start_mark, TOO_DEEP,
			       "values nest more than %d levels deep", LKB_YAML_MAX_DEPTH);
	if (count_nodes(r, ev->start_mark, 1))
		return -1;
	*ret_height = 1;
	if (ev->type == YAML_SEQUENCE_START_EVENT)
		return read_seq(r, ev, depth, ret, ret_height);
	if (ev->type == YAML_MAPPING_START_EVENT)
		return read_map(r, ev, depth, ret, ret_height);
	return read_scalar(r, ev, ret);
}

static int read_node(struct reader *r, const yaml_event_t *ev, unsigned depth,
		     struct lkb_yaml_node **ret, unsigned *ret_height)
{
	const yaml_char_t *name;
	size_t before = r->n_nodes, index = r->n_anchors;

	if (ev->type == YAML_ALIAS_EVENT)
		return read_alias(r, ev, depth, ret, ret_height);
	name = ev->type == YAML_SCALAR_EVENT         ? ev->data.scalar.anchor
	       : ev->type == YAML_SEQUENCE_START_EVENT ? ev->data.sequence_start.anchor
						       : ev->data.mapping_start.anchor;
	if (!name)
		return read_content(r, ev, depth, ret, ret_height);
	if (open_anchor(r, ev, name) || read_content(r, ev, depth, ret, ret_height))
		return -1;
	r->anchors[index].node = *ret;
	r->anchors[index].weight = r->n_nodes - before;
	r->anchors[index].height = *ret_height;
	return 0;
}

/* The events around the one document: stream start, document start, node, document end, stream
 * end; a stream without a document is an empty map. */
static int read_stream(struct reader *r, struct lkb_yaml_node **ret)
{
	struct lkb_yaml_node *root = NULL;

	for (;;) {
		unsigned height = 0;
		yaml_event_t ev;
		int rc = 0;
		bool end;

		if (next_event(r, &ev))
			return -1;
		end = ev.type == YAML_STREAM_END_EVENT;
		if (ev.type == YAML_DOCUMENT_START_EVENT && root)
			rc = fail_at(r, ev.start_mark,
				     "remove the '---', or put what follows in a file of its own",
				     "a second document starts here; a file holds one");
		else if (ev.type == YAML_ALIAS_EVENT || ev.type == YAML_SCALAR_EVENT ||
			 ev.type == YAML_SEQUENCE_START_EVENT ||
			 ev.type == YAML_MAPPING_START_EVENT)
			rc = read_node(r, &ev, 0, &root, &height);
		yaml_event_delete(&ev);
		if (rc)
			return -1;
		if (end)
			break;
	}
	if (!root || lkb_yaml_is_null(root))
		root = new_node(r, LKB_YAML_MAP, (yaml_mark_t){ 0 });
	*ret = root;
	return 0;
}

int lkb_yaml_parse(const char *text, size_t len, const char *name, struct lkb_arena *arena,
		   struct lkb_yaml_node **ret, struct lkb_error *err)
{
	struct reader r = { .name = name, .arena = arena, .err = err };
	int rc;

	if (len > LKB_YAML_MAX_TEXT) {
		lkb_fail(err, LKB_INPUT, "the file is larger than 16 MiB");
		lkb_hint(err, "nobody wrote that by hand: is it the right file?");
		return lkb_at(err, name, 1, 1);
	}
	if (lkb_yaml_decode(&text, &len, name, arena, err))
		return -1;
	r.text = text;
	r.len = len;
	if (!yaml_parser_initialize(&r.parser))
		return lkb_fail(err, LKB_BUG, "libyaml cannot be started");
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)r.text, r.len);
	rc = read_stream(&r, ret);
	yaml_parser_delete(&r.parser);
	free(r.anchors);
	return rc;
}

bool lkb_yaml_is(const struct lkb_yaml_node *node, const char *text)
{
	return node->type == LKB_YAML_SCALAR && node->text_len == strlen(text) &&
	       !memcmp(node->text, text, node->text_len);
}

bool lkb_yaml_is_null(const struct lkb_yaml_node *node)
{
	return node->type == LKB_YAML_SCALAR && node->plain &&
	       (!strcmp(node->text, "") || !strcmp(node->text, "~") ||
		!strcmp(node->text, "null") || !strcmp(node->text, "Null") ||
		!strcmp(node->text, "NULL"));
}

const struct lkb_yaml_node *lkb_yaml_get(const struct lkb_yaml_node *map, const char *key)
{
	if (map->type != LKB_YAML_MAP)
		return NULL;
	for (size_t i = 0; i < map->n; i++)
		if (lkb_yaml_is(map->pairs[i].key, key))
			return map->pairs[i].value;
	return NULL;
}

const char *lkb_yaml_kind(const struct lkb_yaml_node *node)
{
	if (node->type == LKB_YAML_SEQ)
		return "a list";
	if (node->type == LKB_YAML_MAP)
		return "a map";
	return lkb_yaml_is_null(node) ? "nothing" : "text";
}
