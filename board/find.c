/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>

#include "base/file.h"
#include "base/path.h"
#include "board/board.h"

#define SUFFIX ".yml"

static void closedir_cleanup(DIR **d)
{
	if (*d)
		closedir(*d);
}

int lkb_board_names(const char *configs_dir, struct lkb_strv *ret, struct lkb_error *err)
{
	__attribute__((cleanup(closedir_cleanup))) DIR *dir = NULL;
	lkb_autofree char *path = lkb_path_join(configs_dir, "boards");
	lkb_autostrv names = {0};
	struct dirent *e;

	dir = opendir(path);
	if (!dir)
		return lkb_fail_errno(err, "cannot read the board profiles in '%s'", path);
	errno = 0;
	while ((e = readdir(dir))) {
		lkb_autofree char *stem = lkb_path_stem(e->d_name);

		if (e->d_name[0] != '.' && lkb_ends_with(e->d_name, SUFFIX))
			lkb_strv_add(&names, stem);
		errno = 0;
	}
	if (errno)
		return lkb_fail_errno(err, "cannot read the board profiles in '%s'", path);
	lkb_strv_sort(&names);
	lkb_strv_clear(ret);
	*ret = names;
	names = (struct lkb_strv){0};
	return 0;
}

static bool has_plan(const struct lkb_board *b, const char *plan)
{
	const struct lkb_strlist *plans = &b->netboot.plans;
	size_t i;

	for (i = 0; i < plans->n; i++)
		if (!strcmp(plans->items[i], plan))
			return true;
	return false;
}

/* The board that a provider calls so: its name as in `names`, or NULL. */
static const char *board_of_plan(const char *configs_dir, const char *plan,
				 const struct lkb_strv *names)
{
	size_t i;

	for (i = 0; i < names->n; i++) {
		lkb_autofree char *path = lkb_format("%s/boards/%s" SUFFIX, configs_dir,
						     names->items[i]);
		lkb_auto(lkb_board) b = NULL;
		lkb_autodiags diags = {0};

		if (!lkb_board_read(path, &b, &diags, NULL) && has_plan(b, plan))
			return names->items[i];
	}
	return NULL;
}

static int unknown(const char *configs_dir, const char *name, const struct lkb_strv *names,
		   struct lkb_error *err)
{
	const char *plan = board_of_plan(configs_dir, name, names);
	const char *near = lkb_did_you_mean(name, (const char *const *)names->items, names->n);
	lkb_autostr list = {0};
	size_t i;

	for (i = 0; i < names->n; i++)
		lkb_str_addf(&list, "%s%s", i ? ", " : "", names->items[i]);
	lkb_fail(err, LKB_USAGE, "there is no board '%s'", name);
	if (plan)
		return lkb_hint(err, "machines of that name are the board '%s'", plan);
	if (near)
		return lkb_hint(err, "did you mean '%s'? boards: %s", near, lkb_str_get(&list));
	if (strchr(name, '/') || lkb_ends_with(name, SUFFIX))
		return lkb_hint(err, "the board comes first, then the specs; boards: %s",
				lkb_str_get(&list));
	return lkb_hint(err, "boards: %s", lkb_str_get(&list));
}

int lkb_board_find(const char *configs_dir, const char *name, struct lkb_board **ret,
		   struct lkb_diags *diags, struct lkb_error *err)
{
	lkb_autofree char *path = lkb_format("%s/boards/%s" SUFFIX, configs_dir, name);
	lkb_autostrv names = {0};

	if (lkb_board_names(configs_dir, &names, err))
		return -1;
	if (!lkb_strv_has(&names, name))
		return unknown(configs_dir, name, &names, err);
	return lkb_board_read(path, ret, diags, err);
}
