/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_CONSOLE_H
#define LKB_ONDEVICE_SYSTEM_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

#include "ondevice/system/loop.h"

/* The console as PID 1 uses it: a serial line that may be slower than what containers write, and
 * that must never hold PID 1 up. Lines wait in a buffer of fixed size; container lines that do not
 * fit are counted and left out (their log file has them), lines of our own are waited for. */

/* Opens /dev/console once more, non-blocking, and makes lkb_say() write here. Without a console
 * everything goes to the log files alone. */
void lkb_console_init(struct lkb_loop *l);

/* "[NAME] text\n". */
void lkb_console_line(const char *name, const char *text, size_t len);

/* Writes what waits, for at most timeout_ms. */
void lkb_console_flush(int timeout_ms);

/* The buffer itself, apart from any device. */
struct lkb_console_buffer {
	char *bytes; /* owned; NULL until the first line */
	size_t size, start, used;
	size_t lost; /* lines left out since the last one that fitted */
};
/* False if it does not fit; nothing was added then. */
bool lkb_console_buffer_add(struct lkb_console_buffer *b, const char *bytes, size_t n);
/* The longest run of bytes that can be written at once, and their number; 0 = empty. */
size_t lkb_console_buffer_peek(const struct lkb_console_buffer *b, const char **ret);
void lkb_console_buffer_drop(struct lkb_console_buffer *b, size_t n);

#endif
