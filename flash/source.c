/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/ext/compress.h"
#include "base/file.h"

#define READY_MS 100

/* A regular file: every stream has a position of its own. */
struct stream {
	struct lkb_source *source;
	uint64_t pos;
};

static int open_file(void *what, void **ret, struct lkb_error *err)
{
	struct stream *s = lkb_alloc(sizeof(*s));

	s->source = what;
	*ret = s;
	return 0;
}

static int read_file(void *stream, void *buf, size_t n, size_t *ret_n, struct lkb_error *err)
{
	struct stream *s = stream;
	ssize_t r;

	do
		r = pread(s->source->fd, buf, n, (off_t)s->pos);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return lkb_fail_errno(err, "cannot read '%s'", s->source->name);
	s->pos += (uint64_t)r;
	*ret_n = (size_t)r;
	return 0;
}

static void close_file(void *stream)
{
	free(stream);
}

static const struct lkb_source_ops file_ops = {
	.open = open_file, .read = read_file, .close = close_file};

/* A pipe: one stream, read as it comes. */
static int open_pipe(void *what, void **ret, struct lkb_error *err)
{
	*ret = what;
	return 0;
}

static int read_pipe(void *stream, void *buf, size_t n, size_t *ret_n, struct lkb_error *err)
{
	struct lkb_source *s = stream;
	ssize_t r;

	do
		r = read(s->fd, buf, n);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return lkb_fail_errno(err, "cannot read '%s'", s->name);
	*ret_n = (size_t)r;
	return 0;
}

/* Whoever feeds a pipe may never go on with it, nor end it. */
static bool pipe_ready(void *stream)
{
	const struct lkb_source *s = stream;
	struct pollfd p = {.fd = s->fd, .events = POLLIN};

	return poll(&p, 1, READY_MS) != 0;
}

static void close_pipe(void *stream)
{
}

static const struct lkb_source_ops pipe_ops = {
	.open = open_pipe, .read = read_pipe, .close = close_pipe, .ready = pipe_ready};

static void use_file(struct lkb_source *s, uint64_t size)
{
	uint8_t head[6];
	ssize_t n = pread(s->fd, head, sizeof(head), 0);
	enum lkb_compression c = lkb_compression_of(head, n > 0 ? (size_t)n : 0);

	s->ops = &file_ops;
	s->again = true;
	s->bytes = size;
	s->at_least = lkb_unpacked_at_least(s->fd, size, c);
	s->is_random = c == LKB_PLAIN;
	s->size = s->is_random ? size : 0;
}

static int open_source(const char *path, int *ret, struct lkb_error *err)
{
	int fd =
		strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : fcntl(0, F_DUPFD_CLOEXEC, 3);

	if (fd < 0) {
		lkb_fail_errno(err, "cannot open '%s'", path);
		return lkb_hint(err, "the image comes first: lkboard flash IMAGE DEVICE");
	}
	*ret = fd;
	return 0;
}

int lkb_source_file(const char *path, struct lkb_source *ret, struct lkb_error *err)
{
	bool is_stdin = !strcmp(path, "-");
	lkb_autofd fd = -1;
	struct stat st;

	if (open_source(path, &fd, err))
		return -1;
	if (fstat(fd, &st))
		return lkb_fail_errno(err, "cannot look at '%s'", path);
	if (S_ISDIR(st.st_mode) || (S_ISBLK(st.st_mode) && !is_stdin)) {
		lkb_fail(err, LKB_INPUT, "'%s' is no image", path);
		return lkb_hint(err,
				S_ISDIR(st.st_mode)
					? "give the file, as 'lkboard build' names it"
					: "to copy a device, feed it: lkboard flash - DEVICE < %s",
				path);
	}
	if (S_ISREG(st.st_mode) && !st.st_size)
		return lkb_fail(err, LKB_INPUT, "'%s' is empty", path);
	*ret = (struct lkb_source){.name = is_stdin ? "standard input" : path,
				   .ops = &pipe_ops,
				   .what = ret,
				   .fd = lkb_steal_fd(&fd)};
	/* A shell's "<" may stand in the middle of a file. */
	if (S_ISREG(st.st_mode) && (!is_stdin || lseek(ret->fd, 0, SEEK_CUR) == 0))
		use_file(ret, (uint64_t)st.st_size);
	return 0;
}

void lkb_source_close(struct lkb_source *s)
{
	if (s->ops && s->ops->free)
		s->ops->free(s->what);
	s->ops = NULL;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* The length of the name without what a compressor puts behind it. */
static size_t unpacked_len(const char *path)
{
	static const char *const packed[] = {".zst", ".xz", ".gz", ".zstd"};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(packed); i++)
		if (lkb_ends_with(path, packed[i]))
			return strlen(path) - strlen(packed[i]);
	return strlen(path);
}

void lkb_source_map_names(const char *path, struct lkb_strv *ret)
{
	static const char *const endings[] = {".map", ".bmap"};
	lkb_autofree char *name = lkb_strndup(path, unpacked_len(path));
	const char *base = strrchr(name, '/'), *dot = strrchr(base ? base : name, '.');

	for (size_t i = 0; i < LKB_ARRAY_SIZE(endings); i++) {
		if (dot)
			lkb_strv_addf(ret, "%.*s%s", (int)(dot - name), name, endings[i]);
		lkb_strv_addf(ret, "%s%s", name, endings[i]);
	}
}
