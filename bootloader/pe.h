/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BOOTLOADER_PE_H
#define LKB_BOOTLOADER_PE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * EFI programs: PE32+ files (Microsoft's "PE Format": COFF file header, optional header, section
 * table). Hostile input: nothing is believed before it was compared with what is there.
 */
#define LKB_PE_SECTION_SIZE 40u
#define LKB_PE_SECTIONS_MAX 96u
/* So much of a file's start is enough to see all its headers. */
#define LKB_PE_HEAD ((size_t)4096)

struct lkb_pe_section {
	char name[9];
	uint32_t size, address;          /* in memory */
	uint32_t file_size, file_offset;
};

struct lkb_pe {
	uint16_t machine;
	uint32_t section_align, file_align; /* powers of two */
	uint32_t image_size, headers_size;
	size_t header;  /* offset of the COFF file header */
	size_t optional; /* of the optional header */
	size_t table;   /* of the section table */
	unsigned n_sections;
	struct lkb_pe_section sections[LKB_PE_SECTIONS_MAX];
};

/* Parses the headers in the first n bytes of a file. LKB_INPUT for what is no EFI program. What
 * sections say about places is not checked. */
int lkb_pe_parse(const uint8_t *head, size_t n, struct lkb_pe *ret, struct lkb_error *err);

/* The machine of an OCI architecture: "amd64", "arm64"; 0 for others. */
uint16_t lkb_pe_machine(const char *arch);

/* LKB_INPUT unless every section of a file of `size` bytes lies in it and in the image, and none
 * reaches into the headers. */
int lkb_pe_check_sections(const struct lkb_pe *pe, uint64_t size, struct lkb_error *err);

/* Section `i` of a file's head, which has room for it. */
void lkb_pe_put_section(uint8_t *head, const struct lkb_pe *pe, unsigned i,
			const struct lkb_pe_section *s);
/* Number of sections and size of the image as in *pe; no checksum, which nobody looks at. */
void lkb_pe_put_header(uint8_t *head, const struct lkb_pe *pe);

#endif
