/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_RESTART_H
#define LKB_ONDEVICE_SYSTEM_RESTART_H

#include <stdbool.h>
#include <stdint.h>

/* Whether a service that has ended is started again, and when. runtime.json's "restart". */
enum lkb_restart {
	LKB_RESTART_NEVER, /* LinuxKit's way, and what no word means */
	LKB_RESTART_ON_FAILURE,
	LKB_RESTART_ALWAYS,
};

/* "" or "no", "on-failure", "always". False for other words. */
bool lkb_restart_parse(const char *word, enum lkb_restart *ret);
/* The word; never NULL. */
const char *lkb_restart_name(enum lkb_restart policy);

/* How a life of the service went. */
struct lkb_life {
	int exit_code;  /* 0..255; -1 = not known, or it never ran: a failure */
	int64_t ran_ms;
};

/* Seconds until it is started again: 1 after a life of a minute and for the first time, else twice
 * the wait before (`last`, 0 = none), and no more than 60. 0 = it is not started again. */
unsigned lkb_restart_delay(enum lkb_restart policy, const struct lkb_life *life, unsigned last);

#endif
