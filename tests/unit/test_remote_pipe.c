/* SPDX-License-Identifier: Apache-2.0 */
/* The pipe between what pushes an image and what reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "flash/remote/pipe.h"

/* A thread that writes `n` bytes in uneven pieces and then succeeds or fails. */
struct writer {
	size_t n, written;
	bool fails;
	bool *freed;
	bool gave_up;
};

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 2654435761u >> 13);
}

static int write_all(void *ctx, struct lkb_pipe *p, struct lkb_error *err)
{
	struct writer *w = ctx;
	uint8_t piece[70001];

	while (w->written < w->n) {
		size_t n = (w->written * 7 + 1) % sizeof(piece) + 1;

		if (n > w->n - w->written)
			n = w->n - w->written;
		for (size_t i = 0; i < n; i++)
			piece[i] = byte_at(w->written + i);
		if (lkb_pipe_put(p, piece, n, err)) {
			w->gave_up = true;
			return -1;
		}
		w->written += n;
	}
	return w->fails ? lkb_fail(err, LKB_NET, "it broke off") : 0;
}

static void note_freed(void *ctx)
{
	*((struct writer *)ctx)->freed = true;
}

static const struct lkb_pipe_ops ops = {write_all, note_freed};

/* Reads to the end or the error, in pieces of another unevenness; the bytes are compared. */
static int read_all(struct lkb_pipe *p, size_t *ret_n, struct lkb_error *err)
{
	uint8_t buf[50021];
	size_t n, all = 0;

	for (;;) {
		if (lkb_pipe_read(p, buf, (all * 3) % sizeof(buf) + 1, &n, err)) {
			*ret_n = all;
			return -1;
		}
		if (!n)
			break;
		for (size_t i = 0; i < n; i++)
			assert_int_equal(buf[i], byte_at(all + i));
		all += n;
	}
	*ret_n = all;
	return 0;
}

static void test_all_bytes_in_their_order(void **state)
{
	static const size_t sizes[] = {0, 1, 4096, LKB_PIPE_BYTES - 1, LKB_PIPE_BYTES,
				       LKB_PIPE_BYTES + 1, 5 * LKB_PIPE_BYTES + 12345};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(sizes); i++) {
		bool freed = false;
		struct writer w = {.n = sizes[i], .freed = &freed};
		struct lkb_error err = {0};
		struct lkb_pipe *p;
		size_t n;

		assert_int_equal(lkb_pipe_start(&ops, &w, &p, &err), 0);
		assert_int_equal(read_all(p, &n, &err), 0);
		assert_int_equal(n, sizes[i]);
		lkb_pipe_close(p);
		assert_true(freed);
	}
}

static void test_an_error_comes_behind_the_bytes_and_stays(void **state)
{
	bool freed = false;
	struct writer w = {.n = 3 * LKB_PIPE_BYTES + 7, .fails = true, .freed = &freed};
	struct lkb_error err = {0};
	struct lkb_pipe *p;
	char byte;
	size_t n;

	assert_int_equal(lkb_pipe_start(&ops, &w, &p, &err), 0);
	assert_int_equal(read_all(p, &n, &err), -1);
	assert_int_equal(n, w.n);
	assert_int_equal(err.kind, LKB_NET);
	assert_string_equal(err.message, "it broke off");
	assert_int_equal(lkb_pipe_read(p, &byte, 1, &n, &err), -1);
	lkb_pipe_close(p);
}

static void test_what_nobody_reads_is_bounded_and_ends(void **state)
{
	bool freed = false;
	struct writer w = {.n = SIZE_MAX / 2, .freed = &freed};
	struct lkb_error err = {0};
	struct lkb_pipe *p;
	char byte;
	size_t n;

	assert_int_equal(lkb_pipe_start(&ops, &w, &p, &err), 0);
	assert_int_equal(lkb_pipe_read(p, &byte, 1, &n, &err), 0);
	lkb_clock_sleep_ms(20);
	assert_false(atomic_load(lkb_pipe_stop(p)));
	lkb_pipe_close(p);
	assert_true(freed);
	assert_true(w.gave_up);
	assert_true(w.written <= LKB_PIPE_BYTES + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_bytes_in_their_order),
		cmocka_unit_test(test_an_error_comes_behind_the_bytes_and_stays),
		cmocka_unit_test(test_what_nobody_reads_is_bounded_and_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
