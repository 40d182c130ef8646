/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "rootfs/oci/layout_priv.h"

/* An archive of images, Docker's or OCI's: what it leads to stays inside of it, and documents are
 * what their digests say. Sums of tar headers are made right first, or hardly any input would get
 * past the first one. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

static int look(void *ctx, const struct lkb_oci_desc *d, const struct lkb_sha256 *diff_id,
		struct lkb_error *err)
{
	const struct lkb_layout *l = ctx;
	lkb_autodata blob = {0};
	struct lkb_sha256 digest;

	if (lkb_layout_blob(l, d, &blob, err))
		return -1;
	if (blob.len != d->size || blob.off > lkb_blob_size(blob.blob) ||
	    blob.len > lkb_blob_size(blob.blob) - blob.off)
		abort();
	if (lkb_data_sha256(&blob, &digest, err))
		abort();
	if (d->kind != LKB_OCI_LAYER && !lkb_sha256_equal(&digest, &d->digest))
		return lkb_layout_fail_digest(l, d, &digest, err);
	return 0;
}

static void use(const struct lkb_layout *l)
{
	lkb_autoarena arena = {0};
	struct lkb_layout_visit v = { .from = l, .arena = &arena, .blob = look,
				      .ctx = (void *)l };
	struct lkb_oci_index index;
	struct lkb_error err = {0};

	if (lkb_layout_index(l, &arena, &index, &err))
		return;
	for (size_t i = 0; i < index.n; i++) {
		lkb_autolayoutlist list = {0};
		lkb_autostrv names = {0};

		lkb_layout_names(&index.items[i], &names);
		for (size_t k = 0; k < names.n; k++)
			if (!lkb_layout_is_named(&index.items[i], names.items[k]))
				abort();
		if (lkb_layout_visit(&v, &index.items[i], &err) && err.kind == LKB_OK)
			abort();
		lkb_layout_flatten(l, &index.items[i], &arena, &list, &err);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = lkb_memdup(data, size);
	lkb_auto(lkb_blob) blob = lkb_blob_new_take(copy, size);
	struct lkb_data whole = { .blob = blob, .len = size };
	lkb_auto(lkb_layout) l = NULL;
	struct lkb_error err = {0};

	seal_headers(copy, size);
	if (!lkb_layout_read_archive(&whole, "fuzz", &l, &err))
		use(l);
	else if (err.kind == LKB_OK || l)
		abort();
	return 0;
}
