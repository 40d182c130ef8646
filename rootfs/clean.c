/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/rootfs_priv.h"

static const char *const left_behind[] = {
	".dockerenv", "Dockerfile", "dev/console", "dev/pts", "dev/shm", "etc/hostname",
};

static const char *const directories[] = {
	"dev", "dev/pts", "dev/shm", "etc", "proc", "sys",
};

static const char hosts[] =
	"127.0.0.1\tlocalhost\n"
	"::1\tlocalhost ip6-localhost ip6-loopback\n"
	"fe00::0\tip6-localnet\n"
	"ff00::0\tip6-mcastprefix\n"
	"ff02::1\tip6-allnodes\n"
	"ff02::2\tip6-allrouters\n";

static const char resolv[] = "# no name server is configured\n";

void lkb_clean_image(struct lkb_tree *t)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(left_behind); i++)
		lkb_tree_remove(t, left_behind[i]);
}

static int add_directories(struct lkb_tree *t, int64_t epoch, struct lkb_error *err)
{
	const struct lkb_meta meta = lkb_rootfs_meta(epoch, 0755);

	for (size_t i = 0; i < LKB_ARRAY_SIZE(directories); i++)
		if (!lkb_tree_lookup(t, directories[i], true) &&
		    lkb_tree_add_dir(t, directories[i], &meta, NULL, err) < 0)
			return -1;
	return 0;
}

int lkb_standard_entries(struct lkb_tree *t, const char *resolv_target, int64_t epoch,
			 struct lkb_error *err)
{
	const struct lkb_meta file = lkb_rootfs_meta(epoch, 0644);
	const struct lkb_meta link = lkb_rootfs_meta(epoch, 0777);

	if (add_directories(t, epoch, err) < 0)
		return -1;
	if (!lkb_tree_lookup(t, "etc/mtab", false) &&
	    lkb_tree_add_symlink(t, "etc/mtab", &link, "/proc/mounts", NULL, err) < 0)
		return -1;
	if (lkb_tree_add_text(t, "etc/hosts", &file, hosts, strlen(hosts), err) < 0)
		return -1;
	if (resolv_target)
		return lkb_tree_add_symlink(t, "etc/resolv.conf", &link, resolv_target, NULL, err);
	return lkb_tree_add_text(t, "etc/resolv.conf", &file, resolv, strlen(resolv), err);
}
