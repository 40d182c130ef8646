/* SPDX-License-Identifier: Apache-2.0 */
/* Images that nobody here has, from their registries. */
#include <string.h>

#include "plan/plan_priv.h"
#include "rootfs/oci/pull.h"
#include "rootfs/oci/trust/trust.h"

/* localhost, without a port, is nowhere: it is what images are called that were made here. */
bool lkb_plan_is_remote(const struct lkb_plan *p, const char *ref,
			const struct lkb_platform *platform)
{
	lkb_autoref parsed = {0};

	return p->in->registry && !lkb_ref_parse(ref, &parsed, NULL) &&
	       strcmp(parsed.domain, "localhost") != 0 &&
	       lkb_store_lacks(p->in->store, ref, platform);
}

static bool wants_signatures(void *ctx, const struct lkb_ref *ref)
{
	const struct lkb_plan *p = ctx;
	const struct lkb_policy *policy = lkb_store_policy(p->in->store);

	return policy && lkb_policy_wants_signatures(policy, ref);
}

int lkb_plan_fetch(struct lkb_plan *p, const char *ref, const struct lkb_platform *platform,
		   struct lkb_error *err)
{
	struct lkb_imported_list list __attribute__((cleanup(lkb_imported_clear))) = {0};
	const struct lkb_pull in = {
		.registry = p->in->registry, .refs = &ref, .n_refs = 1,
		.platforms = platform, .n_platforms = 1,
		.wants_signatures = wants_signatures, .ctx = p,
	};

	if (!p->in->build_missing) {
		if (!lkb_strv_has(&p->missing, ref))
			lkb_strv_add(&p->missing, ref);
		lkb_strv_add(&p->remote, ref);
		return 0;
	}
	/* A spec may name it twice. */
	if (lkb_store_has(p->in->store, ref, platform))
		return 0;
	return lkb_pull(p->in->store, &in, &list, err);
}
