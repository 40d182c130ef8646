/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/oci/ref.h"
#include "rootfs/rootfs_priv.h"

char *lkb_rootfs_canonical(const char *ref)
{
	lkb_autoref parsed = { 0 };

	return lkb_ref_parse(ref, &parsed, NULL) < 0 ? lkb_format("%s", ref) :
						       lkb_ref_text(&parsed);
}

static void add_ref(struct lkb_strv *list, const char *ref)
{
	lkb_autofree char *name = NULL;

	if (!ref || !*ref)
		return;
	name = lkb_rootfs_canonical(ref);
	if (!lkb_strv_has(list, name))
		lkb_strv_add(list, name);
}

/* Calls fn for every image that the spec names, in order, until it returns true. */
typedef bool visit_fn(void *ctx, const char *ref, const struct lkb_pos *pos);

static bool visit_object(const struct lkb_pos *object, const char *ref, visit_fn *fn, void *ctx)
{
	struct lkb_pos pos = lkb_schema_pos(object, "image");

	return ref && *ref && fn(ctx, ref, &pos);
}

static bool visit_volumes(const struct lkb_spec *spec, bool with_platforms, visit_fn *fn, void *ctx)
{
	const struct lkb_spec_volume *v = spec->volumes.items;

	for (size_t i = 0; i < spec->volumes.n; i++)
		if (lkb_rootfs_lists_platforms(&v[i]) == with_platforms &&
		    visit_object(&v[i].pos, v[i].image, fn, ctx))
			return true;
	return false;
}

/* Those that are for the board. */
static bool visit_own(const struct lkb_spec *spec, visit_fn *fn, void *ctx)
{
	struct lkb_rootfs_section sections[LKB_ROOTFS_SECTIONS];

	if (visit_object(&spec->kernel.pos, spec->kernel.image, fn, ctx))
		return true;
	for (size_t i = 0; i < spec->init.n; i++)
		if (*spec->init.items[i] && fn(ctx, spec->init.items[i], &spec->init.pos[i]))
			return true;
	lkb_rootfs_sections(spec, sections);
	for (size_t s = 0; s < LKB_ROOTFS_SECTIONS; s++) {
		const struct lkb_spec_image *images = sections[s].images->items;

		for (size_t i = 0; i < sections[s].images->n; i++)
			if (visit_object(&images[i].pos, images[i].image, fn, ctx))
				return true;
	}
	return visit_volumes(spec, false, fn, ctx);
}

static bool visit_images(const struct lkb_spec *spec, visit_fn *fn, void *ctx)
{
	return visit_own(spec, fn, ctx) || visit_volumes(spec, true, fn, ctx);
}

static bool visit_add(void *ctx, const char *ref, const struct lkb_pos *pos)
{
	add_ref(ctx, ref);
	return false;
}

void lkb_rootfs_refs(const struct lkb_spec *spec, struct lkb_strv *ret)
{
	visit_own(spec, visit_add, ret);
}

static bool visit_check(void *ctx, const char *ref, const struct lkb_pos *pos)
{
	lkb_autoref parsed = { 0 };
	struct lkb_error fault = { 0 };

	if (lkb_ref_parse(ref, &parsed, &fault) < 0) {
		lkb_at_pos(pos, &fault);
		lkb_diags_add(ctx, LKB_SEVERITY_ERROR, &fault);
	}
	return false;
}

int lkb_rootfs_check_refs(const struct lkb_spec *spec, struct lkb_diags *diags,
			  struct lkb_error *err)
{
	visit_images(spec, visit_check, diags);
	lkb_diags_sort(diags);
	return lkb_diags_result(diags, err);
}

struct place {
	const char *name;
	struct lkb_error *err;
};

static bool visit_place(void *ctx, const char *ref, const struct lkb_pos *pos)
{
	const struct place *at = ctx;
	lkb_autofree char *name = lkb_rootfs_canonical(ref);

	if (strcmp(name, at->name))
		return false;
	lkb_at_pos(pos, at->err);
	return true;
}

int lkb_rootfs_ref_at(const struct lkb_spec *spec, const char *ref, struct lkb_error *err)
{
	struct place at = { ref, err };

	visit_images(spec, visit_place, &at);
	return -1;
}

int lkb_rootfs_image(const struct lkb_rootfs_job *job, const char *ref,
		     const struct lkb_image **ret, struct lkb_error *err)
{
	lkb_autofree char *name = lkb_rootfs_canonical(ref);

	for (size_t i = 0; i < job->images->n; i++) {
		if (!strcmp(job->images->items[i]->ref, name)) {
			*ret = job->images->items[i];
			return 0;
		}
	}
	return lkb_fail(err, LKB_BUG, "image '%s' was not resolved before its use", name);
}

/* Of those that were resolved for several platforms the one that fits this best is its own. */
int lkb_rootfs_image_for(const struct lkb_rootfs_job *job, const char *ref,
			 const struct lkb_platform *platform, const struct lkb_image **ret,
			 struct lkb_error *err)
{
	lkb_autofree char *name = lkb_rootfs_canonical(ref);
	const struct lkb_image *best = NULL;
	int best_rank = -1;

	for (size_t i = 0; i < job->images->n; i++) {
		const struct lkb_image *im = job->images->items[i];
		int rank = lkb_platform_rank(platform, &im->platform);

		if (!strcmp(im->ref, name) && rank >= 0 && (!best || rank < best_rank)) {
			best = im;
			best_rank = rank;
		}
	}
	if (!best)
		return lkb_fail(err, LKB_BUG, "image '%s' was not resolved for %s", name,
				lkb_platform_text(platform).s);
	*ret = best;
	return 0;
}

int lkb_rootfs_image_tree(const struct lkb_rootfs_job *job, const char *ref,
			  const struct lkb_image **ret_image, struct lkb_tree **ret,
			  struct lkb_error *err)
{
	const struct lkb_image *im = NULL;

	if (lkb_rootfs_image(job, ref, &im, err) < 0 ||
	    lkb_store_image_tree(job->store, im, job->ui, ret, err) < 0)
		return -1;
	*ret_image = im;
	return 0;
}
