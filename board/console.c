/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "board/qemu_priv.h"

#define CHUNK 4096
#define PIPE_SIZE 65536
#define LINE_KEPT 200
#define SAID_KEPT 4096
#define CTRL_BRACKET 0x1d

struct talk {
	struct lkb_console *c;
	struct lkb_guest *g;
	int in, out;      /* the caller's; in is -1 once it is at its end */
	bool raw;
	bool left;
	char pending[CHUNK]; /* for the guest's stdin */
	size_t n_pending;
};

/* Remembers the last line with something to read in it, for the error message. */
static void note_lines(struct lkb_console *c, const char *p, size_t n)
{
	for (; n; p++, n--) {
		if (*p >= ' ' && *p <= '~' && c->line.len < LINE_KEPT)
			lkb_str_addc(&c->line, *p);
		if (*p != '\n' || !c->line.len)
			continue;
		lkb_str_clear(&c->last_line);
		c->last_line = c->line;
		c->line = (struct lkb_str){0};
	}
}

static void close_fd(int *fd)
{
	close(*fd);
	*fd = -1;
}

/* Reads what is there, at most CHUNK bytes; closes the descriptor at the end of the stream. */
static size_t read_some(int *fd, char *buf)
{
	ssize_t n = read(*fd, buf, CHUNK);

	if (n > 0)
		return (size_t)n;
	if (!n || errno != EINTR)
		close_fd(fd);
	return 0;
}

static int take_output(struct talk *t, struct lkb_error *err)
{
	char buf[CHUNK];
	size_t n = read_some(&t->g->out, buf);

	if (!n)
		return 0;
	if (t->out >= 0 && lkb_write_full(t->out, buf, n, "the console's output", err))
		return -1;
	lkb_watch_feed(&t->c->watch, buf, n);
	note_lines(t->c, buf, n);
	return lkb_plug_feed(&t->c->plug, t->g->monitor, buf, n, err);
}

static int take_answer(struct talk *t, struct lkb_error *err)
{
	char buf[CHUNK];
	size_t n = read_some(&t->g->monitor, buf);

	return lkb_plug_answer(&t->c->plug, buf, n, err);
}

static void take_said(struct talk *t)
{
	struct lkb_str *s = &t->c->said;
	char buf[CHUNK];
	size_t n = read_some(&t->g->err, buf);

	if (!n)
		return;
	lkb_str_addn(s, buf, n);
	if (s->len > SAID_KEPT) {
		memmove(s->s, s->s + (s->len - SAID_KEPT), SAID_KEPT + 1);
		s->len = SAID_KEPT;
	}
}

static void take_input(struct talk *t)
{
	ssize_t n = read(t->in, t->pending, sizeof(t->pending));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		t->in = -1;
		close_fd(&t->g->in);
		return;
	}
	t->n_pending = (size_t)n;
	t->left = t->raw && memchr(t->pending, CTRL_BRACKET, (size_t)n);
}

static void pass_input(struct talk *t)
{
	ssize_t n = write(t->g->in, t->pending, t->n_pending);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0) {
		/* It reads no more: that is its right. */
		t->in = -1;
		t->n_pending = 0;
		close_fd(&t->g->in);
		return;
	}
	t->n_pending -= (size_t)n;
	memmove(t->pending, t->pending + n, t->n_pending);
}

/* What had been written before QEMU ended is still in the pipes: not more than they hold, for
 * somebody that QEMU started may write on. */
static int drain(struct talk *t, struct lkb_error *err)
{
	int i;

	for (i = 0; i < 2 * PIPE_SIZE / CHUNK; i++) {
		struct pollfd p[2] = {
			{.fd = t->g->out, .events = POLLIN},
			{.fd = t->g->err, .events = POLLIN},
		};

		if (poll(p, 2, 0) <= 0)
			return 0;
		if (p[0].revents && take_output(t, err))
			return -1;
		if (p[1].revents)
			take_said(t);
	}
	return 0;
}

static int end_by(enum lkb_guest_end why, enum lkb_guest_end *ret)
{
	*ret = why;
	return 1;
}

