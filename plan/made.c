/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/ext/json.h"
#include "base/file.h"
#include "base/path.h"
#include "plan/plan.h"

#define SUFFIX ".build.json"

/* What is said of the file; NULL = nothing. */
static const json_t *find_output(const json_t *outputs, const char *file)
{
	const json_t *item;
	size_t i;

	json_array_foreach(outputs, i, item) {
		const char *name = json_string_value(json_object_get(item, "file"));

		if (name && !strcmp(name, file))
			return item;
	}
	return NULL;
}

static void add_word(struct lkb_strv *to, const json_t *object, const char *key)
{
	const char *word = json_string_value(json_object_get(object, key));

	lkb_strv_add(to, word ? word : "");
}

/* A record that cannot be read or understood says nothing. */
static void look_into(const char *dir, const char *record, const char *file,
		      struct lkb_made_by *ret)
{
	lkb_autofree char *path = lkb_path_join(dir, record), *text = NULL;
	lkb_autojson root = NULL;
	const json_t *output;
	size_t n;

	if (lkb_read_file(path, LKB_JSON_MAX, &text, &n, NULL) ||
	    lkb_json_parse(text, n, record, &root, NULL))
		return;
	output = find_output(json_object_get(root, "outputs"), file);
	if (!output)
		return;
	lkb_strv_add(&ret->records, record);
	add_word(&ret->boards, root, "board");
	add_word(&ret->formats, output, "format");
}

/* Asks all records of a directory for `file`, which is below it. */
static void look_in(const char *dir, const char *file, struct lkb_made_by *ret)
{
	lkb_autostrv records = {0};
	DIR *d = opendir(dir);
	struct dirent *e;
	size_t i;

	if (!d)
		return;
	while ((e = readdir(d)))
		if (lkb_ends_with(e->d_name, SUFFIX))
			lkb_strv_add(&records, e->d_name);
	closedir(d);
	lkb_strv_sort(&records);
	for (i = 0; i < records.n; i++)
		look_into(dir, records.items[i], file, ret);
}

void lkb_made_by_find(const char *path, struct lkb_made_by *ret)
{
	lkb_autofree char *dir = lkb_path_dirname(path);

	look_in(dir, lkb_path_basename(path), ret);
	/* A format whose files have a directory of their own. */
	if (strcmp(dir, ".") != 0) {
		lkb_autofree char *up = lkb_path_dirname(dir);
		lkb_autofree char *file = lkb_format("%s/%s", lkb_path_basename(dir),
						     lkb_path_basename(path));

		look_in(up, file, ret);
	}
}

int lkb_made_by_guard(const char *path, const char *ours, struct lkb_error *err)
{
	struct lkb_made_by made __attribute__((cleanup(lkb_made_by_clear))) = {0};
	size_t i;

	if (access(path, F_OK))
		return 0;
	lkb_made_by_find(path, &made);
	for (i = 0; i < made.records.n && !strcmp(made.records.items[i], ours); i++)
		continue;
	if (i == made.records.n)
		return 0;
	lkb_fail(err, LKB_REFUSED, "'%s' was made by another build ('%s')", path,
		 made.records.items[i]);
	return lkb_hint(err, "choose another --name or --out, or overwrite it with --force");
}

void lkb_made_by_clear(struct lkb_made_by *m)
{
	lkb_strv_clear(&m->records);
	lkb_strv_clear(&m->boards);
	lkb_strv_clear(&m->formats);
}
