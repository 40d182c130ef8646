/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/services.h"

#include <signal.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "ondevice/common/say.h"
#include "ondevice/system/containerd.h"
#include "ondevice/system/containers.h"
#include "ondevice/system/service.h"

#define TERM_TIMEOUT_MS 10000
#define KILL_TIMEOUT_MS 2000
#define DELETE_TIMEOUT_MS 60000

static struct {
	struct lkb_service **items; /* never freed: PID 1 needs them to its end */
	size_t n, cap;
} services;

static void on_time(void *arg)
{
	struct lkb_service *s = arg;

	s->again_ms = 0;
	s->due = true;
}

static void start_later(struct lkb_service *s, const struct lkb_life *life)
{
	s->delay_s = lkb_restart_delay(s->prepared.restart, life, s->delay_s);
	if (!s->delay_s)
		return;
	lkb_say("service '%s' is started again in %u s", s->id, s->delay_s);
	s->again_ms = lkb_now_ms() + (int64_t)s->delay_s * 1000;
	lkb_loop_timer(s->loop, (int64_t)s->delay_s * 1000, on_time, s);
}

static void start_no_more(struct lkb_service *s)
{
	lkb_loop_timer_cancel(s->loop, on_time, s);
	s->again_ms = 0;
	s->due = false;
	s->delay_s = 0;
}

static void on_gone(struct lkb_service *s)
{
	struct lkb_life life = {s->exit_code, s->ended_ms - s->started_ms};

	if (!s->by_hand && s->loop->request == LKB_STAY)
		start_later(s, &life);
}

/* The log says why it failed, and a policy may want to try again. */
static void report_failure(struct lkb_service *s, const struct lkb_error *err)
{
	static const struct lkb_life none = {.exit_code = -1};

	lkb_say_error(err, "service '%s' FAILED", s->id);
	if (s->logs)
		lkb_say("  its output is in %s", s->log_path);
	if (err->kind != LKB_INTERRUPTED)
		start_later(s, &none);
}

static void find_all(struct lkb_loop *l)
{
	lkb_autostrv ids = {0};
	size_t i;

	lkb_containers_list("services", &ids);
	for (i = 0; i < ids.n; i++) {
		struct lkb_service *s = lkb_service_new(l, ids.items[i]);

		s->on_gone = on_gone;
		LKB_GROW(services.items, services.n, services.cap);
		services.items[services.n++] = s;
	}
}

size_t lkb_services_start(struct lkb_loop *l)
{
	struct lkb_error err;
	size_t i, started = 0;
	bool stale;

	find_all(l);
	if (!lkb_containerd_installed() && !services.n)
		return 0;
	if (lkb_containerd_start(l, &stale, &err)) {
		lkb_say_error(&err, "containerd FAILED; %zu services are not started", services.n);
		return 0;
	}
	for (i = 0; i < services.n; i++)
		services.items[i]->recorded = stale;
	for (i = 0; i < services.n && l->request == LKB_STAY; i++) {
		if (lkb_service_start(services.items[i], &err))
			report_failure(services.items[i], &err);
		else
			started++;
	}
	return started;
}

bool lkb_services_work(struct lkb_loop *l)
{
	struct lkb_error err;
	bool worked = false;
	size_t i;

	for (i = 0; i < services.n && l->request == LKB_STAY; i++) {
		struct lkb_service *s = services.items[i];

		if (!s->due || !s->gone)
			continue;
		s->due = false;
		worked = true;
		if (lkb_service_start(s, &err))
			report_failure(s, &err);
	}
	return worked;
}

/* Why a wait for its end was in vain. */
static int not_gone(const struct lkb_service *s, const char *what, struct lkb_error *err)
{
	if (s->loop->request != LKB_STAY)
		return lkb_fail(err, LKB_INTERRUPTED, "the machine is to shut down");
	return lkb_fail(err, LKB_DIDNT, "service '%s' %s", s->id, what);
}

static int start(struct lkb_service *s, struct lkb_str *answer, struct lkb_error *err)
{
	/* It may end this very moment. */
	if (s->state == LKB_SERVICE_ENDING)
		lkb_loop_until(s->loop, &s->gone, DELETE_TIMEOUT_MS);
	if (!s->gone && s->state == LKB_SERVICE_ENDING)
		return not_gone(s, "still ends", err);
	if (!s->gone) {
		lkb_str_addf(answer, "service '%s' runs already\n", s->id);
		return 0;
	}
	start_no_more(s);
	s->by_hand = false;
	if (lkb_service_start(s, err)) {
		report_failure(s, err);
		if (s->logs)
			lkb_hint(err, "its output is in %s", s->log_path);
		return lkb_context(err, "service '%s'", s->id);
	}
	lkb_str_addf(answer, "service '%s' is started\n", s->id);
	return 0;
}

