/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BOOTLOADER_SLOT_SLOT_PRIV_H
#define LKB_BOOTLOADER_SLOT_SLOT_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One to `max` characters of [A-Za-z0-9] and `more`: words that U-Boot's shell and the kernel's
 * command line take as they are. */
bool lkb_slot_word_ok(const char *word, size_t max, const char *more);

/* Lower-case hex without 0x, 1 to 16 digits, at most `max`. */
bool lkb_slot_hex_parse(const char *text, uint64_t max, uint64_t *ret);

/* Copies `from` with single backslashes for doubled ones; false (and "" in `to`) if it does not
 * fit. */
bool lkb_slot_unescape(const char *from, char *to, size_t size);

#endif
