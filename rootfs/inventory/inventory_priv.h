/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_INVENTORY_INVENTORY_PRIV_H
#define LKB_ROOTFS_INVENTORY_INVENTORY_PRIV_H

#include "rootfs/inventory/inventory.h"

/* A piece of a text: not NUL-terminated. */
struct lkb_piece {
	const char *s;
	size_t len;
};

static inline bool lkb_piece_is(struct lkb_piece p, const char *text)
{
	return p.len == strlen(text) && !memcmp(p.s, text, p.len);
}

/* Takes the next line off *text, without its newline; false at the end. */
bool lkb_piece_line(struct lkb_piece *text, struct lkb_piece *ret);
/* Without blanks at both ends. */
struct lkb_piece lkb_piece_trim(struct lkb_piece p);

/* One package's fields as they were found; what is missing is empty. */
struct lkb_record {
	enum lkb_package_kind kind;
	struct lkb_piece name, version, arch, source, licence, purl;
};
/* Adds it if name and version are those of a package; else it is counted as skipped. Other fields
 * that hold what they should not are taken for not known. */
void lkb_inventory_add(struct lkb_inventory *v, const struct lkb_record *r);

#endif
