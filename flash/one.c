/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/one_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/size.h"
#include "base/undo.h"
#include "flash/fit.h"

/* How often what was written is made durable, which is what progress and the journal tell. */
#define SYNC_MS 1000

static void clear(struct one *o)
{
	lkb_body_clear(&o->body);
	lkb_zones_clear(&o->zones);
	lkb_journal_clear(&o->journal);
}

/* What an error after the first write leaves behind. Returns -1. */
static int say_state(struct one *o, struct lkb_error *err)
{
	size_t n = strlen(err->message);

	if (!o->job->is_changed)
		return -1;
	snprintf(err->message + n, sizeof(err->message) - n, "; '%s' %s", o->job->dev->path,
		 o->zones.is_stamped
			 ? "has no valid partition table now"
			 : "MAY STILL LOOK VALID: its old partition table could not be erased");
	return -1;
}

static int fail_flush(struct one *o, int error, struct lkb_error *err)
{
	lkb_fail_device(err, o->job->dev->path, true, o->body.image_end, error);
	return -1;
}

static void save_journal(struct one *o)
{
	struct lkb_error error = {0};

	if (!lkb_journal_save(&o->journal, &error) || o->journal_warned)
		return;
	o->journal_warned = true;
	lkb_strv_addf(&o->job->notes, "--resume will not work: %s", error.message);
}

/* Nobody but us is to find a table, a file system or half an image here from now on. */
static int stamp(struct one *o, struct lkb_error *err)
{
	const char *name = o->job->dev->path;
	bool stand = false;
	uint64_t off = 0;
	int error;

	o->job->is_changed = true;
	lkb_undo_say("what was being written has no valid partition table now; "
		     "lkboard flash --resume goes on with it");
	error = lkb_zones_stamp(&o->zones, o->io, &off);
	if (error)
		return lkb_fail_device(err, name, true, off, error);
	o->io->ops->forget(o->io);
	error = lkb_zones_check_stamp(&o->zones, o->io, &stand, &off);
	if (error)
		return lkb_fail_device(err, name, false, off, error);
	if (stand)
		return 0;
	o->zones.is_stamped = false;
	o->job->verdict = "worn";
	lkb_fail(err, LKB_DIFFERS, "'%s' does not keep what is written to it, at byte %" PRIu64,
		 name, off);
	return lkb_hint(err, "the card is a counterfeit, worn out, or protects itself against "
			     "writing: take another one");
}

static struct lkb_sha256 identity(const struct lkb_flash *f, const struct lkb_batch *first)
{
	struct lkb_hash *h;
	struct lkb_sha256 d;

	if (f->image.map)
		return f->map_digest;
	h = lkb_hash_new();
	lkb_hash_add(h, &f->image.source->bytes, sizeof(f->image.source->bytes));
	for (size_t i = 0; i < first->n; i++) {
		lkb_hash_add(h, &first->items[i].len, sizeof(first->items[i].len));
		lkb_hash_add(h, &first->items[i].digest, sizeof(first->items[i].digest));
	}
	d = lkb_hash_done(h);
	lkb_hash_free(h);
	return d;
}

static int check_sector(const struct lkb_flash_job *job, const struct lkb_batch *first,
			struct lkb_error *err)
{
	bool has_head = first->n && first->items[0].class == LKB_MAP_DATA && !first->items[0].off;
	unsigned sector = has_head ? lkb_table_sector(first->bytes, first->used) : 0;

	if (!sector || job->dev->kind == LKB_DEVICE_FILE || sector == job->dev->logical)
		return 0;
	lkb_fail(err, LKB_REFUSED,
		 "'%s' has sectors of %u bytes, and the image's partition table "
		 "counts in %u",
		 job->dev->path, job->dev->logical, sector);
	return lkb_hint(err,
			"such a disk cannot start this image: take one with sectors of %u bytes",
			sector);
}

/* The first batch is there: the last moment to refuse, and then the first write. */
static int begin(struct one *o, const struct lkb_batch *first, struct lkb_error *err)
{
	struct lkb_sha256 image = identity(o->f, first);

	if (check_sector(o->job, first, err) ||
	    lkb_journal_open(o->f->state_dir, o->job->dev, &image, o->f->resume, &o->journal, err))
		return -1;
	if (o->f->resume) {
		o->body.compare_until = o->journal.durable;
		if (!o->journal.found)
			lkb_strv_addf(&o->job->notes,
				      "no interrupted write of this image to '%s' "
				      "is known: it was written from the beginning",
				      o->job->dev->path);
	}
	o->begun = true;
	save_journal(o);
	o->synced_ms = lkb_clock_monotonic_ms();
	return stamp(o, err);
}

/* What has been written by now is made durable; what is in flight goes on. */
static int sync_now(struct one *o, struct lkb_error *err)
{
	uint64_t durable = lkb_body_settled(&o->body);
	uint64_t done = atomic_load(&o->counted) - o->body.n_live;
	int error = -o->io->ops->flush(o->io);

	if (error)
		return fail_flush(o, error, err);
	if (durable > o->journal.durable) {
		o->journal.durable = durable;
		save_journal(o);
	}
	atomic_store(&o->job->done, done);
	o->synced_ms = lkb_clock_monotonic_ms();
	return 0;
}

