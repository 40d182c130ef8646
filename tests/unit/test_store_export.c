/* SPDX-License-Identifier: Apache-2.0 */
/* What goes out: the same bytes every time, every digest compared, and it comes in again. */
#include "rootfs/oci/export.h"
#include "test_archive_kit.h"

static void export(struct kit *k, enum lkb_export_format format, const char *const *refs, size_t n,
		   const struct lkb_platform *platform, struct lkb_str *ret)
{
	struct lkb_export e = { .format = format, .refs = refs, .n_refs = n,
				.platforms = platform, .n_platforms = platform ? 1 : 0 };
	lkb_auto(lkb_tree) t = NULL;

	OK(lkb_export_tree(k->store, &e, &t, err));
	OK(lkb_tar_write(lkb_tree_root(t), 0, to_str, ret, err));
}

static struct lkb_error export_fails(struct kit *k, enum lkb_export_format format,
				     const char *ref, const struct lkb_platform *platform)
{
	struct lkb_export e = { .format = format, .refs = &ref, .n_refs = 1,
				.platforms = platform, .n_platforms = platform ? 1 : 0 };
	struct lkb_tree *t = NULL;
	struct lkb_error err = {0};

	assert_int_equal(lkb_export_tree(k->store, &e, &t, &err), -1);
	assert_null(t);
	return err;
}

/* A new store instead of the kit's. */
static void start_anew(struct kit *k)
{
	lkb_store_free(k->store);
	OK(lkb_remove_tree(k->store_dir, err));
	OK(lkb_store_open(k->store_dir, &k->store, err));
}

static const char *const app[] = { APP };

static void an_oci_export_comes_in_again(void **state)
{
	struct kit *k = *state;
	struct lkb_sha256 a = put(k->store, APP, &arm64, "a"), b = put(k->store, APP, &amd64, "b");
	lkb_auto(lkb_image) ia = NULL;
	lkb_auto(lkb_image) ib = NULL;
	lkb_autostr tar = {0};

	export(k, LKB_EXPORT_OCI, app, 1, NULL, &tar);
	write_archive(k, &tar);
	start_anew(k);
	import_is(k, NULL, NULL, APP " linux/amd64,linux/arm64\n");
	EXPECT_GREETING(k->store, APP, &arm64, "a");
	ia = resolve(k->store, APP, &arm64);
	ib = resolve(k->store, APP, &amd64);
	assert_true(lkb_sha256_equal(&ia->manifest, &a));
	assert_true(lkb_sha256_equal(&ib->manifest, &b));
}

static void one_platform_leaves_the_others_alone(void **state)
{
	struct kit *k = *state;
	lkb_autostr tar = {0}, only = {0}, names = {0};

	put(k->store, APP, &arm64, "a");
	export(k, LKB_EXPORT_OCI, app, 1, NULL, &only);
	put(k->store, APP, &amd64, "b");
	export(k, LKB_EXPORT_OCI, app, 1, &arm64, &tar);
	/* the only platform, or the one that was chosen: the same archive */
	assert_int_equal(tar.len, only.len);
	assert_memory_equal(tar.s, only.s, tar.len);
	write_archive(k, &tar);
	start_anew(k);
	put(k->store, APP, &amd64, "b");
	import_is(k, NULL, NULL, APP " linux/arm64\n");
	list_names(k->store, &names);
	assert_string_equal(names.s, APP " linux/amd64\n" APP " linux/arm64\n");
}

static void a_docker_export_keeps_the_image_id(void **state)
{
	struct kit *k = *state;
	lkb_auto(lkb_image) before = NULL;
	lkb_auto(lkb_image) after = NULL;
	lkb_autostr tar = {0};

	put(k->store, APP, &arm64, "hello");
	before = resolve(k->store, APP, &arm64);
	export(k, LKB_EXPORT_DOCKER, app, 1, NULL, &tar);
	write_archive(k, &tar);
	start_anew(k);
	import_is(k, NULL, NULL, APP " linux/arm64\n");
	EXPECT_GREETING(k->store, APP, &arm64, "hello");
	after = resolve(k->store, APP, &arm64);
	assert_true(lkb_sha256_equal(&after->config, &before->config));
}

static void the_order_of_names_changes_nothing(void **state)
{
	struct kit *k = *state;
	const char *const one[] = { "localhost/b:1", "localhost/a:1", "localhost/a:1" };
	const char *const two[] = { "localhost/a:1", "localhost/b:1" };
	const enum lkb_export_format formats[] = { LKB_EXPORT_OCI, LKB_EXPORT_DOCKER };

	put(k->store, "localhost/a:1", &arm64, "a");
	put(k->store, "localhost/b:1", &arm64, "b");
	for (size_t i = 0; i < LKB_ARRAY_SIZE(formats); i++) {
		lkb_autostr x = {0}, y = {0};

		export(k, formats[i], one, 3, NULL, &x);
		export(k, formats[i], two, 2, NULL, &y);
		assert_int_equal(x.len, y.len);
		assert_memory_equal(x.s, y.s, x.len);
	}
}

