/* SPDX-License-Identifier: Apache-2.0 */
/* Images that cannot be found or made, and a store that was damaged. */
#include "test_store_kit.h"

#define APP "localhost/app:1"

/* Faults of resolving */

static void resolving_fails(struct kit *k, const char *ref, enum lkb_error_kind kind,
			    const char *message)
{
	struct lkb_image *im = NULL;
	struct lkb_error fault = {0};

	assert_int_equal(lkb_store_resolve(k->store, ref, &arm64, &im, &fault), -1);
	assert_string_equal(fault.message, message);
	assert_int_equal(fault.kind, kind);
	assert_null(im);
	assert_false(lkb_store_has(k->store, ref, &arm64));
}

static void an_image_that_is_not_there(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *want = lkb_format("image 'docker.io/library/nginx:latest' is not in the "
					     "store '%s'", k->store_dir);
	lkb_autofree char *pinned = lkb_format("x@sha256:%064d", 0);
	lkb_autofree char *want_pinned = lkb_format("image 'docker.io/library/%s' is not in the "
						    "store '%s'", pinned, k->store_dir);
	lkb_autofree char *sha512 = lkb_format("x@sha512:%0128d", 0);
	lkb_autofree char *want_sha512 = lkb_format("image 'docker.io/library/%s': cannot verify "
		"'sha512:%0128d': SHA-256 is the only digest that is supported", sha512, 0);
	struct lkb_image *im;
	struct lkb_error fault = {0};

	resolving_fails(k, "nginx", LKB_INPUT, want);
	resolving_fails(k, pinned, LKB_INPUT, want_pinned);
	resolving_fails(k, sha512, LKB_TRUST, want_sha512);
	resolving_fails(k, "Nginx", LKB_INPUT, "'Nginx' is no image reference: the repository name "
			"'library/Nginx' has upper-case letters");
	lkb_store_resolve(k->store, "nginx", &arm64, &im, &fault);
	assert_string_equal(fault.hint, "fetch it: 'lkboard cache pull --arch arm64 "
			    "docker.io/library/nginx:latest'");
	fault = (struct lkb_error){0};
	lkb_store_resolve(k->store, "localhost/nginx:1", &arm64, &im, &fault);
	assert_string_equal(fault.hint, "make it with 'lkboard pkg build' if configs/packages has "
			    "it, or bring it in with 'lkboard cache import'");
}

static void an_image_for_another_platform(void **state)
{
	struct kit *k = *state;

	put(k->store, APP, &amd64, "hello");
	put(k->store, APP, &(struct lkb_platform){ "arm", "v6" }, "hello");
	resolving_fails(k, APP, LKB_INPUT, "image '" APP "': nothing in it is for linux/arm64, "
			"only for linux/amd64, linux/arm/v6");
}

static void an_index_that_lies_about_the_platform(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *entry = NULL;
	lkb_autostrv names = {0};
	struct blob manifest;

	layout_begin(k);
	manifest = layout_image(k, "amd64", "hello");
	entry = desc(MANIFEST, &manifest, ",\"platform\":{\"os\":\"linux\",\"architecture\":"
		     "\"arm64\"}");
	layout_index(k, entry);
	OK(lkb_store_import(k->store, k->layout_dir, APP, NULL, &names, err));
	resolving_fails(k, APP, LKB_INPUT, "image '" APP "': the index calls it an image for "
			"'arm64', its config for 'amd64'");
}

/* An index that somebody published is what registries and signatures know an image by; one that the
 * store keeps single images in says nothing to anybody else. */
static void the_index_of_an_image(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *entry = NULL, *text = NULL, *top = NULL;
	lkb_auto(lkb_image) own = NULL;
	lkb_auto(lkb_image) other = NULL;
	lkb_autostrv names = {0};
	struct blob manifest, index;

	put(k->store, APP, &arm64, "hello");
	put(k->store, APP, &amd64, "hello");
	OK(lkb_store_resolve(k->store, APP, &arm64, &own, err));
	assert_false(own->has_index);
	layout_begin(k);
	manifest = layout_image(k, "arm64", "hello");
	entry = desc(MANIFEST, &manifest, ",\"platform\":{\"os\":\"linux\",\"architecture\":"
		     "\"arm64\"}");
	text = lkb_format("{\"schemaVersion\": 2, \"mediaType\": \"" INDEX "\", \"manifests\": "
			  "[%s]}", entry);
	index = layout_text(k, text);
	top = desc(INDEX, &index, "");
	layout_index(k, top);
	OK(lkb_store_import(k->store, k->layout_dir, "team/app:1", NULL, &names, err));
	OK(lkb_store_resolve(k->store, "team/app:1", &arm64, &other, err));
	assert_true(other->has_index);
	assert_true(lkb_sha256_equal(&other->index, &index.digest));
	assert_true(lkb_sha256_equal(&other->manifest, &manifest.digest));
}

