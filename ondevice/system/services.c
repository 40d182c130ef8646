/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/services.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/size.h"
#include "ondevice/common/say.h"
#include "ondevice/common/slurp.h"
#include "ondevice/system/containerd.h"
#include "ondevice/system/containers.h"
#include "ondevice/system/prepare.h"
#include "ondevice/system/procstatus.h"
#include "ondevice/system/run.h"

#define CTR_TIMEOUT_MS 180000
#define KILL_TIMEOUT_MS 2000

struct service {
	char *id;
	char *ns;
	char *log_path;
	struct lkb_loop *loop;
	pid_t pid; /* of its first process */
	int pid_fd; /* -1 once it has ended */
	int exit_code;
};

static struct {
	struct service **items; /* never freed: PID 1 needs them to its end */
	size_t n, cap;
	size_t running;
	bool none_running; /* running == 0, for lkb_loop_until() */
} services;

static void count(int change)
{
	services.running += (size_t)change;
	services.none_running = !services.running;
}

/* ctr says the code in a warning, and nothing if it is 0. */
static void on_ctr_line(void *arg, const char *line, size_t len)
{
	static const char before[] = "exit code ";
	struct service *s = arg;
	const char *found = memmem(line, len, before, sizeof(before) - 1);
	lkb_autofree char *text = NULL;
	uint64_t code;

	if (!found)
		return;
	found += sizeof(before) - 1;
	text = lkb_strndup(found, (size_t)(line + len - found));
	text[strspn(text, "0123456789")] = '\0';
	if (lkb_u64_parse(text, &code) && code <= 255)
		s->exit_code = (int)code;
}

static void on_deleted(void *arg, int status)
{
	const struct service *s = arg;

	if (status)
		lkb_say("service '%s' ended, its exit code is not known; its output is in %s",
			s->id, s->log_path);
	else
		lkb_say("service '%s' ended: exit code %d; its output is in %s", s->id,
			s->exit_code, s->log_path);
}

/* Deleting a task gives its exit code, and its shim's memory back. */
static void delete_task(struct service *s)
{
	const char *argv[] = {"ctr", "-n", s->ns, "task", "delete", s->id, NULL};
	struct lkb_log_options log = {.name = s->id, .no_console = true, .fn = on_ctr_line,
				      .arg = s};
	struct lkb_run run = {.argv = argv, .log = &log};
	struct lkb_error err;
	pid_t pid;

	if (lkb_run_start(s->loop, &run, on_deleted, s, &pid, &err))
		lkb_say_error(&err, "service '%s' ended; no exit code", s->id);
}

static void on_end(void *arg, short revents)
{
	struct service *s = arg;

	lkb_loop_unwatch(s->loop, s->pid_fd);
	close(s->pid_fd);
	s->pid_fd = -1;
	count(-1);
	if (!s->loop->stopping)
		delete_task(s);
}

/* The shim keeps the number of the task's first process beside its socket. */
static int watch(struct service *s, struct lkb_error *err)
{
	lkb_autofree char *path = lkb_format(LKB_CONTAINERD_STATE
					     "/io.containerd.runtime.v2.task/%s/%s/init.pid",
					     s->ns, s->id);
	lkb_autofree char *text = lkb_slurp_line(path);
	uint64_t pid;

	if (!text || !lkb_u64_parse(text, &pid) || !pid || pid > INT32_MAX)
		return lkb_fail(err, LKB_IO, "'%s' holds no process number", path);
	s->pid = (pid_t)pid;
	s->pid_fd = pidfd_open(s->pid, 0);
	if (s->pid_fd < 0)
		return lkb_fail_errno(err, "process %d", (int)s->pid);
	count(1);
	lkb_loop_watch(s->loop, s->pid_fd, POLLIN, on_end, s);
	return 0;
}