static void names_of_one_image_are_its_tags(void **state)
{
	struct kit *k = *state;
	const char *const refs[] = { "localhost/b:1", "localhost/a:1" };
	lkb_autostr tar = {0};

	put(k->store, "localhost/a:1", &arm64, "same");
	put(k->store, "localhost/b:1", &arm64, "same");
	export(k, LKB_EXPORT_DOCKER, refs, 2, NULL, &tar);
	write_archive(k, &tar);
	start_anew(k);
	import_is(k, NULL, NULL, "localhost/a:1 linux/arm64\nlocalhost/b:1 linux/arm64\n");
}

/* As a lock pins them: each by its digest, called what it is called. */
static void pinned_images_go_out_under_their_name(void **state)
{
	struct kit *k = *state;
	struct lkb_sha256 a = put(k->store, APP, &arm64, "a"), b = put(k->store, APP, &amd64, "b");
	lkb_autofree char *ra = lkb_format(APP "@sha256:%s", lkb_sha256_text(&a).s);
	lkb_autofree char *rb = lkb_format(APP "@sha256:%s", lkb_sha256_text(&b).s);
	const char *const refs[] = { ra, rb };
	lkb_autostr tar = {0}, docker = {0};

	put(k->store, APP, &arm64, "newer");
	export(k, LKB_EXPORT_OCI, refs, 2, NULL, &tar);
	export(k, LKB_EXPORT_DOCKER, refs, 1, NULL, &docker);
	write_archive(k, &tar);
	start_anew(k);
	import_is(k, NULL, NULL, APP " linux/arm64\n" APP " linux/amd64\n");
	EXPECT_GREETING(k->store, APP, &arm64, "a");
	write_archive(k, &docker);
	start_anew(k);
	import_is(k, NULL, NULL, APP " linux/arm64\n");
}

static void what_cannot_be_exported(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *want = lkb_format("image '" APP "': it is not in the store '%s'",
					     k->store_dir);
	struct lkb_error e;

	e = export_fails(k, LKB_EXPORT_OCI, APP, NULL);
	assert_string_equal(e.message, want);
	assert_int_equal(e.kind, LKB_INPUT);
	put(k->store, APP, &arm64, "a");
	e = export_fails(k, LKB_EXPORT_OCI, APP, &amd64);
	assert_string_equal(e.message, "image '" APP "': nothing in it is for linux/amd64, only for "
				       "linux/arm64");
	put(k->store, APP, &amd64, "b");
	e = export_fails(k, LKB_EXPORT_DOCKER, APP, NULL);
	assert_string_equal(e.message, "image '" APP "': a Docker archive holds it for one "
				       "platform, the store for linux/amd64, linux/arm64");
	assert_string_equal(e.hint, "choose one with --arch");
}

static void a_damaged_blob_does_not_go_out(void **state)
{
	struct kit *k = *state;
	const enum lkb_export_format formats[] = { LKB_EXPORT_OCI, LKB_EXPORT_DOCKER };
	lkb_autofree char *path = NULL;
	lkb_auto(lkb_image) im = NULL;

	put(k->store, APP, &arm64, "a");
	im = resolve(k->store, APP, &arm64);
	path = blob_path(k->store_dir, lkb_sha256_text(&im->layers[0].digest).s);
	damage(path, 40);
	for (size_t i = 0; i < LKB_ARRAY_SIZE(formats); i++) {
		struct lkb_error e = export_fails(k, formats[i], APP, NULL);

		assert_int_equal(e.kind, LKB_TRUST);
		assert_non_null(strstr(e.hint, path));
	}
}

static void a_directory_is_made_whole_or_not_at_all(void **state)
{
	struct kit *k = *state;
	struct lkb_export e = { .format = LKB_EXPORT_OCI, .refs = app, .n_refs = 1 };
	lkb_autofree char *tmp = lkb_format("%s.tmp", k->layout_dir);
	lkb_autofree char *in_the_way = lkb_format("%s/x/out", k->tmp.path);
	lkb_auto(lkb_tree) t = NULL;
	struct lkb_error fault = {0};

	put(k->store, APP, &arm64, "hello");
	OK(lkb_export_tree(k->store, &e, &t, err));
	assert_int_equal(lkb_export_dir(t, in_the_way, &fault), -1);
	assert_int_equal(fault.kind, LKB_IO);
	OK(lkb_export_dir(t, k->layout_dir, err));
	assert_int_equal(access(tmp, F_OK), -1);
	fault = (struct lkb_error){0};
	assert_int_equal(lkb_export_dir(t, k->layout_dir, &fault), -1);
	assert_says(k, &fault, LKB_REFUSED, "'FILE' is there already");
	start_anew(k);
	import_is(k, NULL, NULL, APP " linux/arm64\n");
	EXPECT_GREETING(k->store, APP, &arm64, "hello");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
		T(an_oci_export_comes_in_again),
		T(one_platform_leaves_the_others_alone),
		T(a_docker_export_keeps_the_image_id),
		T(the_order_of_names_changes_nothing),
		T(names_of_one_image_are_its_tags),
		T(pinned_images_go_out_under_their_name),
		T(what_cannot_be_exported),
		T(a_damaged_blob_does_not_go_out),
		T(a_directory_is_made_whole_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
