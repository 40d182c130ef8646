/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/loop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"

static const struct {
	int signal;
	enum lkb_request request;
} requests[] = {
	{SIGUSR1, LKB_HALT},
	{SIGUSR2, LKB_POWEROFF},
	{SIGTERM, LKB_REBOOT},
	{SIGINT, LKB_REBOOT},
};

struct lkb_status_text lkb_status_text(int status)
{
	struct lkb_status_text text;

	if (WIFSIGNALED(status))
		snprintf(text.s, sizeof(text.s), "signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(text.s, sizeof(text.s), "exit code %d", WEXITSTATUS(status));
	return text;
}

int lkb_loop_init(struct lkb_loop *l, struct lkb_error *err)
{
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (i = 0; i < LKB_ARRAY_SIZE(requests); i++)
		sigaddset(&set, requests[i].signal);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return lkb_fail_errno(err, "cannot block signals");
	memset(l, 0, sizeof(*l));
	l->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l->signal_fd < 0)
		return lkb_fail_errno(err, "cannot receive signals");
	return 0;
}

void lkb_loop_watch(struct lkb_loop *l, int fd, short events, lkb_watch_fn *fn, void *arg)
{
	LKB_GROW(l->watches, l->n_watches, l->cap_watches);
	l->watches[l->n_watches++] = (struct lkb_watch){fd, events, fn, arg};
}

void lkb_loop_unwatch(struct lkb_loop *l, int fd)
{
	size_t i;

	for (i = 0; i < l->n_watches; i++)
		if (l->watches[i].fd == fd)
			l->watches[i].fd = -1;
}

void lkb_loop_child(struct lkb_loop *l, pid_t pid, lkb_ended_fn *fn, void *arg)
{
	LKB_GROW(l->children, l->n_children, l->cap_children);
	l->children[l->n_children++] = (struct lkb_child){pid, fn, arg};
}

void lkb_loop_forget(struct lkb_loop *l, pid_t pid)
{
	size_t i;

	for (i = 0; i < l->n_children; i++)
		if (l->children[i].pid == pid)
			l->children[i--] = l->children[--l->n_children];
}

void lkb_loop_timer(struct lkb_loop *l, int64_t delay_ms, lkb_timer_fn *fn, void *arg)
{
	LKB_GROW(l->timers, l->n_timers, l->cap_timers);
	l->timers[l->n_timers++] = (struct lkb_timer){lkb_now_ms() + delay_ms, fn, arg};
}

void lkb_loop_timer_cancel(struct lkb_loop *l, lkb_timer_fn *fn, const void *arg)
{
	size_t i;

	for (i = 0; i < l->n_timers; i++)
		if (l->timers[i].fn == fn && l->timers[i].arg == arg)
			l->timers[i--] = l->timers[--l->n_timers];
}

/* The wait until the next timer, where that is shorter than timeout_ms (-1: no end). */
static int until_timer(const struct lkb_loop *l, int timeout_ms)
{
	int64_t now = lkb_now_ms();
	size_t i;

	for (i = 0; i < l->n_timers; i++) {
		int64_t left = l->timers[i].at_ms > now ? l->timers[i].at_ms - now : 0;

		if (timeout_ms < 0 || left < timeout_ms)
			timeout_ms = left < INT32_MAX ? (int)left : INT32_MAX;
	}
	return timeout_ms;
}

/* Only those that are due now: a timer that sets itself again waits for the next turn. */
static void fire(struct lkb_loop *l)
{
	int64_t now = lkb_now_ms();
	size_t i = l->n_timers;

	while (i--) {
		struct lkb_timer t;

		if (i >= l->n_timers || l->timers[i].at_ms > now)
			continue;
		t = l->timers[i];
		l->timers[i] = l->timers[--l->n_timers];
		t.fn(t.arg);
	}
}

/* Children nobody registered are orphans that PID 1 inherited: reaped and forgotten. */
static void child_ended(struct lkb_loop *l, pid_t pid, int status)
{
	size_t i;

	for (i = 0; i < l->n_children; i++) {
		struct lkb_child c = l->children[i];

		if (c.pid != pid)
			continue;
		l->children[i] = l->children[--l->n_children];
		c.fn(c.arg, status);
		return;
	}
}

static void reap(struct lkb_loop *l)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		child_ended(l, pid, status);
}

static void take_signals(struct lkb_loop *l)
{
	struct signalfd_siginfo info;
	size_t i;

	while (read(l->signal_fd, &info, sizeof(info)) == sizeof(info))
		for (i = 0; i < LKB_ARRAY_SIZE(requests); i++)
			if (info.ssi_signo == (uint32_t)requests[i].signal &&
			    l->request == LKB_STAY)
				l->request = requests[i].request;
	reap(l);
}

static void drop_unwatched(struct lkb_loop *l)
{
	size_t i, n = 0;

	for (i = 0; i < l->n_watches; i++)
		if (l->watches[i].fd >= 0)
			l->watches[n++] = l->watches[i];
	l->n_watches = n;
}

/* One poll. Returns how many watches were served. */
static size_t serve(struct lkb_loop *l, int timeout_ms, bool *ret_signalled)
{
	lkb_autofree struct pollfd *fds = NULL;
	size_t i, n, served = 0;

	drop_unwatched(l);
	n = l->n_watches;
	fds = lkb_alloc_array(n + 1, sizeof(*fds));
	fds[n] = (struct pollfd){.fd = l->signal_fd, .events = POLLIN};
	for (i = 0; i < n; i++)
		fds[i] = (struct pollfd){.fd = l->watches[i].fd, .events = l->watches[i].events};
	*ret_signalled = false;
	if (poll(fds, n + 1, timeout_ms) <= 0)
		return 0;
	for (i = 0; i < n; i++) {
		/* A copy: fn may watch more, which moves the array. */
		struct lkb_watch w = l->watches[i];

		if (!fds[i].revents || w.fd < 0)
			continue;
		w.fn(w.arg, fds[i].revents);
		served++;
	}
	*ret_signalled = fds[n].revents != 0;
	return served;
}

void lkb_loop_turn(struct lkb_loop *l, int timeout_ms)
{
	bool signalled, again;
	unsigned i;

	serve(l, until_timer(l, timeout_ms), &signalled);
	fire(l);
	if (!signalled)
		return;
	/* What a child said comes before the news that it is gone: a full pipe is read in this
	 * many turns. */
	for (i = 0; i < 32 && serve(l, 0, &again); i++)
		;
	take_signals(l);
}

bool lkb_loop_until(struct lkb_loop *l, const bool *done, int64_t timeout_ms)
{
	int64_t end = lkb_now_ms() + timeout_ms;

	while (!*done) {
		int64_t left = timeout_ms < 0 ? -1 : end - lkb_now_ms();

		if (l->request != LKB_STAY && !l->stopping)
			return false;
		if (timeout_ms >= 0 && left <= 0)
			return false;
		lkb_loop_turn(l, left > 60000 ? 60000 : (int)left);
	}
	return true;
}
