/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "rootfs/oci/ref.h"

/* What is taken as a reference has a canonical text that stands for itself. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lkb_autofree char *text = lkb_strndup((const char *)data, size);
	lkb_autofree char *canonical = NULL, *again = NULL;
	lkb_autoref r = {0}, r2 = {0};
	struct lkb_error err;

	lkb_ref_is_full(text);
	if (lkb_ref_parse(text, &r, &err))
		return 0;
	canonical = lkb_ref_text(&r);
	if (lkb_ref_parse(canonical, &r2, &err))
		abort();
	again = lkb_ref_text(&r2);
	if (strcmp(canonical, again))
		abort();
	return 0;
}
