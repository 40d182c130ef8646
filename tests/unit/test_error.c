/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/error.h"

static void a_failure_has_kind_and_message(void **state)
{
	struct lkb_error err = {.hint = "old", .file = "old", .line = 3, .column = 4};

	assert_int_equal(lkb_fail(&err, LKB_TRUST, "%s %d", "digest", 7), -1);
	assert_int_equal(err.kind, LKB_TRUST);
	assert_string_equal(err.message, "digest 7");
	assert_string_equal(err.hint, "");
	assert_string_equal(err.file, "");
	assert_int_equal(err.line + err.column, 0);
}

static void nobody_has_to_want_the_error(void **state)
{
	errno = EIO;
	assert_int_equal(lkb_fail(NULL, LKB_IO, "x"), -1);
	assert_int_equal(lkb_fail_errno(NULL, "x"), -1);
	assert_int_equal(lkb_context(NULL, "x"), -1);
	assert_int_equal(lkb_hint(NULL, "x"), -1);
	assert_int_equal(lkb_at(NULL, "f", 1, 2), -1);
}

static void context_stands_before_what_it_explains(void **state)
{
	struct lkb_error err = {0};

	lkb_fail(&err, LKB_INPUT, "no such key");
	assert_int_equal(lkb_context(&err, "board '%s'", "rpi3"), -1);
	lkb_context(&err, "build");
	assert_string_equal(err.message, "build: board 'rpi3': no such key");
	assert_int_equal(err.kind, LKB_INPUT);
}

