/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "rootfs/lock/format_priv.h"

/* Returns the line that is the later one, which a fault of both is said of. */
static unsigned later(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static void add_fault(struct lkb_diags *diags, struct lkb_error *err, const char *file,
		      unsigned line)
{
	lkb_at(err, file, line, 1);
	lkb_diags_add(diags, LKB_SEVERITY_ERROR, err);
}

static void check_images(const struct lkb_lock *l, const char *file, struct lkb_diags *diags)
{
	size_t i;

	for (i = 1; i < l->n_images; i++) {
		const struct lkb_lock_image *a = &l->images[i - 1], *b = &l->images[i];
		struct lkb_error err = {0};

		if (strcmp(a->ref, b->ref) || lkb_platform_compare(&a->platform, &b->platform))
			continue;
		lkb_fail(&err, LKB_INPUT, "image '%.300s' stands twice for %s", b->ref,
			 lkb_platform_text(&b->platform).s);
		add_fault(diags, &err, file, later(a->line, b->line));
	}
}

static void check_twice(const struct lkb_lock *l, const char *file, struct lkb_diags *diags)
{
	size_t i;

	for (i = 1; i < l->n_debs; i++) {
		const struct lkb_lock_deb *a = &l->debs[i - 1], *b = &l->debs[i];
		struct lkb_error err = {0};

		if (strcmp(a->package, b->package) || strcmp(a->arch, b->arch) ||
		    strcmp(a->suite, b->suite) || strcmp(a->deb.name, b->deb.name))
			continue;
		lkb_fail(&err, LKB_INPUT, "'%.100s' of package '%.100s' stands twice", b->deb.name,
			 b->package);
		add_fault(diags, &err, file, later(a->line, b->line));
	}
}

static int by_root(const void *a, const void *b)
{
	const struct lkb_lock_deb *x = *(const struct lkb_lock_deb *const *)a;
	const struct lkb_lock_deb *y = *(const struct lkb_lock_deb *const *)b;
	int c = strcmp(x->arch, y->arch);

	c = c ? c : strcmp(x->suite, y->suite);
	c = c ? c : strcmp(x->deb.name, y->deb.name);
	return c ? c : (x->line > y->line) - (x->line < y->line);
}

static void check_versions(const struct lkb_lock *l, const char *file, struct lkb_diags *diags)
{
	const struct lkb_lock_deb **all = lkb_alloc_array(l->n_debs + 1, sizeof(*all));
	size_t i, first = 0;

	for (i = 0; i < l->n_debs; i++)
		all[i] = &l->debs[i];
	qsort(all, l->n_debs, sizeof(*all), by_root);
	for (i = 1; i < l->n_debs; i++) {
		const struct lkb_lock_deb *a = all[first], *b = all[i];
		struct lkb_error err = {0};

		if (strcmp(a->arch, b->arch) || strcmp(a->suite, b->suite) ||
		    strcmp(a->deb.name, b->deb.name)) {
			first = i;
			continue;
		}
		/* Two lines of one package were said already. */
		if (lkb_deb_equal(&a->deb, &b->deb) || !strcmp(a->package, b->package))
			continue;
		lkb_fail(&err, LKB_INPUT, "'%.100s' is '%.100s' here and '%.100s'%s for package "
			 "'%.100s'", b->deb.name, b->deb.version, a->deb.version,
			 strcmp(a->deb.version, b->deb.version) ? "" : " with other contents",
			 a->package);
		lkb_hint(&err, "one version goes into all images of '%.50s': leave the lines of "
			 "one side, then build with --update-lock", b->arch);
		add_fault(diags, &err, file, b->line);
	}
	free(all);
}

void lkb_lock_check(struct lkb_lock *l, const char *file, struct lkb_diags *diags)
{
	lkb_lock_sort(l);
	check_images(l, file, diags);
	check_twice(l, file, diags);
	check_versions(l, file, diags);
}
