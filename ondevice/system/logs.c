/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "ondevice/common/say.h"
#include "ondevice/system/console.h"
#include "ondevice/system/makedirs.h"

struct log {
	struct lkb_loop *loop;
	int fd;
	char *name;
	bool console;
	lkb_line_fn *fn;
	void *arg;
	struct lkb_lines lines;
	struct lkb_log_file file;
};

static void line_done(struct lkb_lines *l, lkb_line_fn *fn, void *arg)
{
	size_t n = l->n;

	if (n && l->buf[n - 1] == '\r')
		n--;
	fn(arg, l->buf, n);
	l->n = 0;
}

void lkb_lines_feed(struct lkb_lines *l, const char *bytes, size_t n, lkb_line_fn *fn, void *arg)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (bytes[i] == '\n') {
			line_done(l, fn, arg);
			continue;
		}
		if (l->n == sizeof(l->buf))
			line_done(l, fn, arg);
		l->buf[l->n++] = bytes[i];
	}
}

void lkb_lines_end(struct lkb_lines *l, lkb_line_fn *fn, void *arg)
{
	if (l->n)
		line_done(l, fn, arg);
}

int lkb_log_file_open(const char *path, struct lkb_log_file *ret, struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_path_dirname(path);
	lkb_autofd fd = -1;
	struct stat st;

	if (lkb_make_dirs(dir, 0755, err))
		return -1;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0 || fstat(fd, &st) < 0)
		return lkb_fail_errno(err, "cannot open the log '%s'", path);
	ret->size = (uint64_t)st.st_size;
	ret->path = lkb_strdup(path);
	ret->fd = lkb_steal_fd(&fd);
	return 0;
}

void lkb_log_file_clear(struct lkb_log_file *f)
{
	lkb_cleanup_fd(&f->fd);
	f->fd = -1;
	free(LKB_STEAL(f->path));
}

static void rotate(struct lkb_log_file *f)
{
	lkb_autofree char *old = lkb_format("%s.1", f->path);
	lkb_autofree char *path = lkb_strdup(f->path);

	rename(path, old);
	lkb_log_file_clear(f);
	if (lkb_log_file_open(path, f, NULL))
		f->size = 0;
}

void lkb_log_file_write(struct lkb_log_file *f, const char *bytes, size_t n, uint64_t max)
{
	if (f->fd >= 0 && f->size && (f->size >= max || n > max - f->size))
		rotate(f);
	/* A full disk must not stop the container: what does not fit is lost. */
	if (f->fd >= 0 && !lkb_write_full(f->fd, bytes, n, f->path, NULL))
		f->size += n;
}

static void on_line(void *arg, const char *line, size_t len)
{
	const struct log *log = arg;

	if (log->console)
		lkb_console_line(log->name, line, len);
	if (log->fn)
		log->fn(log->arg, line, len);
}

static void log_end(struct log *log)
{
	lkb_lines_end(&log->lines, on_line, log);
	lkb_loop_unwatch(log->loop, log->fd);
	close(log->fd);
	lkb_log_file_clear(&log->file);
	free(log->name);
	free(log);
}

static void on_output(void *arg, short revents)
{
	struct log *log = arg;
	char buf[4096];
	ssize_t n = read(log->fd, buf, sizeof(buf));

	if (n > 0) {
		lkb_log_file_write(&log->file, buf, (size_t)n, LKB_LOG_MAX);
		lkb_lines_feed(&log->lines, buf, (size_t)n, on_line, log);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		log_end(log);
	}
}

void lkb_log_start(struct lkb_loop *l, int fd, const struct lkb_log_options *options)
{
	struct log *log = lkb_alloc(sizeof(*log));
	struct lkb_error err;

	log->loop = l;
	log->fd = fd;
	log->name = lkb_strdup(options->name);
	log->console = !options->no_console;
	log->fn = options->fn;
	log->arg = options->arg;
	log->file.fd = -1;
	if (options->file && lkb_log_file_open(options->file, &log->file, &err))
		lkb_say_error(&err, "output of '%s' is not kept", options->name);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	lkb_loop_watch(l, fd, POLLIN, on_output, log);
}

int lkb_log_start_fifo(struct lkb_loop *l, const char *path, const struct lkb_log_options *options,
		       struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_path_dirname(path);
	lkb_autofd fd = -1;

	if (lkb_make_dirs(dir, 0700, err))
		return -1;
	if (mkfifo(path, 0600) < 0 && errno != EEXIST)
		return lkb_fail_errno(err, "cannot make '%s'", path);
	/* Open for writing as well: then there is no end of file between two writers. */
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return lkb_fail_errno(err, "cannot open '%s'", path);
	lkb_log_start(l, lkb_steal_fd(&fd), options);
	return 0;
}
