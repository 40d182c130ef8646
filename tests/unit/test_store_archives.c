/* SPDX-License-Identifier: Apache-2.0 */
/* Archives of images as many tools write them: what comes in, and under which names. */
#include "test_archive_kit.h"

/* OCI */

static void an_oci_archive(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *name = named(APP), *entry = NULL;
	lkb_auto(lkb_image) im = NULL;
	lkb_autostr tar = {0};
	autoimage p = {0};
	struct blob m;

	image_make(&p, "arm64", "hello", LKB_GZIP);
	tar_link(&tar, '5', "./blobs/", "");
	oci_parts(&tar, &p, TAR "+gzip", &m);
	entry = desc(MANIFEST, &m, name);
	oci_index(&tar, entry);
	tar_end(&tar);
	write_archive(k, &tar);
	import_is(k, NULL, NULL, APP " linux/arm64\n");
	EXPECT_GREETING(k->store, APP, &arm64, "hello");
	im = resolve(k->store, APP, &arm64);
	assert_true(lkb_sha256_equal(&im->manifest, &m.digest));
}

static void the_index_may_come_first(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *name = named(APP), *entry = NULL;
	lkb_autostr tar = {0}, blobs = {0};
	autoimage p = {0};
	struct blob m;

	image_make(&p, "arm64", "hello", LKB_PLAIN);
	oci_parts(&blobs, &p, TAR, &m);
	entry = desc(MANIFEST, &m, name);
	oci_index(&tar, entry);
	lkb_str_addn(&tar, blobs.s, blobs.len);
	write_archive(k, &tar); /* without the two empty blocks at the end, too */
	import_is(k, NULL, NULL, APP " linux/arm64\n");
	EXPECT_GREETING(k->store, APP, &arm64, "hello");
}

static void archives_compressed_as_a_whole(void **state)
{
	struct kit *k = *state;
	const enum lkb_compression ways[] = { LKB_GZIP, LKB_ZSTD };
	autoimage p = {0};
	lkb_autostr tar = {0};

	image_make(&p, "arm64", "hello", LKB_PLAIN);
	docker_archive(&tar, &p, "[\"" APP "\"]");
	for (size_t i = 0; i < LKB_ARRAY_SIZE(ways); i++) {
		lkb_autostr packed = {0};

		pack(ways[i], &tar, &packed);
		write_archive(k, &packed);
		import_is(k, NULL, NULL, APP " linux/arm64\n");
		EXPECT_GREETING(k->store, APP, &arm64, "hello");
	}
}

static void both_names_of_an_entry_come_in(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *entry = NULL;
	lkb_autostr tar = {0};
	autoimage p = {0};
	struct blob m;

	image_make(&p, "arm64", "hello", LKB_PLAIN);
	oci_parts(&tar, &p, TAR, &m);
	entry = desc(MANIFEST, &m, ",\"annotations\":{\"org.opencontainers.image.ref.name\":"
		     "\"quay.io/lkb/x:2\",\"io.containerd.image.name\":\"lkb/x:v1\"}");
	oci_index(&tar, entry);
	write_archive(k, &tar);
	import_is(k, NULL, NULL, "docker.io/lkb/x:v1 linux/arm64\nquay.io/lkb/x:2 linux/arm64\n");
}

static void one_name_may_be_several_platforms(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *name = named(APP), *a = NULL, *b = NULL, *both = NULL;
	lkb_autostr tar = {0}, names = {0};
	autoimage p = {0};
	autoimage q = {0};
	struct blob m, n;

	image_make(&p, "arm64", "a", LKB_PLAIN);
	image_make(&q, "amd64", "b", LKB_PLAIN);
	oci_parts(&tar, &p, TAR, &m);
	oci_parts(&tar, &q, TAR, &n);
	a = desc(MANIFEST, &m, name);
	b = desc(MANIFEST, &n, name);
	both = lkb_format("%s,%s", a, b);
	oci_index(&tar, both);
	write_archive(k, &tar);
	import_is(k, NULL, NULL, APP " linux/arm64\n" APP " linux/amd64\n");
	list_names(k->store, &names);
	assert_string_equal(names.s, APP " linux/amd64\n" APP " linux/arm64\n");
}

