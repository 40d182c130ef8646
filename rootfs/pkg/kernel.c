/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/pkg/kernel_priv.h"

#include <string.h>

#include "base/alloc.h"
#include "base/ext/compress.h"
#include "base/path.h"
#include "base/size.h"
#include "rootfs/tree/tar.h"

#define CHUNK ((size_t)256 * 1024)
#define MAX_KERNEL (256 * LKB_MIB)
#define GZIP_LEVEL 9

static bool matches_any(const struct lkb_strlist *globs, const char *path)
{
	size_t i;

	for (i = 0; i < globs->n; i++)
		if (lkb_glob_match(globs->items[i], path))
			return true;
	return false;
}

bool lkb_kernel_wants(const struct lkb_pkg_kernel *k, const char *path)
{
	return k->image && (lkb_glob_match(k->image, path) || matches_any(&k->dtbs, path) ||
			    lkb_ucode_wants(&k->ucode, path) ||
			    (k->modules.n && (lkb_starts_with(path, "lib/modules/") ||
					      lkb_starts_with(path, "usr/lib/modules/"))));
}

static int to_str(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	lkb_str_addn(ctx, p, n);
	return 0;
}

static int gzip(const struct lkb_data *data, struct lkb_str *ret, struct lkb_error *err)
{
	lkb_auto(lkb_deflate) z = lkb_deflate_new(LKB_GZIP, GZIP_LEVEL, to_str, ret);
	lkb_autofree char *buf = lkb_alloc(CHUNK);
	uint64_t at;

	for (at = 0; at < data->len; at += CHUNK) {
		size_t n = data->len - at < CHUNK ? (size_t)(data->len - at) : CHUNK;

		if (lkb_data_read(data, at, buf, n, err) || lkb_deflate_feed(z, buf, n, err))
			return -1;
	}
	return lkb_deflate_end(z, err);
}

/* An x86 bzImage unpacks itself, and boot loaders read its header: 0x55 0xaa at 0x1fe, a jump,
 * "HdrS" at 0x202 (Linux Documentation/x86/boot.rst). */
static int is_bzimage(const struct lkb_data *data, bool *ret, struct lkb_error *err)
{
	uint8_t head[8] = {0};

	if (data->len >= 0x1fe + sizeof(head) &&
	    lkb_data_read(data, 0x1fe, head, sizeof(head), err))
		return -1;
	*ret = head[0] == 0x55 && head[1] == 0xaa && !memcmp(head + 4, "HdrS", 4);
	return 0;
}

/* Hands the bytes of a string to the tree as a file. */
static int add_str(struct lkb_tree *t, const char *path, struct lkb_str *s, int64_t mtime,
		   struct lkb_error *err)
{
	const struct lkb_meta meta = {.mode = 0644, .mtime = mtime};
	size_t n = s->len;
	lkb_auto(lkb_blob) blob = lkb_blob_new_take(lkb_str_take(s), n);
	const struct lkb_data data = {.blob = blob, .len = n};

	return lkb_tree_add_file(t, path, &meta, &data, NULL, err);
}

static int find_image(const struct lkb_pkg_kernel *k, const struct lkb_deb_files *debs, size_t n,
		      const struct lkb_deb_entry **ret, struct lkb_error *err)
{
	const struct lkb_deb_entry *found = NULL;
	size_t i, j;

	for (i = 0; i < n; i++) {
		for (j = 0; j < debs[i].n; j++) {
			const struct lkb_deb_entry *e = &debs[i].items[j];

			if (e->type != LKB_NODE_FILE || e->hardlink ||
			    !lkb_glob_match(k->image, e->path))
				continue;
			if (found)
				return lkb_fail(err, LKB_INPUT, "'%s' matches two kernels: '%s' "
						"and '%s'", k->image, found->path, e->path);
			found = e;
		}
	}
	if (!found)
		return lkb_fail(err, LKB_INPUT, "'%s' matches no kernel", k->image);
	if (found->data.len > MAX_KERNEL)
		return lkb_fail(err, LKB_INPUT, "kernel '%s' is larger than %s", found->path,
				lkb_size_text(MAX_KERNEL).s);
	*ret = found;
	return 0;
}

