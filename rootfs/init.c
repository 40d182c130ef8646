/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/rootfs_priv.h"

/* Where the DHCP client of a running system writes the name servers. */
#define RESOLV_TARGET "/run/resolvconf/resolv.conf"

static int add_image(struct lkb_rootfs_job *job, const char *ref, struct lkb_error *err)
{
	lkb_auto(lkb_tree) image = NULL;
	const struct lkb_image *im = NULL;

	if (lkb_rootfs_image_tree(job, ref, &im, &image, err) < 0)
		return -1;
	lkb_clean_image(image);
	return lkb_overlay(job->root, image, im->ref, err);
}

int lkb_rootfs_init(struct lkb_rootfs_job *job, struct lkb_error *err)
{
	for (size_t i = 0; i < job->spec->init.n; i++)
		if (add_image(job, job->spec->init.items[i], err) < 0)
			return lkb_context(err, "init[%zu]", i);
	lkb_tree_set_source(job->root, "init");
	if (lkb_standard_entries(job->root, RESOLV_TARGET, job->env->epoch, err) < 0)
		return lkb_context(err, "init");
	return 0;
}
