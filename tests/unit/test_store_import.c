/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts of others come in, and ours go out: skopeo reads what we write, and we what it writes. */
#include "test_store_kit.h"

#define APP "localhost/app:1"

static struct lkb_error import_fails(struct kit *k, const char *name)
{
	lkb_autostrv names = {0};
	struct lkb_error err = {0};

	if (!lkb_store_import(k->store, k->layout_dir, name, NULL, &names, &err))
		fail_msg("the import succeeded");
	assert_int_equal(names.n, 0);
	no_leftovers(k);
	return err;
}

static void import(struct kit *k, const char *name, const char *want_names)
{
	lkb_autostrv names = {0};
	lkb_autostr got = {0};

	OK(lkb_store_import(k->store, k->layout_dir, name, NULL, &names, err));
	for (size_t i = 0; i < names.n; i++)
		lkb_str_addf(&got, "%s%s", i ? " " : "", names.items[i]);
	assert_string_equal(lkb_str_get(&got), want_names);
	no_leftovers(k);
}

static void a_named_image_is_imported(void **state)
{
	struct kit *k = *state;
	lkb_auto(lkb_image) im = NULL;
	struct blob manifest = layout_simple(k, APP, "arm64", "hello");

	import(k, NULL, APP);
	EXPECT_GREETING(k->store, APP, &arm64, "hello");
	im = resolve(k->store, APP, &arm64);
	assert_true(lkb_sha256_equal(&im->manifest, &manifest.digest));
	assert_string_equal(im->label_keys.items[0], "a");
	assert_string_equal(lkb_image_label(im, "b"), "2");
	assert_string_equal(im->env.items[0], "PATH=/bin");
	assert_false(im->has_cmd);
}

static void names_become_canonical(void **state)
{
	struct kit *k = *state;

	layout_simple(k, "linuxkit/runc:v1", "arm64", "hello");
	import(k, NULL, "docker.io/linuxkit/runc:v1");
	EXPECT_GREETING(k->store, "linuxkit/runc:v1", &arm64, "hello");
}

static void a_tag_alone_needs_a_name(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *want = lkb_format("the image in '%s' has no full reference for a name: "
					     "'v1' (sha256:", k->layout_dir);
	lkb_autofree char *hint = lkb_format("give it one: 'lkboard cache import --name "
					     "REGISTRY/NAME:TAG %s'", k->layout_dir);
	struct lkb_error err;

	layout_simple(k, "v1", "arm64", "hello");
	err = import_fails(k, NULL);
	assert_int_equal(err.kind, LKB_INPUT);
	assert_memory_equal(err.message, want, strlen(want));
	assert_string_equal(err.hint, hint);
	import(k, "localhost/x:v1", "localhost/x:v1");
	EXPECT_GREETING(k->store, "localhost/x:v1", &arm64, "hello");
}

static void containerd_says_the_full_name_elsewhere(void **state)
{
	struct kit *k = *state;
	struct blob manifest;
	lkb_autofree char *entry = NULL;

	layout_begin(k);
	manifest = layout_image(k, "arm64", "hello");
	entry = desc(MANIFEST, &manifest, ",\"annotations\":{\"org.opencontainers.image.ref.name\":"
		     "\"v1\",\"io.containerd.image.name\":\"docker.io/lkb/x:v1\"}");
	layout_index(k, entry);
	import(k, NULL, "docker.io/lkb/x:v1");
}

static void many_named_images_come_at_once(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *na = named("localhost/a:1"), *nb = named("localhost/b:1");
	lkb_autofree char *a = NULL, *b = NULL, *both = NULL;
	struct blob ma, mb;

	layout_begin(k);
	ma = layout_image(k, "arm64", "a");
	mb = layout_image(k, "amd64", "b");
	a = desc(MANIFEST, &ma, na);
	b = desc(MANIFEST, &mb, nb);
	both = lkb_format("%s,%s", b, a);
	layout_index(k, both);
	import(k, NULL, "localhost/b:1 localhost/a:1");
	EXPECT_GREETING(k->store, "localhost/a:1", &arm64, "a");
	EXPECT_GREETING(k->store, "localhost/b:1", &amd64, "b");
}

