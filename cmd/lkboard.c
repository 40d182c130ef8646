/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/undo.h"
#include "base/version.h"
#include "cmd/cmd.h"

/* From a signal handler: nothing but write(2). */
static bool say(const char *text)
{
	return write(2, text, strlen(text)) >= 0;
}

static void on_signal(int number)
{
	lkb_undo_all();
	if (!say("\nlkboard: interrupted; ") || !say(lkb_undo_words()) || !say("\n"))
		_exit(LKB_IO);
	_exit(LKB_INTERRUPTED);
}

static void catch_signals(void)
{
	static const int caught[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal}, before;
	size_t i;

	/* A second one must not cut the tidying up short. */
	for (i = 0; i < LKB_ARRAY_SIZE(caught); i++)
		sigaddset(&action.sa_mask, caught[i]);
	for (i = 0; i < LKB_ARRAY_SIZE(caught); i++) {
		/* nohup stays nohup. A shell's "&" ignores SIGINT too, but kill -INT is meant. */
		if (caught[i] == SIGHUP && !sigaction(SIGHUP, NULL, &before) &&
		    before.sa_handler == SIG_IGN)
			continue;
		sigaction(caught[i], &action, NULL);
	}
	/* Ignored by whoever started us, it would hide how helpers end. */
	signal(SIGCHLD, SIG_DFL);
	/* A helper or a reader of our output that goes away is an error we report, not a death. */
	signal(SIGPIPE, SIG_IGN);
}

/* Started with 0, 1 or 2 closed, the first file we open would take its place and receive our
 * messages. What holds the place fails as the closed one would. */
static void hold_standard_files(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd ? O_RDONLY : O_WRONLY);
}

/* Every layer that is used is an open file; a shell's usual 1024 are few for an archive of images.
 * Helpers that go through all numbers up to the limit stay quick with this one. */
static void allow_open_files(void)
{
	const rlim_t enough = 65536;
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) || r.rlim_cur >= enough)
		return;
	r.rlim_cur = r.rlim_max < enough ? r.rlim_max : enough;
	setrlimit(RLIMIT_NOFILE, &r);
}

/* The directory the program stands in, or NULL. */
static char *program_dir(void)
{
	lkb_autofree char *exe = realpath("/proc/self/exe", NULL);

	return exe ? lkb_path_dirname(exe) : NULL;
}

/* The first candidate below `base` that is a directory one can enter. */
static char *first_dir(const char *base, const char *const *candidates, size_t n)
{
	size_t i;

	for (i = 0; base && i < n; i++) {
		lkb_autofree char *path = lkb_path_join(base, candidates[i]);
		char *real = realpath(path, NULL);

		if (real)
			return real;
	}
	return NULL;
}

