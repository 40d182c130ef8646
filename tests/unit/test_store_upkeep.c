/* SPDX-License-Identifier: Apache-2.0 */
/* What keeps the store small and right, piece by piece; tests/cli/store.sh has the whole. */
#include "test_store_kit.h"

#include "rootfs/oci/upkeep_priv.h"

/* Sets of digests */

static struct lkb_sha256 numbered(unsigned n)
{
	return lkb_sha256(&n, sizeof(n));
}

static void a_set_has_what_was_added_once(void **state)
{
	struct lkb_digest_set set = {0};

	for (unsigned i = 0; i < 500; i++) {
		struct lkb_sha256 d = numbered(i % 250);

		assert_int_equal(lkb_digest_set_add(&set, &d), i < 250);
	}
	assert_int_equal(set.n, 250);
	for (unsigned i = 0; i < 500; i++) {
		struct lkb_sha256 d = numbered(i);

		assert_int_equal(lkb_digest_set_has(&set, &d), i < 250);
	}
	for (size_t i = 1; i < set.n; i++)
		assert_true(memcmp(set.items[i - 1].b, set.items[i].b, LKB_SHA256_SIZE) < 0);
	lkb_digest_set_clear(&set);
}

/* Names that speak about images */

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void names_of_signatures(void **state)
{
	static const struct {
		const char *ref;
		bool is_one;
	} table[] = {
		{ "localhost/app:sha256-" HEX, true },
		{ "localhost/app:sha256-" HEX ".sig", true },
		{ "ghcr.io/a/b:sha256-" HEX ".sig", true },
		{ "localhost/app:sha256-" HEX ".att", true },
		{ "localhost/app:sha256-" HEX ".sbom", false },
		{ "localhost/app:sha256-" HEX "0", false },
		{ "localhost/app:sha256-0123", false },
		{ "localhost/app:sha512-" HEX, false },
		{ "localhost/app:1", false },
		{ "localhost/app@sha256:" HEX, false },
	};
	struct lkb_sha256 want, got;

	assert_true(lkb_sha256_parse(HEX, &want));
	for (size_t i = 0; i < LKB_ARRAY_SIZE(table); i++) {
		assert_int_equal(lkb_layout_is_companion(table[i].ref, &got), table[i].is_one);
		assert_true(!table[i].is_one || lkb_sha256_equal(&want, &got));
	}
}

/* What a manifest is */

static void what_is_no_image_says_so(void **state)
{
#define DIGEST "\"digest\":\"sha256:" HEX "\",\"size\":2}"
#define D(type) "{\"mediaType\":\"" type "\"," DIGEST
#define COSIGN "application/vnd.dev.cosign.simplesigning.v1+json"
#define EMPTY "application/vnd.oci.empty.v1+json"
	static const struct {
		const char *config, *layers, *more, *type;
	} table[] = {
		{ D(CONFIG), D(TAR), "", NULL },
		{ D(CONFIG), "", "", NULL },
		{ D(CONFIG), D(COSIGN), "", COSIGN },
		{ D(CONFIG), D(TAR), ",\"artifactType\":\"x/y\"", "x/y" },
		{ D(CONFIG), D(TAR), ",\"artifactType\":\"\"", NULL },
		{ D("a/config"), D("a/layer"), "", "a/config" },
		{ D(EMPTY), D("a/layer"), "", "a/layer" },
		{ D(EMPTY), D("a/layer"), ",\"artifactType\":\"x/y\"", "x/y" },
		{ D(EMPTY), "", "", EMPTY },
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(table); i++) {
		lkb_autofree char *text = lkb_format(
			"{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]%s}", table[i].config,
			table[i].layers, table[i].more);
		lkb_autoarena arena = {0};
		struct lkb_oci_doc doc;
		const char *type;

		OK(lkb_oci_doc_parse(text, strlen(text), "x", MANIFEST, &arena, &doc, err));
		type = lkb_oci_artifact_type(&doc.manifest);
		assert_int_equal(!type, !table[i].type);
		if (type)
			assert_string_equal(type, table[i].type);
	}
}

/* Derived data */

struct maker {
	size_t made;
	size_t bytes;
	char fill;
};

static int make(void *ctx, lkb_sink_fn *sink, void *sink_ctx, struct lkb_error *err)
{
	struct maker *m = ctx;

	m->made++;
	for (size_t i = 0; i < m->bytes; i++)
		if (sink(sink_ctx, &m->fill, 1, err))
			return -1;
	return 0;
}

