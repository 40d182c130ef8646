/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "cmd/commands.h"
#include "rootfs/oci/store.h"

struct cache_options {
	bool json;
	const char *name;
};

static const struct lkb_opt ls_rows[] = {
	LKB_OPT(0, "json", FLAG, struct cache_options, json, NULL, "print JSON"),
};

static const struct lkb_opt import_rows[] = {
	LKB_OPT('n', "name", STRING, struct cache_options, name, "REF",
		"name for the one image that is meant, instead of its own"),
};

static void list_text(const struct lkb_store_list *list, struct lkb_str *out)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		lkb_str_addf(out, "%s\t%s\tsha256:%s\t%llu\n", list->items[i].ref,
			     list->items[i].artifact
				     ? "artifact"
				     : lkb_platform_text(&list->items[i].platform).s,
			     lkb_sha256_text(&list->items[i].manifest).s,
			     (unsigned long long)list->items[i].bytes);
}

static json_t *entry_json(const struct lkb_store_entry *e)
{
	json_t *o = json_pack("{s:s, s:o, s:I}", "ref", e->ref, "manifest",
			      json_sprintf("sha256:%s", lkb_sha256_text(&e->manifest).s), "bytes",
			      (json_int_t)e->bytes);

	if (e->artifact)
		json_object_set_new(o, "artifact", json_string(e->artifact));
	else
		json_object_set_new(o, "platform",
				    json_string(lkb_platform_text(&e->platform).s));
	return o;
}

static void list_json(const struct lkb_store_list *list, struct lkb_str *out)
{
	json_t *all = json_array();
	char *text;
	size_t i;

	for (i = 0; i < list->n; i++)
		json_array_append_new(all, entry_json(&list->items[i]));
	text = json_dumps(all, JSON_INDENT(2));
	json_decref(all);
	lkb_str_addf(out, "%s\n", text ? text : "[]");
	free(text);
}

static int run_ls(struct lkb_ctx *ctx, void *options, char **operands, size_t n,
		  struct lkb_error *err)
{
	const struct cache_options *o = options;
	struct lkb_store_list list __attribute__((cleanup(lkb_store_list_clear))) = {0};
	lkb_auto(lkb_store) store = NULL;
	lkb_autostr out = {0};

	if (lkb_ctx_store(ctx, &store, err) || lkb_store_ls(store, &list, err))
		return -1;
	(o->json ? list_json : list_text)(&list, &out);
	return lkb_print(lkb_str_get(&out), err);
}

static int run_import(struct lkb_ctx *ctx, void *options, char **operands, size_t n,
		      struct lkb_error *err)
{
	const struct cache_options *o = options;
	struct lkb_import in = {.path = operands[0], .name = o->name,
				.only = (const char *const *)operands + 1, .n_only = n - 1,
				.ui = ctx->ui};
	struct lkb_imported_list list __attribute__((cleanup(lkb_imported_clear))) = {0};
	lkb_auto(lkb_store) store = NULL;
	lkb_autostr out = {0};
	size_t i;

	if (lkb_ctx_store(ctx, &store, err) || lkb_import(store, &in, &list, err))
		return -1;
	for (i = 0; i < list.n; i++)
		lkb_str_addf(&out, "%s\tsha256:%s\t%s\n", list.items[i].ref,
			     lkb_sha256_text(&list.items[i].digest).s, list.items[i].platforms);
	return lkb_print(lkb_str_get(&out), err);
}

const struct lkb_cmd lkb_cmd_cache_ls = {
	.name = "cache ls",
	.operands = "",
	.summary = "list the images in the store",
	.options_size = sizeof(struct cache_options),
	.options = ls_rows,
	.n_options = LKB_ARRAY_SIZE(ls_rows),
	.run = run_ls,
};

const struct lkb_cmd lkb_cmd_cache_import = {
	.name = "cache import",
	.operands = "FILE-OR-DIR [IMAGE...]",
	.summary = "copy images of an archive or OCI layout into the store",
	.min_operands = 1,
	.max_operands = 1000,
	.options_size = sizeof(struct cache_options),
	.options = import_rows,
	.n_options = LKB_ARRAY_SIZE(import_rows),
	.run = run_import,
};
