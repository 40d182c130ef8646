/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_ONCREATE_H
#define LKB_ONDEVICE_SYSTEM_ONCREATE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "ondevice/system/json.h"

/* What runtime.json asks for between the making of a container and the start of its program:
 * network interfaces, then names for its namespaces. */

bool lkb_oncreate_asked(const struct lkb_json *runtime);

/* Does it to the container whose first process is `pid`. patience_ms: see link.h. */
int lkb_oncreate_do(const struct lkb_json *runtime, pid_t pid, int64_t patience_ms,
		    struct lkb_error *err);

/* runc does it at the right moment: this is the program of a createRuntime hook (OCI runtime-spec,
 * config.md "Posix-platform Hooks"). argv[1] is the directory of the runtime.json, the container's
 * state comes on standard input. Returns the exit code; runc shows what was said on stderr. */
int lkb_oncreate_main(int argc, char **argv);
#define LKB_ONCREATE_NAME "lkboard-oncreate"

/* Where the bundles with the hook stand, a directory a container. */
#define LKB_BUNDLES "/run/lkboard/bundles"
/* This program, as the kernel knows it: wherever the image has put it. */
#define LKB_INIT_PROGRAM "/proc/1/exe"

/* A bundle for a container that needs the hook: the config.json of `dir` with it, `program` being
 * the file that holds lkb_oncreate_main(), written to TO/config.json. A config.json with hooks of
 * its own is refused. */
int lkb_oncreate_bundle(const char *dir, const char *program, const char *to,
			struct lkb_error *err);

/* The pid in a container's state as the hook gets it. */
int lkb_oncreate_state_pid(const char *state, size_t len, pid_t *ret, struct lkb_error *err);

#endif