static void several_unnamed_images_are_listed(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *a = NULL, *b = NULL, *both = NULL, *want = NULL, *want_one = NULL;
	struct blob ma, mb;
	struct lkb_error err;

	layout_begin(k);
	ma = layout_image(k, "arm64", "a");
	mb = layout_image(k, "amd64", "b");
	a = desc(MANIFEST, &ma, ",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\"}");
	b = desc(MANIFEST, &mb, "");
	both = lkb_format("%s,%s", a, b);
	layout_index(k, both);
	want = lkb_format("'%s' holds 2 images and none has a full reference for a name: "
			  "'' (linux/arm64), '' (sha256:%s)", k->layout_dir, mb.hex);
	err = import_fails(k, NULL);
	assert_string_equal(err.message, want);
	assert_int_equal(err.kind, LKB_INPUT);
	want_one = lkb_format("'%s' holds 2 images, only one can be called '" APP "': "
			      "'' (linux/arm64), '' (sha256:%s)", k->layout_dir, mb.hex);
	err = import_fails(k, APP);
	assert_string_equal(err.message, want_one);
}

static void a_layout_without_images_is_refused(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *want = lkb_format("'%s' holds no image", k->layout_dir);
	lkb_autofree char *entry = NULL;
	struct blob other;

	layout_begin(k);
	other = layout_text(k, "{}");
	entry = desc("application/x-unknown", &other, "");
	layout_index(k, entry);
	assert_string_equal(import_fails(k, NULL).message, want);
	assert_string_equal(import_fails(k, APP).message, want);
}

/* As a registry's image looks after a copy of it for one platform: an index of many, of which only
 * some are there, among them what is no image for Linux. */
static struct blob wide_index(const struct kit *k)
{
	struct blob ma = layout_image(k, "arm64", "wide arm64");
	struct blob mb = layout_image(k, "arm", "wide arm");
	struct blob note = layout_text(k, "{\"attests\":1}");
	struct blob gone = { .size = 77 };
	lkb_autofree char *a = NULL, *b = NULL, *attestation = NULL, *unknown = NULL;
	lkb_autofree char *windows = NULL, *absent = NULL, *text = NULL;

	memset(gone.hex, 'e', 64);
	attestation = desc(MANIFEST, &note, ",\"platform\":{\"os\":\"unknown\",\"architecture\":"
			   "\"unknown\"},\"annotations\":{\"vnd.docker.reference.type\":"
			   "\"attestation-manifest\"}");
	unknown = desc("application/vnd.somebody.thing+json", &note, "");
	windows = desc(MANIFEST, &gone, ",\"platform\":{\"os\":\"windows\","
		       "\"architecture\":\"amd64\"}");
	absent = desc(MANIFEST, &gone, ",\"platform\":{\"os\":\"linux\","
		      "\"architecture\":\"s390x\"}");
	a = desc(MANIFEST, &ma, ",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\","
		 "\"variant\":\"v8\"}");
	b = desc(MANIFEST, &mb, ",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm\","
		 "\"variant\":\"v6\"}");
	text = lkb_format("{\"schemaVersion\":2,\"mediaType\":\"" INDEX "\",\"manifests\":"
			  "[%s,%s,%s,%s,%s,%s]}", attestation, unknown, windows, absent, a, b);
	return layout_text(k, text);
}

static void an_index_brings_what_it_has_for_linux(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *name = named(APP), *entry = NULL, *pinned = NULL;
	struct lkb_platform pi1 = { "arm", "v6" }, pi2 = { "arm", "v7" };
	struct lkb_image *im = NULL;
	struct lkb_error err = {0};
	lkb_autostr names = {0};
	struct blob index;

	layout_begin(k);
	index = wide_index(k);
	entry = desc(INDEX, &index, name);
	layout_index(k, entry);
	import(k, NULL, APP);
	EXPECT_GREETING(k->store, APP, &arm64, "wide arm64");
	EXPECT_GREETING(k->store, APP, &pi1, "wide arm");
	EXPECT_GREETING(k->store, APP, &pi2, "wide arm");
	list_names(k->store, &names);
	assert_string_equal(names.s, APP " linux/arm/v6\n" APP " linux/arm64\n");
	assert_int_equal(lkb_store_resolve(k->store, APP, &amd64, &im, &err), -1);
	assert_string_equal(err.message, "image '" APP "': nothing in it is for linux/amd64, only "
			    "for linux/s390x, linux/arm64, linux/arm/v6");
	assert_int_equal(err.kind, LKB_INPUT);
	/* the index is kept as it came, so that its digest still names it */
	pinned = lkb_format("app@sha256:%s", index.hex);
	EXPECT_GREETING(k->store, pinned, &arm64, "wide arm64");
	assert_int_equal(lkb_store_resolve(k->store, APP, &(struct lkb_platform){ .arch = "s390x" },
					   &im, &err), -1);
	assert_non_null(strstr(err.message, "' is not in '"));
}

