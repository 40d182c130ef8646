/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_IMAGE_GPT_H
#define LKB_IMAGE_GPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/uuid.h"
#include "image/mbr.h"

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

/* True if an MBR says nothing but that there is a GPT. */
bool lkb_gpt_is_protected(const struct lkb_mbr *mbr);

#endif
