/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ext/compress.h"
#include "base/file.h"
#include "base/size.h"
#include "bootloader/rpi.h"
#include "dtb/dtb.h"
#include "plan/plan_priv.h"
#include "rootfs/tree/cpio.h"

#define ZSTD_LEVEL 9
#define GZIP_LEVEL 6
#define HOSTNAME_MAX 64 /* what the kernel takes */
#define KERNEL_MAX (256 * (size_t)LKB_MIB)
#define UCODE_MAX (64 * (size_t)LKB_MIB)

static const char *hostname_of(const struct lkb_plan *p)
{
	const char *given = p->in->spec->lkboard.hostname;

	return given ? given : p->in->name;
}

static const char *version_of(const struct lkb_plan *p)
{
	const char *given = p->in->spec->lkboard.version;

	return given ? given : "0";
}

static struct lkb_meta meta_of(const struct lkb_plan *p, uint32_t mode)
{
	return (struct lkb_meta){.mode = mode, .mtime = p->epoch};
}

int lkb_step_rootfs(struct lkb_plan *p, struct lkb_error *err)
{
	struct lkb_rootfs_env env = {
		.name = p->in->name,
		.board = p->in->board->name,
		.arch = p->in->board->arch,
		.ucode = p->in->board->ucode,
		.version = version_of(p),
		.hostname = hostname_of(p),
		.epoch = p->epoch,
		.settings = !strcmp(p->in->board->family, "rpi-u-boot"),
	};

	if (strlen(env.hostname) > HOSTNAME_MAX) {
		lkb_fail(err, LKB_INPUT, "'%s' is too long for a host name", env.hostname);
		return lkb_hint(err, "give lkboard.hostname, or a --name of up to %d bytes",
				HOSTNAME_MAX);
	}
	if (lkb_rootfs_build(p->in->spec, p->in->store, &p->images, &env, p->in->ui, &p->rootfs,
			     err))
		return -1;
	return lkb_check_cmdlines(p, err);
}

/* The bytes of the spec's overlays, in its order. */
struct overlays {
	const struct lkb_strlist *paths;
	struct overlay {
		char *bytes; /* owned */
		size_t n;
	} *items; /* owned */
};

static void clear_overlays(struct overlays *o)
{
	size_t i;

	for (i = 0; o->items && i < o->paths->n; i++)
		free(o->items[i].bytes);
	free(o->items);
}

static int read_overlays(struct lkb_plan *p, struct overlays *o, struct lkb_error *err)
{
	size_t i;

	p->overlays = lkb_alloc_array(o->paths->n, sizeof(*p->overlays));
	o->items = lkb_alloc_array(o->paths->n, sizeof(*o->items));
	for (i = 0; i < o->paths->n; i++) {
		struct overlay *item = &o->items[i];

		if (lkb_read_file(o->paths->items[i], LKB_DTB_MAX, &item->bytes, &item->n, err))
			return lkb_context(err, "lkboard.overlays[%zu]", i);
		p->overlays[i] = lkb_sha256(item->bytes, item->n);
	}
	return 0;
}

/* One device tree of the kernel image, checked, with the overlays on it. */
static int add_device_tree(struct lkb_plan *p, const char *path, const struct overlays *overlays,
			   struct lkb_error *err)
{
	lkb_autofree char *in_boot = lkb_format("dtb/%s", path);
	const struct lkb_inode *node = lkb_tree_lookup(p->rootfs.boot, in_boot, true);
	struct lkb_meta m = meta_of(p, 0644);
	lkb_autofree char *dtb = NULL;
	size_t n, i;

	if (!node || node->type != LKB_NODE_FILE) {
		lkb_fail(err, LKB_INPUT, "the kernel image has no device tree 'boot/%s'", in_boot);
		return lkb_hint(err, "board '%s' needs it; use a kernel image for this board",
				p->in->board->name);
	}
	if (lkb_data_read_all(&node->data, LKB_DTB_MAX, &dtb, &n, err) ||
	    lkb_dtb_check(dtb, n, path, err))
		return lkb_context(err, "kernel image's device tree");
	for (i = 0; i < overlays->paths->n; i++) {
		void *merged;

		if (lkb_dtb_overlay(dtb, n, path, overlays->items[i].bytes, overlays->items[i].n,
				    overlays->paths->items[i], &merged, &n, err))
			return -1;
		free(dtb);
		dtb = merged;
	}
	return lkb_tree_add_text(p->dtbs, path, &m, dtb, n, err);
}

