/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/containerd.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ondevice/common/now.h"
#include "ondevice/common/say.h"
#include "ondevice/system/restart.h"
#include "ondevice/system/run.h"

#define PROGRAM "/usr/bin/containerd"
#define SOCKET LKB_CONTAINERD_STATE "/containerd.sock"
#define RECORDS "/var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db"
#define LOG "/var/log/containerd.log"
#define START_TIMEOUT_MS 120000
#define POLL_MS 50

static struct {
	struct lkb_loop *loop;
	bool was_up, ended;
	int status;
	int64_t started_ms;
	unsigned delay_s; /* the wait before its last start; 0 = none */
} containerd;

static void on_time(void *arg);

static void start_later(void)
{
	struct lkb_life life = {.exit_code = -1,
				.ran_ms = lkb_now_ms() - containerd.started_ms};

	containerd.delay_s = lkb_restart_delay(LKB_RESTART_ALWAYS, &life, containerd.delay_s);
	lkb_say("containerd is started again in %u s; services run on", containerd.delay_s);
	lkb_loop_timer(containerd.loop, (int64_t)containerd.delay_s * 1000, on_time, NULL);
}

/* Its shims keep the services, and the next one finds them. */
static void on_end(void *arg, int status)
{
	containerd.ended = true;
	containerd.status = status;
	if (containerd.loop->stopping || !containerd.was_up)
		return;
	lkb_say("containerd ENDED: %s; its log is " LOG, lkb_status_text(status).s);
	start_later();
}

static int run(struct lkb_error *err)
{
	static const char *const argv[] = {PROGRAM, NULL};
	struct lkb_log_options log = {.name = "containerd", .file = LOG, .no_console = true};
	struct lkb_run program = {.argv = argv, .log = &log};
	pid_t pid;

	containerd.ended = false;
	containerd.started_ms = lkb_now_ms();
	return lkb_run_start(containerd.loop, &program, on_end, NULL, &pid, err);
}

bool lkb_containerd_installed(void)
{
	return !access(PROGRAM, X_OK);
}

static bool answers(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX, .sun_path = SOCKET};
	lkb_autofd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && !connect(fd, (struct sockaddr *)&addr, sizeof(addr));
}

static int wait_for_socket(struct lkb_loop *l, struct lkb_error *err)
{
	int64_t end = lkb_now_ms() + START_TIMEOUT_MS;

	while (!answers()) {
		if (lkb_loop_until(l, &containerd.ended, POLL_MS))
			return lkb_fail(err, LKB_DIDNT, "%s; its log is " LOG,
					lkb_status_text(containerd.status).s);
		if (l->request != LKB_STAY)
			return lkb_fail(err, LKB_INTERRUPTED, "the machine is to shut down");
		if (lkb_now_ms() >= end)
			return lkb_fail(err, LKB_DIDNT, "'" SOCKET "' did not answer within %d "
					"seconds; its log is " LOG, START_TIMEOUT_MS / 1000);
	}
	return 0;
}

static void on_time(void *arg)
{
	struct lkb_error err;

	if (!run(&err))
		return;
	lkb_say_error(&err, "containerd FAILED");
	start_later();
}

int lkb_containerd_start(struct lkb_loop *l, bool *ret_stale, struct lkb_error *err)
{
	bool stale = !access(RECORDS, F_OK);

	containerd.loop = l;
	if (run(err) || wait_for_socket(l, err))
		return -1;
	containerd.was_up = true;
	*ret_stale = stale;
	return 0;
}
