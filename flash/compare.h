/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_COMPARE_H
#define LKB_FLASH_COMPARE_H

#include "base/ui.h"
#include "flash/edit.h"
#include "flash/hub.h"
#include "flash/readback.h"

/* Does a device or file hold an image? As flashing verifies it, with nothing written: every range
 * that matters, in the image's order, with tables as they are fitted to the device. */
struct lkb_compare {
	struct lkb_flash_image image;
	const struct lkb_device *dev;
	const char *io_kind;
	const struct lkb_edit *edits;
	size_t n_edits;
	struct lkb_ui *ui;
};

/* *bad receives what differs (lkb_bad_list_clear() it), *ret_bytes how many bytes were compared.
 * Ranges that do not lie within the device differ. Fails for what is wrong with the image. */
int lkb_compare_run(const struct lkb_compare *c, struct lkb_bad_list *bad, uint64_t *ret_bytes,
		    struct lkb_error *err);

#endif
