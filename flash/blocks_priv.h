/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_BLOCKS_PRIV_H
#define LKB_FLASH_BLOCKS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"

/* One look at all block devices of a machine: what stands on what, what is mounted, what is swap.
 * Everything is bounded: the tree below `root` may be anybody's. */

#define LKB_NO_NODE SIZE_MAX

/* A disk or a partition. */
struct lkb_node {
	const char *name; /* the kernel's: "sda", "sda1", "dm-0", "cciss!c0d0" */
	const char *dir;  /* in sysfs, from the root on: "/sys/block/sda/sda1" */
	const char *path; /* "/dev/sda1", "/dev/mapper/luks" */
	dev_t dev;
	size_t disk;      /* its disk; its own number if it is one */
	unsigned number;  /* of a partition; 0 = a disk */
	uint64_t start, size; /* bytes */
	size_t *below;    /* what it stands on: disk of a partition, slaves, device behind a loop */
	size_t n_below, cap_below; /* in the arena, not in order */
	/* Of a loop device. */
	const char *backing;      /* path of its file; NULL = none */
	dev_t backing_dev;        /* what the file is: file system and inode; 0 = not known */
	uint64_t backing_inode;
};

struct lkb_mount {
	uint64_t id;
	dev_t dev; /* major 0: no block device of its own (btrfs, overlay, tmpfs) */
	const char *point, *type, *source, *options; /* without the escapes of the table */
	size_t node; /* LKB_NO_NODE: on none that is known */
};

struct lkb_swap {
	const char *path;
	bool is_file;
	size_t node; /* the device, or the one the file is on */
};

struct lkb_blocks {
	const char *root; /* "" = this machine; else resolved, without a slash at its end */
	struct lkb_node *nodes; /* a disk, its partitions, the next disk */
	size_t n_nodes;
	struct lkb_mount *mounts; /* in the order of the table */
	size_t n_mounts, n_own; /* all, and our own, which come first; then those of process 1 */
	struct lkb_swap *swaps;
	size_t n_swaps;
	struct lkb_arena arena;
};

int lkb_blocks_read(const char *root, struct lkb_blocks **ret, struct lkb_error *err);
void lkb_blocks_free(struct lkb_blocks *b);
LKB_DEFINE_AUTO(lkb_blocks, lkb_blocks_free)

/* Its steps, in this order. */
int lkb_blocks_scan(struct lkb_blocks *b, struct lkb_error *err);
int lkb_blocks_mounts(struct lkb_blocks *b, struct lkb_error *err);

size_t lkb_blocks_by_dev(const struct lkb_blocks *b, dev_t dev);
size_t lkb_blocks_by_name(const struct lkb_blocks *b, const char *name);
/* "/dev/sdb1", "/dev/mapper/x", a symbolic link to one. */
size_t lkb_blocks_by_path(const struct lkb_blocks *b, const char *path);
/* The path without symbolic links, from the root on; NULL if it leads nowhere. The caller frees
 * it. */
char *lkb_blocks_real(const struct lkb_blocks *b, const char *path);

/* Marks the node and all it stands on; `on` has n_nodes places. With `files`, from a loop device on
 * to the disks its file is on. */
void lkb_blocks_mark(const struct lkb_blocks *b, size_t node, bool files, bool *on);
/* The same from a file system on: btrfs on several devices, an overlay's directories too. */
void lkb_blocks_mark_mount(const struct lkb_blocks *b, const struct lkb_mount *m, bool files,
			   bool *on);
/* Where a path is: the mount that was made last of those whose point it is below. */
const struct lkb_mount *lkb_blocks_mount_of(const struct lkb_blocks *b, const char *path);

/* Reading below the root. All paths start with a slash. */

/* The path on this machine; the caller frees it. */
char *lkb_below(const char *root, const char *path);
/* A small file of sysfs, without blanks around it; NULL if it is not there, empty or too large. */
const char *lkb_sys_text(const char *root, struct lkb_arena *a, const char *dir, const char *name);
uint64_t lkb_sys_u64(const char *root, const char *dir, const char *name, uint64_t otherwise);
/* "8:17"; 0 = not there. */
dev_t lkb_sys_dev(const char *root, const char *dir);
/* The value of KEY=VALUE in a text of lines; NULL if it is not there. */
const char *lkb_sys_value(struct lkb_arena *a, const char *text, const char *key);
/* Text that may be shown. Of hardware: what is no printable ASCII becomes "\xNN". */
const char *lkb_shown(struct lkb_arena *a, const char *text);
const char *lkb_shown_ascii(struct lkb_arena *a, const char *text);

#endif
