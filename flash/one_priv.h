/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_ONE_PRIV_H
#define LKB_FLASH_ONE_PRIV_H

#include "flash/body.h"
#include "flash/journal.h"
#include "flash/one.h"

/* One job on its way. */
struct one {
	const struct lkb_flash *f;
	struct lkb_flash_job *job;
	struct lkb_io *io;
	struct lkb_zones zones;
	struct lkb_body body;
	struct lkb_journal journal;
	atomic_ullong counted; /* bytes of ranges behind the body; durable from sync_now() on */
	uint64_t synced_ms, waited_ms; /* waited for the source */
	bool begun, journal_warned;
};

/* Writes ranges of the image again, and makes them durable. */
int lkb_one_rewrite(struct one *o, const struct lkb_written_list *list, struct lkb_error *err);

/* Everything but the zones is read back; what is wrong is read again, written again if the source
 * can be, and explained: LKB_DIFFERS. */
int lkb_one_verify(struct one *o, struct lkb_error *err);

#endif
