/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_IMAGE_H
#define LKB_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ext/hash.h"
#include "base/ui.h"
#include "image/extents.h"
#include "image/gpt.h"
#include "image/map.h"
#include "image/verity.h"
#include "rootfs/tree/tree.h"

/* A disk image as a value: what stands where. plan/ fills it in, image/layout.h places it,
 * lkb_disk_write() makes it. */

enum lkb_fs_type { LKB_FS_NONE, LKB_FS_FAT32, LKB_FS_EXT4 };

enum lkb_table_type { LKB_TABLE_MBR, LKB_TABLE_GPT };

/* Fills the last 4 KiB of a slot once its verity tree is known. */
typedef int lkb_tail_fn(void *ctx, const struct lkb_verity *v, uint8_t block[4096],
			struct lkb_error *err);

struct lkb_part {
	/* what is asked for */
	const char *name;     /* in the map: "boot", "slot-a", "slot-b", "data" */
	uint8_t mbr_type;     /* in an MBR: 0x0c, 0x83 */
	enum lkb_gpt_type gpt_type; /* in a GPT */
	bool bootable;        /* the MBR's flag, or the GPT's "legacy BIOS bootable" */
	enum lkb_fs_type fs;
	const struct lkb_inode *tree; /* what it holds; NULL = nothing, not even a file system */
	const char *label;            /* file system label; at most 11 bytes for FAT, 16 for ext4 */
	uint64_t min_size;            /* bytes; the partition is at least this */
	unsigned headroom_percent;    /* on top of the content */
	bool read_only;  /* ext4: no journal, exactly as large as its content, verity behind it */
	uint64_t same_size_as; /* 1-based number of a partition before it; 0 = none */
	lkb_tail_fn *tail;     /* NULL = none */
	void *tail_ctx;
	const char *const *named; /* files of a FAT that become named ranges; NULL-terminated */
	/* filled in by lkb_layout() */
	uint64_t off, size; /* bytes */
	uint64_t fs_size;   /* bytes of the file system in it */
};

/* Bytes outside of partitions. */
struct lkb_raw {
	const char *name;
	uint64_t off;
	const void *bytes;
	size_t len; /* a multiple of 4096 */
};

#define LKB_DISK_MAX_PARTS 8 /* of an MBR 4 */

struct lkb_disk {
	enum lkb_table_type table;
	struct lkb_part parts[LKB_DISK_MAX_PARTS];
	size_t n_parts;
	struct lkb_raw raws[8];
	size_t n_raws;
	uint64_t align;     /* bytes: every partition's start and size */
	uint64_t first;     /* bytes: where the first partition starts */
	uint64_t unit;      /* bytes: a power of two that the whole is a multiple of; 0 = any */
	const uint8_t *boot_code; /* LKB_MBR_CODE_SIZE bytes at the start of an MBR; NULL = none */
	struct lkb_sha256 seed; /* all UUIDs, serials and the MBR signature derive from it */
	int64_t epoch;      /* all times */
	uint64_t size;      /* filled in by lkb_layout(): bytes of the image */
	/* Borrowed; filled in by lkb_disk_write(); NULL = not wanted. */
	struct lkb_extents *extents;
};

/* The MBR's disk signature as derived from the seed: what PARTUUIDs start with. */
uint32_t lkb_disk_signature(const struct lkb_disk *d);
/* Of a GPT: the disk's identity, and a partition's, which is its PARTUUID. */
struct lkb_uuid lkb_disk_guid(const struct lkb_disk *d);
struct lkb_uuid lkb_part_guid(const struct lkb_disk *d, const struct lkb_part *p);

/* Places every partition and computes every size, before the first byte is written. A GPT's second
 * copy has its place behind the last partition. LKB_INPUT with the sums where a tree does not fit.
 * Reads no file data. */
int lkb_layout(struct lkb_disk *d, struct lkb_error *err);

/* Writes the image to fd (an empty file, read-write) in one pass with its map. lkb_layout() came
 * first. */
int lkb_disk_write(const struct lkb_disk *d, int fd, const char *name, struct lkb_ui *ui,
		   struct lkb_map **ret_map, struct lkb_error *err);

#endif
