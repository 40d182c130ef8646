/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a file for `inspect`. What it says of it must be text that JSON can hold. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/crc32.h"
#include "bootloader/slot/slot.h"
#include "cmd/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Those that read the file they were opened from; cards and maps are opened by name. */
static const struct lkb_inspect_kind *const kinds[] = {
	&lkb_inspect_dtb, &lkb_inspect_script, &lkb_inspect_record, &lkb_inspect_initrd,
};

static void inspect(const uint8_t *data, size_t size)
{
	lkb_auto(lkb_blob) blob = lkb_blob_new_mem(data, size);
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(kinds); i++) {
		json_t *what = NULL;
		lkb_autofree char *json = NULL;
		lkb_autostr text = {0};

		if (!kinds[i]->is(blob) || kinds[i]->describe("fuzz", blob, &what, NULL))
			continue;
		json = json_dumps(what, JSON_INDENT(2));
		lkb_inspect_text(what, &text);
		if (!json || !text.len)
			abort();
		json_decref(what);
	}
}

/* As it is, and as a state record with the checksum that chance would not find. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t block[LKB_ENV_SIZE] = {0};

	inspect(data, size);
	memcpy(block + 4, data, size < sizeof(block) - 4 ? size : sizeof(block) - 4);
	lkb_put_le32(block, lkb_crc32(0, block + 4, sizeof(block) - 4));
	inspect(block, sizeof(block));
	return 0;
}
