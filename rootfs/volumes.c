/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "rootfs/rootfs_priv.h"

/* containers/volumes/NAME/{lower,tmp,merged}: the volume's files, room for what is written, and
 * where both are seen as one. `readonly` is a mark for our own init, which then keeps `merged`
 * read-only too; LinuxKit's needs a tmp/ in every volume. */

static int fill_lower(struct lkb_rootfs_job *job, const struct lkb_spec_volume *v,
		      const char *lower, struct lkb_error *err)
{
	const struct lkb_meta dir = lkb_rootfs_meta(job->env->epoch, 0755);
	lkb_auto(lkb_tree) tree = NULL;
	const struct lkb_image *im = NULL;

	if (lkb_tree_add_dir(job->root, lower, &dir, NULL, err) < 0)
		return -1;
	if (!v->image)
		return 0;
	if (lkb_rootfs_image_tree(job, v->image, &im, &tree, err) < 0)
		return -1;
	/* A layer that says nothing of its top directory leaves it without a time. */
	if (!lkb_tree_root(tree)->meta.mtime && lkb_tree_add_dir(tree, "", &dir, NULL, err) < 0)
		return -1;
	lkb_tree_set_source(job->root, im->ref);
	return lkb_tree_graft(job->root, lower, lkb_tree_root(tree), err);
}

static int add_volume(struct lkb_rootfs_job *job, const struct lkb_spec_volume *v,
		      struct lkb_error *err)
{
	const struct lkb_meta dir = lkb_rootfs_meta(job->env->epoch, 0755);
	const struct lkb_meta file = lkb_rootfs_meta(job->env->epoch, 0444);
	lkb_autofree char *lower = lkb_format("containers/volumes/%s/lower", v->name);
	lkb_autofree char *tmp = lkb_format("containers/volumes/%s/tmp", v->name);
	lkb_autofree char *merged = lkb_format("containers/volumes/%s/merged", v->name);
	lkb_autofree char *mark = lkb_format("containers/volumes/%s/readonly", v->name);

	if (lkb_tree_add_dir(job->root, tmp, &dir, NULL, err) < 0 ||
	    lkb_tree_add_dir(job->root, merged, &dir, NULL, err) < 0 ||
	    fill_lower(job, v, lower, err) < 0)
		return -1;
	return v->readonly == LKB_YES ? lkb_tree_add_text(job->root, mark, &file, "", 0, err) : 0;
}

int lkb_rootfs_volumes(struct lkb_rootfs_job *job, struct lkb_error *err)
{
	const struct lkb_spec_volume *volumes = job->spec->volumes.items;

	for (size_t i = 0; i < job->spec->volumes.n; i++) {
		lkb_autofree char *source = lkb_format("volumes[%zu]", i);

		lkb_tree_set_source(job->root, source);
		if (add_volume(job, &volumes[i], err) < 0) {
			lkb_context(err, "volume '%s'", volumes[i].name);
			return err && !err->line ? lkb_at_pos(&volumes[i].pos, err) : -1;
		}
	}
	return 0;
}
