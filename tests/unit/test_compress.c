/* SPDX-License-Identifier: Apache-2.0 */
/* Compressing and decompressing; gzip, zstd and xz are the judges both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/ext/compress.h"
#include "base/proc.h"
#include "base/str.h"

#define MAX ((uint64_t)64 << 20)

static int to_str(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	lkb_str_addn(ctx, p, n);
	return 0;
}

static int refuse(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	return lkb_fail(err, LKB_IO, "the sink is full");
}

/* Compressible, but not trivially: words from a small generator. */
static struct lkb_str sample(size_t n)
{
	struct lkb_str s = { 0 };
	uint32_t x = 12345;

	while (s.len < n) {
		x = x * 1103515245 + 12345;
		lkb_str_addf(&s, "%s%u ", x & 0x10000 ? "word" : "", x >> (x >> 28));
	}
	s.len = n;
	return s;
}

/* The caller clears. */
static struct lkb_str deflated(enum lkb_compression c, int level, const struct lkb_str *in,
			       size_t cut)
{
	struct lkb_str out = { 0 };
	lkb_auto(lkb_deflate) z = lkb_deflate_new(c, level, to_str, &out);
	struct lkb_error err = { 0 };

	for (size_t off = 0; off < in->len; off += cut)
		if (lkb_deflate_feed(z, in->s + off, cut < in->len - off ? cut : in->len - off,
				     &err) < 0)
			fail_msg("%s", err.message);
	if (lkb_deflate_end(z, &err) < 0)
		fail_msg("%s", err.message);
	return out;
}

static int inflate_cut(enum lkb_compression c, const struct lkb_str *in, size_t cut, uint64_t max,
		       struct lkb_str *ret, struct lkb_error *err)
{
	lkb_auto(lkb_inflate) z = lkb_inflate_new(c, max, to_str, ret);

	ret->len = 0;
	for (size_t off = 0; off < in->len; off += cut)
		if (lkb_inflate_feed(z, in->s + off, cut < in->len - off ? cut : in->len - off,
				     err) < 0)
			return -1;
	return lkb_inflate_end(z, err);
}

#define assert_inflates(c, in, cut, want) \
	do { \
		lkb_autostr got_ = { 0 }; \
		struct lkb_error err_ = { 0 }; \
		if (inflate_cut(c, in, cut, MAX, &got_, &err_) < 0) \
			fail_msg("%s", err_.message); \
		assert_int_equal(got_.len, (want)->len); \
		assert_memory_equal(lkb_str_get(&got_), lkb_str_get(want), got_.len); \
	} while (0)

/* What a foreign program makes of the input; false if it is not installed. */
static bool filter(const char *program, const char *arg, const struct lkb_str *in,
		   struct lkb_str *ret)
{
	const char *argv[] = { program, arg, "-c", NULL };
	struct lkb_proc p = { .argv = argv, .input = in->s, .input_len = in->len,
			      .max_output = (size_t)MAX };
	struct lkb_error err = { 0 };

	if (lkb_proc_run(&p, ret, &err) == 0)
		return true;
	if (err.kind != LKB_MISSING)
		fail_msg("%s", err.message);
	print_message("# skipped: %s\n", err.message);
	return false;
}

static const struct {
	enum lkb_compression c;
	const char *program;
	bool writable;
} formats[] = {
	{ LKB_GZIP, "gzip", true },
	{ LKB_ZSTD, "zstd", true },
	{ LKB_XZ, "xz", false },
};

static void formats_are_known_by_their_first_bytes(void **state)
{
	assert_int_equal(lkb_compression_of("\x1f\x8b\x08", 3), LKB_GZIP);
	assert_int_equal(lkb_compression_of("\x1f\x8b", 2), LKB_PLAIN);
	assert_int_equal(lkb_compression_of("\x28\xb5\x2f\xfd", 4), LKB_ZSTD);
	assert_int_equal(lkb_compression_of("\x5e\x2a\x4d\x18", 4), LKB_ZSTD);
	assert_int_equal(lkb_compression_of("\xfd" "7zXZ\0", 6), LKB_XZ);
	assert_int_equal(lkb_compression_of("\xfd" "7zXZ", 5), LKB_PLAIN);
	assert_int_equal(lkb_compression_of("", 0), LKB_PLAIN);
	assert_int_equal(lkb_compression_of("plain text", 10), LKB_PLAIN);
}

