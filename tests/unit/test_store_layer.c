/* SPDX-License-Identifier: Apache-2.0 */
/* Layers that are refused when they are unpacked: nothing of them is used. */
#include "test_store_kit.h"

#define APP "localhost/app:1"

/* Layers that come into the store and turn out wrong when they are unpacked */

/* Imports what the parts make, and unpacks it. */
static struct lkb_error unpacking_fails(struct kit *k, struct parts *p)
{
	lkb_autofree char *derived = lkb_format("%s/derived", k->store_dir);
	lkb_auto(lkb_image) im = NULL;
	struct lkb_tree *t = NULL;
	lkb_autostrv names = {0};
	struct lkb_error fault = {0};

	make_rest(k, p);
	OK(lkb_store_import(k->store, k->layout_dir, APP, NULL, &names, err));
	im = resolve(k->store, APP, &arm64);
	if (!lkb_store_image_tree(k->store, im, NULL, &t, &fault))
		fail_msg("it was unpacked");
	assert_null(t);
	no_leftovers(k);
	assert_int_equal(count_files(derived), 0);
	return fault;
}

static void expect_layer_fault(struct kit *k, struct parts *p, enum lkb_error_kind kind,
			       const char *what)
{
	struct lkb_error fault = unpacking_fails(k, p);
	lkb_autofree char *want = lkb_format("image '" APP "': layer 'sha256:%s': %s", p->layer.hex,
					     what);

	assert_string_equal(fault.message, want);
	assert_int_equal(fault.kind, kind);
}

static void another_diff_id(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *want = NULL;
	autoparts p = {0};
	struct lkb_sha256 right;

	make_layer(k, &p, LKB_GZIP);
	right = p.diff_id;
	p.diff_id = lkb_sha256("x", 1);
	want = lkb_format("it unpacks to 'sha256:%s', the image's config says 'sha256:%s'",
			  lkb_sha256_text(&right).s, lkb_sha256_text(&p.diff_id).s);
	expect_layer_fault(k, &p, LKB_TRUST, want);
}

/* The archive's end is not the end of what is hashed. */
static void bytes_behind_the_archive_count(void **state)
{
	struct kit *k = *state;
	autoparts p = {0};
	lkb_autostr longer = {0}, packed = {0};
	struct lkb_error fault;

	make_layer(k, &p, LKB_GZIP);
	lkb_str_addn(&longer, p.tar.s, p.tar.len);
	lkb_str_add(&longer, "hidden");
	pack(LKB_GZIP, &longer, &packed);
	p.layer = layout_blob(k, packed.s, packed.len);
	fault = unpacking_fails(k, &p);
	assert_int_equal(fault.kind, LKB_TRUST);
	assert_non_null(strstr(fault.message, "': it unpacks to 'sha256:"));
}

static void a_stream_that_ends_early(void **state)
{
	static const enum lkb_compression formats[] = { LKB_GZIP, LKB_ZSTD };

	for (size_t i = 0; i < LKB_ARRAY_SIZE(formats); i++) {
		struct lkb_error fault;
		autoparts p = {0};

		make_layer(*state, &p, formats[i]);
		p.layer = layout_blob(*state, p.packed.s, p.packed.len - 9);
		fault = unpacking_fails(*state, &p);
		assert_int_equal(fault.kind, LKB_INPUT);
		assert_non_null(strstr(fault.message, i ? "zstd" : "gzip"));
	}
}

static void garbage_behind_a_stream(void **state)
{
	struct kit *k = *state;
	struct lkb_error fault;
	autoparts p = {0};

	make_layer(k, &p, LKB_GZIP);
	lkb_str_add(&p.packed, "garbage behind the stream");
	p.layer = layout_blob(k, p.packed.s, p.packed.len);
	fault = unpacking_fails(k, &p);
	assert_int_equal(fault.kind, LKB_INPUT);
}

static void a_bomb(void **state)
{
	struct kit *k = *state;
	lkb_autostr zeros = {0}, packed = {0};
	struct lkb_error fault;
	autoparts p = {0};
	static const char block[1 << 20];

	make_layer(k, &p, LKB_GZIP);
	for (int i = 0; i < 9; i++)
		lkb_str_addn(&zeros, block, sizeof(block));
	pack(LKB_ZSTD, &zeros, &packed);
	p.layer = layout_blob(k, packed.s, packed.len);
	p.diff_id = lkb_sha256(zeros.s, zeros.len);
	lkb_store_limit_layers(k->store, 8 << 20);
	fault = unpacking_fails(k, &p);
	assert_int_equal(fault.kind, LKB_INPUT);
	assert_non_null(strstr(fault.message, "8388608"));
	assert_memory_equal(fault.hint, "a layer may unpack to 8.0 MiB, ", 31);
}

static void a_layer_that_is_no_tar(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *text = lkb_strdup("this is no archive, however long it may be");
	lkb_auto(lkb_image) im = NULL;
	lkb_autostrv names = {0};
	struct lkb_error fault = {0};
	struct lkb_tree *t = NULL;
	autoparts p = {0};

	layout_begin(k);
	p.layer = layout_text(k, text);
	p.diff_id = p.layer.digest;
	make_rest(k, &p);
	OK(lkb_store_import(k->store, k->layout_dir, APP, NULL, &names, err));
	im = resolve(k->store, APP, &arm64);
	assert_int_equal(lkb_store_image_tree(k->store, im, NULL, &t, &fault), -1);
	assert_int_equal(fault.kind, LKB_INPUT);
	assert_memory_equal(fault.message, "image '" APP "': ", 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
		T(another_diff_id),
		T(bytes_behind_the_archive_count),
		T(a_stream_that_ends_early),
		T(garbage_behind_a_stream),
		T(a_bomb),
		T(a_layer_that_is_no_tar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
