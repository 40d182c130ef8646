/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_EXT_YAML_H
#define LKB_BASE_EXT_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

/* A YAML document as nodes with positions (libyaml's event parser). Bounded: 16 MiB of text,
 * 1,000,000 nodes after aliases are expanded, depth 64, 1,000 anchors. Several documents, tags
 * other than YAML's own, and aliases to nothing or to themselves are errors with a position.
 *
 * Merge keys are resolved: `<<: *common` adds the pairs of `common` whose keys the map does not
 * give itself. A key given twice is kept and marked (pair.first), so that the schema engine can
 * report all of them beside its other findings; it refuses them. */
#define LKB_YAML_MAX_TEXT ((size_t)16 << 20)
#define LKB_YAML_MAX_NODES 1000000
#define LKB_YAML_MAX_DEPTH 64
#define LKB_YAML_MAX_ANCHORS 1000
enum lkb_yaml_type { LKB_YAML_SCALAR, LKB_YAML_SEQ, LKB_YAML_MAP };

struct lkb_yaml_pair;

struct lkb_yaml_node {
	enum lkb_yaml_type type;
	unsigned line, column; /* 1-based */
	/* scalar */
	const char *text; /* NUL-terminated; text_len tells of NULs inside */
	size_t text_len;
	bool plain;       /* unquoted and not a block scalar: may be null, a bool or a number */
	/* seq: items; map: pairs in file order */
	size_t n;
	struct lkb_yaml_node **items;
	struct lkb_yaml_pair *pairs;
};

struct lkb_yaml_pair {
	struct lkb_yaml_node *key; /* always a scalar */
	struct lkb_yaml_node *value;
	const struct lkb_yaml_node *first; /* the same key earlier in this map, or NULL */
};

/* Parses text, UTF-8 or (with a byte order mark) UTF-16; `name` is what messages call it ("-" for
 * stdin). An empty document gives an empty map. All nodes live in the arena. LKB_INPUT with file,
 * line, column and hint. JSON is YAML. */
int lkb_yaml_parse(const char *text, size_t len, const char *name, struct lkb_arena *arena,
		   struct lkb_yaml_node **ret, struct lkb_error *err);

/* True for an absent value as YAML 1.2's core schema writes it: plain "", "~", "null". */
bool lkb_yaml_is_null(const struct lkb_yaml_node *node);

/* True for a scalar with just this text. */
bool lkb_yaml_is(const struct lkb_yaml_node *node, const char *text);

/* The value under a key of a map, or NULL. Anything but a map has no keys. */
const struct lkb_yaml_node *lkb_yaml_get(const struct lkb_yaml_node *map, const char *key);

/* What a node is called in messages: "text", "a list", "a map", "nothing" (null). */
const char *lkb_yaml_kind(const struct lkb_yaml_node *node);

#endif
