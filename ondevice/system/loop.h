/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_LOOP_H
#define LKB_ONDEVICE_SYSTEM_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "ondevice/common/now.h"

/*
 * PID 1's event loop. The boot is written as a plain sequence; wherever it has to wait it turns
 * this loop, so that zombies are reaped, container output flows and a request to shut down is
 * heard at any time.
 */
enum lkb_request {
	LKB_STAY,
	LKB_HALT,
	LKB_POWEROFF,
	LKB_REBOOT,
};

/* A descriptor has something (or hung up). May unwatch any descriptor, its own too. */
typedef void lkb_watch_fn(void *arg, short revents);
/* A child has ended; `status` is waitpid's. */
typedef void lkb_ended_fn(void *arg, int status);

struct lkb_watch {
	int fd; /* borrowed; -1 = unwatched, goes at the end of the turn */
	short events;
	lkb_watch_fn *fn;
	void *arg;
};

struct lkb_child {
	pid_t pid;
	lkb_ended_fn *fn;
	void *arg;
};

/* The time has come. May set timers, its own again too. */
typedef void lkb_timer_fn(void *arg);

struct lkb_timer {
	int64_t at_ms; /* of lkb_now_ms() */
	lkb_timer_fn *fn;
	void *arg;
};

struct lkb_loop {
	int signal_fd;
	enum lkb_request request; /* the first one wins */
	bool stopping;            /* the request is being carried out: waits go on */
	struct lkb_watch *watches;
	size_t n_watches, cap_watches;
	struct lkb_child *children;
	size_t n_children, cap_children;
	struct lkb_timer *timers;
	size_t n_timers, cap_timers;
};

/* Blocks the signals that PID 1 answers and receives them here: SIGUSR1 halt, SIGUSR2 power off,
 * SIGTERM reboot (what busybox's halt, poweroff and reboot send), SIGINT reboot (the console's
 * ctrl-alt-del). */
int lkb_loop_init(struct lkb_loop *l, struct lkb_error *err);

void lkb_loop_watch(struct lkb_loop *l, int fd, short events, lkb_watch_fn *fn, void *arg);
void lkb_loop_unwatch(struct lkb_loop *l, int fd);
/* fn is called once, when the child is reaped. */
void lkb_loop_child(struct lkb_loop *l, pid_t pid, lkb_ended_fn *fn, void *arg);

/* The child is still reaped, but nobody is told. */
void lkb_loop_forget(struct lkb_loop *l, pid_t pid);

/* fn is called once, in a turn, when delay_ms are over. */
void lkb_loop_timer(struct lkb_loop *l, int64_t delay_ms, lkb_timer_fn *fn, void *arg);
/* Forgets the timers with this fn and arg. */
void lkb_loop_timer_cancel(struct lkb_loop *l, lkb_timer_fn *fn, const void *arg);

/* One turn: at most timeout_ms (-1: as long as it takes) until something happens. */
void lkb_loop_turn(struct lkb_loop *l, int timeout_ms);

/* Turns until *done, for at most timeout_ms (-1: no end). True when done; false when the time is
 * over or a request to shut down came in before `stopping`. */
bool lkb_loop_until(struct lkb_loop *l, const bool *done, int64_t timeout_ms);

/* "exit code 3", "signal 9 (Killed)". Returns buf. */
struct lkb_status_text {
	char s[64];
};
struct lkb_status_text lkb_status_text(int status);

#endif
