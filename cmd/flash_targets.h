/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_CMD_FLASH_TARGETS_H
#define LKB_CMD_FLASH_TARGETS_H

#include "cmd/flash.h"
#include "flash/stations.h"

/* What is asked of every target. */
struct lkb_flash_wish {
	bool yes, fixed;
	const char *serial;           /* --serial; NULL */
	const struct lkb_strv *set;   /* --set */
	const char *stations;         /* --targets; NULL */
	char **paths;                 /* of devices and files */
	size_t n_paths;
};

/* Targets that were found and judged; none is open yet. Born {0}. */
struct lkb_flash_targets {
	struct lkb_flash_job *jobs;        /* owned */
	struct lkb_device **devices;       /* owned, each owned */
	struct lkb_settings_edits *edits;  /* owned; one a target */
	size_t n;
};
void lkb_flash_targets_clear(struct lkb_flash_targets *t);

/* Finds all of them, or says why one may not be written to: LKB_REFUSED by the guard, LKB_USAGE for
 * one that was named twice or for a setting, LKB_INPUT for the file of targets. */
int lkb_flash_targets_find(const struct lkb_flash_wish *wish, const struct lkb_image_source *image,
			   struct lkb_flash_targets *ret, struct lkb_error *err);

/* Says what became of each; those that failed, if there are several. Those that may be pulled out
 * are let go with `eject`. LKB_IO if stdout does not take it. */
int lkb_flash_report(struct lkb_ctx *ctx, const struct lkb_flash_targets *t, bool eject,
		     struct lkb_error *err);

#endif
