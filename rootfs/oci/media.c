/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/str.h"
#include "rootfs/oci/docs.h"

#define OCI "application/vnd.oci.image."
#define DOCKER "application/vnd.docker."

static const struct {
	const char *media_type;
	enum lkb_oci_kind kind;
} types[] = {
	{ LKB_OCI_TYPE_INDEX, LKB_OCI_INDEX },
	{ DOCKER "distribution.manifest.list.v2+json", LKB_OCI_INDEX },
	{ LKB_OCI_TYPE_MANIFEST, LKB_OCI_MANIFEST },
	{ DOCKER "distribution.manifest.v2+json", LKB_OCI_MANIFEST },
	{ DOCKER "distribution.manifest.v1+json", LKB_OCI_SCHEMA1 },
	{ DOCKER "distribution.manifest.v1+prettyjws", LKB_OCI_SCHEMA1 },
	{ LKB_OCI_TYPE_CONFIG, LKB_OCI_CONFIG },
	{ DOCKER "container.image.v1+json", LKB_OCI_CONFIG },
	{ LKB_OCI_TYPE_LAYER, LKB_OCI_LAYER },
	{ LKB_OCI_TYPE_LAYER_GZIP, LKB_OCI_LAYER },
	{ LKB_OCI_TYPE_LAYER_ZSTD, LKB_OCI_LAYER },
	{ OCI "layer.nondistributable.v1.tar", LKB_OCI_LAYER },
	{ OCI "layer.nondistributable.v1.tar+gzip", LKB_OCI_LAYER },
	{ OCI "layer.nondistributable.v1.tar+zstd", LKB_OCI_LAYER },
	{ DOCKER "image.rootfs.diff.tar", LKB_OCI_LAYER },
	{ DOCKER "image.rootfs.diff.tar.gzip", LKB_OCI_LAYER },
	{ DOCKER "image.rootfs.diff.tar.zstd", LKB_OCI_LAYER },
	{ DOCKER "image.rootfs.foreign.diff.tar", LKB_OCI_LAYER },
	{ DOCKER "image.rootfs.foreign.diff.tar.gzip", LKB_OCI_LAYER },
};

enum lkb_oci_kind lkb_oci_kind_of(const char *media_type)
{
	size_t len = media_type ? strcspn(media_type, "; ") : 0;

	for (size_t i = 0; i < LKB_ARRAY_SIZE(types); i++)
		if (len == strlen(types[i].media_type) &&
		    !strncmp(media_type, types[i].media_type, len))
			return types[i].kind;
	return LKB_OCI_UNKNOWN;
}

/* algorithm := [a-z0-9]+ ([+._-] [a-z0-9]+)*; returns its length, 0 if it is none. */
static size_t algorithm_len(const char *s)
{
	size_t len = 0;

	for (;;) {
		size_t n = strspn(s + len, "abcdefghijklmnopqrstuvwxyz0123456789");

		if (!n)
			return 0;
		len += n;
		if (!s[len] || !strchr("+._-", s[len]))
			return len;
		len++;
	}
}

bool lkb_oci_digest_parse(const char *text, bool *ret_sha256, struct lkb_sha256 *ret)
{
	size_t len = algorithm_len(text);
	const char *encoded = text + len + 1;
	struct lkb_sha256 digest = {0};
	bool sha256;

	if (!len || text[len] != ':' || !*encoded || strlen(encoded) > 256)
		return false;
	if (strspn(encoded, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789=_-") !=
	    strlen(encoded))
		return false;
	sha256 = lkb_starts_with(text, "sha256:");
	if (sha256 && !lkb_sha256_parse(encoded, &digest))
		return false;
	*ret_sha256 = sha256;
	*ret = digest;
	return true;
}
