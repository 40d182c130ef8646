/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/control.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ondevice/common/now.h"
#include "ondevice/system/command.h"

#define MAX_CLIENTS 24 /* more than commands may wait: somebody must be able to look */
#define SILENCE_MS 5000 /* one that has not asked by then makes room for others */

struct client {
	int fd; /* -1 = free */
	unsigned number;
	int64_t since_ms;
	bool asked;
};

static struct {
	struct lkb_loop *loop;
	int fd;
	lkb_control_fn *fn;
	void *arg;
	struct client clients[MAX_CLIENTS];
	unsigned last_number;
} control = {.fd = -1};

static void drop(struct client *c)
{
	if (c->fd < 0)
		return;
	lkb_loop_unwatch(control.loop, c->fd);
	close(c->fd);
	c->fd = -1;
}

static struct client *find(unsigned number)
{
	size_t i;

	for (i = 0; i < MAX_CLIENTS; i++)
		if (control.clients[i].fd >= 0 && control.clients[i].number == number)
			return &control.clients[i];
	return NULL;
}

static void put(struct client *c, char kind, const char *text, size_t len)
{
	char packet[LKB_ANSWER_MAX];

	if (len > sizeof(packet) - 1)
		len = sizeof(packet) - 1;
	packet[0] = kind;
	memcpy(packet + 1, text, len);
	if (send(c->fd, packet, len + 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		drop(c);
}

void lkb_control_lines(unsigned client, char kind, const char *text)
{
	struct client *c = find(client);

	while (c && c->fd >= 0 && *text) {
		size_t n = strcspn(text, "\n");

		put(c, kind, text, n);
		text += n + (text[n] == '\n');
	}
}

void lkb_control_end(unsigned client, const struct lkb_error *err)
{
	char code[16];
	struct client *c;

	if (err)
		lkb_control_lines(client, 'e', err->message);
	if (err && err->hint[0]) {
		char hint[sizeof(err->hint) + 8];

		snprintf(hint, sizeof(hint), "hint: %s", err->hint);
		lkb_control_lines(client, 'e', hint);
	}
	snprintf(code, sizeof(code), "%d", err ? (int)err->kind : 0);
	c = find(client);
	if (!c)
		return;
	put(c, 'x', code, strlen(code));
	drop(c);
}

/* A question, a second one (nobody needs that), or the end of the client. */
static void on_packet(void *arg, short revents)
{
	struct client *c = arg;
	char packet[LKB_COMMAND_MAX];
	ssize_t n = recv(c->fd, packet, sizeof(packet), MSG_DONTWAIT | MSG_TRUNC);
	struct lkb_error err;

	if (n <= 0 || c->asked) {
		drop(c);
		return;
	}
	c->asked = true;
	if ((size_t)n <= sizeof(packet)) {
		control.fn(control.arg, c->number, packet, (size_t)n);
		return;
	}
	lkb_fail(&err, LKB_USAGE, "this is no command");
	lkb_control_end(c->number, &err);
}

/* A free place, or that of one that keeps silent. */
static struct client *make_room(void)
{
	int64_t now = lkb_now_ms();
	size_t i;

	for (i = 0; i < MAX_CLIENTS; i++)
		if (control.clients[i].fd < 0)
			return &control.clients[i];
	for (i = 0; i < MAX_CLIENTS; i++) {
		struct client *c = &control.clients[i];

		if (c->asked || now - c->since_ms < SILENCE_MS)
			continue;
		drop(c);
		return c;
	}
	return NULL;
}

static bool is_root(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) && peer.uid == geteuid();
}

/* The question is taken off first: closing with unread bytes would take the answer away, too. */
static void refuse(int fd)
{
	static const char *const packets[] = {"eothers are asking already; try again", "x9"};
	char question[LKB_COMMAND_MAX];
	size_t i;

	while (recv(fd, question, sizeof(question), MSG_DONTWAIT) > 0)
		;
	for (i = 0; i < LKB_ARRAY_SIZE(packets); i++)
		send(fd, packets[i], strlen(packets[i]), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void on_client(void *arg, short revents)
{
	lkb_autofd fd = accept4(control.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *c;

	if (fd < 0 || !is_root(fd))
		return;
	c = make_room();
	if (!c) {
		refuse(fd);
		return;
	}
	*c = (struct client){.fd = lkb_steal_fd(&fd), .number = ++control.last_number,
			     .since_ms = lkb_now_ms()};
	lkb_loop_watch(control.loop, c->fd, POLLIN, on_packet, c);
}

int lkb_control_open(struct lkb_loop *l, const char *path, lkb_control_fn *fn, void *arg,
		     struct lkb_error *err)
{
	lkb_autofd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	mode_t mask;
	size_t i;
	int rc;

	if (strlen(path) >= sizeof(addr.sun_path))
		return lkb_fail(err, LKB_INPUT, "'%s' is too long for a socket", path);
	memcpy(addr.sun_path, path, strlen(path));
	unlink(path);
	mask = umask(0177);
	rc = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&addr, sizeof(addr));
	umask(mask);
	if (rc < 0 || listen(fd, MAX_CLIENTS) < 0)
		return lkb_fail_errno(err, "cannot listen at '%s'", path);
	control.loop = l;
	control.fn = fn;
	control.arg = arg;
	control.fd = lkb_steal_fd(&fd);
	for (i = 0; i < MAX_CLIENTS; i++)
		control.clients[i].fd = -1;
	lkb_loop_watch(l, control.fd, POLLIN, on_client, NULL);
	return 0;
}

void lkb_control_close(void)
{
	size_t i;

	if (control.fd < 0)
		return;
	for (i = 0; i < MAX_CLIENTS; i++)
		drop(&control.clients[i]);
	lkb_loop_unwatch(control.loop, control.fd);
	close(control.fd);
	control.fd = -1;
}
