/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_CMD_INSPECT_H
#define LKB_CMD_INSPECT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"
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
	lkb_inspect_script, lkb_inspect_record, lkb_inspect_initrd;

/* Bytes of the file as a JSON string: what is no text is shown as "\xNN". With `lines`, tabs and
 * line breaks stay. */
json_t *lkb_inspect_string(const void *p, size_t n, bool lines);

/* The text form of a description. */
void lkb_inspect_text(const json_t *what, struct lkb_str *out);

#endif
