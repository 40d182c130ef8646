/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "ondevice/common/say.h"

#define BUFFER_SIZE 32768
/* How long a line of our own waits for room: a page of serial output at 115200 baud, and more. */
#define OWN_LINE_MS 3000

static struct {
	struct lkb_loop *loop;
	int fd;
	bool watched;
	struct lkb_console_buffer buffer;
} console = {.fd = -1, .buffer = {.size = BUFFER_SIZE}};

bool lkb_console_buffer_add(struct lkb_console_buffer *b, const char *bytes, size_t n)
{
	size_t at, first;

	if (n > b->size - b->used)
		return false;
	if (!b->bytes)
		b->bytes = lkb_alloc(b->size);
	at = (b->start + b->used) % b->size;
	first = n < b->size - at ? n : b->size - at;
	memcpy(b->bytes + at, bytes, first);
	memcpy(b->bytes, bytes + first, n - first);
	b->used += n;
	return true;
}

size_t lkb_console_buffer_peek(const struct lkb_console_buffer *b, const char **ret)
{
	size_t to_end = b->size - b->start;

	*ret = b->bytes + b->start;
	return b->used < to_end ? b->used : to_end;
}

void lkb_console_buffer_drop(struct lkb_console_buffer *b, size_t n)
{
	b->start = (b->start + n) % b->size;
	b->used -= n;
}

static void write_some(void)
{
	const char *p;
	size_t n;

	while ((n = lkb_console_buffer_peek(&console.buffer, &p))) {
		ssize_t put = write(console.fd, p, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && errno != EAGAIN)
			put = (ssize_t)n; /* the console is gone: what is lost is in the log */
		if (put <= 0)
			break;
		lkb_console_buffer_drop(&console.buffer, (size_t)put);
	}
}

static void on_writable(void *arg, short revents)
{
	write_some();
	if (!console.buffer.used) {
		lkb_loop_unwatch(console.loop, console.fd);
		console.watched = false;
	}
}

/* The loop writes when the console is ready: many lines with one call. */
static void write_soon(void)
{
	if (console.buffer.used && !console.watched) {
		lkb_loop_watch(console.loop, console.fd, POLLOUT, on_writable, NULL);
		console.watched = true;
	}
}

void lkb_console_flush(int timeout_ms)
{
	int64_t end = lkb_now_ms() + timeout_ms;

	while (console.fd >= 0 && console.buffer.used) {
		struct pollfd p = {.fd = console.fd, .events = POLLOUT};
		int64_t left = end - lkb_now_ms();

		if (left <= 0 || poll(&p, 1, (int)left) < 0)
			break;
		write_some();
	}
}

static bool add(const char *line, size_t n)
{
	char note[80];
	int len;

	if (console.buffer.lost) {
		/* One note for a long gap, not a note for each line that finds room. */
		if (console.buffer.used > console.buffer.size / 2)
			return false;
		len = snprintf(note, sizeof(note), "lkboard: %zu lines are only in /var/log, the "
			       "console is too slow\n", console.buffer.lost);
		if (!lkb_console_buffer_add(&console.buffer, note, (size_t)len))
			return false;
		console.buffer.lost = 0;
	}
	return lkb_console_buffer_add(&console.buffer, line, n);
}

static void own_line(const char *line, size_t len)
{
	if (console.fd < 0)
		return;
	if (!add(line, len)) {
		lkb_console_flush(OWN_LINE_MS);
		if (!add(line, len))
			console.buffer.lost++;
	}
	/* The loop may not turn for a while, or never again. */
	write_some();
	write_soon();
}

void lkb_console_line(const char *name, const char *text, size_t len)
{
	lkb_autostr line = {0};

	if (console.fd < 0)
		return;
	lkb_str_addf(&line, "[%s] ", name);
	lkb_str_addn(&line, text, len);
	lkb_str_addc(&line, '\n');
	if (!add(line.s, line.len))
		console.buffer.lost++;
	write_soon();
}

void lkb_console_init(struct lkb_loop *l)
{
	console.loop = l;
	console.fd = open("/dev/console", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	lkb_say_to(own_line);
}
