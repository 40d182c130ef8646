/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_PLAN_PLAN_PRIV_H
#define LKB_PLAN_PLAN_PRIV_H

#include "base/ext/hash.h"
#include "bootloader/slot/slot.h"
#include "image/image.h"
#include "image/mbr.h"
#include "plan/plan.h"
#include "rootfs/lock/lock.h"
#include "rootfs/rootfs.h"

/* What one format makes of a plan. */
struct lkb_product {
	struct lkb_plan *plan;
	const struct lkb_format *format;
	struct lkb_sha256 seed;

	struct lkb_tree *boot;            /* boot partition, or all that is written */
	struct lkb_tree *data;            /* data partition, or what is written beside the root */
	uint8_t boot_code[LKB_MBR_CODE_SIZE]; /* what a BIOS starts, in the MBR */
	struct lkb_str loader;            /* and what that loads */
	struct lkb_disk disk;
	struct lkb_extents extents;       /* of all files, once the disk is written */
	uint8_t record[LKB_ENV_SIZE];
	uint8_t blank[LKB_ENV_SIZE];
	struct lkb_trailer trailer;
	char verity_root[LKB_SHA256_HEX + 1];
};

/* What a step sees and adds to; filled from top to bottom. */
struct lkb_plan {
	const struct lkb_plan_in *in;
	struct lkb_product *products;     /* owned; one for each format */
	size_t n_products;
	struct lkb_todo *todo;            /* owned; every step that is needed, once */
	size_t n_todo, cap_todo;

	struct lkb_lock lock, next_lock;  /* as read; as update_lock writes it */
	bool has_lock;                    /* there is one */
	struct lkb_strv unpinned;         /* references it does not pin */

	struct lkb_strv missing;          /* references nobody has: then nothing below is known */
	struct lkb_strv remote;           /* those of them that registries are asked for */
	struct lkb_rootfs_images images;  /* the spec's and the board's */
	int64_t epoch;

	struct lkb_rootfs rootfs;
	struct lkb_sha256 *overlays;      /* digests of the spec's overlays; owned */
	struct lkb_tree *dtbs;            /* checked, overlays applied; names as in boot/dtb */
	struct lkb_strv initrd_modules;   /* paths in load order */
	struct lkb_tree *initrd_tree;     /* what the slot's initrd holds */
	struct lkb_tree *microcode;       /* the archive before an initrd, as a file; or NULL */
	struct lkb_data initrd;           /* the slot's; holds a reference */
	struct lkb_data *segments;        /* or the root's, in pieces; owned, hold references */
	size_t n_segments;
	struct lkb_data kernel;           /* as the boot method wants it; holds a reference */
};

/* One deciding step. Of several formats that need the same one, all have what it made. */
struct lkb_step {
	const char *name;
	const char *what; /* for people: "resolve images in the store" */
	/* Can it be done at all? Looks for helper programs; NULL = always. */
	int (*check)(const struct lkb_plan *p, struct lkb_error *err);
	/* Bytes it will go through, as far as is known; NULL = few. */
	uint64_t (*cost)(const struct lkb_plan *p);
	/* One of the two: for the plan, or for each product. */
	int (*run)(struct lkb_plan *p, struct lkb_error *err);
	int (*make)(struct lkb_product *m, struct lkb_error *err);
};

#define LKB_STEP(name, what, check, cost, run) { name, what, check, cost, run, NULL }
#define LKB_STEP_OWN(name, what, check, cost, make) { name, what, check, cost, NULL, make }
/* What every format begins with. */
#define LKB_STEPS_ROOT \
	LKB_STEP("images", "find every image in the store", lkb_check_kernel, NULL, \
		 lkb_step_images), \
	LKB_STEP("rootfs", "put images and files together", NULL, lkb_cost_images, lkb_step_rootfs)

/* A step that is to be done. */
struct lkb_todo {
	const struct lkb_step *step;
	struct lkb_product *product; /* whom it is made for; NULL = for all */
};

/* Files that a format writes, collected and committed together. */
struct lkb_output;
int lkb_output_new(const struct lkb_plan *p, const struct lkb_plan_out *how,
		   struct lkb_output **ret, struct lkb_error *err);
void lkb_output_free(struct lkb_output *o); /* uncommitted files are removed */
LKB_DEFINE_AUTO(lkb_output, lkb_output_free)
/* What is opened from here on is a file of that product; NULL = of all. */
void lkb_output_begin(struct lkb_output *o, const struct lkb_product *m);
/* Opens NAME + suffix for writing, where '@' stands for the board and '%' for NAME; *ret_fd is
 * borrowed. A directory in it is made, and removed again if the output is not committed and nothing
 * else is in it. All files that have one are of one format, which is made at most once. */
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
/* The same, of several pieces one behind the other. */
int lkb_output_pieces(struct lkb_output *o, const char *suffix, const struct lkb_data *pieces,
		      size_t n, struct lkb_error *err);
