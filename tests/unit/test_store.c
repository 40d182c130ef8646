/* SPDX-License-Identifier: Apache-2.0 */
#include "test_store_kit.h"

#define APP "localhost/app:1"

/* Files of two trees are the same, as a tar writer sees them. */
static void expect_same_tree(struct lkb_tree *a, struct lkb_tree *b)
{
	lkb_autostr ta = {0}, tb = {0};

	tar_of(a, &ta);
	tar_of(b, &tb);
	assert_int_equal(ta.len, tb.len);
	assert_memory_equal(ta.s, tb.s, ta.len);
}

static void a_stored_tree_comes_back(void **state)
{
	struct kit *k = *state;
	lkb_auto(lkb_tree) t = small_tree("hello");
	lkb_auto(lkb_tree) back = NULL;
	lkb_auto(lkb_image) im = NULL;
	struct lkb_sha256 manifest = put(k->store, APP, &arm64, "hello");

	im = resolve(k->store, APP, &arm64);
	assert_true(lkb_sha256_equal(&im->manifest, &manifest));
	assert_string_equal(im->ref, APP);
	assert_string_equal(im->platform.arch, "arm64");
	assert_int_equal(im->created, 1700000000);
	assert_int_equal(im->n_layers, 1);
	assert_false(im->has_entrypoint);
	assert_string_equal(im->workdir, "");
	OK(lkb_store_image_tree(k->store, im, NULL, &back, err));
	expect_same_tree(t, back);
	assert_string_equal(lkb_tree_lookup(back, "etc/greeting", false)->source, APP);
	no_leftovers(k);
}

static void process_and_labels_come_back(void **state)
{
	struct kit *k = *state;
	lkb_autostrv entrypoint = {0}, cmd = {0}, env = {0}, keys = {0}, values = {0};
	struct lkb_image_new new = { .ref = "app", .platform = amd64, .workdir = "/srv",
				     .entrypoint = &entrypoint, .cmd = &cmd, .env = &env,
				     .label_keys = &keys, .label_values = &values };
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_auto(lkb_image) im = NULL;
	struct lkb_sha256 manifest;

	lkb_strv_add(&entrypoint, "/bin/app");
	lkb_strv_add(&env, "A=1");
	lkb_strv_add(&env, "K=\303\244 \"\\\n");
	lkb_strv_add(&keys, "z");
	lkb_strv_add(&values, "last");
	lkb_strv_add(&keys, "org.mobyproject.config");
	lkb_strv_add(&values, "{\"binds\":[\"/dev:/dev\"]}");
	OK(lkb_store_put_tree(k->store, &new, lkb_tree_root(t), &manifest, err));
	im = resolve(k->store, "docker.io/library/app:latest", &amd64);
	assert_true(im->has_entrypoint);
	assert_string_equal(im->entrypoint.items[0], "/bin/app");
	assert_true(im->has_cmd);
	assert_int_equal(im->cmd.n, 0);
	assert_string_equal(im->env.items[1], "K=\303\244 \"\\\n");
	assert_string_equal(im->workdir, "/srv");
	assert_string_equal(im->label_keys.items[0], "org.mobyproject.config");
	assert_string_equal(lkb_image_label(im, "org.mobyproject.config"),
			    "{\"binds\":[\"/dev:/dev\"]}");
	assert_string_equal(lkb_image_label(im, "z"), "last");
	assert_null(lkb_image_label(im, "y"));
}

static void the_same_tree_is_the_same_image(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *other_dir = lkb_format("%s/other", k->tmp.path);
	lkb_auto(lkb_store) other = NULL;
	struct lkb_sha256 a = put(k->store, APP, &arm64, "hello"), b, c;
	lkb_autofree char *index_a = lkb_format("%s/index.json", k->store_dir);
	lkb_autofree char *index_b = lkb_format("%s/index.json", other_dir);
	lkb_autofree char *text_a = NULL, *text_b = NULL;
	size_t len_a, len_b;

	OK(lkb_store_open(other_dir, &other, err));
	put(other, "localhost/zzz:1", &arm64, "x");
	put(other, APP, &amd64, "hello");
	b = put(other, APP, &arm64, "hello");
	c = put(k->store, APP, &arm64, "hello");
	assert_true(lkb_sha256_equal(&a, &b));
	assert_true(lkb_sha256_equal(&a, &c));
	/* and the store does not tell in which order it was filled */
	put(k->store, APP, &amd64, "hello");
	put(k->store, "localhost/zzz:1", &arm64, "x");
	OK(lkb_read_file(index_a, 1 << 20, &text_a, &len_a, err));
	OK(lkb_read_file(index_b, 1 << 20, &text_b, &len_b, err));
	assert_string_equal(text_a, text_b);
}

