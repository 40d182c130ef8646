/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_VERDICT_H
#define LKB_FLASH_VERDICT_H

#include "flash/readback.h"

/* What is to blame when a target does not hold what was written to it: a pure function of what was
 * seen. */
struct lkb_symptoms {
	const char *name;    /* the target, for the messages */
	bool stamps_lost;    /* a zone was written over by writes to somewhere else */
	uint64_t shift;      /* ranges read as others do that are so many bytes further on */
	size_t n_bad;        /* ranges that were wrong at last */
	size_t n_unsteady;   /* of those: read differently when they were read again */
	size_t n_unreadable; /* of those: could not be read */
	size_t n_blank;      /* of those: all 0 or all 0xff */
	bool rewritten;      /* they were written a second time, and are wrong still */
};

struct lkb_verdict {
	const char *code; /* stable: "capacity", "reader", "unreadable", "worn" */
	char text[256];   /* the second half of a message */
	const char *hint;
};

void lkb_verdict(const struct lkb_symptoms *s, struct lkb_verdict *ret);

/* If most of what is bad is found to read as ranges that stand further on in `written`, all by the
 * same distance: that distance, else 0. */
uint64_t lkb_find_shift(const struct lkb_bad_list *bad, const struct lkb_written_list *written);

#endif
