/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "base/alloc.h"
#include "flash/io_priv.h"

/* One thread for each transfer that may be in flight; what is to be done and what is done are
 * stacks, whose order does not matter. */
struct pool {
	pthread_t threads[LKB_IO_DEPTH];
	size_t n_threads;
	pthread_mutex_t lock;
	pthread_cond_t todo_came, done_came;
	struct lkb_xfer *todo, *done;
	int fd;
	bool stops;
};

static struct lkb_xfer *pop(struct lkb_xfer **stack)
{
	struct lkb_xfer *x = *stack;

	*stack = x->next;
	return x;
}

static void put(struct lkb_xfer **stack, struct lkb_xfer *x)
{
	x->next = *stack;
	*stack = x;
}

static void move(int fd, struct lkb_xfer *x)
{
	size_t len = x->len - x->moved;
	off_t off = (off_t)(x->off + x->moved);
	ssize_t r = x->is_write ? pwrite(fd, x->buf + x->moved, len, off)
				: pread(fd, x->buf + x->moved, len, off);

	x->result = r < 0 ? -errno : (int)r;
}

static void *work(void *arg)
{
	struct pool *p = arg;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		struct lkb_xfer *x;

		while (!p->todo && !p->stops)
			pthread_cond_wait(&p->todo_came, &p->lock);
		if (!p->todo)
			break;
		x = pop(&p->todo);
		pthread_mutex_unlock(&p->lock);
		move(p->fd, x);
		pthread_mutex_lock(&p->lock);
		put(&p->done, x);
		pthread_cond_signal(&p->done_came);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static void stop(struct lkb_io *io)
{
	struct pool *p = io->state;

	pthread_mutex_lock(&p->lock);
	p->stops = true;
	pthread_cond_broadcast(&p->todo_came);
	pthread_mutex_unlock(&p->lock);
	for (size_t i = 0; i < p->n_threads; i++)
		pthread_join(p->threads[i], NULL);
	pthread_cond_destroy(&p->todo_came);
	pthread_cond_destroy(&p->done_came);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static int start(struct lkb_io *io, struct lkb_error *err)
{
	struct pool *p = lkb_alloc(sizeof(*p));

	io->state = p;
	p->fd = io->fd;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->todo_came, NULL);
	pthread_cond_init(&p->done_came, NULL);
	for (; p->n_threads < LKB_IO_DEPTH; p->n_threads++) {
		int r = pthread_create(&p->threads[p->n_threads], NULL, work, p);

		if (r) {
			stop(io);
			errno = r;
			return lkb_fail_errno(err, "cannot start a thread");
		}
	}
	return 0;
}

static void submit(struct lkb_io *io, struct lkb_xfer *x)
{
	struct pool *p = io->state;

	pthread_mutex_lock(&p->lock);
	put(&p->todo, x);
	pthread_cond_signal(&p->todo_came);
	pthread_mutex_unlock(&p->lock);
}

static struct lkb_xfer *reap(struct lkb_io *io)
{
	struct pool *p = io->state;
	struct lkb_xfer *x;

	pthread_mutex_lock(&p->lock);
	while (!p->done)
		pthread_cond_wait(&p->done_came, &p->lock);
	x = pop(&p->done);
	pthread_mutex_unlock(&p->lock);
	return x;
}

const struct lkb_io_ops lkb_io_threads = {
	.name = "threads",
	.start = start,
	.submit = submit,
	.reap = reap,
	.flush = lkb_io_file_flush,
	.zero = lkb_io_file_zero,
	.forget = lkb_io_file_forget,
	.stop = stop,
};