static void architectures_share_a_reference(void **state)
{
	struct kit *k = *state;
	lkb_autostr names = {0};

	put(k->store, APP, &arm64, "for arm64");
	put(k->store, APP, &amd64, "for amd64");
	EXPECT_GREETING(k->store, APP, &arm64, "for arm64");
	EXPECT_GREETING(k->store, APP, &amd64, "for amd64");
	put(k->store, APP, &arm64, "newer");
	EXPECT_GREETING(k->store, APP, &arm64, "newer");
	EXPECT_GREETING(k->store, APP, &amd64, "for amd64");
	list_names(k->store, &names);
	assert_string_equal(names.s, APP " linux/amd64\n" APP " linux/arm64\n");
}

static void one_store_has_many_references(void **state)
{
	struct kit *k = *state;
	lkb_autostr names = {0};
	struct lkb_store_list l = {0};

	put(k->store, "localhost/b:1", &arm64, "b");
	put(k->store, "localhost/a:2", &arm64, "a2");
	put(k->store, "localhost/a:1", &arm64, "a1");
	list_names(k->store, &names);
	assert_string_equal(names.s, "localhost/a:1 linux/arm64\nlocalhost/a:2 linux/arm64\n"
				     "localhost/b:1 linux/arm64\n");
	assert_true(lkb_store_has(k->store, "localhost/a:1", &arm64));
	assert_false(lkb_store_has(k->store, "localhost/a:1", &amd64));
	assert_false(lkb_store_has(k->store, "localhost/a:3", &arm64));
	EXPECT_GREETING(k->store, "localhost/a:2", &arm64, "a2");
	OK(lkb_store_ls(k->store, &l, err));
	assert_true(l.items[0].bytes > 200 && l.items[0].bytes < 2000);
	lkb_store_list_clear(&l);
}

static void a_digest_names_an_image_too(void **state)
{
	struct kit *k = *state;
	struct lkb_sha256 manifest = put(k->store, APP, &arm64, "pinned");
	lkb_autofree char *ref = lkb_format(APP "@sha256:%s", lkb_sha256_text(&manifest).s);

	put(k->store, APP, &arm64, "moved on");
	EXPECT_GREETING(k->store, ref, &arm64, "pinned");
	EXPECT_GREETING(k->store, APP, &arm64, "moved on");
}

static void a_store_is_found_again(void **state)
{
	struct kit *k = *state;

	put(k->store, APP, &arm64, "hello");
	lkb_store_free(k->store);
	k->store = NULL;
	OK(lkb_store_open(k->store_dir, &k->store, err));
	EXPECT_GREETING(k->store, APP, &arm64, "hello");
	assert_string_equal(lkb_store_dir(k->store), k->store_dir);
}

/* Second use: no blob is opened and nothing is decompressed, which shows by the blob being gone in
 * the meantime, and nothing is hashed, which shows by contents of the same size and time. */
static void a_layer_is_unpacked_once(void **state)
{
	struct kit *k = *state;
	lkb_auto(lkb_image) im = NULL;
	lkb_auto(lkb_tree) first = NULL;
	lkb_auto(lkb_tree) second = NULL;
	lkb_auto(lkb_tree) third = NULL;
	lkb_autofree char *blob = NULL, *tar = NULL;
	struct timespec times[2];
	struct stat st;
	char byte = 'X';
	int fd;

	put(k->store, APP, &arm64, "hello");
	im = resolve(k->store, APP, &arm64);
	OK(lkb_store_image_tree(k->store, im, NULL, &first, err));
	blob = lkb_format("%s/blobs/sha256/%s", k->store_dir,
			  lkb_sha256_text(&im->layers[0].digest).s);
	assert_int_equal(unlink(blob), 0);
	OK(lkb_store_image_tree(k->store, im, NULL, &second, err));
	expect_same_tree(first, second);

	tar = lkb_format("%s/derived/layer-v1/%s.tar", k->store_dir,
			 lkb_sha256_text(&im->layers[0].diff_id).s);
	assert_int_equal(stat(tar, &st), 0);
	fd = open(tar, O_RDWR);
	assert_int_equal(pwrite(fd, &byte, 1, st.st_size - 1), 1);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
	OK(lkb_store_image_tree(k->store, im, NULL, &third, err));
}

