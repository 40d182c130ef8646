/* SPDX-License-Identifier: Apache-2.0 */
/* The option parser, and the tables of all commands. */
#include <ctype.h>

#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "tests/unit/base_kit.h"

struct options {
	bool all, force;
	const char *out, *name;
	struct lkb_strv until;
	unsigned jobs;
};

static const struct lkb_opt rows[] = {
	LKB_OPT('a', "all", FLAG, struct options, all, NULL, "x"),
	LKB_OPT('f', "force", FLAG, struct options, force, NULL, "x"),
	LKB_OPT('o', "out", STRING, struct options, out, "DIR", "x"),
	LKB_OPT(0, "name", STRING, struct options, name, "NAME", "x"),
	LKB_OPT('u', "until", LIST, struct options, until, "TEXT", "x"),
	LKB_OPT('j', "jobs", UINT, struct options, jobs, "N", "x"),
};

/* Splits at blanks and parses; operands come back joined by blanks. "_" stands for an empty word. */
static int parse(const char *line, bool stop, struct options *o, char *operands, size_t size)
{
	char text[256], *at = text, *args[32], *word;
	size_t n = 0, left, i;

	snprintf(text, sizeof(text), "%s", line);
	while ((word = strsep(&at, " ")))
		if (*word)
			args[n++] = strcmp(word, "_") ? word : word + 1;
	if (lkb_opt_parse(rows, LKB_ARRAY_SIZE(rows), o, args, n, stop, &left, &err))
		return -1;
	operands[0] = '\0';
	for (i = 0; i < left; i++)
		snprintf(operands + strlen(operands), size - strlen(operands), "%s%s",
			 i ? " " : "", args[i]);
	/* What the options point to is gone with the text. */
	o->out = o->out ? lkb_format("%s", o->out) : NULL;
	o->name = o->name ? lkb_format("%s", o->name) : NULL;
	return 0;
}

static void clear(struct options *o)
{
	lkb_opt_clear(rows, LKB_ARRAY_SIZE(rows), o);
	free((char *)o->out);
	free((char *)o->name);
}
#define autooptions __attribute__((cleanup(clear))) struct options

static void lines_that_are_right(void **state)
{
	static const struct {
		const char *line;
		bool stop;
		struct options o;
		const char *operands;
	} good[] = {
		{"", false, {0}, ""},
		{"a b c", false, {0}, "a b c"},
		{"a -a b", false, {.all = true}, "a b"},
		{"-af", false, {.all = true, .force = true}, ""},
		{"-a -f -a", false, {.all = true, .force = true}, ""},
		{"-o d", false, {.out = "d"}, ""},
		{"-od x", false, {.out = "d"}, "x"},
		{"-afod x", false, {.all = true, .force = true, .out = "d"}, "x"},
		{"-afo d x", false, {.all = true, .force = true, .out = "d"}, "x"},
		{"--out d --name=n", false, {.out = "d", .name = "n"}, ""},
		{"--name= x", false, {.name = ""}, "x"},
		{"--name _ x", false, {.name = ""}, "x"},
		{"--name=a=b", false, {.name = "a=b"}, ""},
		{"--out --force", false, {.out = "--force"}, ""},
		{"--out d --out e", false, {.out = "e"}, ""},
		{"--jobs 4", false, {.jobs = 4}, ""},
		{"-j4", false, {.jobs = 4}, ""},
		{"--jobs=1000000", false, {.jobs = 1000000}, ""},
		{"- -a", false, {.all = true}, "-"},
		{"-a -- -f --out", false, {.all = true}, "-f --out"},
		{"-- --", false, {0}, "--"},
		{"x -- y", false, {0}, "x y"},
		{"-a build -f x", true, {.all = true}, "build -f x"},
		{"-a -- build -f", true, {.all = true}, "build -f"},
		{"build -- -f", true, {0}, "build -- -f"},
		{"_ -a", false, {.all = true}, ""},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(good); i++) {
		autooptions o = {0};
		char operands[256];

		if (parse(good[i].line, good[i].stop, &o, operands, sizeof(operands)))
			fail_msg("'%s': %s", good[i].line, err.message);
		if (o.all != good[i].o.all || o.force != good[i].o.force ||
		    o.jobs != good[i].o.jobs || !o.out != !good[i].o.out ||
		    !o.name != !good[i].o.name || (o.out && strcmp(o.out, good[i].o.out)) ||
		    (o.name && strcmp(o.name, good[i].o.name)))
			fail_msg("'%s' set the wrong options", good[i].line);
		assert_string_equal(operands, good[i].operands);
	}
}