static void an_artifact_that_is_no_image(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *config = NULL, *layer = NULL, *text = NULL, *entry = NULL;
	lkb_autofree char *odd_text = NULL, *odd_entry = NULL, *image_config = NULL;
	lkb_autostrv names = {0};
	struct blob empty, manifest;
	autoparts p = {0};

	make_layer(k, &p, LKB_GZIP);
	make_rest(k, &p);
	empty = layout_text(k, "{}");
	config = desc("application/vnd.oci.empty.v1+json", &empty, "");
	layer = desc("application/vnd.somebody.thing", &p.layer, "");
	text = lkb_format("{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", config, layer);
	manifest = layout_text(k, text);
	entry = desc(MANIFEST, &manifest, ",\"platform\":{\"os\":\"linux\",\"architecture\":"
		     "\"arm64\"}");
	layout_index(k, entry);
	OK(lkb_store_import(k->store, k->layout_dir, APP, NULL, &names, err));
	resolving_fails(k, APP, LKB_INPUT, "image '" APP "': the manifest is not that of an image: "
			"its config is 'application/vnd.oci.empty.v1+json'");

	image_config = desc(CONFIG, &p.config, "");
	odd_text = lkb_format("{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", image_config,
			      layer);
	manifest = layout_text(k, odd_text);
	odd_entry = desc(MANIFEST, &manifest, "");
	layout_index(k, odd_entry);
	OK(lkb_store_import(k->store, k->layout_dir, APP, NULL, &names, err));
	resolving_fails(k, APP, LKB_INPUT, "image '" APP "': layer 1 has the media type "
			"'application/vnd.somebody.thing', which is no file system layer");
}

/* Damage to the store itself */

static void a_stored_layer_that_rotted(void **state)
{
	struct kit *k = *state;
	lkb_auto(lkb_image) im = NULL;
	struct lkb_tree *t = NULL;
	struct lkb_error fault = {0};
	lkb_autofree char *path = NULL, *got = NULL, *want = NULL, *hint = NULL, *want_size = NULL;

	put(k->store, APP, &arm64, "hello");
	im = resolve(k->store, APP, &arm64);
	path = blob_path(k->store_dir, lkb_sha256_text(&im->layers[0].digest).s);
	damage(path, 50);
	got = digest_of(path);
	want = lkb_format("image '" APP "': layer 'sha256:%s': the blob holds something else: its "
			  "digest is 'sha256:%s'", lkb_sha256_text(&im->layers[0].digest).s, got);
	hint = lkb_format("remove '%s', then import or build the image again", path);
	assert_int_equal(lkb_store_image_tree(k->store, im, NULL, &t, &fault), -1);
	assert_string_equal(fault.message, want);
	assert_string_equal(fault.hint, hint);
	assert_int_equal(fault.kind, LKB_TRUST);

	/* the hint works */
	assert_int_equal(unlink(path), 0);
	put(k->store, APP, &arm64, "hello");
	EXPECT_GREETING(k->store, APP, &arm64, "hello");

	assert_int_equal(truncate(path, 10), 0);
	want_size = lkb_format("image '" APP "': layer 1: blob 'sha256:%s' has 10 bytes, not %llu "
			       "as what refers to it says",
			       lkb_sha256_text(&im->layers[0].digest).s,
			       (unsigned long long)im->layers[0].size);
	resolving_fails(k, APP, LKB_TRUST, want_size);
	/* a blob of the wrong size is mended by bringing it in again */
	put(k->store, APP, &arm64, "hello");
	assert_true(lkb_store_has(k->store, APP, &arm64));
}

