/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_COMMAND_H
#define LKB_ONDEVICE_SYSTEM_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* What the program `service` asks PID 1 for, over the socket LKB_CONTROL_PATH (unix, seqpacket, for
 * root only). One packet is the question: "list", "start NAME", "stop NAME" or "restart NAME",
 * without a newline. The answer is packets with a letter each: 'o' and a line for standard output,
 * 'e' and a line for standard error, and at the end 'x' and the exit code in decimals. */
#define LKB_CONTROL_PATH "/run/lkboard/service.sock"
#define LKB_COMMAND_MAX 128
#define LKB_ANSWER_MAX 2048

enum lkb_verb {
	LKB_VERB_LIST,
	LKB_VERB_START,
	LKB_VERB_STOP,
	LKB_VERB_RESTART,
};

struct lkb_command {
	enum lkb_verb verb;
	char name[LKB_COMMAND_MAX]; /* fit for a path; "" with LIST */
};

/* Reads a question, from whomever. LKB_USAGE says what is wrong with it. */
int lkb_command_parse(const char *bytes, size_t len, struct lkb_command *ret,
		      struct lkb_error *err);

/* The names that containerd takes: letters, digits and, between them, one of "._-"; at most 76
 * bytes. Nothing else becomes part of a path. */
bool lkb_service_name_ok(const char *name);

#endif
