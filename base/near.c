/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"

#define MAX_NAMES 1000 /* a directory with more is no place where somebody types names */

/* Files of the directory that are not hidden, sorted; false if there are too many. */
static bool list(const char *path, struct lkb_strv *names)
{
	DIR *dir = opendir(path);
	struct dirent *e;

	while (dir && names->n <= MAX_NAMES && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			lkb_strv_add(names, e->d_name);
	if (dir)
		closedir(dir);
	lkb_strv_sort(names);
	return names->n <= MAX_NAMES;
}

/* Extensions are left out: a few letters in common with every file around mean nothing, and .yaml
 * for .yml is a slip too. */
char *lkb_near_file(const char *path)
{
	lkb_autofree char *dir = lkb_path_dirname(path), *word = lkb_path_stem(path);
	lkb_autostrv names = {0}, stems = {0};
	const char *near;
	size_t i;

	if (!list(dir, &names))
		return NULL;
	for (i = 0; i < names.n; i++) {
		lkb_autofree char *stem = lkb_path_stem(names.items[i]);

		lkb_strv_add(&stems, stem);
	}
	near = lkb_did_you_mean(word, (const char *const *)stems.items, stems.n);
	for (i = 0; near && stems.items[i] != near; i++)
		;
	if (!near)
		return NULL;
	return strchr(path, '/') ? lkb_path_join(dir, names.items[i]) : lkb_strdup(names.items[i]);
}
