/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

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

void lkb_completion_bash(struct lkb_str *out)
{
	size_t i;

	lkb_str_add(out, "# bash completion for lkboard, made by `lkboard completion`\n"
			 "_lkboard() {\n"
			 "\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n"
			 "\tlocal line=\"${COMP_WORDS[*]:1:COMP_CWORD-1} \"\n"
			 "\tlocal words=\"");
	for (i = 0; lkb_commands[i]; i++)
		lkb_str_addf(out, "%s%.*s", i ? " " : "",
			     (int)strcspn(lkb_commands[i]->name, " "), lkb_commands[i]->name);
	add_words(out, lkb_global_options, lkb_n_global_options);
	lkb_str_add(out, "\"\n\tcase \"$line\" in\n");
	for (i = 0; lkb_commands[i]; i++) {
		lkb_str_addf(out, "\t*\"%s \"*) words=\"", lkb_commands[i]->name);
		add_words(out, lkb_commands[i]->options, lkb_commands[i]->n_options);
		lkb_str_add(out, " --help\" ;;\n");
	}
	lkb_str_add(out, "\t*\"pkg \"*) words=\"build lock\" ;;\n"
			 "\t*\"cache \"*) words=\"ls import\" ;;\n"
			 "\tesac\n"
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
