/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_TESTS_UNIT_TEST_ARCHIVE_KIT_H
#define LKB_TESTS_UNIT_TEST_ARCHIVE_KIT_H

/* Archives of images written by hand, block by block, right or wrong in any way. */
#include "test_store_kit.h"

#define APP "localhost/app:1"

/* One entry: a header and its payload. `size` is what the header claims. */
static inline void tar_raw(struct lkb_str *tar, char type, const char *name, const char *link,
			   uint64_t size, const void *p, size_t n)
{
	static const char zeros[512];
	unsigned char h[512] = {0};
	unsigned sum = 0;

	snprintf((char *)h, 101, "%s", name);
	memcpy(h + 100, "0000644\0" "0000000\0" "0000000\0", 24);
	for (int i = 134; i >= 124; i--, size >>= 3)
		h[i] = (unsigned char)('0' + (size & 7));
	memcpy(h + 136, "00000000000\0        ", 20);
	h[156] = (unsigned char)type;
	snprintf((char *)h + 157, 101, "%s", link);
	memcpy(h + 257, "ustar\0" "00", 8);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += h[i];
	snprintf((char *)h + 148, 8, "%06o", sum);
	lkb_str_addn(tar, h, sizeof(h));
	if (n)
		lkb_str_addn(tar, p, n);
	lkb_str_addn(tar, zeros, -n & 511);
}

static inline void tar_file(struct lkb_str *tar, const char *name, const void *p, size_t n)
{
	tar_raw(tar, '0', name, "", n, p, n);
}

static inline void tar_text(struct lkb_str *tar, const char *name, const char *text)
{
	tar_file(tar, name, text, strlen(text));
}

static inline void tar_link(struct lkb_str *tar, char type, const char *name, const char *target)
{
	tar_raw(tar, type, name, target, 0, NULL, 0);
}

static inline void tar_end(struct lkb_str *tar)
{
	static const char zeros[1024];

	lkb_str_addn(tar, zeros, sizeof(zeros));
}

/* The parts of an image, in memory. */
struct image_parts {
	struct lkb_str tar, packed; /* the layer, plain and as it is stored */
	struct lkb_sha256 diff_id;
	char *config;
	char config_name[80], layer_name[80]; /* HEX.json, HEX.tar */
};

static inline void image_parts_clear(struct image_parts *p)
{
	lkb_str_clear(&p->tar);
	lkb_str_clear(&p->packed);
	free(p->config);
}
#define autoimage __attribute__((cleanup(image_parts_clear))) struct image_parts

static inline char *config_text(const char *arch, const struct lkb_sha256 *diff_id)
{
	return lkb_format("{\"architecture\":\"%s\",\"os\":\"linux\",\"config\":{\"Labels\":"
			  "{\"a\":\"1\"}},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":"
			  "[\"sha256:%s\"]}}", arch, lkb_sha256_text(diff_id).s);
}

static inline void image_make(struct image_parts *p, const char *arch, const char *greeting,
			      enum lkb_compression c)
{
	lkb_auto(lkb_tree) t = small_tree(greeting);
	struct lkb_sha256 d;

	tar_of(t, &p->tar);
	if (c == LKB_PLAIN)
		lkb_str_addn(&p->packed, p->tar.s, p->tar.len);
	else
		pack(c, &p->tar, &p->packed);
	p->diff_id = lkb_sha256(p->tar.s, p->tar.len);
	p->config = config_text(arch, &p->diff_id);
	d = lkb_sha256(p->config, strlen(p->config));
	snprintf(p->config_name, sizeof(p->config_name), "%s.json", lkb_sha256_text(&d).s);
	d = lkb_sha256(p->packed.s, p->packed.len);
	snprintf(p->layer_name, sizeof(p->layer_name), "%s.tar", lkb_sha256_text(&d).s);
}

/* {"Config":...,"RepoTags":TAGS,"Layers":["LAYER"]} */
static inline char *docker_item(const struct image_parts *p, const char *tags, const char *layer)
{
	return lkb_format("{\"Config\":\"%s\",\"RepoTags\":%s,\"Layers\":[\"%s\"]}",
			  p->config_name, tags, layer ? layer : p->layer_name);
}

static inline void docker_manifest(struct lkb_str *tar, const char *items)
{
	lkb_autofree char *text = lkb_format("[%s]", items);

	tar_text(tar, "manifest.json", text);
}

static inline void docker_parts(struct lkb_str *tar, const struct image_parts *p)
{
	tar_file(tar, p->layer_name, p->packed.s, p->packed.len);
	tar_text(tar, p->config_name, p->config);
}

