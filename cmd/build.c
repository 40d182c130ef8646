/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/size.h"
#include "base/utf8.h"
#include "cmd/commands.h"
#include "cmd/registry.h"
#include "plan/plan.h"
#include "rootfs/oci/trust/trust.h"
#include "rootfs/rootfs.h"

struct build_options {
	const char *out, *name, *lock, *policy, *base_url;
	bool locked, update_lock, offline, force, sha256, no_sbom, dry_run, json;
	unsigned jobs;
	struct lkb_strv formats, input;
	struct lkb_registry_words registry;
};

#define ROW(letter, name, kind, field, arg, help) \
	LKB_OPT(letter, name, kind, struct build_options, field, arg, help)

#define INPUT_OPTIONS \
	ROW('n', "name", STRING, name, "NAME", \
	    "name of the artifacts (default: the first spec's)"), \
	ROW('f', "format", LIST, formats, "FORMAT", \
	    "what to make; may be given again (default: the board's own)"), \
	ROW(0, "base-url", STRING, base_url, "URL", \
	    "where the files of the format pxe will be served (default: beside its script)"), \
	ROW(0, "input", LIST, input, "FILE", \
	    "use images of this archive or layout before the store's"), \
	ROW(0, "policy", STRING, policy, "FILE", \
	    "refuse images that are not signed as this policy wants"), \
	ROW(0, "lock", STRING, lock, "FILE", \
	    "lock of images and packages (default: SPEC.lock beside the first spec)"), \
	ROW(0, "locked", FLAG, locked, NULL, "refuse what the lock does not pin"), \
	ROW(0, "offline", FLAG, offline, NULL, "use no network"), \
	LKB_REGISTRY_OPTIONS(struct build_options)

static const struct lkb_opt build_rows[] = {
	ROW('o', "out", STRING, out, "DIR", "where the artifacts go (default: .)"),
	INPUT_OPTIONS,
	ROW(0, "update-lock", FLAG, update_lock, NULL,
	    "resolve images and packages anew and write the lock"),
	ROW(0, "force", FLAG, force, NULL, "overwrite what another board's build made"),
	ROW(0, "sha256", FLAG, sha256, NULL, "print the digest of whole disk images too"),
	ROW(0, "no-sbom", FLAG, no_sbom, NULL, "do not list what is in it"),
	ROW('j', "jobs", UINT, jobs, "N", "processes at most; the result is the same for any N"),
	ROW(0, "dry-run", FLAG, dry_run, NULL, "the same as `lkboard plan`"),
};

static const struct lkb_opt plan_rows[] = {
	INPUT_OPTIONS,
	ROW(0, "json", FLAG, json, NULL, "print JSON"),
};

static int read_epoch(const struct lkb_ctx *ctx, struct lkb_plan_in *in, struct lkb_error *err)
{
	uint64_t v;

	if (!ctx->epoch_text)
		return 0;
	if (!lkb_u64_parse(ctx->epoch_text, &v) || v > UINT32_MAX) {
		lkb_fail(err, LKB_USAGE, "SOURCE_DATE_EPOCH is '%s', which is no number of seconds",
			 ctx->epoch_text);
		return lkb_hint(err, "unset it, or set it to seconds since 1970, at most "
				     "4294967295");
	}
	in->has_epoch = true;
	in->epoch = (int64_t)v;
	return 0;
}

static int need_configs(const struct lkb_ctx *ctx, struct lkb_error *err)
{
	if (ctx->configs_dir)
		return 0;
	lkb_fail(err, LKB_USAGE, "the boards and packages that come with lkboard were not found");
	return lkb_hint(err, "give --configs DIR or set LKBOARD_CONFIGS");
}

/* A name becomes a file name, and a word of build.json. */
static int check_name(const char *name, struct lkb_error *err)
{
	lkb_autostr shown = {0};

	lkb_utf8_show(&shown, name, strlen(name), false);
	if (*name && name[0] != '.' && name[0] != '-' && !strpbrk(name, "/ ") &&
	    strlen(name) <= 100 && !strcmp(lkb_str_get(&shown), name))
		return 0;
	lkb_fail(err, LKB_USAGE, "'%s' is no name for artifacts", name);
	return lkb_hint(err, "give one of at most 100 bytes, without blanks and slashes, with "
			     "--name");
}

/* SPEC.lock beside the first spec; NULL for one from standard input, which is beside nothing. The
 * caller frees it. */
static char *default_lock(const char *spec)
{
	lkb_autofree char *dir = lkb_path_dirname(spec), *stem = lkb_path_stem(spec);
	lkb_autofree char *file = lkb_format("%s.lock", stem);

	if (!strcmp(spec, "-"))
		return NULL;
	return strchr(spec, '/') ? lkb_path_join(dir, file) : LKB_STEAL(file);
}

