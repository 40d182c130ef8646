/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/tree/copier.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

/* O_DIRECT wants memory, offset and length to be multiples of a block: of all that are in use. */
#define BLOCK 4096
#define PIECE (1024 * 1024)

struct lkb_copier {
	pthread_t thread;
	struct lkb_data from; /* owned */
	int fd;
	char *name; /* owned */
	atomic_bool cancelled;
	struct lkb_error err;
	int result;
};

static bool set_direct(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && !fcntl(fd, F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT);
}

/* A file system may take the flag and still refuse the first write. */
static int write_piece(struct lkb_copier *c, const void *buf, size_t n, uint64_t off, bool *direct)
{
	if (*direct && (n % BLOCK || pwrite(c->fd, buf, n, (off_t)off) != (ssize_t)n)) {
		set_direct(c->fd, false);
		*direct = false;
	} else if (*direct) {
		return 0;
	}
	if (lkb_pwrite_full(c->fd, buf, n, off, c->name, &c->err))
		return -1;
	lkb_write_behind(c->fd, off, n);
	return 0;
}

static int copy(struct lkb_copier *c, void *buf)
{
	uint64_t off;
	bool direct = set_direct(c->fd, true);

	for (off = 0; off < c->from.len && !atomic_load(&c->cancelled);) {
		size_t n = c->from.len - off < PIECE ? (size_t)(c->from.len - off) : PIECE;

		if (lkb_data_read(&c->from, off, buf, n, &c->err) ||
		    write_piece(c, buf, n, off, &direct))
			return -1;
		off += n;
	}
	if (direct)
		set_direct(c->fd, false);
	if (!atomic_load(&c->cancelled) && fdatasync(c->fd))
		return lkb_fail_errno(&c->err, "cannot flush '%s'", c->name);
	return 0;
}

static void *run(void *copier)
{
	struct lkb_copier *c = copier;
	lkb_autofree char *buf = lkb_alloc(PIECE + BLOCK);

	c->result = copy(c, buf + BLOCK - (uintptr_t)buf % BLOCK);
	return NULL;
}

/* Signals are the main thread's. */
static int start_thread(struct lkb_copier *c)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	r = pthread_create(&c->thread, NULL, run, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

static void free_copier(struct lkb_copier *c)
{
	lkb_data_cleanup(&c->from);
	free(c->name);
	free(c);
}

int lkb_copier_start(const struct lkb_data *from, int fd, const char *name, struct lkb_copier **ret,
		     struct lkb_error *err)
{
	struct lkb_copier *c = lkb_alloc(sizeof(*c));
	int r;

	c->from = *from;
	lkb_blob_ref(from->blob);
	c->fd = fd;
	c->name = lkb_strdup(name);
	r = start_thread(c);
	if (r) {
		free_copier(c);
		errno = r;
		return lkb_fail_errno(err, "cannot start a thread that writes '%s'", name);
	}
	*ret = c;
	return 0;
}

int lkb_copier_end(struct lkb_copier *c, struct lkb_error *err)
{
	int r;

	pthread_join(c->thread, NULL);
	r = c->result;
	if (r && err)
		*err = c->err;
	free_copier(c);
	return r;
}

void lkb_copier_cancel(struct lkb_copier *c)
{
	atomic_store(&c->cancelled, true);
	lkb_copier_end(c, NULL);
}