int lkb_step_device_trees(struct lkb_plan *p, struct lkb_error *err)
{
	struct overlays overlays __attribute__((cleanup(clear_overlays))) = {
		.paths = &p->in->spec->lkboard.overlay_paths,
	};
	size_t i;

	p->dtbs = lkb_tree_new();
	lkb_tree_set_default_mtime(p->dtbs, p->epoch);
	if (read_overlays(p, &overlays, err))
		return -1;
	for (i = 0; i < p->in->board->dtbs.n; i++)
		if (add_device_tree(p, p->in->board->dtbs.items[i], &overlays, err))
			return -1;
	return 0;
}

static int append(void *ctx, const void *bytes, size_t n, struct lkb_error *err)
{
	lkb_str_addn(ctx, bytes, n);
	return 0;
}

static struct lkb_data take_bytes(struct lkb_str *s)
{
	size_t n = s->len;

	return (struct lkb_data){lkb_blob_new_take(lkb_str_take(s), n), 0, n};
}

static int compress(enum lkb_compression how, int level, const struct lkb_data *d,
		    struct lkb_data *ret, struct lkb_error *err)
{
	lkb_autostr out = {0};
	lkb_auto(lkb_deflate) z = lkb_deflate_new(how, level, append, &out);
	lkb_autofree char *bytes = NULL;
	size_t n;

	if (lkb_data_read_all(d, KERNEL_MAX, &bytes, &n, err) ||
	    lkb_deflate_feed(z, bytes, n, err) || lkb_deflate_end(z, err))
		return -1;
	*ret = take_bytes(&out);
	return 0;
}

/* U-Boot's booti takes an arm64 Image, plain or gzip. It is gzip on the card: less to read. */
static int want_gzip_image(struct lkb_plan *p, struct lkb_error *err)
{
	const struct lkb_data *k = &p->rootfs.kernel;
	uint8_t head[64] = {0};

	if (k->len < sizeof(head) || lkb_data_read(k, 0, head, sizeof(head), err))
		return lkb_fail(err, LKB_INPUT, "the kernel is only %llu bytes large",
				(unsigned long long)k->len);
	if (lkb_compression_of(head, sizeof(head)) == LKB_GZIP) {
		p->kernel = *k;
		lkb_blob_ref(k->blob);
		return 0;
	}
	if (!memcmp(head, "MZ", 2) && !memcmp(head + 4, "zimg", 4)) {
		lkb_fail(err, LKB_INPUT,
			 "the kernel is an EFI zboot image, which U-Boot cannot start");
		return lkb_hint(err, "use a kernel built without CONFIG_EFI_ZBOOT");
	}
	if (memcmp(head + 56, "ARM\x64", 4) != 0) {
		lkb_fail(err, LKB_INPUT, "the kernel is neither an arm64 Image nor a gzip file");
		return lkb_hint(err, "kernel.binary names the file in the kernel image");
	}
	return compress(LKB_GZIP, GZIP_LEVEL, k, &p->kernel, err);
}

int lkb_step_kernel(struct lkb_plan *p, struct lkb_error *err)
{
	if (want_gzip_image(p, err))
		return lkb_context(err, "kernel image '%s'", p->in->spec->kernel.image);
	return 0;
}

static int feed(void *ctx, const void *bytes, size_t n, struct lkb_error *err)
{
	return lkb_deflate_feed(ctx, bytes, n, err);
}

/* Microcode goes first, as it is; the kernel starts the next archive at a multiple of four. */
int lkb_plan_ucode(const struct lkb_plan *p, struct lkb_str *out, struct lkb_error *err)
{
	const struct lkb_data *ucode = &p->rootfs.ucode;
	lkb_autofree char *bytes = NULL;
	size_t n;

	if (!ucode->blob)
		return 0;
	if (lkb_data_read_all(ucode, UCODE_MAX, &bytes, &n, err))
		return lkb_context(err, "kernel.ucode");
	lkb_str_addn(out, bytes, n);
	while (out->len % 4)
		lkb_str_addc(out, '\0');
	return 0;
}

static int write_initrd(struct lkb_plan *p, const struct lkb_inode *root, struct lkb_error *err)
{
	lkb_autostr out = {0};
	lkb_auto(lkb_deflate) z = lkb_deflate_new(LKB_ZSTD, ZSTD_LEVEL, append, &out);

	if (lkb_plan_ucode(p, &out, err) ||
	    lkb_cpio_write(root, p->epoch, feed, z, NULL, err) ||
	    lkb_deflate_end(z, err))
		return -1;
	p->initrd = take_bytes(&out);
	return 0;
}

