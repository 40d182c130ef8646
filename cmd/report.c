/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"

static void print_json(const char *event, const struct lkb_error *err)
{
	json_t *o = json_pack("{s:s, s:s, s:s}", "event", event, "kind",
			      lkb_error_kind_name(err->kind), "message", err->message);
	char *text;

	if (!o)
		return;
	if (err->hint[0])
		json_object_set_new(o, "hint", json_string(err->hint));
	if (err->file[0])
		json_object_set_new(o, "file", json_string(err->file));
	if (err->line)
		json_object_set_new(o, "line", json_integer(err->line));
	if (err->column)
		json_object_set_new(o, "column", json_integer(err->column));
	text = json_dumps(o, JSON_COMPACT);
	if (text)
		fprintf(stderr, "%s\n", text);
	free(text);
	json_decref(o);
}

/* Messages may quote hostile input: control bytes are shown, not sent to the terminal. */
static void print_clean(const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f)
			fprintf(stderr, "\\x%02x", c);
		else
			fputc(c, stderr);
	}
}

static void print_text(const char *prefix, const struct lkb_error *err)
{
	fputs("lkboard: ", stderr);
	if (err->file[0]) {
		print_clean(err->file);
		if (err->line)
			fprintf(stderr, ":%u", err->line);
		if (err->line && err->column)
			fprintf(stderr, ":%u", err->column);
		fputs(": ", stderr);
	}
	fputs(prefix, stderr);
	print_clean(err->message);
	fputc('\n', stderr);
	if (err->hint[0]) {
		fputs("  hint: ", stderr);
		print_clean(err->hint);
		fputc('\n', stderr);
	}
}

void lkb_report_error(const struct lkb_ctx *ctx, const struct lkb_error *err)
{
	if (ctx->json)
		print_json("error", err);
	else
		print_text("", err);
}

void lkb_report_diags(const struct lkb_ctx *ctx, const struct lkb_diags *diags)
{
	size_t i;

	for (i = 0; i < diags->n; i++) {
		bool warning = diags->items[i].severity == LKB_SEVERITY_WARNING;

		if (ctx->json)
			print_json(warning ? "warning" : "error", &diags->items[i].what);
		else
			print_text(warning ? "warning: " : "", &diags->items[i].what);
	}
	if (diags->dropped && !ctx->json)
		fprintf(stderr, "lkboard: %zu more not shown\n", diags->dropped);
}

int lkb_print(const char *text, struct lkb_error *err)
{
	if (fputs(text, stdout) == EOF || fflush(stdout) == EOF)
		return lkb_fail_errno(err, "cannot write to standard output");
	return 0;
}
