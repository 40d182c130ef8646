/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_COMMANDS_H
#define LKB_ONDEVICE_SYSTEM_COMMANDS_H

#include <stdbool.h>

#include "ondevice/system/loop.h"

/* What people ask PID 1 for: `list` is answered at once, the rest waits in a row until the main
 * loop gets to it. */

/* Listens from now on; says so if it cannot. What would have to wait is refused until
 * lkb_commands_accept(): an onboot container that asks is itself waited for. */
void lkb_commands_open(struct lkb_loop *l);
void lkb_commands_accept(void);

/* Carries out what waits. True if there was something; as lkb_services_work(), only for the main
 * loop. */
bool lkb_commands_work(struct lkb_loop *l);

/* The machine is to shut down: what waits hears so. */
void lkb_commands_end(void);

#endif