static void others_read_what_we_write(void **state)
{
	const size_t sizes[] = { 0, 1, 262143, 262144, 262145, 3000000 };

	for (size_t f = 0; f < LKB_ARRAY_SIZE(formats); f++)
		for (size_t i = 0; i < LKB_ARRAY_SIZE(sizes) && formats[f].writable; i++) {
			lkb_autostr in = sample(sizes[i]);
			lkb_autostr packed = deflated(formats[f].c, 3, &in, 100000);
			lkb_autostr out = { 0 };

			if (!filter(formats[f].program, "-d", &packed, &out))
				continue;
			assert_int_equal(out.len, in.len);
			assert_memory_equal(lkb_str_get(&out), lkb_str_get(&in), in.len);
			assert_inflates(formats[f].c, &packed, packed.len, &in);
		}
}

static void we_read_what_others_write_in_any_pieces(void **state)
{
	const size_t sizes[] = { 0, 1, 300000 };
	const size_t cuts[] = { 1, 2, 3, 17, 4096, 1000000 };

	for (size_t f = 0; f < LKB_ARRAY_SIZE(formats); f++)
		for (size_t i = 0; i < LKB_ARRAY_SIZE(sizes); i++) {
			lkb_autostr in = sample(sizes[i]);
			lkb_autostr packed = { 0 };

			if (!filter(formats[f].program, "-5", &in, &packed))
				continue;
			assert_int_equal(lkb_compression_of(packed.s, packed.len), formats[f].c);
			for (size_t k = 0; k < LKB_ARRAY_SIZE(cuts); k++)
				assert_inflates(formats[f].c, &packed, cuts[k], &in);
		}
}

static void long_runs_come_out_whole(void **state)
{
	/* One short input makes many output buffers: all must be emptied in one feed. */
	lkb_autostr in = { 0 };

	for (int i = 0; i < 3000000; i++)
		lkb_str_addc(&in, '\0');
	for (size_t f = 0; f < LKB_ARRAY_SIZE(formats); f++) {
		lkb_autostr packed = { 0 };

		if (filter(formats[f].program, "-5", &in, &packed)) {
			assert_inflates(formats[f].c, &packed, packed.len, &in);
			assert_inflates(formats[f].c, &packed, 1, &in);
		}
	}
}

static void several_members_follow_each_other(void **state)
{
	lkb_autostr in = sample(5000);

	for (size_t f = 0; f < LKB_ARRAY_SIZE(formats); f++) {
		lkb_autostr one = { 0 };
		lkb_autostr all = { 0 };
		lkb_autostr want = { 0 };

		if (!filter(formats[f].program, "-5", &in, &one))
			continue;
		for (int i = 0; i < 3; i++) {
			/* zstd's skippable frames stand between */
			if (formats[f].c == LKB_ZSTD)
				lkb_str_addn(&all, "\x50\x2a\x4d\x18\x03\0\0\0abc", 11);
			lkb_str_addn(&all, one.s, one.len);
			lkb_str_addn(&want, in.s, in.len);
		}
		for (size_t cut = 1; cut < 64; cut++)
			assert_inflates(formats[f].c, &all, cut, &want);
		/* each way to cut the input in two, so that a member ends anywhere in a feed */
		for (size_t cut = one.len - 40; cut < one.len + 40; cut++)
			assert_inflates(formats[f].c, &all, cut, &want);
	}
}

