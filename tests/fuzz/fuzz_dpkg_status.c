/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "rootfs/inventory/inventory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* dpkg's status. What was found can be kept and read again, and named. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lkb_autoinventory v = {0}, again = {0};
	lkb_autostr kept = {0}, twice = {0}, purl = {0};

	lkb_inventory_os_release((const char *)data, size, &v);
	lkb_inventory_dpkg((const char *)data, size, &v);
	lkb_inventory_sort(&v);
	lkb_inventory_format(&v, &kept);
	if (!lkb_inventory_parse(kept.s, kept.len, &again) || again.n != v.n)
		__builtin_trap();
	lkb_inventory_format(&again, &twice);
	if (strcmp(kept.s, twice.s) != 0)
		__builtin_trap();
	for (size_t i = 0; i < v.n; i++)
		lkb_inventory_purl(&v, &v.items[i], &purl);
	return 0;
}