static void messages_too_long_are_cut_and_end(void **state)
{
	struct lkb_error err = {0};
	char words[4096];
	size_t i;

	memset(words, 'w', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	lkb_fail(&err, LKB_INPUT, "%s", words);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	for (i = 0; i < 3; i++)
		lkb_context(&err, "%s", words);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	errno = EIO;
	lkb_fail_errno(&err, "%s", words);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	lkb_hint(&err, "%s", words);
	assert_int_equal(strlen(err.hint), sizeof(err.hint) - 1);
	lkb_at(&err, words, 1, 1);
	assert_int_equal(strlen(err.file), sizeof(err.file) - 1);
}

static void the_hint_nearest_to_the_fault_wins(void **state)
{
	struct lkb_error err = {0};

	lkb_fail(&err, LKB_IO, "x");
	lkb_hint(&err, "first");
	assert_int_equal(lkb_hint(&err, "second"), -1);
	assert_string_equal(err.hint, "first");
}

static void errno_is_read_before_anything_can_change_it(void **state)
{
	static const struct {
		int number;
		const char *message, *hint;
	} rows[] = {
		{ENOENT, "cannot open 'x': No such file or directory", ""},
		{ENOSPC, "cannot open 'x': No space left on device", "make room"},
		{EDQUOT, "cannot open 'x': Disk quota exceeded", "make room"},
		{EFBIG, "cannot open 'x': File too large", "ulimit -f"},
		{EMFILE, "cannot open 'x': Too many open files", "ulimit -n"},
		{EROFS, "cannot open 'x': Read-only file system", "read-only"},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(rows); i++) {
		struct lkb_error err = {0};

		errno = rows[i].number;
		assert_int_equal(lkb_fail_errno(&err, "cannot open '%s'", "x"), -1);
		assert_int_equal(err.kind, LKB_IO);
		assert_string_equal(err.message, rows[i].message);
		assert_non_null(strstr(err.hint, rows[i].hint));
	}
}

static void every_kind_has_a_name_of_its_own(void **state)
{
	static const enum lkb_error_kind kinds[] = {
		LKB_OK,	     LKB_USAGE,	  LKB_INPUT,   LKB_IO,	    LKB_NET, LKB_TRUST,
		LKB_REFUSED, LKB_DIFFERS, LKB_DIDNT,   LKB_MISSING, LKB_BUG, LKB_INTERRUPTED};
	size_t i, j;

	for (i = 0; i < LKB_ARRAY_SIZE(kinds); i++)
		for (j = 0; j < i; j++)
			assert_string_not_equal(lkb_error_kind_name(kinds[i]),
						lkb_error_kind_name(kinds[j]));
	assert_string_equal(lkb_error_kind_name(LKB_INPUT), "input");
	assert_string_equal(lkb_error_kind_name((enum lkb_error_kind)99), "bug");
}

static void add(struct lkb_diags *d, enum lkb_severity severity, const char *file, unsigned line,
		const char *text)
{
	struct lkb_error e = {0};

	lkb_fail(&e, LKB_INPUT, "%s", text);
	lkb_at(&e, file, line, 1);
	lkb_diags_add(d, severity, &e);
}

static void diags_are_sorted_by_file_as_read_then_line(void **state)
{
	static const char *const order[] = {"z3", "z9", "a1", "a2", "a2b"};
	lkb_autodiags d = {0};
	size_t i;

	add(&d, LKB_SEVERITY_ERROR, "z.yml", 9, "z9");
	add(&d, LKB_SEVERITY_ERROR, "a.yml", 2, "a2b");
	add(&d, LKB_SEVERITY_WARNING, "z.yml", 3, "z3");
	add(&d, LKB_SEVERITY_ERROR, "a.yml", 2, "a2");
	add(&d, LKB_SEVERITY_ERROR, "a.yml", 1, "a1");
	lkb_diags_sort(&d);
	assert_int_equal(d.n, 5);
	for (i = 0; i < d.n; i++)
		assert_string_equal(d.items[i].what.message, order[i]);
}

static void the_first_error_stands_for_all(void **state)
{
	lkb_autodiags d = {0};
	struct lkb_error err = {0};

	assert_int_equal(lkb_diags_result(&d, &err), 0);
	add(&d, LKB_SEVERITY_WARNING, "a.yml", 1, "only a warning");
	assert_int_equal(lkb_diags_result(&d, &err), 0);
	add(&d, LKB_SEVERITY_ERROR, "a.yml", 5, "wrong");
	assert_int_equal(lkb_diags_result(&d, &err), -1);
	assert_string_equal(err.message, "wrong");
	assert_int_equal(err.line, 5);
	add(&d, LKB_SEVERITY_ERROR, "a.yml", 6, "more");
	assert_int_equal(lkb_diags_result(&d, &err), -1);
	assert_string_equal(err.message, "wrong (and 1 more)");
	assert_int_equal(lkb_diags_result(&d, NULL), -1);
}

static void diags_beyond_the_bound_are_counted(void **state)
{
	lkb_autodiags d = {0};
	struct lkb_error err = {0};
	size_t i;

	for (i = 0; i < LKB_DIAG_MAX; i++)
		add(&d, LKB_SEVERITY_WARNING, "a.yml", 1, "w");
	add(&d, LKB_SEVERITY_ERROR, "a.yml", 1, "the error that nobody sees");
	assert_int_equal(d.n, LKB_DIAG_MAX);
	assert_int_equal(d.dropped, 1);
	assert_int_equal(lkb_diags_result(&d, &err), -1);
	assert_int_equal(err.kind, LKB_INPUT);
	lkb_diags_sort(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_has_kind_and_message),
		cmocka_unit_test(nobody_has_to_want_the_error),
		cmocka_unit_test(context_stands_before_what_it_explains),
		cmocka_unit_test(messages_too_long_are_cut_and_end),
		cmocka_unit_test(the_hint_nearest_to_the_fault_wins),
		cmocka_unit_test(errno_is_read_before_anything_can_change_it),
		cmocka_unit_test(every_kind_has_a_name_of_its_own),
		cmocka_unit_test(diags_are_sorted_by_file_as_read_then_line),
		cmocka_unit_test(the_first_error_stands_for_all),
		cmocka_unit_test(diags_beyond_the_bound_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
