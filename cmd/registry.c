/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/registry.h"

#include <stdlib.h>

int lkb_ctx_registry(const struct lkb_ctx *ctx, const struct lkb_registry_words *words,
		     struct lkb_registry **ret, struct lkb_error *err)
{
	const struct lkb_registry_options o = {
		.authfile = words->authfile,
		.auth_env = getenv("REGISTRY_AUTH_FILE"),
		.runtime_dir = getenv("XDG_RUNTIME_DIR"),
		.config_home = getenv("XDG_CONFIG_HOME"),
		.docker_config = getenv("DOCKER_CONFIG"),
		.home = ctx->home,
		.mirrors = words->mirror,
		.insecure = words->insecure,
		.push = words->push,
		.ui = ctx->ui,
	};

	return lkb_registry_new(&o, ret, err);
}

int lkb_ctx_policy(struct lkb_ctx *ctx, const char *path, struct lkb_policy **ret,
		   struct lkb_error *err)
{
	lkb_autodiags diags = {0};
	int r = path ? lkb_policy_read(path, ret, &diags, err) : 0;

	lkb_report_diags(ctx, &diags);
	if (r && diags.n_errors)
		err->message[0] = '\0';
	return r;
}
