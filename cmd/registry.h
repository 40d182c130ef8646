/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_CMD_REGISTRY_H
#define LKB_CMD_REGISTRY_H

#include "cmd/cmd.h"
#include "rootfs/oci/registry/registry.h"
#include "rootfs/oci/trust/trust.h"

/* Options of all commands that may fetch images. */
struct lkb_registry_words {
	const char *authfile;
	struct lkb_strv mirror, insecure;
	bool push; /* it is to be written to */
};

/* Their rows, for the member `registry` of a command's options. */
#define LKB_REGISTRY_OPTIONS(type) LKB_REGISTRY_OPTIONS_OF(type, registry)
#define LKB_REGISTRY_OPTIONS_OF(type, member) \
	LKB_OPT(0, "mirror", LIST, type, member.mirror, "[REG=]URL", \
		"ask there before the registry REG; without REG, before all"), \
	LKB_REGISTRY_ACCESS_OF(type, member)

/* Those that say how it may be spoken to. */
#define LKB_REGISTRY_ACCESS(type) LKB_REGISTRY_ACCESS_OF(type, registry)
#define LKB_REGISTRY_ACCESS_OF(type, member) \
	LKB_OPT(0, "insecure-registry", LIST, type, member.insecure, "HOST", \
		"may be spoken to without TLS, as this machine may"), \
	LKB_OPT(0, "authfile", STRING, type, member.authfile, "FILE", \
		"credentials (default: those of podman, skopeo and docker)")

/* A client as the options and the environment say. */
int lkb_ctx_registry(const struct lkb_ctx *ctx, const struct lkb_registry_words *words,
		     struct lkb_registry **ret, struct lkb_error *err);

/* The policy in that file, NULL for none; what is wrong with it was printed when this fails by
 * input. */
int lkb_ctx_policy(struct lkb_ctx *ctx, const char *path, struct lkb_policy **ret,
		   struct lkb_error *err);

#endif
