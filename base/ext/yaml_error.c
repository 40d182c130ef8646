/* SPDX-License-Identifier: Apache-2.0 */
#include <yaml.h>

#include "base/cleanup.h"
#include "base/ext/yaml_priv.h"
#include "base/str.h"

#define FITS "the indentation of this line does not fit the "
#define ESCAPES "in double quotes a '\\' starts an escape: write '\\\\', or use single quotes"
#define BLOCK "after '|' or '>' comes a line break; a digit from 1 to 9 says how deep the text is"
#define TABS "indent by spaces, not by tabs"

/* libyaml says what its grammar missed; people want to know what to change. */
static const struct {
	const char *problem, *hint;
} hints[] = {
	{ "did not find expected key", FITS "lines above it" },
	{ "did not find expected '-' indicator", FITS "list above it" },
	{ "did not find expected <block end>", FITS "lines above it" },
	{ "mapping values are not allowed in this context",
	  "text that holds ': ' needs quotes; else the indentation is wrong" },
	{ "mapping keys are not allowed in this context",
	  "text that starts with '? ' needs quotes" },
	{ "block sequence entries are not allowed in this context",
	  "a list starts on a line of its own; text that starts with '- ' needs quotes" },
	{ "found character that cannot start any token",
	  "text that starts with '@', '`' or '%' needs quotes; so does '|' or '>' in [ ] or { }" },
	{ "found a tab character that violates indentation", TABS },
	{ "found a tab character where an indentation space is expected", TABS },
	{ "could not find expected ':'",
	  "a key ends with ':'; text of several lines needs '|' or quotes" },
	{ "found unexpected end of stream", "a quote that was opened is not closed" },
	{ "found unexpected document indicator", "a quote that was opened is not closed" },
	{ "did not find expected ',' or ']'", "a '[' that was opened is not closed" },
	{ "did not find expected ',' or '}'", "a '{' that was opened is not closed" },
	{ "did not find expected alphabetic or numeric character",
	  "text that starts with '*' or '&' needs quotes" },
	{ "did not find expected node content",
	  "a value is missing here; text that starts with ',', ']' or '}' needs quotes" },
	{ "found unknown escape character", ESCAPES },
	{ "did not find expected hexdecimal number", ESCAPES },
	{ "found invalid Unicode character escape code", ESCAPES },
	{ "found an indentation indicator equal to 0", BLOCK },
	{ "did not find expected comment or line break", BLOCK },
	{ "did not find expected <document start>",
	  "a file holds one document: nothing follows its '...'" },
	{ "found incompatible YAML document", "write '%YAML 1.2', or remove the line" },
	{ "found duplicate %YAML directive", "remove the line" },
	{ "found unknown directive name",
	  "remove the line; text that starts with '%' needs quotes" },
	{ "found undefined tag handle", "remove the tag; text that starts with '!' needs quotes" },
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

/* The start of a line, which is counted from 1; NULL if there is none. */
static const char *line_at(const char *text, size_t len, unsigned line)
{
	const char *at = text, *end = text + len;

	while (at && line-- > 1) {
		at = memchr(at, '\n', (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	return at < end ? at : NULL;
}

/* A comment that is indented less than the block text around it ends that text: the number of such
 * a line just above the one that did not fit, or 0. */
static unsigned comment_above(const char *text, size_t len, yaml_mark_t mark)
{
	const char *above = line_at(text, len, (unsigned)mark.line);
	size_t column = 0;

	if (!mark.line || !above || !line_at(text, len, (unsigned)mark.line + 1))
		return 0;
	while (above[column] == ' ')
		column++;
	return above[column] == '#' && column < mark.column ? (unsigned)mark.line : 0;
}

/* True if nothing but blanks stands before the place in its line. */
static bool is_first_in_line(const char *text, size_t len, yaml_mark_t mark)
{
	const char *line = line_at(text, len, (unsigned)mark.line + 1);
	size_t n = 0, most = line ? (size_t)(text + len - line) : 0;

	while (n < most && n < mark.column && strchr(" \t-", line[n]))
		n++;
	return n == most || n == mark.column;
}

static bool is_tab(const char *text, size_t len, yaml_mark_t mark)
{
	const char *line = line_at(text, len, (unsigned)mark.line + 1);

	return line && is_first_in_line(text, len, mark) &&
	       mark.column < (size_t)(text + len - line) && line[mark.column] == '\t';
}

static void add_hint(const yaml_parser_t *parser, const char *text, size_t len,
		     struct lkb_error *err)
{
	yaml_mark_t mark = parser->problem_mark;
	bool unfit = lkb_starts_with(parser->problem, "did not find expected");
	unsigned comment = unfit ? comment_above(text, len, mark) : 0;

	if (comment)
		lkb_hint(err, "the comment in line %u ends the block of text above it: indent it "
			 "like the text", comment);
	if (!strcmp(parser->problem, "did not find expected key") &&
	    !is_first_in_line(text, len, mark))
		lkb_hint(err, "the value ends before this: remove what follows, or put quotes "
			 "around all of it");
	if (!strcmp(parser->problem, "found character that cannot start any token") &&
	    is_tab(text, len, mark))
		lkb_hint(err, TABS);
	for (size_t i = 0; i < LKB_ARRAY_SIZE(hints); i++)
		if (!strcmp(parser->problem, hints[i].problem))
			lkb_hint(err, "%s", hints[i].hint);
	lkb_hint(err, "look for a quote, a bracket or a ':' that is missing here or above");
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
	if (parser->error != YAML_READER_ERROR)
		return grammar_error(parser, text, len, name, err);
	position_of(text, parser->problem_offset, &line, &column);
	if (!strcmp(parser->problem, "control characters are not allowed")) {
		lkb_fail(err, LKB_INPUT, "control character 0x%02x is not allowed in YAML",
			 (unsigned)parser->problem_value);
		if (memchr(text, '\0', len))
			lkb_hint(err, "give a text file: this one holds NUL characters");
		lkb_hint(err, "remove it, or write it as \"\\x%02x\" in double quotes",
			 (unsigned)parser->problem_value);
	} else {
		lkb_fail(err, LKB_INPUT, "the text is not UTF-8: %s", parser->problem);
		lkb_hint(err, "save the file as UTF-8");
	}
	return lkb_at(err, name, line, column);
}
