/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_SERVICES_H
#define LKB_ONDEVICE_SYSTEM_SERVICES_H

#include <stddef.h>
#include <stdint.h>

#include "ondevice/system/loop.h"

/* Containers that stay, as containerd's tasks: what stands in /containers/services. */

/* Starts containerd, if there is one, then the services in order of their names. Returns how many
 * started; what did not is reported. A service that ends later is reported with its exit code. */
size_t lkb_services_start(struct lkb_loop *l);

/* SIGTERM to what runs, waits until it has ended, SIGKILL after timeout_ms. A service that would
 * not notice SIGTERM (the first process of a PID namespace without a handler) is killed at once. */
void lkb_services_stop(struct lkb_loop *l, int64_t timeout_ms);

#endif
