/* SPDX-License-Identifier: Apache-2.0 */
/* What users see of progress and errors: standard error goes to a file or to a terminal of the test. */
#include <poll.h>
#include <pty.h>
#include <stdlib.h>

#include "base/ext/json.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "tests/unit/base_kit.h"

#define HOSTILE "a\xff\x1b[2J\n\xe2\x82\xac" /* no UTF-8, a control sequence, a line break, EUR */
#define SHOWN "a\\xff\\x1b[2J\\x0a\xe2\x82\xac"

static int real_stderr;

/* From here on standard error goes to `fd`. */
static void redirect(int fd)
{
	fflush(stderr);
	real_stderr = dup(2);
	dup2(fd, 2);
}

static void restore(void)
{
	fflush(stderr);
	dup2(real_stderr, 2);
	close(real_stderr);
}

static int err_file(void)
{
	return open(in_dir("err"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

/* Calls f with a sink of this kind; what came to standard error. The caller frees it. */
static char *with_sink(const char *kind, void (*f)(struct lkb_ui *ui))
{
	lkb_autofd fd = err_file();
	struct lkb_ui *ui = NULL;
	bool json;
	int r;

	redirect(fd);
	r = lkb_ui_make(kind, false, &ui, &json, &err);
	if (!r)
		f(ui);
	lkb_ui_free(ui);
	restore();
	OK(r);
	return slurp(in_dir("err"));
}

/* The events of JSON lines, as a list. */
static json_t *events(const char *lines)
{
	json_t *list = json_array();

	while (*lines) {
		size_t n = strcspn(lines, "\n");
		json_t *event = NULL;

		OK(lkb_json_parse(lines, n, "line", &event, &err));
		json_array_append_new(list, event);
		lines += n + 1;
	}
	return list;
}

static const char *text(const json_t *list, size_t i, const char *key)
{
	const char *v = json_string_value(json_object_get(json_array_get(list, i), key));

	return v ? v : "";
}

static void say_hostile(struct lkb_ui *ui)
{
	lkb_ui_step(ui, "%s", HOSTILE);
	lkb_ui_message(ui, "%s", HOSTILE);
	lkb_ui_warning(ui, "%s", HOSTILE);
}

static void foreign_words_are_shown_not_sent(void **state)
{
	lkb_autofree char *plain = with_sink("plain", say_hostile);
	lkb_autofree char *json = with_sink("json", say_hostile);
	lkb_autojson list = events(json);

	assert_string_equal(plain, SHOWN "\n" SHOWN "\nlkboard: warning: " SHOWN "\n");
	assert_int_equal(json_array_size(list), 3);
	assert_string_equal(text(list, 0, "event"), "step");
	assert_string_equal(text(list, 1, "event"), "message");
	assert_string_equal(text(list, 2, "event"), "warning");
	assert_string_equal(text(list, 2, "message"), SHOWN);
}

static void nap(void)
{
	poll(NULL, 0, 260);
}

static void work(struct lkb_ui *ui)
{
	lkb_ui_bytes(ui, "quick", 0, 10);
	lkb_ui_bytes(ui, "quick", 10, 10); /* done before it was worth a word */
	lkb_ui_bytes(ui, "slow", 0, 10);
	nap();
	lkb_ui_bytes(ui, "slow", 3, 10);
	lkb_ui_bytes(ui, "slow", 4, 10); /* too soon */
	lkb_ui_bytes(ui, "slow", 10, 10); /* the end is shown */
	lkb_ui_bytes(ui, "slow", 0, 10); /* the same work anew */
	lkb_ui_bytes(ui, "slow", 10, 10);
}

static void progress_is_shown_when_due_and_at_the_end(void **state)
{
	lkb_autofree char *json = with_sink("json", work);
	lkb_autojson list = events(json);

	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(text(list, 0, "what"), "slow");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "done")), 3);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 1), "done")), 10);
}

static const char long_name[] = "0123456789012345678901234567890123456789012345678901234567890123"
				"0123456789012345678901234567890123456789012345678901234567890123"
				"beyond 128 bytes";

static void long_work(struct lkb_ui *ui)
{
	lkb_ui_bytes(ui, long_name, 0, 0);
	nap();
	lkb_ui_bytes(ui, long_name, 5, 0);
}

static void work_with_a_long_name_has_progress_too(void **state)
{
	lkb_autofree char *json = with_sink("json", long_work);
	lkb_autojson list = events(json);

	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(text(list, 0, "what"), long_name);
}

