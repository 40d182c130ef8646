/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "rootfs/oci/docs.h"

/* Index, manifest and config from one input. Whatever a descriptor says, its digest must not lead
 * out of a directory, and what is taken keeps within the bounds. */
static void check(const struct lkb_oci_desc *d)
{
	if (strpbrk(d->digest_text, "/\\") || strstr(d->digest_text, "..") ||
	    d->size > LKB_OCI_MAX_BLOB)
		abort();
	lkb_oci_kind_of(d->media_type);
	if (d->has_platform)
		lkb_platform_text(&d->platform);
}

static void try_doc(const char *text, size_t size, const char *media_type)
{
	lkb_autoarena arena = {0};
	struct lkb_oci_doc doc;
	struct lkb_error err;

	if (lkb_oci_doc_parse(text, size, "doc", media_type, &arena, &doc, &err))
		return;
	for (size_t i = 0; i < doc.index.n; i++)
		check(&doc.index.items[i]);
	if (doc.kind != LKB_OCI_MANIFEST)
		return;
	check(&doc.manifest.config);
	if (doc.manifest.n_layers > LKB_OCI_MAX_LAYERS)
		abort();
	for (size_t i = 0; i < doc.manifest.n_layers; i++)
		check(&doc.manifest.layers[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lkb_autoociconfig config = {0};
	struct lkb_error err;
	int64_t seconds;

	try_doc((const char *)data, size, NULL);
	try_doc((const char *)data, size, LKB_OCI_TYPE_INDEX);
	try_doc((const char *)data, size, LKB_OCI_TYPE_MANIFEST);
	if (!lkb_oci_config_parse((const char *)data, size, "config", &config, &err) &&
	    (config.n_diff_ids > LKB_OCI_MAX_LAYERS ||
	     config.label_keys.n != config.label_values.n ||
	     (config.created &&
	      !lkb_oci_date_parse(lkb_oci_date_text(config.created).s, &seconds))))
		abort();
	return 0;
}
