/* SPDX-License-Identifier: Apache-2.0 */
/* Images that nobody here has, from their registries. */
#include <string.h>

#include "plan/plan_priv.h"
#include "rootfs/oci/pull.h"

/* A pinned image is asked for by what pins it; NULL if it is not pinned. */
static char *pinned_ref(const struct lkb_plan *p, const char *ref,
			const struct lkb_platform *platform)
{
	const struct lkb_lock_image *pin = lkb_plan_pin(p, ref, platform);

	return pin ? lkb_lock_image_ref(pin, pin->has_index) : NULL;
}

/* localhost, without a port, is nowhere: it is what images are called that were made here. */
bool lkb_plan_is_remote(const struct lkb_plan *p, const char *ref,
			const struct lkb_platform *platform, bool there)
{
	lkb_autofree char *pinned = pinned_ref(p, ref, platform);
	lkb_autoref parsed = {0};

	if (!p->in->registry || lkb_ref_parse(ref, &parsed, NULL) ||
	    !strcmp(parsed.domain, "localhost"))
		return false;
	return there ? p->in->update_lock && p->in->build_missing && !parsed.digest :
		       lkb_store_lacks(p->in->store, pinned ? pinned : ref, platform);
}

static int give_fault(const struct lkb_error *fault, struct lkb_error *err)
{
	if (err)
		*err = *fault;
	return -1;
}

int lkb_plan_fetch(struct lkb_plan *p, const char *ref, const struct lkb_platform *platform,
		   struct lkb_error *err)
{
	struct lkb_imported_list list __attribute__((cleanup(lkb_imported_clear))) = {0};
	lkb_autofree char *pinned = pinned_ref(p, ref, platform);
	const char *asked = pinned ? pinned : ref;
	const struct lkb_pull in = {
		.registry = p->in->registry, .refs = &asked, .n_refs = 1,
		.platforms = platform, .n_platforms = 1,
	};
	struct lkb_error fault = {0};
	bool there;

	if (!p->in->build_missing) {
		if (!lkb_strv_has(&p->missing, ref))
			lkb_strv_add(&p->missing, ref);
		lkb_strv_add(&p->remote, ref);
		return 0;
	}
	there = lkb_store_has(p->in->store, asked, platform);
	/* A spec may name it twice. */
	if (there && !p->in->update_lock)
		return 0;
	if (!lkb_pull(p->in->store, &in, &list, &fault))
		return 0;
	if (!there || fault.kind != LKB_NET)
		return give_fault(&fault, err);
	lkb_ui_warning(p->in->ui, "%s: image '%s' is pinned as the store has it", fault.message,
		       ref);
	return 0;
}
