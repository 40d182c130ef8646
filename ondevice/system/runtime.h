/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_RUNTIME_H
#define LKB_ONDEVICE_SYSTEM_RUNTIME_H

#include "base/arena.h"
#include "base/error.h"
#include "ondevice/system/json.h"

/* Reads DIR/runtime.json: what is to be done on the board before a container runs. *ret lives in
 * the arena; without the file it is NULL, which json.h takes for an object without members. */
int lkb_runtime_read(const char *dir, struct lkb_arena *arena, const struct lkb_json **ret,
		     struct lkb_error *err);

#endif
