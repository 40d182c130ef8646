/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/cmd.h"

int lkb_ctx_store(const struct lkb_ctx *ctx, struct lkb_store **ret, struct lkb_error *err)
{
	if (ctx->store_dir)
		return lkb_store_open(ctx->store_dir, ret, err);
	lkb_fail(err, LKB_USAGE, "there is no place for the store: HOME is not set");
	return lkb_hint(err, "give --store DIR or set LKBOARD_STORE");
}