/* The slot's initrd: our init, the modules that the root needs, and their order. */
static int fill_initrd(struct lkb_plan *p, struct lkb_tree *t, struct lkb_error *err)
{
	static const char *const dirs[] = {"dev", "proc", "sys", "root"};
	struct lkb_meta dir = meta_of(p, 0755), file = meta_of(p, 0644);
	lkb_auto(lkb_tree) image = NULL;
	lkb_autostr list = {0};
	const struct lkb_inode *init;
	size_t i;

	if (lkb_plan_image_tree(p, p->in->board->initrd.image, &image, err))
		return -1;
	init = lkb_tree_lookup(image, "init", true);
	if (!init || init->type != LKB_NODE_FILE)
		return lkb_fail(err, LKB_INPUT, "image '%s' of board '%s' has no /init",
				p->in->board->initrd.image, p->in->board->name);
	if (lkb_tree_graft(t, "init", init, err))
		return -1;
	for (i = 0; i < LKB_ARRAY_SIZE(dirs); i++)
		if (lkb_tree_add_dir(t, dirs[i], &dir, NULL, err))
			return -1;
	for (i = 0; i < p->initrd_modules.n; i++) {
		const char *path = p->initrd_modules.items[i];
		const struct lkb_inode *module = lkb_tree_lookup(p->rootfs.root, path, true);

		if (!module || module->type != LKB_NODE_FILE)
			return lkb_fail(err, LKB_INPUT,
					"modules.dep names '%s', which is not there", path);
		if (lkb_tree_graft(t, path, module, err))
			return -1;
		lkb_str_addf(&list, "%s\n", path);
	}
	return lkb_tree_add_text(t, "etc/lkboard/modules", &file, lkb_str_get(&list), list.len,
				 err);
}

int lkb_step_initrd_slot(struct lkb_plan *p, struct lkb_error *err)
{
	if (!p->in->board->initrd.image) {
		lkb_fail(err, LKB_INPUT, "board '%s' has no initrd that finds a root on a disk",
			 p->in->board->name);
		return lkb_hint(err, "add the key 'initrd' to '%s', or choose another format",
				p->in->board->path);
	}
	p->initrd_tree = lkb_tree_new();
	lkb_tree_set_default_mtime(p->initrd_tree, p->epoch);
	if (lkb_modules_order(p->rootfs.root, &p->in->board->initrd.modules, &p->initrd_modules,
			      err) ||
	    fill_initrd(p, p->initrd_tree, err))
		return -1;
	return write_initrd(p, lkb_tree_root(p->initrd_tree), err);
}

/* The slot is the root and its own /boot. */
int lkb_step_slot(struct lkb_plan *p, struct lkb_error *err)
{
	struct lkb_meta file = meta_of(p, 0644), dir = meta_of(p, 0755);
	struct lkb_tree *root = p->rootfs.root;

	if (!lkb_tree_lookup(root, "sbin/init", true)) {
		lkb_fail(err, LKB_INPUT, "none of the init images brings /sbin/init");
		return lkb_hint(err, "add 'localhost/init:bookworm' to 'init:'");
	}
	lkb_tree_set_source(root, "boot");
	if (lkb_tree_add_dir(root, "boot", &dir, NULL, err) ||
	    lkb_tree_add_file(root, "boot/kernel.gz", &file, &p->kernel, NULL, err) ||
	    lkb_tree_add_file(root, "boot/initrd.img", &file, &p->initrd, NULL, err))
		return -1;
	return lkb_tree_graft(root, "boot/dtb", lkb_tree_root(p->dtbs), err);
}

int lkb_plan_rpi_boot(struct lkb_product *m, const struct lkb_rpi_ram *ram, struct lkb_error *err)
{
	struct lkb_plan *p = m->plan;
	const struct lkb_board *board = p->in->board;
	lkb_auto(lkb_tree) firmware = NULL;
	lkb_auto(lkb_tree) u_boot = NULL;
	lkb_autotmpdir dir = {0};
	struct lkb_rpi_boot_in in = {
		.board = board,
		.dtbs = p->dtbs,
		.config_txt = p->in->spec->lkboard.config_txt.items,
		.n_config_txt = p->in->spec->lkboard.config_txt.n,
		.ram = ram,
		.epoch = p->epoch,
	};

	if (lkb_plan_image_tree(p, board->firmware.image, &firmware, err) ||
	    lkb_plan_image_tree(p, board->firmware.u_boot_image, &u_boot, err) ||
	    lkb_store_tmpdir(p->in->store, &dir, err))
		return -1;
	in.dir = dir.path;
	in.firmware = firmware;
	in.u_boot = u_boot;
	return lkb_rpi_boot_tree(&in, &m->boot, err);
}

int lkb_step_boot_partition(struct lkb_product *m, struct lkb_error *err)
{
	return lkb_plan_rpi_boot(m, NULL, err);
}
