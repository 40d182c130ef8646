/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "rootfs/lock/format_priv.h"

#define IMAGE_COLUMNS "# image reference platform index manifest package\n"
#define DEB_COLUMNS "# deb package arch suite name version sha256 size\n"
#define OLD_COLUMNS "# image arch suite package version sha256 size\n"

static void add_image(const struct lkb_lock_image *im, struct lkb_str *out)
{
	lkb_str_addf(out, "image %s %s %s%s sha256:%s %s\n", im->ref,
		     lkb_platform_text(&im->platform).s, im->has_index ? "sha256:" : "-",
		     im->has_index ? lkb_sha256_text(&im->index).s : "",
		     lkb_sha256_text(&im->manifest).s, im->package ? im->package : "-");
}

static void add_deb(const struct lkb_lock_deb *d, const char *first, struct lkb_str *out)
{
	lkb_str_addf(out, "%s%s %s %s %s %s %s %llu\n", first, d->package, d->arch, d->suite,
		     d->deb.name, d->deb.version, lkb_sha256_text(&d->deb.sha256).s,
		     (unsigned long long)d->deb.size);
}

char *lkb_lock_text(struct lkb_lock *l)
{
	bool old = !l->n_images;
	lkb_autostr text = {0};
	size_t i;

	lkb_lock_sort(l);
	lkb_str_add(&text, old ? LKB_LOCK_FIRST_OLD OLD_COLUMNS
			       : LKB_LOCK_FIRST IMAGE_COLUMNS DEB_COLUMNS);
	for (i = 0; i < l->n_images; i++)
		add_image(&l->images[i], &text);
	for (i = 0; i < l->n_debs; i++)
		add_deb(&l->debs[i], old ? "" : "deb ", &text);
	return lkb_str_take(&text);
}

int lkb_lock_save(struct lkb_lock *l, const char *path, struct lkb_error *err)
{
	lkb_autofree char *text = lkb_lock_text(l);

	return lkb_write_file(path, text, strlen(text), 0666, err);
}
