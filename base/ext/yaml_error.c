/* SPDX-License-Identifier: Apache-2.0 */
#include <yaml.h>

#include "base/cleanup.h"
#include "base/ext/yaml_priv.h"
#include "base/str.h"

/* libyaml says what its grammar missed; people want to know what to change. */
static const struct {
	const char *problem, *hint;
} hints[] = {
	{ "did not find expected key",
	  "the indentation of this line does not fit the lines above it" },
	{ "did not find expected '-' indicator",
	  "the indentation of this line does not fit the list above it" },
	{ "did not find expected <block end>",
	  "the indentation of this line does not fit the lines above it" },
	{ "mapping values are not allowed in this context",
	  "text that holds ': ' needs quotes; else the indentation is wrong" },
	{ "block sequence entries are not allowed in this context",
	  "a list starts on a line of its own; text that starts with '- ' needs quotes" },
	{ "found character that cannot start any token",
	  "text that starts with '@', '%', '`' or a tab needs quotes; YAML is indented by spaces" },
	{ "found a tab character that violates indentation", "YAML is indented by spaces" },
	{ "could not find expected ':'",
	  "a key ends with ':'; text of several lines needs '|' or quotes" },
	{ "found unexpected end of stream", "a quote that was opened is not closed" },
	{ "did not find expected ',' or ']'", "a '[' that was opened is not closed" },
	{ "did not find expected ',' or '}'", "a '{' that was opened is not closed" },
	{ "did not find expected alphabetic or numeric character",
	  "text that starts with '*' or '&' needs quotes" },
};

/* Reader errors have a byte offset alone. */
static void position_of(const char *text, size_t offset, unsigned *line, unsigned *column)
{
	*line = 1;
	*column = 1;
	for (size_t i = 0; i < offset; i++) {
		if (text[i] == '\n') {
			*line += 1;
			*column = 1;
		} else if ((text[i] & 0xc0) != 0x80) {
			*column += 1;
		}
	}
}

/* A comment that is indented less than the block text around it ends that text: the number of such
 * a line just above the one that did not fit, or 0. */
static unsigned comment_above(const char *text, size_t len, unsigned line, unsigned column)
{
	const char *at = text, *end = text + len, *above = NULL;

	for (unsigned i = 1; at && i < line; i++) {
		above = at;
		at = memchr(at, '\n', (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	if (!at || !above)
		return 0;
	while (above < at && *above == ' ' && column > 1) {
		above++;
		column--;
	}
	return *above == '#' && column > 1 ? line - 1 : 0;
}

static void add_hint(const yaml_parser_t *parser, const char *text, size_t len,
		     struct lkb_error *err)
{
	unsigned comment = comment_above(text, len, (unsigned)parser->problem_mark.line + 1,
					 (unsigned)parser->problem_mark.column + 1);

	if (comment && lkb_starts_with(parser->problem, "did not find expected"))
		lkb_hint(err, "the comment in line %u ends the block of text above it: indent it "
			 "like the text", comment);
	for (size_t i = 0; i < LKB_ARRAY_SIZE(hints); i++)
		if (!strcmp(parser->problem, hints[i].problem))
			lkb_hint(err, "%s", hints[i].hint);
}

static int grammar_error(const yaml_parser_t *parser, const char *text, size_t len,
			 const char *name, struct lkb_error *err)
{
	const char *context = parser->context;
	yaml_mark_t at = parser->problem_mark;

	if (context && !strcmp(context, "while scanning for the next token"))
		context = NULL;
	/* Where a quote was opened tells more than where the file ends. */
	if (context && !strcmp(parser->problem, "found unexpected end of stream"))
		at = parser->context_mark;
	if (context && parser->context_mark.line != at.line)
		lkb_fail(err, LKB_INPUT, "%s, %s that starts in line %zu", parser->problem,
			 context, parser->context_mark.line + 1);
	else if (context)
		lkb_fail(err, LKB_INPUT, "%s, %s", parser->problem, context);
	else
		lkb_fail(err, LKB_INPUT, "%s", parser->problem);
	add_hint(parser, text, len, err);
	return lkb_at(err, name, (unsigned)at.line + 1, (unsigned)at.column + 1);
}

int lkb_yaml_syntax_error(const yaml_parser_t *parser, const char *text, size_t len,
			  const char *name, struct lkb_error *err)
{
	unsigned line, column;

	if (parser->error == YAML_MEMORY_ERROR)
		return lkb_fail(err, LKB_BUG, "libyaml found no memory");
	if (parser->error == YAML_READER_ERROR) {
		position_of(text, parser->problem_offset, &line, &column);
		if (parser->problem_value >= 0 && !strcmp(parser->problem,
							  "control characters are not allowed"))
			lkb_fail(err, LKB_INPUT, "control character 0x%02x is not allowed in YAML",
				 (unsigned)parser->problem_value);
		else
			lkb_fail(err, LKB_INPUT, "the text is not UTF-8: %s", parser->problem);
		return lkb_at(err, name, line, column);
	}
	return grammar_error(parser, text, len, name, err);
}
