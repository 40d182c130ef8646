/* SPDX-License-Identifier: Apache-2.0 */
/* What the formats for machines with UEFI share: kernel, root and command line as one program. */
#include <string.h>

#include "base/alloc.h"
#include "base/ext/compress.h"
#include "base/size.h"
#include "bootloader/cmdline.h"
#include "bootloader/uki.h"
#include "plan/plan_priv.h"

#define KERNEL_MAX (256 * (size_t)LKB_MIB)
#define STUB_FILE "linux.efi.stub"

/* Kernel images come compressed where the architecture's kernel does not unpack itself; firmware
 * takes it only as it is. */
static int unpack_kernel(const struct lkb_data *k, struct lkb_data *ret, struct lkb_error *err)
{
	lkb_autofree char *packed = NULL, *bytes = NULL;
	uint8_t head[16] = {0};
	size_t n, packed_n;

	if (lkb_data_read(k, 0, head, k->len < sizeof(head) ? (size_t)k->len : sizeof(head), err))
		return -1;
	if (lkb_compression_of(head, sizeof(head)) == LKB_PLAIN) {
		*ret = *k;
		lkb_blob_ref(k->blob);
		return 0;
	}
	if (lkb_data_read_all(k, KERNEL_MAX, &packed, &packed_n, err) ||
	    lkb_inflate_buffer(packed, packed_n, KERNEL_MAX, &bytes, &n, err))
		return -1;
	*ret = (struct lkb_data){lkb_blob_new_take(LKB_STEAL(bytes), n), 0, n};
	return 0;
}

int lkb_step_kernel_efi(struct lkb_plan *p, struct lkb_error *err)
{
	lkb_autodata kernel = {0};

	if (unpack_kernel(&p->rootfs.kernel, &kernel, err) ||
	    lkb_uki_check_kernel(p->in->board->arch, &kernel, err))
		return lkb_context(err, "kernel image '%s'", p->in->spec->kernel.image);
	p->kernel = kernel;
	lkb_blob_ref(kernel.blob);
	return 0;
}

/* As os-release(5) quotes values. */
static void add_value(struct lkb_str *s, const char *key, const char *value)
{
	lkb_str_addf(s, "%s=\"", key);
	for (; *value; value++) {
		if (strchr("\"$`\\", *value))
			lkb_str_addc(s, '\\');
		lkb_str_addc(s, (unsigned char)*value < ' ' ? '?' : *value);
	}
	lkb_str_add(s, "\"\n");
}

static void make_osrel(const struct lkb_plan *p, struct lkb_str *s)
{
	const char *version = p->in->spec->lkboard.version;

	lkb_str_add(s, "ID=lkboard\n");
	add_value(s, "NAME", p->in->name);
	add_value(s, "PRETTY_NAME", p->in->name);
	add_value(s, "VERSION_ID", version ? version : "0");
}

/* The stub widens the bytes of the command line to UTF-16 one by one. */
static int check_cmdline(const struct lkb_plan *p, const char *cmdline, struct lkb_error *err)
{
	const char *c = cmdline;

	while (*c && (unsigned char)*c < 0x7f)
		c++;
	if (!*c)
		return lkb_check_cmdline(p, strlen(cmdline), err);
	lkb_fail(err, LKB_INPUT, "byte 0x%02x of the command line is not ASCII, which the EFI stub "
		 "would spoil", (unsigned char)*c);
	return lkb_at_kernel(p, err);
}

static int find_stub(struct lkb_tree *image, struct lkb_data *ret, struct lkb_error *err)
{
	const struct lkb_inode *node = lkb_tree_lookup(image, STUB_FILE, true);

	if (!node || node->type != LKB_NODE_FILE)
		return lkb_fail(err, LKB_INPUT, "image '%s' has no file '/%s'", LKB_EFI_STUB_IMAGE,
				STUB_FILE);
	*ret = node->data;
	return 0;
}

int lkb_plan_uki(struct lkb_plan *p, const struct lkb_data *initrd, size_t n, const char *cmdline,
		 struct lkb_data *ret, struct lkb_error *err)
{
	struct lkb_uki_in in = {
		.arch = p->in->board->arch, .kernel = p->kernel, .initrd = initrd, .n_initrd = n,
		.cmdline = cmdline,
	};
	lkb_auto(lkb_tree) image = NULL;
	lkb_autostr osrel = {0};
	struct lkb_blob *uki;

	make_osrel(p, &osrel);
	in.osrel = lkb_str_get(&osrel);
	if (check_cmdline(p, cmdline, err) ||
	    lkb_plan_image_tree(p, LKB_EFI_STUB_IMAGE, &image, err) ||
	    find_stub(image, &in.stub, err) || lkb_uki_make(&in, &uki, err))
		return -1;
	*ret = (struct lkb_data){uki, 0, lkb_blob_size(uki)};
	return 0;
}

int lkb_plan_efi_boot(struct lkb_product *m, const struct lkb_data *initrd, size_t n,
		      const char *cmdline, struct lkb_error *err)
{
	struct lkb_plan *p = m->plan;
	const struct lkb_meta meta = {.mode = 0644, .mtime = p->epoch};
	lkb_autodata uki = {0};

	m->boot = lkb_tree_new();
	lkb_tree_set_default_mtime(m->boot, p->epoch);
	if (lkb_plan_uki(p, initrd, n, cmdline, &uki, err))
		return -1;
	return lkb_tree_add_file(m->boot, lkb_uki_path(p->in->board->arch), &meta, &uki, NULL,
				 err);
}

int lkb_step_efi_partition(struct lkb_product *m, struct lkb_error *err)
{
	const struct lkb_plan *p = m->plan;
	lkb_autofree char *cmdline = lkb_board_cmdline(p->in->board, p->rootfs.cmdline);

	return lkb_plan_efi_boot(m, p->segments, p->n_segments, cmdline, err);
}
