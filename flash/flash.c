/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/flash.h"

#include <errno.h>
#include <pthread.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/undo.h"
#include "flash/one.h"

#define PROGRESS_MS 20

struct thread {
	const struct lkb_flash *f;
	struct lkb_flash_job *job;
	struct lkb_hub *hub;
	size_t reader;
	pthread_t id;
	bool started;
};

void lkb_flash_job_clear(struct lkb_flash_job *j)
{
	lkb_strv_clear(&j->notes);
}

static void *work(void *arg)
{
	struct thread *t = arg;

	t->job->failed = lkb_flash_one(t->f, t->job, t->hub, t->reader, &t->job->error) != 0;
	atomic_store(&t->job->phase, LKB_FLASH_ENDED);
	return NULL;
}

/* How many bytes of ranges there will be; a guess without a map. */
static uint64_t total(const struct lkb_flash_image *image)
{
	const struct lkb_source *s = image->source;

	if (image->map)
		return (lkb_map_count(image->map, LKB_MAP_DATA) +
			lkb_map_count(image->map, LKB_MAP_ZERO)) *
		       LKB_MAP_BLOCK;
	return s->is_random ? s->size : s->at_least;
}

static bool writes(const struct lkb_flash_job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (atomic_load(&jobs[i].phase) < LKB_FLASH_VERIFIES)
			return true;
	return false;
}

static void show(const struct lkb_flash *f, const struct lkb_flash_job *jobs, size_t n)
{
	uint64_t done = 0, all = 0;
	bool writing = writes(jobs, n);
	lkb_autostr what = {0};

	for (size_t i = 0; i < n; i++) {
		uint64_t t = atomic_load(&jobs[i].total), d = atomic_load(&jobs[i].done);

		if (writing && atomic_load(&jobs[i].phase) >= LKB_FLASH_VERIFIES)
			d = t;
		all += t;
		done += d < t || !t ? d : t;
	}
	lkb_str_add(&what, writing ? "writing " : "reading back ");
	if (n == 1)
		lkb_str_addf(&what, "'%s'", jobs[0].dev->path);
	else
		lkb_str_addf(&what, "%zu targets", n);
	lkb_ui_bytes(f->ui, lkb_str_get(&what), done, all);
}

static bool all_ended(const struct lkb_flash_job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (atomic_load(&jobs[i].phase) != LKB_FLASH_ENDED)
			return false;
	return true;
}

/* What waited is known at once, and what unpacked a while later. */
static uint64_t grown(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

/* What holds up the writing at this moment. */
static const char *limit(struct lkb_hub *hub, struct lkb_hub_times *before)
{
	struct lkb_hub_times now = lkb_hub_times(hub);
	uint64_t waited = grown(now.waited, before->waited), read = grown(now.read, before->read),
		 unpack = grown(now.unpack, before->unpack);

	*before = now;
	if (!waited && !read && !unpack)
		return NULL;
	return waited >= read + unpack ? "device" : read > unpack ? "source" : "decompression";
}

static void follow(const struct lkb_flash *f, struct lkb_flash_job *jobs, size_t n,
		   struct lkb_hub *hub)
{
	struct lkb_hub_times before = {0};
	unsigned beats = 0;

	while (!all_ended(jobs, n)) {
		if (f->ui && beats++ % 50 == 49)
			f->ui->limit = writes(jobs, n) ? limit(hub, &before) : NULL;
		show(f, jobs, n);
		lkb_clock_sleep_ms(PROGRESS_MS);
	}
	if (f->ui)
		f->ui->limit = NULL;
}

static int open_all(const struct lkb_flash *f, struct lkb_flash_job *jobs, size_t n,
		    struct lkb_error *err)
{
	for (size_t i = 0; i < n; i++) {
		jobs[i].target.fd = -1;
		atomic_store(&jobs[i].total, total(&f->image));
	}
	for (size_t i = 0; i < n; i++) {
		struct lkb_flash_job *j = &jobs[i];

		if (!lkb_target_open(j->dev, true, f->io_kind, &j->target, &j->error))
			continue;
		j->failed = true;
		if (err)
			*err = j->error;
		return -1;
	}
	return 0;
}

static void run_all(const struct lkb_flash *f, struct lkb_flash_job *jobs, size_t n,
		    struct lkb_hub *hub)
{
	lkb_autofree struct thread *threads = lkb_alloc_array(n, sizeof(*threads));

	for (size_t i = 0; i < n; i++) {
		int error;

		threads[i] = (struct thread){.f = f, .job = &jobs[i], .hub = hub, .reader = i};
		error = pthread_create(&threads[i].id, NULL, work, &threads[i]);
		threads[i].started = !error;
		if (!error)
			continue;
		errno = error;
		lkb_fail_errno(&jobs[i].error, "cannot start a thread");
		jobs[i].failed = true;
		atomic_store(&jobs[i].phase, LKB_FLASH_ENDED);
		lkb_hub_leave(hub, i);
	}
	follow(f, jobs, n, hub);
	for (size_t i = 0; i < n; i++)
		if (threads[i].started)
			pthread_join(threads[i].id, NULL);
}

static int first_error(const struct lkb_flash_job *jobs, size_t n, struct lkb_error *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!jobs[i].failed)
			continue;
		if (err)
			*err = jobs[i].error;
		return -1;
	}
	return 0;
}

int lkb_flash_run(const struct lkb_flash *f, struct lkb_flash_job *jobs, size_t n,
		  struct lkb_error *err)
{
	lkb_auto(lkb_hub) hub = NULL;
	int r = open_all(f, jobs, n, err);

	if (!r)
		r = lkb_hub_start(&f->image, n, 0, &hub, err);
	if (!r) {
		run_all(f, jobs, n, hub);
		r = first_error(jobs, n, err);
	} else {
		/* None was written to, whoever is to blame. */
		for (size_t i = 0; i < n; i++)
			jobs[i].failed = true;
	}
	lkb_undo_say(NULL);
	for (size_t i = 0; i < n; i++)
		lkb_target_close(&jobs[i].target);
	return r;
}
