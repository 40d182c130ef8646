/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ext/deflate.h"
#include "base/ext/hash.h"
#include "tests/unit/image_util.h"

/* gzip that knows of zeros: what it makes is read back by ISA-L and by gzip. */

#define ZEROS_UNIT LKB_MIB

static int to_str(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	lkb_str_addn(ctx, p, n);
	return 0;
}

static int to_hash(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	lkb_hash_add(ctx, p, n);
	return 0;
}

/* Zeros and bytes in turn, an even entry being zeros. */
struct mix {
	uint64_t n[7];
};

static const struct mix mixes[] = {
	{{0}},
	{{1}},
	{{0, 1}},
	{{ZEROS_UNIT}},
	{{0, 100000, ZEROS_UNIT - 1, 100000}},
	{{0, 100000, ZEROS_UNIT, 100000}},
	{{ZEROS_UNIT + 1, 1, 5 * ZEROS_UNIT + 12345, 3000000, 2 * ZEROS_UNIT}},
	/* whole blocks of what zlib is given at a time */
	{{0, 256 * LKB_KIB, 3 * ZEROS_UNIT, 512 * LKB_KIB, ZEROS_UNIT}},
};

static uint8_t *some_bytes(size_t n)
{
	uint8_t *p = lkb_alloc(n + 1);

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * i >> 7 | 1);
	return p;
}

/* Fed in cuts of at most `cut` bytes. */
static void pack(const struct mix *m, uint64_t cut, struct lkb_str *out)
{
	lkb_auto(lkb_gzip) z = lkb_gzip_new(3, to_str, out);
	lkb_autofree uint8_t *bytes = some_bytes(3000000);

	for (size_t i = 0; i < LKB_ARRAY_SIZE(m->n); i++)
		for (uint64_t off = 0, n; off < m->n[i]; off += n) {
			n = m->n[i] - off < cut ? m->n[i] - off : cut;
			if (i % 2)
				MUST(lkb_gzip_feed(z, bytes + off, (size_t)n, err));
			else
				lkb_gzip_zeros(z, n);
		}
	MUST(lkb_gzip_end(z, err));
}

static struct lkb_sha256 digest_of(const struct mix *m)
{
	static const uint8_t zeros[1 << 16];
	lkb_autofree uint8_t *bytes = some_bytes(3000000);
	lkb_auto(lkb_hash) h = lkb_hash_new();

	for (size_t i = 0; i < LKB_ARRAY_SIZE(m->n); i++)
		for (uint64_t off = 0, n; off < m->n[i]; off += n) {
			n = m->n[i] - off < sizeof(zeros) ? m->n[i] - off : sizeof(zeros);
			lkb_hash_add(h, i % 2 ? bytes + off : zeros, (size_t)n);
		}
	return lkb_hash_done(h);
}

static void it_is_read_back(void **state)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(mixes); i++) {
		lkb_autostr packed = {0};
		lkb_auto(lkb_hash) h = lkb_hash_new();
		lkb_auto(lkb_inflate) z = lkb_inflate_new(LKB_GZIP, UINT64_MAX, to_hash, h);
		struct lkb_sha256 want = digest_of(&mixes[i]), is;

		pack(&mixes[i], UINT64_MAX, &packed);
		MUST(lkb_inflate_feed(z, packed.s, packed.len, err));
		MUST(lkb_inflate_end(z, err));
		is = lkb_hash_done(h);
		assert_true(lkb_sha256_equal(&is, &want));
	}
}

static int count(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	*(uint64_t *)ctx += n;
	return 0;
}

/* The length at the end has 32 bits, and is checked with the checksum. */
static void more_than_4_gib_are_read_back(void **state)
{
	const struct mix m = {{4 * LKB_GIB + 5, 7}};
	lkb_autostr packed = {0};
	uint64_t n = 0;
	lkb_auto(lkb_inflate) z = lkb_inflate_new(LKB_GZIP, UINT64_MAX, count, &n);

	pack(&m, UINT64_MAX, &packed);
	MUST(lkb_inflate_feed(z, packed.s, packed.len, err));
	MUST(lkb_inflate_end(z, err));
	assert_int_equal(n, 4 * LKB_GIB + 12);
}

static void how_it_is_cut_does_not_matter(void **state)
{
	static const uint64_t cuts[] = {4096, 99999, ZEROS_UNIT};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(mixes); i++)
		for (size_t c = 0; c < LKB_ARRAY_SIZE(cuts); c++) {
			lkb_autostr whole = {0}, cut = {0};

			pack(&mixes[i], UINT64_MAX, &whole);
			pack(&mixes[i], cuts[c], &cut);
			assert_int_equal(whole.len, cut.len);
			assert_memory_equal(whole.s, cut.s, cut.len);
		}
}

static void zeros_take_a_thousandth(void **state)
{
	lkb_autostr packed = {0};

	pack(&(struct mix){{1024 * ZEROS_UNIT}}, UINT64_MAX, &packed);
	assert_in_range(packed.len, LKB_MIB / 2, LKB_MIB + 64 * LKB_KIB);
}

static void gzip_reads_it_as_one_member(void **state)
{
	const char *path = in_scratch("x.gz");
	lkb_autostr packed = {0}, list = {0};

	NEED("gzip");
	pack(&mixes[6], UINT64_MAX, &packed);
	MUST(lkb_write_file(path, packed.s, packed.len, 0644, err));
	JUDGE(NULL, "gzip", "-t", path);
	/* The length that stands at the end is that of all. */
	JUDGE(&list, "gzip", "-l", path);
	assert_non_null(strstr(list.s, " 11400955 "));
}

static int refuse(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	return lkb_fail(err, LKB_IO, "no room");
}

static void a_sink_that_fails_stops_it(void **state)
{
	lkb_auto(lkb_gzip) z = lkb_gzip_new(3, refuse, NULL);
	struct lkb_error e = {0};

	lkb_gzip_zeros(z, 1024 * ZEROS_UNIT);
	assert_int_equal(lkb_gzip_end(z, &e), -1);
	assert_string_equal(e.message, "no room");
}

static void a_buffer_as_a_zlib_stream(void **state)
{
	lkb_autofree uint8_t *p = some_bytes(65536);
	size_t room = lkb_zlib_bound(65536), n;
	lkb_autofree uint8_t *out = lkb_alloc(room);

	n = lkb_zlib_pack(3, p, 65536, out, room);
	assert_in_range(n, 1, room);
	assert_int_equal((out[0] << 8 | out[1]) % 31, 0); /* RFC 1950's check of its header */
	assert_int_equal(out[0], 0x78);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_read_back),
		cmocka_unit_test(more_than_4_gib_are_read_back),
		cmocka_unit_test(how_it_is_cut_does_not_matter),
		cmocka_unit_test(zeros_take_a_thousandth),
		cmocka_unit_test(gzip_reads_it_as_one_member),
		cmocka_unit_test(a_sink_that_fails_stops_it),
		cmocka_unit_test(a_buffer_as_a_zlib_stream),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
