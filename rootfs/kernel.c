/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "rootfs/rootfs_priv.h"
#include "rootfs/tree/tar.h"

#define DEFAULT_BINARY "kernel"
#define DEFAULT_TAR "kernel.tar"
#define CPIO_MAGIC "070701"
/* So many names of an image's root are worth showing. */
#define SHOWN_NAMES 12

/* Says what the image has instead, and that an archive need not be. */
static int hint_contents(struct lkb_tree *image, const char *key, struct lkb_error *err)
{
	const struct lkb_inode *root = lkb_tree_root(image);
	lkb_autostr names = { 0 };

	for (size_t i = 0; i < root->n_entries && i < SHOWN_NAMES; i++)
		lkb_str_addf(&names, "%s'%s'", i ? ", " : "", root->entries[i].name);
	if (root->n_entries > SHOWN_NAMES)
		lkb_str_addf(&names, " and %zu more", root->n_entries - SHOWN_NAMES);
	if (!root->n_entries)
		return lkb_hint(err, "the image is empty");
	return lkb_hint(err, "the image holds %s%s", lkb_str_get(&names),
			strcmp(key, "tar") ? "" : "; 'tar: none' if it has no modules");
}

static int find_file(struct lkb_tree *image, const char *ref, const char *key, const char *name,
		     const struct lkb_inode **ret, struct lkb_error *err)
{
	const struct lkb_inode *node = lkb_tree_lookup(image, name, true);

	if (!node || node->type != LKB_NODE_FILE) {
		lkb_fail(err, LKB_INPUT, "kernel image '%s' has no file '%s' (kernel.%s)", ref,
			 name, key);
		return hint_contents(image, key, err);
	}
	*ret = node;
	return 0;
}

static bool wants_tar(const char *tar)
{
	return *tar && strcmp(tar, "none");
}

static int unpack_tar(struct lkb_rootfs_job *job, const struct lkb_data *data, const char *ref,
		      const char *name, struct lkb_error *err)
{
	lkb_auto(lkb_tree) modules = lkb_tree_new();

	lkb_tree_set_default_mtime(modules, job->env->epoch);
	lkb_tree_set_scratch(modules, lkb_store_scratch(job->store));
	if (lkb_tar_to_tree(data, modules, "", err) < 0)
		return lkb_context(err, "'%s' of kernel image '%s'", name, ref);
	return lkb_overlay(job->root, modules, ref, err);
}

/* The kernel looks for microcode in an uncompressed archive before all others
 * (Documentation/arch/x86/microcode.rst); other processors have none to load. */
static int find_ucode(const struct lkb_rootfs_job *job, struct lkb_tree *image, const char *ref,
		      const struct lkb_inode **ret, struct lkb_error *err)
{
	const char *given = job->spec->kernel.ucode, *name = given ? given : job->env->ucode;
	char magic[6];

	if (!name || !*name || strcmp(job->env->arch, "amd64") ||
	    (!given && !lkb_tree_lookup(image, name, true)))
		return 0;
	if (find_file(image, ref, "ucode", name, ret, err) < 0)
		return -1;
	if ((*ret)->data.len >= sizeof(magic) &&
	    !lkb_data_read(&(*ret)->data, 0, magic, sizeof(magic), NULL) &&
	    !memcmp(magic, CPIO_MAGIC, sizeof(magic)))
		return 0;
	lkb_fail(err, LKB_INPUT, "'%s' of kernel image '%s' (kernel.ucode) is no cpio archive",
		 name, ref);
	return lkb_hint(err, "microcode is an uncompressed archive in the newc format");
}

int lkb_rootfs_kernel(struct lkb_rootfs_job *job, struct lkb_rootfs_kernel *ret,
		      struct lkb_error *err)
{
	const struct lkb_spec_kernel *spec = &job->spec->kernel;
	const char *binary = spec->binary && *spec->binary ? spec->binary : DEFAULT_BINARY;
	const char *tar = spec->tar ? spec->tar : DEFAULT_TAR;
	const struct lkb_inode *kernel = NULL, *archive = NULL, *ucode = NULL;
	const struct lkb_image *im = NULL;
	lkb_auto(lkb_tree) image = NULL;

	if (!spec->image || !*spec->image)
		return 0;
	if (lkb_rootfs_image_tree(job, spec->image, &im, &image, err) < 0)
		return lkb_context(err, "kernel");
	if (find_file(image, im->ref, "binary", binary, &kernel, err) < 0 ||
	    find_ucode(job, image, im->ref, &ucode, err) < 0)
		return lkb_at_pos(&spec->pos, err);
	if (wants_tar(tar)) {
		if (find_file(image, im->ref, "tar", tar, &archive, err) < 0)
			return lkb_at_pos(&spec->pos, err);
		if (unpack_tar(job, &archive->data, im->ref, tar, err) < 0)
			return -1;
	}
	ret->kernel = kernel->data;
	lkb_blob_ref(ret->kernel.blob);
	if (ucode) {
		ret->ucode = ucode->data;
		lkb_blob_ref(ret->ucode.blob);
	}
	return 0;
}
