/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_PLAN_PLAN_PRIV_H
#define LKB_PLAN_PLAN_PRIV_H

#include "base/ext/hash.h"
#include "bootloader/slot/slot.h"
#include "image/image.h"
#include "plan/plan.h"
#include "rootfs/lock/lock.h"
#include "rootfs/rootfs.h"

/* What a step sees and adds to; filled from top to bottom. */
struct lkb_plan {
	const struct lkb_plan_in *in;
	const struct lkb_format *format;

	struct lkb_lock lock, next_lock;  /* as read; as update_lock writes it */
	bool has_lock;                    /* there is one */
	struct lkb_strv unpinned;         /* references it does not pin */

	struct lkb_strv missing;          /* references nobody has: then nothing below is known */
	struct lkb_rootfs_images images;  /* the spec's and the board's */
	int64_t epoch;
	struct lkb_sha256 seed;

	struct lkb_rootfs rootfs;
	struct lkb_sha256 *overlays;      /* digests of the spec's overlays; owned */
	struct lkb_tree *dtbs;            /* checked, overlays applied; names as in boot/dtb */
	struct lkb_strv initrd_modules;   /* paths in load order */
	struct lkb_tree *initrd_tree;     /* what the slot's initrd holds */
	struct lkb_tree *microcode;       /* the archive before an initrd, as a file; or NULL */
	struct lkb_data initrd;           /* holds a reference */
	struct lkb_data kernel;           /* as the boot method wants it; holds a reference */
	struct lkb_tree *boot;            /* boot partition */
	struct lkb_tree *data;            /* data partition: nothing yet */

	struct lkb_disk disk;
	struct lkb_extents extents;       /* of all files, once the disk is written */
	uint8_t record[LKB_ENV_SIZE];
	uint8_t blank[LKB_ENV_SIZE];
	struct lkb_trailer trailer;
	char verity_root[LKB_SHA256_HEX + 1];
};

/* One step. A deciding step runs in lkb_plan_make(), a writing one in lkb_plan_run(). */
struct lkb_step {
	const char *name;
	const char *what; /* for people: "resolve images in the store" */
	/* Can it be done at all? Looks for helper programs; NULL = always. */
	int (*check)(const struct lkb_plan *p, struct lkb_error *err);
	/* Bytes it will go through, as far as is known; NULL = few. */
	uint64_t (*cost)(const struct lkb_plan *p);
	int (*run)(struct lkb_plan *p, struct lkb_error *err);
};

/* Files that a format writes, collected and committed together. */
struct lkb_output;
int lkb_output_new(const struct lkb_plan *p, const struct lkb_plan_out *how,
		   struct lkb_output **ret, struct lkb_error *err);
void lkb_output_free(struct lkb_output *o); /* uncommitted files are removed */
LKB_DEFINE_AUTO(lkb_output, lkb_output_free)
/* Opens NAME + suffix for writing; *ret_fd is borrowed. */
int lkb_output_open(struct lkb_output *o, const char *suffix, int *ret_fd, struct lkb_error *err);
/* Says size and digest of the file opened last; digest as in struct lkb_artifact. */
void lkb_output_done(struct lkb_output *o, uint64_t bytes, const char *scheme,
		     const struct lkb_sha256 *digest);
/* Adds the digest of the whole file opened last. It is printed and not in build.json, which must
 * not depend on what was asked for. */
void lkb_output_whole(struct lkb_output *o, const struct lkb_sha256 *digest);
int lkb_output_text(struct lkb_output *o, const char *suffix, const void *p, size_t n,
		    struct lkb_error *err);
int lkb_output_data(struct lkb_output *o, const char *suffix, const struct lkb_data *d,
		    struct lkb_error *err);
/* What messages call the file opened last: its path. */
const char *lkb_output_path(const struct lkb_output *o);
/* The file opened last holds the files of a tree: of that partition, counted from 1, or 0. `name`
 * is made of letters, digits, '-' and '.'. Both are borrowed until the commit. */
void lkb_output_holds(struct lkb_output *o, const char *name, const struct lkb_inode *root,
		      unsigned partition);
/* Adds the SBOM and build.json, flushes all, and then gives every file its name, build.json
 * last. */
int lkb_output_commit(struct lkb_output *o, struct lkb_artifacts *ret, struct lkb_error *err);
bool lkb_output_wants_sha256(const struct lkb_output *o);

/* A format: its deciding steps and its writer. */
struct lkb_format {
	const char *name;
	const char *root_mode;           /* what it needs: "disk", "ram" */
	const struct lkb_step *steps;
	size_t n_steps;
	int (*write)(struct lkb_plan *p, struct lkb_output *o, struct lkb_error *err);
	const char *write_what;
	uint64_t (*write_cost)(const struct lkb_plan *p);
};

extern const struct lkb_format lkb_format_sd, lkb_format_kernel_initrd;
extern const struct lkb_format *const lkb_formats[]; /* ends with NULL */

