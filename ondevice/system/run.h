/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_RUN_H
#define LKB_ONDEVICE_SYSTEM_RUN_H

#include "base/error.h"
#include "ondevice/system/logs.h"
#include "ondevice/system/loop.h"

/* Starts programs as PID 1 must: with signals as they were, in a session of their own, stdin from
 * /dev/null. argv[0] is looked up in PATH. */
struct lkb_run {
	const char *const *argv;           /* NULL-terminated */
	const struct lkb_log_options *log; /* of stdout and stderr; NULL = both thrown away */
	int64_t timeout_ms;                /* of lkb_run_wait(); 0 = no end */
	const char *slow;                  /* if not NULL: said with the seconds when it takes
					    * long, as in "onboot 'dhcp'" */
};

/* Starts it and returns at once; fn (not NULL) is called when it has ended. An argv[0] that cannot
 * be executed is an error here. */
int lkb_run_start(struct lkb_loop *l, const struct lkb_run *run, lkb_ended_fn *fn, void *arg,
		  pid_t *ret_pid, struct lkb_error *err);

/* Starts it and turns the loop until it has ended; *ret_status is waitpid's. An error if it could
 * not be started, if the time was over or if the machine is to shut down (LKB_INTERRUPTED); then it
 * was ended, by force if need be. */
int lkb_run_wait(struct lkb_loop *l, const struct lkb_run *run, int *ret_status,
		 struct lkb_error *err);

#endif