static void an_input_that_ends_early_fails_at_the_end(void **state)
{
	lkb_autostr in = sample(2000);

	for (size_t f = 0; f < LKB_ARRAY_SIZE(formats); f++) {
		lkb_autostr whole = { 0 };
		lkb_autostr out = { 0 };

		if (!filter(formats[f].program, "-5", &in, &whole))
			continue;
		for (size_t n = 0; n < whole.len; n++) {
			struct lkb_str part = { .s = whole.s, .len = n };
			struct lkb_error err = { 0 };

			assert_int_equal(inflate_cut(formats[f].c, &part, 1000000, MAX, &out, &err),
					 -1);
			assert_int_equal(err.kind, LKB_INPUT);
			assert_non_null(strstr(err.message, "ends early"));
		}
	}
}

static void garbage_behind_the_data_fails(void **state)
{
	lkb_autostr in = sample(2000);

	for (size_t f = 0; f < LKB_ARRAY_SIZE(formats); f++)
		for (size_t n = 1; n < 30; n++) {
			lkb_autostr whole = { 0 };
			lkb_autostr out = { 0 };
			struct lkb_error err = { 0 };

			if (!filter(formats[f].program, "-5", &in, &whole))
				break;
			lkb_str_addn(&whole, "garbage garbage garbage garbage", n);
			assert_int_equal(inflate_cut(formats[f].c, &whole, 1000000, MAX, &out,
						     &err), -1);
			assert_int_equal(err.kind, LKB_INPUT);
		}
}

static void a_changed_byte_is_noticed(void **state)
{
	lkb_autostr in = sample(2000);

	for (size_t f = 0; f < LKB_ARRAY_SIZE(formats); f++) {
		lkb_autostr whole = { 0 };
		lkb_autostr out = { 0 };

		/* zstd's program writes a checksum only for files; ours always does */
		if (formats[f].c == LKB_ZSTD)
			whole = deflated(LKB_ZSTD, 5, &in, in.len);
		else if (!filter(formats[f].program, "-5", &in, &whole))
			continue;
		for (size_t i = whole.len / 3; i < whole.len; i += 7) {
			struct lkb_error err = { 0 };

			whole.s[i] ^= 0x10;
			assert_int_equal(inflate_cut(formats[f].c, &whole, 1000000, MAX, &out,
						     &err), -1);
			assert_int_equal(err.kind, LKB_INPUT);
			whole.s[i] ^= 0x10;
		}
	}
}

static void a_bomb_is_stopped_at_the_bound(void **state)
{
	lkb_autostr in = sample(1000000);

	for (size_t f = 0; f < LKB_ARRAY_SIZE(formats); f++) {
		lkb_autostr packed = { 0 };
		lkb_autostr out = { 0 };
		struct lkb_error err = { 0 };

		if (!filter(formats[f].program, "-5", &in, &packed))
			continue;
		assert_int_equal(inflate_cut(formats[f].c, &packed, 9999, 1000000, &out, &err), 0);
		assert_int_equal(inflate_cut(formats[f].c, &packed, 9999, 999999, &out, &err), -1);
		assert_true(out.len <= 999999);
		assert_string_equal(err.message,
				    "the data is more than 999999 bytes when decompressed");
	}
}

static void plain_data_passes_and_is_bounded_too(void **state)
{
	lkb_autostr in = sample(1000);
	lkb_autostr out = { 0 };
	struct lkb_error err = { 0 };

	assert_inflates(LKB_PLAIN, &in, 7, &in);
	assert_int_equal(inflate_cut(LKB_PLAIN, &in, 100, 999, &out, &err), -1);
	out = (lkb_str_clear(&out), deflated(LKB_PLAIN, 0, &in, 13));
	assert_int_equal(out.len, in.len);
	assert_memory_equal(out.s, in.s, in.len);
}