static const char *env_or_null(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static void find_store(struct lkb_ctx *ctx, const char *option)
{
	const char *given = option ? option : env_or_null("LKBOARD_STORE");
	const char *cache = env_or_null("XDG_CACHE_HOME"), *home = env_or_null("HOME");

	if (given)
		ctx->store_dir = lkb_strdup(given);
	else if (cache)
		ctx->store_dir = lkb_path_join(cache, "lkboard");
	else if (home)
		ctx->store_dir = lkb_path_join(home, ".cache/lkboard");
}

static void make_ctx(struct lkb_ctx *ctx, const struct lkb_global_options *g)
{
	static const char *const configs[] = {"../configs", "../share/lkboard"};
	static const char *const ondevice[] = {"ondevice", "../lib/lkboard/ondevice"};
	lkb_autofree char *here = program_dir();
	const char *given = g->configs ? g->configs : env_or_null("LKBOARD_CONFIGS");

	ctx->home = env_or_null("HOME");
	ctx->state_home = env_or_null("XDG_STATE_HOME");
	ctx->epoch_text = env_or_null("SOURCE_DATE_EPOCH");
	ctx->configs_dir = given ? lkb_strdup(given)
				 : first_dir(here, configs, LKB_ARRAY_SIZE(configs));
	ctx->ondevice_dir = first_dir(here, ondevice, LKB_ARRAY_SIZE(ondevice));
	find_store(ctx, g->store);
}

static const char *or_none(const char *text)
{
	return text ? text : "none";
}

static void say_places(const struct lkb_ctx *ctx)
{
	lkb_ui_detail(ctx->ui, "store: %s", or_none(ctx->store_dir));
	lkb_ui_detail(ctx->ui, "boards and packages: %s", or_none(ctx->configs_dir));
	lkb_ui_detail(ctx->ui, "programs for the boards: %s", or_none(ctx->ondevice_dir));
}

static void clear_ctx(struct lkb_ctx *ctx)
{
	lkb_proc_watch(NULL);
	lkb_ui_free(ctx->ui);
	free(ctx->store_dir);
	free(ctx->configs_dir);
	free(ctx->ondevice_dir);
}

static int print_help(const struct lkb_cmd *cmd, struct lkb_error *err)
{
	lkb_autostr out = {0};

	if (cmd)
		lkb_help_cmd(cmd, &out);
	else
		lkb_help_all(&out);
	return lkb_print(lkb_str_get(&out), err);
}

static int count_operands(const struct lkb_cmd *cmd, size_t n, struct lkb_error *err)
{
	if (n >= cmd->min_operands && n <= cmd->max_operands)
		return 0;
	lkb_fail(err, LKB_USAGE, n < cmd->min_operands ? "'%s' needs more arguments: %s"
						       : "'%s' has too many arguments: %s",
		 cmd->name, *cmd->operands ? cmd->operands : "it takes none");
	return lkb_hint(err, "lkboard %s --help says more", cmd->name);
}

static bool asks_for_help(char **args, size_t n)
{
	size_t i;

	for (i = 0; i < n && strcmp(args[i], "--"); i++)
		if (!strcmp(args[i], "--help") || !strcmp(args[i], "-h"))
			return true;
	return false;
}

static int run_command(struct lkb_ctx *ctx, const struct lkb_cmd *cmd, char **args, size_t n,
		       struct lkb_error *err)
{
	lkb_autofree void *options = lkb_alloc(cmd->options_size);
	size_t left;
	int r;

	if (asks_for_help(args, n))
		return print_help(cmd, err);
	r = lkb_opt_parse(cmd->options, cmd->n_options, options, args, n, false, &left, err);
	if (!r)
		r = count_operands(cmd, left, err);
	if (!r)
		r = cmd->run(ctx, options, args, left, err);
	lkb_opt_clear(cmd->options, cmd->n_options, options);
	return r;
}

static int run(struct lkb_ctx *ctx, char **args, size_t n, struct lkb_error *err)
{
	struct lkb_global_options g = {.progress = "auto"};
	const struct lkb_cmd *cmd;
	size_t left, words;

	if (lkb_opt_parse(lkb_global_options, lkb_n_global_options, &g, args, n, true, &left,
			  err) ||
	    lkb_ui_make(g.progress, g.quiet, &ctx->ui, &ctx->json, err))
		return -1;
	if (g.version)
		return lkb_print("lkboard " LKB_VERSION "\n", err);
	if (g.help && !left)
		return print_help(NULL, err);
	if (!left) {
		lkb_fail(err, LKB_USAGE, "no command given");
		return lkb_hint(err, "lkboard --help lists the commands");
	}
	if (lkb_cmd_find(args, left, &cmd, &words, err))
		return -1;
	if (g.help)
		return print_help(cmd, err);
	make_ctx(ctx, &g);
	if (ctx->ui && g.verbose) {
		ctx->ui->verbose = true;
		lkb_proc_watch(ctx->ui);
		say_places(ctx);
	}
	return run_command(ctx, cmd, args + words, left - words, err);
}

int main(int argc, char **argv)
{
	struct lkb_ctx ctx = {0};
	struct lkb_error err = {0};
	int r;

	hold_standard_files();
	catch_signals();
	allow_open_files();
	r = run(&ctx, argv + 1, (size_t)(argc > 0 ? argc - 1 : 0), &err);
	if (r && err.message[0])
		lkb_report_error(&ctx, &err);
	clear_ctx(&ctx);
	if (r && err.kind == LKB_OK)
		return LKB_BUG; /* a failure never looks like success */
	return r ? (int)err.kind : 0;
}
