/* SPDX-License-Identifier: Apache-2.0 */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/undo.h"

/* A message has 1024 bytes; the end of what a program says is what explains its death. */
#define STDERR_KEPT 768
/* Of a command line; mcopy's and apt's name hundreds of files. */
#define LINE_SHOWN 1000
#define MAX_OUTPUT_DEFAULT ((size_t)16 << 20)

/* What stands in PATH is searched first, then where administration programs live. */
static char *search_path(void)
{
	const char *path = getenv("PATH");

	return lkb_format("%s:/usr/local/sbin:/usr/sbin:/sbin",
			  path && *path ? path : "/usr/local/bin:/usr/bin:/bin");
}

static bool can_run(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

/* The child may change its directory before it looks for the program. */
static char *absolute(const char *path)
{
	lkb_autofree char *here = *path == '/' ? NULL : getcwd(NULL, 0);

	return here ? lkb_format("%s/%s", here, path) : lkb_strdup(path);
}

int lkb_proc_find(const char *name, const char *package, char **ret, struct lkb_error *err)
{
	lkb_autofree char *dirs = NULL;
	char *at, *dir;

	if (strchr(name, '/')) {
		if (can_run(name)) {
			*ret = absolute(name);
			return 0;
		}
		lkb_fail(err, LKB_MISSING, "'%s' is not a program that can be run", name);
	} else {
		dirs = search_path();
		for (at = dirs; (dir = strsep(&at, ":"));) {
			lkb_autofree char *full = lkb_format("%s/%s", *dir ? dir : ".", name);

			if (can_run(full)) {
				*ret = absolute(full);
				return 0;
			}
		}
		lkb_fail(err, LKB_MISSING, "the program '%s' is needed and not installed", name);
	}
	return package ? lkb_hint(err, "apt-get install %s", package) : -1;
}

static struct lkb_ui *watcher;

void lkb_proc_watch(struct lkb_ui *ui)
{
	watcher = ui;
}

void lkb_proc_say(const char *const *argv)
{
	lkb_autostr line = {0};

	if (!watcher || !watcher->verbose)
		return;
	for (; *argv && line.len < LINE_SHOWN; argv++)
		lkb_str_addf(&line, " %s", *argv);
	lkb_ui_detail(watcher, "running:%.*s%s", LINE_SHOWN, lkb_str_get(&line),
		      *argv || line.len > LINE_SHOWN ? " ..." : "");
}

struct pipes {
	int in[2], out[2], err[2];
};

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_pair(int pair[2])
{
	close_end(&pair[0]);
	close_end(&pair[1]);
}

static void close_pipes(struct pipes *p)
{
	close_pair(p->in);
	close_pair(p->out);
	close_pair(p->err);
}

static int open_pipes(struct pipes *p, bool feed, struct lkb_error *err)
{
	*p = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}};
	if ((feed && pipe2(p->in, O_CLOEXEC) < 0) || pipe2(p->out, O_CLOEXEC) < 0 ||
	    pipe2(p->err, O_CLOEXEC) < 0) {
		lkb_fail_errno(err, "cannot make a pipe");
		close_pipes(p);
		return -1;
	}
	return 0;
}

static void set_environment(const char *const *env)
{
	const char *path = getenv("PATH");
	lkb_autofree char *kept = path ? lkb_strdup(path) : NULL;

	if (!env) {
		setenv("LC_ALL", "C", 1);
		setenv("TZ", "UTC", 1);
		return;
	}
	clearenv();
	if (kept)
		setenv("PATH", kept, 1);
	for (; *env; env++)
		putenv(lkb_strdup(*env));
}

/* All signals are blocked: a handler of ours must not run in the child, where it would undo what is
 * its parent's. */
