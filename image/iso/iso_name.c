/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "image/iso/iso_priv.h"

#define ID_MAX   30u
#define EXT_MAX  8u
#define MARK_LEN 7u /* "_" and six hex digits */

static char letter(char c)
{
	if (c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
}

/* Where a file's extension starts: at its last dot, if neither end is empty. */
static size_t stem_of(const struct lkb_dirent *e)
{
	size_t len = strlen(e->name);
	const char *dot = strrchr(e->name, '.');

	if (e->inode->type == LKB_NODE_DIR || !dot || dot == e->name || !dot[1] ||
	    strlen(dot + 1) > EXT_MAX)
		return len;
	return (size_t)(dot - e->name);
}

/* The stem as far as there is room before `mark`, and the extension. */
static void spell(const struct lkb_dirent *e, const char *mark, char out[32])
{
	size_t stem = stem_of(e), n = 0;
	const char *ext = e->name[stem] ? e->name + stem + 1 : "";
	size_t room = ID_MAX - strlen(ext) - strlen(mark);

	while (n < stem && n < room) {
		out[n] = letter(e->name[n]);
		n++;
	}
	for (; *mark; mark++)
		out[n++] = *mark;
	if (*ext)
		out[n++] = '.';
	for (; *ext; ext++)
		out[n++] = letter(*ext);
	out[n] = '\0';
}

/* True if the stem ends as one that was given a mark: such a name gets one itself, so that no other
 * name can look like it. */
static bool looks_marked(const char *id)
{
	size_t stem = strcspn(id, ".");

	if (stem < MARK_LEN || id[stem - MARK_LEN] != '_')
		return false;
	for (size_t i = stem - MARK_LEN + 1; i < stem; i++) {
		if (!isdigit((unsigned char)id[i]) && (id[i] < 'A' || id[i] > 'F'))
			return false;
	}
	return true;
}

static int by_id(const void *pa, const void *pb)
{
	const struct iso_name *a = pa, *b = pb;
	int order = strcmp(a->id, b->id);

	return order ? order : strcmp(a->entry->name, b->entry->name);
}

struct iso_name *iso_names(const struct lkb_inode *dir)
{
	size_t n = dir->n_entries;
	struct iso_name *names = lkb_alloc_array(n + 1, sizeof(*names));
	char mark[MARK_LEN + 1];
	bool again = false;

	for (size_t i = 0; i < n; i++) {
		names[i].entry = &dir->entries[i];
		spell(names[i].entry, "", names[i].id);
	}
	qsort(names, n, sizeof(*names), by_id);
	for (size_t i = 0, first = 0; i < n; i++) {
		if (strcmp(names[i].id, names[first].id))
			first = i;
		names[i].is_marked = i != first || looks_marked(names[i].id) ||
				     (i + 1 < n && !strcmp(names[i].id, names[i + 1].id));
		again |= names[i].is_marked;
	}
	for (size_t i = 0; again && i < n; i++) {
		if (!names[i].is_marked)
			continue;
		snprintf(mark, sizeof(mark), "_%06X",
			 (unsigned)(names[i].entry - dir->entries) & 0xffffff);
		spell(names[i].entry, mark, names[i].id);
	}
	if (again)
		qsort(names, n, sizeof(*names), by_id);
	return names;
}
