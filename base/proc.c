/* SPDX-License-Identifier: Apache-2.0 */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/undo.h"

#define STDERR_KEPT 4096
#define MAX_OUTPUT_DEFAULT ((size_t)16 << 20)

/* What stands in PATH is searched first, then where administration programs live. */
static char *search_path(void)
{
	const char *path = getenv("PATH");

	return lkb_format("%s:/usr/local/sbin:/usr/sbin:/sbin",
			  path && *path ? path : "/usr/local/bin:/usr/bin:/bin");
}

int lkb_proc_find(const char *name, const char *package, char **ret, struct lkb_error *err)
{
	lkb_autofree char *dirs = NULL;
	char *at, *dir;

	if (strchr(name, '/')) {
		if (access(name, X_OK))
			return lkb_fail(err, LKB_MISSING, "'%s' is not a program that can be run",
					name);
		*ret = lkb_strdup(name);
		return 0;
	}
	dirs = search_path();
	for (at = dirs; (dir = strsep(&at, ":"));) {
		lkb_autofree char *full = lkb_format("%s/%s", *dir ? dir : ".", name);

		if (!access(full, X_OK)) {
			*ret = LKB_STEAL(full);
			return 0;
		}
	}
	lkb_fail(err, LKB_MISSING, "the program '%s' is needed and not installed", name);
	if (package)
		lkb_hint(err, "apt-get install %s", package);
	return -1;
}

struct pipes {
	int in[2], out[2], err[2];
};

static void close_pair(int pair[2])
{
	int i;

	for (i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
	pair[0] = pair[1] = -1;
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

static void __attribute__((noreturn)) child(const struct lkb_proc *p, const char *program,
					    const struct pipes *pipes)
{
	int in = pipes->in[0];
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	if (in < 0)
		in = p->stdin_fd > 0 ? p->stdin_fd : open("/dev/null", O_RDONLY);
	if (dup2(in, 0) < 0 || dup2(pipes->out[1], 1) < 0 || dup2(pipes->err[1], 2) < 0)
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
	bool too_much;
};

static void feed(int *fd, struct talk *t)
{
	ssize_t n = write(*fd, t->input, t->input_left);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0) {
		t->input += n;
		t->input_left -= (size_t)n;
	}
	/* A child that wants no more input has closed its end: that is its right. */
	if (n < 0 || !t->input_left) {
		close(*fd);
		*fd = -1;
	}
}

/* False at the end of the stream. */
static bool drain(int *fd, struct lkb_str *s)
{
	char buf[65536];
	ssize_t n = read(*fd, buf, sizeof(buf));

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0) {
		close(*fd);
		*fd = -1;
		return false;
	}
	lkb_str_addn(s, buf, (size_t)n);
	return true;
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
	while (pipes->out[0] >= 0 || pipes->err[0] >= 0) {
		struct pollfd fds[3] = {
			{.fd = pipes->in[1], .events = POLLOUT},
			{.fd = pipes->out[0], .events = POLLIN},
			{.fd = pipes->err[0], .events = POLLIN},
		};

		if (poll(fds, 3, -1) < 0) {
			if (errno == EINTR)
				continue;
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

static int judge(const char *name, int status, struct talk *t, struct lkb_error *err)
{
	lkb_autofree char *said = one_line(&t->err);

	if (t->too_much)
		return lkb_fail(err, LKB_IO, "'%s' printed more than %zu bytes", name,
				t->max_output);
	if (WIFSIGNALED(status))
		return lkb_fail(err, LKB_IO, "'%s' was killed by signal %d (%s)%s%s", name,
				WTERMSIG(status), strsignal(WTERMSIG(status)), *said ? ": " : "",
				said);
	if (WEXITSTATUS(status))
		return lkb_fail(err, LKB_IO, "'%s' failed with exit code %d%s%s", name,
				WEXITSTATUS(status), *said ? ": " : "", said);
	return 0;
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
	int status = 0, undo, r;
	pid_t pid;

	if (lkb_proc_find(p->argv[0], p->package, &program, err) ||
	    open_pipes(&pipes, p->input != NULL, err))
		return -1;
	pid = fork();
	if (pid < 0) {
		lkb_fail_errno(err, "cannot start '%s'", p->argv[0]);
		close_pipes(&pipes);
		return -1;
	}
	if (!pid)
		child(p, program, &pipes);
	undo = lkb_undo_kill(pid);
	close(pipes.out[1]);
	close(pipes.err[1]);
	pipes.out[1] = pipes.err[1] = -1;
	if (pipes.in[0] >= 0)
		close(pipes.in[0]);
	pipes.in[0] = -1;
	converse(&pipes, &t);
	close_pipes(&pipes);
	if (t.too_much)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	lkb_undo_forget(undo);
	r = judge(p->argv[0], status, &t, err);
	if (!r && ret_out)
		lkb_str_addn(ret_out, lkb_str_get(&t.out), t.out.len);
	lkb_str_clear(&t.out);
	lkb_str_clear(&t.err);
	return r;
}
