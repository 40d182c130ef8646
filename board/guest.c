/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/undo.h"
#include "board/qemu_priv.h"

#define GRACE_MS 2000

/* Descriptors of the child; -1 = none. */
struct child_fds {
	int in, out, err, monitor;
};

static void __attribute__((noreturn)) child(char **argv, const struct child_fds *fds, pid_t parent)
{
	int in = fds->in;
	static const int to_default[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
	sigset_t none;
	size_t i;

	/* A session of its own: the terminal's Ctrl-C is ours to handle, and all that QEMU starts
	 * can be ended with it. If we are killed outright, it must not stay. */
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	for (i = 0; i < LKB_ARRAY_SIZE(to_default); i++)
		signal(to_default[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (in < 0)
		in = open("/dev/null", O_RDONLY);
	if (dup2(in, 0) < 0 || dup2(fds->out, 1) < 0 || dup2(fds->err, 2) < 0 ||
	    (fds->monitor >= 0 && dup2(fds->monitor, LKB_MONITOR_FD) < 0))
		_exit(126);
	execv(argv[0], argv);
	dprintf(2, "cannot run '%s': %s\n", argv[0], strerror(errno));
	_exit(126);
}

/* Both ends close by themselves. */
struct pipe_ends {
	int read, write;
};

static void pipe_cleanup(struct pipe_ends *p)
{
	lkb_cleanup_fd(&p->read);
	lkb_cleanup_fd(&p->write);
}
#define autopipe __attribute__((cleanup(pipe_cleanup))) struct pipe_ends

static int make_pipe(struct pipe_ends *p, struct lkb_error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return lkb_fail_errno(err, "cannot make a pipe");
	p->read = ends[0];
	p->write = ends[1];
	return 0;
}

/* Both ends are far above LKB_MONITOR_FD, so that the child can move its own there. */
static int make_socket(struct pipe_ends *p, struct lkb_error *err)
{
	autopipe low = {-1, -1};
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return lkb_fail_errno(err, "cannot make a socket");
	low = (struct pipe_ends){ends[0], ends[1]};
	p->read = fcntl(low.read, F_DUPFD_CLOEXEC, 10);
	p->write = fcntl(low.write, F_DUPFD_CLOEXEC, 10);
	if (p->read < 0 || p->write < 0)
		return lkb_fail_errno(err, "cannot make a socket");
	return 0;
}

int lkb_guest_start(struct lkb_strv *argv, bool feed, bool monitor, struct lkb_guest *ret,
		    struct lkb_error *err)
{
	autopipe in = {-1, -1}, out = {-1, -1}, said = {-1, -1}, talk = {-1, -1};
	struct lkb_guest g = LKB_GUEST_NONE;
	pid_t parent = getpid();

	if ((feed && make_pipe(&in, err)) || make_pipe(&out, err) || make_pipe(&said, err) ||
	    (monitor && make_socket(&talk, err)))
		return -1;
	g.pid = fork();
	if (g.pid < 0)
		return lkb_fail_errno(err, "cannot start '%s'", argv->items[0]);
	if (!g.pid) {
		struct child_fds fds = {in.read, out.write, said.write, talk.read};

		child(argv->items, &fds, parent);
	}
	g.undo = lkb_undo_kill(g.pid);
	g.pidfd = pidfd_open(g.pid, 0);
	if (g.pidfd < 0) {
		lkb_fail_errno(err, "cannot watch '%s'", argv->items[0]);
		lkb_guest_stop(&g);
		return -1;
	}
	g.in = lkb_steal_fd(&in.write);
	g.out = lkb_steal_fd(&out.read);
	g.err = lkb_steal_fd(&said.read);
	g.monitor = lkb_steal_fd(&talk.write);
	*ret = g;
	return 0;
}

/* True if it has ended. It is not reaped: its number stays its own. */
static bool wait_for_end(struct lkb_guest *g, int timeout_ms)
{
	struct pollfd fd = {.fd = g->pidfd, .events = POLLIN};

	while (poll(&fd, 1, timeout_ms) < 0)
		if (errno != EINTR)
			return false;
	return fd.revents != 0;
}

static void kill_all(struct lkb_guest *g, int sig)
{
	/* The group does not exist before the child has come to its setsid(). */
	if (kill(-g->pid, sig) < 0)
		kill(g->pid, sig);
}

void lkb_guest_stop(struct lkb_guest *g)
{
	int *const fds[] = {&g->pidfd, &g->in, &g->out, &g->err, &g->monitor};
	size_t i;

	if (g->pid > 0) {
		if (g->pidfd >= 0 && !wait_for_end(g, 0)) {
			kill_all(g, SIGTERM);
			wait_for_end(g, GRACE_MS);
		}
		/* Also what it has started and left behind. */
		kill_all(g, SIGKILL);
		while (waitpid(g->pid, &g->status, 0) < 0 && errno == EINTR)
			continue;
		lkb_undo_forget(g->undo);
		g->undo = -1;
		g->pid = 0;
	}
	for (i = 0; i < LKB_ARRAY_SIZE(fds); i++) {
		lkb_cleanup_fd(fds[i]);
		*fds[i] = -1;
	}
}