static void one_name_may_not_be_two_images(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *name = named(APP), *a = NULL, *b = NULL, *both = NULL, *want = NULL;
	lkb_autostr tar = {0};
	autoimage p = {0};
	autoimage q = {0};
	struct blob m, n;

	image_make(&p, "arm64", "a", LKB_PLAIN);
	image_make(&q, "arm64", "b", LKB_PLAIN);
	oci_parts(&tar, &p, TAR, &m);
	oci_parts(&tar, &q, TAR, &n);
	a = desc(MANIFEST, &m, name);
	b = desc(MANIFEST, &n, name);
	both = lkb_format("%s,%s", a, b);
	oci_index(&tar, both);
	write_archive(k, &tar);
	want = lkb_format("'FILE' holds two images '" APP "': 'sha256:%s' and 'sha256:%s'", m.hex,
			  n.hex);
	EXPECT_FAIL(k, NULL, LKB_INPUT, want);
}

/* Docker */

static void a_docker_archive(void **state)
{
	struct kit *k = *state;
	lkb_auto(lkb_image) im = NULL;
	lkb_autostr tar = {0};
	autoimage p = {0};
	struct lkb_sha256 first;

	image_make(&p, "arm64", "hello", LKB_PLAIN);
	docker_archive(&tar, &p, "[\"app:1\",\"quay.io/lkb/app:2\"]");
	write_archive(k, &tar);
	import_is(k, NULL, NULL, "docker.io/library/app:1 linux/arm64\n"
				 "quay.io/lkb/app:2 linux/arm64\n");
	EXPECT_GREETING(k->store, "app:1", &arm64, "hello");
	im = resolve(k->store, "app:1", &arm64);
	/* the config is the same bytes, so its digest, Docker's image ID, is kept */
	assert_memory_equal(lkb_sha256_text(&im->config).s, p.config_name, 64);
	assert_true(lkb_sha256_equal(&im->layers[0].digest, &p.diff_id));
	first = im->manifest;
	/* and the manifest is ours: the same in another archive of the same image */
	tar.len = 0;
	tar_text(&tar, "VERSION", "1.0");
	docker_archive(&tar, &p, "[\"app:3\"]");
	write_archive(k, &tar);
	import_is(k, NULL, NULL, "docker.io/library/app:3 linux/arm64\n");
	lkb_image_free(im);
	im = resolve(k->store, "app:3", &arm64);
	assert_true(lkb_sha256_equal(&im->manifest, &first));
}

static void a_docker_archive_without_names(void **state)
{
	struct kit *k = *state;
	lkb_autostr tar = {0};
	autoimage p = {0};
	struct lkb_error e;

	image_make(&p, "arm64", "hello", LKB_PLAIN);
	docker_archive(&tar, &p, "null");
	write_archive(k, &tar);
	e = import_fails(k, NULL, NULL);
	assert_says(k, &e, LKB_INPUT, "the image in 'FILE' has no full reference for a name: '' "
		    "(linux/arm64)");
	assert_non_null(strstr(e.hint, "give it one: 'lkboard cache import --name "));
	import_is(k, "x/app:7", NULL, "docker.io/x/app:7 linux/arm64\n");
	EXPECT_GREETING(k->store, "x/app:7", &arm64, "hello");
}

static void layers_compressed_in_a_docker_archive(void **state)
{
	struct kit *k = *state;
	const enum lkb_compression ways[] = { LKB_GZIP, LKB_ZSTD };

	for (size_t i = 0; i < LKB_ARRAY_SIZE(ways); i++) {
		lkb_autostr tar = {0};
		autoimage p = {0};

		image_make(&p, "arm64", i ? "zstd" : "gzip", ways[i]);
		docker_archive(&tar, &p, "[\"" APP "\"]");
		write_archive(k, &tar);
		import_is(k, NULL, NULL, APP " linux/arm64\n");
		EXPECT_GREETING(k->store, APP, &arm64, i ? "zstd" : "gzip");
	}
}

/* skopeo, podman and docker each say "<id>/layer.tar" for what stands elsewhere. */
static void layers_that_are_links(void **state)
{
	struct kit *k = *state;

	for (int hard = 0; hard < 2; hard++) {
		lkb_autofree char *item = NULL, *target = NULL;
		lkb_autostr tar = {0};
		autoimage p = {0};

		image_make(&p, "arm64", hard ? "hard" : "soft", LKB_PLAIN);
		item = docker_item(&p, "[\"" APP "\"]", "id2/layer.tar");
		target = lkb_format("%s%s", hard ? "" : "../", p.layer_name);
		docker_manifest(&tar, item);
		tar_link(&tar, hard ? '1' : '2', "id/layer.tar", target);
		tar_link(&tar, '2', "id2/layer.tar", "../id//./layer.tar");
		docker_parts(&tar, &p);
		write_archive(k, &tar);
		import_is(k, NULL, NULL, APP " linux/arm64\n");
		EXPECT_GREETING(k->store, APP, &arm64, hard ? "hard" : "soft");
	}
}