static void lines_that_are_wrong(void **state)
{
	static const struct {
		const char *line, *message, *hint;
	} bad[] = {
		{"--ot d", "unknown option '--ot'", "did you mean '--out'?"},
		{"--ot=d", "unknown option '--ot=d'", "did you mean '--out'?"},
		{"--fore", "unknown option '--fore'", "did you mean '--force'?"},
		{"--xyzzy", "unknown option '--xyzzy'", "--help lists the options"},
		{"--=x", "unknown option '--=x'", "--help lists the options"},
		{"-x", "unknown option '-x'", "--help lists the options"},
		{"-afx", "unknown option '-afx'", "--help lists the options"},
		{"--force=yes", "'--force' takes no value", ""},
		{"--out", "'--out' needs a value: DIR", ""},
		{"-o", "'--out' needs a value: DIR", ""},
		{"-ao", "'--out' needs a value: DIR", ""},
		{"--jobs -1", "'--jobs -1': not a number from 0 to 1000000", ""},
		{"--jobs 1000001", "not a number", ""},
		{"--jobs=", "not a number", ""},
		{"-j4x", "not a number", ""},
		{"-j 99999999999999999999", "not a number", ""},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(bad); i++) {
		autooptions o = {0};
		char operands[256];

		err = (struct lkb_error){0};
		if (!parse(bad[i].line, false, &o, operands, sizeof(operands))) {
			fail_msg("'%s' was taken", bad[i].line);
		} else if (err.kind != LKB_USAGE || !strstr(err.message, bad[i].message) ||
			   strcmp(err.hint, bad[i].hint)) {
			fail_msg("'%s': '%s', hint '%s'", bad[i].line, err.message, err.hint);
		}
		/* The texts were not copied: they are the argument's own. */
		o.out = o.name = NULL;
	}
}

static void a_list_takes_every_use(void **state)
{
	autooptions o = {0};
	char operands[256];

	OK(parse("--until a -ub --until=c -u d", false, &o, operands, sizeof(operands)));
	assert_int_equal(o.until.n, 4);
	assert_string_equal(o.until.items[0], "a");
	assert_string_equal(o.until.items[1], "b");
	assert_string_equal(o.until.items[2], "c");
	assert_string_equal(o.until.items[3], "d");
}

/* One row of a command. */
static void check_row(const char *cmd, const struct lkb_opt *row, size_t size)
{
	static const size_t sizes[] = {
		[LKB_OPT_FLAG] = sizeof(bool),
		[LKB_OPT_STRING] = sizeof(char *),
		[LKB_OPT_LIST] = sizeof(struct lkb_strv),
		[LKB_OPT_UINT] = sizeof(unsigned),
	};
	const char *p;

	assert_true(strlen(row->name) >= 2);
	for (p = row->name; *p; p++)
		assert_true(islower((unsigned char)*p) || isdigit((unsigned char)*p) || *p == '-');
	assert_true(!row->letter || isalpha((unsigned char)row->letter));
	if (!*row->help || isupper((unsigned char)*row->help) || lkb_ends_with(row->help, "."))
		fail_msg("%s --%s: help '%s'", cmd, row->name, row->help);
	assert_int_equal(row->type == LKB_OPT_FLAG, !row->arg);
	assert_true(row->type < LKB_ARRAY_SIZE(sizes));
	if (row->offset > size || sizes[row->type] > size - row->offset)
		fail_msg("%s --%s lies outside of its struct", cmd, row->name);
	/* run_command() takes these before the parser does. */
	assert_string_not_equal(row->name, "help");
	assert_int_not_equal(row->letter, 'h');
}

static void check_rows(const char *cmd, const struct lkb_opt *r, size_t n)
{
	size_t i, j;

	for (i = 0; i < n; i++) {
		for (j = 0; j < i; j++) {
			if (!strcmp(r[i].name, r[j].name) ||
			    (r[i].letter && r[i].letter == r[j].letter))
				fail_msg("%s: --%s and --%s are alike", cmd, r[i].name, r[j].name);
			if (r[i].offset == r[j].offset)
				fail_msg("%s: --%s and --%s set one field", cmd, r[i].name,
					 r[j].name);
		}
	}
}

static void every_row_of_every_command_makes_sense(void **state)
{
	size_t i, j;

	for (i = 0; lkb_commands[i]; i++) {
		const struct lkb_cmd *c = lkb_commands[i];

		assert_true(*c->name && *c->summary && c->operands && c->run);
		assert_false(isupper((unsigned char)*c->summary) || lkb_ends_with(c->summary, "."));
		assert_true(c->min_operands <= c->max_operands);
		assert_int_equal(c->max_operands == 0, !*c->operands);
		assert_int_equal(c->n_options == 0, c->options_size == 0);
		for (j = 0; j < c->n_options; j++)
			check_row(c->name, &c->options[j], c->options_size);
		check_rows(c->name, c->options, c->n_options);
	}
	check_rows("lkboard", lkb_global_options, lkb_n_global_options);
}

