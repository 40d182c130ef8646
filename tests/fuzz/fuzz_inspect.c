/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a file for `inspect`. What it says of it must be text that JSON can hold. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cmd/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Those that read the file they were opened from; cards and maps are opened by name. */
static const struct lkb_inspect_kind *const kinds[] = {
	&lkb_inspect_dtb, &lkb_inspect_script, &lkb_inspect_record, &lkb_inspect_initrd,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
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
	return 0;
}
