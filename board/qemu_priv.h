/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BOARD_QEMU_PRIV_H
#define LKB_BOARD_QEMU_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/str.h"
#include "board/qemu.h"

/* Looks for texts in a stream, however it is cut into pieces (Knuth-Morris-Pratt). Born {0}. */
struct lkb_watch {
	struct lkb_watch_text *texts; /* owned */
	size_t n;
	size_t n_seen;
};

void lkb_watch_init(struct lkb_watch *w, const char *const *texts, size_t n);
void lkb_watch_clear(struct lkb_watch *w);
void lkb_watch_feed(struct lkb_watch *w, const char *p, size_t n);
/* "'a', 'b'": the texts that were not seen. */
void lkb_watch_missing(const struct lkb_watch *w, struct lkb_str *ret);

/* True if the run has a device to be plugged in: QEMU then needs a monitor. */
bool lkb_qemu_plugs(const struct lkb_qemu_run *run);

/* The descriptor that QEMU finds its monitor's socket at. */
#define LKB_MONITOR_FD 3

/* A QEMU that runs in a session of its own, with pipes to its standard streams. */
struct lkb_guest {
	pid_t pid;    /* 0 = none, or reaped */
	int pidfd;    /* readable once it has ended */
	int in;       /* to its stdin; -1 = it has /dev/null */
	int out, err; /* from its stdout and stderr */
	int monitor;  /* to its monitor (QMP); -1 = it has none */
	int status;   /* of waitpid(), once it was reaped */
	int undo;
};
#define LKB_GUEST_NONE { .pidfd = -1, .in = -1, .out = -1, .err = -1, .monitor = -1, .undo = -1 }

/* Starts it; `feed` makes the pipe to its stdin, `monitor` the socket of its monitor. */
int lkb_guest_start(struct lkb_strv *argv, bool feed, bool monitor, struct lkb_guest *ret,
		    struct lkb_error *err);
/* Ends it if it runs (asks first, then does not ask), reaps it, closes what is open. */
void lkb_guest_stop(struct lkb_guest *g);

/* Plugs a device into a running QEMU when the console says a text. Born {0}. */
struct lkb_plug {
	const char *device;      /* borrowed; NULL = nothing to plug in */
	struct lkb_watch after;
	bool asked;
	struct lkb_str answer;   /* a line of QEMU's that is not whole yet */
};

void lkb_plug_init(struct lkb_plug *p, const struct lkb_board_plug *what);
void lkb_plug_clear(struct lkb_plug *p);
/* Sees the console's output; asks QEMU through its monitor when it is time. */
int lkb_plug_feed(struct lkb_plug *p, int monitor, const char *bytes, size_t n,
		  struct lkb_error *err);
/* Sees what the monitor says; fails if QEMU does not take the device. */
int lkb_plug_answer(struct lkb_plug *p, const char *bytes, size_t n, struct lkb_error *err);

/* Why the conversation with a guest came to its end. */
enum lkb_guest_end {
	LKB_GUEST_SEEN,        /* all texts */
	LKB_GUEST_ENDED,       /* QEMU ended by itself */
	LKB_GUEST_TIMEOUT,
	LKB_GUEST_INTERRUPTED, /* by a signal */
	LKB_GUEST_LEFT,        /* Ctrl-] */
};

struct lkb_console {
	struct lkb_watch watch;
	struct lkb_plug plug;
	struct lkb_str line;      /* the line that is being received */
	struct lkb_str last_line; /* the last one with something in it */
	struct lkb_str said;      /* QEMU's stderr, its end */
};

/* Carries bytes between the guest and the caller until one of the ends is reached. `signals` is a
 * signalfd. */
int lkb_console_run(struct lkb_console *c, struct lkb_guest *g, const struct lkb_qemu_run *run,
		    int signals, enum lkb_guest_end *ret, struct lkb_error *err);
void lkb_console_clear(struct lkb_console *c);

#endif
