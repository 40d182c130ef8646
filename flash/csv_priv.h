/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_CSV_PRIV_H
#define LKB_FLASH_CSV_PRIV_H

#include <stddef.h>

#include "base/error.h"

/* Comma-separated values as RFC 4180 has them, with LF for CRLF too; UTF-8. Lines without any
 * character and a byte-order mark in front are passed over. Born {.name, .at, .end}. */
struct lkb_csv_field {
	char *text; /* owned by the struct below until the next record */
	unsigned line, column; /* where it begins; columns are characters, from 1 */
};

struct lkb_csv {
	const char *name; /* of the file, for messages */
	const char *at, *end;
	unsigned line, column; /* of `at`; 0 = not begun */
	struct lkb_csv_field *fields; /* owned; those of the current record */
	size_t n, cap;
};
void lkb_csv_clear(struct lkb_csv *c);

/* Reads the next record: 1 = there is one, 0 = end, -1 = LKB_INPUT with line and column: quotes in
 * the wrong place or without an end, a byte that is no text, more than LKB_STATIONS_COLUMNS_MAX
 * fields. */
int lkb_csv_next(struct lkb_csv *c, struct lkb_error *err);

#endif
