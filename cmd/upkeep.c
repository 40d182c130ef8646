/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/ext/json.h"
#include "base/size.h"
#include "cmd/commands.h"
#include "rootfs/oci/upkeep.h"

struct rm_options {
	const char *platform;
};

static const struct lkb_opt rm_rows[] = {
	LKB_OPT(0, "platform", STRING, struct rm_options, platform, "PLATFORM",
		"take away this one only: arm64, arm/v7, linux/amd64"),
};

struct prune_options {
	bool derived, packages, dry_run, json;
};

static const struct lkb_opt prune_rows[] = {
	LKB_OPT(0, "derived", FLAG, struct prune_options, derived, NULL,
		"all data derived from images too: builds make it again"),
	LKB_OPT(0, "packages", FLAG, struct prune_options, packages, NULL,
		"downloaded Debian packages too"),
	LKB_OPT(0, "dry-run", FLAG, struct prune_options, dry_run, NULL,
		"only say what would be freed"),
	LKB_OPT(0, "json", FLAG, struct prune_options, json, NULL, "print JSON"),
};

struct verify_options {
	bool repair, json;
};

static const struct lkb_opt verify_rows[] = {
	LKB_OPT(0, "repair", FLAG, struct verify_options, repair, NULL,
		"remove what is damaged, and names that then stand for nothing"),
	LKB_OPT(0, "json", FLAG, struct verify_options, json, NULL, "print JSON"),
};

static int print_json(json_t *v, struct lkb_error *err)
{
	lkb_autojson owned = v;
	lkb_autofree char *text = lkb_json_text_indented(owned);

	return lkb_print(text, err);
}

static int run_rm(struct lkb_ctx *ctx, void *options, char **operands, size_t n,
		  struct lkb_error *err)
{
	const struct rm_options *o = options;
	struct lkb_store_rm rm = {.refs = (const char *const *)operands, .n_refs = n};
	struct lkb_imported_list gone __attribute__((cleanup(lkb_imported_clear))) = {0};
	struct lkb_platform platform;
	lkb_auto(lkb_store) store = NULL;
	lkb_autostr out = {0};
	size_t i;

	if (o->platform) {
		if (lkb_read_platform("platform", o->platform, &platform, err))
			return -1;
		rm.platform = &platform;
	}
	if (lkb_ctx_store(ctx, &store, err) || lkb_store_rm(store, &rm, &gone, err))
		return -1;
	for (i = 0; i < gone.n; i++)
		lkb_str_addf(&out, "%s\tsha256:%s\t%s\n", gone.items[i].ref,
			     lkb_sha256_text(&gone.items[i].digest).s, gone.items[i].platforms);
	return lkb_print(lkb_str_get(&out), err);
}

static json_t *freed_json(const struct lkb_store_freed *f)
{
	return json_pack("{s:I, s:I}", "files", (json_int_t)f->files, "bytes",
			 (json_int_t)f->bytes);
}

static int run_prune(struct lkb_ctx *ctx, void *options, char **operands, size_t n,
		     struct lkb_error *err)
{
	const struct prune_options *o = options;
	struct lkb_store_prune how = {.all_derived = o->derived, .packages = o->packages,
				      .dry_run = o->dry_run, .ui = ctx->ui};
	struct lkb_store_pruned freed = {0};
	lkb_auto(lkb_store) store = NULL;
	lkb_autostr out = {0};
	const struct {
		const char *name;
		const struct lkb_store_freed *freed;
	} kinds[] = {{"blobs", &freed.blobs}, {"derived", &freed.derived},
		     {"packages", &freed.packages}};
	size_t i;

	if (lkb_ctx_store(ctx, &store, err) || lkb_store_prune(store, &how, &freed, err))
		return -1;
	if (o->json)
		return print_json(json_pack("{s:b, s:o, s:o, s:o}", "dry-run", o->dry_run, "blobs",
					    freed_json(&freed.blobs), "derived",
					    freed_json(&freed.derived), "packages",
					    freed_json(&freed.packages)), err);
	for (i = 0; i < LKB_ARRAY_SIZE(kinds); i++)
		lkb_str_addf(&out, "%s\t%llu\t%llu\n", kinds[i].name,
			     (unsigned long long)kinds[i].freed->files,
			     (unsigned long long)kinds[i].freed->bytes);
	return lkb_print(lkb_str_get(&out), err);
}

static int print_faults(const struct lkb_store_verified *v, struct lkb_error *err)
{
	lkb_autostr out = {0};

	for (size_t i = 0; i < v->n; i++)
		lkb_str_addf(&out, "%s\t%s%s\n", v->items[i].what, v->items[i].why,
			     v->items[i].removed ? "\tremoved" : "");
	return lkb_print(lkb_str_get(&out), err);
}

static int print_faults_json(const struct lkb_store_verified *v, struct lkb_error *err)
{
	json_t *faults = json_array();

	for (size_t i = 0; i < v->n; i++)
		json_array_append_new(faults, json_pack("{s:s, s:s, s:b}", "what",
							v->items[i].what, "why", v->items[i].why,
							"removed", v->items[i].removed));
	return print_json(json_pack("{s:I, s:I, s:I, s:o}", "names", (json_int_t)v->names, "blobs",
				    (json_int_t)v->blobs, "bytes", (json_int_t)v->bytes, "faults",
				    faults), err);
}

static int run_verify(struct lkb_ctx *ctx, void *options, char **operands, size_t n,
		      struct lkb_error *err)
{
	const struct verify_options *o = options;
	struct lkb_store_verified v __attribute__((cleanup(lkb_store_verified_clear))) = {0};
	lkb_auto(lkb_store) store = NULL;

	if (lkb_ctx_store(ctx, &store, err) ||
	    lkb_store_verify(store, o->repair, ctx->ui, &v, err) ||
	    (o->json ? print_faults_json : print_faults)(&v, err))
		return -1;
	if (!v.n)
		lkb_ui_message(ctx->ui, "%llu names, %llu blobs: all is right (%s)",
			       (unsigned long long)v.names, (unsigned long long)v.blobs,
			       lkb_size_text(v.bytes).s);
	if (!v.n || o->repair)
		return 0;
	lkb_fail(err, LKB_TRUST, "store '%s': %zu fault%s", lkb_store_dir(store), v.n,
		 v.n == 1 ? "" : "s");
	return lkb_hint(err, "'lkboard cache verify --repair' removes what is damaged; then build, "
			     "pull or import again what is missing");
}

const struct lkb_cmd lkb_cmd_cache_rm = {
	.name = "cache rm",
	.operands = "IMAGE...",
	.summary = "take names out of the store",
	.min_operands = 1,
	.max_operands = 1000,
	.options_size = sizeof(struct rm_options),
	.options = rm_rows,
	.n_options = LKB_ARRAY_SIZE(rm_rows),
	.run = run_rm,
};

const struct lkb_cmd lkb_cmd_cache_prune = {
	.name = "cache prune",
	.operands = "",
	.summary = "free what no name in the store leads to",
	.options_size = sizeof(struct prune_options),
	.options = prune_rows,
	.n_options = LKB_ARRAY_SIZE(prune_rows),
	.run = run_prune,
};

const struct lkb_cmd lkb_cmd_cache_verify = {
	.name = "cache verify",
	.operands = "",
	.summary = "compare everything in the store with its digest",
	.options_size = sizeof(struct verify_options),
	.options = verify_rows,
	.n_options = LKB_ARRAY_SIZE(verify_rows),
	.run = run_verify,
};