static void a_stored_index_that_rotted_gives_way(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *path = lkb_format("%s/index.json", k->store_dir);
	lkb_autofree char *text = NULL, *inner = NULL;
	size_t len;

	put(k->store, APP, &arm64, "hello");
	OK(lkb_read_file(path, 1 << 20, &text, &len, err));
	*strchr(strstr(text, "sha256:"), '"') = '\0';
	inner = blob_path(k->store_dir, strstr(text, "sha256:") + 7);
	assert_int_equal(truncate(inner, 0), 0);
	assert_false(lkb_store_has(k->store, APP, &arm64));
	put(k->store, APP, &amd64, "hello");
	assert_true(lkb_store_has(k->store, APP, &amd64));
}

static void an_index_json_that_is_none(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *path = lkb_format("%s/index.json", k->store_dir);
	lkb_autofree char *want = lkb_format("image '" APP "': %s: malformed JSON in line 1: '[' "
					     "or '{' expected near end of file", path);

	assert_int_equal(truncate(path, 0), 0);
	resolving_fails(k, APP, LKB_INPUT, want);
}

static void a_directory_of_other_things_is_no_store(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *note = lkb_format("%s/letter.txt", k->layout_dir);
	lkb_autofree char *want = lkb_format("store: '%s' is no image store: it holds "
					     "'letter.txt'", k->layout_dir);
	lkb_autofree char *blobs = lkb_format("%s/blobs", k->layout_dir);
	struct lkb_store *s = NULL;
	struct lkb_error fault = {0};

	OK(lkb_mkdir_p(k->layout_dir, err));
	OK(lkb_write_file(note, "x", 1, 0644, err));
	assert_int_equal(lkb_store_open(k->layout_dir, &s, &fault), -1);
	assert_string_equal(fault.message, want);
	assert_int_equal(fault.kind, LKB_INPUT);
	assert_int_equal(access(blobs, F_OK), -1);
}

/* Another program may write into the store, so what is in it is as hostile as what comes in. */
static void indexes_that_multiply_in_the_store(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *elsewhere = k->layout_dir;
	lkb_autofree char *name = named(APP), *entry = NULL;
	struct blob b;

	k->layout_dir = lkb_strdup(k->store_dir);
	b = layout_image(k, "arm64", "wide");
	entry = desc(MANIFEST, &b, "");
	for (int level = 0; level < 8; level++) {
		lkb_autofree char *inner = entry;
		lkb_autostr text = {0};

		lkb_str_addf(&text, "{\"schemaVersion\":2,\"manifests\":[%s", inner);
		for (int i = 1; i < 4; i++)
			lkb_str_addf(&text, ",%s", inner);
		lkb_str_add(&text, "]}");
		b = layout_text(k, text.s);
		entry = desc(INDEX, &b, level == 7 ? name : "");
	}
	layout_index(k, entry);
	resolving_fails(k, APP, LKB_INPUT, "image '" APP "': the index leads to more than 4096 "
			"entries");
}

static void indexes_nested_too_deep_in_the_store(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *elsewhere = k->layout_dir;
	lkb_autofree char *name = named(APP), *entry = NULL;
	struct blob b;

	k->layout_dir = lkb_strdup(k->store_dir);
	b = layout_image(k, "arm64", "deep");
	entry = desc(MANIFEST, &b, "");
	for (int level = 0; level < 10; level++) {
		lkb_autofree char *inner = entry;
		lkb_autofree char *text = lkb_format("{\"schemaVersion\":2,\"manifests\":[%s]}",
						     inner);

		b = layout_text(k, text);
		entry = desc(INDEX, &b, level == 9 ? name : "");
		if (level != 7)
			continue;
		/* eight are as many as may be */
		free(entry);
		entry = desc(INDEX, &b, name);
		layout_index(k, entry);
		assert_true(lkb_store_has(k->store, APP, &arm64));
		free(entry);
		entry = desc(INDEX, &b, "");
	}
	layout_index(k, entry);
	resolving_fails(k, APP, LKB_INPUT, "image '" APP "': indexes are nested more than 8 deep");
}