static void derive(struct lkb_store *s, unsigned key, struct maker *m)
{
	struct lkb_derived d = { .key = numbered(key), .make = make, .ctx = m };
	lkb_autodata data = {0};
	lkb_autofree char *text = NULL;
	size_t n;

	OK(lkb_store_derive(s, &d, &data, err));
	OK(lkb_data_read_all(&data, 1 << 20, &text, &n, err));
	assert_int_equal(n, m->bytes);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(text[i], m->fill);
}

static char *segment(const struct kit *k, unsigned key, const char *suffix)
{
	struct lkb_sha256 d = numbered(key);

	return lkb_format("%s/derived/segment-v1/%s.%s", k->store_dir, lkb_sha256_text(&d).s,
			  suffix);
}

static void made_once(void **state)
{
	struct kit *k = *state;
	struct maker m = { .bytes = 1000, .fill = 'a' };

	derive(k->store, 1, &m);
	derive(k->store, 1, &m);
	assert_int_equal(m.made, 1);
	derive(k->store, 2, &m);
	assert_int_equal(m.made, 2);
}

static void damaged_ones_are_made_again(void **state)
{
	struct kit *k = *state;
	struct maker m = { .bytes = 1000, .fill = 'a' };
	lkb_autofree char *path = segment(k, 1, "zst");
	lkb_autofree char *record = segment(k, 1, "ok");

	derive(k->store, 1, &m);
	damage(path, 500);
	derive(k->store, 1, &m);
	assert_int_equal(m.made, 2);
	assert_int_equal(truncate(path, 10), 0);
	derive(k->store, 1, &m);
	assert_int_equal(m.made, 3);
	assert_int_equal(unlink(record), 0);
	derive(k->store, 1, &m);
	assert_int_equal(m.made, 4);
	OK(lkb_write_file(record, "nonsense", 8, 0644, err));
	derive(k->store, 1, &m);
	assert_int_equal(m.made, 5);
}

/* A copied store has other times, and the same contents. */
static void other_times_are_no_damage(void **state)
{
	struct kit *k = *state;
	struct maker m = { .bytes = 1000, .fill = 'a' };
	lkb_autofree char *path = segment(k, 1, "zst");
	struct timespec times[2] = { { .tv_sec = 5 }, { .tv_sec = 5 } };

	derive(k->store, 1, &m);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	derive(k->store, 1, &m);
	assert_int_equal(m.made, 1);
}

static void set_used(const struct kit *k, unsigned key, time_t when)
{
	lkb_autofree char *record = segment(k, key, "ok");
	struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };

	assert_int_equal(utimensat(AT_FDCWD, record, times, 0), 0);
}

static void what_was_not_used_for_longest_goes_first(void **state)
{
	struct kit *k = *state;
	struct maker m = { .bytes = 1000, .fill = 'a' };

	lkb_store_limit_derived(k->store, 3500);
	for (unsigned i = 1; i <= 3; i++) {
		derive(k->store, i, &m);
		set_used(k, i, 1000 + i);
	}
	derive(k->store, 1, &m); /* used now */
	derive(k->store, 4, &m); /* 2 has to go */
	assert_int_equal(m.made, 4);
	derive(k->store, 1, &m);
	derive(k->store, 3, &m);
	derive(k->store, 4, &m);
	assert_int_equal(m.made, 4);
	derive(k->store, 2, &m);
	assert_int_equal(m.made, 5);
}

/* What is larger than all there is room for is used all the same. */
static void too_large_to_keep(void **state)
{
	struct kit *k = *state;
	struct maker m = { .bytes = 1000, .fill = 'a' };
	lkb_autofree char *path = segment(k, 1, "zst");

	lkb_store_limit_derived(k->store, 10);
	derive(k->store, 1, &m);
	assert_int_equal(access(path, F_OK), -1);
	derive(k->store, 1, &m);
	assert_int_equal(m.made, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
		cmocka_unit_test(a_set_has_what_was_added_once),
		cmocka_unit_test(names_of_signatures),
		cmocka_unit_test(what_is_no_image_says_so),
		T(made_once),
		T(damaged_ones_are_made_again),
		T(other_times_are_no_damage),
		T(what_was_not_used_for_longest_goes_first),
		T(too_large_to_keep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
