/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blobs from a registry into a stage, several at once. Each grows in the store's partial/, locked
 * as long as somebody writes it: what broke off today is gone on with tomorrow.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/size.h"
#include "rootfs/oci/pull_priv.h"

enum { WORKERS = 4 };
#define SHOWN_EVERY ((int64_t)512 << 10)

void lkb_fetch_list_clear(struct lkb_fetch_list *l)
{
	free(l->items);
	*l = (struct lkb_fetch_list){0};
}

/* What all workers share. */
struct crew {
	struct lkb_registry *r;
	const struct lkb_repository *repo;
	struct lkb_stage *stage;
	const struct lkb_oci_desc **order; /* owned; the largest first */
	size_t n;
	const char *called;
	struct lkb_ui *ui;
	uint64_t total;
	atomic_size_t next;
	atomic_int_fast64_t done; /* bytes */
	atomic_bool stop;
	pthread_mutex_t mutex; /* of the stage and the rest */
	size_t finished;
	bool failed;
	struct lkb_error fault; /* the first one */
};

/* One blob. */
struct job {
	struct crew *c;
	const struct lkb_oci_desc *d;
	int fd;
	char *path; /* owned */
	int64_t counted, shown; /* of its bytes: in c->done, and when that was shown last */
};

static void on_progress(void *ctx, uint64_t done)
{
	struct job *j = ctx;
	struct crew *c = j->c;
	int64_t now = (int64_t)done, all;

	all = atomic_fetch_add(&c->done, now - j->counted) + now - j->counted;
	j->counted = now;
	if (now - j->shown < SHOWN_EVERY && now >= j->shown && done != j->d->size)
		return;
	j->shown = now;
	lkb_ui_bytes(c->ui, c->called, all < 0 ? 0 : (uint64_t)all, c->total);
}

/* 0, or -1: somebody else writes it, or it cannot be made. */
static int open_partial(const struct lkb_store *s, struct job *j)
{
	lkb_autofree char *path = lkb_format("%s/partial/%s", s->dir,
					     lkb_sha256_text(&j->d->digest).s);
	lkb_autofd fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) || !lkb_is_named(fd, path))
		return -1;
	j->fd = lkb_steal_fd(&fd);
	j->path = LKB_STEAL(path);
	return 0;
}

/* Then a file of our own does, which goes with the stage. */
static int open_own(struct lkb_stage *st, struct job *j, struct lkb_error *err)
{
	lkb_autofree char *path = lkb_format("%s/%s.part", st->path,
					     lkb_sha256_text(&j->d->digest).s);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		return lkb_fail_errno(err, "cannot make '%s'", path);
	j->fd = fd;
	j->path = LKB_STEAL(path);
	return 0;
}

static int hint_foreign(const struct lkb_oci_desc *d, struct lkb_error *err)
{
	if (!strstr(d->media_type, "nondistributable") && !strstr(d->media_type, "foreign"))
		return -1;
	return lkb_hint(err, "its type '%.80s' says that it is kept elsewhere; the URLs in the "
			     "manifest are not followed", d->media_type);
}

static int fetch_into(struct job *j, struct lkb_error *err)
{
	struct crew *c = j->c;
	struct lkb_registry_blob b = { .digest = j->d->digest, .size = j->d->size, .fd = j->fd,
				       .stop = &c->stop, .progress = on_progress, .ctx = j };
	struct stat st;

	if (fstat(j->fd, &st))
		return lkb_fail_errno(err, "cannot look at '%s'", j->path);
	b.have = (uint64_t)st.st_size;
	if (!lkb_registry_get_blob(c->r, c->repo, &b, err))
		return 0;
	if (!b.have)
		unlink(j->path);
	return hint_foreign(j->d, err);
}

static int fetch(struct job *j, struct lkb_error *err)
{
	struct crew *c = j->c;
	int failed;

	if ((open_partial(c->stage->s, j) && open_own(c->stage, j, err)) || fetch_into(j, err))
		return lkb_context(err, "layer '%s'", j->d->digest_text);
	pthread_mutex_lock(&c->mutex);
	failed = lkb_stage_take(c->stage, &j->d->digest, j->fd, j->path, err);
	c->finished++;
	if (!failed)
		lkb_ui_message(c->ui, "%s: %zu of %zu, %s, sha256:%.12s", c->called, c->finished,
			       c->n, lkb_size_text(j->d->size).s,
			       lkb_sha256_text(&j->d->digest).s);
	pthread_mutex_unlock(&c->mutex);
	return failed;
}

static void fetch_next(struct crew *c, size_t i)
{
	struct job j = { .c = c, .d = c->order[i], .fd = -1 };
	struct lkb_error fault = {0};
	int failed = fetch(&j, &fault);

	if (j.fd >= 0)
		close(j.fd);
	free(j.path);
	if (!failed)
		return;
	pthread_mutex_lock(&c->mutex);
	if (!c->failed)
		c->fault = fault;
	c->failed = true;
	pthread_mutex_unlock(&c->mutex);
	atomic_store(&c->stop, true);
}

static void *worker(void *ctx)
{
	struct crew *c = ctx;
	size_t i;

	while (!atomic_load(&c->stop) && (i = atomic_fetch_add(&c->next, 1)) < c->n)
		fetch_next(c, i);
	return NULL;
}

static int by_size(const void *a, const void *b)
{
	const struct lkb_oci_desc *da = *(const struct lkb_oci_desc *const *)a;
	const struct lkb_oci_desc *db = *(const struct lkb_oci_desc *const *)b;

	return da->size < db->size ? 1 : da->size > db->size ? -1 : 0;
}

/* Signals are the main thread's: it knows what to undo. */
static void run_crew(struct crew *c)
{
	pthread_t threads[WORKERS];
	size_t n = 0, want = c->n < WORKERS ? c->n : WORKERS;
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (n + 1 < want && !pthread_create(&threads[n], NULL, worker, c))
		n++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	worker(c);
	while (n)
		pthread_join(threads[--n], NULL);
}

int lkb_fetch_all(struct lkb_registry *r, const struct lkb_repository *repo,
		  const struct lkb_fetch_list *list, struct lkb_stage *stage, const char *called,
		  struct lkb_error *err)
{
	struct crew c = { .r = r, .repo = repo, .stage = stage, .n = list->n, .called = called,
			  .ui = lkb_registry_ui(r), .mutex = PTHREAD_MUTEX_INITIALIZER };
	lkb_autofree char *dir = lkb_format("%s/partial", stage->s->dir);

	if (!list->n)
		return 0;
	if (lkb_mkdir_p(dir, err))
		return -1;
	c.order = lkb_alloc_array(list->n, sizeof(*c.order));
	for (size_t i = 0; i < list->n; i++) {
		c.order[i] = &list->items[i];
		c.total += list->items[i].size;
	}
	qsort(c.order, c.n, sizeof(*c.order), by_size);
	run_crew(&c);
	free(c.order);
	return c.failed ? lkb_store_fault(err, &c.fault) : 0;
}
