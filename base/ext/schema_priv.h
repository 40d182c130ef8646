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

/* Reads one scalar by its key's type into *field; a list's and map's values too. True if the field
 * was set. The node is not null. */
bool lkb_schema_read_scalar(struct lkb_schema_reader *r, const struct lkb_schema_key *key,
			    enum lkb_schema_type type, const struct lkb_yaml_node *node,
			    const struct lkb_schema_path *path, void *field);

#endif
