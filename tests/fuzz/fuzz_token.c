/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "rootfs/oci/registry/registry_priv.h"
#include "rootfs/oci/registry/token.h"

/* What token servers and registries answer. A token that is taken can be sent in a header. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lkb_token token = {0};
	struct lkb_error err = {0};
	lkb_autostr words = {0};

	lkb_registry_words((const char *)data, size, &words);
	if (lkb_token_parse((const char *)data, size, "it", &token, &err)) {
		if (err.kind != LKB_NET)
			abort();
		return 0;
	}
	if (!lkb_token_is_fit(token.text) || !token.expires_s)
		abort();
	free(token.text);
	return 0;
}
