/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_CONTROL_H
#define LKB_ONDEVICE_SYSTEM_CONTROL_H

#include <stddef.h>

#include "base/error.h"
#include "ondevice/system/loop.h"

/* The socket on which PID 1 is asked for something (the protocol: command.h). PID 1 waits for
 * nobody: a client that does not read its answer, says too much, or is one too many, is dropped. */

/* Somebody has asked. The answer is given, now or later, to `client`, a number that is never used
 * again; to one that has gone it goes nowhere. */
typedef void lkb_control_fn(void *arg, unsigned client, const char *bytes, size_t len);

/* Listens at `path`, a socket that only root can write to and that is made anew. */
int lkb_control_open(struct lkb_loop *l, const char *path, lkb_control_fn *fn, void *arg,
		     struct lkb_error *err);

/* Lines for the client's standard output ('o') or standard error ('e'), parted by newlines. */
void lkb_control_lines(unsigned client, char kind, const char *text);
/* The end of the answer: the error's lines and its exit code; NULL = done, 0. */
void lkb_control_end(unsigned client, const struct lkb_error *err);

/* Closes everything. */
void lkb_control_close(void);

#endif
