/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/ext/yaml.h"
#include "base/file.h"
#include "base/size.h"
#include "board/board.h"
#include "cmd/commands.h"
#include "rootfs/lock/lock.h"
#include "rootfs/oci/trust/trust.h"
#include "rootfs/pkg/pkg.h"
#include "rootfs/rootfs.h"
#include "rootfs/spec/spec.h"

#define SMALL (64 * LKB_KIB)

static int check_spec(const struct lkb_ctx *ctx, const char *path, struct lkb_diags *diags,
		       struct lkb_error *err)
{
	lkb_auto(lkb_spec) spec = NULL;

	if (lkb_spec_read(&path, 1, ctx->home, &spec, diags, err))
		return -1;
	return lkb_rootfs_check_refs(spec, diags, err);
}

static int check_board(const struct lkb_ctx *ctx, const char *path, struct lkb_diags *diags,
		       struct lkb_error *err)
{
	lkb_auto(lkb_board) board = NULL;

	return lkb_board_read(path, &board, diags, err);
}

static int check_pkg(const struct lkb_ctx *ctx, const char *path, struct lkb_diags *diags,
		       struct lkb_error *err)
{
	lkb_auto(lkb_pkg) pkg = NULL;

	return lkb_pkg_read(path, &pkg, diags, err);
}

static int check_lock(const struct lkb_ctx *ctx, const char *path, struct lkb_diags *diags,
		       struct lkb_error *err)
{
	lkb_autolock lock = {0};

	return lkb_lock_load(path, &lock, diags, err);
}

static int check_policy(const struct lkb_ctx *ctx, const char *path, struct lkb_diags *diags,
			struct lkb_error *err)
{
	lkb_auto(lkb_policy) policy = NULL;

	return lkb_policy_read(path, &policy, diags, err);
}

/* What a file is follows from its beginning or its name, or from a key that only its kind has; a
 * spec is the rest. */
static const struct kind {
	const char *name, *key;
	int (*check)(const struct lkb_ctx *ctx, const char *path, struct lkb_diags *diags,
		     struct lkb_error *err);
} kinds[] = {
	{"board", "family", check_board},
	{"package", "packages", check_pkg},
	{"policy", "rules", check_policy},
	{"spec", NULL, check_spec},
};
static const struct kind lock_kind = {"lock", NULL, check_lock};

/* A large text is not parsed twice to learn that it has no such key. */
static bool may_have_keys(const char *text, size_t n)
{
	bool found = n < SMALL;

	for (const struct kind *k = kinds; !found && k->key; k++)
		found = memmem(text, n, k->key, strlen(k->key)) != NULL;
	return found;
}

static const struct kind *kind_of(const char *path)
{
	lkb_autofree char *text = NULL;
	lkb_autoarena arena = {0};
	struct lkb_yaml_node *node = NULL;
	const struct kind *k = kinds;
	size_t n = 0;

	if (strcmp(path, "-") != 0)
		lkb_read_file(path, 16 * LKB_MIB, &text, &n, NULL);
	if (text && (lkb_lock_is_text(text) || lkb_ends_with(path, ".lock")))
		return &lock_kind;
	if (text && may_have_keys(text, n))
		lkb_yaml_parse(text, n, path, &arena, &node, NULL);
	while (k->key && !(node && node->type == LKB_YAML_MAP && lkb_yaml_get(node, k->key)))
		k++;
	return k;
}

static int check_one(struct lkb_ctx *ctx, const char *path, struct lkb_error *err)
{
	const struct kind *kind = kind_of(path);
	lkb_autodiags diags = {0};
	lkb_autofree char *line = lkb_format("%s: %s ok\n", path, kind->name);
	struct lkb_error fault = {0};

	if (!kind->check(ctx, path, &diags, &fault)) {
		lkb_report_diags(ctx, &diags);
		return lkb_print(line, err);
	}
	lkb_report_diags(ctx, &diags);
	if (!diags.n_errors)
		lkb_report_error(ctx, &fault);
	return fault.kind ? (int)fault.kind : LKB_BUG;
}

static int run_check(struct lkb_ctx *ctx, void *options, char **operands, size_t n,
		     struct lkb_error *err)
{
	enum lkb_error_kind worst = LKB_OK;
	size_t i, bad = 0;

	for (i = 0; i < n; i++) {
		int r = check_one(ctx, operands[i], err);

		if (r < 0)
			return -1;
		bad += r != 0;
		/* A file that cannot be read says more than one that is wrong. */
		if ((enum lkb_error_kind)r > worst)
			worst = (enum lkb_error_kind)r;
	}
	if (!bad)
		return 0;
	lkb_fail(err, worst, "%zu of %zu files %s not right", bad, n, bad == 1 ? "is" : "are");
	if (n == 1)
		err->message[0] = '\0';
	return -1;
}

const struct lkb_cmd lkb_cmd_check = {
	.name = "check",
	.operands = "FILE...",
	.summary = "find every fault in specs, board profiles, packages, policies and locks",
	.min_operands = 1,
	.max_operands = 100000,
	.run = run_check,
};
