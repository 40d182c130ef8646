/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_COMMON_SAY_H
#define LKB_ONDEVICE_COMMON_SAY_H

#include <stddef.h>

#include "base/error.h"

/* The programs for the board have nobody to return an error to: what happens is said on the
 * console, one line each, always starting "lkboard: ". */
void lkb_say(const char *fmt, ...) LKB_PRINTF(1, 2);
/* "CONTEXT: message", and the hint on a second line if there is one. */
void lkb_say_error(const struct lkb_error *err, const char *fmt, ...) LKB_PRINTF(2, 3);

/* Where the lines go, newline included; standard error until a program sets its own. */
void lkb_say_to(void (*sink)(const char *line, size_t len));

/* Standard input, output and error become /dev/console, when it can be opened. */
void lkb_say_open_console(void);

/* The end of a PID 1 that cannot go on: says why, waits so that it can be read, and restarts the
 * machine. Never returns and never leaves the machine standing in silence. */
void lkb_fatal(unsigned seconds, const struct lkb_error *err) __attribute__((noreturn));

/* How long to wait: the command line's panic= where it is a number of seconds, else 10. */
unsigned lkb_fatal_seconds(const char *cmdline);

#endif
