/* SPDX-License-Identifier: Apache-2.0 */
#include <yaml.h>

#include "base/cleanup.h"
#include "base/ext/yaml_priv.h"

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

int lkb_yaml_syntax_error(const yaml_parser_t *parser, const char *text, const char *name,
			  struct lkb_error *err)
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
	if (parser->context && parser->context_mark.line != parser->problem_mark.line)
		lkb_fail(err, LKB_INPUT, "%s, %s that starts in line %zu", parser->problem,
			 parser->context, parser->context_mark.line + 1);
	else if (parser->context)
		lkb_fail(err, LKB_INPUT, "%s, %s", parser->problem, parser->context);
	else
		lkb_fail(err, LKB_INPUT, "%s", parser->problem);
	for (size_t i = 0; i < LKB_ARRAY_SIZE(hints); i++)
		if (!strcmp(parser->problem, hints[i].problem))
			lkb_hint(err, "%s", hints[i].hint);
	return lkb_at(err, name, (unsigned)parser->problem_mark.line + 1,
		      (unsigned)parser->problem_mark.column + 1);
}
