/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/plug.h"

#include <dirent.h>
#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "ondevice/common/say.h"
#include "ondevice/common/slurp.h"
#include "ondevice/system/run.h"

#define KERNEL_GROUP 1
#define SOCKET_BUFFER (1 << 20)
#define MODULE_TIMEOUT_MS 30000
/* Of one modprobe: far below what an argument list may hold. */
#define MAX_ALIASES 512

static struct {
	struct lkb_loop *loop;
	int fd;
	struct lkb_strv pending; /* aliases for the next modprobe */
	bool running;            /* one is at work */
	bool rescan;             /* the kernel dropped events: look at all devices again */
	bool settled;            /* nothing pending, nothing running */
} plug = {.fd = -1};

static void add_aliases_of_bus(const char *dir, struct lkb_strv *ret)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d))) {
		lkb_autofree char *path = lkb_format("%s/%s/modalias", dir, e->d_name);
		lkb_autofree char *alias = NULL;

		if (e->d_name[0] != '.' && (alias = lkb_slurp_line(path)) && *alias)
			lkb_strv_add(ret, alias);
	}
	closedir(d);
}

static void drop_doubles(struct lkb_strv *v)
{
	size_t i, n = 0;

	lkb_strv_sort(v);
	for (i = 0; i < v->n; i++) {
		if (n && !strcmp(v->items[n - 1], v->items[i]))
			free(v->items[i]);
		else
			v->items[n++] = v->items[i];
	}
	if (v->items)
		v->items[n] = NULL;
	v->n = n;
}

void lkb_plug_aliases(const char *sysfs, struct lkb_strv *ret)
{
	lkb_autofree char *buses = lkb_format("%s/bus", sysfs);
	DIR *d = opendir(buses);
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d))) {
		lkb_autofree char *dir = lkb_format("%s/%s/devices", buses, e->d_name);

		if (e->d_name[0] != '.')
			add_aliases_of_bus(dir, ret);
	}
	closedir(d);
	drop_doubles(ret);
}

const char *lkb_plug_uevent_alias(const char *event, size_t n)
{
	static const char name[] = "MODALIAS=";
	const char *p;

	if (!lkb_starts_with(event, "add@"))
		return NULL;
	for (p = event; p < event + n; p += strlen(p) + 1)
		if (lkb_starts_with(p, name) && p[sizeof(name) - 1])
			return p + sizeof(name) - 1;
	return NULL;
}

static void load_pending(void);

static void on_modprobe_end(void *arg, int status)
{
	/* Its status says nothing: most devices have no module of their own. */
	plug.running = false;
	load_pending();
}

static void load_pending(void)
{
	const char *argv[MAX_ALIASES + 3] = {"modprobe", "-abq"};
	struct lkb_run run = {.argv = argv};
	struct lkb_strv taken;
	struct lkb_error err;
	size_t i, n;
	pid_t pid;

	if (plug.rescan) {
		plug.rescan = false;
		lkb_plug_aliases("/sys", &plug.pending);
	}
	plug.settled = !plug.running && !plug.pending.n;
	if (plug.running || !plug.pending.n)
		return;
	taken = plug.pending;
	plug.pending = (struct lkb_strv){0};
	drop_doubles(&taken);
	n = taken.n < MAX_ALIASES ? taken.n : MAX_ALIASES;
	for (i = 0; i < n; i++)
		argv[2 + i] = taken.items[i];
	for (i = n; i < taken.n; i++)
		lkb_strv_add(&plug.pending, taken.items[i]);
	if (lkb_run_start(plug.loop, &run, on_modprobe_end, NULL, &pid, &err)) {
		lkb_say_error(&err, "no driver is loaded");
		lkb_strv_clear(&plug.pending);
		plug.settled = true;
	} else {
		plug.running = true;
	}
	lkb_strv_clear(&taken);
}

static void on_uevent(void *arg, short revents)
{
	char event[8192];
	struct sockaddr_nl from;
	socklen_t from_len;
	ssize_t n;

	for (;;) {
		const char *alias;

		from_len = sizeof(from);
		n = recvfrom(plug.fd, event, sizeof(event) - 1, 0, (struct sockaddr *)&from,
			     &from_len);
		if (n < 0 && errno == ENOBUFS)
			plug.rescan = true;
		if (n < 0 && errno != EINTR && errno != ENOBUFS)
			break;
		/* Number 0 is the kernel; anybody else is not to be believed. */
		if (n <= 0 || from.nl_pid)
			continue;
		event[n] = '\0';
		alias = lkb_plug_uevent_alias(event, (size_t)n);
		if (alias)
			lkb_strv_add(&plug.pending, alias);
	}
	load_pending();
}

static int listen_to_kernel(struct lkb_error *err)
{
	struct sockaddr_nl addr = {.nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP};
	lkb_autofd fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			       NETLINK_KOBJECT_UEVENT);
	int size = SOCKET_BUFFER;

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return lkb_fail_errno(err, "cannot listen for devices");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	plug.fd = lkb_steal_fd(&fd);
	return 0;
}

void lkb_plug_want(const char *alias)
{
	lkb_strv_add(&plug.pending, alias);
}

void lkb_plug_start(struct lkb_loop *l, int64_t timeout_ms)
{
	struct lkb_error err;

	plug.loop = l;
	if (listen_to_kernel(&err))
		lkb_say_error(&err, "devices that appear later get no driver");
	else
		lkb_loop_watch(l, plug.fd, POLLIN, on_uevent, NULL);
	plug.rescan = true;
	load_pending();
	lkb_loop_until(l, &plug.settled, timeout_ms);
}

void lkb_plug_modules(struct lkb_loop *l, const char *names)
{
	lkb_autofree char *copy = lkb_strdup(names);
	char *rest = copy, *name;

	while ((name = strsep(&rest, " \t"))) {
		const char *argv[] = {"modprobe", name, NULL};
		struct lkb_run run = {.argv = argv, .timeout_ms = MODULE_TIMEOUT_MS};
		struct lkb_error err;
		int status = 0, rc;

		if (!*name)
			continue;
		rc = lkb_run_wait(l, &run, &status, &err);
		if (!rc && status)
			rc = lkb_fail(&err, LKB_DIDNT, "modprobe: %s", lkb_status_text(status).s);
		if (rc)
			lkb_say_error(&err, "module '%s' is not loaded", name);
	}
}
