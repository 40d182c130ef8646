/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_CRC32_H
#define LKB_BASE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32 as U-Boot's environment, GPT and gzip use it (reflected 0xEDB88320, start and end
 * inverted). Start with 0; feed the last result to go on. */
uint32_t lkb_crc32(uint32_t crc, const void *p, size_t n);

#endif
