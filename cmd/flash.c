/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flash.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/size.h"
#include "cmd/commands.h"

#define ANSWER_MAX 16

struct flash_options {
	const char *map, *serial, *io;
	bool yes, fixed, resume, plan;
};

#define ROW(letter, name, kind, field, arg, help)                                                  \
	LKB_OPT(letter, name, kind, struct flash_options, field, arg, help)

static const struct lkb_opt rows[] = {
	ROW(0, "map", STRING, map, "FILE", "the image's map (default: what stands beside it)"),
	ROW('y', "yes", FLAG, yes, NULL, "do not ask"),
	ROW(0, "fixed", FLAG, fixed, NULL,
	    "allow a device that is not removable, a loop device too"),
	ROW(0, "serial", STRING, serial, "S", "only if that is the device's serial number"),
	ROW(0, "resume", FLAG, resume, NULL, "go on with a write that was interrupted"),
	ROW(0, "plan", FLAG, plan, NULL, "say what would be written, and write nothing"),
	ROW(0, "io", STRING, io, "KIND", "uring or threads (default: the first that works)"),
};

/* All targets, found and judged before any of them is opened. Born {0}. */
struct targets {
	struct lkb_flash_job *jobs;  /* owned */
	struct lkb_device **devices; /* owned, each owned */
	size_t n;
};

static void clear_targets(struct targets *t)
{
	for (size_t i = 0; i < t->n; i++) {
		lkb_flash_job_clear(&t->jobs[i]);
		lkb_device_free(t->devices[i]);
	}
	free(t->jobs);
	free(t->devices);
}

static int check_twice(const struct targets *t, const struct lkb_device *dev, struct lkb_error *err)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct lkb_device *o = t->devices[i];

		if (o->kind == dev->kind && o->dev == dev->dev && o->inode == dev->inode)
			return lkb_fail(err, LKB_USAGE, "'%s' and '%s' are the same device",
					o->given, dev->given);
	}
	return 0;
}

static int add_target(const struct flash_options *o, const struct lkb_image_source *image,
		      const char *path, struct targets *t, struct lkb_error *err)
{
	lkb_auto(lkb_device) dev = NULL;
	lkb_autorefusals refusals = {0};
	struct lkb_guard_request request = {.image_size = lkb_image_source_size(image),
					    .fixed = o->fixed,
					    .yes = o->yes,
					    .serial = o->serial,
					    .image = image->source.fd >= 0 ? image->source.name
									   : NULL};

	if (lkb_device_find(NULL, path, &dev, err) || check_twice(t, dev, err))
		return -1;
	if (image->source.fd >= 0 && image->source.again &&
	    strcmp(image->source.name, "standard input") &&
	    lkb_device_holds(dev, image->source.name, &request.image_on_it, err))
		return -1;
	lkb_guard(dev, &request, &refusals);
	if (lkb_guard_fail(&refusals, err))
		return -1;
	lkb_device_look_inside(dev);
	t->jobs[t->n].dev = dev;
	t->devices[t->n++] = LKB_STEAL(dev);
	return 0;
}

/* Asks on the terminal, also if standard input is the image. */
static int confirm(const struct flash_options *o, const struct targets *t, struct lkb_error *err)
{
	lkb_autostr text = {0};
	char answer[ANSWER_MAX] = "";
	lkb_autofd tty = -1;
	ssize_t n;

	if (o->yes)
		return 0;
	tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (tty < 0) {
		lkb_fail(err, LKB_REFUSED,
			 "there is no terminal to ask on if '%s' may be overwritten",
			 t->jobs[0].dev->path);
		return lkb_hint(err, "give --yes to do it without being asked");
	}
	for (size_t i = 0; i < t->n; i++)
		lkb_device_describe(t->devices[i], &text);
	lkb_str_addf(&text, "Everything on %s will be lost. Type yes to go on: ",
		     t->n == 1 ? "it" : "these devices");
	if (lkb_write_full(tty, text.s, text.len, "the terminal", err))
		return -1;
	n = read(tty, answer, sizeof(answer) - 1);
	if (n > 0 && !strncmp(answer, "yes\n", 4))
		return 0;
	return lkb_fail(err, LKB_REFUSED, "you did not say yes; nothing was written");
}

/* The plan. */

static void plan_text(const struct lkb_image_source *image, const struct targets *t,
		      struct lkb_str *out)
{
	const struct lkb_map *map = image->map;
	uint64_t size = lkb_image_source_size(image);

