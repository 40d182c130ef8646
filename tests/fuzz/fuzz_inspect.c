/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a file for `inspect`. What it says of it must be text that JSON can hold. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/crc32.h"
#include "bootloader/slot/slot.h"
#include "cmd/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inspect(const uint8_t *data, size_t size)
{
	lkb_auto(lkb_blob) blob = lkb_blob_new_mem(data, size);
	size_t i;

	for (i = 0; lkb_inspect_kinds[i]; i++) {
		const struct lkb_inspect_kind *k = lkb_inspect_kinds[i];
		json_t *what = NULL;
		lkb_autofree char *json = NULL;
		lkb_autostr text = {0};

		/* Cards and maps are opened by name. */
		if (k == &lkb_inspect_card || k == &lkb_inspect_map || !k->is(blob) ||
		    k->describe("fuzz", blob, &what, NULL))
			continue;
		json = json_dumps(what, JSON_INDENT(2));
		lkb_inspect_text(what, &text);
		if (!json || !text.len)
			abort();
		json_decref(what);
	}
}

#define HEADER  512u
#define ENTRIES 1024u

/* A GPT gets the checksums that chance would not find. */
static void inspect_gpt(const uint8_t *data, size_t size)
{
	lkb_autofree uint8_t *p = NULL;
	uint32_t n, header_size;

	if (size < ENTRIES || memcmp(data + HEADER, "EFI PART", 8) != 0)
		return;
	p = lkb_alloc(size);
	memcpy(p, data, size);
	n = lkb_get_le32(p + HEADER + 80);
	if (lkb_get_le64(p + HEADER + 72) == 2 && n <= 128 && n * 128 <= size - ENTRIES)
		lkb_put_le32(p + HEADER + 88, lkb_crc32(0, p + ENTRIES, n * 128));
	header_size = lkb_get_le32(p + HEADER + 12);
	lkb_put_le32(p + HEADER + 16, 0);
	if (header_size <= 512)
		lkb_put_le32(p + HEADER + 16, lkb_crc32(0, p + HEADER, header_size));
	inspect(p, size);
}

/* As it is, with those checksums, and as a state record with one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t block[LKB_ENV_SIZE] = {0};

	inspect(data, size);
	inspect_gpt(data, size);
	memcpy(block + 4, data, size < sizeof(block) - 4 ? size : sizeof(block) - 4);
	lkb_put_le32(block, lkb_crc32(0, block + 4, sizeof(block) - 4));
	inspect(block, sizeof(block));
	return 0;
}
