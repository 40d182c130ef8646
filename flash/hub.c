/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/hub.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "flash/io.h"
#include "flash/pour.h"

/* Batches: what one reader writes and compares at a time, and some ahead of it. */
#define POOL_BASE 8u
#define POOL_PER_READER 5u
#define POOL_MAX 40u
/* How long others wait for the slowest reader, more than they do not, before it is let go. */
#define PATIENCE_MS 2000

struct lkb_pool {
	pthread_mutex_t lock;
	pthread_cond_t came_back;
	struct lkb_batch *free;
	size_t n_made, max;
};

struct reader {
	uint64_t next; /* batch it gets next */
	bool left, let_go, is_idle;
};

struct lkb_hub {
	struct lkb_flash_image image;
	struct lkb_pool pool;
	pthread_t producer;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct lkb_batch *queue[POOL_MAX]; /* batch number k stands at k % POOL_MAX */
	uint64_t end;                      /* one behind the last that is there */
	uint64_t from_seq;
	struct reader *readers;
	size_t n_readers;
	bool ended, cancelled;
	struct lkb_error error; /* why it ended; LKB_OK = at the image's end */
	pthread_mutex_t check_lock;
	struct lkb_hash *hash;
	atomic_ullong waited_ms;
	struct lkb_pour_times times;
	/* The producer's own. */
	uint64_t judged_ms, held_ms;
};

/* The pool. */

void lkb_batch_release(struct lkb_batch *b)
{
	struct lkb_pool *p = b->pool;

	if (atomic_fetch_sub(&b->refs, 1) != 1)
		return;
	pthread_mutex_lock(&p->lock);
	b->next = p->free;
	p->free = b;
	pthread_cond_signal(&p->came_back);
	pthread_mutex_unlock(&p->lock);
}

static struct lkb_batch *take_free(struct lkb_pool *p)
{
	struct lkb_batch *b = p->free;

	if (b) {
		p->free = b->next;
	} else if (p->n_made < p->max) {
		b = lkb_alloc(sizeof(*b));
		b->bytes = lkb_io_buffer(LKB_BATCH_BYTES);
		b->pool = p;
		p->n_made++;
	}
	return b;
}

static void wait_a_while(pthread_cond_t *cond, pthread_mutex_t *lock)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += 100 * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_cond_timedwait(cond, lock, &until);
}

static void init_cond(pthread_cond_t *c)
{
	pthread_condattr_t a;

	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(c, &a);
	pthread_condattr_destroy(&a);
}

static bool takes_part(const struct reader *r)
{
	return !r->left && !r->let_go;
}

/* Gives up the reader's claim on batches that it has not fetched. Under the hub's lock. */
static void drop_claims(struct lkb_hub *h, const struct reader *r)
{
	for (uint64_t k = r->next; k < h->end; k++)
		lkb_batch_release(h->queue[k % POOL_MAX]);
}

/* The one that is furthest behind while others wait for data, if `waited` for want of batches; NULL
 * = nobody is held back. Under the hub's lock. */
static struct reader *who_holds_back(struct lkb_hub *h, bool waited)
{
	struct reader *slowest = NULL;
	bool someone_waits = false;

	for (size_t i = 0; i < h->n_readers; i++) {
		struct reader *r = &h->readers[i];

		if (!takes_part(r))
			continue;
		someone_waits |= r->is_idle;
		if (!r->is_idle && (!slowest || r->next < slowest->next))
			slowest = r;
	}
	return waited && someone_waits ? slowest : NULL;
}

/* What the time since it was called last was used for. A reader that gives a batch back now and
 * then holds back the others as well as one that gives none. */
static void judge_pace(struct lkb_hub *h, bool waited)
{
	uint64_t now = lkb_clock_monotonic_ms(), ms = now - h->judged_ms;
	struct reader *slowest;

	h->judged_ms = now;
	pthread_mutex_lock(&h->lock);
	slowest = who_holds_back(h, waited);
	if (slowest)
		h->held_ms += ms;
	else
		h->held_ms -= ms < h->held_ms ? ms : h->held_ms;
	if (slowest && h->held_ms >= PATIENCE_MS && h->image.source->again) {
		slowest->let_go = true;
		drop_claims(h, slowest);
		h->held_ms = 0;
		pthread_cond_broadcast(&h->changed);
	}
	pthread_mutex_unlock(&h->lock);
}

static bool is_wanted(struct lkb_hub *h)
{
	bool r = false;

	pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < h->n_readers && !h->cancelled && !r; i++)
		r = takes_part(&h->readers[i]);
	pthread_mutex_unlock(&h->lock);
	return r;
}

/* The producer's side. */

static struct lkb_batch *get(void *ctx)
{
	struct lkb_hub *h = ctx;
	uint64_t began = lkb_clock_monotonic_ms();
	struct lkb_batch *b = NULL;

	judge_pace(h, false);
	while (is_wanted(h)) {
		pthread_mutex_lock(&h->pool.lock);
		b = take_free(&h->pool);
		if (!b)
			wait_a_while(&h->pool.came_back, &h->pool.lock);
		pthread_mutex_unlock(&h->pool.lock);
		if (b)
			break;
		judge_pace(h, true);
	}
	atomic_fetch_add(&h->waited_ms, lkb_clock_monotonic_ms() - began);
	if (!b)
		return NULL;
	b->used = b->n = b->pad = 0;
	b->is_checked = false;
	return b;
}

static void put(void *ctx, struct lkb_batch *b)
{
	struct lkb_hub *h = ctx;
	unsigned wanted = 0;

	pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < h->n_readers && b->seq >= h->from_seq; i++)
		wanted += takes_part(&h->readers[i]);
	atomic_store(&b->refs, wanted + 1);
	if (b->seq >= h->from_seq) {
		h->queue[b->seq % POOL_MAX] = b;
		h->end = b->seq + 1;
		pthread_cond_broadcast(&h->changed);
	}
	pthread_mutex_unlock(&h->lock);
	lkb_batch_release(b);
}