/* kaniko and others name a config "sha256:HEX", bazel as it likes. */
static void configs_have_many_names(void **state)
{
	struct kit *k = *state;
	const char *const before[] = { "sha256:", "b/", "config.json" };

	for (size_t i = 0; i < LKB_ARRAY_SIZE(before); i++) {
		lkb_autofree char *hex = NULL;
		lkb_autostr tar = {0};
		autoimage p = {0};

		image_make(&p, "arm64", "hello", LKB_PLAIN);
		hex = lkb_strndup(p.config_name, 64);
		snprintf(p.config_name, sizeof(p.config_name), "%s%s", before[i],
			 i < 2 ? hex : "");
		docker_archive(&tar, &p, "[\"" APP "\"]");
		write_archive(k, &tar);
		import_is(k, NULL, NULL, APP " linux/arm64\n");
	}
}

static void several_images_in_a_docker_archive(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *a = NULL, *b = NULL, *both = NULL, *digest = NULL;
	lkb_auto(lkb_image) im = NULL;
	lkb_autostr tar = {0};
	autoimage p = {0};
	autoimage q = {0};
	struct lkb_error e;

	image_make(&p, "arm64", "a", LKB_PLAIN);
	image_make(&q, "amd64", "b", LKB_GZIP);
	a = docker_item(&p, "[\"localhost/a:1\",\"localhost/a:2\"]", NULL);
	b = docker_item(&q, "[\"localhost/b:1\"]", NULL);
	both = lkb_format("%s,%s", a, b);
	docker_parts(&tar, &p);
	docker_parts(&tar, &q);
	docker_manifest(&tar, both);
	write_archive(k, &tar);
	e = import_fails(k, "x:1", NULL);
	assert_says(k, &e, LKB_INPUT, "'FILE' holds 2 images, only one can be called 'x:1': "
		    "'localhost/a:1' (linux/arm64), 'localhost/a:2' (linux/arm64), "
		    "'localhost/b:1' (linux/amd64)");
	e = import_fails(k, NULL, "localhost/c:1");
	assert_says(k, &e, LKB_INPUT, "'FILE' holds no image 'localhost/c:1', but: 'localhost/a:1' "
		    "(linux/arm64), 'localhost/a:2' (linux/arm64), 'localhost/b:1' (linux/amd64)");
	import_is(k, NULL, "localhost/a:2", "localhost/a:2 linux/arm64\n");
	im = resolve(k->store, "localhost/a:2", &arm64);
	digest = lkb_format("sha256:%s", lkb_sha256_text(&im->manifest).s);
	/* two tags of one image are one image */
	import_is(k, "localhost/x:1", digest, "localhost/x:1 linux/arm64\n");
	import_is(k, NULL, NULL, "localhost/a:1 linux/arm64\nlocalhost/a:2 linux/arm64\n"
				 "localhost/b:1 linux/amd64\n");
	EXPECT_GREETING(k->store, "localhost/b:1", &amd64, "b");
}

static void what_has_no_name_among_named_ones_is_left(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *a = NULL, *b = NULL, *both = NULL;
	lkb_autostr tar = {0};
	autoimage p = {0};
	autoimage q = {0};

	image_make(&p, "arm64", "a", LKB_PLAIN);
	image_make(&q, "amd64", "b", LKB_PLAIN);
	a = docker_item(&p, "[\"localhost/a:1\"]", NULL);
	b = docker_item(&q, "[\"v1\"]", NULL);
	both = lkb_format("%s,%s", a, b);
	docker_parts(&tar, &p);
	docker_parts(&tar, &q);
	docker_manifest(&tar, both);
	write_archive(k, &tar);
	import_is(k, NULL, NULL, "localhost/a:1 linux/arm64\n");
	import_is(k, "localhost/b:1", "v1", "localhost/b:1 linux/amd64\n");
}

/* Docker since 25: an OCI layout too */

/* Both documents; the index calls the image `oci_name`, the manifest `tags`. */
static struct blob two_in_one(struct kit *k, const char *oci_name, const char *tags)
{
	lkb_autofree char *name = named(oci_name), *entry = NULL, *item = NULL;
	lkb_autostr tar = {0};
	autoimage p = {0};
	struct blob m;