/* A file whose bytes `make` gives to a sink as they come. */
typedef int lkb_make_fn(void *ctx, lkb_sink_fn *sink, void *sink_ctx, struct lkb_error *err);
int lkb_output_stream(struct lkb_output *o, const char *suffix, lkb_make_fn *make, void *ctx,
		      struct lkb_error *err);
/* A tree as a PAX tar. */
int lkb_output_tar(struct lkb_output *o, const char *suffix, struct lkb_tree *tree,
		   struct lkb_error *err);
/* The file opened last was written by somebody else: finds its size and digest. */
int lkb_output_measure(struct lkb_output *o, struct lkb_error *err);
/* What messages call the file opened last: its path. */
const char *lkb_output_path(const struct lkb_output *o);
/* The file opened last holds the files of a tree: of that partition, counted from 1, or 0. `name`
 * is made of letters, digits, '-' and '.'. Both are borrowed until the commit. A tree that several
 * files hold is listed once. */
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
	bool alters_root;                /* its steps add to the root: it is made alone */
	/* Of its files: what stands behind NAME, as for lkb_output_open(); ends with NULL. */
	const char *const *suffixes;
	bool has_small_initrd;           /* the board's, which finds the root */
	const struct lkb_format *of;     /* what it is another container of: that one's steps and
					  * images; or NULL */
	const char *vdisk;               /* the container (image/formats/vdisk.h); or NULL */
	size_t more_cmdline;             /* bytes it adds to the command line when it writes */
	const char *const *images;       /* component images it needs; ends with NULL; or NULL */
	const struct lkb_step *steps;
	size_t n_steps;
	int (*write)(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err);
	const char *write_what;
	uint64_t (*write_cost)(const struct lkb_plan *p);
	/* Says what its disk holds besides the files of partitions; NULL = nothing. */
	int (*hold)(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err);
};

extern const struct lkb_format lkb_format_sd, lkb_format_kernel_initrd, lkb_format_tar,
	lkb_format_docker, lkb_format_tar_kernel_initrd, lkb_format_oci,
	lkb_format_kernel_squashfs, lkb_format_kernel_erofs, lkb_format_kernel_iso,
	lkb_format_raw_efi, lkb_format_raw_bios, lkb_format_disk_efi, lkb_format_qcow2_bios,
	lkb_format_qcow2_efi, lkb_format_vhd, lkb_format_dynamic_vhd, lkb_format_vmdk,
	lkb_format_gcp, lkb_format_aws, lkb_format_iso_bios, lkb_format_iso_efi,
	lkb_format_iso_efi_initrd, lkb_format_pxe, lkb_format_rpi3;
extern const struct lkb_format *const lkb_formats[]; /* ends with NULL */
const struct lkb_format *lkb_format_find(const char *name);
/* The format whose steps are done for it. */
const struct lkb_format *lkb_format_base(const struct lkb_format *f);
/* What its disk's size is a multiple of; 0 = any. */
uint64_t lkb_format_unit(const struct lkb_format *f);

/* Steps, one file each. */
int lkb_step_images(struct lkb_plan *p, struct lkb_error *err);
int lkb_step_rootfs(struct lkb_plan *p, struct lkb_error *err);
int lkb_step_device_trees(struct lkb_plan *p, struct lkb_error *err);
int lkb_step_kernel(struct lkb_plan *p, struct lkb_error *err);
int lkb_step_initrd_slot(struct lkb_plan *p, struct lkb_error *err);
int lkb_step_initrd_ram(struct lkb_plan *p, struct lkb_error *err);
int lkb_step_slot(struct lkb_plan *p, struct lkb_error *err);
int lkb_step_boot_partition(struct lkb_product *m, struct lkb_error *err);
/* product->boot = a Pi's boot partition, with the root too or, ram being NULL, the chooser. */
struct lkb_rpi_ram;
int lkb_plan_rpi_boot(struct lkb_product *m, const struct lkb_rpi_ram *ram, struct lkb_error *err);
int lkb_step_layout(struct lkb_product *m, struct lkb_error *err);

/* LKB_INPUT, at the spec's kernel: the kernel would not take a command line of so many bytes. */
int lkb_check_cmdline(const struct lkb_plan *p, size_t len, struct lkb_error *err);
/* The same of the longest one that any of the formats makes. */
int lkb_check_cmdlines(const struct lkb_plan *p, struct lkb_error *err);
int lkb_at_kernel(const struct lkb_plan *p, struct lkb_error *err);

void lkb_say_replaced(const struct lkb_product *m, const char *path);
/* *ret = the root with product->data put over it. Says what of the root that replaces. */
int lkb_join_root(const struct lkb_product *m, struct lkb_tree **ret, struct lkb_error *err);

/* lkboard.boot_size of the spec, or `usual`. */
uint64_t lkb_boot_size(const struct lkb_plan *p, uint64_t usual);

