/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "rootfs/oci/trust/trust_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A payload that somebody signed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lkb_simplesigning s = {0};
	lkb_autoref r = {0};

	if (lkb_simplesigning_parse((const char *)data, size, "payload", &s, NULL))
		return 0;
	if (s.repository && (lkb_ref_parse(s.repository, &r, NULL) || r.digest))
		abort();
	free(s.repository);
	return 0;
}