	image_make(&p, "arm64", "hello", LKB_GZIP);
	oci_parts(&tar, &p, TAR "+gzip", &m);
	entry = desc(MANIFEST, &m, name);
	oci_index(&tar, entry);
	item = docker_item(&p, tags, NULL);
	docker_parts(&tar, &p);
	docker_manifest(&tar, item);
	write_archive(k, &tar);
	return m;
}

static void two_in_one_keeps_the_manifest(void **state)
{
	struct kit *k = *state;
	lkb_auto(lkb_image) im = NULL;
	struct blob m = two_in_one(k, APP, "[\"" APP "\"]");

	import_is(k, NULL, NULL, APP " linux/arm64\n");
	im = resolve(k->store, APP, &arm64);
	assert_true(lkb_sha256_equal(&im->manifest, &m.digest));
}

static void two_in_one_loses_no_tag(void **state)
{
	struct kit *k = *state;

	two_in_one(k, "1", "[\"" APP "\",\"localhost/app:2\"]");
	import_is(k, NULL, NULL, APP " linux/arm64\nlocalhost/app:2 linux/arm64\n");
	EXPECT_GREETING(k->store, APP, &arm64, "hello");
}

static void two_in_one_must_agree(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *name = named(APP), *entry = NULL, *item = NULL;
	lkb_autostr tar = {0};
	autoimage p = {0};
	autoimage q = {0};
	struct blob m;

	image_make(&p, "arm64", "good", LKB_PLAIN);
	image_make(&q, "arm64", "evil", LKB_PLAIN);
	oci_parts(&tar, &p, TAR, &m);
	entry = desc(MANIFEST, &m, name);
	oci_index(&tar, entry);
	item = docker_item(&q, "[\"" APP "\"]", NULL);
	docker_parts(&tar, &q);
	docker_manifest(&tar, item);
	write_archive(k, &tar);
	EXPECT_FAIL(k, NULL, LKB_INPUT, "'FILE': index.json and manifest.json have different "
		    "images for '" APP "'");
}

/* Docker before 1.10 */

static void archives_without_digests_are_refused(void **state)
{
	struct kit *k = *state;
	lkb_autostr tar = {0};

	tar_text(&tar, "abc/json", "{\"id\":\"abc\"}");
	tar_text(&tar, "abc/layer.tar", "x");
	tar_text(&tar, "repositories", "{\"busybox\":{\"latest\":\"abc\",\"1.24\":\"abc\"}}");
	write_archive(k, &tar);
	EXPECT_FAIL(k, APP, LKB_INPUT, "'FILE' was saved by a Docker before 1.10 and has no digests "
		    "to compare; the names it has: 'busybox:latest', 'busybox:1.24'");
}

/* A plain layer is not stored twice. */
static void plain_layers_are_used_from_their_blob(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *derived = lkb_format("%s/derived", k->store_dir), *blob = NULL;
	lkb_auto(lkb_image) im = NULL;
	lkb_auto(lkb_tree) t = NULL;
	struct lkb_error err = {0};
	lkb_autostr tar = {0};
	autoimage p = {0};

	image_make(&p, "arm64", "hello", LKB_PLAIN);
	docker_archive(&tar, &p, "[\"" APP "\"]");
	write_archive(k, &tar);
	import_is(k, NULL, NULL, APP " linux/arm64\n");
	EXPECT_GREETING(k->store, APP, &arm64, "hello");
	EXPECT_GREETING(k->store, APP, &arm64, "hello");
	assert_int_equal(count_files(derived), 1); /* the record that it was hashed */
	blob = blob_path(k->store_dir, lkb_sha256_text(&p.diff_id).s);
	damage(blob, 600);
	im = resolve(k->store, APP, &arm64);
	assert_int_equal(lkb_store_image_tree(k->store, im, NULL, &t, &err), -1);
	assert_int_equal(err.kind, LKB_TRUST);
	assert_non_null(strstr(err.hint, blob));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
		T(an_oci_archive),
		T(the_index_may_come_first),
		T(archives_compressed_as_a_whole),
		T(both_names_of_an_entry_come_in),
		T(one_name_may_be_several_platforms),
		T(one_name_may_not_be_two_images),
		T(a_docker_archive),
		T(a_docker_archive_without_names),
		T(layers_compressed_in_a_docker_archive),
		T(layers_that_are_links),
		T(configs_have_many_names),
		T(several_images_in_a_docker_archive),
		T(what_has_no_name_among_named_ones_is_left),
		T(two_in_one_keeps_the_manifest),
		T(two_in_one_loses_no_tag),
		T(two_in_one_must_agree),
		T(archives_without_digests_are_refused),
		T(plain_layers_are_used_from_their_blob),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