static int create_task(struct service *s, struct lkb_error *err)
{
	lkb_autofree char *config = lkb_format("/containers/services/%s/config.json", s->id);
	lkb_autofree char *fifo = lkb_format("/run/lkboard/log/%s", s->id);
	lkb_autofree char *uri = lkb_format("file://%s", fifo);
	struct lkb_log_options log = {.name = s->id, .file = s->log_path};
	const char *argv[] = {"ctr", "-n", s->ns, "run", "--detach", "--config", config,
			      "--log-uri", uri, s->id, NULL};
	struct lkb_run run = {.argv = argv, .log = &log, .timeout_ms = CTR_TIMEOUT_MS};
	int status;

	if (lkb_log_start_fifo(s->loop, fifo, &log, err) ||
	    lkb_run_wait(s->loop, &run, &status, err))
		return -1;
	if (status)
		return lkb_fail(err, LKB_DIDNT, "ctr: %s", lkb_status_text(status).s);
	return 0;
}

/* containerd's own record of a container outlives a reboot when /var is on a disk. */
static void forget_container(const struct service *s)
{
	const char *argv[] = {"ctr", "-n", s->ns, "containers", "delete", s->id, NULL};
	struct lkb_run run = {.argv = argv, .timeout_ms = CTR_TIMEOUT_MS};
	int status;

	lkb_run_wait(s->loop, &run, &status, NULL);
}

static int start_service(struct lkb_loop *l, const char *id, bool stale, struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_format("/containers/services/%s", id);
	struct service *s = lkb_alloc(sizeof(*s));
	struct lkb_prepared prepared = {0};

	s->loop = l;
	s->id = lkb_strdup(id);
	s->log_path = lkb_format("/var/log/%s.log", id);
	s->pid_fd = -1;
	LKB_GROW(services.items, services.n, services.cap);
	services.items[services.n++] = s;
	if (lkb_prepare(dir, &prepared, err))
		return -1;
	s->ns = lkb_strdup(prepared.containerd_ns[0] ? prepared.containerd_ns
						     : "services.linuxkit");
	if (stale)
		forget_container(s);
	if (create_task(s, err)) {
		lkb_prepared_undo(&prepared);
		return -1;
	}
	lkb_prepared_clear(&prepared);
	if (watch(s, err)) {
		/* So short a life is a start and an end. */
		delete_task(s);
	}
	return 0;
}

size_t lkb_services_start(struct lkb_loop *l)
{
	lkb_autostrv ids = {0};
	struct lkb_error err;
	size_t i, started = 0;
	bool stale;

	lkb_containers_list("services", &ids);
	if (!lkb_containerd_installed() && !ids.n)
		return 0;
	if (lkb_containerd_start(l, &stale, &err)) {
		lkb_say_error(&err, "containerd FAILED; %zu services are not started", ids.n);
		return 0;
	}
	for (i = 0; i < ids.n; i++) {
		if (l->request != LKB_STAY)
			break;
		if (!start_service(l, ids.items[i], stale, &err)) {
			started++;
			continue;
		}
		lkb_say_error(&err, "service '%s' FAILED", ids.items[i]);
		lkb_say("  its output is in /var/log/%s.log", ids.items[i]);
	}
	return started;
}

static void signal_all(int number)
{
	size_t i;

	for (i = 0; i < services.n; i++) {
		const struct service *s = services.items[i];
		int sent = number;

		if (s->pid_fd < 0)
			continue;
		if (number == SIGTERM && !lkb_procstatus_ends_by(s->pid, SIGTERM))
			sent = SIGKILL;
		pidfd_send_signal(s->pid_fd, sent, NULL, 0);
	}
}

void lkb_services_stop(struct lkb_loop *l, int64_t timeout_ms)
{
	size_t i;

	count(0);
	signal_all(SIGTERM);
	if (lkb_loop_until(l, &services.none_running, timeout_ms))
		return;
	for (i = 0; i < services.n; i++)
		if (services.items[i]->pid_fd >= 0)
			lkb_say("service '%s' does not end; killing it", services.items[i]->id);
	signal_all(SIGKILL);
	lkb_loop_until(l, &services.none_running, KILL_TIMEOUT_MS);
}
