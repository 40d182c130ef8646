/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/stations.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/utf8.h"
#include "flash/csv_priv.h"
#include "flash/settings_priv.h"

#define DEVICE "device"
#define SERIAL "serial"

/* A table that is being read. */
struct table {
	const char *name;
	const struct lkb_strv *common;
	lkb_settings_read_fn *read_file;
	struct lkb_strv header; /* owned; of each column its key */
	struct lkb_csv csv;     /* owned */
	struct lkb_stations s;  /* owned */
	size_t cap;
};

static void clear_table(struct table *t)
{
	lkb_strv_clear(&t->header);
	lkb_csv_clear(&t->csv);
	lkb_stations_clear(&t->s);
}

static void clear_station(struct lkb_station *s)
{
	free(s->device);
	free(s->serial);
	lkb_flash_settings_clear(&s->settings);
}

void lkb_stations_clear(struct lkb_stations *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		clear_station(&s->items[i]);
	free(s->items);
	*s = (struct lkb_stations){0};
}

/* What is wrong with a field; what stands in a file that it names has a place of its own. */
static int at_field(const struct table *t, size_t column, struct lkb_error *err)
{
	const struct lkb_csv_field *f = &t->csv.fields[column];

	if (err && err->file[0])
		return lkb_context(err, "'%s' line %u", t->name, f->line);
	return lkb_at(err, t->name, f->line, f->column);
}

static bool is_place(const char *key)
{
	return !strcmp(key, DEVICE) || !strcmp(key, SERIAL);
}

static int check_column(const struct table *t, size_t column, struct lkb_error *err)
{
	static const char *const also[] = {DEVICE, SERIAL, NULL};
	const char *key = t->csv.fields[column].text;

	if (!is_place(key) && !lkb_settings_key_known(key))
		return lkb_settings_key_unknown(key, also, err);
	if (lkb_strv_has(&t->header, key) && !lkb_settings_key_repeats(key))
		return lkb_fail(err, LKB_INPUT, "column '%s' is there twice", key);
	return 0;
}

static int read_header(struct table *t, struct lkb_error *err)
{
	const char *first = t->csv.fields[0].text;
	size_t i;

	if (t->csv.n == 1 && strpbrk(first, ";\t")) {
		lkb_fail(err, LKB_INPUT, "the columns are not parted by commas");
		lkb_hint(err, "a header such as '" DEVICE ",hostname,ssh-key'");
		return at_field(t, 0, err);
	}
	for (i = 0; i < t->csv.n; i++) {
		if (check_column(t, i, err))
			return at_field(t, i, err);
		lkb_strv_add(&t->header, t->csv.fields[i].text);
	}
	if (lkb_strv_has(&t->header, DEVICE) || lkb_strv_has(&t->header, SERIAL))
		return 0;
	lkb_fail(err, LKB_INPUT, "no column says which devices are meant");
	lkb_hint(err, "one is '" DEVICE "' (a path), or '" SERIAL "' (the device's serial number)");
	return at_field(t, 0, err);
}

static const char *field_of(const struct table *t, const char *key)
{
	size_t i;

	for (i = 0; i < t->header.n; i++)
		if (!strcmp(t->header.items[i], key) && *t->csv.fields[i].text)
			return t->csv.fields[i].text;
	return NULL;
}

/* --set's own, but for what the line says better. */
static int add_common(const struct table *t, struct lkb_settings_in *in, struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < t->common->n; i++) {
		const char *set = t->common->items[i], *equals = strchr(set, '=');
		lkb_autofree char *key = lkb_strndup(set, (size_t)(equals - set));

		if (!lkb_settings_key_repeats(key) && field_of(t, key))
			continue;
		if (lkb_settings_in_add(in, key, equals + 1, err))
			return lkb_context(err, "--set");
	}
	return 0;
}

static int read_settings(const struct table *t, struct lkb_flash_settings *ret,
			 struct lkb_error *err)
{
	lkb_autosettingsin in = {.read_file = t->read_file};
	size_t i;

