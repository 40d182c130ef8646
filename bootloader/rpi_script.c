/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/proc.h"
#include "bootloader/rpi_priv.h"

#define BOOT_SCR_MAX ((size_t)1 << 20)

int lkb_rpi_boot_scr(const struct lkb_rpi_boot_in *in, char **ret, size_t *ret_n,
		     struct lkb_error *err)
{
	lkb_autofree char *script = NULL, *script_path = NULL, *image_path = NULL, *epoch = NULL;

	if (in->epoch < 0 || in->epoch > UINT32_MAX)
		return lkb_fail(err, LKB_INPUT, "the epoch %" PRId64 " does not fit into boot.scr",
				in->epoch);
	if ((in->ram ? lkb_rpi_loader : lkb_rpi_chooser)(in->board, &script, err))
		return -1;
	script_path = lkb_format("%s/0000", in->dir);
	image_path = lkb_format("%s/0001", in->dir);
	epoch = lkb_format("SOURCE_DATE_EPOCH=%" PRId64, in->epoch);
	if (lkb_write_file(script_path, script, strlen(script), 0600, err))
		return -1;

	const char *const argv[] = {"mkimage", "-A", "arm64", "-O", "linux", "-T", "script",
				    "-C", "none", "-n",
				    in->ram ? "lkboard loader" : "lkboard chooser", "-d",
				    script_path, image_path, NULL};
	const char *const env[] = {epoch, "LC_ALL=C", "TZ=UTC", NULL};
	const struct lkb_proc proc = {.argv = argv, .env = env, .package = "u-boot-tools"};

	if (lkb_proc_run(&proc, NULL, err) ||
	    lkb_read_file(image_path, BOOT_SCR_MAX, ret, ret_n, err))
		return lkb_context(err, "boot.scr");
	return 0;
}