static void single_images_of_one_name_join(void **state)
{
	struct kit *k = *state;
	lkb_autostr names = {0};

	layout_simple(k, "v1", "arm64", "arm64");
	import(k, APP, APP);
	layout_simple(k, "v1", "x86_64", "amd64");
	import(k, APP, APP);
	EXPECT_GREETING(k->store, APP, &arm64, "arm64");
	EXPECT_GREETING(k->store, APP, &amd64, "amd64");
	list_names(k->store, &names);
	assert_string_equal(names.s, APP " linux/amd64\n" APP " linux/arm64\n");
}

static void an_index_takes_the_whole_name(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *name = named(APP), *entry = NULL;
	struct blob index;

	put(k->store, APP, &amd64, "ours");
	layout_begin(k);
	index = wide_index(k);
	entry = desc(INDEX, &index, name);
	layout_index(k, entry);
	import(k, NULL, APP);
	assert_false(lkb_store_has(k->store, APP, &amd64));
	put(k->store, APP, &amd64, "ours again");
	EXPECT_GREETING(k->store, APP, &amd64, "ours again");
	EXPECT_GREETING(k->store, APP, &arm64, "wide arm64");
}

static void a_digest_in_the_name_is_compared(void **state)
{
	struct kit *k = *state;
	struct blob manifest = layout_simple(k, "v1", "arm64", "hello");
	lkb_autofree char *right = lkb_format("localhost/x@sha256:%s", manifest.hex);
	lkb_autofree char *tagged = lkb_format(APP "@sha256:%s", manifest.hex);
	lkb_autofree char *wrong = lkb_strdup(right), *want = NULL;
	struct lkb_error err;

	memset(wrong + strlen(wrong) - 8, '0', 8);
	err = import_fails(k, wrong);
	want = lkb_format("image '%s' has the digest 'sha256:%s'", wrong, manifest.hex);
	assert_string_equal(err.message, want);
	assert_int_equal(err.kind, LKB_TRUST);
	import(k, right, right);
	EXPECT_GREETING(k->store, right, &arm64, "hello");
	import(k, tagged, APP);
	EXPECT_GREETING(k->store, APP, &arm64, "hello");
}

static void importing_twice_changes_nothing(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *path = lkb_format("%s/index.json", k->store_dir);
	lkb_autofree char *before = NULL, *after = NULL;
	size_t len, files;

	layout_simple(k, APP, "arm64", "hello");
	import(k, NULL, APP);
	OK(lkb_read_file(path, 1 << 20, &before, &len, err));
	files = count_files(k->store_dir);
	import(k, NULL, APP);
	OK(lkb_read_file(path, 1 << 20, &after, &len, err));
	assert_string_equal(before, after);
	assert_int_equal(files, count_files(k->store_dir));
}

/* skopeo */

static bool have_skopeo(void)
{
	lkb_autofree char *path = NULL;

	return !lkb_proc_find("skopeo", "skopeo", &path, NULL);
}

#define SKOPEO(out, ...) \
	do { \
		const char *argv_[] = { "skopeo", "--insecure-policy", "--override-os", "linux", \
					__VA_ARGS__, NULL }; \
		struct lkb_proc proc_ = { .argv = argv_ }; \
		if (!have_skopeo()) \
			skip(); \
		OK(lkb_proc_run(&proc_, (out), err)); \
	} while (0)

static void skopeo_reads_what_we_write(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *ours = lkb_format("oci:%s:" APP, k->store_dir);
	lkb_autostr text = {0}, config = {0};

	put(k->store, APP, &arm64, "hello");
	put(k->store, APP, &amd64, "hello");
	SKOPEO(&text, "--override-arch", "arm64", "inspect", ours);
	assert_non_null(strstr(text.s, "\"Architecture\": \"arm64\""));
	assert_non_null(strstr(text.s, "\"Created\": \"2023-11-14T22:13:20Z\""));
	SKOPEO(&config, "--override-arch", "amd64", "inspect", "--config", ours);
	assert_non_null(strstr(config.s, "\"architecture\": \"amd64\""));
}