/* What an ISO image of the product is called: NAME and 8 hex digits that its seed gives. */
void lkb_volume_id(const struct lkb_product *m, char ret[33]);
/* "lkb.image=TYPE:CRC" of an image that was written to fd; the caller frees *ret. */
int lkb_image_word(const char *type, int fd, const char *name, char **ret, struct lkb_error *err);

/* What a slot's trailer says besides its hash tree; LKB_INPUT for what cannot stand in one. */
int lkb_plan_fill_trailer(struct lkb_product *m, struct lkb_error *err);
/* And its hash tree: an lkb_tail_fn of a product, whose verity_root it sets. */
int lkb_plan_fill_tail(void *product, const struct lkb_verity *v, uint8_t block[4096],
		       struct lkb_error *err);

/* product->data = boot/: kernel, cmdline, ucode.cpio and device trees; product->boot = the root
 * with them. */
int lkb_step_boot_files(struct lkb_product *m, struct lkb_error *err);
void lkb_hold_boot_files(const struct lkb_product *m, struct lkb_output *o);
/* What a container of the root is started with: LinuxKit's, or our init's. */
const char *lkb_entrypoint(const struct lkb_plan *p);

/* Component image of the EFI stub, and the plan's kernel as an EFI program. */
#define LKB_EFI_STUB_IMAGE "localhost/efi-stub:bookworm"
int lkb_step_kernel_efi(struct lkb_plan *p, struct lkb_error *err);
/* A kernel as the boot loaders for a BIOS start it. */
int lkb_step_kernel_bios(struct lkb_plan *p, struct lkb_error *err);
/* product->boot = a partition with kernel and whole root as one EFI program. */
int lkb_step_efi_partition(struct lkb_product *m, struct lkb_error *err);
/* The same of a given initrd and command line. */
int lkb_plan_efi_boot(struct lkb_product *m, const struct lkb_data *initrd, size_t n,
		      const char *cmdline, struct lkb_error *err);
/* The program alone, as bytes. */
int lkb_plan_uki(struct lkb_plan *p, const struct lkb_data *initrd, size_t n, const char *cmdline,
		 struct lkb_data *ret, struct lkb_error *err);

/* Helper programs that a step needs, with their Debian packages. */
struct lkb_program {
	const char *name, *package;
};
extern const struct lkb_program lkb_mtools[2];
int lkb_find_programs(const struct lkb_program *programs, size_t n, struct lkb_error *err);
/* What several formats' steps share. */
int lkb_check_kernel(const struct lkb_plan *p, struct lkb_error *err);
uint64_t lkb_cost_images(const struct lkb_plan *p);
uint64_t lkb_cost_root(const struct lkb_plan *p);
/* Writes the product's disk as the files STEM + ext, STEM.map and STEM.bmap; the map's digest is
 * the image's. */
int lkb_write_disk(struct lkb_product *m, const char *stem, const char *ext, struct lkb_output *o,
		   struct lkb_error *err);
/* The file opened last holds the product's disk: its partitions' files, and what the format
 * says. */
int lkb_hold_disk(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err);

/* A file holds the root as an initrd: its files, and the microcode before them. */
int lkb_hold_initrd(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err);
/* A file holds the initrd that finds the root. */
int lkb_hold_small_initrd(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err);

/* Appends microcode, if there is any, as it goes before all else of an initrd. */
int lkb_plan_ucode(const struct lkb_plan *p, struct lkb_str *out, struct lkb_error *err);
/* Bytes of the initrd, of whichever kind. */
uint64_t lkb_plan_initrd_size(const struct lkb_plan *p);

/* Unpacks layers that the store has not unpacked yet, in up to `jobs` processes (0 = as many as
 * there are processors). Faults are left to whoever reads the image next. How many processes were
 * started: 0 where there is nothing to share out. */
size_t lkb_prefetch(struct lkb_store *store, const struct lkb_rootfs_images *images, unsigned jobs,
		    struct lkb_ui *ui);

/* True if a registry is to be asked: for what the store lacks, and with update_lock for what it has
 * too (`there`). */
bool lkb_plan_is_remote(const struct lkb_plan *p, const char *ref,
			const struct lkb_platform *platform, bool there);
/* Fetches it into the store, or where nothing is to be written, lists it as missing. */
int lkb_plan_fetch(struct lkb_plan *p, const char *ref, const struct lkb_platform *platform,
		   struct lkb_error *err);

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

/* SOURCE_DATE_EPOCH, or the time of the newest image: both say nothing about when or where the
 * build runs. */
void lkb_plan_decide_epoch(struct lkb_plan *p);
/* All that makes one image different from another goes into its product's seed. */
int lkb_plan_decide_seeds(struct lkb_plan *p, struct lkb_error *err);

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
	size_t *artifacts; /* their numbers; owned */
	size_t n_artifacts, cap;
	char *name; /* owned; no two are equal */
	const struct lkb_inode *root;
	unsigned partition;
	const struct lkb_extents *extents; /* with a partition */
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
