/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flash_targets.h"

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
	struct lkb_image_words from;
	const char *serial, *io, *targets;
	struct lkb_strv set;
	bool yes, fixed, resume, plan, eject;
};

#define ROW(letter, name, kind, field, arg, help)                                                  \
	LKB_OPT(letter, name, kind, struct flash_options, field, arg, help)

static const struct lkb_opt rows[] = {
	LKB_IMAGE_OPTIONS(struct flash_options),
	ROW('y', "yes", FLAG, yes, NULL, "do not ask"),
	ROW(0, "fixed", FLAG, fixed, NULL,
	    "allow a device that is not removable, a loop device too"),
	ROW(0, "serial", STRING, serial, "S", "only if that is the device's serial number"),
	ROW(0, "set", LIST, set, "KEY=VALUE",
	    "hostname, ssh-key, wifi-ssid, config.txt, ... of the card; repeatable"),
	ROW(0, "targets", STRING, targets, "FILE",
	    "a table (CSV) of devices, each with settings of its own"),
	ROW(0, "resume", FLAG, resume, NULL, "go on with a write that was interrupted"),
	ROW(0, "eject", FLAG, eject, NULL, "let the device go when it is done"),
	ROW(0, "plan", FLAG, plan, NULL, "say what would be written, and write nothing"),
	ROW(0, "io", STRING, io, "KIND", "uring or threads (default: the first that works)"),
};

/* Asks on the terminal, also if standard input is the image. */
static int confirm(const struct flash_options *o, const struct lkb_flash_targets *t,
		   struct lkb_error *err)
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

static void plan_text(const struct lkb_image_source *image, const struct lkb_flash_targets *t,
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

static int flash(struct lkb_ctx *ctx, const struct flash_options *o,
		 const struct lkb_image_source *image, struct lkb_flash_targets *t,
		 struct lkb_error *err)
{
	lkb_autofree char *state = lkb_state_dir(ctx);
	struct lkb_flash f = {
		.image = {.source = &image->source, .map = image->map, .bmap = image->bmap},
		.map_digest = image->map_digest,
		.io_kind = o->io,
		.state_dir = state,
		.resume = o->resume,
		.ui = ctx->ui};
	struct lkb_error print_error = {0};
	int r = lkb_flash_run(&f, t->jobs, t->n, err);

	if (lkb_flash_report(ctx, t, o->eject, r ? &print_error : err))
		return -1;
	/* Several have said it each for itself. */
	for (size_t i = 0; i < t->n && r && t->n > 1; i++)
		if (t->jobs[i].error.message[0])
			err->message[0] = '\0';
	return r;
}

static int run_flash(struct lkb_ctx *ctx, void *options, char **operands, size_t n,
		     struct lkb_error *err)
{
	const struct flash_options *o = options;
	struct lkb_image_source image __attribute__((cleanup(lkb_image_source_clear))) =
		LKB_IMAGE_SOURCE_INIT;
	struct lkb_flash_targets t __attribute__((cleanup(lkb_flash_targets_clear))) = {0};
	struct lkb_flash_wish wish = {.yes = o->yes,
				      .fixed = o->fixed,
				      .serial = o->serial,
				      .set = &o->set,
				      .stations = o->targets,
				      .paths = operands + 1,
				      .n_paths = n - 1};
	lkb_autostr plan = {0};

	if (lkb_image_source_open(ctx, &o->from, operands[0], &image, err) ||
	    lkb_flash_targets_find(&wish, &image, &t, err))
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
	.operands = "IMAGE [DEVICE...]",
	.summary = "write an image to cards, disks or files, and read it back",
	.min_operands = 1,
	.max_operands = 257,
	.options_size = sizeof(struct flash_options),
	.options = rows,
	.n_options = LKB_ARRAY_SIZE(rows),
	.run = run_flash,
};
