/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "cmd/cmd.h"

/* The lock is the first file of a store that everybody needs to write. */
static int check_writable(const char *dir, struct lkb_error *err)
{
	lkb_autofree char *lock = lkb_path_join(dir, "lock");

	if (!access(lock, W_OK) || (errno != EACCES && errno != EROFS))
		return 0;
	lkb_fail_errno(err, "store '%s' cannot be written", dir);
	return lkb_hint(err, "--store or LKBOARD_STORE name another");
}

int lkb_ctx_store(const struct lkb_ctx *ctx, struct lkb_store **ret, struct lkb_error *err)
{
	if (ctx->store_dir && check_writable(ctx->store_dir, err))
		return -1;
	if (ctx->store_dir)
		return lkb_store_open(ctx->store_dir, ret, err);
	lkb_fail(err, LKB_USAGE, "there is no place for the store: HOME is not set");
	return lkb_hint(err, "give --store DIR or set LKBOARD_STORE");
}

int lkb_read_platform(const char *option, const char *text, struct lkb_platform *ret,
		      struct lkb_error *err)
{
	const char *name = strncasecmp(text, "linux/", 6) ? text : text + 6;
	const char *slash = strchr(name, '/');
	lkb_autofree char *arch = lkb_format("%.*s", (int)strcspn(name, "/"), name);

	if (arch[0] && !(slash && !slash[1]) &&
	    lkb_platform_set(ret, arch, slash ? slash + 1 : NULL))
		return 0;
	lkb_fail(err, LKB_USAGE, "'--%s %s': no architecture", option, text);
	return lkb_hint(err, "arm64, amd64, arm/v7, ...");
}
