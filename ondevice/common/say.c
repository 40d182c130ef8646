/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/common/say.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "ondevice/common/cmdline.h"

static void to_stderr(const char *line, size_t len)
{
	ssize_t ignored = write(STDERR_FILENO, line, len);

	(void)ignored;
}

static void (*say_sink)(const char *line, size_t len) = to_stderr;

void lkb_say_to(void (*sink)(const char *line, size_t len))
{
	say_sink = sink;
}

static void LKB_PRINTF(1, 0) say_line(const char *fmt, va_list ap, const char *after)
{
	char line[1600] = "lkboard: ";
	size_t used = strlen(line);

	vsnprintf(line + used, sizeof(line) - 1 - used, fmt, ap);
	used = strlen(line);
	snprintf(line + used, sizeof(line) - 1 - used, "%s", after);
	used = strlen(line);
	line[used] = '\n';
	say_sink(line, used + 1);
}

void lkb_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_line(fmt, ap, "");
	va_end(ap);
}

void lkb_say_error(const struct lkb_error *err, const char *fmt, ...)
{
	char after[sizeof(err->message) + 2];
	va_list ap;

	snprintf(after, sizeof(after), ": %s", err->message);
	va_start(ap, fmt);
	say_line(fmt, ap, after);
	va_end(ap);
	if (err->hint[0])
		lkb_say("  hint: %s", err->hint);
}

void lkb_say_open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	if (fd < 0)
		return;
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

unsigned lkb_fatal_seconds(const char *cmdline)
{
	lkb_autofree char *text = lkb_cmdline_get(cmdline, "panic");
	uint64_t seconds;

	if (text && lkb_u64_parse(text, &seconds) && seconds >= 1 && seconds <= 3600)
		return (unsigned)seconds;
	return 10;
}

void lkb_fatal(unsigned seconds, const struct lkb_error *err)
{
	lkb_say_error(err, "this boot failed");
	lkb_say("restarting in %u seconds", seconds);
	while (seconds)
		seconds = sleep(seconds);
	sync();
	reboot(RB_AUTOBOOT);
	lkb_say("the restart failed; switch the machine off and on");
	for (;;)
		pause();
}
