/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/str.h"
#include "rootfs/oci/export.h"
#include "rootfs/rootfs_priv.h"

/* containers/volumes/NAME/{lower,tmp,merged}: the volume's files, room for what is written, and
 * where both are seen as one. `readonly` is a mark for our own init, which then keeps `merged`
 * read-only too; LinuxKit's needs a tmp/ in every volume. */

/* "linux/arm64/v8"; that it is written so was checked when it was read. */
static int read_platform(const char *text, struct lkb_platform *ret, struct lkb_error *err)
{
	const char *arch = strchr(text, '/') + 1, *variant = strchr(arch, '/');
	lkb_autofree char *word = lkb_format("%.*s", (int)strcspn(arch, "/"), arch);

	if (lkb_platform_set(ret, word, variant ? variant + 1 : NULL))
		return 0;
	lkb_fail(err, LKB_INPUT, "'%s' is no platform", text);
	return lkb_hint(err, "write it like linux/arm64");
}

/* The image for each of the platforms as an OCI layout: a registry, or a cache of images, for what
 * runs on the board. */
static int read_layout(struct lkb_rootfs_job *job, const struct lkb_spec_volume *v,
		       const struct lkb_image *im, struct lkb_tree **ret, struct lkb_error *err)
{
	const char *const ref = im->ref;
	lkb_autofree struct lkb_platform *platforms =
		lkb_alloc_array(v->platforms.n + 1, sizeof(*platforms));
	struct lkb_export e = {
		.format = LKB_EXPORT_OCI,
		.refs = &ref,
		.n_refs = 1,
		.platforms = platforms,
		.n_platforms = v->platforms.n ? v->platforms.n : 1,
		.ui = job->ui,
	};

	platforms[0] = im->platform;
	for (size_t i = 0; i < v->platforms.n; i++)
		if (read_platform(v->platforms.items[i], &platforms[i], err) < 0)
			return -1;
	return lkb_export_tree(job->store, &e, ret, err);
}

static int fill_lower(struct lkb_rootfs_job *job, const struct lkb_spec_volume *v,
		      const char *lower, struct lkb_error *err)
{
	const struct lkb_meta dir = lkb_rootfs_meta(job->env->epoch, 0755);
	bool layout = v->format && !strcmp(v->format, "oci");
	lkb_auto(lkb_tree) tree = NULL;
	const struct lkb_image *im = NULL;

	if (lkb_tree_add_dir(job->root, lower, &dir, NULL, err) < 0)
		return -1;
	if (!v->image)
		return 0;
	if (lkb_rootfs_image(job, v->image, &im, err) < 0 ||
	    (layout ? read_layout(job, v, im, &tree, err)
		    : lkb_store_image_tree(job->store, im, job->ui, &tree, err)) < 0)
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
