/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/cleanup.h"
#include "bootloader/cmdline.h"
#include "bootloader/rpi_priv.h"

/*
 * The loader: what the chooser (bootloader/chooser.c, which says what this shell wants) is to a
 * card with slots, for a partition that holds kernel and root itself. It reads the device that
 * U-Boot found it on, be that a card or a stick.
 *
 * Memory: the packed kernel below 128 MiB, unpacked to 256 MiB and moved to 2 MiB by booti; the
 * initrd, which may be large, above all that. U-Boot itself refuses to read over its own memory.
 *
 * cmdline.txt is one line, as people know it from the Pi. Behind "bootargs=" in memory it is the
 * text of an environment: so no shell takes it apart, and only a backslash has to be doubled.
 */
static const char loader[] =
	"setenv kernel_comp_addr_r 0x10000000\n"
	"setenv kernel_comp_size 0x04000000\n"
	"setenv lkb_kernel 0x00200000\n"
	"setenv lkb_fdt 0x08000000\n"
	"setenv lkb_initrd 0x14000000\n"
	"setenv bootargs\n"
	"mw.l 0x0f000000 0x746f6f62\n"
	"mw.l 0x0f000004 0x73677261\n"
	"mw.b 0x0f000008 0x3d\n"
	"setenv lkb_why \"no /cmdline.txt\"\n"
	"if load ${devtype} ${devnum}:${distro_bootpart} 0x0f000009 cmdline.txt; then\n"
	"  setexpr lkb_size ${filesize} + 9\n"
	"  env import -t -r 0x0f000000 ${lkb_size} bootargs\n"
	"  setenv lkb_why \"no /dtb/${fdtfile}\"\n"
	"  if load ${devtype} ${devnum}:${distro_bootpart} ${lkb_fdt} dtb/${fdtfile}; then\n"
	"    setenv lkb_why \"no /initrd.img\"\n"
	"    if load ${devtype} ${devnum}:${distro_bootpart} ${lkb_initrd} initrd.img; then\n"
	"      setenv lkb_initrd ${lkb_initrd}:${filesize}\n"
	"      setenv lkb_why \"no /kernel.gz\"\n"
	"      if load ${devtype} ${devnum}:${distro_bootpart} ${lkb_kernel} kernel.gz; then\n"
	"        booti ${lkb_kernel} ${lkb_initrd} ${lkb_fdt}\n"
	"        setenv lkb_why \"U-Boot cannot start the kernel\"\n"
	"      fi\n"
	"    fi\n"
	"  fi\n"
	"fi\n"
	"echo \"lkboard: it does not start: ${lkb_why}\"\n"
	"echo \"lkboard: stopped; Ctrl-C leaves this script\"\n"
	"while sleep 3600; do true; done\n";

int lkb_rpi_loader(const struct lkb_board *board, char **ret, struct lkb_error *err)
{
	if (!lkb_board_word_ok(board->name))
		return lkb_fail(err, LKB_INPUT, "'%s' is no name of a board", board->name);
	*ret = lkb_format("echo lkboard: loader for board %s\n%s", board->name, loader);
	return 0;
}

int lkb_rpi_cmdline_txt(const struct lkb_board *board, const char *own, char **ret,
			struct lkb_error *err)
{
	lkb_autofree char *line = lkb_board_cmdline(board, own);
	lkb_autostr s = {0};
	const unsigned char *c;

	for (c = (const unsigned char *)line; *c; c++) {
		if (*c < 0x20 || *c == 0x7f)
			return lkb_fail(err, LKB_INPUT,
					"the kernel command line has a control character in it");
		if (*c == '\\')
			lkb_str_addc(&s, '\\');
		lkb_str_addc(&s, (char)*c);
	}
	lkb_str_addc(&s, '\n');
	*ret = lkb_str_take(&s);
	return 0;
}

int lkb_rpi_add_ram(const struct lkb_rpi_boot_in *in, struct lkb_tree *t, struct lkb_error *err)
{
	const struct lkb_meta file = {.mode = 0644, .mtime = in->epoch};
	const struct lkb_meta dir = {.mode = 0755, .mtime = in->epoch};
	const char *cmdline = in->ram->cmdline_txt;

	if (lkb_tree_add_text(t, "cmdline.txt", &file, cmdline, strlen(cmdline), err))
		return -1;
	lkb_tree_set_source(t, "boot");
	if (lkb_tree_add_file(t, "kernel.gz", &file, &in->ram->kernel, NULL, err) ||
	    lkb_tree_add_file(t, "initrd.img", &file, &in->ram->initrd, NULL, err))
		return -1;
	return lkb_tree_graft(t, "dtb", lkb_tree_root(in->dtbs), err) ||
	       lkb_tree_add_dir(t, "dtb", &dir, NULL, err) ? -1 : 0;
}
