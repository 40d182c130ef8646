/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_PLAN_OUTPUT_PRIV_H
#define LKB_PLAN_OUTPUT_PRIV_H

#include "plan/plan_priv.h"
#include "rootfs/tree/copier.h"

/* What output.c, output_data.c and output_tar.c share. */
struct lkb_output {
	const struct lkb_plan *plan;
	const struct lkb_plan_out *how;
	const struct lkb_product *product; /* whose files are written now; NULL = of all */
	struct lkb_outfile *files; /* owned */
	size_t n, cap;
	struct lkb_artifacts artifacts; /* same order as files */
	const struct lkb_data **data;   /* same order; borrowed; NULL = made of more than one */
	size_t cap_data;
	struct lkb_copier **copiers;    /* owned; of files that are still being written */
	size_t n_copiers, cap_copiers;
	struct lkb_holding *holdings;   /* owned */
	size_t n_holdings, cap_holdings;
	char *own_dir;  /* owned; one that was made for a format's files; NULL = none */
	int undo;       /* of own_dir */
};

/* The directory's path and NAME + suffix; the caller frees it. */
char *lkb_output_path_of(const struct lkb_output *o, const char *suffix);
/* LKB_REFUSED if the file is another build's, and may not be overwritten. */
int lkb_output_guard(const struct lkb_output *o, const char *path, struct lkb_error *err);
/* Puts a file at the end of the list. Takes it over. */
void lkb_output_add(struct lkb_output *o, const char *suffix, struct lkb_outfile file);

#endif
