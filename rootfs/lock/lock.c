/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/lock/lock.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "rootfs/oci/ref.h"

static void clear_image(struct lkb_lock_image *im)
{
	free(im->ref);
	free(im->package);
}

static void clear_deb(struct lkb_lock_deb *d)
{
	free(d->package);
	free(d->arch);
	free(d->suite);
	free(d->deb.name);
	free(d->deb.version);
}

void lkb_lock_clear(struct lkb_lock *l)
{
	size_t i;

	for (i = 0; i < l->n_images; i++)
		clear_image(&l->images[i]);
	for (i = 0; i < l->n_debs; i++)
		clear_deb(&l->debs[i]);
	free(l->images);
	free(l->debs);
	memset(l, 0, sizeof(*l));
}

static bool is_image(const struct lkb_lock_image *im, const char *ref,
		     const struct lkb_platform *platform)
{
	return !strcmp(im->ref, ref) && !lkb_platform_compare(&im->platform, platform);
}

const struct lkb_lock_image *lkb_lock_find(const struct lkb_lock *l, const char *ref,
					   const struct lkb_platform *platform)
{
	size_t i;

	for (i = 0; i < l->n_images; i++)
		if (is_image(&l->images[i], ref, platform))
			return &l->images[i];
	return NULL;
}

void lkb_lock_pin(struct lkb_lock *l, const struct lkb_lock_image *im)
{
	struct lkb_lock_image copy = *im;
	size_t i;

	copy.ref = lkb_strdup(im->ref);
	copy.package = im->package ? lkb_strdup(im->package) : NULL;
	copy.line = 0;
	for (i = 0; i < l->n_images; i++)
		if (is_image(&l->images[i], im->ref, &im->platform))
			break;
	if (i == l->n_images) {
		LKB_GROW(l->images, l->n_images, l->cap_images);
		l->n_images++;
	} else {
		clear_image(&l->images[i]);
	}
	l->images[i] = copy;
}

static char *by_digest(const struct lkb_lock_image *im, bool index, bool tag)
{
	const struct lkb_sha256 *digest = index ? &im->index : &im->manifest;
	lkb_autoref r = {0};

	if (lkb_ref_parse(im->ref, &r, NULL))
		return lkb_strdup(im->ref);
	if (!tag) {
		free(r.tag);
		r.tag = NULL;
	}
	free(r.digest);
	r.digest = lkb_format("sha256:%s", lkb_sha256_text(digest).s);
	return lkb_ref_text(&r);
}

char *lkb_lock_image_ref(const struct lkb_lock_image *im, bool index)
{
	return by_digest(im, index, false);
}

char *lkb_lock_image_name(const struct lkb_lock_image *im, bool index)
{
	return by_digest(im, index, true);
}

static bool same_root(const struct lkb_lock_deb *d, const char *arch, const char *suite)
{
	return !strcmp(d->arch, arch) && !strcmp(d->suite, suite);
}

void lkb_lock_get(const struct lkb_lock *l, const char *package, const char *arch,
		  const char *suite, struct lkb_debs *ret)
{
	size_t i;

	for (i = 0; i < l->n_debs; i++)
		if (!strcmp(l->debs[i].package, package) && same_root(&l->debs[i], arch, suite))
			lkb_debs_add(ret, &l->debs[i].deb);
	lkb_debs_sort(ret);
}

void lkb_lock_all(const struct lkb_lock *l, const char *arch, const char *suite,
		  struct lkb_debs *ret)
{
	lkb_autodebs all = {0};
	size_t i;

	for (i = 0; i < l->n_debs; i++)
		if (same_root(&l->debs[i], arch, suite))
			lkb_debs_add(&all, &l->debs[i].deb);
	lkb_debs_sort(&all);
	for (i = 0; i < all.n; i++)
		if (!i || strcmp(all.items[i - 1].name, all.items[i].name))
			lkb_debs_add(ret, &all.items[i]);
}

/* Of that architecture, in any variant. */
static void unpin(struct lkb_lock *l, const char *package, const char *arch)
{
	size_t i, kept = 0;

	for (i = 0; i < l->n_images; i++) {
		struct lkb_lock_image *im = &l->images[i];

		if (im->package && !strcmp(im->package, package) &&
		    !strcmp(im->platform.arch, arch))
			clear_image(im);
		else
			l->images[kept++] = *im;
	}
	l->n_images = kept;
}

static void set_version(struct lkb_deb *old, const struct lkb_deb *deb)
{
	free(old->version);
	old->version = lkb_strdup(deb->version);
	old->sha256 = deb->sha256;
	old->size = deb->size;
}

static bool is_set(const struct lkb_lock *l, const char *package, const char *arch,
		   const char *suite, const struct lkb_debs *debs)
{
	lkb_autodebs now = {0};
	size_t i;

	lkb_lock_get(l, package, arch, suite, &now);
	for (i = 0; i < now.n; i++) {
		const struct lkb_deb *deb = lkb_debs_find(debs, now.items[i].name);

		if (!deb || !lkb_deb_equal(deb, &now.items[i]))
			return false;
	}
	return now.n == debs->n;
}

static void add_deb(struct lkb_lock *l, const char *package, const char *arch, const char *suite,
		    const struct lkb_deb *deb)
{
	struct lkb_lock_deb *d;

	LKB_GROW(l->debs, l->n_debs, l->cap_debs);
	d = &l->debs[l->n_debs++];
	*d = (struct lkb_lock_deb){
		.package = lkb_strdup(package), .arch = lkb_strdup(arch),
		.suite = lkb_strdup(suite), .deb = *deb,
	};
	d->deb.name = lkb_strdup(deb->name);
	d->deb.version = lkb_strdup(deb->version);
}

void lkb_lock_set(struct lkb_lock *l, const char *package, const char *arch, const char *suite,
		  const struct lkb_debs *debs)
{
	size_t i, kept = 0;

	if (is_set(l, package, arch, suite, debs))
		return;
	unpin(l, package, arch);
	for (i = 0; i < l->n_debs; i++) {
		struct lkb_lock_deb *d = &l->debs[i];
		const struct lkb_deb *deb = lkb_debs_find(debs, d->deb.name);

		if (same_root(d, arch, suite) && !strcmp(d->package, package)) {
			clear_deb(d);
			continue;
		}
		if (same_root(d, arch, suite) && deb && !lkb_deb_equal(deb, &d->deb)) {
			unpin(l, d->package, arch);
			set_version(&d->deb, deb);
		}
		l->debs[kept++] = *d;
	}
	l->n_debs = kept;
	for (i = 0; i < debs->n; i++)
		add_deb(l, package, arch, suite, &debs->items[i]);
}

static int compare_images(const void *a, const void *b)
{
	const struct lkb_lock_image *x = a, *y = b;
	int c = strcmp(x->ref, y->ref);

	return c ? c : lkb_platform_compare(&x->platform, &y->platform);
}

static int compare_debs(const void *a, const void *b)
{
	const struct lkb_lock_deb *x = a, *y = b;
	int c = strcmp(x->package, y->package);

	c = c ? c : strcmp(x->arch, y->arch);
	c = c ? c : strcmp(x->suite, y->suite);
	return c ? c : strcmp(x->deb.name, y->deb.name);
}

void lkb_lock_sort(struct lkb_lock *l)
{
	if (l->n_images)
		qsort(l->images, l->n_images, sizeof(*l->images), compare_images);
	if (l->n_debs)
		qsort(l->debs, l->n_debs, sizeof(*l->debs), compare_debs);
}
