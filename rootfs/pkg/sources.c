/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/pkg/sources_priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/cleanup.h"

#define BLANK " \t\r"

/* What of an entry's options is carried over: whom to trust and how fresh an index must be. Which
 * architectures and languages the system wants is not our business. */
static const char *const kept_options[] = {
	"Signed-By", "Trusted", "Allow-Insecure", "Allow-Weak", "Allow-Downgrade-To-Insecure",
	"Check-Valid-Until", "Valid-Until-Min", "Valid-Until-Max", "Check-Date", "Date-Max-Future",
	"InRelease-Path", "By-Hash",
};

/* The option's name as we write it, or NULL if it is not carried over. */
static const char *kept_option(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(kept_options); i++)
		if (strlen(kept_options[i]) == len && !strncasecmp(kept_options[i], name, len))
			return kept_options[i];
	return NULL;
}

void lkb_apt_sources_clear(struct lkb_apt_sources *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		free(s->items[i].uri);
		free(s->items[i].suite);
		lkb_strv_clear(&s->items[i].components);
		lkb_strv_clear(&s->items[i].options);
	}
	free(s->items);
	memset(s, 0, sizeof(*s));
}

static void copy_strv(struct lkb_strv *to, const struct lkb_strv *from)
{
	size_t i;

	for (i = 0; i < from->n; i++)
		lkb_strv_add(to, from->items[i]);
}

static void add_source(struct lkb_apt_sources *s, const char *uri, const char *suite,
		       const struct lkb_strv *components, const struct lkb_strv *options)
{
	struct lkb_apt_source *e;

	LKB_GROW(s->items, s->n, s->cap);
	e = &s->items[s->n++];
	*e = (struct lkb_apt_source){.uri = lkb_strdup(uri), .suite = lkb_strdup(suite)};
	copy_strv(&e->components, components);
	copy_strv(&e->options, options);
}

static void split_words(const char *text, size_t len, struct lkb_strv *ret)
{
	const char *end = text + len;

	while (text < end) {
		size_t gap = strspn(text, BLANK "\n");
		size_t n;

		text += gap < (size_t)(end - text) ? gap : (size_t)(end - text);
		n = strcspn(text, BLANK "\n");
		if (n > (size_t)(end - text))
			n = (size_t)(end - text);
		if (n)
			lkb_strv_addf(ret, "%.*s", (int)n, text);
		text += n;
	}
}

/* "deb [signed-by=/x.gpg arch=amd64] URI SUITE COMPONENT..." */
static int parse_list_line(char *line, const char *file, unsigned number,
			   struct lkb_apt_sources *s, struct lkb_error *err)
{
	lkb_autostrv words = {0}, raw = {0}, options = {0}, components = {0};
	char *rest = line + strcspn(line, BLANK);
	size_t i;

	rest += strspn(rest, BLANK);
	if (*rest == '[') {
		char *end = strchr(rest, ']');

		if (!end) {
			lkb_fail(err, LKB_INPUT, "apt source has '[' without ']'");
			return lkb_at(err, file, number, 0);
		}
		split_words(rest + 1, (size_t)(end - rest - 1), &raw);
		rest = end + 1;
	}
	for (i = 0; i < raw.n; i++) {
		size_t n = strcspn(raw.items[i], "=");
		const char *name = kept_option(raw.items[i], n);

		if (name && raw.items[i][n])
			lkb_strv_addf(&options, "%s: %s", name, raw.items[i] + n + 1);
	}
	split_words(rest, strlen(rest), &words);
	if (words.n < 2) {
		lkb_fail(err, LKB_INPUT, "apt source needs an address and a suite");
		return lkb_at(err, file, number, 0);
	}
	for (i = 2; i < words.n; i++)
		lkb_strv_add(&components, words.items[i]);
	add_source(s, words.items[0], words.items[1], &components, &options);
	return 0;
}

int lkb_apt_sources_list(const char *text, const char *file, struct lkb_apt_sources *s,
			 struct lkb_error *err)
{
	lkb_autofree char *copy = lkb_strdup(text);
	char *at = copy, *line;
	unsigned number = 0;

	while ((line = strsep(&at, "\n"))) {
		size_t type;

		number++;
		line[strcspn(line, "#")] = '\0';
		line += strspn(line, BLANK);
		type = strcspn(line, BLANK);
		if (type != 3 || strncmp(line, "deb", 3) || strstr(line, "cdrom:"))
			continue;
		if (parse_list_line(line, file, number, s, err))
			return -1;
	}
	return 0;
}

/* One stanza of the deb822 format while it is read. */
struct stanza {
	struct lkb_strv types, uris, suites, components, options;
	bool disabled, any;
	unsigned line;
};

static void clear_stanza(struct stanza *st)
{
	lkb_strv_clear(&st->types);
	lkb_strv_clear(&st->uris);
	lkb_strv_clear(&st->suites);
	lkb_strv_clear(&st->components);
	lkb_strv_clear(&st->options);
	*st = (struct stanza){0};
}

