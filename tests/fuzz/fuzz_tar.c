/* SPDX-License-Identifier: Apache-2.0 */
/* An archive from nowhere: read, applied as a layer on a small tree, written, and read again. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "rootfs/tree/cpio.h"
#include "rootfs/tree/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int to_str(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	lkb_str_addn(ctx, p, n);
	return 0;
}

static int to_nowhere(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	return 0;
}

static struct lkb_tree *lower_layer(void)
{
	struct lkb_tree *t = lkb_tree_new();
	struct lkb_meta m = { .mode = 0644 };

	lkb_tree_add_text(t, "a", &m, "lower", 5, NULL);
	lkb_tree_add_text(t, "d/b", &m, "lower", 5, NULL);
	lkb_tree_add_link(t, "d/h", "a", NULL);
	lkb_tree_add_symlink(t, "s", &m, "d", NULL, NULL);
	return t;
}

/* What we write is ours: it must come back as it was. */
static void round_trip(struct lkb_tree *t)
{
	lkb_autostr first = { 0 };
	lkb_autostr second = { 0 };
	lkb_auto(lkb_tree) back = lkb_tree_new();
	lkb_auto(lkb_blob) blob = NULL;
	struct lkb_data d;

	/* Sparse files may be large, and attributes may have names that tar cannot hold. */
	if (lkb_tree_stats(lkb_tree_root(t)).bytes > 1 << 20 ||
	    lkb_tar_write(lkb_tree_root(t), INT64_MAX, to_str, &first, NULL) < 0)
		return;
	blob = lkb_blob_new_mem(first.s, first.len);
	d = (struct lkb_data){ blob, 0, first.len };
	if (lkb_tar_to_tree(&d, back, "", NULL) < 0 ||
	    lkb_tar_write(lkb_tree_root(back), INT64_MAX, to_str, &second, NULL) < 0 ||
	    first.len != second.len || memcmp(first.s, second.s, first.len) != 0)
		abort();
	lkb_cpio_write(lkb_tree_root(t), INT64_MAX, to_nowhere, NULL, NULL, NULL);
}

/* A changed header would end at its checksum; so every block that looks like one gets a right sum. */
static void seal_headers(uint8_t *p, size_t n)
{
	for (; n >= 512; p += 512, n -= 512) {
		char digits[9];
		unsigned sum = 0;

		if (memcmp(p + 257, "ustar", 5) != 0)
			continue;
		memset(p + 148, ' ', 8);
		for (size_t i = 0; i < 512; i++)
			sum += p[i];
		snprintf(digits, sizeof(digits), "%06o", sum);
		memcpy(p + 148, digits, 7);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t *copy = lkb_memdup(p, n);
	lkb_auto(lkb_blob) blob = lkb_blob_new_take(copy, n);
	struct lkb_data d = { blob, 0, n };
	lkb_auto(lkb_tree) plain = lkb_tree_new();
	lkb_auto(lkb_tree) layered = lower_layer();

	seal_headers(copy, n);
	lkb_tar_to_tree(&d, plain, "below", NULL);
	if (lkb_tar_apply_layer(&d, layered, NULL) == 0)
		round_trip(layered);
	return 0;
}