static void a_layer_changed_behind_our_back_is_made_anew(void **state)
{
	struct kit *k = *state;
	lkb_auto(lkb_image) im = NULL;
	lkb_autofree char *tar = NULL, *note = NULL;
	struct stat before, after;
	char byte = 'X';
	int fd;

	put(k->store, APP, &arm64, "hello");
	im = resolve(k->store, APP, &arm64);
	EXPECT_GREETING(k->store, APP, &arm64, "hello");
	tar = lkb_format("%s/derived/layer-v1/%s.tar", k->store_dir,
			 lkb_sha256_text(&im->layers[0].diff_id).s);
	note = lkb_format("%s/derived/layer-v1/%s.ok", k->store_dir,
			  lkb_sha256_text(&im->layers[0].diff_id).s);

	/* the record is lost: hashed once more, not made anew */
	assert_int_equal(stat(tar, &before), 0);
	assert_int_equal(unlink(note), 0);
	EXPECT_GREETING(k->store, APP, &arm64, "hello");
	assert_int_equal(stat(tar, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(access(note, F_OK), 0);

	/* a byte is changed */
	fd = open(tar, O_RDWR);
	assert_int_equal(pwrite(fd, &byte, 1, 600), 1);
	close(fd);
	EXPECT_GREETING(k->store, APP, &arm64, "hello");
	assert_int_equal(stat(tar, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);

	/* it is cut short */
	assert_int_equal(truncate(tar, 100), 0);
	EXPECT_GREETING(k->store, APP, &arm64, "hello");
	no_leftovers(k);
}

/* Nobody waited for the disk when it was made: if the machine stopped since, nothing is sure. */
static void a_layer_of_another_boot_is_hashed(void **state)
{
	struct kit *k = *state;
	lkb_auto(lkb_image) im = NULL;
	lkb_autofree char *tar = NULL, *note = NULL, *text = NULL, *old = NULL;
	struct stat before, after;
	struct timespec times[2];
	char byte = 'X';
	size_t n;
	int fd;

	put(k->store, APP, &arm64, "hello");
	im = resolve(k->store, APP, &arm64);
	EXPECT_GREETING(k->store, APP, &arm64, "hello");
	tar = lkb_format("%s/derived/layer-v1/%s.tar", k->store_dir,
			 lkb_sha256_text(&im->layers[0].diff_id).s);
	note = lkb_format("%s/derived/layer-v1/%s.ok", k->store_dir,
			  lkb_sha256_text(&im->layers[0].diff_id).s);
	OK(lkb_read_file(note, 4096, &text, &n, err));
	if (!strstr(text, "\nboot "))
		skip(); /* the system does not name its boots */

	/* as a power cut may leave it: size and time are there, a block is not */
	old = lkb_format("%.*sboot 00000000-0000-0000-0000-000000000000\n",
			 (int)(strstr(text, "boot ") - text), text);
	OK(lkb_write_file(note, old, strlen(old), 0644, err));
	assert_int_equal(stat(tar, &before), 0);
	fd = open(tar, O_RDWR);
	assert_int_equal(pwrite(fd, &byte, 1, 600), 1);
	times[0] = before.st_atim;
	times[1] = before.st_mtim;
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
	EXPECT_GREETING(k->store, APP, &arm64, "hello");
	assert_int_equal(stat(tar, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);

	/* used again in the same boot it is flushed, and the next boot may trust it */
	EXPECT_GREETING(k->store, APP, &arm64, "hello");
	free(LKB_STEAL(text));
	OK(lkb_read_file(note, 4096, &text, &n, err));
	assert_null(strstr(text, "boot "));
}

static void layers_lie_on_each_other(void **state)
{
	struct kit *k = *state;
	lkb_auto(lkb_tree) lower = small_tree("lower");
	lkb_auto(lkb_tree) upper = lkb_tree_new();
	lkb_auto(lkb_tree) back = NULL;
	lkb_auto(lkb_image) im = NULL;
	lkb_autostr tar0 = {0}, tar1 = {0}, zst = {0};
	lkb_autostrv names = {0};
	lkb_autofree char *note = named("localhost/x:1"), *entry = NULL, *config_desc = NULL;
	lkb_autofree char *plain = NULL, *packed = NULL, *text = NULL, *greeting = NULL;
	struct lkb_sha256 ids[2];
	struct blob layers[2], config, manifest;

	add_text(upper, "etc/greeting", "upper");
	add_text(upper, "etc/.wh.same", "");
	tar_of(lower, &tar0);
	tar_of(upper, &tar1);
	pack(LKB_ZSTD, &tar1, &zst);
	layout_begin(k);
	layers[0] = layout_blob(k, tar0.s, tar0.len);
	layers[1] = layout_blob(k, zst.s, zst.len);
	ids[0] = lkb_sha256(tar0.s, tar0.len);
	ids[1] = lkb_sha256(tar1.s, tar1.len);
	config = layout_config(k, "arm64", ids, 2);
	config_desc = desc(DOCKER("container.image.v1+json"), &config, "");
	plain = desc(DOCKER("image.rootfs.diff.tar"), &layers[0], "");
	packed = desc(DOCKER("image.rootfs.diff.tar.zstd"), &layers[1], "");
	text = lkb_format("{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":%s,"
			  "\"layers\":[%s,%s]}", DOCKER("distribution.manifest.v2+json"),
			  config_desc, plain, packed);
	manifest = layout_text(k, text);
	entry = desc(DOCKER("distribution.manifest.v2+json"), &manifest, note);
	layout_index(k, entry);

	OK(lkb_store_import(k->store, k->layout_dir, NULL, NULL, &names, err));
	im = resolve(k->store, "localhost/x:1", &arm64);
	OK(lkb_store_image_tree(k->store, im, NULL, &back, err));
	greeting = contents(back, "etc/greeting");
	assert_string_equal(greeting, "upper");
	assert_null(lkb_tree_lookup(back, "etc/same", false));
	assert_non_null(lkb_tree_lookup(back, "dev/console", false));
}

/* Of several that run, the one made for the nearest variant; of two alike, the first. */
static void the_nearest_platform_is_taken(void **state)
{
	static const struct {
		const char *variant, *greeting;
	} entries[] = {
		{ "v5", "five" }, { "v6", "six" }, { "v6", "another six" }, { "v8", "eight" },
	};
	struct lkb_platform v5 = { "arm", "v5" }, v7 = { "arm", "v7" }, v8 = { "arm", "v8" };
	struct kit *k = *state;
	lkb_autofree char *name = named(APP), *entry = NULL;
	lkb_autostr text = {0};
	lkb_autostrv names = {0};
	struct blob index;

	layout_begin(k);
	lkb_str_add(&text, "{\"schemaVersion\":2,\"manifests\":[");
	for (size_t i = 0; i < LKB_ARRAY_SIZE(entries); i++) {
		struct blob image = layout_image(k, "arm", entries[i].greeting);
		lkb_autofree char *platform = lkb_format(",\"platform\":{\"os\":\"linux\","
			"\"architecture\":\"arm\",\"variant\":\"%s\"}", entries[i].variant);
		lkb_autofree char *item = desc(MANIFEST, &image, platform);

		lkb_str_addf(&text, "%s%s", i ? "," : "", item);
	}
	lkb_str_add(&text, "]}");
	index = layout_text(k, text.s);
	entry = desc(INDEX, &index, name);
	layout_index(k, entry);
	OK(lkb_store_import(k->store, k->layout_dir, NULL, NULL, &names, err));
	EXPECT_GREETING(k->store, APP, &v5, "five");
	EXPECT_GREETING(k->store, APP, &v7, "six");
	EXPECT_GREETING(k->store, APP, &v8, "eight");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
		T(a_stored_tree_comes_back),
		T(process_and_labels_come_back),
		T(the_same_tree_is_the_same_image),
		T(architectures_share_a_reference),
		T(one_store_has_many_references),
		T(a_digest_names_an_image_too),
		T(a_store_is_found_again),
		T(a_layer_is_unpacked_once),
		T(a_layer_of_another_boot_is_hashed),
		T(a_layer_changed_behind_our_back_is_made_anew),
		T(layers_lie_on_each_other),
		T(the_nearest_platform_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
