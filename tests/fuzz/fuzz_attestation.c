/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "rootfs/inventory/inventory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An in-toto statement, and the text in which an inventory is kept. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lkb_autoinventory v = {0}, again = {0}, kept = {0};
	lkb_autostr text = {0}, purl = {0};

	lkb_inventory_attestation((const char *)data, size, &v);
	lkb_inventory_sort(&v);
	lkb_inventory_format(&v, &text);
	if (!lkb_inventory_parse(text.s, text.len, &again) || again.n != v.n)
		__builtin_trap();
	lkb_inventory_parse((const char *)data, size, &kept);
	for (size_t i = 0; i < v.n; i++)
		lkb_inventory_purl(&v, &v.items[i], &purl);
	return 0;
}
