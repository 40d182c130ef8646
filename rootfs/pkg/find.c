/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/pkg/def_priv.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/path.h"
#include "rootfs/oci/ref.h"

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

int lkb_pkg_names(const char *configs_dir, struct lkb_strv *ret, struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_path_join(configs_dir, "packages");
	__attribute__((cleanup(close_dir))) DIR *d = opendir(dir);
	lkb_autostrv names = {0};
	const struct dirent *e;
	size_t i;

	if (!d)
		return lkb_fail_errno(err, "cannot read the directory '%s'", dir);
	while (errno = 0, (e = readdir(d))) {
		lkb_autofree char *stem = NULL;

		if (e->d_name[0] == '.' || !lkb_ends_with(e->d_name, ".yml"))
			continue;
		stem = lkb_path_stem(e->d_name);
		lkb_strv_add(&names, stem);
	}
	if (errno)
		return lkb_fail_errno(err, "cannot read the directory '%s'", dir);
	lkb_strv_sort(&names);
	for (i = 0; i < names.n; i++)
		lkb_strv_add(ret, names.items[i]);
	return 0;
}

/* True if both references mean the same image. */
static bool same_image(const char *a, const struct lkb_ref *b)
{
	lkb_autoref ref = {0};
	lkb_autofree char *left = NULL, *right = NULL;

	if (lkb_ref_parse(a, &ref, NULL))
		return false;
	left = lkb_ref_text(&ref);
	right = lkb_ref_text(b);
	return !strcmp(left, right);
}

/* 1 = *ret is the package, and it makes the image; 0 = it makes another one. */
static int try_package(const char *configs_dir, const char *name, const struct lkb_ref *wanted,
		       struct lkb_pkg **ret, struct lkb_error *err)
{
	lkb_autofree char *path = lkb_format("%s/packages/%s.yml", configs_dir, name);
	lkb_auto(lkb_pkg) p = NULL;
	lkb_autodiags diags = {0};

	if (lkb_pkg_read(path, &p, &diags, err))
		return -1;
	if (!same_image(p->image, wanted))
		return 0;
	*ret = LKB_STEAL(p);
	return 1;
}

/* Nearly always the package is called what its image is: that one is asked first. */
int lkb_pkg_for_ref(const char *configs_dir, const char *ref, struct lkb_pkg **ret,
		    struct lkb_error *err)
{
	lkb_autostrv names = {0};
	lkb_autoref wanted = {0};
	size_t i, likely = 0;
	int r = 0;

	if (lkb_ref_parse(ref, &wanted, err) || lkb_pkg_names(configs_dir, &names, err))
		return -1;
	while (likely < names.n && strcmp(names.items[likely], lkb_path_basename(wanted.path)))
		likely++;
	if (likely < names.n)
		r = try_package(configs_dir, names.items[likely], &wanted, ret, err);
	for (i = 0; i < names.n && !r; i++)
		if (i != likely)
			r = try_package(configs_dir, names.items[i], &wanted, ret, err);
	if (!r)
		*ret = NULL;
	return r < 0 ? -1 : 0;
}
