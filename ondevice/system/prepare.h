/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_PREPARE_H
#define LKB_ONDEVICE_SYSTEM_PREPARE_H

#include "base/error.h"
#include "base/str.h"

/* What runtime.json asks for before a container can start: mounts (an overlay for a writable
 * root), directories, cgroups. Born {0}. */
struct lkb_prepared {
	struct lkb_strv mounted; /* mount points, in order */
	char *containerd_ns;     /* owned; containerd's namespace, "" if none is asked for */
};

/* Does what DIR/runtime.json says, if there is one. On failure everything is undone. What this
 * init does not do yet (interfaces, bindNS) is refused, never passed over. */
int lkb_prepare(const char *dir, struct lkb_prepared *ret, struct lkb_error *err);

/* Unmounts, last first. */
void lkb_prepared_undo(struct lkb_prepared *p);
/* Frees the memory and leaves the mounts. */
void lkb_prepared_clear(struct lkb_prepared *p);

#endif