/* One word or several: both take one each time they are given. */
static enum lkb_opt_type kind_of(const struct lkb_opt *o)
{
	return o->type == LKB_OPT_LIST ? LKB_OPT_STRING : o->type;
}

/* One option has one letter and one kind of value, wherever it is. */
static void an_option_is_the_same_in_all_commands(void **state)
{
	size_t i, j, k, l;

	for (i = 0; lkb_commands[i]; i++)
		for (j = 0; j < i; j++)
			for (k = 0; k < lkb_commands[i]->n_options; k++)
				for (l = 0; l < lkb_commands[j]->n_options; l++) {
					const struct lkb_opt *a = &lkb_commands[i]->options[k];
					const struct lkb_opt *b = &lkb_commands[j]->options[l];

					if (strcmp(a->name, b->name))
						continue;
					assert_int_equal(a->letter, b->letter);
					assert_int_equal(kind_of(a), kind_of(b));
				}
}

/* Commands that share a first word stand together, no name is twice, and each is found by its name
 * alone and with words behind it. */
static void every_command_is_found_by_its_name(void **state)
{
	size_t i, j;

	for (i = 0; lkb_commands[i]; i++) {
		const char *name = lkb_commands[i]->name;
		char text[64], *at = text, *words[8], *word;
		const struct lkb_cmd *found = NULL;
		size_t n = 0, used = 0;

		snprintf(text, sizeof(text), "%s x y", name);
		while ((word = strsep(&at, " ")))
			words[n++] = word;
		OK(lkb_cmd_find(words, n, &found, &used, &err));
		assert_ptr_equal(found, lkb_commands[i]);
		assert_int_equal(used, n - 2);
		OK(lkb_cmd_find(words, n - 2, &found, &used, &err));
		assert_ptr_equal(found, lkb_commands[i]);
		for (j = 0; j + 1 < i; j++) {
			assert_string_not_equal(lkb_commands[j]->name, name);
			if (!strncmp(lkb_commands[j]->name, name, strcspn(name, " ") + 1) &&
			    strchr(name, ' '))
				assert_int_equal(strncmp(lkb_commands[i - 1]->name, name,
							 strcspn(name, " ") + 1), 0);
		}
	}
}

static void unknown_commands_are_helped(void **state)
{
	static const struct {
		const char *words[2];
		const char *message, *hint;
	} rows_of[] = {
		{{"biuld"}, "unknown command 'biuld'", "did you mean 'lkboard build'?"},
		{{"pkg"}, "'pkg' needs a second word",
		 "'lkboard pkg build', 'lkboard pkg lock'"},
		{{"pkg", "biuld"}, "unknown command 'pkg biuld'", "'lkboard pkg build'?"},
		{{"cahce", "ls"}, "unknown command 'cahce'", "'lkboard cache ls'?"},
		{{"cache", "xyzzy"}, "unknown command 'cache xyzzy'", "'lkboard cache ls'"},
		{{"xyzzy"}, "unknown command 'xyzzy'", "--help"},
		{{""}, "unknown command ''", "--help"},
		{{"build "}, "unknown command 'build '", "did you mean"},
	};
	const struct lkb_cmd *found = NULL;
	size_t i, used = 0;

	for (i = 0; i < LKB_ARRAY_SIZE(rows_of); i++)
		FAILS(lkb_cmd_find((char **)rows_of[i].words, rows_of[i].words[1] ? 2 : 1, &found,
				   &used, &err),
		      LKB_USAGE, rows_of[i].message, rows_of[i].hint);
	assert_null(found);
}

static void help_and_completion_name_everything(void **state)
{
	lkb_autostr all = {0}, script = {0};
	size_t i, j;

	lkb_help_all(&all);
	lkb_completion_bash(&script);
	for (i = 0; lkb_commands[i]; i++) {
		const struct lkb_cmd *c = lkb_commands[i];
		lkb_autofree char *arm = lkb_format("\t*\" %s \"*) words=\"", c->name);
		lkb_autostr help = {0};

		expect_words(all.s, c->name);
		expect_words(all.s, c->summary);
		expect_words(script.s, arm);
		lkb_help_cmd(c, &help);
		expect_words(help.s, c->summary);
		for (j = 0; j < c->n_options; j++) {
			lkb_autofree char *name = lkb_format("--%s", c->options[j].name);

			expect_words(help.s, name);
			expect_words(help.s, c->options[j].help);
			expect_words(strstr(script.s, arm), name);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_that_are_right),
		cmocka_unit_test(lines_that_are_wrong),
		cmocka_unit_test(a_list_takes_every_use),
		cmocka_unit_test(every_row_of_every_command_makes_sense),
		cmocka_unit_test(an_option_is_the_same_in_all_commands),
		cmocka_unit_test(every_command_is_found_by_its_name),
		cmocka_unit_test(unknown_commands_are_helped),
		cmocka_unit_test(help_and_completion_name_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
