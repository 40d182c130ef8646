/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_GPT_H
#define LKB_IMAGE_GPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/uuid.h"
#include "image/mbr.h"
#include "rootfs/tree/blob.h"

/*
 * The GUID partition table as bytes (UEFI specification 2.10, chapter 5), for sectors of 512 bytes:
 * protective MBR, header and 128 entries at the start of the disk, the same again in reverse order
 * at its end.
 */
#define LKB_GPT_ENTRIES  128u
#define LKB_GPT_NAME_MAX 36u
/* Protective MBR, header, entries; and the entries and header at the end. */
#define LKB_GPT_HEAD_SIZE ((2 + 32) * 512u)
#define LKB_GPT_TAIL_SIZE ((1 + 32) * 512u)

enum lkb_gpt_type {
	LKB_GPT_LINUX, /* Linux file system data */
	LKB_GPT_ESP,   /* EFI system partition */
};

struct lkb_gpt_entry {
	enum lkb_gpt_type type;
	struct lkb_uuid guid;
	uint64_t start_sectors, size_sectors;
	bool legacy_boot; /* attribute bit 2: what a BIOS boot loader may start */
	const char *name; /* printable ASCII, at most 36 characters */
};

struct lkb_gpt {
	struct lkb_uuid guid; /* the disk's */
	uint64_t sectors;     /* of the disk */
	const struct lkb_gpt_entry *entries;
	size_t n_entries;
};

/* LKB_INPUT for what such a table cannot say: more than 128 entries, a name that is too long or no
 * printable ASCII, a partition that is empty, overlaps another one, or reaches into the table
 * itself. */
int lkb_gpt_build(const struct lkb_gpt *gpt, uint8_t head[LKB_GPT_HEAD_SIZE],
		  uint8_t tail[LKB_GPT_TAIL_SIZE], struct lkb_error *err);

/* One that somebody else may have made. */
struct lkb_gpt_found {
	unsigned number; /* counted from 1 */
	struct lkb_uuid type, guid;
	uint64_t start_sectors, size_sectors; /* not compared with the disk; 0 = makes no sense */
	uint64_t attributes;
	char name[LKB_GPT_NAME_MAX + 1]; /* '?' for what is no printable ASCII */
};

struct lkb_gpt_table {
	struct lkb_uuid guid;
	bool backup_good; /* the one at the end of the disk is there and says the same */
	struct lkb_gpt_found entries[LKB_GPT_ENTRIES];
	size_t n;
};

/* Hostile input: the table at the start, both checksums compared. LKB_INPUT if it is damaged, or
 * has more or other entries than nearly all have (128 of 128 bytes). */
int lkb_gpt_read(const struct lkb_blob *disk, struct lkb_gpt_table *ret, struct lkb_error *err);
bool lkb_gpt_is_esp(const struct lkb_uuid *type);

/* True if an MBR says nothing but that there is a GPT. */
bool lkb_gpt_is_protected(const struct lkb_mbr *mbr);

#endif
