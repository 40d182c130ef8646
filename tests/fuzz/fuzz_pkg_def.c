/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "rootfs/pkg/def_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A package definition. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lkb_auto(lkb_pkg) p = NULL;
	lkb_autodiags diags = {0};

	lkb_pkg_parse((const char *)data, size, "x.yml", &p, &diags, NULL);
	return 0;
}
