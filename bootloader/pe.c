/* SPDX-License-Identifier: Apache-2.0 */
#include "bootloader/pe.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"

/* Offsets in the COFF file header, which stands behind "PE\0\0". */
#define COFF_SIZE      20u
#define COFF_SECTIONS  2u
#define COFF_OPTIONAL  16u
/* In the optional header. */
#define OPT_MAGIC      0u
#define OPT_ALIGN      32u
#define OPT_FILE_ALIGN 36u
#define OPT_IMAGE      56u
#define OPT_HEADERS    60u
#define OPT_CHECKSUM   64u
#define OPT_SUBSYSTEM  68u
#define OPT_MIN        112u

#define PE32_PLUS      0x20bu
#define EFI_PROGRAM    10u
#define ALIGN_MAX      (1u << 24)
/* Initialized data, readable. */
#define DATA_SECTION   0x40000040u

uint16_t lkb_pe_machine(const char *arch)
{
	static const struct {
		const char *arch;
		uint16_t machine;
	} machines[] = {{"amd64", 0x8664}, {"arm64", 0xaa64}};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(machines); i++)
		if (!strcmp(machines[i].arch, arch))
			return machines[i].machine;
	return 0;
}

static bool is_power_of_two(uint32_t v)
{
	return v && !(v & (v - 1)) && v <= ALIGN_MAX;
}

static int no_program(const char *why, struct lkb_error *err)
{
	return lkb_fail(err, LKB_INPUT, "it is no EFI program: %s", why);
}

static void get_section(const uint8_t *p, struct lkb_pe_section *s)
{
	*s = (struct lkb_pe_section){
		.size = lkb_get_le32(p + 8),
		.address = lkb_get_le32(p + 12),
		.file_size = lkb_get_le32(p + 16),
		.file_offset = lkb_get_le32(p + 20),
	};
	memcpy(s->name, p, 8);
}

int lkb_pe_parse(const uint8_t *head, size_t n, struct lkb_pe *ret, struct lkb_error *err)
{
	struct lkb_pe pe = {0};
	const uint8_t *o;
	size_t at, size;

	if (n < 64 || head[0] != 'M' || head[1] != 'Z')
		return no_program("it does not start with 'MZ'", err);
	at = lkb_get_le32(head + 60);
	if (at > n || n - at < 4 + COFF_SIZE || memcmp(head + at, "PE\0\0", 4) != 0)
		return no_program("it has no PE header", err);
	pe.header = at + 4;
	pe.machine = lkb_get_le16(head + pe.header);
	pe.n_sections = lkb_get_le16(head + pe.header + COFF_SECTIONS);
	size = lkb_get_le16(head + pe.header + COFF_OPTIONAL);
	pe.optional = pe.header + COFF_SIZE;
	if (size < OPT_MIN || size > n - pe.optional)
		return no_program("its optional header is cut off", err);
	o = head + pe.optional;
	if (lkb_get_le16(o + OPT_MAGIC) != PE32_PLUS)
		return no_program("it is not for 64 bits", err);
	if (lkb_get_le16(o + OPT_SUBSYSTEM) != EFI_PROGRAM)
		return no_program("its subsystem is another", err);
	pe.section_align = lkb_get_le32(o + OPT_ALIGN);
	pe.file_align = lkb_get_le32(o + OPT_FILE_ALIGN);
	pe.image_size = lkb_get_le32(o + OPT_IMAGE);
	pe.headers_size = lkb_get_le32(o + OPT_HEADERS);
	if (!is_power_of_two(pe.section_align) || !is_power_of_two(pe.file_align))
		return no_program("its alignment is no power of two", err);
	pe.table = pe.optional + size;
	if (!pe.n_sections || pe.n_sections > LKB_PE_SECTIONS_MAX ||
	    pe.n_sections * LKB_PE_SECTION_SIZE > n - pe.table)
		return no_program("its section table is cut off", err);
	for (unsigned i = 0; i < pe.n_sections; i++)
		get_section(head + pe.table + i * LKB_PE_SECTION_SIZE, &pe.sections[i]);
	*ret = pe;
	return 0;
}

int lkb_pe_check_sections(const struct lkb_pe *pe, uint64_t size, struct lkb_error *err)
{
	if (pe->headers_size > size || pe->headers_size > pe->image_size ||
	    pe->table + pe->n_sections * LKB_PE_SECTION_SIZE > pe->headers_size)
		return lkb_fail(err, LKB_INPUT, "its headers do not fit into it");
	for (unsigned i = 0; i < pe->n_sections; i++) {
		const struct lkb_pe_section *s = &pe->sections[i];

		if (s->address < pe->headers_size || s->address > pe->image_size ||
		    s->size > pe->image_size - s->address)
			return lkb_fail(err, LKB_INPUT, "its section %u is not within the image",
					i + 1);
		if (s->file_size && (s->file_offset < pe->headers_size || s->file_offset > size ||
				     s->file_size > size - s->file_offset))
			return lkb_fail(err, LKB_INPUT, "its section %u is not within the file",
					i + 1);
	}
	return 0;
}

void lkb_pe_put_section(uint8_t *head, const struct lkb_pe *pe, unsigned i,
			const struct lkb_pe_section *s)
{
	uint8_t *p = head + pe->table + i * LKB_PE_SECTION_SIZE;

	memset(p, 0, LKB_PE_SECTION_SIZE);
	memcpy(p, s->name, strnlen(s->name, 8));
	lkb_put_le32(p + 8, s->size);
	lkb_put_le32(p + 12, s->address);
	lkb_put_le32(p + 16, s->file_size);
	lkb_put_le32(p + 20, s->file_offset);
	lkb_put_le32(p + 36, DATA_SECTION);
}

void lkb_pe_put_header(uint8_t *head, const struct lkb_pe *pe)
{
	uint8_t *o = head + pe->optional;

	lkb_put_le16(head + pe->header + COFF_SECTIONS, (uint16_t)pe->n_sections);
	lkb_put_le32(o + OPT_IMAGE, pe->image_size);
	lkb_put_le32(o + OPT_CHECKSUM, 0);
}