static void draw(struct lkb_ui *ui)
{
	static const char what[] = "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 a name of "
				   "sixty columns and more, which is too wide for it";

	lkb_ui_bytes(ui, what, 0, 1 << 20);
	nap();
	lkb_ui_bytes(ui, what, 1 << 19, 1 << 20);
	lkb_ui_bytes(ui, "x", 0, UINT64_MAX);
	nap();
	lkb_ui_bytes(ui, "x", 1, UINT64_MAX);
	lkb_ui_step(ui, "next");
}

/* What a terminal of 40 columns gets. */
static size_t on_terminal(const char *term, void (*f)(struct lkb_ui *ui), char *buf, size_t size)
{
	struct winsize window = {.ws_row = 25, .ws_col = 40};
	struct lkb_ui *ui = NULL;
	int master, slave;
	size_t n = 0;
	ssize_t got;
	bool json;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, &window), 0);
	setenv("TERM", term, 1);
	redirect(slave);
	if (!lkb_ui_make("auto", false, &ui, &json, &err))
		f(ui);
	lkb_ui_free(ui);
	restore();
	close(slave);
	while (n + 1 < size && (got = read(master, buf + n, size - 1 - n)) > 0)
		n += (size_t)got;
	close(master);
	buf[n] = '\0';
	return n;
}

static void a_progress_line_never_wraps(void **state)
{
	char buf[4096], *line;
	size_t columns, len;

	on_terminal("xterm", draw, buf, sizeof(buf));
	line = strchr(buf, '\r') + 1;
	for (columns = 0; *line != '\033'; columns++, line += len)
		assert_true((len = lkb_utf8_len(line, strlen(line))) > 0);
	assert_int_equal(columns, 39);
	assert_true(lkb_starts_with(line, "\033[K\r"));
	/* An estimate without end has one. The line goes when there is something else to say. */
	expect_words(line, "\rx [....................] 1 B of 16.0 E");
	expect_words(line, "\r\033[Knext");
}

static void a_terminal_without_skills_gets_no_sequences(void **state)
{
	char buf[4096];

	on_terminal("dumb", draw, buf, sizeof(buf));
	assert_string_equal(buf, "next\r\n");
}

static void kinds_of_progress(void **state)
{
	struct lkb_ui *ui = (struct lkb_ui *)&err;
	bool json = true;

	OK(lkb_ui_make("none", false, &ui, &json, &err));
	assert_true(!ui && !json);
	OK(lkb_ui_make("json", true, &ui, &json, &err)); /* quiet, but errors are JSON */
	assert_true(!ui && json);
	FAILS(lkb_ui_make("bar", false, &ui, &json, &err), LKB_USAGE, "'--progress bar'", "auto");
	lkb_ui_step(NULL, "nobody listens");
	lkb_ui_bytes(NULL, "nobody", 1, 2);
	lkb_ui_free(NULL);
}

static char *report(bool json)
{
	lkb_autofd fd = err_file();
	const struct lkb_ctx ctx = {.json = json};
	struct lkb_error e = {0};

	lkb_fail(&e, LKB_INPUT, "%s", HOSTILE);
	lkb_hint(&e, "%s", HOSTILE);
	lkb_at(&e, "f\xfe.yml", 3, 7);
	redirect(fd);
	lkb_report_error(&ctx, &e);
	restore();
	return slurp(in_dir("err"));
}

static void errors_are_shown_whatever_they_quote(void **state)
{
	lkb_autofree char *plain = report(false), *json = report(true);
	lkb_autojson list = events(json);

	assert_string_equal(plain, "lkboard: f\\xfe.yml:3:7: " SHOWN "\n  hint: " SHOWN "\n");
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(text(list, 0, "event"), "error");
	assert_string_equal(text(list, 0, "kind"), "input");
	assert_string_equal(text(list, 0, "message"), SHOWN);
	assert_string_equal(text(list, 0, "hint"), SHOWN);
	assert_string_equal(text(list, 0, "file"), "f\\xfe.yml");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(foreign_words_are_shown_not_sent),
		CASE(progress_is_shown_when_due_and_at_the_end),
		CASE(work_with_a_long_name_has_progress_too),
		CASE(a_progress_line_never_wraps),
		CASE(a_terminal_without_skills_gets_no_sequences),
		CASE(kinds_of_progress),
		CASE(errors_are_shown_whatever_they_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