static bool is_no(const char *v)
{
	static const char *const no[] = {"no", "false", "without", "off", "disable", "0"};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(no); i++)
		if (!strcasecmp(v, no[i]))
			return true;
	return false;
}

static int end_stanza(struct stanza *st, const char *file, struct lkb_apt_sources *s,
		      struct lkb_error *err)
{
	size_t i, j;

	if (st->any && !st->disabled && lkb_strv_has(&st->types, "deb")) {
		if (!st->uris.n || !st->suites.n) {
			lkb_fail(err, LKB_INPUT, "apt source needs 'URIs' and 'Suites'");
			return lkb_at(err, file, st->line, 0);
		}
		for (i = 0; i < st->uris.n; i++)
			for (j = 0; j < st->suites.n; j++)
				add_source(s, st->uris.items[i], st->suites.items[j],
					   &st->components, &st->options);
	}
	clear_stanza(st);
	return 0;
}

/* One field with all its continuation lines; `value` has no newline at its end. */
static void take_field(struct stanza *st, const char *name, size_t name_len, const char *value)
{
	struct lkb_strv *lists[] = {&st->types, &st->uris, &st->suites, &st->components};
	static const char *const names[] = {"Types", "URIs", "Suites", "Components"};
	const char *option = kept_option(name, name_len);
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == name_len && !strncasecmp(names[i], name, name_len))
			split_words(value, strlen(value), lists[i]);
	value += strspn(value, BLANK);
	if (name_len == strlen("Enabled") && !strncasecmp(name, "Enabled", name_len))
		st->disabled = is_no(value);
	else if (option)
		lkb_strv_addf(&st->options, "%s: %s", option, value);
}

static int take_field_text(struct stanza *st, struct lkb_str *field, const char *file,
			   unsigned line, struct lkb_error *err)
{
	size_t n = strcspn(lkb_str_get(field), ":\n");

	if (!field->len)
		return 0;
	if (field->s[n] != ':' || !n) {
		lkb_fail(err, LKB_INPUT, "apt source has a line without 'FIELD:'");
		return lkb_at(err, file, line, 0);
	}
	if (!st->any)
		st->line = line;
	st->any = true;
	take_field(st, field->s, n, field->s + n + 1);
	lkb_str_clear(field);
	return 0;
}

int lkb_apt_sources_deb822(const char *text, const char *file, struct lkb_apt_sources *s,
			   struct lkb_error *err)
{
	__attribute__((cleanup(clear_stanza))) struct stanza st = {0};
	lkb_autofree char *copy = lkb_strdup(text);
	lkb_autostr field = {0};
	unsigned number = 0, field_line = 0;
	char *at = copy, *line;

	while ((line = strsep(&at, "\n"))) {
		size_t len = strlen(line);

		number++;
		while (len && strchr(BLANK, line[len - 1]))
			line[--len] = '\0';
		if (*line == '#')
			continue;
		if (len && strchr(" \t", *line) && field.len) {
			lkb_str_addf(&field, "\n%s", line);
			continue;
		}
		if (take_field_text(&st, &field, file, field_line, err))
			return -1;
		if (!len && end_stanza(&st, file, s, err))
			return -1;
		field_line = number;
		lkb_str_add(&field, line);
	}
	if (take_field_text(&st, &field, file, field_line, err))
		return -1;
	return end_stanza(&st, file, s, err);
}

static bool of_suite(const struct lkb_apt_source *e, const char *suite)
{
	size_t n = strlen(suite);

	/* Other people's repositories use Debian's code names too; few call a component main. */
	if (strncmp(e->suite, suite, n) || !lkb_strv_has(&e->components, "main"))
		return false;
	return !e->suite[n] || !strcmp(e->suite + n, "-updates") ||
	       !strcmp(e->suite + n, "-security");
}

char *lkb_apt_sources_text(const struct lkb_apt_sources *s, const char *suite, const char *as,
			   const struct lkb_strv *components, const char *arch)
{
	lkb_autostrv seen = {0};
	lkb_autostr text = {0};
	size_t i, j;

	for (i = 0; i < s->n; i++) {
		const struct lkb_apt_source *e = &s->items[i];
		lkb_autofree char *id = lkb_format("%s %s", e->uri, e->suite);

		if (!of_suite(e, suite) || lkb_strv_has(&seen, id))
			continue;
		lkb_strv_add(&seen, id);
		lkb_str_addf(&text, "Types: deb\nURIs: %s\nSuites: %s%s\nComponents:", e->uri,
			     as ? as : suite, e->suite + strlen(suite));
		for (j = 0; j < components->n; j++)
			lkb_str_addf(&text, " %s", components->items[j]);
		lkb_str_addf(&text, "\nArchitectures: %s\n", arch);
		for (j = 0; j < e->options.n; j++)
			lkb_str_addf(&text, "%s\n", e->options.items[j]);
		lkb_str_addc(&text, '\n');
	}
	return lkb_str_take(&text);
}
