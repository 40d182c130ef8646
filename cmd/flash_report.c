/* SPDX-License-Identifier: Apache-2.0 */
/* What `flash` says when it has ended: a line a target on stdout, an event each with JSON. */
#include <stdio.h>
#include <unistd.h>

#include "base/ext/json.h"
#include "base/size.h"
#include "cmd/flash_targets.h"

static void add_line(const struct lkb_flash_job *j, struct lkb_str *out)
{
	lkb_str_addf(out, "%s: %s right; %s written in %.1f s", j->dev->path,
		     lkb_size_text(j->n_bytes).s, lkb_size_text(j->n_written).s,
		     (double)j->write_ms / 1000);
	if (j->n_same)
		lkb_str_addf(out, " (%s were there already)", lkb_size_text(j->n_same).s);
	lkb_str_addf(out, ", read back in %.1f s; limited by the %s\n",
		     (double)j->verify_ms / 1000, j->limit);
}

static void print_event(const struct lkb_flash_job *j)
{
	json_t *name = lkb_json_name(j->dev->path);
	lkb_autojson o = json_pack("{s:s, s:o, s:b, s:I, s:I, s:I, s:f, s:f}", "event", "result",
				   "target", name, "right", !j->failed, "bytes",
				   (json_int_t)j->n_bytes, "written", (json_int_t)j->n_written,
				   "same", (json_int_t)j->n_same, "write_seconds",
				   (double)j->write_ms / 1000, "verify_seconds",
				   (double)j->verify_ms / 1000);
	lkb_autofree char *text = NULL;

	if (j->limit)
		json_object_set_new(o, "limit", json_string(j->limit));
	if (j->verdict)
		json_object_set_new(o, "verdict", json_string(j->verdict));
	json_object_set_new(o, "changed", json_boolean(j->is_changed));
	text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(6));
	fprintf(stderr, "%s\n", text);
}

/* Nobody holds it, and nothing of it waits to be written. */
static void say_removable(struct lkb_ctx *ctx, const struct lkb_device *dev, bool eject)
{
	struct lkb_error error = {0};

	if (dev->kind != LKB_DEVICE_DISK || !dev->removable)
		return;
	if (eject && lkb_device_eject(dev, &error))
		lkb_ui_warning(ctx->ui, "%s", error.message);
	lkb_ui_message(ctx->ui, "'%s' is safe to remove", dev->path);
}

int lkb_flash_report(struct lkb_ctx *ctx, const struct lkb_flash_targets *t, bool eject,
		     struct lkb_error *err)
{
	lkb_autostr out = {0};

	for (size_t i = 0; i < t->n; i++) {
		const struct lkb_flash_job *j = &t->jobs[i];

		for (size_t k = 0; k < j->notes.n; k++)
			lkb_ui_warning(ctx->ui, "%s", j->notes.items[k]);
		if (ctx->json)
			print_event(j);
		if (!j->failed)
			add_line(j, &out);
		else if (t->n > 1 && j->error.message[0])
			lkb_report_error(ctx, &j->error);
	}
	if (lkb_print(lkb_str_get(&out), err))
		return -1;
	for (size_t i = 0; i < t->n; i++)
		if (!t->jobs[i].failed)
			say_removable(ctx, t->jobs[i].dev, eject);
	return 0;
}
