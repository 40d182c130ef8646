/* SPDX-License-Identifier: Apache-2.0 */
/* An EFI stub: whatever becomes a unified kernel image is one again, and all its sections are where
 * it says. */
#include <stdlib.h>
#include <string.h>

#include "bootloader/pe.h"
#include "bootloader/uki.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct lkb_blob *uki)
{
	uint8_t head[LKB_PE_HEAD];
	uint64_t size = lkb_blob_size(uki), end = 0;
	size_t n = size < sizeof(head) ? (size_t)size : sizeof(head);
	struct lkb_pe pe;
	char text[4];

	if (lkb_blob_read(uki, 0, head, n, NULL) || lkb_pe_parse(head, n, &pe, NULL) ||
	    lkb_pe_check_sections(&pe, size, NULL) || pe.n_sections < 4)
		abort();
	for (unsigned i = pe.n_sections - 4; i < pe.n_sections; i++) {
		const struct lkb_pe_section *s = &pe.sections[i];

		if (s->address % 4096 || s->address < end || s->file_offset % pe.file_align)
			abort();
		end = (uint64_t)s->address + s->size;
	}
	if (lkb_blob_read(uki, pe.sections[pe.n_sections - 1].file_offset, text, 4, NULL) ||
	    memcmp(text, "kern", 4) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const arches[] = {"amd64", "arm64"};
	lkb_auto(lkb_blob) stub = lkb_blob_new_mem(data, size);
	lkb_auto(lkb_blob) kernel = lkb_blob_new_mem("kernel", 6);

	for (int i = 0; i < 2; i++) {
		lkb_auto(lkb_blob) uki = NULL;
		const struct lkb_data root = {kernel, 1, 3};
		const struct lkb_uki_in in = {
			.arch = arches[i], .stub = {stub, 0, size}, .kernel = {kernel, 0, 6},
			.initrd = &root, .n_initrd = 1, .cmdline = "quiet", .osrel = "ID=x\n",
		};

		if (!lkb_uki_make(&in, &uki, NULL))
			check(uki);
	}
	return 0;
}
