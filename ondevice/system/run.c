/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ondevice/common/say.h"

/* First word about a slow program; each later one after twice the time. */
#define SLOW_MS 30000
/* What a program has to end by itself. */
#define TERM_MS 3000

/* In the child. Writes errno to failure_fd, which a successful exec closes. */
static void __attribute__((noreturn)) become(const char *const *argv, int out_fd, int failure_fd)
{
	int number, null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	ssize_t ignored;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	dup2(null_fd, STDIN_FILENO);
	dup2(out_fd >= 0 ? out_fd : null_fd, STDOUT_FILENO);
	dup2(out_fd >= 0 ? out_fd : null_fd, STDERR_FILENO);
	execvp(argv[0], (char *const *)argv);
	number = errno;
	ignored = write(failure_fd, &number, sizeof(number));
	(void)ignored;
	_exit(127);
}

static int start(const char *const *argv, int out_fd, pid_t *ret_pid, struct lkb_error *err)
{
	int pipe_fds[2], number = 0;
	lkb_autofd from_child = -1;
	ssize_t n;
	pid_t pid = 0;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return lkb_fail_errno(err, "cannot make a pipe");
	from_child = pipe_fds[0];
	pid = fork();
	if (pid == 0)
		become(argv, out_fd, pipe_fds[1]);
	close(pipe_fds[1]);
	if (pid < 0)
		return lkb_fail_errno(err, "cannot start '%s'", argv[0]);
	do {
		n = read(from_child, &number, sizeof(number));
	} while (n < 0 && errno == EINTR);
	if (n == sizeof(number)) {
		errno = number;
		return lkb_fail_errno(err, "cannot start '%s'", argv[0]);
	}
	*ret_pid = pid;
	return 0;
}

int lkb_run_start(struct lkb_loop *l, const struct lkb_run *run, lkb_ended_fn *fn, void *arg,
		  pid_t *ret_pid, struct lkb_error *err)
{
	lkb_autofd out = -1, in = -1;
	int fds[2];
	pid_t pid = 0;

	if (run->log) {
		if (pipe2(fds, O_CLOEXEC) < 0)
			return lkb_fail_errno(err, "cannot make a pipe");
		out = fds[0];
		in = fds[1];
	}
	if (start(run->argv, in, &pid, err))
		return -1;
	if (run->log)
		lkb_log_start(l, lkb_steal_fd(&out), run->log);
	lkb_loop_child(l, pid, fn, arg);
	*ret_pid = pid;
	return 0;
}

struct waiting {
	bool done;
	int status;
};

static void on_end(void *arg, int status)
{
	struct waiting *w = arg;

	w->done = true;
	w->status = status;
}

static bool wait_for(struct lkb_loop *l, const struct lkb_run *run, const bool *done)
{
	int64_t begin = lkb_now_ms(), end = begin + run->timeout_ms, slow = SLOW_MS;

	for (;;) {
		int64_t now = lkb_now_ms(), turn = begin + slow - now;

		if (run->timeout_ms && end - now < turn)
			turn = end - now;
		if (lkb_loop_until(l, done, turn > 0 ? turn : 0))
			return true;
		if (l->request != LKB_STAY && !l->stopping)
			return false;
		now = lkb_now_ms();
		if (run->timeout_ms && now >= end)
			return false;
		if (run->slow && now >= begin + slow)
			lkb_say("%s still runs after %d seconds", run->slow, (int)(slow / 1000));
		slow = now >= begin + slow ? 2 * slow : slow;
	}
}

/* SIGTERM first: runc hands it on to its container, SIGKILL would leave that behind. */
static void end_child(struct lkb_loop *l, pid_t pid, const bool *done)
{
	int64_t end = lkb_now_ms() + TERM_MS;

	kill(pid, SIGTERM);
	while (!*done && lkb_now_ms() < end)
		lkb_loop_turn(l, 100);
	if (*done)
		return;
	lkb_loop_forget(l, pid);
	kill(pid, SIGKILL);
}

int lkb_run_wait(struct lkb_loop *l, const struct lkb_run *run, int *ret_status,
		 struct lkb_error *err)
{
	struct waiting w = {0};
	pid_t pid = 0;

	if (lkb_run_start(l, run, on_end, &w, &pid, err))
		return -1;
	if (wait_for(l, run, &w.done)) {
		*ret_status = w.status;
		return 0;
	}
	end_child(l, pid, &w.done);
	if (l->request != LKB_STAY && !l->stopping)
		return lkb_fail(err, LKB_INTERRUPTED, "the machine is to shut down");
	return lkb_fail(err, LKB_DIDNT, "'%s' did not end within %d seconds", run->argv[0],
			(int)(run->timeout_ms / 1000));
}
