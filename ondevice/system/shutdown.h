/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_SHUTDOWN_H
#define LKB_ONDEVICE_SYSTEM_SHUTDOWN_H

#include "ondevice/system/loop.h"

/* Carries l->request out: onshutdown containers while services still run (so that they can take
 * leave of the network), then the services, then every process, then the file systems, then the
 * machine. */
void lkb_shutdown(struct lkb_loop *l) __attribute__((noreturn));

#endif
