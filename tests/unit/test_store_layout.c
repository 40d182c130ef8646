/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts that others made wrong: nothing of them comes into the store. */
#include "test_store_kit.h"

#define APP "localhost/app:1"

/* Whatever is imported into the kit's store must fail, and leave the store as it was: readable,
 * without the image, without temporaries. */
static void import_fails(struct kit *k, enum lkb_error_kind kind, const char *message)
{
	lkb_autostrv names = {0};
	lkb_autostr there = {0};
	struct lkb_error fault = {0};

	if (!lkb_store_import(k->store, k->layout_dir, APP, NULL, &names, &fault))
		fail_msg("the import succeeded");
	assert_string_equal(fault.message, message);
	assert_int_equal(fault.kind, kind);
	assert_int_equal(names.n, 0);
	no_leftovers(k);
	list_names(k->store, &there);
	assert_string_equal(lkb_str_get(&there), "");
}

/* Layers in a layout */

static void a_layer_with_another_digest(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *path = NULL, *got = NULL, *want = NULL, *stored = NULL;
	autoparts p = {0};

	make_layer(k, &p, LKB_GZIP);
	make_rest(k, &p);
	path = blob_path(k->layout_dir, p.layer.hex);
	damage(path, 40);
	got = digest_of(path);
	want = lkb_format("image '" APP "': manifest 'sha256:%s': layer 1: blob 'sha256:%s' holds "
			  "something else: its digest is 'sha256:%s'", p.manifest.hex, p.layer.hex,
			  got);
	import_fails(k, LKB_TRUST, want);
	stored = blob_path(k->store_dir, p.layer.hex);
	assert_int_equal(access(stored, F_OK), -1);
}

static void a_layer_of_another_size(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *want = NULL;
	autoparts p = {0};

	make_layer(k, &p, LKB_GZIP);
	p.layer.size++;
	make_rest(k, &p);
	want = lkb_format("image '" APP "': manifest 'sha256:%s': layer 1: blob 'sha256:%s' has "
			  "%zu bytes, not %zu as what refers to it says", p.manifest.hex,
			  p.layer.hex, p.layer.size - 1, p.layer.size);
	import_fails(k, LKB_TRUST, want);
}

static void a_layer_that_is_not_there(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *path = NULL, *want = NULL;
	autoparts p = {0};

	make_layer(k, &p, LKB_GZIP);
	make_rest(k, &p);
	path = blob_path(k->layout_dir, p.layer.hex);
	assert_int_equal(unlink(path), 0);
	want = lkb_format("image '" APP "': manifest 'sha256:%s': layer 1: blob 'sha256:%s' is not "
			  "in '%s'", p.manifest.hex, p.layer.hex, k->layout_dir);
	import_fails(k, LKB_INPUT, want);
}

static void a_layer_that_is_a_fifo(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *path = NULL, *want = NULL;
	autoparts p = {0};

	make_layer(k, &p, LKB_GZIP);
	make_rest(k, &p);
	path = blob_path(k->layout_dir, p.layer.hex);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0644), 0);
	want = lkb_format("image '" APP "': manifest 'sha256:%s': layer 1: '%s' is a pipe, not a "
			  "regular file", p.manifest.hex, path);
	import_fails(k, LKB_INPUT, want);
}

/* Documents in a layout */

static void a_manifest_with_another_digest(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *path = NULL, *got = NULL, *want = NULL;
	struct blob manifest = layout_simple(k, "v1", "arm64", "hello");

	path = blob_path(k->layout_dir, manifest.hex);
	damage(path, 20);
	got = digest_of(path);
	want = lkb_format("image '" APP "': blob 'sha256:%s' holds something else: its digest is "
			  "'sha256:%s'", manifest.hex, got);
	import_fails(k, LKB_TRUST, want);
}

static void a_manifest_beyond_all_bounds(void **state)
{
	struct kit *k = *state;
	struct blob huge = { .size = 5000000 };
	lkb_autofree char *entry = NULL, *want = NULL;

	layout_begin(k);
	memset(huge.hex, 'a', 64);
	entry = desc(MANIFEST, &huge, "");
	layout_index(k, entry);
	want = lkb_format("image '" APP "': document 'sha256:%s' is 5000000 bytes large, more than "
			  "the 4194304 that are read", huge.hex);
	import_fails(k, LKB_INPUT, want);
}

static void an_ambiguous_manifest(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *config = NULL, *layer = NULL, *text = NULL, *entry = NULL, *want = NULL;
	struct blob both;
	autoparts p = {0};

	make_layer(k, &p, LKB_GZIP);
	make_rest(k, &p);
	config = desc(CONFIG, &p.config, "");
	layer = desc(TAR "+gzip", &p.layer, "");
	text = lkb_format("{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s],\"manifests\":[]}",
			  config, layer);
	both = layout_text(k, text);
	entry = desc(MANIFEST, &both, "");
	layout_index(k, entry);
	want = lkb_format("image '" APP "': document 'sha256:%s': the document is an index and a "
			  "manifest at once, which is a way to deceive (CVE-2021-41190)", both.hex);
	import_fails(k, LKB_INPUT, want);
}

static void a_manifest_of_schema_1(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *entry = NULL, *want = NULL;
	struct blob old;

	layout_begin(k);
	old = layout_text(k, "{\"schemaVersion\":1,\"fsLayers\":[]}");
	entry = desc(DOCKER("distribution.manifest.v1+prettyjws"), &old, "");
	layout_index(k, entry);
	want = lkb_format("image '" APP "': sha256:%s: Docker's manifest schema 1 is not supported",
			  old.hex);
	import_fails(k, LKB_INPUT, want);
}

