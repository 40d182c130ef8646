/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_SERVICE_H
#define LKB_ONDEVICE_SYSTEM_SERVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "ondevice/system/loop.h"
#include "ondevice/system/prepare.h"

#define LKB_SERVICES_DIR "/containers/services"

enum lkb_service_state {
	LKB_SERVICE_STOPPED, /* by hand, or never started */
	LKB_SERVICE_STARTING,
	LKB_SERVICE_FAILED,  /* could not be started */
	LKB_SERVICE_RUNNING,
	LKB_SERVICE_ENDING,  /* its first process has ended; containerd clears up behind it */
	LKB_SERVICE_ENDED,   /* by itself */
};

/* One service as containerd's task. Lives as long as PID 1. */
struct lkb_service {
	struct lkb_loop *loop;
	char *id;
	char *log_path;
	enum lkb_service_state state;
	bool ended;          /* its first process has ended */
	bool gone;           /* neither running nor ending */
	pid_t pid;           /* of its first process, while it runs */
	int pid_fd;          /* -1 once that has ended */
	int exit_code;       /* of the last life; -1 = not known */
	int64_t started_ms, ended_ms;
	bool was_prepared, logs;
	bool recorded;       /* containerd may know a container of this name */
	struct lkb_prepared prepared;
	void (*on_gone)(struct lkb_service *s); /* after each life, with the exit code known */
	/* How services.h supervises it. */
	bool by_hand;        /* it was stopped by somebody: it is left alone */
	bool due;            /* it is to be started again now */
	unsigned delay_s;    /* the wait before its last start; 0 = none */
	int64_t again_ms;    /* when it is started again; 0 = it is not */
};

struct lkb_service *lkb_service_new(struct lkb_loop *l, const char *id);

/* containerd's namespace of a prepared service. */
const char *lkb_service_ns(const struct lkb_service *s);

/* Starts it anew, with a fresh writable root, and turns the loop until it runs: not to be called
 * from a callback of the loop. It must be gone. */
int lkb_service_start(struct lkb_service *s, struct lkb_error *err);

/* Takes the names of its namespaces away, for one that is gone; the next start does so, too. Until
 * then they stay for others to join, as an onboot container's do. */
void lkb_service_release(struct lkb_service *s);

/* SIGTERM, or SIGKILL where that would not be noticed (the first process of a PID namespace without
 * a handler). Nothing happens to one that does not run. */
void lkb_service_signal(const struct lkb_service *s, int number);

#endif
