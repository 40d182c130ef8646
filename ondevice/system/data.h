/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_DATA_H
#define LKB_ONDEVICE_SYSTEM_DATA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* The data partition, the fourth of the disk that `cmdline`'s lkb.root names, is mounted at `at`,
 * and its ext4 grows to the partition's size if that has grown. What fails is said. */
void lkb_data_mount(const char *cmdline, const char *at);

/* What an ext4 superblock says of its size; `sb` is the 1024 bytes at offset 1024. False if it is
 * no ext4. */
struct lkb_ext4_size {
	uint64_t blocks;
	uint32_t block_size;
};
bool lkb_ext4_size_parse(const uint8_t *sb, struct lkb_ext4_size *ret);

#endif
