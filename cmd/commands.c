/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"

const struct lkb_cmd *const lkb_commands[] = {
	&lkb_cmd_build,
	&lkb_cmd_plan,
	&lkb_cmd_check,
	&lkb_cmd_boards,
	&lkb_cmd_pkg_build,
	&lkb_cmd_pkg_lock,
	&lkb_cmd_cache_ls,
	&lkb_cmd_cache_pull,
	&lkb_cmd_cache_import,
	&lkb_cmd_cache_export,
	&lkb_cmd_cache_rm,
	&lkb_cmd_cache_prune,
	&lkb_cmd_cache_verify,
	&lkb_cmd_push,
	&lkb_cmd_inspect,
	&lkb_cmd_run,
	&lkb_cmd_devices,
	&lkb_cmd_flash,
	&lkb_cmd_verify,
	&lkb_cmd_completion,
	NULL,
};

#define GLOBAL(letter, name, type, field, arg, help) \
	{letter, name, type, offsetof(struct lkb_global_options, field), arg, help}

const struct lkb_opt lkb_global_options[] = {
	GLOBAL('q', "quiet", LKB_OPT_FLAG, quiet, NULL, "say nothing but errors"),
	GLOBAL('v', "verbose", LKB_OPT_FLAG, verbose, NULL,
	       "say what was found where and which programs are run"),
	GLOBAL(0, "progress", LKB_OPT_STRING, progress, "KIND",
	       "auto, tty, plain, json or none (default: auto)"),
	GLOBAL(0, "store", LKB_OPT_STRING, store, "DIR",
	       "where images are kept (default: $LKBOARD_STORE, else ~/.cache/lkboard)"),
	GLOBAL(0, "configs", LKB_OPT_STRING, configs, "DIR",
	       "boards, packages and specs (default: $LKBOARD_CONFIGS, else beside the program)"),
	GLOBAL('h', "help", LKB_OPT_FLAG, help, NULL, "this text, or that of a command"),
	GLOBAL(0, "version", LKB_OPT_FLAG, version, NULL, "print the version"),
};
const size_t lkb_n_global_options = LKB_ARRAY_SIZE(lkb_global_options);

/* How many of the operands spell the command's name; 0 = another command. */
static size_t words_matched(const struct lkb_cmd *cmd, char **operands, size_t n)
{
	const char *p = cmd->name;
	size_t words = 0;

	while (*p) {
		size_t len = strcspn(p, " ");

		if (words == n || strlen(operands[words]) != len ||
		    memcmp(operands[words], p, len) != 0)
			return 0;
		words++;
		p += len;
		p += *p == ' ';
	}
	return words;
}

static bool is_group(const char *word)
{
	size_t len = strlen(word), i;

	for (i = 0; lkb_commands[i]; i++)
		if (!strncmp(lkb_commands[i]->name, word, len) &&
		    lkb_commands[i]->name[len] == ' ')
			return true;
	return false;
}

static int hint_group(const char *word, struct lkb_error *err)
{
	size_t len = strlen(word), i;
	lkb_autostr list = {0};

	for (i = 0; lkb_commands[i]; i++)
		if (!strncmp(lkb_commands[i]->name, word, len) &&
		    lkb_commands[i]->name[len] == ' ')
			lkb_str_addf(&list, "%s'lkboard %s'", list.len ? ", " : "",
				     lkb_commands[i]->name);
	return lkb_hint(err, "there are %s", lkb_str_get(&list));
}

static int unknown_command(char **operands, size_t n, struct lkb_error *err)
{
	const char *names[64], *near = NULL;
	lkb_autofree char *two = n > 1 ? lkb_format("%s %s", operands[0], operands[1]) : NULL;
	bool group = is_group(operands[0]);
	size_t i;

	for (i = 0; lkb_commands[i] && i < LKB_ARRAY_SIZE(names); i++)
		names[i] = lkb_commands[i]->name;
	if (!group)
		near = lkb_did_you_mean(operands[0], names, i);
	if (!near && two)
		near = lkb_did_you_mean(two, names, i);
	if (group && !two)
		lkb_fail(err, LKB_USAGE, "'%s' needs a second word", operands[0]);
	else
		lkb_fail(err, LKB_USAGE, "unknown command '%s'", group ? two : operands[0]);
	if (near)
		return lkb_hint(err, "did you mean 'lkboard %s'?", near);
	if (group)
		return hint_group(operands[0], err);
	return lkb_hint(err, "lkboard --help lists the commands");
}

int lkb_cmd_find(char **operands, size_t n, const struct lkb_cmd **ret, size_t *ret_words,
		 struct lkb_error *err)
{
	size_t i;

	for (i = 0; lkb_commands[i]; i++) {
		size_t words = words_matched(lkb_commands[i], operands, n);

		if (words) {
			*ret = lkb_commands[i];
			*ret_words = words;
			return 0;
		}
	}
	return unknown_command(operands, n, err);
}
