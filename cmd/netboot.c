/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/netboot.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/path.h"
#include "base/size.h"
#include "rootfs/oci/ref.h"
#include "rootfs/pkg/pkg.h"

#define LOADER_MAX (64 * (size_t)LKB_MIB)
#define SUFFIX ".ipxe"

/* iPXE as a program for UEFI looks for its script under this name where it came from itself. */
#define SCRIPT_OF_LOADER "autoexec.ipxe"
#define SCRIPT "boot.ipxe"
#define LOADER "loader.efi"

void lkb_netboot_clear(struct lkb_netboot *n)
{
	lkb_tmpdir_clear(&n->dir);
}

static int one_script(const char *dir, const struct lkb_strv *names, struct lkb_error *err)
{
	if (names->n == 1)
		return 0;
	if (!names->n) {
		lkb_fail(err, LKB_INPUT, "the directory '%s' holds no iPXE script", dir);
		return lkb_hint(err, "'lkboard build -f pxe' makes one that does");
	}
	lkb_fail(err, LKB_INPUT, "the directory '%s' holds the scripts '%s' and '%s'", dir,
		 names->items[0], names->items[1]);
	return lkb_hint(err, "name one of them");
}

int lkb_netboot_script(const char *path, char **ret, struct lkb_error *err)
{
	DIR *dir = opendir(path);
	lkb_autostrv names = {0};
	struct dirent *e;

	if (!dir && errno == ENOTDIR) {
		*ret = lkb_strdup(path);
		return 0;
	}
	if (!dir)
		return lkb_fail_errno(err, "cannot read the directory '%s'", path);
	while ((e = readdir(dir)))
		if (lkb_ends_with(e->d_name, SUFFIX))
			lkb_strv_add(&names, e->d_name);
	closedir(dir);
	lkb_strv_sort(&names);
	if (one_script(path, &names, err))
		return -1;
	*ret = lkb_path_join(path, names.items[0]);
	return 0;
}

/* QEMU's TFTP server follows links. */
static int add_link(const struct lkb_netboot *n, const char *name, const char *target,
		    struct lkb_error *err)
{
	lkb_autofree char *link = lkb_path_join(n->dir.path, name), *whole = realpath(target, NULL);

	if (!whole)
		return lkb_fail_errno(err, "cannot find '%s'", target);
	if (symlink(whole, link) < 0)
		return lkb_fail_errno(err, "cannot make the link '%s'", link);
	return 0;
}

/* The image of the store; made where it is one of ours. */
static int find_image(struct lkb_ctx *ctx, const struct lkb_board *board, struct lkb_store *store,
		      struct lkb_image **ret, struct lkb_error *err)
{
	const struct lkb_pkg_env env = {
		.configs_dir = ctx->configs_dir, .local_dir = ctx->ondevice_dir,
		.arch = board->arch, .ui = ctx->ui,
	};
	struct lkb_platform platform = {0};
	lkb_auto(lkb_pkg) pkg = NULL;
	struct lkb_sha256 manifest;
	lkb_autofree char *name = NULL;
	lkb_autoref ref = {0};

	if (lkb_ref_parse(board->qemu.netboot_loader.image, &ref, err))
		return -1;
	name = lkb_ref_text(&ref);
	if (lkb_pkg_for_ref(ctx->configs_dir, name, &pkg, err) ||
	    (pkg && lkb_pkg_build(pkg, store, &env, &manifest, err)))
		return -1;
	lkb_platform_set(&platform, board->arch, NULL);
	return lkb_store_resolve(store, name, &platform, ret, err);
}

static int add_loader(struct lkb_ctx *ctx, const struct lkb_board *board,
		      const struct lkb_netboot *n, struct lkb_error *err)
{
	const struct lkb_board_loader *loader = &board->qemu.netboot_loader;
	lkb_autofree char *path = lkb_path_join(n->dir.path, LOADER), *bytes = NULL;
	lkb_auto(lkb_store) store = NULL;
	lkb_auto(lkb_image) image = NULL;
	lkb_auto(lkb_tree) tree = NULL;
	const struct lkb_inode *file;
	size_t len;

	if (lkb_ctx_store(ctx, &store, err) || find_image(ctx, board, store, &image, err) ||
	    lkb_store_image_tree(store, image, ctx->ui, &tree, err))
		return lkb_context(err, "loader of board '%s'", board->name);
	file = lkb_tree_lookup(tree, loader->file, true);
	if (!file || file->type != LKB_NODE_FILE)
		return lkb_fail(err, LKB_INPUT, "image '%s' of board '%s' has no file '%s'",
				loader->image, board->name, loader->file);
	if (lkb_data_read_all(&file->data, LOADER_MAX, &bytes, &len, err))
		return -1;
	return lkb_write_file(path, bytes, len, 0644, err);
}

int lkb_netboot_stage(struct lkb_ctx *ctx, const struct lkb_board *board, const char *script,
		      struct lkb_netboot *ret, struct lkb_error *err)
{
	static const char *const beside[] = {"kernel", "initrd"};
	bool has_loader = board->qemu.netboot_loader.image;
	lkb_autofree char *dir = lkb_path_dirname(script);
	size_t i;

	if (!board->qemu.netboot_args.n)
		return lkb_fail(err, LKB_USAGE, "board '%s' does not boot from the network in QEMU",
				board->name);
	if (lkb_tmpdir_make(&ret->dir, err) ||
	    add_link(ret, has_loader ? SCRIPT_OF_LOADER : SCRIPT, script, err))
		return -1;
	for (i = 0; i < LKB_ARRAY_SIZE(beside); i++) {
		lkb_autofree char *path = lkb_path_join(dir, beside[i]);

		if (add_link(ret, beside[i], path, err))
			return -1;
	}
	ret->bootfile = has_loader ? LOADER : SCRIPT;
	return has_loader ? add_loader(ctx, board, ret, err) : 0;
}