	lkb_str_addf(out, "image: %s\n", image->source.name);
	lkb_str_addf(out, "  map: %s\n", map ? image->map_path : "none: every byte is significant");
	if (size)
		lkb_str_addf(out, "  size: %s\n", lkb_size_text(size).s);
	if (map)
		lkb_str_addf(out, "  to be written: %s; to be zero: %s; does not matter: %s\n",
			     lkb_size_text(lkb_map_count(map, LKB_MAP_DATA) * LKB_MAP_BLOCK).s,
			     lkb_size_text(lkb_map_count(map, LKB_MAP_ZERO) * LKB_MAP_BLOCK).s,
			     lkb_size_text(lkb_map_count(map, LKB_MAP_FREE) * LKB_MAP_BLOCK).s);
	for (size_t i = 0; i < t->n; i++)
		lkb_device_describe(t->devices[i], out);
	lkb_str_add(out, "nothing was written\n");
}

/* Results. */

static void report(const struct lkb_flash_job *j, struct lkb_str *out)
{
	lkb_str_addf(out, "%s: %s right; %s written in %.1f s", j->dev->path,
		     lkb_size_text(j->n_bytes).s, lkb_size_text(j->n_written).s,
		     (double)j->write_ms / 1000);
	if (j->n_same)
		lkb_str_addf(out, " (%s were there already)", lkb_size_text(j->n_same).s);
	lkb_str_addf(out, ", read back in %.1f s; limited by the %s\n", (double)j->verify_ms / 1000,
		     j->limit);
}

static int report_all(struct lkb_ctx *ctx, const struct targets *t, struct lkb_error *err)
{
	lkb_autostr out = {0};

	for (size_t i = 0; i < t->n; i++) {
		const struct lkb_flash_job *j = &t->jobs[i];

		for (size_t k = 0; k < j->notes.n; k++)
			lkb_ui_warning(ctx->ui, "%s", j->notes.items[k]);
		if (!j->failed)
			report(j, &out);
		else if (t->n > 1)
			lkb_report_error(ctx, &j->error);
	}
	return lkb_print(lkb_str_get(&out), err);
}

static int flash(struct lkb_ctx *ctx, const struct flash_options *o,
		 const struct lkb_image_source *image, struct targets *t, struct lkb_error *err)
{
	lkb_autofree char *state = lkb_state_dir(ctx);
	struct lkb_flash f = {.image = {.source = &image->source, .map = image->map,
					.bmap = image->bmap},
			      .map_digest = image->map_digest,
			      .io_kind = o->io,
			      .state_dir = state,
			      .resume = o->resume,
			      .ui = ctx->ui};
	struct lkb_error print_error = {0};
	int r = lkb_flash_run(&f, t->jobs, t->n, err);

	if (report_all(ctx, t, r ? &print_error : err))
		return -1;
	/* Several have said it each for itself. */
	if (r && t->n > 1)
		err->message[0] = '\0';
	return r;
}

static int run_flash(struct lkb_ctx *ctx, void *options, char **operands, size_t n,
		     struct lkb_error *err)
{
	const struct flash_options *o = options;
	struct lkb_image_source image __attribute__((cleanup(lkb_image_source_clear))) =
		LKB_IMAGE_SOURCE_INIT;
	struct targets t __attribute__((cleanup(clear_targets))) = {0};
	lkb_autostr plan = {0};

	if (lkb_image_source_open(operands[0], o->map, &image, err))
		return -1;
	t.jobs = lkb_alloc_array(n, sizeof(*t.jobs));
	t.devices = lkb_alloc_array(n, sizeof(struct lkb_device *));
	for (size_t i = 1; i < n; i++)
		if (add_target(o, &image, operands[i], &t, err))
			return -1;
	if (o->plan) {
		plan_text(&image, &t, &plan);
		return lkb_print(lkb_str_get(&plan), err);
	}
	if (confirm(o, &t, err))
		return -1;
	return flash(ctx, o, &image, &t, err);
}

const struct lkb_cmd lkb_cmd_flash = {
	.name = "flash",
	.operands = "IMAGE DEVICE...",
	.summary = "write an image to cards, disks or files, and read it back",
	.min_operands = 2,
	.max_operands = 257,
	.options_size = sizeof(struct flash_options),
	.options = rows,
	.n_options = LKB_ARRAY_SIZE(rows),
	.run = run_flash,
};
