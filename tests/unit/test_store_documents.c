/* SPDX-License-Identifier: Apache-2.0 */
/* The documents of a stored image to the byte: their digests are in lock files and build records,
 * so nobody may change them by accident. */
#include "test_store_kit.h"

#define APP "localhost/app:1"

struct written {
	char *top, *index, *manifest, *config;
	char index_hex[65], manifest_hex[65], config_hex[65], layer_hex[65];
	struct lkb_str tar, zst; /* the layer made from its parts */
};

static void clear(struct written *w)
{
	free(w->top);
	free(w->index);
	free(w->manifest);
	free(w->config);
	lkb_str_clear(&w->tar);
	lkb_str_clear(&w->zst);
}

static char *blob_text(const struct kit *k, const char *hex)
{
	lkb_autofree char *path = lkb_format("%s/blobs/sha256/%s", k->store_dir, hex);
	char *text;
	size_t len;

	OK(lkb_read_file(path, 1 << 20, &text, &len, err));
	return text;
}

/* The 64 digits behind the n-th "sha256:" of a text. */
static void digest_in(const char *text, int n, char ret[65])
{
	for (; n >= 0; n--)
		text = strstr(text, "sha256:") + 7;
	memcpy(ret, text, 64);
	ret[64] = '\0';
}

/* Stores an empty tree with one of everything in its config, and follows the digests. */
static void write_image(const struct kit *k, struct written *w)
{
	lkb_autostrv cmd = {0}, keys = {0}, values = {0};
	struct lkb_image_new new = { .ref = APP, .platform = { "aarch64", "v8.2" }, .cmd = &cmd,
				     .created = 1, .label_keys = &keys, .label_values = &values };
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_autofree char *path = lkb_format("%s/index.json", k->store_dir);
	struct lkb_sha256 digest;
	size_t len;

	lkb_strv_add(&cmd, "sh");
	lkb_strv_add(&keys, "b");
	lkb_strv_add(&values, "/2");
	lkb_strv_add(&keys, "a");
	lkb_strv_add(&values, "1");
	OK(lkb_store_put_tree(k->store, &new, lkb_tree_root(t), &digest, err));
	OK(lkb_read_file(path, 1 << 20, &w->top, &len, err));
	digest_in(w->top, 0, w->index_hex);
	w->index = blob_text(k, w->index_hex);
	digest_in(w->index, 0, w->manifest_hex);
	assert_string_equal(w->manifest_hex, lkb_sha256_text(&digest).s);
	w->manifest = blob_text(k, w->manifest_hex);
	digest_in(w->manifest, 0, w->config_hex);
	digest_in(w->manifest, 1, w->layer_hex);
	w->config = blob_text(k, w->config_hex);
	OK(lkb_tar_write(lkb_tree_root(t), 1, to_str, &w->tar, err));
	pack(LKB_ZSTD, &w->tar, &w->zst);
}

static void expect_indexes(const struct written *w)
{
	lkb_autofree char *top = lkb_format("{\"manifests\":[{\"annotations\":{"
		"\"org.opencontainers.image.ref.name\":\"" APP "\"},\"digest\":\"sha256:%s\","
		"\"mediaType\":\"" INDEX "\",\"size\":%zu}],\"mediaType\":\"" INDEX "\","
		"\"schemaVersion\":2}", w->index_hex, strlen(w->index));
	lkb_autofree char *index = lkb_format("{\"manifests\":[{\"digest\":\"sha256:%s\","
		"\"mediaType\":\"" MANIFEST "\",\"platform\":{\"architecture\":\"arm64\","
		"\"os\":\"linux\",\"variant\":\"v8.2\"},\"size\":%zu}],\"mediaType\":\"" INDEX
		"\",\"schemaVersion\":2}", w->manifest_hex, strlen(w->manifest));

	assert_string_equal(w->top, top);
	assert_string_equal(w->index, index);
}

static void expect_manifest(const struct written *w)
{
	lkb_autofree char *manifest = lkb_format("{\"config\":{\"digest\":\"sha256:%s\","
		"\"mediaType\":\"" CONFIG "\",\"size\":%zu},\"layers\":[{\"digest\":\"sha256:%s\","
		"\"mediaType\":\"" TAR "+zstd\",\"size\":%zu}],\"mediaType\":\"" MANIFEST "\","
		"\"schemaVersion\":2}", w->config_hex, strlen(w->config), w->layer_hex, w->zst.len);
	struct lkb_sha256 layer = lkb_sha256(w->zst.s, w->zst.len);

	assert_string_equal(w->manifest, manifest);
	assert_string_equal(w->layer_hex, lkb_sha256_text(&layer).s);
}

static void expect_config(const struct written *w)
{
	struct lkb_sha256 diff_id = lkb_sha256(w->tar.s, w->tar.len);
	lkb_autofree char *config = lkb_format("{\"architecture\":\"arm64\",\"config\":{"
		"\"Cmd\":[\"sh\"],\"Labels\":{\"a\":\"1\",\"b\":\"/2\"}},"
		"\"created\":\"1970-01-01T00:00:01Z\",\"os\":\"linux\",\"rootfs\":{\"diff_ids\":["
		"\"sha256:%s\"],\"type\":\"layers\"},\"variant\":\"v8.2\"}",
		lkb_sha256_text(&diff_id).s);

	assert_string_equal(w->config, config);
}

static void documents_are_compact_and_sorted(void **state)
{
	__attribute__((cleanup(clear))) struct written w = {0};

	write_image(*state, &w);
	expect_indexes(&w);
	expect_manifest(&w);
	expect_config(&w);
}

static void an_empty_store_is_a_layout(void **state)
{
	const struct kit *k = *state;
	lkb_autofree char *frame = lkb_format("%s/oci-layout", k->store_dir);
	lkb_autofree char *index = lkb_format("%s/index.json", k->store_dir);
	lkb_autofree char *frame_text = NULL, *index_text = NULL;
	size_t len;

	OK(lkb_read_file(frame, 100, &frame_text, &len, err));
	OK(lkb_read_file(index, 1000, &index_text, &len, err));
	assert_string_equal(frame_text, "{\"imageLayoutVersion\":\"1.0.0\"}");
	assert_string_equal(index_text, "{\"manifests\":[],\"mediaType\":\"" INDEX
			    "\",\"schemaVersion\":2}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
		T(documents_are_compact_and_sorted),
		T(an_empty_store_is_a_layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