static void in_one_call(void **state)
{
	lkb_autostr in = sample(100000);
	lkb_autostr packed = deflated(LKB_GZIP, 9, &in, in.len);
	lkb_autofree char *out = NULL;
	struct lkb_error err = { 0 };
	size_t n = 0;

	assert_int_equal(lkb_inflate_buffer(packed.s, packed.len, 99999, &out, &n, &err), -1);
	assert_null(out);
	assert_int_equal(lkb_inflate_buffer(packed.s, packed.len, 100000, &out, &n, &err), 0);
	assert_int_equal(n, in.len);
	assert_memory_equal(out, in.s, n);
	free(LKB_STEAL(out));
	assert_int_equal(lkb_inflate_buffer("plain", 5, 5, &out, &n, &err), 0);
	assert_memory_equal(out, "plain", 5);
	free(LKB_STEAL(out));
	assert_int_equal(lkb_inflate_buffer("", 0, 5, &out, &n, &err), 0);
	assert_int_equal(n, 0);
	assert_non_null(out);
}

static void a_sink_that_fails_ends_it(void **state)
{
	lkb_autostr in = sample(100000);
	lkb_autostr packed = deflated(LKB_GZIP, 6, &in, in.len);
	lkb_auto(lkb_inflate) z = lkb_inflate_new(LKB_GZIP, MAX, refuse, NULL);
	lkb_auto(lkb_deflate) d = lkb_deflate_new(LKB_ZSTD, 6, refuse, NULL);
	struct lkb_error err = { 0 };

	assert_int_equal(lkb_inflate_feed(z, packed.s, packed.len, &err), -1);
	assert_string_equal(err.message, "the sink is full");
	assert_int_equal(lkb_inflate_feed(z, packed.s, packed.len, &err), -1);
	assert_int_equal(err.kind, LKB_BUG);
	assert_int_equal(lkb_inflate_end(z, &err), -1);
	assert_int_equal(lkb_deflate_feed(d, in.s, in.len, &err), 0);
	assert_int_equal(lkb_deflate_end(d, &err), -1);
	assert_string_equal(err.message, "the sink is full");
}

static void the_same_input_gives_the_same_bytes(void **state)
{
	lkb_autostr in = sample(20000000); /* more than two zstd jobs */
	const size_t cuts[] = { 1000, 262144, 99999999 };

	for (size_t f = 0; f < 2; f++) {
		lkb_autostr want = { 0 };

		for (size_t i = 0; i < LKB_ARRAY_SIZE(cuts); i++) {
			lkb_autostr got = deflated(formats[f].c, 1, &in, cuts[i]);

			if (!i)
				want = (struct lkb_str){ lkb_memdup(got.s, got.len + 1), got.len,
							 got.len + 1 };
			assert_int_equal(got.len, want.len);
			assert_memory_equal(got.s, want.s, got.len);
		}
	}
}

static void the_gzip_header_has_no_name_and_no_time(void **state)
{
	lkb_autostr in = sample(10);
	lkb_autostr packed = deflated(LKB_GZIP, 6, &in, in.len);

	assert_memory_equal(packed.s, "\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
}

static void xz_is_not_written(void **state)
{
	lkb_autostr out = { 0 };
	lkb_auto(lkb_deflate) z = lkb_deflate_new(LKB_XZ, 6, to_str, &out);
	struct lkb_error err = { 0 };

	assert_int_equal(lkb_deflate_end(z, &err), -1);
	assert_int_equal(err.kind, LKB_BUG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_are_known_by_their_first_bytes),
		cmocka_unit_test(others_read_what_we_write),
		cmocka_unit_test(we_read_what_others_write_in_any_pieces),
		cmocka_unit_test(long_runs_come_out_whole),
		cmocka_unit_test(several_members_follow_each_other),
		cmocka_unit_test(an_input_that_ends_early_fails_at_the_end),
		cmocka_unit_test(garbage_behind_the_data_fails),
		cmocka_unit_test(a_changed_byte_is_noticed),
		cmocka_unit_test(a_bomb_is_stopped_at_the_bound),
		cmocka_unit_test(plain_data_passes_and_is_bounded_too),
		cmocka_unit_test(in_one_call),
		cmocka_unit_test(a_sink_that_fails_ends_it),
		cmocka_unit_test(the_same_input_gives_the_same_bytes),
		cmocka_unit_test(the_gzip_header_has_no_name_and_no_time),
		cmocka_unit_test(xz_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
