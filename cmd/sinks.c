/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/size.h"
#include "base/utf8.h"
#include "cmd/cmd.h"

/* All four sinks write to stderr: stdout is for results. */
struct sink {
	struct lkb_ui ui;
	char what[128];      /* the work in progress, cut to this length */
	uint64_t started_ms; /* when it began */
	uint64_t last_ms;    /* when its progress was last shown; at first: when it began */
	uint64_t last_done;
	bool shown;          /* its progress was shown */
	bool line_open;      /* tty: a progress line stands without its newline */
};

static struct sink *sink_of(struct lkb_ui *ui)
{
	return (struct sink *)ui;
}

static void begin(struct sink *s, const char *what, uint64_t now)
{
	snprintf(s->what, sizeof(s->what), "%s", what);
	s->started_ms = now;
	s->last_ms = now;
	s->shown = false;
}

/* True if it is time to show progress again. Work that is done before the first time is not worth a
 * line; of all other work the end is shown. */
static bool due(struct sink *s, const char *what, uint64_t done, uint64_t total, uint64_t every_ms)
{
	uint64_t now = lkb_clock_monotonic_ms();
	bool end = total && done == total;

	if (strncmp(s->what, what, sizeof(s->what) - 1) || done < s->last_done)
		begin(s, what, now);
	s->last_done = done;
	if (now - s->last_ms < every_ms && !(end && s->shown))
		return false;
	s->last_ms = now;
	s->shown = true;
	return true;
}

/* plain */

/* Names of files and images are other people's words. */
static void plain_line(const char *prefix, const char *text)
{
	lkb_autostr s = {0};

	lkb_utf8_show(&s, text, strlen(text), false);
	fprintf(stderr, "%s%s\n", prefix, lkb_str_get(&s));
}

static void plain_step(struct lkb_ui *ui, const char *text)
{
	plain_line("", text);
}

static void plain_warning(struct lkb_ui *ui, const char *text)
{
	plain_line("lkboard: warning: ", text);
}

static void plain_bytes(struct lkb_ui *ui, const char *what, uint64_t done, uint64_t total)
{
	lkb_autostr line = {0};

	if (!due(sink_of(ui), what, done, total, 5000))
		return;
	lkb_str_addf(&line, "%s: %s", what, lkb_size_text(done).s);
	if (total)
		lkb_str_addf(&line, " of %s", lkb_size_text(total).s);
	plain_line("", lkb_str_get(&line));
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

/* Columns that a line may take without wrapping: a wrapped one cannot be drawn over. */
static size_t tty_width(void)
{
	struct winsize size;

	return ioctl(2, TIOCGWINSZ, &size) || size.ws_col < 2 ? 79 : (size_t)size.ws_col - 1;
}

/* The first n characters of a line of UTF-8, counted one column each. */
static int first_columns(const char *line, size_t n)
{
	const char *p = line;

	for (; *p && n; n--)
		p += lkb_utf8_len(p, strlen(p));
	return (int)(p - line);
}

static unsigned seconds_left(const struct sink *s, uint64_t done, uint64_t total)
{
	double spent = (double)(lkb_clock_monotonic_ms() - s->started_ms) / 1000;
	double left = done ? spent * ((double)total - (double)done) / (double)done : 0;

	return left < 99999 ? (unsigned)left : 99999;
}

static void add_bar(struct lkb_str *out, const char *what, uint64_t done, uint64_t total,
		    unsigned left_s, const char *limit)
{
	static const char full[] = "####################", empty[] = "....................";
	int filled;

	lkb_utf8_show(out, what, strlen(what), false);
	if (!total || done > total) {
		lkb_str_addf(out, "  %s", lkb_size_text(done).s);
		return;
	}
	filled = (int)((double)done / (double)total * 20);
	lkb_str_addf(out, " [%.*s%.*s] %s of %s, %u s left", filled, full, 20 - filled, empty,
		     lkb_size_text(done).s, lkb_size_text(total).s, left_s);
	if (limit)
		lkb_str_addf(out, ", limited by the %s", limit);
}

static void tty_bytes(struct lkb_ui *ui, const char *what, uint64_t done, uint64_t total)
{
	struct sink *s = sink_of(ui);
	lkb_autostr line = {0};

	if (!due(s, what, done, total, 100))
		return;
	s->line_open = true;
	add_bar(&line, what, done, total, seconds_left(s, done, total), ui->limit);
	fprintf(stderr, "\r%.*s\033[K", first_columns(lkb_str_get(&line), tty_width()),
		lkb_str_get(&line));
}

static const struct lkb_ui_ops tty_ops = {tty_step, tty_bytes, tty_step, tty_warning};

/* json */

static json_t *clean_string(const char *text)
{
	lkb_autostr s = {0};

	lkb_utf8_show(&s, text, strlen(text), false);
	return json_string(lkb_str_get(&s));
}

static void print_event(json_t *event)
{
	lkb_autofree char *text = json_dumps(event, JSON_COMPACT);

	if (text)
		fprintf(stderr, "%s\n", text);
	json_decref(event);
}

static void json_step(struct lkb_ui *ui, const char *text)
{
	print_event(json_pack("{s:s, s:o}", "event", "step", "text", clean_string(text)));
}

static void json_message(struct lkb_ui *ui, const char *text)
{
	print_event(json_pack("{s:s, s:o}", "event", "message", "text", clean_string(text)));
}

static void json_warning(struct lkb_ui *ui, const char *text)
{
	print_event(json_pack("{s:s, s:o}", "event", "warning", "message",
			      clean_string(text)));
}

static void json_bytes(struct lkb_ui *ui, const char *what, uint64_t done, uint64_t total)
{
	if (due(sink_of(ui), what, done, total, 200))
		print_event(json_pack("{s:s, s:o, s:I, s:I, s:s*}", "event", "bytes", "what",
				      clean_string(what), "done", (json_int_t)done, "total",
				      (json_int_t)total, "limit", ui->limit));
}

static const struct lkb_ui_ops json_ops = {json_step, json_bytes, json_message, json_warning};

static bool is_terminal(void)
{
	const char *term = getenv("TERM");

	return isatty(2) && term && strcmp(term, "dumb") != 0;
}

int lkb_ui_make(const char *kind, bool quiet, struct lkb_ui **ret, bool *ret_json,
		struct lkb_error *err)
{
	static const struct {
		const char *name;
		const struct lkb_ui_ops *ops;
	} sinks[] = {{"plain", &plain_ops}, {"tty", &tty_ops}, {"json", &json_ops}, {"none", NULL}};
	size_t i;

	if (!strcmp(kind, "auto"))
		kind = is_terminal() ? "tty" : "plain";
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