/* ".../broadcom/NAME.dtb" goes to boot/dtb/broadcom/NAME.dtb: U-Boot's `fdtfile` says so. */
static char *dtb_place(const char *path)
{
	lkb_autofree char *dir = lkb_path_dirname(path);

	return lkb_format("boot/dtb/%s/%s", lkb_path_basename(dir), lkb_path_basename(path));
}

static int add_dtbs(const char *glob, const struct lkb_deb_files *debs, size_t n,
		    struct lkb_tree *t, int64_t mtime, struct lkb_error *err)
{
	const struct lkb_meta meta = {.mode = 0644, .mtime = mtime};
	bool found = false;
	size_t i, j;

	for (i = 0; i < n; i++) {
		for (j = 0; j < debs[i].n; j++) {
			const struct lkb_deb_entry *e = &debs[i].items[j];
			lkb_autofree char *to = dtb_place(e->path);

			if (e->type != LKB_NODE_FILE || e->hardlink ||
			    !lkb_glob_match(glob, e->path))
				continue;
			found = true;
			if (lkb_tree_add_file(t, to, &meta, &e->data, NULL, err))
				return -1;
		}
	}
	if (!found)
		return lkb_fail(err, LKB_INPUT, "'%s' matches no device tree", glob);
	return 0;
}

/* LinuxKit's kernel.tar: what of a kernel goes into the root, and boot/. */
static int build_tar(const struct lkb_pkg_kernel *k, const struct lkb_deb_files *debs, size_t n,
		     const char *scratch, int64_t mtime, struct lkb_str *ret,
		     struct lkb_error *err)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_automodules m = {0};
	size_t i;

	lkb_tree_set_default_mtime(t, mtime);
	for (i = 0; i < k->dtbs.n; i++)
		if (add_dtbs(k->dtbs.items[i], debs, n, t, mtime, err))
			return -1;
	if (k->modules.n && (lkb_modules_collect(debs, n, &m, err) ||
			     lkb_modules_select(&m, &k->modules, err) ||
			     lkb_modules_write(&m, scratch, t, mtime, err)))
		return -1;
	return lkb_tar_write(lkb_tree_root(t), mtime, to_str, ret, err);
}

/* What boot loaders take: a bzImage as it is, an arm64 Image compressed. */
static int add_image(const struct lkb_data *image, struct lkb_tree *t, int64_t mtime,
		     struct lkb_error *err)
{
	const struct lkb_meta meta = {.mode = 0644, .mtime = mtime};
	lkb_autostr packed = {0};
	bool bzimage;

	if (is_bzimage(image, &bzimage, err))
		return -1;
	if (bzimage)
		return lkb_tree_add_file(t, "kernel", &meta, image, NULL, err);
	return gzip(image, &packed, err) || add_str(t, "kernel", &packed, mtime, err) ? -1 : 0;
}

static int add_ucode(const struct lkb_pkg_kernel *k, const struct lkb_deb_files *debs, size_t n,
		     struct lkb_tree *t, int64_t mtime, struct lkb_error *err)
{
	lkb_autostr cpio = {0};

	if (!k->ucode.pos.line)
		return 0;
	if (lkb_ucode_build(&k->ucode, debs, n, mtime, &cpio, err))
		return lkb_context(err, "ucode");
	return add_str(t, "ucode.cpio", &cpio, mtime, err);
}

int lkb_kernel_build(const struct lkb_pkg_kernel *k, const struct lkb_deb_files *debs, size_t n,
		     const char *scratch, struct lkb_tree *t, int64_t mtime,
		     struct lkb_error *err)
{
	const struct lkb_deb_entry *image = NULL;
	lkb_autostr tar = {0};

	if (find_image(k, debs, n, &image, err) || add_image(&image->data, t, mtime, err))
		return -1;
	if (build_tar(k, debs, n, scratch, mtime, &tar, err))
		return lkb_context(err, "kernel.tar");
	if (add_str(t, "kernel.tar", &tar, mtime, err))
		return -1;
	return add_ucode(k, debs, n, t, mtime, err);
}
