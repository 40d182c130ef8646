/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/oci/ref.h"
#include "rootfs/rootfs_priv.h"

/* The name an image has in the store; a reference that is none stays as it is, so that whoever
 * looks for it says what is wrong with it. The caller frees the result. */
static char *canonical(const char *ref)
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
	name = canonical(ref);
	if (!lkb_strv_has(list, name))
		lkb_strv_add(list, name);
}

void lkb_rootfs_refs(const struct lkb_spec *spec, struct lkb_strv *ret)
{
	struct lkb_rootfs_section sections[LKB_ROOTFS_SECTIONS];

	add_ref(ret, spec->kernel.image);
	for (size_t i = 0; i < spec->init.n; i++)
		add_ref(ret, spec->init.items[i]);
	lkb_rootfs_sections(spec, sections);
	for (size_t s = 0; s < LKB_ROOTFS_SECTIONS; s++) {
		const struct lkb_spec_image *images = sections[s].images->items;

		for (size_t i = 0; i < sections[s].images->n; i++)
			add_ref(ret, images[i].image);
	}
}

int lkb_rootfs_image(const struct lkb_rootfs_job *job, const char *ref,
		     const struct lkb_image **ret, struct lkb_error *err)
{
	lkb_autofree char *name = canonical(ref);

	for (size_t i = 0; i < job->images->n; i++) {
		if (!strcmp(job->images->items[i]->ref, name)) {
			*ret = job->images->items[i];
			return 0;
		}
	}
	return lkb_fail(err, LKB_BUG, "image '%s' was not resolved before its use", name);
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
