/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a device tree and, behind it, an overlay. Each is checked, printed and used as both. */
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "dtb/dtb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print(const void *p, size_t n)
{
	lkb_autostr text = {0};
	struct lkb_error err;

	lkb_dtb_print(p, n, "x", &text, &err);
}

static void overlay(const void *base, size_t base_n, const void *over, size_t over_n)
{
	lkb_autofree void *merged = NULL;
	struct lkb_error err;
	size_t n;

	if (lkb_dtb_overlay(base, base_n, "base", over, over_n, "over", &merged, &n, &err))
		return;
	/* What comes out must be as good as what went in. */
	if (lkb_dtb_check(merged, n, "merged", &err))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t first = size >= 8 ? lkb_get_be32(data + 4) : 0;
	lkb_autofree void *base = NULL, *over = NULL;

	if (first > size)
		first = size;
	/* Buffers of the exact sizes, so that a read behind them is seen. */
	base = lkb_memdup(data, first);
	over = lkb_memdup(data + first, size - first);
	print(base, first);
	print(over, size - first);
	overlay(base, first, over, size - first);
	overlay(over, size - first, base, first);
	overlay(base, first, base, first);
	return 0;
}