/* Steps, one file each. */
int lkb_step_images(struct lkb_plan *p, struct lkb_error *err);
int lkb_step_rootfs(struct lkb_plan *p, struct lkb_error *err);
int lkb_step_device_trees(struct lkb_plan *p, struct lkb_error *err);
int lkb_step_kernel(struct lkb_plan *p, struct lkb_error *err);
int lkb_step_initrd_slot(struct lkb_plan *p, struct lkb_error *err);
int lkb_step_initrd_ram(struct lkb_plan *p, struct lkb_error *err);
int lkb_step_slot(struct lkb_plan *p, struct lkb_error *err);
int lkb_step_boot_partition(struct lkb_plan *p, struct lkb_error *err);
int lkb_step_layout(struct lkb_plan *p, struct lkb_error *err);

/* Unpacks layers that the store has not unpacked yet, in up to `jobs` processes (0 = as many as
 * there are processors). Faults are left to whoever reads the image next. How many processes were
 * started: 0 where there is nothing to share out. */
size_t lkb_prefetch(struct lkb_store *store, const struct lkb_rootfs_images *images, unsigned jobs,
		    struct lkb_ui *ui);

/* The lock of the plan (lock.c). */
int lkb_plan_lock_read(struct lkb_plan *p, struct lkb_error *err);
/* Its path, if it is there and pins anything: not with update_lock. */
const char *lkb_plan_lock_path(const struct lkb_plan *p);
/* What it says of a reference; NULL if nothing. */
const struct lkb_lock_image *lkb_plan_pin(const struct lkb_plan *p, const char *ref,
					  const struct lkb_platform *platform);
/* True if an image is as the lock pins it. */
bool lkb_plan_is_pinned(const struct lkb_plan *p, const struct lkb_image *image);
/* Says that --locked does not allow a reference. Returns 0: the caller adds the place. */
int lkb_plan_lock_refuse(const struct lkb_plan *p, const char *ref,
			 const struct lkb_platform *platform, struct lkb_error *err);
/* The image of a reference, as it is pinned, else by its name; always called by its name. A pinned
 * one that is not there fails with LKB_INPUT; lkb_lock_image_ref() is what a registry is asked
 * for then. */
int lkb_plan_resolve(struct lkb_plan *p, const char *ref, const struct lkb_platform *platform,
		     struct lkb_image **ret, struct lkb_error *err);
/* Fails unless an image that was made is the one that is pinned. */
int lkb_plan_lock_compare(const struct lkb_plan *p, const struct lkb_lock_image *pin,
			  const struct lkb_sha256 *made, struct lkb_error *err);
/* Tells the user that the name of a pinned image stands for another one now. */
void lkb_plan_lock_say_other(struct lkb_plan *p, const struct lkb_image *image,
			     const struct lkb_platform *platform);
/* Tells the user what the lock does not pin. */
void lkb_plan_lock_say_unpinned(struct lkb_plan *p);
/* With update_lock, pins an image for the platform that was asked for; `package` makes it, or
 * NULL. */
void lkb_plan_lock_add(struct lkb_plan *p, const struct lkb_image *image,
		       const struct lkb_platform *platform, const char *package);
/* With update_lock, writes the lock if it changed. */
int lkb_plan_lock_write(struct lkb_plan *p, struct lkb_error *err);

/* Sets p->epoch and p->seed from the spec, the board and the images (seed.c). */
void lkb_plan_decide_epoch(struct lkb_plan *p);
int lkb_plan_decide_seed(struct lkb_plan *p, struct lkb_error *err);

/* The image a reference of the spec or the board was resolved to; NULL if there is none. */
const struct lkb_image *lkb_plan_image(const struct lkb_plan *p, const char *ref);
/* Reads that image's tree. */
int lkb_plan_image_tree(struct lkb_plan *p, const char *ref, struct lkb_tree **ret,
			struct lkb_error *err);

/* Paths of the modules `wanted` and of all they need, in the order in which they must be loaded,
 * by modules.dep of the only kernel in root's lib/modules. Built-in ones are left out. */
int lkb_modules_order(struct lkb_tree *root, const struct lkb_strlist *wanted,
		      struct lkb_strv *ret_paths, struct lkb_error *err);

/* A tree that an artifact holds. */
struct lkb_holding {
	size_t artifact; /* its number */
	const char *name;
	const struct lkb_inode *root;
	unsigned partition;
};

/* What the SBOM is made of besides the plan. */
struct lkb_sbom_in {
	const struct lkb_plan *plan;
	const struct lkb_artifacts *artifacts;
	const struct lkb_data *const *data; /* of each artifact that is one file, or NULL */
	const struct lkb_holding *holdings;
	size_t n_holdings;
};
/* Writes an SPDX 2.3 document (docs/formats/sbom.md) to fd; deterministic. */
int lkb_sbom_write(const struct lkb_sbom_in *in, int fd, const char *path, uint64_t *ret_bytes,
		   struct lkb_sha256 *ret_digest, struct lkb_error *err);
/* LKB_TRUST if the policy does not allow what the image's label asks for. */
int lkb_asks_judge(const struct lkb_plan *p, const struct lkb_image *im, struct lkb_error *err);

/* build.json: every input and output digest; deterministic. */
int lkb_build_json(const struct lkb_plan *p, const struct lkb_artifacts *outputs,
		   struct lkb_str *ret, struct lkb_error *err);

#endif
