/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "rootfs/oci/trust/trust_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A bundle with what is in its envelope, and the input as a statement itself. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	__attribute__((cleanup(lkb_bundle_clear))) struct lkb_bundle b = {0};
	struct lkb_sha256 digest = {0};
	struct lkb_statement s;
	lkb_autostr bytes = {0};

	lkb_statement_parse((const char *)data, size, "statement", &digest, &s, NULL);
	if (lkb_bundle_parse((const char *)data, size, "bundle", &b, NULL))
		return 0;
	if (b.n_signatures > LKB_BUNDLE_MAX_SIGNATURES || !b.payload.len)
		abort();
	lkb_bundle_signed(&b, &bytes);
	if (bytes.len <= b.payload.len)
		abort();
	lkb_statement_parse(b.payload.s, b.payload.len, "payload", &digest, &s, NULL);
	return 0;
}