static void *produce(void *arg)
{
	static const struct lkb_cut_ops ops = {get, put};
	struct lkb_hub *h = arg;
	lkb_auto(lkb_hash) hash = lkb_hash_new();
	struct lkb_cut cut = {.map = h->image.map,
			      .bmap = h->image.bmap,
			      .name = h->image.source->name,
			      .ops = &ops,
			      .ctx = h,
			      .hash = hash};
	struct lkb_error error = {0};

	if (lkb_pour(h->image.source, &cut, &h->times, &error) && cut.batch) {
		atomic_store(&cut.batch->refs, 1);
		lkb_batch_release(cut.batch);
	}
	pthread_mutex_lock(&h->lock);
	h->ended = true;
	h->error = error;
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

int lkb_hub_start(const struct lkb_flash_image *image, size_t n_readers, uint64_t from_seq,
		  struct lkb_hub **ret, struct lkb_error *err)
{
	struct lkb_hub *h = lkb_alloc(sizeof(*h));
	size_t max = POOL_BASE + POOL_PER_READER * n_readers;
	int r;

	h->image = *image;
	h->n_readers = n_readers;
	h->readers = lkb_alloc_array(n_readers, sizeof(*h->readers));
	for (size_t i = 0; i < n_readers; i++)
		h->readers[i].next = from_seq;
	h->from_seq = h->end = from_seq;
	h->pool.max = max < POOL_MAX ? max : POOL_MAX;
	h->hash = lkb_hash_new();
	h->judged_ms = lkb_clock_monotonic_ms();
	pthread_mutex_init(&h->lock, NULL);
	pthread_mutex_init(&h->check_lock, NULL);
	pthread_mutex_init(&h->pool.lock, NULL);
	init_cond(&h->changed);
	init_cond(&h->pool.came_back);
	r = pthread_create(&h->producer, NULL, produce, h);
	if (r) {
		errno = r;
		lkb_fail_errno(err, "cannot start a thread");
		free(h->readers);
		lkb_hash_free(h->hash);
		free(h);
		return -1;
	}
	*ret = h;
	return 0;
}

void lkb_hub_free(struct lkb_hub *h)
{
	pthread_mutex_lock(&h->lock);
	h->cancelled = true;
	pthread_mutex_unlock(&h->lock);
	pthread_join(h->producer, NULL);
	while (h->pool.free) {
		struct lkb_batch *b = h->pool.free;

		h->pool.free = b->next;
		free(b->bytes);
		free(b);
	}
	pthread_cond_destroy(&h->changed);
	pthread_cond_destroy(&h->pool.came_back);
	pthread_mutex_destroy(&h->lock);
	pthread_mutex_destroy(&h->check_lock);
	pthread_mutex_destroy(&h->pool.lock);
	lkb_hash_free(h->hash);
	free(h->readers);
	free(h);
}

/* The readers' side. */

bool lkb_hub_waits(struct lkb_hub *h, size_t reader)
{
	const struct reader *r = &h->readers[reader];
	bool waits;

	pthread_mutex_lock(&h->lock);
	waits = !r->let_go && r->next == h->end && !h->ended;
	pthread_mutex_unlock(&h->lock);
	return waits;
}

static int check(struct lkb_hub *h, struct lkb_batch *b, struct lkb_error *err)
{
	int r = 0;

	/* Whoever comes first computes; the others wait and find it done. */
	pthread_mutex_lock(&h->check_lock);
	if (!b->is_checked)
		r = lkb_batch_check(b, h->hash, h->image.source->name, err);
	pthread_mutex_unlock(&h->check_lock);
	return r;
}

int lkb_hub_next(struct lkb_hub *h, size_t reader, struct lkb_batch **ret,
		 enum lkb_hub_got *ret_got, uint64_t *ret_seq, struct lkb_error *err)
{
	struct reader *r = &h->readers[reader];
	struct lkb_batch *b = NULL;
	bool failed = false;

	pthread_mutex_lock(&h->lock);
	r->is_idle = true;
	while (!r->let_go && r->next == h->end && !h->ended)
		pthread_cond_wait(&h->changed, &h->lock);
	r->is_idle = false;
	if (r->let_go) {
		*ret_got = LKB_HUB_LET_GO;
		*ret_seq = r->next;
	} else if (r->next < h->end) {
		b = h->queue[r->next++ % POOL_MAX];
		*ret_got = LKB_HUB_BATCH;
	} else if (h->error.kind != LKB_OK) {
		failed = true;
		if (err)
			*err = h->error;
	} else {
		*ret_got = LKB_HUB_END;
	}
	pthread_mutex_unlock(&h->lock);
	if (failed)
		return -1;
	if (b && check(h, b, err)) {
		lkb_batch_release(b);
		return -1;
	}
	if (b)
		*ret = b;
	return 0;
}

void lkb_hub_leave(struct lkb_hub *h, size_t reader)
{
	struct reader *r = &h->readers[reader];

	pthread_mutex_lock(&h->lock);
	if (takes_part(r))
		drop_claims(h, r);
	r->left = true;
	pthread_mutex_unlock(&h->lock);
}

struct lkb_hub_times lkb_hub_times(struct lkb_hub *h)
{
	struct lkb_hub_times t = {.read = atomic_load(&h->times.read),
				  .unpack = atomic_load(&h->times.unpack),
				  .waited = atomic_load(&h->waited_ms)};

	/* The wait for a batch is within what unpacks into it. */
	t.unpack -= t.waited < t.unpack ? t.waited : t.unpack;
	return t;
}
