/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_PROCSTATUS_H
#define LKB_ONDEVICE_SYSTEM_PROCSTATUS_H

#include <stdbool.h>
#include <sys/types.h>

/* The first process of a PID namespace gets only the signals it has a handler for: SIGTERM to a
 * container that is a mere `sleep` does nothing. */

/* Whether a process whose /proc/PID/status reads so does anything about a signal. */
bool lkb_procstatus_text_ends_by(const char *text, int number);
/* The same for a running process. */
bool lkb_procstatus_ends_by(pid_t pid, int number);

#endif
