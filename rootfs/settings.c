/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/rootfs_priv.h"

/* Over these the initrd mounts what was set when the card was written (etc/hostname is in every
 * root). Empty ones mean the same as none to the programs that read them. */
static const struct {
	const char *dir;
	uint32_t dir_mode;
	const char *file;
	uint32_t mode;
} places[] = {
	{ "root/.ssh", 0700, "root/.ssh/authorized_keys", 0600 },
	{ "etc/wpa_supplicant", 0755, "etc/wpa_supplicant/wpa_supplicant.conf", 0600 },
};

static int add_place(struct lkb_rootfs_job *job, size_t i, struct lkb_error *err)
{
	const struct lkb_meta dir = lkb_rootfs_meta(job->env->epoch, places[i].dir_mode);
	const struct lkb_meta file = lkb_rootfs_meta(job->env->epoch, places[i].mode);
	const struct lkb_inode *there = lkb_tree_lookup(job->root, places[i].dir, false);

	if (!there && lkb_tree_add_dir(job->root, places[i].dir, &dir, NULL, err) < 0)
		return -1;
	/* A link leads to where the spec wants it, such as the data partition. */
	if ((there && there->type != LKB_NODE_DIR) ||
	    lkb_tree_lookup(job->root, places[i].file, false))
		return 0;
	return lkb_tree_add_text(job->root, places[i].file, &file, "", 0, err);
}

int lkb_rootfs_settings(struct lkb_rootfs_job *job, struct lkb_error *err)
{
	if (!job->env->settings)
		return 0;
	lkb_tree_set_source(job->root, "lkboard");
	for (size_t i = 0; i < LKB_ARRAY_SIZE(places); i++)
		if (add_place(job, i, err) < 0)
			return -1;
	return 0;
}
