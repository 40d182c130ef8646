/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_PLAN_PLAN_H
#define LKB_PLAN_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "base/ui.h"
#include "board/board.h"
#include "rootfs/oci/store.h"
#include "rootfs/spec/spec.h"

/*
 * Spec + board -> what will be made, and the making of it. A plan is a list of steps; the deciding
 * ones run when the plan is made (`lkboard plan` stops there and prints what was decided), the
 * writing ones when it is carried out.
 */
struct lkb_plan;
struct lkb_registry; /* rootfs/oci/registry/registry.h */

struct lkb_plan_in {
	const struct lkb_board *board;
	const struct lkb_spec *spec;
	struct lkb_store *store;
	const char *configs_dir;  /* package definitions for images that the store lacks */
	const char *ondevice_dir; /* static programs that such packages need; may be NULL */
	struct lkb_registry *registry; /* who fetches images that nobody has and no package makes;
					* NULL = nobody */
	const char *name;         /* NAME of the artifacts */
	/* What is made of it, each once; n_formats 0 = the board's default. */
	const char *const *formats;
	size_t n_formats;
	/* The lock (lkboard-lock(5)); NULL = none, and then neither locked nor update_lock. One
	 * that does not exist is written by update_lock, refused with locked or lock_named, and
	 * else as good as none. */
	const char *lock_path;
	bool lock_named;          /* the user named it */
	bool locked;              /* refuse what the lock does not pin */
	bool update_lock;         /* leave it aside, and write what is used to it */
	bool offline;
	bool build_missing;       /* build or fetch images that the store lacks; else only say so */
	bool has_epoch;           /* SOURCE_DATE_EPOCH; without it, the newest image's time */
	int64_t epoch;
	const char *base_url;     /* where what "pxe" makes will be served; NULL = unknown */
	unsigned jobs;            /* processes at most; 0 = one a processor */
	struct lkb_ui *ui;
};

/* Decides everything: inputs, trees, sizes, offsets. *in is borrowed until the plan is freed. */
int lkb_plan_make(const struct lkb_plan_in *in, struct lkb_plan **ret, struct lkb_error *err);
void lkb_plan_free(struct lkb_plan *p);
LKB_DEFINE_AUTO(lkb_plan, lkb_plan_free)

/* How the lock changes, a line each (lkb_lock_diff()); nothing without update_lock. */
void lkb_plan_lock_diff(struct lkb_plan *p, struct lkb_str *out);

/* What `lkboard plan` prints: steps, inputs with digests, partitions with offsets and sizes. */
void lkb_plan_describe(const struct lkb_plan *p, struct lkb_str *out);
int lkb_plan_describe_json(const struct lkb_plan *p, struct lkb_str *out, struct lkb_error *err);

/* One file that was made. */
struct lkb_artifact {
	char *path; /* owned */
	const char *file; /* the end of it: below the directory of the output */
	uint64_t bytes;
	const char *format; /* whose it is; NULL = of all; borrowed */
	char digest[80]; /* "sha256:HEX" of the file, "map-sha256:HEX" for a disk image */
	char whole[80];  /* "sha256:HEX" of a whole disk image, if that was asked for; else "" */
};

struct lkb_artifacts {
	struct lkb_artifact *items; /* owned */
	size_t n, cap;
};
void lkb_artifacts_clear(struct lkb_artifacts *a);

struct lkb_plan_out {
	const char *dir;
	bool force;      /* overwrite what another board's build made */
	bool sha256;     /* also the digest of whole disk images */
	bool no_sbom;    /* leave NAME-BOARD.sbom.spdx.json out; an old one is removed */
};

/* Writes the artifacts, NAME-BOARD.sbom.spdx.json and NAME-BOARD.build.json. Each appears whole or
 * not at all, and they appear together once all are written and flushed. With update_lock the lock
 * is written after them. */
int lkb_plan_run(struct lkb_plan *p, const struct lkb_plan_out *out, struct lkb_artifacts *ret,
		 struct lkb_error *err);

/* Which builds say in their build.json, in the directory of a file or the one above, that they made
 * it: the names of those files, sorted, and the board of each and the format that the file is of
 * ("" if it names none). Born {0}. */
struct lkb_made_by {
	struct lkb_strv records, boards, formats;
};
void lkb_made_by_find(const char *path, struct lkb_made_by *ret);
/* LKB_REFUSED if a file is there, and a build with another record than `ours` says that it made
 * it. */
int lkb_made_by_guard(const char *path, const char *ours, struct lkb_error *err);
void lkb_made_by_clear(struct lkb_made_by *m);

#endif