/* Entries that are for nobody, sixteen of the next level on each of seven. */
static void indexes_for_nobody_that_multiply(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *elsewhere = k->layout_dir;
	lkb_autofree char *name = named(APP), *top = NULL;
	struct blob b;

	k->layout_dir = lkb_strdup(k->store_dir);
	b = layout_text(k, "{\"schemaVersion\":2,\"manifests\":[]}");
	for (int level = 0; level < 7; level++) {
		lkb_autofree char *entry = desc(INDEX, &b, ",\"annotations\":{"
						"\"vnd.docker.reference.type\":\"x\"}");
		lkb_autostr text = {0};

		lkb_str_add(&text, "{\"schemaVersion\":2,\"manifests\":[");
		for (int i = 0; i < 16; i++)
			lkb_str_addf(&text, "%s%s", i ? "," : "", entry);
		lkb_str_add(&text, "]}");
		b = layout_text(k, text.s);
	}
	top = desc(INDEX, &b, name);
	layout_index(k, top);
	resolving_fails(k, APP, LKB_INPUT, "image '" APP "': nothing in it is an image for a Linux "
			"platform");
}

static void more_layers_than_diff_ids_in_the_store(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *elsewhere = k->layout_dir;
	lkb_autofree char *name = named(APP), *entry = NULL;
	autoparts p = {0};

	k->layout_dir = lkb_strdup(k->store_dir);
	make_layer(k, &p, LKB_GZIP);
	p.config = layout_config(k, "arm64", &p.diff_id, 0);
	p.manifest = layout_manifest(k, &p.config, TAR "+gzip", &p.layer, 1);
	entry = desc(MANIFEST, &p.manifest, name);
	layout_index(k, entry);
	resolving_fails(k, APP, LKB_INPUT, "image '" APP "': the manifest has 1 layers, the config "
			"0 diff_ids");
}

/* What cannot be stored */

static void a_new_image_that_cannot_be(void **state)
{
	struct kit *k = *state;
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_autostrv keys = {0}, values = {0};
	lkb_autofree char *pinned = lkb_format("localhost/x:1@sha256:%064d", 0);
	lkb_autofree char *want = lkb_format("image '%s': a new image cannot have a digest in its "
					     "name", pinned);
	struct lkb_image_new im = { .ref = pinned, .platform = arm64 };
	struct lkb_sha256 digest;
	struct lkb_error fault = {0};

	assert_int_equal(lkb_store_put_tree(k->store, &im, lkb_tree_root(t), &digest, &fault), -1);
	assert_string_equal(fault.message, want);
	im.ref = "x:1:2";
	assert_int_equal(lkb_store_put_tree(k->store, &im, lkb_tree_root(t), &digest, &fault), -1);
	im.ref = APP;
	im.platform.arch[0] = '\0';
	assert_int_equal(lkb_store_put_tree(k->store, &im, lkb_tree_root(t), &digest, &fault), -1);
	assert_string_equal(fault.message, "image '" APP "': '' is no architecture");
	im.platform = arm64;
	im.created = -1;
	assert_int_equal(lkb_store_put_tree(k->store, &im, lkb_tree_root(t), &digest, &fault), -1);
	assert_string_equal(fault.message, "image '" APP "': its creation time -1 is not within "
			    "the years 1970 and 9999");
	im.created = 0;
	lkb_strv_add(&keys, "k");
	lkb_strv_add(&values, "\377");
	im.label_keys = &keys;
	im.label_values = &values;
	assert_int_equal(lkb_store_put_tree(k->store, &im, lkb_tree_root(t), &digest, &fault), -1);
	assert_string_equal(fault.message, "image '" APP "': 'k' or its value is not UTF-8");
	no_leftovers(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
		T(an_image_that_is_not_there),
		T(an_image_for_another_platform),
		T(an_index_that_lies_about_the_platform),
		T(the_index_of_an_image),
		T(an_artifact_that_is_no_image),
		T(a_stored_layer_that_rotted),
		T(a_stored_index_that_rotted_gives_way),
		T(an_index_json_that_is_none),
		T(indexes_that_multiply_in_the_store),
		T(indexes_nested_too_deep_in_the_store),
		T(indexes_for_nobody_that_multiply),
		T(more_layers_than_diff_ids_in_the_store),
		T(a_directory_of_other_things_is_no_store),
		T(a_new_image_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