	if (add_common(t, &in, err))
		return -1;
	for (i = 0; i < t->header.n; i++) {
		const char *key = t->header.items[i], *value = t->csv.fields[i].text;

		if (!is_place(key) && *value && lkb_settings_in_add(&in, key, value, err))
			return at_field(t, i, err);
	}
	return lkb_settings_in_finish(&in, ret, err) ? at_field(t, 0, err) : 0;
}

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static int check_place(const struct table *t, size_t column, struct lkb_error *err)
{
	const char *key = t->header.items[column], *value = t->csv.fields[column].text;
	lkb_autostr shown = {0};
	size_t i;

	lkb_utf8_show(&shown, value, strlen(value), false);
	if (strcmp(lkb_str_get(&shown), value) != 0)
		return lkb_fail(err, LKB_INPUT, "'%.80s' is no %s", shown.s, key);
	for (i = 0; i < t->s.n; i++) {
		const struct lkb_station *other = &t->s.items[i];
		const char *theirs = !strcmp(key, DEVICE) ? other->device : other->serial;

		if (same(theirs, value))
			return lkb_fail(err, LKB_INPUT, "%s '%s' is in line %u already", key, value,
					other->line);
	}
	return 0;
}

static int check_places(const struct table *t, struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < t->header.n; i++)
		if (is_place(t->header.items[i]) && *t->csv.fields[i].text &&
		    check_place(t, i, err))
			return at_field(t, i, err);
	if (field_of(t, DEVICE) || field_of(t, SERIAL))
		return 0;
	lkb_fail(err, LKB_INPUT, "the line names no device");
	return at_field(t, 0, err);
}

static int read_station(struct table *t, struct lkb_error *err)
{
	struct lkb_flash_settings settings = {0};
	const char *device = field_of(t, DEVICE), *serial = field_of(t, SERIAL);

	if (t->csv.n != t->header.n) {
		lkb_fail(err, LKB_INPUT, "the line has %zu field%s, the header has %zu", t->csv.n,
			 t->csv.n == 1 ? "" : "s", t->header.n);
		return at_field(t, 0, err);
	}
	if (t->s.n == LKB_STATIONS_MAX) {
		lkb_fail(err, LKB_INPUT, "more than %u targets", LKB_STATIONS_MAX);
		return at_field(t, 0, err);
	}
	if (check_places(t, err) || read_settings(t, &settings, err))
		return -1;
	LKB_GROW(t->s.items, t->s.n, t->cap);
	t->s.items[t->s.n++] = (struct lkb_station){
		.device = device ? lkb_strdup(device) : NULL,
		.serial = serial ? lkb_strdup(serial) : NULL,
		.line = t->csv.fields[0].line,
		.settings = settings,
	};
	return 0;
}

static int read_table(struct table *t, struct lkb_error *err)
{
	int more = lkb_csv_next(&t->csv, err);

	if (more > 0 && read_header(t, err))
		return -1;
	while (more > 0 && (more = lkb_csv_next(&t->csv, err)) > 0)
		if (read_station(t, err))
			return -1;
	if (more < 0 || t->s.n)
		return more;
	lkb_fail(err, LKB_INPUT, "it names no targets");
	lkb_hint(err, "a header such as '" DEVICE ",hostname', then a line for each device");
	return lkb_at(err, t->name, 0, 0);
}

int lkb_stations_parse(const char *text, size_t len, const char *name,
		       const struct lkb_strv *common, lkb_settings_read_fn *read_file,
		       struct lkb_stations *ret, struct lkb_error *err)
{
	__attribute__((cleanup(clear_table))) struct table t = {
		.name = name, .common = common, .read_file = read_file,
		.csv = {.name = name, .at = text, .end = text + len},
	};

	/* Each by itself: a WLAN's name may come from here and its key from the table. */
	if (lkb_settings_check_each(common, read_file, err))
		return -1;
	if (len > LKB_STATIONS_TEXT_MAX) {
		lkb_fail(err, LKB_INPUT, "it has %zu bytes, at most %zu are read", len,
			 LKB_STATIONS_TEXT_MAX);
		return lkb_at(err, name, 0, 0);
	}
	if (read_table(&t, err))
		return -1;
	*ret = t.s;
	t.s = (struct lkb_stations){0};
	return 0;
}

int lkb_stations_read(const char *path, const struct lkb_strv *common, struct lkb_stations *ret,
		      struct lkb_error *err)
{
	lkb_autofree char *text = NULL;
	size_t len;

	if (lkb_read_file(path, LKB_STATIONS_TEXT_MAX, &text, &len, err))
		return -1;
	return lkb_stations_parse(text, len, path, common, lkb_read_file, ret, err);
}
