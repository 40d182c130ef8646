/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/shutdown.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ondevice/common/say.h"
#include "ondevice/system/commands.h"
#include "ondevice/system/console.h"
#include "ondevice/system/containers.h"
#include "ondevice/system/mounts.h"
#include "ondevice/system/services.h"

#define ONSHUTDOWN_TIMEOUT_MS 60000
#define SERVICES_TIMEOUT_MS 10000
#define TERM_TIMEOUT_MS 5000
#define KILL_TIMEOUT_MS 2000
#define FLUSH_MS 2000

static const struct {
	const char *name;
	int command;
} actions[] = {
	[LKB_STAY] = {"reboot", RB_AUTOBOOT},
	[LKB_HALT] = {"halt", RB_HALT_SYSTEM},
	[LKB_POWEROFF] = {"poweroff", RB_POWER_OFF},
	[LKB_REBOOT] = {"reboot", RB_AUTOBOOT},
};

/* Every process becomes a child of PID 1 when its parent ends, so "no children" means that nothing
 * but the kernel is left. */
static bool all_gone(struct lkb_loop *l, int64_t timeout_ms)
{
	int64_t end = lkb_now_ms() + timeout_ms;
	siginfo_t info;

	for (;;) {
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD)
			return true;
		if (lkb_now_ms() >= end)
			return false;
		lkb_loop_turn(l, 100);
	}
}

static void end_processes(struct lkb_loop *l)
{
	kill(-1, SIGTERM);
	kill(-1, SIGCONT);
	if (all_gone(l, TERM_TIMEOUT_MS))
		return;
	kill(-1, SIGKILL);
	if (!all_gone(l, KILL_TIMEOUT_MS))
		lkb_say("some processes cannot be killed");
}

void lkb_shutdown(struct lkb_loop *l)
{
	enum lkb_request request = l->request;

	l->stopping = true;
	lkb_say("%s: begins", actions[request].name);
	lkb_commands_end();
	lkb_containers_run(l, "onshutdown", ONSHUTDOWN_TIMEOUT_MS);
	lkb_services_stop(l, SERVICES_TIMEOUT_MS);
	end_processes(l);
	lkb_mounts_teardown();
	sync();
	lkb_say("%s: all is written, good bye", actions[request].name);
	lkb_console_flush(FLUSH_MS);
	reboot(actions[request].command);
	lkb_say("%s: the kernel refuses: %s; switch the machine off", actions[request].name,
		strerror(errno));
	lkb_console_flush(FLUSH_MS);
	for (;;)
		pause();
}