static void a_path_for_a_digest(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *want = lkb_format("%s/index.json: 'manifests[0].digest' is no digest: "
					     "'sha256:../../../etc/passwd'", k->layout_dir);

	layout_begin(k);
	layout_index(k, "{\"mediaType\":\"" MANIFEST "\",\"size\":1,"
		     "\"digest\":\"sha256:../../../etc/passwd\"}");
	import_fails(k, LKB_INPUT, want);
}

static void a_digest_nobody_can_verify(void **state)
{
	struct kit *k = *state;

	layout_begin(k);
	layout_index(k, "{\"mediaType\":\"" MANIFEST "\",\"size\":1,\"digest\":\"blake3:abcd\"}");
	import_fails(k, LKB_TRUST, "image '" APP "': cannot verify 'blake3:abcd': SHA-256 is the "
		     "only digest that is supported");
}

static void more_layers_than_diff_ids(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *entry = NULL, *want = NULL;
	autoparts p = {0};

	make_layer(k, &p, LKB_GZIP);
	p.config = layout_config(k, "arm64", &p.diff_id, 0);
	p.manifest = layout_manifest(k, &p.config, TAR "+gzip", &p.layer, 1);
	entry = desc(MANIFEST, &p.manifest, "");
	layout_index(k, entry);
	want = lkb_format("image '" APP "': manifest 'sha256:%s': the manifest has 1 layers, the "
			  "config 0 diff_ids", p.manifest.hex);
	import_fails(k, LKB_INPUT, want);
}

static void indexes_nested_too_deep(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *entry = NULL;
	struct blob b;

	layout_begin(k);
	b = layout_image(k, "arm64", "deep");
	entry = desc(MANIFEST, &b, "");
	for (int i = 0; i < 10; i++) {
		lkb_autofree char *inner = entry;
		lkb_autofree char *text = lkb_format("{\"schemaVersion\":2,\"manifests\":[%s]}",
						     inner);

		b = layout_text(k, text);
		entry = desc(INDEX, &b, "");
	}
	layout_index(k, entry);
	import_fails(k, LKB_INPUT, "image '" APP "': indexes are nested more than 8 deep");
}

/* Sixteen entries, seven levels: sixteen to the seventh ways to the same manifest. */
static void indexes_that_multiply(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *entry = NULL;
	struct blob b;

	layout_begin(k);
	b = layout_image(k, "arm64", "wide");
	entry = desc(MANIFEST, &b, "");
	for (int level = 0; level < 7; level++) {
		lkb_autofree char *inner = entry;
		lkb_autostr text = {0};

		lkb_str_addf(&text, "{\"schemaVersion\":2,\"manifests\":[%s", inner);
		for (int i = 1; i < 16; i++)
			lkb_str_addf(&text, ",%s", inner);
		lkb_str_add(&text, "]}");
		b = layout_text(k, text.s);
		entry = desc(INDEX, &b, "");
	}
	layout_index(k, entry);
	import_fails(k, LKB_INPUT, "image '" APP "': the layout leads to more than 4096 entries");
}

/* Two thousand times the same large index: nobody reads all of it. */
static void a_large_index_named_many_times(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *note = lkb_alloc(100001);
	lkb_autofree char *inner = NULL, *large = NULL, *entry = NULL, *top = NULL;
	lkb_autostr text = {0};
	struct blob b;

	layout_begin(k);
	memset(note, 'n', 100000);
	large = lkb_format("{\"schemaVersion\":2,\"manifests\":[],\"note\":\"%s\"}", note);
	b = layout_text(k, large);
	inner = desc(INDEX, &b, "");
	for (int i = 0; i < 2000; i++)
		lkb_str_addf(&text, "%s%s", i ? "," : "", inner);
	top = lkb_format("{\"schemaVersion\":2,\"manifests\":[%s]}", text.s);
	b = layout_text(k, top);
	entry = desc(INDEX, &b, "");
	layout_index(k, entry);
	import_fails(k, LKB_INPUT, "image '" APP "': the layout leads to more than 67108864 bytes "
		     "of documents");
}

static void a_directory_that_is_no_layout(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *want = lkb_format("'%s' is no OCI layout: it has no file 'oci-layout'",
					     k->layout_dir);
	lkb_autofree char *gone = lkb_format("cannot open '%s': No such file or directory",
					     k->layout_dir);
	lkb_autofree char *archive = lkb_format("'%s' is no archive of images: it is no tar",
						k->layout_dir);
	lkb_autofree char *frame = lkb_format("%s/oci-layout", k->layout_dir);
	lkb_autofree char *newer = lkb_format("%s: 'imageLayoutVersion' is '2.0.0', not 1.x",
					      frame);

	import_fails(k, LKB_IO, gone);
	OK(lkb_write_file(k->layout_dir, "x", 1, 0644, err));
	import_fails(k, LKB_INPUT, archive);
	assert_int_equal(unlink(k->layout_dir), 0);
	OK(lkb_mkdir_p(k->layout_dir, err));
	import_fails(k, LKB_INPUT, want);
	layout_begin(k);
	OK(lkb_write_file(frame, "{\"imageLayoutVersion\":\"2.0.0\"}", 30, 0644, err));
	import_fails(k, LKB_INPUT, newer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
		T(a_layer_with_another_digest),
		T(a_layer_of_another_size),
		T(a_layer_that_is_not_there),
		T(a_layer_that_is_a_fifo),
		T(a_manifest_with_another_digest),
		T(a_manifest_beyond_all_bounds),
		T(an_ambiguous_manifest),
		T(a_manifest_of_schema_1),
		T(a_path_for_a_digest),
		T(a_digest_nobody_can_verify),
		T(more_layers_than_diff_ids),
		T(indexes_nested_too_deep),
		T(indexes_that_multiply),
		T(a_large_index_named_many_times),
		T(a_directory_that_is_no_layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
