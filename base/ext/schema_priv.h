/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_EXT_SCHEMA_PRIV_H
#define LKB_BASE_EXT_SCHEMA_PRIV_H

#include "base/ext/schema.h"
#include "base/str.h"

/* What one reading carries along. */
struct lkb_schema_reader {
	const char *file;
	struct lkb_arena *arena;
	struct lkb_diags *diags;
};

/* The way from the root to a value, on the stack of the reader: text is made of it only where a
 * fault is reported. The root has no key and no `up`. */
struct lkb_schema_path {
	const struct lkb_schema_path *up;
	const char *key; /* NULL: an item of a list, at `index` */
	size_t index;
};

/* "services[0].mounts[1]"; "" for the root. */
void lkb_schema_path_text(const struct lkb_schema_path *path, struct lkb_str *ret);
/* How messages name a value: "'binds[1]' of services[0]". */
void lkb_schema_subject(const struct lkb_schema_path *path, struct lkb_str *ret);

/* Adds a fault of the value at path: "SUBJECT MESSAGE". */
void lkb_schema_fault(struct lkb_schema_reader *r, const struct lkb_schema_path *path,
		      const struct lkb_yaml_node *node, const char *hint, const char *fmt, ...)
	LKB_PRINTF(5, 6);

/* What to do about a fault: schema_hint.c. Those with `ret` append to it. */
void lkb_schema_hint_list(const struct lkb_yaml_node *node, struct lkb_str *ret);
/* `object` is NULL for a map of text. */
void lkb_schema_hint_map(const struct lkb_schema *object, bool root, struct lkb_str *ret);
void lkb_schema_hint_scalar(const struct lkb_yaml_node *node, struct lkb_str *ret);
/* "did you mean 'image'?", or where the key belongs, or which keys there are. */
void lkb_schema_hint_unknown(const struct lkb_schema *schema, const struct lkb_yaml_node *name,
			     struct lkb_str *ret);
void lkb_schema_hint_required(const struct lkb_schema_key *key, struct lkb_str *ret);
void lkb_schema_hint_number(const struct lkb_schema_key *key, struct lkb_str *ret);
const char *lkb_schema_hint_null(const struct lkb_schema_key *key);
const char *lkb_schema_hint_empty(const struct lkb_schema_key *key, bool is_item);

/* The row of a key; NULL if there is none. */
const struct lkb_schema_key *lkb_schema_find(const struct lkb_schema *schema,
					     const struct lkb_yaml_node *name);

/* True while faults are still kept: beyond, nothing is worth being put into words. */
static inline bool lkb_schema_shows(const struct lkb_schema_reader *r)
{
	return r->diags->n < LKB_DIAG_MAX;
}

/* Reads one scalar by its key's type into *field; a list's and map's values too. True if the field
 * was set. The node is not null. */
bool lkb_schema_read_scalar(struct lkb_schema_reader *r, const struct lkb_schema_key *key,
			    enum lkb_schema_type type, const struct lkb_yaml_node *node,
			    const struct lkb_schema_path *path, void *field);

#endif
