/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "board/board_priv.h"

/* What a boot method asks of its profiles, beyond the schema. */
struct family {
	const char *name;
	const char *const *needed;  /* keys it cannot do without */
	const char *const *foreign; /* keys that would mean nothing */
	const char *const *formats; /* what its boards can be built as */
	const char *arch;           /* the only one; NULL = any */
	const char *root;           /* the only root mode; NULL = any */
};

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct family families[] = {
	{
		/* Firmware and U-Boot, from a card. */
		.name = "rpi-u-boot",
		.needed = LIST("dtbs", "firmware", "initrd", "layout", "qemu.disk"),
		.foreign = LIST("netboot"),
		.formats = LIST("sd", "rpi3"),
		.arch = "arm64",
	},
	{
		/* Whoever starts the machine starts kernel and initrd; no disk is read. */
		.name = "direct",
		.needed = LIST(NULL),
		.foreign = LIST("dtbs", "firmware", "layout"),
		.formats = LIST("kernel+initrd", "tar-kernel-initrd", "tar", "docker", "oci",
				"kernel+squashfs", "kernel+erofs", "kernel+iso", "raw-bios",
				"raw-efi", "disk-efi", "qcow2-bios", "qcow2-efi", "aws", "gcp",
				"vhd", "dynamic-vhd", "vmdk", "iso-bios", "iso-efi",
				"iso-efi-initrd", "pxe"),
		.root = "ram",
	},
};

static bool in_list(const char *const *list, const char *word)
{
	while (*list && strcmp(*list, word))
		list++;
	return *list != NULL;
}

/* The object that a key is in ("qemu.disk": qemu), and the key's name in it. */
static const struct lkb_pos *object_of(const struct lkb_board *b, const char **key)
{
	static const char in_qemu[] = "qemu.";

	if (strncmp(*key, in_qemu, strlen(in_qemu)) != 0)
		return &b->pos;
	*key += strlen(in_qemu);
	return &b->qemu.pos;
}

static void check_keys(const struct lkb_board *b, const struct family *f, struct lkb_diags *diags)
{
	const char *const *k;

	for (k = f->needed; *k; k++) {
		const char *key = *k;
		const struct lkb_pos *object = object_of(b, &key);

		/* An object that is not there at all was spoken of before. */
		if (object->node && !lkb_schema_given(object, key))
			lkb_schema_error(diags, object, NULL, "the family '%s' needs the key '%s'",
					 f->name, *k);
	}
	for (k = f->foreign; *k; k++) {
		struct lkb_pos pos = lkb_schema_pos(&b->pos, *k);

		if (lkb_schema_given(&b->pos, *k))
			lkb_schema_error(diags, &pos, "leave it out",
					 "the family '%s' has no use for the key '%s'", f->name,
					 *k);
	}
}

#define NO_BIOS "there is no BIOS on '%s': it cannot be built as '%s'"

/* What only one architecture has. */
static const struct {
	const char *format, *arch, *why;
} only_on[] = {
	{"raw-bios", "amd64", NO_BIOS}, {"qcow2-bios", "amd64", NO_BIOS},
	{"aws", "amd64", NO_BIOS}, {"gcp", "amd64", NO_BIOS}, {"vhd", "amd64", NO_BIOS},
	{"dynamic-vhd", "amd64", NO_BIOS}, {"vmdk", "amd64", NO_BIOS},
	{"iso-bios", "amd64", NO_BIOS},
};

static void check_format(const struct lkb_board *b, size_t i, struct lkb_diags *diags)
{
	const char *format = b->formats.items[i];
	size_t j;

	for (j = 0; j < LKB_ARRAY_SIZE(only_on); j++)
		if (b->arch && !strcmp(format, only_on[j].format) &&
		    strcmp(b->arch, only_on[j].arch) != 0)
			lkb_schema_error(diags, &b->formats.pos[i], "leave it out",
					 only_on[j].why, b->arch, format);
}

static void check_values(const struct lkb_board *b, const struct family *f,
			 struct lkb_diags *diags)
{
	struct lkb_pos arch = lkb_schema_pos(&b->pos, "arch");
	struct lkb_pos root = lkb_schema_pos(&b->pos, "root");
	struct lkb_pos ucode = lkb_schema_pos(&b->pos, "ucode");
	size_t i;

	if (f->arch && b->arch && strcmp(b->arch, f->arch))
		lkb_schema_error(diags, &arch, NULL, "the family '%s' is for '%s' only", f->name,
				 f->arch);
	if (b->ucode && b->arch && strcmp(b->arch, "amd64"))
		lkb_schema_error(diags, &ucode, "leave it out",
				 "only processors of 'amd64' are given microcode");
	if (f->root && b->root && strcmp(b->root, f->root))
		lkb_schema_error(diags, &root, NULL, "the family '%s' is for the root '%s' only",
				 f->name, f->root);
	for (i = 0; i < b->formats.n; i++) {
		check_format(b, i, diags);
		if (!in_list(f->formats, b->formats.items[i]))
			lkb_schema_error(diags, &b->formats.pos[i], NULL,
					 "the family '%s' cannot be built as '%s'", f->name,
					 b->formats.items[i]);
	}
}

void lkb_board_check_family(const struct lkb_board *b, struct lkb_diags *diags)
{
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(families); i++) {
		if (!b->family || strcmp(b->family, families[i].name))
			continue;
		check_keys(b, &families[i], diags);
		check_values(b, &families[i], diags);
	}
}
