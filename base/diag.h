/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_DIAG_H
#define LKB_BASE_DIAG_H

#include <stddef.h>

#include "base/error.h"

/* A list of faults found in the user's input: readers of specs and profiles report all of them at
 * once, not only the first. At most LKB_DIAG_MAX are kept; `dropped` counts the rest. */

#define LKB_DIAG_MAX 200

enum lkb_severity { LKB_SEVERITY_ERROR, LKB_SEVERITY_WARNING };

struct lkb_diag {
	enum lkb_severity severity;
	struct lkb_error what; /* message, hint, file, line, column */
};

struct lkb_diags {
	struct lkb_diag *items; /* owned */
	size_t n;
	size_t cap;
	size_t n_errors;
	size_t dropped;
};

void lkb_diags_clear(struct lkb_diags *d);

/* Appends a copy of *what. */
void lkb_diags_add(struct lkb_diags *d, enum lkb_severity severity, const struct lkb_error *what);

/* Sorts by file (in order of first appearance), line, column, then message. */
void lkb_diags_sort(struct lkb_diags *d);

/* 0 if the list has no error; else -1 with the first error in *err ("... and N more"). */
int lkb_diags_result(const struct lkb_diags *d, struct lkb_error *err);

#define lkb_autodiags __attribute__((cleanup(lkb_diags_clear))) struct lkb_diags

#endif
