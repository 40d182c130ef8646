/* SPDX-License-Identifier: Apache-2.0 */
/* Archives with very many names and images: what is too much is refused, what is not takes no time
 * to speak of. */
#include <sys/resource.h>

#include "test_archive_kit.h"

#define SECONDS 10 /* of the processor; what must not be takes minutes */

static time_t processor_seconds(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return use.ru_utime.tv_sec + use.ru_stime.tv_sec;
}

/* ["localhost/PREFIX:0",...] */
static char *tags(const char *prefix, int n)
{
	lkb_autostr s = {0};

	for (int i = 0; i < n; i++)
		lkb_str_addf(&s, "%s\"localhost/%s:%d\"", i ? "," : "[", prefix, i);
	lkb_str_addc(&s, ']');
	return lkb_str_take(&s);
}

static void write_tags(struct kit *k, int n)
{
	lkb_autofree char *list = tags("i", n);
	lkb_autostr tar = {0};
	autoimage p = {0};

	image_make(&p, "arm64", "hello", LKB_PLAIN);
	docker_archive(&tar, &p, list);
	write_archive(k, &tar);
}

/* What a store could not read again does not come in. */
static void more_names_than_a_store_holds(void **state)
{
	struct kit *k = *state;
	struct lkb_import in = { .path = k->layout_dir };
	struct lkb_imported_list list = {0};
	struct lkb_error fault = {0};
	lkb_autostr names = {0};
	time_t start = processor_seconds();

	put(k->store, APP, &arm64, "before");
	write_tags(k, 4096);
	assert_int_equal(lkb_import(k->store, &in, &list, &fault), -1);
	assert_says(k, &fault, LKB_INPUT, "the store would have more than 4096 names");
	assert_string_equal(fault.hint, "choose fewer images by name, or another store with "
					"--store");
	no_leftovers(k);
	list_names(k->store, &names);
	assert_string_equal(names.s, APP " linux/arm64\n");
	write_tags(k, 4095);
	OK(lkb_import(k->store, &in, &list, err));
	assert_int_equal(list.n, 4095);
	lkb_imported_clear(&list);
	EXPECT_GREETING(k->store, "localhost/i:4094", &arm64, "hello");
	EXPECT_GREETING(k->store, APP, &arm64, "before");
	assert_in_range(processor_seconds() - start, 0, SECONDS);
}

static void more_tags_than_are_read(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *list = tags("i", 2049), *item = NULL, *both = NULL;
	lkb_autostr tar = {0};
	autoimage p = {0};

	image_make(&p, "arm64", "hello", LKB_PLAIN);
	docker_parts(&tar, &p);
	item = docker_item(&p, list, NULL);
	both = lkb_format("%s,%s", item, item);
	docker_manifest(&tar, both);
	write_archive(k, &tar);
	EXPECT_FAIL(k, NULL, LKB_INPUT, "FILE: manifest.json: it has more than the 4096 tags that "
		    "are read");
}

static void thousands_of_tags_beside_an_index(void **state)
{
	struct kit *k = *state;
	struct lkb_import in = { .path = k->layout_dir };
	struct lkb_imported_list list = {0};
	lkb_autofree char *both = tags("i", 4096), *item = NULL;
	lkb_autostr tar = {0}, entries = {0};
	time_t start = processor_seconds();
	autoimage p = {0};
	struct blob m;

	image_make(&p, "arm64", "hello", LKB_PLAIN);
	oci_parts(&tar, &p, TAR, &m);
	for (int i = 0; i < 4096; i++) {
		lkb_autofree char *name = lkb_format("localhost/i:%d", i), *note = named(name);
		lkb_autofree char *entry = desc(MANIFEST, &m, note);

		lkb_str_addf(&entries, "%s%s", i ? "," : "", entry);
	}
	oci_index(&tar, entries.s);
	docker_parts(&tar, &p);
	item = docker_item(&p, both, NULL);
	docker_manifest(&tar, item);
	write_archive(k, &tar);
	OK(lkb_import(k->store, &in, &list, err));
	assert_int_equal(list.n, 4096);
	lkb_imported_clear(&list);
	assert_in_range(processor_seconds() - start, 0, SECONDS);
}

/* A config with `n` times the same layer; different ones for different numbers. */
static char *config_of(const struct lkb_sha256 *diff_id, int n, int number)
{
	lkb_autostr s = {0};

	lkb_str_addf(&s, "{\"architecture\":\"arm64\",\"os\":\"linux\",\"author\":\"%d\","
		     "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[", number);
	for (int i = 0; i < n; i++)
		lkb_str_addf(&s, "%s\"sha256:%s\"", i ? "," : "", lkb_sha256_text(diff_id).s);
	lkb_str_add(&s, "]}}");
	return lkb_str_take(&s);
}

/* 8192 references to a layer of 16 MiB: it is unpacked once. */
static void one_layer_of_many_images(void **state)
{
	enum { IMAGES = 64, LAYERS = 128, SIZE = 16 << 20 };
	struct kit *k = *state;
	lkb_autofree char *zeros = lkb_alloc(SIZE);
	lkb_autostr tar = {0}, plain = {0}, gzip = {0}, items = {0};
	time_t start = processor_seconds();
	struct lkb_import in = { .path = k->layout_dir };
	struct lkb_imported_list list = {0};
	struct lkb_sha256 diff_id;

	tar_file(&plain, "zeros", zeros, SIZE);
	pack(LKB_GZIP, &plain, &gzip);
	diff_id = lkb_sha256(plain.s, plain.len);
	tar_file(&tar, "layer", gzip.s, gzip.len);
	for (int i = 0; i < IMAGES; i++) {
		lkb_autofree char *config = config_of(&diff_id, LAYERS, i);
		lkb_autofree char *name = lkb_format("c%d", i);

		tar_text(&tar, name, config);
		lkb_str_addf(&items, "%s{\"Config\":\"%s\",\"RepoTags\":[\"localhost/i:%d\"],"
			     "\"Layers\":[", i ? "," : "", name, i);
		for (int j = 0; j < LAYERS; j++)
			lkb_str_add(&items, j ? ",\"layer\"" : "\"layer\"");
		lkb_str_add(&items, "]}");
	}
	docker_manifest(&tar, items.s);
	write_archive(k, &tar);
	OK(lkb_import(k->store, &in, &list, err));
	assert_int_equal(list.n, IMAGES);
	lkb_imported_clear(&list);
	assert_in_range(processor_seconds() - start, 0, SECONDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
		T(more_names_than_a_store_holds),
		T(more_tags_than_are_read),
		T(thousands_of_tags_beside_an_index),
		T(one_layer_of_many_images),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