static int choose_lock(const struct build_options *o, const char *spec, char **ret,
		       struct lkb_error *err)
{
	if (o->update_lock && (o->locked || o->dry_run)) {
		lkb_fail(err, LKB_USAGE, "--update-lock and %s contradict each other",
			 o->locked ? "--locked" : "--dry-run");
		return lkb_hint(err, "%s", o->locked ? "--locked uses nothing but what the lock "
						       "pins; leave one of them out"
						     : "a dry run writes nothing; leave one of "
						       "them out");
	}
	*ret = o->lock ? lkb_format("%s", o->lock) : default_lock(spec);
	if (*ret || (!o->update_lock && !o->locked))
		return 0;
	lkb_fail(err, LKB_USAGE, "a spec from standard input has no lock beside it");
	return lkb_hint(err, "say with --lock FILE which one is meant");
}

struct inputs {
	struct lkb_board *board;
	struct lkb_spec *spec;
	struct lkb_store *store;
	struct lkb_policy *policy; /* NULL: nothing is asked of images */
	struct lkb_registry *registry; /* NULL with --offline */
	char *lock; /* owned; path or NULL */
};

static void clear_inputs(struct inputs *in)
{
	free(in->lock);
	if (in->board)
		lkb_board_free(in->board);
	if (in->spec)
		lkb_spec_free(in->spec);
	if (in->store)
		lkb_store_free(in->store);
	lkb_policy_free(in->policy);
	lkb_registry_free(in->registry);
}

/* Reads board and specs. What is wrong with them was printed when this fails by input. */
static int read_inputs(struct lkb_ctx *ctx, const struct build_options *o, char **operands,
		       size_t n, struct inputs *ret, struct lkb_error *err)
{
	lkb_autodiags diags = {0};
	size_t i;
	int r;

	if (need_configs(ctx, err) || choose_lock(o, operands[1], &ret->lock, err))
		return -1;
	r = lkb_board_find(ctx->configs_dir, operands[0], &ret->board, &diags, err);
	if (!r)
		r = lkb_spec_read((const char *const *)operands + 1, n - 1, ctx->home,
				  &ret->spec, &diags, err);
	if (!r)
		r = lkb_rootfs_check_refs(ret->spec, &diags, err);
	if (!r && o->policy)
		r = lkb_policy_read(o->policy, &ret->policy, &diags, err);
	lkb_report_diags(ctx, &diags);
	if (r && diags.n_errors)
		err->message[0] = '\0';
	if (r || (!o->offline && lkb_ctx_registry(ctx, &o->registry, &ret->registry, err)) ||
	    lkb_ctx_store(ctx, &ret->store, err))
		return -1;
	lkb_store_set_policy(ret->store, ret->policy);
	for (i = 0; i < o->input.n; i++)
		if (lkb_store_add_input(ret->store, o->input.items[i], ctx->ui, err))
			return -1;
	return 0;
}

static bool board_makes(const struct lkb_board *board, const char *format)
{
	for (size_t i = 0; i < board->formats.n; i++)
		if (!strcmp(board->formats.items[i], format))
			return true;
	return false;
}

/* What a spec of 2017 asks for under `outputs`, as far as the board can be built so; what it cannot
 * is said. Nothing if the spec asks for nothing. */
static int choose_outputs(const struct inputs *inputs, struct lkb_diags *diags,
			  struct lkb_strv *ret, struct lkb_error *err)
{
	const struct lkb_strlist *outputs = &inputs->spec->outputs;
	const struct lkb_board *board = inputs->board;
	const struct lkb_pos *pos = NULL;

	for (size_t i = 0; i < outputs->n; i++) {
		pos = &outputs->pos[i];
		if (board_makes(board, outputs->items[i]))
			lkb_strv_add(ret, outputs->items[i]);
		else
			lkb_schema_warning(diags, pos, NULL, "board '%s' is not built as '%s', "
					   "which is left out", board->name, outputs->items[i]);
	}
	if (!outputs->n || ret->n)
		return 0;
	lkb_fail(err, LKB_USAGE, "board '%s' is built in none of the formats that the spec asks "
		 "for", board->name);
	lkb_hint(err, "choose another one with -f, for instance %s", board->formats.items[0]);
	return lkb_at(err, pos->file, pos->line, pos->column);
}

static int choose_formats(struct lkb_ctx *ctx, struct build_options *o,
			  const struct inputs *inputs, struct lkb_error *err)
{
	lkb_autodiags diags = {0};
	int r = o->formats.n ? 0 : choose_outputs(inputs, &diags, &o->formats, err);

	lkb_report_diags(ctx, &diags);
	return r;
}

