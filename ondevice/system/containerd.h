/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_CONTAINERD_H
#define LKB_ONDEVICE_SYSTEM_CONTAINERD_H

#include <stdbool.h>

#include "base/error.h"
#include "ondevice/system/loop.h"

#define LKB_CONTAINERD_STATE "/run/containerd"

bool lkb_containerd_installed(void);

/* Starts containerd (its log: /var/log/containerd.log) and waits until its socket answers.
 * *ret_stale: it finds containers of an earlier boot in /var/lib/containerd. */
int lkb_containerd_start(struct lkb_loop *l, bool *ret_stale, struct lkb_error *err);

#endif