static int take(struct one *o, struct lkb_batch *batch, struct lkb_error *err)
{
	if (!o->begun && begin(o, batch, err)) {
		lkb_batch_release(batch);
		return -1;
	}
	if (lkb_body_batch(&o->body, batch, err))
		return -1;
	if (!o->body.only && lkb_clock_monotonic_ms() - o->synced_ms >= SYNC_MS)
		return sync_now(o, err);
	return 0;
}

static int pour_own(struct one *o, uint64_t from_seq, struct lkb_error *err);

/* All batches of a hub, through the body. */
static int drink(struct one *o, struct lkb_hub *hub, size_t reader, struct lkb_error *err)
{
	enum lkb_hub_got got = LKB_HUB_BATCH;
	struct lkb_batch *batch;
	uint64_t from = 0;
	int r = 0;

	while (!r && got == LKB_HUB_BATCH) {
		uint64_t began = lkb_clock_monotonic_ms();

		/* What is in flight holds batches that the source may be waiting for. */
		if (lkb_hub_waits(hub, reader) && lkb_body_drain(&o->body, err)) {
			r = -1;
			break;
		}
		r = lkb_hub_next(hub, reader, &batch, &got, &from, err);
		o->waited_ms += lkb_clock_monotonic_ms() - began;
		if (!r && got == LKB_HUB_BATCH)
			r = take(o, batch, err);
	}
	lkb_hub_leave(hub, reader);
	/* What is in flight holds batches, which are the hub's. */
	if (lkb_body_drain(&o->body, r ? NULL : err))
		r = -1;
	if (r)
		lkb_body_forget(&o->body);
	return r || got != LKB_HUB_LET_GO ? r : pour_own(o, from, err);
}

/* By a hub of our own: this target is slower than the others, or wants some of it again. */
static int pour_own(struct one *o, uint64_t from_seq, struct lkb_error *err)
{
	lkb_auto(lkb_hub) hub = NULL;

	if (lkb_hub_start(&o->f->image, 1, from_seq, &hub, err))
		return -1;
	return drink(o, hub, 0, err);
}

int lkb_one_rewrite(struct one *o, const struct lkb_written_list *list, struct lkb_error *err)
{
	int r, error;

	o->body.only = list;
	r = pour_own(o, 0, err);
	o->body.only = NULL;
	if (r)
		return -1;
	error = -o->io->ops->flush(o->io);
	return error ? fail_flush(o, error, err) : 0;
}

static int finish(struct one *o, struct lkb_error *err)
{
	const char *name = o->job->dev->path;
	bool right = false;
	uint64_t off = 0;
	int error;

	if (lkb_fit_tables(&o->zones, o->body.image_end, o->job->dev->size, o->f->image.map, err))
		return -1;
	error = lkb_zones_finish(&o->zones, o->io, &right, &off);
	if (error)
		return lkb_fail_device(err, name, true, off, error);
	if (right)
		return 0;
	o->job->verdict = "worn";
	lkb_fail(err, LKB_DIFFERS,
		 "'%s' does not keep its partition table: byte %" PRIu64 " reads wrong", name, off);
	return lkb_hint(err,
			"the card is worn out, or protects itself against writing: take another "
			"one");
}

/* Where the time went: to the device, unless we waited long for data. */
static const char *what_took(const struct one *o, struct lkb_hub *hub, uint64_t all_ms)
{
	struct lkb_hub_times t = lkb_hub_times(hub);

	if (o->waited_ms * 2 < all_ms)
		return "device";
	return t.read > t.unpack ? "source" : "decompression";
}

static int run(struct one *o, struct lkb_hub *hub, size_t reader, struct lkb_error *err)
{
	struct lkb_flash_job *job = o->job;
	uint64_t began = lkb_clock_monotonic_ms(), written;

	atomic_store(&job->phase, LKB_FLASH_WRITES);
	if (drink(o, hub, reader, err) || sync_now(o, err))
		return -1;
	written = lkb_clock_monotonic_ms();
	job->write_ms = written - began;
	job->limit = what_took(o, hub, job->write_ms);
	job->n_bytes = 0;
	for (size_t i = 0; i < o->body.written.n; i++)
		job->n_bytes += o->body.written.items[i].len;
	atomic_store(&job->total, job->n_bytes);
	atomic_store(&job->phase, LKB_FLASH_VERIFIES);
	if (lkb_one_verify(o, err) || finish(o, err))
		return -1;
	for (size_t i = 0; i < LKB_N_ZONES; i++)
		job->n_bytes += o->zones.zone[i].len;
	job->verify_ms = lkb_clock_monotonic_ms() - written;
	lkb_journal_remove(&o->journal);
	lkb_target_reread(&job->target);
	return 0;
}

int lkb_flash_one(const struct lkb_flash *f, struct lkb_flash_job *job, struct lkb_hub *hub,
		  size_t reader, struct lkb_error *err)
{
	struct one o = {.f = f, .job = job, .io = &job->target.io};
	int r;

	lkb_zones_init(&o.zones, job->dev->size);
	o.body = (struct lkb_body){.io = o.io,
				   .name = job->dev->path,
				   .source = f->image.source->name,
				   .size = job->dev->size,
				   .sector = job->target.sector,
				   .zones = &o.zones,
				   .edits = job->edits,
				   .n_edits = job->n_edits,
				   .done = &o.counted};
	lkb_body_init(&o.body);
	r = run(&o, hub, reader, err);
	job->n_written = o.body.n_written;
	job->n_same = o.body.n_same;
	if (r)
		say_state(&o, err);
	clear(&o);
	return r;
}
