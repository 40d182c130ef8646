/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rootfs/oci/registry/credentials.h"
#include "rootfs/oci/registry/token.h"

/* Files of credentials, and what helpers say. The name of a helper leads to no other directory. */
static void check(const struct lkb_auth_file *f)
{
	if (f->n > LKB_AUTH_MAX_ENTRIES || f->helpers.n != f->helper_keys.n ||
	    (f->store && strpbrk(f->store, "/ ;&|$")))
		abort();
	for (size_t i = 0; i < f->helpers.n; i++)
		if (strpbrk(f->helpers.items[i], "/ ;&|$"))
			abort();
	for (size_t i = 0; i < f->n; i++) {
		const struct lkb_credential *c = &f->auths[i].credential;

		if (!c->user != !c->password ||
		    (c->registry_token && !lkb_token_is_fit(c->registry_token)))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	lkb_autoauth f = {0}, old = {0};
	lkb_autocredential c = {0};
	struct lkb_error err;

	if (!lkb_auth_parse(text, size, "it", false, &f, &err))
		check(&f);
	if (!lkb_auth_parse(text, size, "it", true, &old, &err))
		check(&old);
	lkb_auth_parse_helper(text, size, "it", &c, &err);
	return 0;
}
