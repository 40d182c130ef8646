/* SPDX-License-Identifier: Apache-2.0 */

/* /sbin/init of the system: LinuxKit's order of things (mounts, modules, onboot, services) in one
 * small program, and a PID 1 that reaps, logs and shuts down. */
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/size.h"
#include "ondevice/common/cmdline.h"
#include "ondevice/common/say.h"
#include "ondevice/common/slurp.h"
#include "ondevice/system/client.h"
#include "ondevice/system/clock.h"
#include "ondevice/system/commands.h"
#include "ondevice/system/console.h"
#include "ondevice/system/containers.h"
#include "ondevice/system/data.h"
#include "ondevice/system/identity.h"
#include "ondevice/system/loop.h"
#include "ondevice/system/mounts.h"
#include "ondevice/system/oncreate.h"
#include "ondevice/system/plug.h"
#include "ondevice/system/release.h"
#include "ondevice/system/services.h"
#include "ondevice/system/shutdown.h"
#include "ondevice/system/volumes.h"

#define TEXT_MAX 65536
#define PLUG_TIMEOUT_MS 20000
#define OPEN_FILES 1048576
#define CONSOLE_LOGLEVEL 4             /* below this: errors and worse */
#define SYSLOG_ACTION_CONSOLE_LEVEL 8  /* syslog(2); no header of libc names it */

static char *text_or_empty(const char *path)
{
	char *text;

	return lkb_slurp(path, TEXT_MAX, &text, NULL) ? lkb_strdup("") : text;
}

static char *release_or(const char *release, const char *name, const char *otherwise)
{
	char *value = lkb_release_get(release, name);

	if (value && *value)
		return value;
	free(value);
	return lkb_strdup(otherwise);
}

static void set_limits(void)
{
	struct rlimit files = {OPEN_FILES, OPEN_FILES};

	setrlimit(RLIMIT_NOFILE, &files);
}

/* The kernel's chatter would tear container output apart on the console: from here on only
 * errors and worse go there, unless the command line asks for more. All of it is in dmesg. */
static void calm_kernel(const char *cmdline)
{
	static const char *const words[] = {"loglevel", "debug", "ignore_loglevel"};
	lkb_autofree char *now = lkb_slurp_line("/proc/sys/kernel/printk");
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(words); i++) {
		lkb_autofree char *found = lkb_cmdline_get(cmdline, words[i]);

		if (found)
			return;
	}
	if (now && strtoul(now, NULL, 10) > CONSOLE_LOGLEVEL)
		klogctl(SYSLOG_ACTION_CONSOLE_LEVEL, NULL, CONSOLE_LOGLEVEL);
}

static void set_clock(const char *release)
{
	lkb_autofree char *text = release_or(release, "EPOCH", "0");
	uint64_t epoch;

	if (lkb_u64_parse(text, &epoch) && epoch <= INT32_MAX)
		lkb_clock_at_least((int64_t)epoch);
	else
		lkb_say("'/etc/lkboard-release': EPOCH='%s' is no time", text);
}

static void load_modules(struct lkb_loop *l, const char *release)
{
	lkb_autofree char *modules = release_or(release, "MODULES", "");

	/* Specs bind its mount point; no device asks for it. */
	lkb_plug_want("fs-binfmt_misc");
	lkb_plug_start(l, PLUG_TIMEOUT_MS);
	/* Writable containers stand on overlays. */
	lkb_plug_modules(l, "overlay");
	lkb_plug_modules(l, modules);
	lkb_mounts_late();
}

static void say_hello(const char *release)
{
	lkb_autofree char *name = release_or(release, "NAME", "system");
	lkb_autofree char *version = release_or(release, "VERSION", "0");
	lkb_autofree char *board = release_or(release, "BOARD", "unknown board");

	lkb_say("%s %s (%s) starts", name, version, board);
}

static void boot(struct lkb_loop *l)
{
	lkb_autofree char *release = text_or_empty("/etc/lkboard-release");
	lkb_autofree char *cmdline = text_or_empty("/proc/cmdline");
	lkb_autofree char *hostname = release_or(release, "HOSTNAME", "lkboard");
	lkb_autofree char *data = release_or(release, "DATA", "");
	struct lkb_containers_result onboot;
	size_t services;

	say_hello(release);
	calm_kernel(cmdline);
	set_limits();
	set_clock(release);
	load_modules(l, release);
	if (*data)
		lkb_data_mount(cmdline, data);
	lkb_identity_hostname(hostname);
	lkb_identity_loopback();
	lkb_identity_resolv_conf();
	lkb_volumes_mount("/containers/volumes");
	lkb_commands_open(l);
	onboot = lkb_containers_run(l, "onboot", 0);
	lkb_commands_accept();
	services = l->request == LKB_STAY ? lkb_services_start(l) : 0;
	if (l->request != LKB_STAY)
		return;
	if (onboot.failed)
		lkb_say("up, %zu onboot (%zu FAILED), %zu services", onboot.ok, onboot.failed,
			services);
	else
		lkb_say("up, %zu onboot, %zu services", onboot.ok, services);
}

static int prepare(struct lkb_loop *l, struct lkb_error *err)
{
	umask(022);
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	/* ctrl-alt-del asks us instead of resetting the machine. */
	reboot(RB_DISABLE_CAD);
	if (lkb_mounts_setup(err))
		return -1;
	lkb_say_open_console();
	if (lkb_loop_init(l, err))
		return -1;
	lkb_console_init(l);
	return 0;
}

/* What this program is by the name it is called: not the number of the process says so, for in a
 * container every program is number 1. NULL = an init. */
static int (*other(const char *argv0))(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*fn)(int argc, char **argv);
	} others[] = {
		{"service", lkb_client_main},
		{"lkboard-service", lkb_client_main},
		{LKB_ONCREATE_NAME, lkb_oncreate_main},
	};
	const char *slash = strrchr(argv0, '/');
	const char *name = slash ? slash + 1 : argv0;
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(others); i++)
		if (!strcmp(others[i].name, name))
			return others[i].fn;
	return NULL;
}

int main(int argc, char **argv)
{
	struct lkb_error err;
	struct lkb_loop loop;

	if (other(argv[0]))
		return other(argv[0])(argc, argv);
	if (getpid() != 1) {
		lkb_say("this is the init of a system; it runs as process 1 only");
		return LKB_USAGE;
	}
	if (prepare(&loop, &err))
		lkb_fatal(lkb_fatal_seconds(""), &err);
	boot(&loop);
	while (loop.request == LKB_STAY)
		if (!lkb_services_work(&loop) && !lkb_commands_work(&loop))
			lkb_loop_turn(&loop, -1);
	lkb_shutdown(&loop);
}
