/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_FLASH_H
#define LKB_FLASH_FLASH_H

#include "base/ui.h"
#include "flash/device.h"
#include "flash/edit.h"
#include "flash/hub.h"
#include "flash/target.h"

/*
 * Writes one image to one or several targets, each on its own: what happens to one does not touch
 * the others. A target's way:
 *
 *	open     O_EXCL, locked, and still what was shown          nothing is changed so far
 *	stamp    first and last MiB: no table, no signature is valid from here on
 *	body     all else, compared first where that pays
 *	verify   read back from the medium, every range by its digest; what is wrong is read
 *	         again, then written again, then explained
 *	finish   first and last MiB, read back; the block with the table last of all
 *
 * A job has succeeded exactly when every byte that matters was read back and is right.
 */
enum lkb_flash_phase { LKB_FLASH_WAITS, LKB_FLASH_WRITES, LKB_FLASH_VERIFIES, LKB_FLASH_ENDED };

/* One target. */
struct lkb_flash_job {
	const struct lkb_device *dev;
	const struct lkb_edit *edits;
	size_t n_edits;
	/* What came of it. */
	bool failed;
	struct lkb_error error;
	bool is_changed;            /* something may have been written */
	const char *verdict;        /* code of lkb_verdict(), or NULL */
	uint64_t n_bytes;           /* that matter, and are right */
	uint64_t n_written, n_same; /* bytes written; found right before */
	uint64_t write_ms, verify_ms;
	const char *limit;     /* what took the time: "device", "source", ... */
	struct lkb_strv notes; /* what the user should know although it went well */
	/* What becomes of it, for whoever shows progress. */
	atomic_int phase;
	atomic_ullong done, total;
	/* Its own. */
	struct lkb_target target;
};

struct lkb_flash {
	struct lkb_flash_image image;
	struct lkb_sha256 map_digest; /* of the map's text, where there is one */
	const char *io_kind;          /* NULL = the better one */
	const char *state_dir;        /* where journals are; NULL = none are written */
	bool resume;
	struct lkb_ui *ui;
};

/* 0 = every job has succeeded. Else the error of the first that has not; all jobs have theirs. If
 * one target cannot be opened none is written to. */
int lkb_flash_run(const struct lkb_flash *f, struct lkb_flash_job *jobs, size_t n,
		  struct lkb_error *err);
void lkb_flash_job_clear(struct lkb_flash_job *j);

#endif
