/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/ext/json.h"
#include "base/utf8.h"
#include "cmd/cmd.h"

/* Messages may quote hostile input: what is no text is shown, not sent to a terminal or a reader of
 * JSON. */
static char *shown(const char *text)
{
	lkb_autostr s = {0};

	lkb_utf8_show(&s, text, strlen(text), false);
	return lkb_str_take(&s);
}

static void set_text(json_t *o, const char *key, const char *text)
{
	lkb_autofree char *clean = shown(text);

	json_object_set_new(o, key, json_string(clean));
}

static void print_json(const char *event, const struct lkb_error *err)
{
	lkb_autojson o = json_pack("{s:s, s:s}", "event", event, "kind",
				   lkb_error_kind_name(err->kind));
	lkb_autofree char *text = NULL;

	set_text(o, "message", err->message);
	if (err->hint[0])
		set_text(o, "hint", err->hint);
	if (err->file[0])
		set_text(o, "file", err->file);
	if (err->line)
		json_object_set_new(o, "line", json_integer(err->line));
	if (err->column)
		json_object_set_new(o, "column", json_integer(err->column));
	text = json_dumps(o, JSON_COMPACT);
	fprintf(stderr, "%s\n", text);
}

static void print_text(const char *prefix, const struct lkb_error *err)
{
	lkb_autofree char *file = shown(err->file), *message = shown(err->message);
	lkb_autofree char *hint = shown(err->hint);

	fputs("lkboard: ", stderr);
	if (*file) {
		fputs(file, stderr);
		if (err->line)
			fprintf(stderr, ":%u", err->line);
		if (err->line && err->column)
			fprintf(stderr, ":%u", err->column);
		fputs(": ", stderr);
	}
	fprintf(stderr, "%s%s\n", prefix, message);
	if (*hint)
		fprintf(stderr, "  hint: %s\n", hint);
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

void lkb_report_result(const struct lkb_ctx *ctx, const char *path, uint64_t bytes,
		       const char *digest)
{
	lkb_autojson o = NULL;
	lkb_autofree char *text = NULL;

	if (!ctx->json || !ctx->ui)
		return;
	o = json_pack("{s:s, s:I, s:s}", "event", "result", "bytes", (json_int_t)bytes, "digest",
		      digest);
	set_text(o, "path", path);
	text = json_dumps(o, JSON_COMPACT);
	fprintf(stderr, "%s\n", text);
}

int lkb_print(const char *text, struct lkb_error *err)
{
	if (fputs(text, stdout) == EOF || fflush(stdout) == EOF)
		return lkb_fail_errno(err, "cannot write to standard output");
	return 0;
}
