/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_REGISTRY_TOKEN_H
#define LKB_ROOTFS_OCI_REGISTRY_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* What a token server answers. */
struct lkb_token {
	char *text;         /* owned; visible ASCII, so fit for a header */
	uint64_t expires_s; /* from when it was asked for; 60 if the server says nothing */
};

/* Reads {"token" or "access_token", "expires_in"}. LKB_NET: it is the server that is wrong. */
int lkb_token_parse(const char *text, size_t len, const char *name, struct lkb_token *ret,
		    struct lkb_error *err);

/* True if text can be sent as a token. */
bool lkb_token_is_fit(const char *text);

#endif
