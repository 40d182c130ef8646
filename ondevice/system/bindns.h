/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_BINDNS_H
#define LKB_ONDEVICE_SYSTEM_BINDNS_H

#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"
#include "ondevice/system/json.h"

/* runtime.bindNS: a container's namespaces get names in the file system, so that they outlive it
 * and others can join them ("net: /run/netns/wg" in a spec). */

/* The paths that are asked for are added to *ret_paths. A kind of namespace that nobody knows, or a
 * path that is not absolute, is refused. */
int lkb_bindns_paths(const struct lkb_json *runtime, struct lkb_strv *ret_paths,
		     struct lkb_error *err);

/* Mounts the namespaces of process `pid` where runtime.bindNS says; directories and the file are
 * made. On failure those that were mounted are unmounted. */
int lkb_bindns_mount(const struct lkb_json *runtime, pid_t pid, struct lkb_error *err);

/* Takes the names away; what only they kept alive ends. */
void lkb_bindns_unmount(const struct lkb_strv *paths);

#endif
