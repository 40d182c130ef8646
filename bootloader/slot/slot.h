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
 * strings in byte order of keys, each NUL-terminated, an empty string at the end, zeros to its
 * size: 4096 bytes for these two.
 * Backslashes in values are doubled, as U-Boot's own export writes them and its import reads them.
 * Used on the build machine and, in the static programs, on the board: libc only.
 * docs/formats/slot.md describes the bytes.
 */
#define LKB_ENV_SIZE 4096u
#define LKB_RECORD_0_OFF ((uint64_t)4 << 20)
#define LKB_RECORD_1_OFF ((uint64_t)8 << 20)

struct lkb_env_pair {
	const char *key, *value;
};

/* Writes a block of `size` bytes. Keys are [a-z0-9_]+ and different, at most 64; values are not
 * empty (U-Boot takes an empty value for a deletion) and free of control characters; sorted here.
 * LKB_INPUT if it does not fit. */
int lkb_env_format(const struct lkb_env_pair *pairs, size_t n, uint8_t *block, size_t size,
		   struct lkb_error *err);

/* Checks the CRC; false for anything that is no environment block. */
bool lkb_env_valid(const uint8_t *block, size_t size);
/* The strings of a valid block, one after the other: NULL gives the first; NULL behind the last. */
const char *lkb_env_next(const uint8_t *block, size_t size, const char *at);
/* The value of a key in a valid block, or NULL; points into the block, backslashes still
 * doubled. */
const char *lkb_env_get(const uint8_t *block, size_t size, const char *key);
/* Copies a value with single backslashes into buf; false (and "" in buf) if the key is not there
 * or the value does not fit. */
bool lkb_env_copy(const uint8_t *block, size_t size, const char *key, char *buf, size_t room);

/* A slot's state, as both U-Boot and Linux keep it. Numbers are written in hex without 0x. */
#define LKB_REASON_MAX 63u

struct lkb_record {
	uint32_t seq;
	char slot;    /* 'A' or 'B' */
	char pending; /* 'A', 'B' or 0 = none */
	uint32_t tries, fails;
	bool good_a, good_b;
	char reason[LKB_REASON_MAX + 1]; /* [A-Za-z0-9._-]+; "none" if there is none */
};

int lkb_record_format(const struct lkb_record *r, uint8_t block[LKB_ENV_SIZE],
		      struct lkb_error *err);
/* False if the block is not a valid record. `seq` and `slot` must be there; the other keys may be
 * missing and are then zero, and "none" for the reason. */
bool lkb_record_parse(const uint8_t block[LKB_ENV_SIZE], struct lkb_record *ret);
/* Which of the two is in force: 0 or 1, or -1 if neither is valid. The higher `seq` wins, record 0
 * if they are equal. *ret is written unless it is -1. */
int lkb_record_choose(const uint8_t block0[LKB_ENV_SIZE], const uint8_t block1[LKB_ENV_SIZE],
		      struct lkb_record *ret);

/* The longest command line of a spec. The kernel takes 2047 bytes on arm64, of which the chooser's
 * own words may need up to 500. */
#define LKB_CMDLINE_MAX 1536u
/* The longest version and board name. */
#define LKB_VERSION_MAX 63u

/* True if the command line has a word "console=...": it then brings its own consoles. */
bool lkb_cmdline_names_console(const char *cmdline);

/* What the trailer says about the slot it ends. Keys t_version, t_board, t_nblk (hex), t_hash,
 * t_epoch (hex), t_cmdline (left out if it is empty; its backslashes are doubled once more, because
 * U-Boot's shell takes one level away), t_console ("spec" if the command line names a console of
 * its own, so that the chooser leaves the board's out; else "board"). */
struct lkb_trailer {
	const char *version, *board; /* [A-Za-z0-9._+~-]+ */
	const char *cmdline;  /* the spec's, whole; "" or NULL = none */
	const char *verity_root; /* 64 hex digits */
	uint64_t data_blocks;    /* of 4096 bytes: the file system */
	int64_t epoch;
};
int lkb_trailer_format(const struct lkb_trailer *t, uint8_t block[LKB_ENV_SIZE],
		       struct lkb_error *err);

/* A trailer as read back. */
struct lkb_trailer_info {
	char version[LKB_VERSION_MAX + 1], board[LKB_VERSION_MAX + 1];
	char cmdline[LKB_CMDLINE_MAX + 1];
	char verity_root[65];
	uint64_t data_blocks;
	int64_t epoch;
	bool own_console;
};
/* False if the block is not a valid trailer. */
bool lkb_trailer_parse(const uint8_t block[LKB_ENV_SIZE], struct lkb_trailer_info *ret);

#endif
