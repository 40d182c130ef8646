/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_PLAN_SBOM_PRIV_H
#define LKB_PLAN_SBOM_PRIV_H

#include "base/jsonout.h"
#include "plan/plan_priv.h"
#include "plan/sums_priv.h"
#include "rootfs/inventory/inventory.h"

/*
 * The bill of materials as an SPDX 2.3 document (docs/formats/sbom.md), written as it is made up:
 * first the files, whose digests make the codes of the packages behind them, then the packages,
 * then what relates them. No order in it comes from addresses or directories.
 */
struct lkb_sbom_layer {
	const struct lkb_image_layer *layer;
	size_t image; /* number of it in the plan */
};

struct lkb_sbom_image {
	struct lkb_inventory inventory;
	struct lkb_str attestations; /* digests of those that were read, commas between */
	size_t too_large;            /* attestations that were not read */
	bool used;                   /* some tree has a file of it */
};

/* A tree that some artifact holds. */
struct lkb_sbom_tree {
	const struct lkb_holding *holding;
	size_t n_files;
	char code[2 * LKB_SHA1_SIZE + 1]; /* package verification code */
	bool *from; /* owned; has files of image i */
};

struct lkb_sbom {
	const struct lkb_plan *plan;
	const struct lkb_sbom_in *in;
	struct lkb_jsonout json;
	struct lkb_hash *hash; /* owned; of all that was written */
	uint64_t bytes;        /* the same */
	int fd;
	const char *path;
	struct lkb_sums_cache *sums;   /* owned */
	struct lkb_sbom_layer *layers; /* owned; sorted by diff_id, then image */
	size_t n_layers;
	struct lkb_sbom_image *images; /* owned; one for each of the plan's */
	struct lkb_sbom_tree *trees;   /* owned; one for each holding */
	struct lkb_str scratch, comment;
};

/* Takes what was made up to the file, once it is worth a write or `all` is wanted. */
int lkb_sbom_flush(struct lkb_sbom *s, bool all, struct lkb_error *err);
/* The layer that the bytes stand in: of that image, if it has the layer (NULL = of any). */
const struct lkb_sbom_layer *lkb_sbom_layer_of(const struct lkb_sbom *s, const struct lkb_data *d,
					       const char *ref);
/* The number of the image of that reference, or the count of all. */
size_t lkb_sbom_image_number(const struct lkb_sbom *s, const char *ref);
void lkb_sbom_checksum(struct lkb_sbom *s, const char *algorithm, const void *digest, size_t n);
/* One relationship between two elements. */
void lkb_sbom_relate(struct lkb_sbom *s, const char *from, const char *type, const char *to);

/* sbom_files.c: every file of the trees, and the trees' codes. */
int lkb_sbom_files(struct lkb_sbom *s, struct lkb_error *err);

/* sbom_images.c: what the images hold, from their trees or from what is kept of them. */
int lkb_sbom_read_images(struct lkb_sbom *s, struct lkb_error *err);
/* Packages for the images and for what is in them, and "image CONTAINS package". */
int lkb_sbom_image_packages(struct lkb_sbom *s, struct lkb_error *err);
int lkb_sbom_image_relations(struct lkb_sbom *s, struct lkb_error *err);

#endif
