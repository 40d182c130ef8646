/* SPDX-License-Identifier: Apache-2.0 */
/* A partition table: what is read and written is read the same. */
#include <stdlib.h>
#include <string.h>

#include "image/mbr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t block[LKB_MBR_SIZE] = {0}, out[LKB_MBR_SIZE];
	struct lkb_mbr mbr, again;

	/* The part that says something: signature, entries, mark. */
	memcpy(block + 440, data, size < 72 ? size : 72);
	if (!lkb_mbr_parse(block, &mbr))
		return 0;
	lkb_mbr_build(&mbr, out);
	if (!lkb_mbr_parse(out, &again) || again.signature != mbr.signature)
		abort();
	for (int i = 0; i < LKB_MBR_ENTRIES; i++)
		if (mbr.entries[i].type && memcmp(&mbr.entries[i], &again.entries[i],
						  sizeof(mbr.entries[i])) != 0)
			abort();
	return 0;
}
