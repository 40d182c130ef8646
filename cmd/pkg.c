/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/path.h"
#include "cmd/commands.h"
#include "rootfs/pkg/pkg.h"

struct pkg_options {
	const char *arch, *lock;
	bool locked, update_lock, offline;
};

#define ROW(letter, name, kind, field, arg, help) \
	LKB_OPT(letter, name, kind, struct pkg_options, field, arg, help)

static const struct lkb_opt build_rows[] = {
	ROW(0, "arch", STRING, arch, "ARCH", "arm64 or amd64 (default: arm64)"),
	ROW(0, "lock", STRING, lock, "FILE", "the lock (default: packages.lock in the store)"),
	ROW(0, "locked", FLAG, locked, NULL, "refuse packages that the lock does not pin"),
	ROW(0, "update-lock", FLAG, update_lock, NULL, "resolve packages anew and write the lock"),
	ROW(0, "offline", FLAG, offline, NULL, "use no network"),
};

static const struct lkb_opt lock_rows[] = {
	ROW(0, "arch", STRING, arch, "ARCH", "arm64 or amd64 (default: arm64)"),
	ROW(0, "lock", STRING, lock, "FILE", "the lock (default: packages.lock in the store)"),
};

struct work {
	struct lkb_store *store;
	struct lkb_pkg **pkgs;
	size_t n;
	struct lkb_pkg_env env;
};

static void clear_work(struct work *w)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		lkb_pkg_free(w->pkgs[i]);
	free(w->pkgs);
	if (w->store)
		lkb_store_free(w->store);
}

static int unknown_package(const char *name, const struct lkb_strv *known, struct lkb_error *err)
{
	const char *near = lkb_did_you_mean(name, (const char *const *)known->items, known->n);
	lkb_autostr list = {0};
	size_t i;

	lkb_fail(err, LKB_USAGE, "unknown package '%s'", name);
	if (near)
		return lkb_hint(err, "did you mean '%s'?", near);
	for (i = 0; i < known->n; i++)
		lkb_str_addf(&list, "%s%s", i ? ", " : "", known->items[i]);
	return lkb_hint(err, "there are %s", lkb_str_get(&list));
}

static int read_one(struct lkb_ctx *ctx, struct work *w, const char *name, struct lkb_error *err)
{
	lkb_autofree char *file = lkb_format("packages/%s.yml", name);
	lkb_autofree char *path = lkb_path_join(ctx->configs_dir, file);
	lkb_autodiags diags = {0};
	int r = lkb_pkg_read(path, &w->pkgs[w->n], &diags, err);

	lkb_report_diags(ctx, &diags);
	if (r && diags.n_errors)
		err->message[0] = '\0';
	if (!r)
		w->n++;
	return r;
}

/* The named definitions, or all that there are for the architecture. */
static int prepare(struct lkb_ctx *ctx, const struct pkg_options *o, char **names, size_t n,
		   struct work *w, struct lkb_error *err)
{
	lkb_autostrv known = {0};
	size_t i;

	if (!ctx->configs_dir) {
		lkb_fail(err, LKB_USAGE, "the packages that come with lkboard were not found");
		return lkb_hint(err, "give --configs DIR or set LKBOARD_CONFIGS");
	}
	w->env = (struct lkb_pkg_env){
		.configs_dir = ctx->configs_dir, .local_dir = ctx->ondevice_dir,
		.arch = o->arch ? o->arch : "arm64", .lock_path = o->lock, .locked = o->locked,
		.update_lock = o->update_lock, .offline = o->offline, .ui = ctx->ui,
	};
	if (lkb_pkg_names(ctx->configs_dir, &known, err))
		return -1;
	w->pkgs = lkb_alloc_array(n + known.n, sizeof(*w->pkgs));
	for (i = 0; i < n; i++)
		if (!lkb_strv_has(&known, names[i]))
			return unknown_package(names[i], &known, err);
	for (i = 0; i < (n ? n : known.n); i++)
		if (read_one(ctx, w, n ? names[i] : known.items[i], err))
			return -1;
	return lkb_ctx_store(ctx, &w->store, err);
}

static int run_build(struct lkb_ctx *ctx, void *options, char **operands, size_t n,
		     struct lkb_error *err)
{
	struct work w __attribute__((cleanup(clear_work))) = {0};
	size_t i;

	if (prepare(ctx, options, operands, n, &w, err))
		return -1;
	for (i = 0; i < w.n; i++) {
		lkb_autostr line = {0};
		struct lkb_sha256 manifest;

		if (!n && !lkb_pkg_has_arch(w.pkgs[i], w.env.arch))
			continue;
		if (lkb_pkg_build(w.pkgs[i], w.store, &w.env, &manifest, err))
			return lkb_context(err, "package '%s'", lkb_pkg_name(w.pkgs[i]));
		lkb_str_addf(&line, "%s\tlinux/%s\tsha256:%s\n", lkb_pkg_image(w.pkgs[i]),
			     w.env.arch, lkb_sha256_text(&manifest).s);
		if (lkb_print(lkb_str_get(&line), err))
			return -1;
	}
	return 0;
}

static int run_lock(struct lkb_ctx *ctx, void *options, char **operands, size_t n,
		    struct lkb_error *err)
{
	struct work w __attribute__((cleanup(clear_work))) = {0};

	if (prepare(ctx, options, operands, n, &w, err))
		return -1;
	return lkb_pkg_lock((const struct lkb_pkg *const *)w.pkgs, w.n, w.store, &w.env, err);
}

const struct lkb_cmd lkb_cmd_pkg_build = {
	.name = "pkg build",
	.operands = "[NAME...]",
	.summary = "make component images from Debian packages",
	.max_operands = 1000,
	.options_size = sizeof(struct pkg_options),
	.options = build_rows,
	.n_options = LKB_ARRAY_SIZE(build_rows),
	.run = run_build,
};

const struct lkb_cmd lkb_cmd_pkg_lock = {
	.name = "pkg lock",
	.operands = "[NAME...]",
	.summary = "pin version and digest of every Debian package",
	.max_operands = 1000,
	.options_size = sizeof(struct pkg_options),
	.options = lock_rows,
	.n_options = LKB_ARRAY_SIZE(lock_rows),
	.run = run_lock,
};