static int wait_for_end(struct lkb_service *s, struct lkb_error *err)
{
	lkb_service_signal(s, SIGTERM);
	if (!lkb_loop_until(s->loop, &s->ended, TERM_TIMEOUT_MS) && s->loop->request == LKB_STAY) {
		lkb_say("service '%s' does not end; killing it", s->id);
		lkb_service_signal(s, SIGKILL);
		lkb_loop_until(s->loop, &s->ended, KILL_TIMEOUT_MS);
	}
	if (lkb_loop_until(s->loop, &s->gone, DELETE_TIMEOUT_MS))
		return 0;
	return not_gone(s, "does not end", err);
}

static int stop(struct lkb_service *s, struct lkb_str *answer, struct lkb_error *err)
{
	start_no_more(s);
	s->by_hand = true;
	if (s->gone) {
		lkb_str_addf(answer, "service '%s' does not run\n", s->id);
	} else {
		if (wait_for_end(s, err))
			return -1;
		lkb_str_addf(answer, "service '%s' is stopped\n", s->id);
	}
	lkb_service_release(s);
	s->state = LKB_SERVICE_STOPPED;
	return 0;
}

static int restart(struct lkb_service *s, struct lkb_str *answer, struct lkb_error *err)
{
	if (!s->gone && stop(s, answer, err)) {
		/* Wanted was that it runs: if it ends later, its policy counts again. */
		s->by_hand = false;
		return -1;
	}
	return start(s, answer, err);
}

static int find(const char *name, struct lkb_service **ret, struct lkb_error *err)
{
	lkb_autostr names = {0};
	size_t i;

	for (i = 0; i < services.n; i++) {
		if (!strcmp(services.items[i]->id, name)) {
			*ret = services.items[i];
			return 0;
		}
		lkb_str_addf(&names, "%s%s", i ? ", " : "", services.items[i]->id);
	}
	lkb_fail(err, LKB_INPUT, "there is no service '%s'", name);
	return lkb_hint(err, "services: %s", names.len ? names.s : "none");
}

int lkb_services_do(struct lkb_loop *l, const struct lkb_command *command, struct lkb_str *answer,
		    struct lkb_error *err)
{
	static int (*const verbs[])(struct lkb_service *s, struct lkb_str *answer,
				    struct lkb_error *err) = {
		[LKB_VERB_START] = start,
		[LKB_VERB_STOP] = stop,
		[LKB_VERB_RESTART] = restart,
	};
	struct lkb_service *s = NULL;

	if (find(command->name, &s, err))
		return -1;
	return verbs[command->verb](s, answer, err);
}

static void add_detail(const struct lkb_service *s, struct lkb_str *answer)
{
	int64_t now = lkb_now_ms();

	if (s->state == LKB_SERVICE_RUNNING)
		lkb_str_addf(answer, "process %d, for %lld s", (int)s->pid,
			     (long long)(now - s->started_ms) / 1000);
	if (s->state == LKB_SERVICE_ENDED && s->exit_code >= 0)
		lkb_str_addf(answer, "exit code %d", s->exit_code);
	if (s->again_ms)
		lkb_str_addf(answer, "%sstarts again in %lld s",
			     s->state == LKB_SERVICE_ENDED && s->exit_code >= 0 ? ", " : "",
			     (long long)(s->again_ms > now ? s->again_ms - now + 999 : 0) / 1000);
}

void lkb_services_list(struct lkb_str *answer)
{
	static const char *const states[] = {
		[LKB_SERVICE_STOPPED] = "stopped", [LKB_SERVICE_STARTING] = "starting",
		[LKB_SERVICE_FAILED] = "failed",   [LKB_SERVICE_RUNNING] = "running",
		[LKB_SERVICE_ENDING] = "ending",   [LKB_SERVICE_ENDED] = "ended",
	};
	int width = 0;
	size_t i;

	for (i = 0; i < services.n; i++)
		if ((int)strlen(services.items[i]->id) > width)
			width = (int)strlen(services.items[i]->id);
	for (i = 0; i < services.n; i++) {
		const struct lkb_service *s = services.items[i];

		lkb_str_addf(answer, "%-*s  %-8s  ", width, s->id, states[s->state]);
		add_detail(s, answer);
		while (answer->s[answer->len - 1] == ' ')
			answer->s[--answer->len] = '\0';
		lkb_str_addc(answer, '\n');
	}
}

void lkb_services_stop(struct lkb_loop *l, int64_t timeout_ms)
{
	int64_t end = lkb_now_ms() + timeout_ms;
	bool killed = false;
	size_t i;

	for (i = 0; i < services.n; i++)
		lkb_service_signal(services.items[i], SIGTERM);
	for (i = 0; i < services.n; i++) {
		struct lkb_service *s = services.items[i];
		int64_t left = end - lkb_now_ms();

		if (lkb_loop_until(l, &s->ended, left > 0 ? left : 0))
			continue;
		lkb_say("service '%s' does not end; killing it", s->id);
		lkb_service_signal(s, SIGKILL);
		killed = true;
	}
	for (i = 0; i < services.n && killed; i++)
		lkb_loop_until(l, &services.items[i]->ended, KILL_TIMEOUT_MS);
}