static void default_signals(void)
{
	static const int ours[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD};
	sigset_t none;
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(ours); i++)
		signal(ours[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void __attribute__((noreturn)) child(const struct lkb_proc *p, const char *program,
					    const struct pipes *pipes)
{
	int in = pipes->in[0];

	default_signals();
	if (in < 0)
		in = p->stdin_fd > 0 ? p->stdin_fd : open("/dev/null", O_RDONLY);
	if (dup2(in, 0) < 0 || dup2(pipes->out[1], 1) < 0 || dup2(pipes->err[1], 2) < 0 ||
	    (p->keep_fd > 2 && fcntl(p->keep_fd, F_SETFD, 0) < 0))
		_exit(126);
	if (p->cwd && chdir(p->cwd) < 0) {
		dprintf(2, "cannot change to '%s': %s\n", p->cwd, strerror(errno));
		_exit(126);
	}
	set_environment(p->env);
	execv(program, (char *const *)p->argv);
	dprintf(2, "cannot run '%s': %s\n", program, strerror(errno));
	_exit(126);
}

struct talk {
	const char *input;
	size_t input_left;
	struct lkb_str out, err;
	size_t max_output;
	bool too_much, broken;
};

/* A child that has closed its end must not end us by SIGPIPE, whatever the caller does about that
 * signal: it is held back, and taken off again where the write raised it. */
static ssize_t write_quietly(int fd, const void *p, size_t n)
{
	static const struct timespec at_once;
	sigset_t broken_pipe, before;
	ssize_t put;

	sigemptyset(&broken_pipe);
	sigaddset(&broken_pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
	put = write(fd, p, n);
	if (put < 0 && errno == EPIPE) {
		sigtimedwait(&broken_pipe, NULL, &at_once);
		errno = EPIPE;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return put;
}

static void feed(int *fd, struct talk *t)
{
	ssize_t n = write_quietly(*fd, t->input, t->input_left);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0) {
		t->input += n;
		t->input_left -= (size_t)n;
	}
	/* A child that wants no more input has closed its end: that is its right. */
	if (n < 0 || !t->input_left)
		close_end(fd);
}

/* At the end of the stream *fd becomes -1. */
static void drain(int *fd, struct lkb_str *s)
{
	char buf[65536];
	ssize_t n = read(*fd, buf, sizeof(buf));

	if (n < 0 && errno == EINTR)
		return;
	if (n > 0)
		lkb_str_addn(s, buf, (size_t)n);
	else
		close_end(fd);
}

static void keep_tail(struct lkb_str *s)
{
	if (s->len <= STDERR_KEPT)
		return;
	memmove(s->s, s->s + (s->len - STDERR_KEPT), STDERR_KEPT + 1);
	s->len = STDERR_KEPT;
}

static void converse(struct pipes *pipes, struct talk *t)
{
	if (pipes->in[1] >= 0) {
		fcntl(pipes->in[1], F_SETFL, O_NONBLOCK);
		if (!t->input_left)
			close_pair(pipes->in);
	}
	/* A child may close its output and still read; the pipe breaks when it ends. */
	while (pipes->in[1] >= 0 || pipes->out[0] >= 0 || pipes->err[0] >= 0) {
		struct pollfd fds[3] = {
			{.fd = pipes->in[1], .events = POLLOUT},
			{.fd = pipes->out[0], .events = POLLIN},
			{.fd = pipes->err[0], .events = POLLIN},
		};

		if (poll(fds, 3, -1) < 0) {
			if (errno == EINTR)
				continue;
			t->broken = true;
			break;
		}
		if (fds[0].revents)
			feed(&pipes->in[1], t);
		if (fds[1].revents)
			drain(&pipes->out[0], &t->out);
		if (fds[2].revents) {
			drain(&pipes->err[0], &t->err);
			keep_tail(&t->err);
		}
		if (t->out.len > t->max_output) {
			t->too_much = true;
			break;
		}
	}
}

static void trim(struct lkb_str *s)
{
	while (s->len && strchr("\r\n \t", s->s[s->len - 1]))
		s->s[--s->len] = '\0';
}

/* One line out of what the program said: newlines become "; ". */
static char *one_line(struct lkb_str *s)
{
	lkb_autostr line = {0};
	const char *p;

	trim(s);
	for (p = lkb_str_get(s); *p; p++) {
		if (*p == '\n')
			lkb_str_add(&line, "; ");
		else
			lkb_str_addc(&line, *p);
	}
	return lkb_str_take(&line);
}

static int judge(const char *name, int status, struct talk *t, int *ret_code,
		 struct lkb_error *err)
{
	lkb_autofree char *said = one_line(&t->err);

	if (t->broken)
		return lkb_fail(err, LKB_IO, "the talk with '%s' broke off", name);
	if (t->too_much)
		return lkb_fail(err, LKB_IO, "'%s' printed more than %zu bytes", name,
				t->max_output);
	if (WIFSIGNALED(status))
		return lkb_fail(err, LKB_IO, "'%s' was killed by signal %d (%s)%s%s", name,
				WTERMSIG(status), strsignal(WTERMSIG(status)), *said ? ": " : "",
				said);
	if (ret_code)
		*ret_code = WEXITSTATUS(status);
	else if (WEXITSTATUS(status))
		return lkb_fail(err, LKB_IO, "'%s' failed with exit code %d%s%s", name,
				WEXITSTATUS(status), *said ? ": " : "", said);
	return 0;
}

static pid_t start(const struct lkb_proc *p, const char *program, const struct pipes *pipes,
		   int *ret_undo)
{
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (!pid)
		child(p, program, pipes);
	if (pid > 0)
		*ret_undo = lkb_undo_kill(pid);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/* Its number stays its own until it is reaped, so it is forgotten before that. */
static int reap(pid_t pid, int undo, const char *name, int *ret_status, struct lkb_error *err)
{
	siginfo_t info;
	pid_t r;

	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		;
	lkb_undo_forget(undo);
	while ((r = waitpid(pid, ret_status, 0)) < 0 && errno == EINTR)
		;
	return r < 0 ? lkb_fail_errno(err, "cannot learn how '%s' ended", name) : 0;
}

int lkb_proc_run(const struct lkb_proc *p, struct lkb_str *ret_out, struct lkb_error *err)
{
	struct talk t = {
		.input = p->input,
		.input_left = p->input_len,
		.max_output = p->max_output ? p->max_output : MAX_OUTPUT_DEFAULT,
	};
	lkb_autofree char *program = NULL;
	struct pipes pipes;
	int status = 0, undo = -1, r;
	pid_t pid;

	if (lkb_proc_find(p->argv[0], p->package, &program, err) ||
	    open_pipes(&pipes, p->input != NULL && p->stdin_fd <= 0, err))
		return -1;
	lkb_proc_say(p->argv);
	pid = start(p, program, &pipes, &undo);
	if (pid < 0) {
		lkb_fail_errno(err, "cannot start '%s'", p->argv[0]);
		close_pipes(&pipes);
		return -1;
	}
	close_end(&pipes.in[0]);
	close_end(&pipes.out[1]);
	close_end(&pipes.err[1]);
	converse(&pipes, &t);
	close_pipes(&pipes);
	if (t.too_much || t.broken)
		kill(pid, SIGKILL);
	r = reap(pid, undo, p->argv[0], &status, err) ||
	    judge(p->argv[0], status, &t, p->ret_code, err);
	if (!r && ret_out)
		lkb_str_addn(ret_out, lkb_str_get(&t.out), t.out.len);
	lkb_str_clear(&t.out);
	lkb_str_clear(&t.err);
	return r ? -1 : 0;
}
