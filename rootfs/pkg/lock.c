/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/pkg/lock_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/size.h"
#include "base/str.h"

#define MAX_LOCK ((size_t)4 << 20)
#define FIRST_LINE "# lkboard package lock 1\n"
#define HEADER FIRST_LINE "# image arch suite package version sha256 size\n"
#define N_FIELDS 7

static void clear_entry(struct lkb_lock_entry *e)
{
	free(e->image);
	free(e->arch);
	free(e->suite);
	free(e->deb.name);
	free(e->deb.version);
}

void lkb_pkg_lock_clear(struct lkb_pkg_lock *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		clear_entry(&l->items[i]);
	free(l->items);
	memset(l, 0, sizeof(*l));
}

static void add_entry(struct lkb_pkg_lock *l, const char *image, const char *arch,
		      const char *suite, const struct lkb_deb *deb)
{
	struct lkb_lock_entry *e;

	LKB_GROW(l->items, l->n, l->cap);
	e = &l->items[l->n++];
	*e = (struct lkb_lock_entry){
		.image = lkb_strdup(image), .arch = lkb_strdup(arch),
		.suite = lkb_strdup(suite), .deb = *deb,
	};
	e->deb.name = lkb_strdup(deb->name);
	e->deb.version = lkb_strdup(deb->version);
}

static bool same_digest(const struct lkb_deb *a, const struct lkb_deb *b)
{
	return a->size == b->size && lkb_sha256_equal(&a->sha256, &b->sha256);
}

static bool same_root(const struct lkb_lock_entry *e, const char *arch, const char *suite)
{
	return !strcmp(e->arch, arch) && !strcmp(e->suite, suite);
}

/* A lock that was merged by hand may say two things of one package. */
static int check_against(const struct lkb_pkg_lock *l, const char *const *field,
			 const struct lkb_deb *deb, struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		const struct lkb_lock_entry *e = &l->items[i];

		if (!same_root(e, field[1], field[2]) || strcmp(e->deb.name, deb->name))
			continue;
		if (!strcmp(e->image, field[0]))
			return lkb_fail(err, LKB_INPUT, "package '%s' of image '%s' stands twice",
					deb->name, field[0]);
		if (strcmp(e->deb.version, deb->version) || !same_digest(&e->deb, deb))
			return lkb_fail(err, LKB_INPUT,
					"package '%s' is '%s' here and '%s' for image '%s'",
					deb->name, deb->version, e->deb.version, e->image);
	}
	return 0;
}

static int parse_line(char *line, struct lkb_pkg_lock *l, struct lkb_error *err)
{
	const char *field[N_FIELDS];
	struct lkb_deb deb = {.known = true};
	size_t n = 0;
	char *word;

	while ((word = strsep(&line, " "))) {
		if (n == N_FIELDS || !*word)
			return lkb_fail(err, LKB_INPUT, "a line has %d words with one blank "
					"between", N_FIELDS);
		field[n++] = word;
	}
	if (n != N_FIELDS)
		return lkb_fail(err, LKB_INPUT, "a line has %d words, this has %zu", N_FIELDS, n);
	deb.name = (char *)field[3];
	deb.version = (char *)field[4];
	if (!lkb_sha256_parse(field[5], &deb.sha256))
		return lkb_fail(err, LKB_INPUT, "'%s' is no SHA-256", field[5]);
	if (!lkb_u64_parse(field[6], &deb.size))
		return lkb_fail(err, LKB_INPUT, "'%s' is no size", field[6]);
	if (check_against(l, field, &deb, err))
		return -1;
	add_entry(l, field[0], field[1], field[2], &deb);
	return 0;
}

int lkb_pkg_lock_parse(const char *text, const char *file, struct lkb_pkg_lock *ret,
		       struct lkb_error *err)
{
	lkb_autofree char *copy = lkb_strdup(text);
	lkb_autopkglock l = {0};
	char *at = copy, *line;
	unsigned number = 0;

