/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/bytes.h"
#include "base/cleanup.h"

static void memory_is_zero_and_aligned(void **state)
{
	static const size_t sizes[] = {1, 7, 16, 17, 4000, 20000, 100000, 3};
	lkb_autoarena a = {0};
	size_t round, i;

	for (round = 0; round < 50; round++) {
		for (i = 0; i < LKB_ARRAY_SIZE(sizes); i++) {
			char *p = lkb_arena_alloc(&a, sizes[i]);

			assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
			assert_true(lkb_is_zero(p, sizes[i]));
			memset(p, 0xff, sizes[i]);
		}
	}
	assert_true(a.used >= 50 * (20000 + 100000));
	lkb_arena_clear(&a);
	assert_int_equal(a.used, 0);
	assert_null(a.head);
}

/* Blocks are filled with their number and looked at when all are made. */
static void blocks_do_not_overlap(void **state)
{
	lkb_autoarena a = {0};
	uint8_t *blocks[2000];
	size_t sizes[2000], i, k;

	for (i = 0; i < LKB_ARRAY_SIZE(blocks); i++) {
		sizes[i] = (i * 7919) % 300 + (i % 97 == 0 ? 30000 : 0);
		blocks[i] = lkb_arena_alloc(&a, sizes[i]);
		memset(blocks[i], (int)(i & 0xff), sizes[i]);
	}
	for (i = 0; i < LKB_ARRAY_SIZE(blocks); i++)
		for (k = 0; k < sizes[i]; k++)
			assert_int_equal(blocks[i][k], i & 0xff);
}

static void strings_are_copied(void **state)
{
	lkb_autoarena a = {0};
	char text[] = "hello";
	char *copy = lkb_arena_strdup(&a, text);
	char *part = lkb_arena_strndup(&a, "hello", 3);
	char *all = lkb_arena_strndup(&a, "hello", 99);
	char *made = lkb_arena_format(&a, "%s %d", "x", 5);

	text[0] = 'j';
	assert_string_equal(copy, "hello");
	assert_string_equal(part, "hel");
	assert_string_equal(all, "hello");
	assert_string_equal(made, "x 5");
	assert_string_equal(lkb_arena_format(&a, "%s", ""), "");
	assert_non_null(lkb_arena_memdup(&a, NULL, 0));
	assert_non_null(lkb_arena_array(&a, 0, 8));
}

/* AddressSanitizer would end the process in its own way. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

/* Runs in a child: out of memory ends the process. */
static int exit_code_of(void (*f)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		close(2);
		f();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static volatile size_t huge = SIZE_MAX;

static void huge_arena(void)
{
	lkb_autoarena a = {0};

	lkb_arena_alloc(&a, huge);
}

static void huge_arena_below_the_wrap(void)
{
	lkb_autoarena a = {0};

	lkb_arena_alloc(&a, huge - 40);
}

static void huge_array(void)
{
	lkb_autoarena a = {0};

	lkb_arena_array(&a, huge / 2, 4);
}

static void huge_realloc(void)
{
	free(lkb_realloc_array(NULL, huge / 2, 4));
}

static void huge_calloc(void)
{
	free(lkb_alloc_array(huge / 2, 4));
}

static void out_of_memory_ends_the_process_with_70(void **state)
{
	assert_int_equal(exit_code_of(huge_arena), LKB_BUG);
	assert_int_equal(exit_code_of(huge_arena_below_the_wrap), LKB_BUG);
	assert_int_equal(exit_code_of(huge_array), LKB_BUG);
	assert_int_equal(exit_code_of(huge_realloc), LKB_BUG);
	assert_int_equal(exit_code_of(huge_calloc), LKB_BUG);
}

static void nothing_is_something_too(void **state)
{
	void *p = lkb_alloc(0), *q = lkb_alloc_array(0, 5), *r = lkb_realloc_array(NULL, 0, 0);
	void *s = lkb_memdup(NULL, 0);

	assert_true(p && q && r && s);
	free(p);
	free(q);
	free(r);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zero_and_aligned),
		cmocka_unit_test(blocks_do_not_overlap),
		cmocka_unit_test(strings_are_copied),
		cmocka_unit_test(out_of_memory_ends_the_process_with_70),
		cmocka_unit_test(nothing_is_something_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
