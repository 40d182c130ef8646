/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_TESTS_PE_UTIL_H
#define LKB_TESTS_PE_UTIL_H

/* An EFI program of our own making: headers, a section .text of 512 bytes, another .data. */

#include <stdint.h>
#include <string.h>

#include "base/bytes.h"

#define PE_SIZE    0x800u
#define PE_AT      0x80u         /* "PE\0\0" */
#define PE_OPT     (PE_AT + 24u) /* optional header, 240 bytes */
#define PE_TABLE   (PE_OPT + 240u)

static inline void put_pe_section(uint8_t *p, const char *name, uint32_t address, uint32_t offset)
{
	memcpy(p, name, strlen(name));
	lkb_put_le32(p + 8, 0x200);
	lkb_put_le32(p + 12, address);
	lkb_put_le32(p + 16, 0x200);
	lkb_put_le32(p + 20, offset);
	lkb_put_le32(p + 36, 0x60000020);
}

static inline void make_pe(uint8_t p[PE_SIZE], uint16_t machine)
{
	memset(p, 0, PE_SIZE);
	memcpy(p, "MZ", 2);
	lkb_put_le32(p + 60, PE_AT);
	memcpy(p + PE_AT, "PE\0\0", 4);
	lkb_put_le16(p + PE_AT + 4, machine);
	lkb_put_le16(p + PE_AT + 6, 2);
	lkb_put_le16(p + PE_AT + 20, 240);
	lkb_put_le16(p + PE_AT + 22, 0x206);
	lkb_put_le16(p + PE_OPT, 0x20b);
	lkb_put_le32(p + PE_OPT + 16, 0x1000); /* entry point */
	lkb_put_le32(p + PE_OPT + 32, 0x1000);
	lkb_put_le32(p + PE_OPT + 36, 0x200);
	lkb_put_le32(p + PE_OPT + 56, 0x2200);
	lkb_put_le32(p + PE_OPT + 60, 0x400);
	lkb_put_le32(p + PE_OPT + 64, 0x12345678); /* checksum */
	lkb_put_le16(p + PE_OPT + 68, 10);
	lkb_put_le32(p + PE_OPT + 108, 16);
	put_pe_section(p + PE_TABLE, ".text", 0x1000, 0x400);
	put_pe_section(p + PE_TABLE + 40, ".data", 0x2000, 0x600);
	memset(p + 0x400, 0xcc, 0x400);
}

#endif
