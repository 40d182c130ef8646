/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>

#include "base/alloc.h"
#include "rootfs/oci/upkeep_priv.h"

/* A file of derived/ with its record. */
struct item {
	char *path, *record; /* owned */
	uint64_t bytes;
	struct timespec used;
};

struct items {
	struct item *items; /* owned */
	size_t n, cap;
	uint64_t bytes;
};

static void clear(struct items *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->items[i].path);
		free(l->items[i].record);
	}
	free(l->items);
}

static void add(struct items *l, const char *dir, const char *name)
{
	lkb_autofree char *path = lkb_format("%s/%s", dir, name);
	lkb_autofree char *record = lkb_format("%s/%.*s.ok", dir, (int)strcspn(name, "."), name);
	struct stat file, used;

	if (lstat(path, &file) || !S_ISREG(file.st_mode))
		return;
	if (lstat(record, &used))
		used = file;
	LKB_GROW(l->items, l->n, l->cap);
	l->items[l->n++] = (struct item){ LKB_STEAL(path), LKB_STEAL(record),
					  (uint64_t)file.st_size, used.st_mtim };
	l->bytes += (uint64_t)file.st_size;
}

static void list_dir(struct items *l, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;

	if (!dir)
		return;
	while ((e = readdir(dir)))
		if (e->d_name[0] != '.' && !lkb_ends_with(e->d_name, ".ok"))
			add(l, path, e->d_name);
	closedir(dir);
}

/* Of two that were used at the same moment it does not matter which one goes, but it is always the
 * same one. */
static int by_use(const void *a, const void *b)
{
	const struct item *ia = a, *ib = b;

	if (ia->used.tv_sec != ib->used.tv_sec)
		return ia->used.tv_sec < ib->used.tv_sec ? -1 : 1;
	if (ia->used.tv_nsec != ib->used.tv_nsec)
		return ia->used.tv_nsec < ib->used.tv_nsec ? -1 : 1;
	return strcmp(ia->path, ib->path);
}

void lkb_derived_trim(const struct lkb_store *s)
{
	__attribute__((cleanup(clear))) struct items l = {0};
	lkb_autofree char *top = lkb_format("%s/derived", s->dir);
	lkb_autostrv dirs = {0};

	lkb_store_names(top, &dirs);
	for (size_t i = 0; i < dirs.n; i++) {
		lkb_autofree char *path = lkb_format("%s/%s", top, dirs.items[i]);

		list_dir(&l, path);
	}
	if (l.bytes <= s->max_derived)
		return;
	qsort(l.items, l.n, sizeof(*l.items), by_use);
	for (size_t i = 0; i < l.n && l.bytes > s->max_derived; i++) {
		/* A record without its file says nothing; a file without its record is hashed. */
		if (unlink(l.items[i].path))
			continue;
		unlink(l.items[i].record);
		l.bytes -= l.items[i].bytes;
	}
}