	if (*text && !lkb_starts_with(text, FIRST_LINE)) {
		lkb_fail(err, LKB_INPUT, "this is no lkboard package lock of version 1");
		return lkb_at(err, file, 1, 0);
	}
	while ((line = strsep(&at, "\n"))) {
		number++;
		if (!*line || *line == '#')
			continue;
		if (parse_line(line, &l, err)) {
			lkb_hint(err, "`lkboard pkg lock` writes the file anew");
			return lkb_at(err, file, number, 0);
		}
	}
	*ret = l;
	l = (struct lkb_pkg_lock){0};
	return 0;
}

int lkb_pkg_lock_load(const char *path, struct lkb_pkg_lock *ret, struct lkb_error *err)
{
	lkb_autofree char *text = NULL;
	size_t len;

	if (access(path, F_OK) && errno == ENOENT) {
		*ret = (struct lkb_pkg_lock){0};
		return 0;
	}
	if (lkb_read_file(path, MAX_LOCK, &text, &len, err))
		return -1;
	if (strlen(text) != len)
		return lkb_fail(err, LKB_INPUT, "'%s' holds a NUL byte", path);
	return lkb_pkg_lock_parse(text, path, ret, err);
}

static int compare(const void *a, const void *b)
{
	const struct lkb_lock_entry *x = a, *y = b;
	int c = strcmp(x->image, y->image);

	c = c ? c : strcmp(x->arch, y->arch);
	c = c ? c : strcmp(x->suite, y->suite);
	return c ? c : strcmp(x->deb.name, y->deb.name);
}

char *lkb_pkg_lock_text(struct lkb_pkg_lock *l)
{
	lkb_autostr text = {0};
	size_t i;

	if (l->n)
		qsort(l->items, l->n, sizeof(*l->items), compare);
	lkb_str_add(&text, HEADER);
	for (i = 0; i < l->n; i++) {
		const struct lkb_lock_entry *e = &l->items[i];

		lkb_str_addf(&text, "%s %s %s %s %s %s %llu\n", e->image, e->arch, e->suite,
			     e->deb.name, e->deb.version, lkb_sha256_text(&e->deb.sha256).s,
			     (unsigned long long)e->deb.size);
	}
	return lkb_str_take(&text);
}

int lkb_pkg_lock_save(struct lkb_pkg_lock *l, const char *path, struct lkb_error *err)
{
	lkb_autofree char *text = lkb_pkg_lock_text(l);

	return lkb_write_file(path, text, strlen(text), 0666, err);
}

void lkb_pkg_lock_get(const struct lkb_pkg_lock *l, const char *image, const char *arch,
		      const char *suite, struct lkb_debs *ret)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!strcmp(l->items[i].image, image) && same_root(&l->items[i], arch, suite))
			lkb_debs_add(ret, &l->items[i].deb);
	lkb_debs_sort(ret);
}

void lkb_pkg_lock_all(const struct lkb_pkg_lock *l, const char *arch, const char *suite,
		      struct lkb_debs *ret)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (same_root(&l->items[i], arch, suite) &&
		    !lkb_debs_find(ret, l->items[i].deb.name))
			lkb_debs_add(ret, &l->items[i].deb);
	lkb_debs_sort(ret);
}

static void set_version(struct lkb_deb *old, const struct lkb_deb *deb)
{
	free(old->version);
	old->version = lkb_strdup(deb->version);
	old->sha256 = deb->sha256;
	old->size = deb->size;
}

void lkb_pkg_lock_set(struct lkb_pkg_lock *l, const char *image, const char *arch,
		      const char *suite, const struct lkb_debs *debs)
{
	size_t i, kept = 0;

	for (i = 0; i < l->n; i++) {
		struct lkb_lock_entry *e = &l->items[i];
		const struct lkb_deb *deb = lkb_debs_find(debs, e->deb.name);

		if (same_root(e, arch, suite) && !strcmp(e->image, image)) {
			clear_entry(e);
			continue;
		}
		if (same_root(e, arch, suite) && deb)
			set_version(&e->deb, deb);
		l->items[kept++] = *e;
	}
	l->n = kept;
	for (i = 0; i < debs->n; i++)
		add_entry(l, image, arch, suite, &debs->items[i]);
}
