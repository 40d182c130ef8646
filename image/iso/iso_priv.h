/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_ISO_ISO_PRIV_H
#define LKB_IMAGE_ISO_ISO_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "image/iso/iso.h"
#include "image/seq.h"

#define ISO_SECTOR     2048u
#define ISO_VOLUME_AT  16u          /* sector of the first volume descriptor */
#define ISO_EXTENT_MAX 0xfffff800ull /* bytes of one extent: the most whole sectors */

/*
 * In this order: system area with the master boot record, volume descriptors, path tables, each
 * directory's records with its continuation area right behind, the boot catalog, files in the order
 * of the tree.
 */
struct iso_node {
	const struct lkb_inode *inode; /* borrowed */
	uint32_t serial; /* from 1, in the order of the tree */
	uint32_t links;
	uint32_t sector; /* where its data starts; 0 = it has none */
	/* of directories */
	uint32_t parent;         /* index into nodes; the root's own */
	uint16_t number;         /* in the path table, from 1 */
	uint32_t record_sectors; /* records */
	uint32_t more_sectors;   /* what did not fit into records, right behind them */
	char id[32];
};

struct iso_plan {
	const struct lkb_iso_options *o;
	struct iso_node *nodes; /* owned; in the order of the tree */
	size_t n_nodes;
	struct iso_node **dirs; /* owned; in the order of the path table */
	size_t n_dirs;
	uint64_t n_xattrs;
	uint32_t boot_sector; /* of the boot record's descriptor; 0 = none */
	uint32_t end_sector;  /* of the descriptor that ends their list */
	uint32_t path_l, path_m, path_bytes;
	uint32_t catalog;     /* 0 = none */
	uint64_t sectors;     /* of the whole image */
};

/* Where everything stands. The inodes' writer_data point to their nodes until iso_plan_clear(). */
int iso_plan(const struct lkb_inode *root, const struct lkb_iso_options *o, struct iso_plan *ret,
	     struct lkb_error *err);
void iso_plan_clear(struct iso_plan *p);
#define iso_autoplan __attribute__((cleanup(iso_plan_clear))) struct iso_plan

/* ---- iso_name.c: names for those who do not read Rock Ridge ---- */

struct iso_name {
	const struct lkb_dirent *entry;
	bool is_marked; /* the name alone would not have been different */
	char id[32];
};

/* An identifier for each entry, in the order that a directory has them in: at most 30 capital
 * letters, digits, '_', and a '.' among those of a file. Different ones, whatever the names are.
 * The caller frees. */
struct iso_name *iso_names(const struct lkb_inode *dir);

/* ---- iso_dir.c: directories as bytes ---- */

/* Both areas of a directory, each a multiple of a sector. Where things stand is as far as the plan
 * knows; lengths do not depend on it. */
void iso_dir_encode(const struct iso_plan *p, const struct iso_node *dir, struct lkb_str *records,
		    struct lkb_str *more);
/* The root's record as the volume descriptor has it. */
void iso_root_record(const struct iso_plan *p, uint8_t out[34]);

/* ---- iso_susp.c: Rock Ridge entries ---- */

/* The entries of one record, one behind the other; each is at most 255 bytes. */
struct iso_susp {
	struct lkb_str bytes;
};

/* What Rock Ridge says about a node. `name` is NULL for the records of a directory itself. */
void iso_susp_node(struct iso_susp *s, const struct iso_node *node, const char *name,
		   int64_t epoch);
/* What the root's own record has before and behind that. */
void iso_susp_start(struct iso_susp *s);
void iso_susp_extensions(struct iso_susp *s);
/* Appends to `record` the entries that fit into `room` bytes, and the others to `more`, whose first
 * sector is more_sector, with a pointer to there. */
void iso_susp_lay(const struct iso_susp *s, size_t room, struct lkb_str *record,
		  struct lkb_str *more, uint32_t more_sector);
void iso_susp_clear(struct iso_susp *s);

/* ---- iso_boot.c ---- */

/* The master boot record, in the first 512 bytes of the system area. */
void iso_boot_mbr(const struct iso_plan *p, uint8_t out[512]);
void iso_boot_descriptor(const struct iso_plan *p, uint8_t out[ISO_SECTOR]);
void iso_boot_catalog(const struct iso_plan *p, uint8_t out[ISO_SECTOR]);
/* The first 64 bytes of the BIOS image, with the table of where it stands. */
int iso_boot_info(const struct iso_plan *p, uint8_t out[64], struct lkb_error *err);

/* ---- numbers of both byte orders; dates ---- */

void iso_put_both16(uint8_t *p, uint16_t v);
void iso_put_both32(uint8_t *p, uint32_t v);
/* The seven bytes of a record's date, and the seventeen of a descriptor's. */
void iso_put_date(uint8_t out[7], int64_t seconds);
void iso_put_long_date(uint8_t out[17], int64_t seconds);

static inline const struct iso_node *iso_node_of(const struct lkb_inode *inode)
{
	return inode->writer_data;
}

#endif
