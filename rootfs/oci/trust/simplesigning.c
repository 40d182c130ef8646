/* SPDX-License-Identifier: Apache-2.0 */
/* The payload of cosign's tag scheme: containers' "simple signing" (containers-signature(5)). */
#include <string.h>

#include "base/ext/json.h"
#include "rootfs/oci/docs.h"
#include "rootfs/oci/trust/trust_priv.h"

#define TYPE "cosign container image signature"

static int read_digest(const struct lkb_json_at *critical, struct lkb_sha256 *ret,
		       struct lkb_error *err)
{
	struct lkb_json_at image;
	const char *digest;
	bool sha256;

	if (lkb_json_object(critical, "image", LKB_JSON_REQUIRED, &image, err) ||
	    lkb_json_string(&image, "docker-manifest-digest", LKB_JSON_REQUIRED, &digest, err))
		return -1;
	if (!lkb_oci_digest_parse(digest, &sha256, ret) || !sha256)
		return lkb_json_fail(&image, "docker-manifest-digest", err,
				     "is no SHA-256 digest: '%.100s'", digest);
	return 0;
}

/* What was signed may be called with or without a tag or digest. */
static int read_repository(const struct lkb_json_at *critical, char **ret, struct lkb_error *err)
{
	struct lkb_json_at identity;
	const char *name;
	lkb_autoref r = {0};

	if (lkb_json_object(critical, "identity", LKB_JSON_OPTIONAL, &identity, err) ||
	    lkb_json_string(&identity, "docker-reference", LKB_JSON_OPTIONAL, &name, err))
		return -1;
	*ret = NULL;
	if (name && !lkb_ref_parse(name, &r, NULL))
		*ret = lkb_format("%s/%s", r.domain, r.path);
	return 0;
}

static int read_critical(const struct lkb_json_at *root, struct lkb_simplesigning *ret,
			 struct lkb_error *err)
{
	struct lkb_simplesigning s = {0};
	struct lkb_json_at critical;
	const char *type;

	if (lkb_json_object(root, "critical", LKB_JSON_REQUIRED, &critical, err) ||
	    lkb_json_string(&critical, "type", LKB_JSON_REQUIRED, &type, err) ||
	    read_digest(&critical, &s.digest, err))
		return -1;
	if (strcmp(type, TYPE))
		return lkb_json_fail(&critical, "type", err, "is '%.100s', not '" TYPE "'", type);
	if (read_repository(&critical, &s.repository, err))
		return -1;
	*ret = s;
	return 0;
}

int lkb_simplesigning_parse(const char *text, size_t len, const char *name,
			    struct lkb_simplesigning *ret, struct lkb_error *err)
{
	lkb_autojson v = NULL;
	struct lkb_json_at root;

	return lkb_json_parse(text, len, name, &v, err) || lkb_json_root(v, name, &root, err) ||
	       read_critical(&root, ret, err) ? -1 : 0;
}
