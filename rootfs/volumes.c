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

	if (*word && lkb_platform_set(ret, word, variant ? variant + 1 : NULL))
		return 0;
	lkb_fail(err, LKB_INPUT, "'%s' is no platform", text);
	return lkb_hint(err, "write it like linux/arm64");
}

bool lkb_rootfs_lists_platforms(const struct lkb_spec_volume *v)
{
	return v->format && !strcmp(v->format, "oci") && v->platforms.n;
}

static int add_wants(const struct lkb_spec_volume *v, struct lkb_rootfs_wants *wants,
		     struct lkb_error *err)
{
	for (size_t i = 0; i < v->platforms.n; i++) {
		struct lkb_rootfs_want want = { .pos = &v->platforms.pos[i] };

		if (read_platform(v->platforms.items[i], &want.platform, err) < 0)
			return lkb_at_pos(want.pos, err);
		want.ref = lkb_rootfs_canonical(v->image);
		LKB_GROW(wants->items, wants->n, wants->cap);
		wants->items[wants->n++] = want;
	}
	return 0;
}

int lkb_rootfs_wants(const struct lkb_spec *spec, struct lkb_rootfs_wants *ret,
		     struct lkb_error *err)
{
	__attribute__((cleanup(lkb_rootfs_wants_clear))) struct lkb_rootfs_wants wants = { 0 };
	const struct lkb_spec_volume *v = spec->volumes.items;

	for (size_t i = 0; i < spec->volumes.n; i++)
		if (lkb_rootfs_lists_platforms(&v[i]) && add_wants(&v[i], &wants, err) < 0)
			return -1;
	*ret = wants;
	wants = (struct lkb_rootfs_wants){ 0 };
	return 0;
}

void lkb_rootfs_wants_clear(struct lkb_rootfs_wants *wants)
{
	for (size_t i = 0; i < wants->n; i++)
		free(wants->items[i].ref);
	free(wants->items);
	*wants = (struct lkb_rootfs_wants){ 0 };
}

/* The image for the board, or for each of the platforms that are listed, as an OCI layout: a
 * registry, or a cache of images, for what runs on the board. */
static int read_layout(struct lkb_rootfs_job *job, const struct lkb_spec_volume *v,
		       struct lkb_tree **ret, struct lkb_error *err)
{
	lkb_autofree const struct lkb_image **images =
		lkb_alloc_array(v->platforms.n + 1, sizeof(*images));
	const struct lkb_export e = {
		.format = LKB_EXPORT_OCI,
		.images = images,
		.n_images = v->platforms.n ? v->platforms.n : 1,
		.ui = job->ui,
	};

	if (!v->platforms.n && lkb_rootfs_image(job, v->image, &images[0], err) < 0)
		return -1;
	for (size_t i = 0; i < v->platforms.n; i++) {
		struct lkb_platform platform;

		if (read_platform(v->platforms.items[i], &platform, err) < 0 ||
		    lkb_rootfs_image_for(job, v->image, &platform, &images[i], err) < 0)
			return -1;
	}
	return lkb_export_tree(job->store, &e, ret, err);
}

static int fill_lower(struct lkb_rootfs_job *job, const struct lkb_spec_volume *v,
		      const char *lower, struct lkb_error *err)
{
	const struct lkb_meta dir = lkb_rootfs_meta(job->env->epoch, 0755);
	bool layout = v->format && !strcmp(v->format, "oci");
	lkb_auto(lkb_tree) tree = NULL;
	const struct lkb_image *im = NULL;
	lkb_autofree char *name = NULL;

	if (lkb_tree_add_dir(job->root, lower, &dir, NULL, err) < 0)
		return -1;
	if (!v->image)
		return 0;
	name = lkb_rootfs_canonical(v->image);
	if ((layout ? read_layout(job, v, &tree, err)
		    : lkb_rootfs_image_tree(job, v->image, &im, &tree, err)) < 0)
		return -1;
	/* A layer that says nothing of its top directory leaves it without a time. */
	if (!lkb_tree_root(tree)->meta.mtime && lkb_tree_add_dir(tree, "", &dir, NULL, err) < 0)
		return -1;
	lkb_tree_set_source(job->root, name);
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
