/* SPDX-License-Identifier: Apache-2.0 */
#include "bootloader/rpi.h"

#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "bootloader/rpi_priv.h"

#define U_BOOT "u-boot.bin"

static struct lkb_meta file_meta(const struct lkb_rpi_boot_in *in)
{
	return (struct lkb_meta){.mode = 0644, .mtime = in->epoch};
}

/* Puts a regular file of another tree into the boot partition; its data is shared. */
static int take(const struct lkb_rpi_boot_in *in, struct lkb_tree *t, const char *name,
		struct lkb_tree *from, const char *path, const char *image, struct lkb_error *err)
{
	const struct lkb_inode *inode = lkb_tree_lookup(from, path, true);
	struct lkb_meta meta = file_meta(in);

	if (!lkb_tree_name_ok(name))
		return lkb_fail(err, LKB_INPUT, "'%s' is no name of a boot file", name);
	if (!inode || inode->type != LKB_NODE_FILE)
		return lkb_fail(err, LKB_INPUT, "there is no file '%s' in %s", path, image);
	lkb_tree_set_source(t, image);
	return lkb_tree_add_file(t, name, &meta, &inode->data, NULL, err);
}

static int add_firmware(const struct lkb_rpi_boot_in *in, struct lkb_tree *t,
			struct lkb_error *err)
{
	const struct lkb_board_firmware *fw = &in->board->firmware;
	size_t i;

	for (i = 0; i < fw->files.n; i++)
		if (take(in, t, fw->files.items[i], in->firmware, fw->files.items[i], fw->image,
			 err))
			return -1;
	if (take(in, t, U_BOOT, in->u_boot, U_BOOT, fw->u_boot_image, err))
		return -1;
	for (i = 0; i < fw->device_trees.n; i++)
		if (take(in, t, fw->device_trees.keys[i], in->dtbs, fw->device_trees.values[i],
			 "boot/dtb of the kernel image", err))
			return -1;
	return 0;
}

static int add_generated(const struct lkb_rpi_boot_in *in, struct lkb_tree *t,
			 struct lkb_error *err)
{
	lkb_autofree void *settings = lkb_alloc(LKB_RPI_SETTINGS_SIZE);
	struct lkb_meta meta = file_meta(in);
	lkb_autofree char *script = NULL;
	lkb_autostr config = {0};
	size_t script_len;

	if (lkb_rpi_config_txt(in, &config, err) ||
	    lkb_rpi_boot_scr(in, &script, &script_len, err))
		return -1;
	lkb_tree_set_source(t, "bootloader");
	if (lkb_tree_add_text(t, "config.txt", &meta, config.s, config.len, err) ||
	    lkb_tree_add_text(t, "boot.scr", &meta, script, script_len, err))
		return -1;
	if (in->ram)
		return lkb_rpi_add_ram(in, t, err);
	return lkb_tree_add_text(t, "settings.env", &meta, settings, LKB_RPI_SETTINGS_SIZE, err);
}

int lkb_rpi_boot_tree(const struct lkb_rpi_boot_in *in, struct lkb_tree **ret,
		      struct lkb_error *err)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct lkb_meta root = {.mode = 0755, .mtime = in->epoch};

	if (lkb_tree_add_dir(t, "", &root, NULL, err) || add_firmware(in, t, err) ||
	    add_generated(in, t, err))
		return lkb_context(err, "boot partition of board '%s'", in->board->name);
	*ret = LKB_STEAL(t);
	return 0;
}
