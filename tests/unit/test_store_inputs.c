/* SPDX-License-Identifier: Apache-2.0 */
/* Images that are used from an archive or layout without coming into the store. */
#include "test_archive_kit.h"

static void write_docker(struct kit *k, const char *greeting, const char *arch,
			 enum lkb_compression c)
{
	lkb_autostr tar = {0};
	autoimage p = {0};

	image_make(&p, arch, greeting, c);
	docker_archive(&tar, &p, "[\"" APP "\"]");
	write_archive(k, &tar);
}

static void add(struct kit *k)
{
	OK(lkb_store_add_input(k->store, k->layout_dir, NULL, err));
}

static void an_archive_is_read_in_place(void **state)
{
	struct kit *k = *state;
	size_t files = count_files(k->store_dir);
	lkb_auto(lkb_image) im = NULL;
	lkb_autostr names = {0};

	write_docker(k, "hello", "arm64", LKB_PLAIN);
	add(k);
	EXPECT_GREETING(k->store, APP, &arm64, "hello");
	im = resolve(k->store, APP, &arm64);
	assert_string_equal(lkb_image_input(im), k->layout_dir);
	/* nothing was copied or unpacked, and no name was added */
	list_names(k->store, &names);
	assert_string_equal(lkb_str_get(&names), "");
	/* but the store's lock was taken for the first time */
	assert_in_range(count_files(k->store_dir), files, files + 1);
}

static void a_layout_directory_is_read_in_place(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *blobs = lkb_format("%s/blobs", k->store_dir);

	layout_simple(k, APP, "arm64", "hello");
	add(k);
	EXPECT_GREETING(k->store, APP, &arm64, "hello");
	assert_int_equal(count_files(blobs), 0);
}

static void a_compressed_layer_is_derived(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *blobs = lkb_format("%s/blobs", k->store_dir);
	lkb_autofree char *derived = lkb_format("%s/derived", k->store_dir);

	write_docker(k, "hello", "arm64", LKB_GZIP);
	add(k);
	EXPECT_GREETING(k->store, APP, &arm64, "hello");
	assert_int_equal(count_files(blobs), 0);
	assert_int_equal(count_files(derived), 2); /* the tar and its record */
}

static void inputs_come_before_the_store(void **state)
{
	struct kit *k = *state;

	put(k->store, APP, &arm64, "stored");
	put(k->store, APP, &amd64, "stored for others");
	put(k->store, "localhost/other:1", &arm64, "other");
	write_docker(k, "input", "arm64", LKB_PLAIN);
	EXPECT_GREETING(k->store, APP, &arm64, "stored");
	add(k);
	EXPECT_GREETING(k->store, APP, &arm64, "input");
	/* what it lacks, the store has */
	EXPECT_GREETING(k->store, APP, &amd64, "stored for others");
	EXPECT_GREETING(k->store, "localhost/other:1", &arm64, "other");
}

static void the_first_of_two_inputs_wins(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *second = lkb_format("%s/second.tar", k->tmp.path);

	write_docker(k, "second", "arm64", LKB_PLAIN);
	assert_int_equal(rename(k->layout_dir, second), 0);
	write_docker(k, "first", "arm64", LKB_PLAIN);
	add(k);
	OK(lkb_store_add_input(k->store, second, NULL, err));
	EXPECT_GREETING(k->store, APP, &arm64, "first");
}

static void a_platform_that_nobody_has(void **state)
{
	struct kit *k = *state;
	struct lkb_image *im = NULL;
	struct lkb_error err = {0};

	write_docker(k, "hello", "arm64", LKB_PLAIN);
	add(k);
	assert_int_equal(lkb_store_resolve(k->store, APP, &amd64, &im, &err), -1);
	assert_string_equal(err.message, "image '" APP "': nothing in it is for linux/amd64, only "
			    "for linux/arm64");
}

static void an_input_without_names_is_refused(void **state)
{
	struct kit *k = *state;
	struct lkb_error err = {0};
	lkb_autostr tar = {0};
	autoimage p = {0};

	image_make(&p, "arm64", "hello", LKB_PLAIN);
	docker_archive(&tar, &p, "null");
	write_archive(k, &tar);
	assert_int_equal(lkb_store_add_input(k->store, k->layout_dir, NULL, &err), -1);
	assert_says(k, &err, LKB_INPUT, "no image in 'FILE' has a full reference for a name, so no "
		    "spec can mean it");
}

/* Opening looks at documents only; the layer is compared before anything of it is used. */
static void a_damaged_layer_is_found_when_it_is_used(void **state)
{
	struct kit *k = *state;
	const enum lkb_compression ways[] = { LKB_PLAIN, LKB_GZIP };

	for (size_t i = 0; i < LKB_ARRAY_SIZE(ways); i++) {
		lkb_autofree char *name = named(APP), *entry = NULL;
		lkb_auto(lkb_image) im = NULL;
		lkb_auto(lkb_tree) t = NULL;
		lkb_auto(lkb_store) s = NULL;
		struct lkb_error fault = {0};
		lkb_autostr tar = {0};
		autoimage p = {0};
		struct blob m;

		image_make(&p, "arm64", "hello", ways[i]);
		oci_parts(&tar, &p, i ? TAR "+gzip" : TAR, &m);
		entry = desc(MANIFEST, &m, name);
		oci_index(&tar, entry);
		write_archive(k, &tar);
		damage(k->layout_dir, 512 + 30);
		OK(lkb_store_open(k->store_dir, &s, err));
		OK(lkb_store_add_input(s, k->layout_dir, NULL, err));
		im = resolve(s, APP, &arm64);
		assert_int_equal(lkb_store_image_tree(s, im, NULL, &t, &fault), -1);
		assert_int_equal(fault.kind, LKB_TRUST);
		assert_non_null(strstr(fault.message, "holds something else"));
		assert_non_null(strstr(fault.hint, k->layout_dir));
		no_leftovers(k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
		T(an_archive_is_read_in_place),
		T(a_layout_directory_is_read_in_place),
		T(a_compressed_layer_is_derived),
		T(inputs_come_before_the_store),
		T(the_first_of_two_inputs_wins),
		T(a_platform_that_nobody_has),
		T(an_input_without_names_is_refused),
		T(a_damaged_layer_is_found_when_it_is_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
