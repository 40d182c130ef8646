/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/str.h"
#include "rootfs/rootfs_priv.h"

/* The order is LinuxKit's, but for one thing: what `files` puts outside of containers/ comes before
 * the containers, because their mount points depend on it; a file below containers/ still wins over
 * the image it lands in. */
static int add_all(struct lkb_rootfs_job *job, struct lkb_rootfs_kernel *ret_kernel,
		   struct lkb_error *err)
{
	if (lkb_rootfs_kernel(job, ret_kernel, err) < 0 || lkb_rootfs_init(job, err) < 0 ||
	    lkb_rootfs_release(job, err) < 0 || lkb_rootfs_files(job, false, err) < 0 ||
	    lkb_rootfs_settings(job, err) < 0 || lkb_rootfs_volumes(job, err) < 0 ||
	    lkb_rootfs_containers(job, err) < 0)
		return -1;
	return lkb_rootfs_files(job, true, err);
}

/* What stands below boot/ is for the boot loader: it is never part of the root. */
static int split_boot(struct lkb_tree *root, struct lkb_tree *boot, struct lkb_error *err)
{
	const struct lkb_inode *dir = lkb_tree_lookup(root, "boot", false);

	if (dir && dir->type == LKB_NODE_DIR && lkb_tree_graft(boot, "", dir, err) < 0)
		return lkb_context(err, "boot");
	lkb_tree_remove(root, "boot");
	return 0;
}

/* Archives say much about the mode and owner of "./" that nobody meant. */
static int set_root_directory(struct lkb_tree *t, int64_t epoch, struct lkb_error *err)
{
	const struct lkb_meta meta = lkb_rootfs_meta(epoch, 0755);

	lkb_tree_set_source(t, NULL);
	return lkb_tree_add_dir(t, "", &meta, NULL, err);
}

static struct lkb_tree *new_tree(int64_t epoch)
{
	struct lkb_tree *t = lkb_tree_new();

	lkb_tree_set_default_mtime(t, epoch);
	return t;
}

/* A block scalar ends in a newline that nobody means. */
static char *without_newline(const char *text)
{
	size_t n = text ? strlen(text) : 0;

	while (n && text[n - 1] == '\n')
		n--;
	return text ? lkb_strndup(text, n) : lkb_strdup("");
}

int lkb_rootfs_build(const struct lkb_spec *spec, struct lkb_store *store,
		     const struct lkb_rootfs_images *images, const struct lkb_rootfs_env *env,
		     struct lkb_ui *ui, struct lkb_rootfs *ret, struct lkb_error *err)
{
	lkb_auto(lkb_tree) root = new_tree(env->epoch);
	lkb_auto(lkb_tree) boot = new_tree(env->epoch);
	struct lkb_rootfs_job job = { .spec = spec, .store = store, .images = images, .env = env,
				      .ui = ui, .root = root };
	struct lkb_rootfs_kernel kernel = { 0 };
	int r;

	lkb_ids_fill(spec, &job.arena, &job.ids);
	r = add_all(&job, &kernel, err);
	lkb_arena_clear(&job.arena);
	if (r < 0 || split_boot(root, boot, err) < 0 ||
	    set_root_directory(root, env->epoch, err) < 0 ||
	    set_root_directory(boot, env->epoch, err) < 0) {
		lkb_blob_unref(kernel.kernel.blob);
		lkb_blob_unref(kernel.ucode.blob);
		return -1;
	}
	*ret = (struct lkb_rootfs){
		.root = LKB_STEAL(root),
		.boot = LKB_STEAL(boot),
		.kernel = kernel.kernel,
		.ucode = kernel.ucode,
		.cmdline = without_newline(spec->kernel.cmdline),
	};
	return 0;
}

void lkb_rootfs_clear(struct lkb_rootfs *r)
{
	if (r->root)
		lkb_tree_free(r->root);
	if (r->boot)
		lkb_tree_free(r->boot);
	lkb_blob_unref(r->kernel.blob);
	lkb_blob_unref(r->ucode.blob);
	free(r->cmdline);
	*r = (struct lkb_rootfs){ 0 };
}