static int make_plan(struct lkb_ctx *ctx, struct build_options *o, const struct inputs *inputs,
		     struct lkb_plan_in *in, struct lkb_plan **ret, struct lkb_error *err)
{
	if (choose_formats(ctx, o, inputs, err))
		return -1;
	*in = (struct lkb_plan_in){
		.board = inputs->board, .spec = inputs->spec, .store = inputs->store,
		.registry = inputs->registry,
		.configs_dir = ctx->configs_dir, .ondevice_dir = ctx->ondevice_dir,
		.name = o->name ? o->name : inputs->spec->name,
		.formats = (const char *const *)o->formats.items, .n_formats = o->formats.n,
		.lock_path = inputs->lock, .lock_named = o->lock != NULL,
		.locked = o->locked, .update_lock = o->update_lock, .offline = o->offline,
		.build_missing = !o->dry_run, .jobs = o->jobs, .base_url = o->base_url,
		.ui = ctx->ui,
	};
	if (check_name(in->name, err) || read_epoch(ctx, in, err))
		return -1;
	return lkb_plan_make(in, ret, err);
}

static int print_plan(const struct lkb_plan *plan, bool json, struct lkb_error *err)
{
	lkb_autostr out = {0};

	if (!json)
		lkb_plan_describe(plan, &out);
	else if (lkb_plan_describe_json(plan, &out, err))
		return -1;
	return lkb_print(lkb_str_get(&out), err);
}

static int print_artifacts(const struct lkb_ctx *ctx, const struct lkb_artifacts *a,
			   struct lkb_error *err)
{
	lkb_autostr out = {0};
	size_t i;

	for (i = 0; i < a->n; i++)
		lkb_str_addf(&out, "%s\t%llu\t%s%s%s\n", a->items[i].path,
			     (unsigned long long)a->items[i].bytes, a->items[i].digest,
			     a->items[i].whole[0] ? "\t" : "", a->items[i].whole);
	for (i = 0; i < a->n; i++)
		lkb_report_result(ctx, a->items[i].path, a->items[i].bytes, a->items[i].digest);
	return lkb_print(lkb_str_get(&out), err);
}

/* Said when it is so: the lock is written. */
static void say_lock(const struct lkb_ctx *ctx, const struct inputs *inputs, struct lkb_plan *plan)
{
	lkb_autostr diff = {0};
	char *at, *line;

	lkb_plan_lock_diff(plan, &diff);
	if (!diff.len) {
		lkb_ui_message(ctx->ui, "'%s' is as it was", inputs->lock);
		return;
	}
	lkb_ui_message(ctx->ui, "'%s' is written anew:", inputs->lock);
	at = diff.s;
	while ((line = strsep(&at, "\n")))
		if (*line)
			lkb_ui_message(ctx->ui, "  %s", line);
}

static int write_plan(const struct lkb_ctx *ctx, struct lkb_plan *plan,
		      const struct build_options *o, struct lkb_error *err)
{
	struct lkb_plan_out out = {
		.dir = o->out ? o->out : ".", .force = o->force, .sha256 = o->sha256,
		.no_sbom = o->no_sbom,
	};
	struct lkb_artifacts made __attribute__((cleanup(lkb_artifacts_clear))) = {0};

	if (lkb_plan_run(plan, &out, &made, err))
		return -1;
	return print_artifacts(ctx, &made, err);
}

static int run_build(struct lkb_ctx *ctx, void *options, char **operands, size_t n,
		     struct lkb_error *err)
{
	struct build_options *o = options;
	struct inputs inputs __attribute__((cleanup(clear_inputs))) = {0};
	struct lkb_plan_in in;
	lkb_auto(lkb_plan) plan = NULL;

	if (read_inputs(ctx, o, operands, n, &inputs, err) ||
	    make_plan(ctx, o, &inputs, &in, &plan, err))
		return -1;
	if (o->dry_run)
		return print_plan(plan, o->json, err);
	if (write_plan(ctx, plan, o, err))
		return -1;
	if (o->update_lock)
		say_lock(ctx, &inputs, plan);
	return 0;
}

static int run_plan(struct lkb_ctx *ctx, void *options, char **operands, size_t n,
		    struct lkb_error *err)
{
	struct build_options *o = options;

	o->dry_run = true;
	return run_build(ctx, options, operands, n, err);
}

const struct lkb_cmd lkb_cmd_build = {
	.name = "build",
	.operands = "BOARD SPEC...",
	.summary = "make a bootable image from LinuxKit specs",
	.min_operands = 2,
	.max_operands = 1000,
	.options_size = sizeof(struct build_options),
	.options = build_rows,
	.n_options = LKB_ARRAY_SIZE(build_rows),
	.run = run_build,
};

const struct lkb_cmd lkb_cmd_plan = {
	.name = "plan",
	.operands = "BOARD SPEC...",
	.summary = "say what build would make, and write nothing",
	.min_operands = 2,
	.max_operands = 1000,
	.options_size = sizeof(struct build_options),
	.options = plan_rows,
	.n_options = LKB_ARRAY_SIZE(plan_rows),
	.run = run_plan,
};