/* A whole archive of one image, as skopeo writes it. */
static inline void docker_archive(struct lkb_str *tar, const struct image_parts *p,
				  const char *tags)
{
	lkb_autofree char *item = docker_item(p, tags, NULL);

	docker_parts(tar, p);
	docker_manifest(tar, item);
	tar_end(tar);
}

/* Blobs of one image under names of digests, and its manifest's digest and size in *ret. */
static inline void oci_parts(struct lkb_str *tar, const struct image_parts *p, const char *type,
			     struct blob *ret)
{
	struct blob layer = { .digest = lkb_sha256(p->packed.s, p->packed.len),
			      .size = p->packed.len };
	struct blob config = { .digest = lkb_sha256(p->config, strlen(p->config)),
			       .size = strlen(p->config) };
	lkb_autofree char *c = NULL, *l = NULL, *m = NULL, *name = NULL;

	memcpy(layer.hex, lkb_sha256_text(&layer.digest).s, 65);
	memcpy(config.hex, lkb_sha256_text(&config.digest).s, 65);
	c = desc(CONFIG, &config, "");
	l = desc(type, &layer, "");
	m = lkb_format("{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", c, l);
	ret->digest = lkb_sha256(m, strlen(m));
	ret->size = strlen(m);
	memcpy(ret->hex, lkb_sha256_text(&ret->digest).s, 65);
	name = lkb_format("./blobs/sha256/%s", layer.hex);
	tar_file(tar, name, p->packed.s, p->packed.len);
	snprintf(name, strlen(name) + 1, "./blobs/sha256/%s", config.hex);
	tar_text(tar, name, p->config);
	snprintf(name, strlen(name) + 1, "./blobs/sha256/%s", ret->hex);
	tar_text(tar, name, m);
}

static inline void oci_index(struct lkb_str *tar, const char *entries)
{
	lkb_autofree char *text = lkb_format("{\"schemaVersion\":2,\"manifests\":[%s]}", entries);

	tar_text(tar, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
	tar_text(tar, "index.json", text);
}

/* Writes the archive beside the kit's store: k->layout_dir is its path. */
static inline void write_archive(struct kit *k, const struct lkb_str *tar)
{
	OK(lkb_write_file(k->layout_dir, lkb_str_get(tar), tar->len, 0644, err));
}

/* "REF PLATFORMS" a line of what came in. */
static inline void import_is(struct kit *k, const char *name, const char *only, const char *want)
{
	struct lkb_import in = { .path = k->layout_dir, .name = name, .only = &only,
				 .n_only = only ? 1 : 0 };
	struct lkb_imported_list list = {0};
	lkb_autostr got = {0};

	OK(lkb_import(k->store, &in, &list, err));
	for (size_t i = 0; i < list.n; i++)
		lkb_str_addf(&got, "%s %s\n", list.items[i].ref, list.items[i].platforms);
	assert_string_equal(lkb_str_get(&got), want);
	lkb_imported_clear(&list);
	no_leftovers(k);
}

/* Whatever fails leaves the store as it was: no name, no blob, no temporary. */
static inline struct lkb_error import_fails(struct kit *k, const char *name, const char *only)
{
	struct lkb_import in = { .path = k->layout_dir, .name = name, .only = &only,
				 .n_only = only ? 1 : 0 };
	struct lkb_imported_list list = {0};
	struct lkb_error err = {0};
	lkb_autostr before = {0}, after = {0};
	size_t files = count_files(k->store_dir);

	list_names(k->store, &before);
	if (!lkb_import(k->store, &in, &list, &err))
		fail_msg("the import succeeded");
	assert_int_equal(list.n, 0);
	list_names(k->store, &after);
	assert_string_equal(lkb_str_get(&after), lkb_str_get(&before));
	assert_int_equal(count_files(k->store_dir), files);
	no_leftovers(k);
	return err;
}

/* The message with what differs from run to run taken out: FILE is the archive. */
static inline void assert_says(struct kit *k, const struct lkb_error *e, enum lkb_error_kind kind,
			       const char *want)
{
	lkb_autostr got = {0};
	const char *p = e->message, *at;

	while ((at = strstr(p, k->layout_dir))) {
		lkb_str_addn(&got, p, (size_t)(at - p));
		lkb_str_add(&got, "FILE");
		p = at + strlen(k->layout_dir);
	}
	lkb_str_add(&got, p);
	assert_string_equal(lkb_str_get(&got), want);
	assert_int_equal(e->kind, kind);
}

#define EXPECT_FAIL(k, name, kind, want) \
	do { \
		struct lkb_error e_ = import_fails(k, name, NULL); \
		assert_says(k, &e_, kind, want); \
	} while (0)

#endif