/* One round: waits and carries. 1 = *ret is why it ends, 0 = go on. */
static int round_trip(struct talk *t, int signals, int timeout_ms, enum lkb_guest_end *ret,
		      struct lkb_error *err)
{
	enum { OUT, SAID, TO_GUEST, FROM_CALLER, SIGNALS, MONITOR, GUEST, N };
	struct pollfd p[N] = {
		[OUT] = {.fd = t->g->out, .events = POLLIN},
		[SAID] = {.fd = t->g->err, .events = POLLIN},
		[TO_GUEST] = {.fd = t->n_pending ? t->g->in : -1, .events = POLLOUT},
		[FROM_CALLER] = {.fd = t->n_pending ? -1 : t->in, .events = POLLIN},
		[SIGNALS] = {.fd = signals, .events = POLLIN},
		[MONITOR] = {.fd = t->g->monitor, .events = POLLIN},
		[GUEST] = {.fd = t->g->pidfd, .events = POLLIN},
	};
	int n = poll(p, N, timeout_ms);

	if (n < 0)
		return errno == EINTR ? 0 : lkb_fail_errno(err, "cannot wait for QEMU");
	if (!n)
		return 0;
	if (p[SIGNALS].revents)
		return end_by(LKB_GUEST_INTERRUPTED, ret);
	if (p[OUT].revents && take_output(t, err))
		return -1;
	if (p[MONITOR].revents && take_answer(t, err))
		return -1;
	if (p[SAID].revents)
		take_said(t);
	if (p[TO_GUEST].revents)
		pass_input(t);
	if (p[FROM_CALLER].revents)
		take_input(t);
	if (t->left)
		return end_by(LKB_GUEST_LEFT, ret);
	if (p[GUEST].revents && drain(t, err))
		return -1;
	if (t->c->watch.n && t->c->watch.n_seen == t->c->watch.n)
		return end_by(LKB_GUEST_SEEN, ret);
	return p[GUEST].revents ? end_by(LKB_GUEST_ENDED, ret) : 0;
}

/* Milliseconds until the deadline, for poll(): 0 = it has come, -1 = there is none. */
static int left_ms(uint64_t deadline)
{
	uint64_t now = lkb_clock_monotonic_ms();

	if (!deadline)
		return -1;
	if (now >= deadline)
		return 0;
	return deadline - now > 3600000 ? 3600000 : (int)(deadline - now);
}

static int converse(struct talk *t, unsigned timeout_s, int signals, enum lkb_guest_end *ret,
		    struct lkb_error *err)
{
	uint64_t deadline = timeout_s ? lkb_clock_monotonic_ms() + (uint64_t)timeout_s * 1000 : 0;
	int r = 0;

	while (!r) {
		int ms = left_ms(deadline);

		/* Asked here and not left to poll(): a chatty guest is never silent for long. */
		if (!ms) {
			*ret = LKB_GUEST_TIMEOUT;
			return 0;
		}
		r = round_trip(t, signals, ms, ret, err);
	}
	return r < 0 ? -1 : 0;
}

int lkb_console_run(struct lkb_console *c, struct lkb_guest *g, const struct lkb_qemu_run *run,
		    int signals, enum lkb_guest_end *ret, struct lkb_error *err)
{
	struct talk t = {.c = c, .g = g, .in = g->in < 0 ? -1 : run->console_in,
			 .out = run->console_out};
	struct termios before, raw;
	int r;

	if (g->in >= 0)
		fcntl(g->in, F_SETFL, O_NONBLOCK);
	t.raw = t.in >= 0 && !tcgetattr(t.in, &before);
	/* A program in the background that touches its own terminal is stopped for it. */
	if (t.raw && tcgetpgrp(t.in) >= 0 && tcgetpgrp(t.in) != getpgrp()) {
		t.raw = false;
		t.in = -1;
	}
	if (t.raw) {
		raw = before;
		cfmakeraw(&raw);
		tcsetattr(run->console_in, TCSANOW, &raw);
	}
	r = converse(&t, run->timeout_s, signals, ret, err);
	if (t.raw)
		tcsetattr(run->console_in, TCSANOW, &before);
	return r;
}

void lkb_console_clear(struct lkb_console *c)
{
	lkb_watch_clear(&c->watch);
	lkb_plug_clear(&c->plug);
	lkb_str_clear(&c->line);
	lkb_str_clear(&c->last_line);
	lkb_str_clear(&c->said);
}
