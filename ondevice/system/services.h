/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_SERVICES_H
#define LKB_ONDEVICE_SYSTEM_SERVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "ondevice/system/command.h"
#include "ondevice/system/loop.h"

/* Containers that stay, as containerd's tasks: what stands in /containers/services. */

/* Starts containerd, if there is one, then the services in order of their names. Returns how many
 * started; what did not is reported. A service that ends later is reported with its exit code, and
 * started again as its runtime.json says (restart.h). */
size_t lkb_services_start(struct lkb_loop *l);

/* Starts again what is due. True if there was something: then the loop was turned, and more may be
 * due by now. For that reason only the main loop may call it. */
bool lkb_services_work(struct lkb_loop *l);

/* Carries out what somebody asks for, and says to *answer, a line each, what was done. Turns the
 * loop. A service that already is as it should be is no error. */
int lkb_services_do(struct lkb_loop *l, const struct lkb_command *command, struct lkb_str *answer,
		    struct lkb_error *err);

/* A line for each service: name, state, and what else there is to know. Turns nothing. */
void lkb_services_list(struct lkb_str *answer);

/* SIGTERM to what runs, waits until it has ended, SIGKILL after timeout_ms. A service that would
 * not notice SIGTERM (the first process of a PID namespace without a handler) is killed at once. */
void lkb_services_stop(struct lkb_loop *l, int64_t timeout_ms);

#endif
