/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/service.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/size.h"
#include "ondevice/common/say.h"
#include "ondevice/common/slurp.h"
#include "ondevice/system/bindns.h"
#include "ondevice/system/containerd.h"
#include "ondevice/system/containers.h"
#include "ondevice/system/procstatus.h"
#include "ondevice/system/run.h"

#define CTR_TIMEOUT_MS 180000
#define DEFAULT_NS "services.linuxkit"

struct lkb_service *lkb_service_new(struct lkb_loop *l, const char *id)
{
	struct lkb_service *s = lkb_alloc(sizeof(*s));

	s->loop = l;
	s->id = lkb_strdup(id);
	s->log_path = lkb_format("/var/log/%s.log", id);
	s->pid_fd = -1;
	s->exit_code = -1;
	s->ended = s->gone = true;
	return s;
}

const char *lkb_service_ns(const struct lkb_service *s)
{
	return s->prepared.containerd_ns[0] ? s->prepared.containerd_ns : DEFAULT_NS;
}

/* ctr says the code in a warning, and nothing if it is 0. */
static void on_ctr_line(void *arg, const char *line, size_t len)
{
	static const char before[] = "exit code ";
	struct lkb_service *s = arg;
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

void lkb_service_release(struct lkb_service *s)
{
	lkb_bindns_unmount(&s->prepared.bound);
}

/* Its own mounts go; those that others use stay. */
static void is_gone(struct lkb_service *s, enum lkb_service_state state)
{
	lkb_prepared_undo(&s->prepared);
	s->state = state;
	s->gone = true;
	if (s->on_gone)
		s->on_gone(s);
}

static void on_deleted(void *arg, int status)
{
	struct lkb_service *s = arg;

	if (status)
		s->exit_code = -1;
	if (s->exit_code < 0)
		lkb_say("service '%s' ended, its exit code is not known; its output is in %s",
			s->id, s->log_path);
	else
		lkb_say("service '%s' ended: exit code %d; its output is in %s", s->id,
			s->exit_code, s->log_path);
	is_gone(s, LKB_SERVICE_ENDED);
}

/* Deleting a task gives its exit code, and its shim's memory back. */
static void delete_task(struct lkb_service *s)
{
	const char *argv[] = {"ctr", "-n", lkb_service_ns(s), "task", "delete", s->id, NULL};
	struct lkb_log_options log = {.name = s->id, .no_console = true, .fn = on_ctr_line,
				      .arg = s};
	struct lkb_run run = {.argv = argv, .log = &log};
	struct lkb_error err;
	pid_t pid;

	s->state = LKB_SERVICE_ENDING;
	s->ended_ms = lkb_now_ms();
	s->exit_code = 0;
	if (!lkb_run_start(s->loop, &run, on_deleted, s, &pid, &err))
		return;
	lkb_say_error(&err, "service '%s' ended; no exit code", s->id);
	s->exit_code = -1;
	is_gone(s, LKB_SERVICE_ENDED);
}

static void on_end(void *arg, short revents)
{
	struct lkb_service *s = arg;

	lkb_loop_unwatch(s->loop, s->pid_fd);
	close(s->pid_fd);
	s->pid_fd = -1;
	s->ended = true;
	if (!s->loop->stopping) {
		delete_task(s);
		return;
	}
	s->state = LKB_SERVICE_ENDED;
	s->gone = true;
}

/* The shim keeps the number of the task's first process beside its socket. */
static int watch(struct lkb_service *s, struct lkb_error *err)
{
	lkb_autofree char *path = lkb_format(LKB_CONTAINERD_STATE
					     "/io.containerd.runtime.v2.task/%s/%s/init.pid",
					     lkb_service_ns(s), s->id);
	lkb_autofree char *text = lkb_slurp_line(path);
	uint64_t pid;

	if (!text || !lkb_u64_parse(text, &pid) || !pid || pid > INT32_MAX)
		return lkb_fail(err, LKB_IO, "'%s' holds no process number", path);
	s->pid = (pid_t)pid;
	s->pid_fd = pidfd_open(s->pid, 0);
	if (s->pid_fd < 0)
		return lkb_fail_errno(err, "process %d", (int)s->pid);
	lkb_loop_watch(s->loop, s->pid_fd, POLLIN, on_end, s);
	return 0;
}

static int create_task(struct lkb_service *s, const char *bundle, struct lkb_error *err)
{
	lkb_autofree char *config = lkb_format("%s/config.json", bundle);
	lkb_autofree char *fifo = lkb_format("/run/lkboard/log/%s", s->id);
	lkb_autofree char *uri = lkb_format("file://%s", fifo);
	struct lkb_log_options log = {.name = s->id, .file = s->log_path};
	const char *argv[] = {"ctr", "-n", lkb_service_ns(s), "run", "--detach", "--config", config,
			      "--log-uri", uri, s->id, NULL};
	struct lkb_run run = {.argv = argv, .log = &log, .timeout_ms = CTR_TIMEOUT_MS};
	int status;

	/* The log outlives the task: what is said last is read after its end. */
	if (!s->logs && lkb_log_start_fifo(s->loop, fifo, &log, err))
		return -1;
	s->logs = true;
	s->recorded = true;
	if (lkb_run_wait(s->loop, &run, &status, err))
		return -1;
	if (status)
		return lkb_fail(err, LKB_DIDNT, "ctr: %s", lkb_status_text(status).s);
	return 0;
}

/* containerd's own record of a container outlives its task, and a reboot when /var is on a disk. */
static void forget_container(struct lkb_service *s)
{
	const char *argv[] = {"ctr", "-n", lkb_service_ns(s), "containers", "delete", s->id, NULL};
	struct lkb_run run = {.argv = argv, .timeout_ms = CTR_TIMEOUT_MS};
	int status;

	if (s->recorded && !lkb_run_wait(s->loop, &run, &status, NULL) && !status)
		s->recorded = false;
}

/* What a start that failed half-way has left with containerd. */
static void delete_leftover(struct lkb_service *s)
{
	const char *argv[] = {"ctr", "-n", lkb_service_ns(s), "task", "delete", "--force", s->id,
			      NULL};
	struct lkb_run run = {.argv = argv, .timeout_ms = CTR_TIMEOUT_MS};
	int status;

	if (s->recorded)
		lkb_run_wait(s->loop, &run, &status, NULL);
}

static int start_prepared(struct lkb_service *s, const char *dir, struct lkb_error *err)
{
	lkb_autofree char *bundle = NULL;

	if (lkb_container_bundle(dir, s->id, &s->prepared, &bundle, err))
		return -1;
	forget_container(s);
	if (!create_task(s, bundle, err))
		return 0;
	delete_leftover(s);
	return -1;
}

static int start(struct lkb_service *s, struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_format(LKB_SERVICES_DIR "/%s", s->id);
	struct lkb_prepared prepared = {0};

	lkb_service_release(s);
	if (lkb_prepare(dir, s->was_prepared, &prepared, err)) {
		lkb_prepare_policy(dir, &s->prepared.restart);
		return -1;
	}
	lkb_prepared_clear(&s->prepared);
	s->prepared = prepared;
	s->was_prepared = true;
	if (!start_prepared(s, dir, err))
		return 0;
	lkb_service_release(s);
	lkb_prepared_undo(&s->prepared);
	return -1;
}

int lkb_service_start(struct lkb_service *s, struct lkb_error *err)
{
	s->exit_code = -1;
	s->state = LKB_SERVICE_STARTING;
	if (start(s, err)) {
		s->state = LKB_SERVICE_FAILED;
		return -1;
	}
	s->started_ms = lkb_now_ms();
	s->state = LKB_SERVICE_RUNNING;
	s->ended = s->gone = false;
	/* So short a life is a start and an end. */
	if (watch(s, NULL)) {
		s->ended = true;
		delete_task(s);
	}
	return 0;
}

void lkb_service_signal(const struct lkb_service *s, int number)
{
	if (s->pid_fd < 0)
		return;
	if (number == SIGTERM && !lkb_procstatus_ends_by(s->pid, SIGTERM))
		number = SIGKILL;
	pidfd_send_signal(s->pid_fd, number, NULL, 0);
}
