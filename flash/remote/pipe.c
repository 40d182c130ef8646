/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/remote/pipe.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct lkb_pipe {
	const struct lkb_pipe_ops *ops;
	void *ctx;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint8_t *ring;          /* owned; LKB_PIPE_BYTES */
	size_t at, n;           /* where what is to be read begins, and how much it is */
	bool ended;
	struct lkb_error error; /* with ended; LKB_OK = that was all */
	atomic_bool stop;
};

static void *run(void *arg)
{
	struct lkb_pipe *p = arg;
	struct lkb_error err = {0};

	if (!p->ops->run(p->ctx, p, &err))
		err.kind = LKB_OK;
	pthread_mutex_lock(&p->lock);
	p->error = err;
	p->ended = true;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static void free_pipe(struct lkb_pipe *p)
{
	p->ops->free(p->ctx);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->changed);
	free(p->ring);
	free(p);
}

int lkb_pipe_start(const struct lkb_pipe_ops *ops, void *ctx, struct lkb_pipe **ret,
		   struct lkb_error *err)
{
	struct lkb_pipe *p = lkb_alloc(sizeof(*p));

	p->ops = ops;
	p->ctx = ctx;
	p->ring = lkb_alloc(LKB_PIPE_BYTES);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->changed, NULL);
	errno = pthread_create(&p->thread, NULL, run, p);
	if (errno) {
		lkb_fail_errno(err, "cannot start a thread");
		free_pipe(p);
		return -1;
	}
	*ret = p;
	return 0;
}

/* One piece, as far as it stands in one place. Under the lock. */
static size_t put_some(struct lkb_pipe *p, const void *bytes, size_t n)
{
	size_t to = (p->at + p->n) % LKB_PIPE_BYTES, room = LKB_PIPE_BYTES - p->n;

	if (n > room)
		n = room;
	if (n > LKB_PIPE_BYTES - to)
		n = LKB_PIPE_BYTES - to;
	memcpy(p->ring + to, bytes, n);
	p->n += n;
	pthread_cond_broadcast(&p->changed);
	return n;
}

int lkb_pipe_put(struct lkb_pipe *p, const void *bytes, size_t n, struct lkb_error *err)
{
	const uint8_t *from = bytes;

	pthread_mutex_lock(&p->lock);
	while (n && !atomic_load(&p->stop)) {
		size_t done = put_some(p, from, n);

		from += done;
		n -= done;
		if (!done)
			pthread_cond_wait(&p->changed, &p->lock);
	}
	pthread_mutex_unlock(&p->lock);
	return n ? lkb_fail(err, LKB_INTERRUPTED, "nobody wants the rest") : 0;
}

atomic_bool *lkb_pipe_stop(struct lkb_pipe *p)
{
	return &p->stop;
}

int lkb_pipe_read(void *pipe, void *buf, size_t n, size_t *ret_n, struct lkb_error *err)
{
	struct lkb_pipe *p = pipe;
	int r = 0;

	pthread_mutex_lock(&p->lock);
	while (!p->n && !p->ended)
		pthread_cond_wait(&p->changed, &p->lock);
	if (n > p->n)
		n = p->n;
	if (n > LKB_PIPE_BYTES - p->at)
		n = LKB_PIPE_BYTES - p->at;
	memcpy(buf, p->ring + p->at, n);
	p->at = (p->at + n) % LKB_PIPE_BYTES;
	p->n -= n;
	if (!n && p->error.kind != LKB_OK) {
		r = -1;
		if (err)
			*err = p->error;
	}
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	if (!r)
		*ret_n = n;
	return r;
}

void lkb_pipe_close(void *pipe)
{
	struct lkb_pipe *p = pipe;

	pthread_mutex_lock(&p->lock);
	atomic_store(&p->stop, true);
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	free_pipe(p);
}
