/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_EXT_SCHEMA_WRITE_H
#define LKB_BASE_EXT_SCHEMA_WRITE_H

#include "base/ext/json.h"
#include "base/ext/schema.h"

/* The way back: what a table read into a struct, as a document that the same table reads into the
 * same struct. */

/* A JSON object with the keys that are set, in the table's order: numbers of LKB_T_ID as numbers,
 * modes as octal text, sizes in bytes. The caller owns it. */
json_t *lkb_schema_write(const struct lkb_schema *schema, const void *object);

/* A document as YAML for people, in blocks: text without quotes where YAML 1.1 and 1.2 both take it
 * for text, text of several lines as such. Appended to *ret. */
int lkb_yaml_write(const json_t *value, struct lkb_str *ret, struct lkb_error *err);

#endif