/* Out through skopeo, which checks every digest, and in again. */
static void skopeo_copies_what_we_write(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *ours = lkb_format("oci:%s:" APP, k->store_dir);
	lkb_autofree char *theirs = lkb_format("oci:%s:x", k->layout_dir);
	lkb_auto(lkb_image) im = NULL;
	struct lkb_sha256 manifest = put(k->store, APP, &arm64, "there and back");

	put(k->store, APP, &amd64, "other");
	SKOPEO(NULL, "--override-arch", "arm64", "copy", ours, theirs);
	import(k, "localhost/back:1", "localhost/back:1");
	EXPECT_GREETING(k->store, "localhost/back:1", &arm64, "there and back");
	im = resolve(k->store, "localhost/back:1", &arm64);
	assert_true(lkb_sha256_equal(&im->manifest, &manifest));
}

static void skopeo_copies_all_platforms(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *ours = lkb_format("oci:%s:" APP, k->store_dir);
	lkb_autofree char *theirs = lkb_format("oci:%s:localhost/all:1", k->layout_dir);

	put(k->store, APP, &arm64, "arm64");
	put(k->store, APP, &amd64, "amd64");
	SKOPEO(NULL, "copy", "--all", ours, theirs);
	import(k, NULL, "localhost/all:1");
	EXPECT_GREETING(k->store, "localhost/all:1", &arm64, "arm64");
	EXPECT_GREETING(k->store, "localhost/all:1", &amd64, "amd64");
}

/* To Docker's format and back: what an image looks like that was pulled from Docker's registry. */
static void we_read_what_skopeo_converts(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *layout = lkb_format("oci:%s:v1", k->layout_dir);
	lkb_autofree char *docker = lkb_format("dir:%s/docker", k->tmp.path);

	layout_simple(k, "v1", "arm64", "converted");
	SKOPEO(NULL, "--override-arch", "arm64", "copy", "--format", "v2s2", layout, docker);
	OK(lkb_remove_tree(k->layout_dir, err));
	SKOPEO(NULL, "--override-arch", "arm64", "copy", docker, layout);
	import(k, "localhost/conv:1", "localhost/conv:1");
	EXPECT_GREETING(k->store, "localhost/conv:1", &arm64, "converted");
}

/* Somebody copies straight into the store: entries of others stay, and full names are found. */
static void skopeo_may_write_into_the_store(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *theirs = lkb_format("oci:%s:v1", k->layout_dir);
	lkb_autofree char *inside = lkb_format("oci:%s:alpine:3.18", k->store_dir);
	lkb_autofree char *outside = lkb_format("oci:%s:odd", k->store_dir);

	layout_simple(k, "v1", "arm64", "skopeo was here");
	SKOPEO(NULL, "--override-arch", "arm64", "copy", theirs, inside);
	SKOPEO(NULL, "--override-arch", "arm64", "copy", theirs, outside);
	put(k->store, APP, &arm64, "ours");
	EXPECT_GREETING(k->store, "alpine:3.18", &arm64, "skopeo was here");
	EXPECT_GREETING(k->store, APP, &arm64, "ours");
	SKOPEO(NULL, "--override-arch", "arm64", "inspect", outside);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
		T(a_named_image_is_imported),
		T(names_become_canonical),
		T(a_tag_alone_needs_a_name),
		T(containerd_says_the_full_name_elsewhere),
		T(many_named_images_come_at_once),
		T(several_unnamed_images_are_listed),
		T(a_layout_without_images_is_refused),
		T(an_index_brings_what_it_has_for_linux),
		T(single_images_of_one_name_join),
		T(an_index_takes_the_whole_name),
		T(a_digest_in_the_name_is_compared),
		T(importing_twice_changes_nothing),
		T(skopeo_reads_what_we_write),
		T(skopeo_copies_what_we_write),
		T(skopeo_copies_all_platforms),
		T(we_read_what_skopeo_converts),
		T(skopeo_may_write_into_the_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
