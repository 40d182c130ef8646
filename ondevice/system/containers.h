/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_CONTAINERS_H
#define LKB_ONDEVICE_SYSTEM_CONTAINERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "ondevice/system/loop.h"
#include "ondevice/system/prepare.h"

/* Containers that run to their end, one after the other, through runc: what `kind` ("onboot",
 * "onshutdown") names below /containers. */
struct lkb_containers_result {
	size_t ok, failed;
};

/* Runs them all. One that fails is reported and the rest goes on (LinuxKit's way); a request to
 * shut down ends the turn. timeout_ms bounds each one; 0 = no end. */
struct lkb_containers_result lkb_containers_run(struct lkb_loop *l, const char *kind,
						int64_t timeout_ms);

/* The directories of /containers/KIND that hold a config.json, sorted; names only. */
void lkb_containers_list(const char *kind, struct lkb_strv *ret);

/* The bundle of the container in `dir`, prepared as *p: `dir` itself, or a directory of ours with
 * the hook that it needs. The caller frees *ret_bundle. */
int lkb_container_bundle(const char *dir, const char *id, const struct lkb_prepared *p,
			 char **ret_bundle, struct lkb_error *err);

/* "000-hello" -> "hello"; other names stay. */
const char *lkb_container_name(const char *dir);

#endif
