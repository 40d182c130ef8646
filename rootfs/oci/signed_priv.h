/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_SIGNED_PRIV_H
#define LKB_ROOTFS_OCI_SIGNED_PRIV_H

#include "rootfs/oci/layout_priv.h"
#include "rootfs/oci/trust/trust.h"

/*
 * The signatures of a digest that a layout holds, in all the ways that cosign stores them:
 *
 *	REPOSITORY:sha256-HEX.sig  a manifest; each layer is a payload, its signature an
 *	                           annotation
 *	REPOSITORY:sha256-HEX      the list of OCI 1.1 referrers: manifests with such layers, or
 *	                           with a Sigstore bundle; what it says of them is not believed
 *
 * Both name the digest that they are for, so the repository is of no matter: an image that is
 * called otherwise here than where it was signed keeps its signatures.
 */

#define LKB_OCI_TYPE_SIMPLESIGNING "application/vnd.dev.cosign.simplesigning.v1+json"
#define LKB_OCI_TYPE_BUNDLE "application/vnd.dev.sigstore.bundle.v0.3+json"

/* Counts them; `index` is the layout's own. */
void lkb_signed_count(const struct lkb_layout *l, const struct lkb_oci_index *index,
		      struct lkb_tally *t);

/* LKB_TRUST unless the policy is content with the digest as an image called `ref`. */
int lkb_trust_check(const struct lkb_policy *p, const struct lkb_layout *l,
		    const struct lkb_ref *ref, const struct lkb_sha256 *digest,
		    struct lkb_error *err);

#endif
