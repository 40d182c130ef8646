/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_EXT_YAML_PRIV_H
#define LKB_BASE_EXT_YAML_PRIV_H

#include <yaml.h>

#include "base/ext/yaml.h"

/* Makes UTF-8 without a byte order mark, which would count as a column, of what a file holds: moves
 * *text and *len on, or to a copy in the arena. */
int lkb_yaml_decode(const char **text, size_t *len, const char *name, struct lkb_arena *arena,
		    struct lkb_error *err);

/* Turns what stopped libyaml into an error with position and, where we know better, a hint. */
int lkb_yaml_syntax_error(const yaml_parser_t *parser, const char *text, size_t len,
			  const char *name, struct lkb_error *err);

/* Makes the pairs of a map from n keys and values in turn: merge keys resolved, keys given twice
 * marked. */
int lkb_yaml_fill_map(struct lkb_yaml_node *map, struct lkb_yaml_node *const *flat, size_t n,
		      struct lkb_arena *arena, const char *name, struct lkb_error *err);

#endif
