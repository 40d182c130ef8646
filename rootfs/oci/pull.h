/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_PULL_H
#define LKB_ROOTFS_OCI_PULL_H

#include "rootfs/oci/ref.h"
#include "rootfs/oci/store.h"

/* From registries into the store. */
struct lkb_registry;

/* What to fetch. Borrowed. */
struct lkb_pull {
	struct lkb_registry *registry; /* rootfs/oci/registry/registry.h */
	const char *const *refs;
	size_t n_refs;
	const struct lkb_platform *platforms; /* none = all */
	size_t n_platforms;
	bool signatures; /* also what signs the images; what the policy looks at comes anyway */
};

/*
 * Asks the registry what each reference stands for, and fetches what the store lacks of it: the
 * index as it is, and of its images those for the platforms. Either all names come in or none, and
 * then the store is as it was, but for beginnings of blobs that the next pull goes on with.
 *
 * A reference with a digest is stored under that, without a tag. Signatures of an image with the
 * digest HEX come in under the names that cosign gives them: REPOSITORY:sha256-HEX.sig, and
 * REPOSITORY:sha256-HEX for the index of what refers to it, be it the registry's answer to that
 * question or what it has under that tag.
 *
 * What the index attests of the images (an SBOM) comes along, whole: of an attestation that the
 * registry does not give, that does not fit or has more than LKB_OCI_MAX_DOCS bytes, a warning is
 * all that comes of it. With a policy the index itself must be signed for that.
 *
 * A store with a policy takes nothing that the policy refuses: it is asked about the digest before
 * anything of the image is parsed, and the signatures that were looked at stay in any case.
 *
 * LKB_INPUT if a registry has no such image, or none for a platform, or documents are malformed;
 * LKB_NET; LKB_TRUST if a size or digest does not fit, or the policy
 * refuses an image.
 */
int lkb_pull(struct lkb_store *s, const struct lkb_pull *p, struct lkb_imported_list *ret,
	     struct lkb_error *err);

/* Asks the store's policy, if there is one, about a digest that the registry gave for the
 * reference, whatever it is of: what signs it comes into the store. LKB_TRUST, LKB_NET. */
int lkb_pull_judge(struct lkb_store *s, struct lkb_registry *r, const struct lkb_ref *ref,
		   const struct lkb_sha256 *digest, struct lkb_error *err);

#endif
