/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/size.h"
#include "cmd/cmd.h"

/* All four sinks write to stderr: stdout is for results. */
struct sink {
	struct lkb_ui ui;
	bool line_open;        /* tty: a progress line stands without its newline */
	uint64_t last_ms;      /* when progress was last shown */
	char what[128];
	uint64_t started_ms;
};

static struct sink *sink_of(struct lkb_ui *ui)
{
	return (struct sink *)ui;
}

/* True if it is time to show progress again. */
static bool due(struct sink *s, const char *what, uint64_t done, uint64_t total, uint64_t every_ms)
{
	uint64_t now = lkb_clock_monotonic_ms();

	if (strcmp(s->what, what)) {
		snprintf(s->what, sizeof(s->what), "%s", what);
		s->started_ms = now;
		s->last_ms = now;
		return false;
	}
	if (now - s->last_ms < every_ms && !(total && done == total && s->line_open))
		return false;
	s->last_ms = now;
	return true;
}

/* plain */

static void plain_step(struct lkb_ui *ui, const char *text)
{
	fprintf(stderr, "%s\n", text);
}

static void plain_warning(struct lkb_ui *ui, const char *text)
{
	fprintf(stderr, "lkboard: warning: %s\n", text);
}

static void plain_bytes(struct lkb_ui *ui, const char *what, uint64_t done, uint64_t total)
{
	if (!due(sink_of(ui), what, done, total, 5000))
		return;
	if (total)
		fprintf(stderr, "%s: %s of %s\n", what, lkb_size_text(done).s,
			lkb_size_text(total).s);
	else
		fprintf(stderr, "%s: %s\n", what, lkb_size_text(done).s);
}

static const struct lkb_ui_ops plain_ops = {plain_step, plain_bytes, plain_step, plain_warning};

/* tty */

static void tty_end_line(struct lkb_ui *ui)
{
	if (sink_of(ui)->line_open)
		fputs("\r\033[K", stderr);
	sink_of(ui)->line_open = false;
}

static void tty_step(struct lkb_ui *ui, const char *text)
{
	tty_end_line(ui);
	plain_step(ui, text);
}

static void tty_warning(struct lkb_ui *ui, const char *text)
{
	tty_end_line(ui);
	plain_warning(ui, text);
}

static void tty_bytes(struct lkb_ui *ui, const char *what, uint64_t done, uint64_t total)
{
	static const char full[] = "####################", empty[] = "....................";
	struct sink *s = sink_of(ui);
	double spent, left;
	int filled;

	if (!due(s, what, done, total, 100))
		return;
	s->line_open = true;
	if (!total || done > total) {
		fprintf(stderr, "\r%s  %s\033[K", what, lkb_size_text(done).s);
		return;
	}
	spent = (double)(lkb_clock_monotonic_ms() - s->started_ms);
	left = done ? spent * (double)(total - done) / (double)done / 1000 : 0;
	filled = (int)((double)done / (double)total * 20);
	fprintf(stderr, "\r%s [%.*s%.*s] %s of %s, %.0f s left\033[K", what, filled, full,
		20 - filled, empty, lkb_size_text(done).s, lkb_size_text(total).s, left);
}

static const struct lkb_ui_ops tty_ops = {tty_step, tty_bytes, tty_step, tty_warning};

/* json */

static void print_event(json_t *event)
{
	char *text = json_dumps(event, JSON_COMPACT);

	if (text)
		fprintf(stderr, "%s\n", text);
	free(text);
	json_decref(event);
}

static void json_text_event(const char *name, const char *text)
{
	json_t *o = json_pack("{s:s, s:s}", "event", name, "text", text);

	if (o)
		print_event(o);
}

static void json_step(struct lkb_ui *ui, const char *text)
{
	json_text_event("step", text);
}

static void json_message(struct lkb_ui *ui, const char *text)
{
	json_text_event("message", text);
}

static void json_warning(struct lkb_ui *ui, const char *text)
{
	json_text_event("warning", text);
}

static void json_bytes(struct lkb_ui *ui, const char *what, uint64_t done, uint64_t total)
{
	json_t *o;

	if (!due(sink_of(ui), what, done, total, 200))
		return;
	o = json_pack("{s:s, s:s, s:I, s:I}", "event", "bytes", "what", what, "done",
		      (json_int_t)done, "total", (json_int_t)total);
	if (o)
		print_event(o);
}

static const struct lkb_ui_ops json_ops = {json_step, json_bytes, json_message, json_warning};

int lkb_ui_make(const char *kind, bool quiet, struct lkb_ui **ret, bool *ret_json,
		struct lkb_error *err)
{
	static const struct {
		const char *name;
		const struct lkb_ui_ops *ops;
	} sinks[] = {{"plain", &plain_ops}, {"tty", &tty_ops}, {"json", &json_ops}, {"none", NULL}};
	size_t i;

	if (!strcmp(kind, "auto"))
		kind = isatty(2) ? "tty" : "plain";
	for (i = 0; i < LKB_ARRAY_SIZE(sinks); i++) {
		struct sink *s;

		if (strcmp(kind, sinks[i].name))
			continue;
		*ret = NULL;
		*ret_json = sinks[i].ops == &json_ops;
		if (!sinks[i].ops || quiet)
			return 0;
		s = lkb_alloc(sizeof(*s));
		s->ui.ops = sinks[i].ops;
		*ret = &s->ui;
		return 0;
	}
	lkb_fail(err, LKB_USAGE, "'--progress %s': no such kind", kind);
	return lkb_hint(err, "one of auto, tty, plain, json, none");
}

void lkb_ui_free(struct lkb_ui *ui)
{
	if (!ui)
		return;
	if (ui->ops == &tty_ops)
		tty_end_line(ui);
	free(ui);
}
