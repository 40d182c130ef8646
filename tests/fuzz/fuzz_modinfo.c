/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "rootfs/pkg/kernel_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A kernel module: the section table of an ELF file and the strings of .modinfo. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lkb_auto(lkb_blob) blob = lkb_blob_new_mem(data, size);
	const struct lkb_data ko = {.blob = blob, .len = size};
	lkb_autostrv needs = {0};

	lkb_modinfo_depends(&ko, &needs, NULL);
	return 0;
}
