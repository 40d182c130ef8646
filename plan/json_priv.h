/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_PLAN_JSON_PRIV_H
#define LKB_PLAN_JSON_PRIV_H

#include <jansson.h>

#include "plan/plan_priv.h"

/* Parts that build.json and `plan --json` share; new references. */
json_t *lkb_json_specs(const struct lkb_plan *p);
json_t *lkb_json_images(const struct lkb_plan *p);
json_t *lkb_json_partitions(const struct lkb_product *m);
/* The last part of a path as text: a file of this machine may have a name that is no UTF-8. */
json_t *lkb_json_base_name(const char *path);

/* lkb_json_images() with what their labels ask for: "asks": {"capabilities": [...], ...}. */
json_t *lkb_asks_json(const struct lkb_plan *p);
/* The same as a line of text; nothing for an image that asks for nothing. */
void lkb_asks_describe(const struct lkb_image *im, struct lkb_str *out);

/* "none", "fat32", "ext4" */
const char *lkb_fs_name(enum lkb_fs_type fs);

#endif
