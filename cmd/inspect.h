/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_CMD_INSPECT_H
#define LKB_CMD_INSPECT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"
#include "bootloader/slot/slot.h"
#include "rootfs/tree/blob.h"

/* One kind of file that `inspect` knows: told by its bytes, described as JSON; the text form is
 * derived from that, so the two cannot differ. */
struct lkb_inspect_kind {
	const char *name;
	bool (*is)(const struct lkb_blob *blob);
	/* *ret is a new reference. Arrays become tables, "text" stands last, as it is. */
	int (*describe)(const char *path, struct lkb_blob *blob, json_t **ret,
			struct lkb_error *err);
};

extern const struct lkb_inspect_kind lkb_inspect_card, lkb_inspect_map, lkb_inspect_dtb,
	lkb_inspect_script, lkb_inspect_record, lkb_inspect_initrd, lkb_inspect_disk,
	lkb_inspect_iso, lkb_inspect_root_image, lkb_inspect_vdisk, lkb_inspect_kernel,
	lkb_inspect_efi_program, lkb_inspect_archive, lkb_inspect_fat_image;
/* In the order in which they are tried; ends with NULL. */
extern const struct lkb_inspect_kind *const lkb_inspect_kinds[];

/* Bytes of the file as a JSON string: what is no text is shown as "\xNN". With `lines`, tabs and
 * line breaks stay. */
json_t *lkb_inspect_string(const void *p, size_t n, bool lines);

/* The values of a state record or slot trailer. */
json_t *lkb_inspect_env(const uint8_t block[LKB_ENV_SIZE]);
/* The file system that starts there; NULL if it is none that is known. */
const char *lkb_inspect_system(const struct lkb_data *d);
/* An EFI program: machine, and what a unified kernel image has in it; NULL if it is none. */
json_t *lkb_inspect_efi(const struct lkb_data *file);
/* Adds the files of a FAT32, and those that are EFI programs once more. `where` and number say
 * which one it is: "partition", 1. */
int lkb_inspect_fat(const struct lkb_data *part, const char *where, int number, json_t *files,
		    json_t *programs, struct lkb_error *err);

/* The text form of a description. */
void lkb_inspect_text(const json_t *what, struct lkb_str *out);

#endif
