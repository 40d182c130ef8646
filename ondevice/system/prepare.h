/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_PREPARE_H
#define LKB_ONDEVICE_SYSTEM_PREPARE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"
#include "ondevice/system/restart.h"

/* What runtime.json asks for before a container can start: mounts (an overlay for a writable
 * root), directories, cgroups; and what it says about the container's life. Born {0}. */
struct lkb_prepared {
	struct lkb_strv mounted; /* mount points in the container's own directory, in order: they
				  * go when it has ended */
	struct lkb_strv bound;   /* where its namespaces will be mounted */
	bool oncreate;           /* it needs the hook of oncreate.h */
	char *containerd_ns;     /* owned; containerd's namespace, "" if none is asked for */
	enum lkb_restart restart;
};

/* Does what DIR/runtime.json says, if there is one. Mounts outside of DIR are for others to use as
 * well and stay until the machine stops; `again` leaves them out, for the second start of one
 * container. On failure everything is undone. */
int lkb_prepare(const char *dir, bool again, struct lkb_prepared *ret, struct lkb_error *err);

/* What DIR/runtime.json says about restarts, for a container that could not be prepared; the policy
 * stays as it is if it cannot be read. */
void lkb_prepare_policy(const char *dir, enum lkb_restart *ret);

/* Unmounts what is in DIR, last first. */
void lkb_prepared_undo(struct lkb_prepared *p);
void lkb_prepared_clear(struct lkb_prepared *p);

#endif
