/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BOOTLOADER_SLOT_SLOT_H
#define LKB_BOOTLOADER_SLOT_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * State records and slot trailers: U-Boot's checksummed environment block (U-Boot
 * include/env_internal.h without the redundancy flag): CRC-32 little-endian, then "key=value"
 * strings in byte order of keys, each NUL-terminated, an empty string at the end, zeros to 4096.
 * Used on the build machine and, in the static programs, on the board: libc only.
 */
#define LKB_ENV_SIZE 4096u
#define LKB_RECORD_0_OFF ((uint64_t)4 << 20)
#define LKB_RECORD_1_OFF ((uint64_t)8 << 20)

struct lkb_env_pair {
	const char *key, *value;
};

/* Writes a block. Keys are [a-z0-9_]+, values without NUL or newline; sorted here. LKB_INPUT if it
 * does not fit. */
int lkb_env_format(const struct lkb_env_pair *pairs, size_t n, uint8_t block[LKB_ENV_SIZE],
		   struct lkb_error *err);

/* Checks the CRC; false for anything that is no environment block. */
bool lkb_env_valid(const uint8_t block[LKB_ENV_SIZE]);
/* The value of a key in a valid block, or NULL; points into the block. */
const char *lkb_env_get(const uint8_t block[LKB_ENV_SIZE], const char *key);

/* A slot's state, as both U-Boot and Linux keep it. Numbers are written in hex without 0x. */
struct lkb_record {
	uint32_t seq;
	char slot;    /* 'A' or 'B' */
	char pending; /* 'A', 'B' or 0 = none */
	uint32_t tries, fails;
	bool good_a, good_b;
	char reason[64]; /* "none" if there is none */
};

int lkb_record_format(const struct lkb_record *r, uint8_t block[LKB_ENV_SIZE],
		      struct lkb_error *err);
/* False if the block is not a valid record. */
bool lkb_record_parse(const uint8_t block[LKB_ENV_SIZE], struct lkb_record *ret);
/* Which of the two is in force: 0 or 1, or -1 if neither is valid. */
int lkb_record_choose(const uint8_t block0[LKB_ENV_SIZE], const uint8_t block1[LKB_ENV_SIZE],
		      struct lkb_record *ret);

/* What the trailer says about the slot it ends. Keys t_version, t_board, t_nblk (hex), t_hash,
 * t_epoch (hex), t_cmdline. */
struct lkb_trailer {
	const char *version, *board;
	const char *cmdline;  /* the spec's, whole */
	const char *verity_root; /* 64 hex digits */
	uint64_t data_blocks;    /* of 4096 bytes: the file system */
	int64_t epoch;
};
int lkb_trailer_format(const struct lkb_trailer *t, uint8_t block[LKB_ENV_SIZE],
		       struct lkb_error *err);

#endif
