/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"

#define COLUMN 28

static void add_row(struct lkb_str *out, const char *left, const char *right)
{
	lkb_str_addf(out, "  %-*s", COLUMN - 2, left);
	if (strlen(left) > COLUMN - 4)
		lkb_str_addf(out, "\n%*s", COLUMN, "");
	lkb_str_addf(out, "%s\n", right);
}

static void add_options(struct lkb_str *out, const struct lkb_opt *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		lkb_autostr left = {0};

		if (rows[i].letter)
			lkb_str_addf(&left, "-%c, ", rows[i].letter);
		lkb_str_addf(&left, "--%s", rows[i].name);
		if (rows[i].arg)
			lkb_str_addf(&left, " %s", rows[i].arg);
		add_row(out, lkb_str_get(&left), rows[i].help);
	}
}

void lkb_help_all(struct lkb_str *out)
{
	size_t i;

	lkb_str_add(out, "usage: lkboard [OPTIONS] COMMAND [ARGUMENTS]\n\n"
			 "Builds bootable images for real boards from LinuxKit specs.\n\n"
			 "commands:\n");
	for (i = 0; lkb_commands[i]; i++)
		add_row(out, lkb_commands[i]->name, lkb_commands[i]->summary);
	lkb_str_add(out, "\noptions before the command:\n");
	add_options(out, lkb_global_options, lkb_n_global_options);
	lkb_str_add(out, "\n'lkboard COMMAND --help' says more about one; "
			 "man lkboard is the manual.\n"
			 "exit codes: 0 done, 2 usage, 3 bad input, 4 I/O, 5 network, 6 trust, "
			 "7 refused,\n8 differs, 9 did not happen, 10 program missing, 70 bug, "
			 "130 interrupted\n");
}

void lkb_help_cmd(const struct lkb_cmd *cmd, struct lkb_str *out)
{
	lkb_str_addf(out, "usage: lkboard %s%s%s%s\n\n%s\n", cmd->name,
		     cmd->n_options ? " [OPTIONS]" : "", *cmd->operands ? " " : "", cmd->operands,
		     cmd->summary);
	if (cmd->n_options) {
		lkb_str_add(out, "\noptions:\n");
		add_options(out, cmd->options, cmd->n_options);
	}
}

static void add_words(struct lkb_str *out, const struct lkb_opt *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		lkb_str_addf(out, " --%s", rows[i].name);
}

/* The first words of all commands, or the second ones of those that begin with `first`. */
static void add_command_words(struct lkb_str *out, const char *first)
{
	lkb_autostrv seen = {0};
	size_t i;

	for (i = 0; lkb_commands[i]; i++) {
		const char *name = lkb_commands[i]->name;
		size_t n = strcspn(name, " ");
		lkb_autofree char *word = lkb_strndup(name, n);

		if (first && (strcmp(word, first) != 0 || !name[n]))
			continue;
		if (!lkb_strv_has(&seen, first ? name + n + 1 : word))
			lkb_strv_add(&seen, first ? name + n + 1 : word);
	}
	for (i = 0; i < seen.n; i++)
		lkb_str_addf(out, "%s%s", i ? " " : "", seen.items[i]);
}

/* One arm of the script's case: what may follow a command. */
static void add_arm(struct lkb_str *out, const struct lkb_cmd *cmd)
{
	lkb_str_addf(out, "\t*\" %s \"*) words=\"", cmd->name);
	add_words(out, cmd->options, cmd->n_options);
	lkb_str_add(out, " --help\" ;;\n");
}

/* And what may follow the first of two words; commands that share it stand together. */
static void add_group_arm(struct lkb_str *out, size_t i)
{
	const char *name = lkb_commands[i]->name;
	size_t n = strcspn(name, " ");
	lkb_autofree char *first = lkb_strndup(name, n);

	if (i && !strncmp(lkb_commands[i - 1]->name, name, n + 1))
		return;
	lkb_str_addf(out, "\t*\" %s \"*) words=\"", first);
	add_command_words(out, first);
	lkb_str_add(out, "\" ;;\n");
}

/* Arms of two words come before those of one, which would catch them. */
void lkb_completion_bash(struct lkb_str *out)
{
	size_t i;

	lkb_str_add(out, "# bash completion for lkboard, made by `lkboard completion`\n"
			 "_lkboard() {\n"
			 "\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n"
			 "\tlocal line=\" ${COMP_WORDS[*]:1:COMP_CWORD-1} \"\n"
			 "\tlocal words=\"");
	add_command_words(out, NULL);
	add_words(out, lkb_global_options, lkb_n_global_options);
	lkb_str_add(out, "\"\n\tcase \"$line\" in\n");
	for (i = 0; lkb_commands[i]; i++)
		if (strchr(lkb_commands[i]->name, ' '))
			add_arm(out, lkb_commands[i]);
	for (i = 0; lkb_commands[i]; i++)
		if (strchr(lkb_commands[i]->name, ' '))
			add_group_arm(out, i);
		else
			add_arm(out, lkb_commands[i]);
	lkb_str_add(out, "\tesac\n"
			 "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
			 "}\n"
			 "complete -o default -F _lkboard lkboard\n");
}

static int run_completion(struct lkb_ctx *ctx, void *options, char **operands, size_t n,
			  struct lkb_error *err)
{
	lkb_autostr out = {0};

	lkb_completion_bash(&out);
	return lkb_print(lkb_str_get(&out), err);
}

const struct lkb_cmd lkb_cmd_completion = {
	.name = "completion",
	.operands = "",
	.summary = "print a completion script for bash",
	.run = run_completion,
};
