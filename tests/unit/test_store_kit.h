/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_TESTS_UNIT_TEST_STORE_KIT_H
#define LKB_TESTS_UNIT_TEST_STORE_KIT_H

/* What the tests of the store share: a store in a directory of its own, small trees, and OCI
 * layouts written by hand, right or wrong in any way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/ext/compress.h"
#include "base/ext/hash.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "rootfs/oci/store.h"
#include "rootfs/tree/tar.h"
#include "rootfs/tree/tree.h"

#define TYPE(x) "application/vnd.oci.image." x
#define DOCKER(x) "application/vnd.docker." x
#define INDEX TYPE("index.v1+json")
#define MANIFEST TYPE("manifest.v1+json")
#define CONFIG TYPE("config.v1+json")
#define TAR TYPE("layer.v1.tar")

/* What most tests want of an import: the names that came in. */
static inline int lkb_store_import(struct lkb_store *s, const char *path, const char *name,
				   struct lkb_ui *ui, struct lkb_strv *names,
				   struct lkb_error *err)
{
	struct lkb_import in = { .path = path, .name = name, .ui = ui };
	struct lkb_imported_list list = {0};

	if (lkb_import(s, &in, &list, err))
		return -1;
	for (size_t i = 0; i < list.n; i++)
		lkb_strv_add(names, list.items[i].ref);
	lkb_imported_clear(&list);
	return 0;
}

struct kit {
	struct lkb_tmpdir tmp;
	char *store_dir, *layout_dir;
	struct lkb_store *store;
};

static const struct lkb_platform arm64 = { .arch = "arm64" };
static const struct lkb_platform amd64 = { .arch = "amd64" };

/* Fails the test with the error's own words. */
#define OK(call) \
	do { \
		struct lkb_error ok_err = {0}, *err = &ok_err; \
		if (call) \
			fail_msg("%s: %s", #call, err->message); \
	} while (0)

static inline int kit_setup(void **state)
{
	struct kit *k = lkb_alloc(sizeof(*k));

	OK(lkb_tmpdir_make(&k->tmp, err));
	k->store_dir = lkb_format("%s/store", k->tmp.path);
	k->layout_dir = lkb_format("%s/layout", k->tmp.path);
	OK(lkb_store_open(k->store_dir, &k->store, err));
	*state = k;
	return 0;
}

static inline int kit_teardown(void **state)
{
	struct kit *k = *state;

	lkb_store_free(k->store);
	lkb_tmpdir_clear(&k->tmp);
	free(k->store_dir);
	free(k->layout_dir);
	free(k);
	return 0;
}

static inline int to_str(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	lkb_str_addn(ctx, p, n);
	return 0;
}

static inline void add_text(struct lkb_tree *t, const char *path, const char *text)
{
	struct lkb_meta m = { .mode = 0644, .mtime = 5 };

	OK(lkb_tree_add_text(t, path, &m, text, strlen(text), err));
}

/* One of everything. */
static inline struct lkb_tree *small_tree(const char *greeting)
{
	struct lkb_tree *t = lkb_tree_new();
	struct lkb_meta dir = { .mode = 01777, .mtime = 7 }, link = { .mode = 0777 };
	struct lkb_meta device = { .mode = 0600, .gid = 5 };

	add_text(t, "etc/greeting", greeting);
	OK(lkb_tree_add_dir(t, "tmp", &dir, NULL, err));
	OK(lkb_tree_add_symlink(t, "bin", &link, "usr/bin", NULL, err));
	OK(lkb_tree_add_link(t, "etc/same", "etc/greeting", err));
	OK(lkb_tree_add_special(t, "dev/console", &device, LKB_NODE_CHAR, 5, 1, NULL, err));
	lkb_tree_set_xattr(t, lkb_tree_lookup(t, "etc/greeting", false), "user.note", "\1\0\2", 3);
	return t;
}

static inline void tar_of(const struct lkb_tree *t, struct lkb_str *ret)
{
	OK(lkb_tar_write(lkb_tree_root((struct lkb_tree *)t), 1000, to_str, ret, err));
}

static inline void pack(enum lkb_compression c, const struct lkb_str *in, struct lkb_str *ret)
{
	lkb_auto(lkb_deflate) z = lkb_deflate_new(c, 3, to_str, ret);

	OK(lkb_deflate_feed(z, in->s, in->len, err));
	OK(lkb_deflate_end(z, err));
}

/* The contents of a file of a tree; the caller frees them. "" if there is none. */
static inline char *contents(struct lkb_tree *t, const char *path)
{
	struct lkb_inode *inode = lkb_tree_lookup(t, path, true);
	char *text;
	size_t len;

	if (!inode || inode->type != LKB_NODE_FILE)
		return lkb_strdup("");
	OK(lkb_data_read_all(&inode->data, 1 << 20, &text, &len, err));
	return text;
}

/* Layouts by hand. */

static inline void layout_begin(const struct kit *k)
{
	lkb_autofree char *blobs = lkb_format("%s/blobs/sha256", k->layout_dir);
	lkb_autofree char *frame = lkb_format("%s/oci-layout", k->layout_dir);

	OK(lkb_mkdir_p(blobs, err));
	OK(lkb_write_file(frame, "{\"imageLayoutVersion\":\"1.0.0\"}", 30, 0644, err));
}

struct blob {
	struct lkb_sha256 digest;
	char hex[65];
	size_t size;
};

static inline struct blob layout_blob(const struct kit *k, const void *p, size_t n)
{
	struct blob b = { .digest = lkb_sha256(p, n), .size = n };
	lkb_autofree char *path = NULL;

	memcpy(b.hex, lkb_sha256_text(&b.digest).s, 65);
	path = lkb_format("%s/blobs/sha256/%s", k->layout_dir, b.hex);
	OK(lkb_write_file(path, p, n, 0644, err));
	return b;
}

static inline struct blob layout_text(const struct kit *k, const char *text)
{
	return layout_blob(k, text, strlen(text));
}

/* {"mediaType":...,"digest":...,"size":...EXTRA} */
static inline char *desc(const char *type, const struct blob *b, const char *extra)
{
	return lkb_format("{\"mediaType\":\"%s\",\"digest\":\"sha256:%s\",\"size\":%zu%s}", type,
			  b->hex, b->size, extra);
}

static inline struct blob layout_config(const struct kit *k, const char *arch,
					const struct lkb_sha256 *diff_ids, size_t n)
{
	lkb_autostr s = {0};

	lkb_str_addf(&s, "{\"architecture\":\"%s\",\"os\":\"linux\",\"config\":{\"Cmd\":null,"
		     "\"Labels\":{\"b\":\"2\",\"a\":\"1\"},\"Env\":[\"PATH=/bin\"]},"
		     "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[", arch);
	for (size_t i = 0; i < n; i++)
		lkb_str_addf(&s, "%s\"sha256:%s\"", i ? "," : "",
			     lkb_sha256_text(&diff_ids[i]).s);
	lkb_str_add(&s, "]}}");
	return layout_text(k, s.s);
}

static inline struct blob layout_manifest(const struct kit *k, const struct blob *config,
					  const char *layer_type, const struct blob *layers,
					  size_t n)
{
	lkb_autofree char *config_desc = desc(CONFIG, config, "");
	lkb_autostr s = {0};

	lkb_str_addf(&s, "{\"schemaVersion\":2,\"config\":%s,\"layers\":[", config_desc);
	for (size_t i = 0; i < n; i++) {
		lkb_autofree char *layer = desc(layer_type, &layers[i], "");

		lkb_str_addf(&s, "%s%s", i ? "," : "", layer);
	}
	lkb_str_add(&s, "]}");
	return layout_text(k, s.s);
}

/* index.json with the entries, which are joined with commas. */
static inline void layout_index(const struct kit *k, const char *entries)
{
	lkb_autofree char *path = lkb_format("%s/index.json", k->layout_dir);
	lkb_autofree char *text = lkb_format("{\"schemaVersion\":2,\"manifests\":[%s]}", entries);

	OK(lkb_write_file(path, text, strlen(text), 0644, err));
}

static inline char *named(const char *name)
{
	return lkb_format(",\"annotations\":{\"org.opencontainers.image.ref.name\":\"%s\"}", name);
}

/* A one-layer image, complete; what it is called is up to the index. */
static inline struct blob layout_image(const struct kit *k, const char *arch, const char *greeting)
{
	lkb_auto(lkb_tree) t = small_tree(greeting);
	lkb_autostr tar = {0}, gzip = {0};
	struct lkb_sha256 diff_id;
	struct blob layer, config;

	tar_of(t, &tar);
	pack(LKB_GZIP, &tar, &gzip);
	diff_id = lkb_sha256(tar.s, tar.len);
	layer = layout_blob(k, gzip.s, gzip.len);
	config = layout_config(k, arch, &diff_id, 1);
	return layout_manifest(k, &config, TAR "+gzip", &layer, 1);
}

/* The same, as the only image of the layout, named. */
static inline struct blob layout_simple(const struct kit *k, const char *name, const char *arch,
					const char *greeting)
{
	struct blob manifest;
	lkb_autofree char *name_json = named(name);
	lkb_autofree char *entry = NULL;

	layout_begin(k);
	manifest = layout_image(k, arch, greeting);
	entry = desc(MANIFEST, &manifest, name_json);
	layout_index(k, entry);
	return manifest;
}

/* Stores a small tree under a reference. */
static inline struct lkb_sha256 put(struct lkb_store *s, const char *ref,
				    const struct lkb_platform *platform, const char *greeting)
{
	lkb_auto(lkb_tree) t = small_tree(greeting);
	struct lkb_image_new im = { .ref = ref, .platform = *platform, .created = 1700000000 };
	struct lkb_sha256 manifest;

	OK(lkb_store_put_tree(s, &im, lkb_tree_root(t), &manifest, err));
	return manifest;
}

static inline struct lkb_image *resolve(struct lkb_store *s, const char *ref,
					const struct lkb_platform *platform)
{
	struct lkb_image *im = NULL;

	OK(lkb_store_resolve(s, ref, platform, &im, err));
	return im;
}

/* What the image's etc/greeting says; the caller frees it. */
static inline char *greeting_of(struct lkb_store *s, const char *ref,
				const struct lkb_platform *platform)
{
	lkb_auto(lkb_image) im = resolve(s, ref, platform);
	lkb_auto(lkb_tree) t = NULL;

	OK(lkb_store_image_tree(s, im, NULL, &t, err));
	return contents(t, "etc/greeting");
}

#define EXPECT_GREETING(s, ref, platform, text) \
	do { \
		lkb_autofree char *greeting_ = greeting_of(s, ref, platform); \
		assert_string_equal(greeting_, text); \
	} while (0)

/* One line an image: "REF PLATFORM", in order. */
static inline void list_names(struct lkb_store *s, struct lkb_str *ret)
{
	struct lkb_store_list l = {0};

	OK(lkb_store_ls(s, &l, err));
	for (size_t i = 0; i < l.n; i++)
		lkb_str_addf(ret, "%s %s\n", l.items[i].ref,
			     lkb_platform_text(&l.items[i].platform).s);
	lkb_store_list_clear(&l);
}

static inline size_t count_files(const char *dir)
{
	lkb_autostr out = {0};
	const char *argv[] = { "find", dir, "-type", "f", NULL };
	struct lkb_proc p = { .argv = argv };
	size_t n = 0;

	OK(lkb_proc_run(&p, &out, err));
	for (size_t i = 0; i < out.len; i++)
		n += out.s[i] == '\n';
	return n;
}

static inline void no_leftovers(const struct kit *k)
{
	lkb_autofree char *tmp = lkb_format("%s/tmp", k->store_dir);

	assert_int_equal(count_files(tmp), 0);
}

/* The parts of an image on their way into a layout. A fault is made between two of them. */
struct parts {
	struct lkb_str tar, packed;
	struct lkb_sha256 diff_id;
	struct blob layer, config, manifest;
};

static inline void parts_clear(struct parts *p)
{
	lkb_str_clear(&p->tar);
	lkb_str_clear(&p->packed);
}
#define autoparts __attribute__((cleanup(parts_clear))) struct parts

static inline void make_layer(struct kit *k, struct parts *p, enum lkb_compression c)
{
	lkb_auto(lkb_tree) t = small_tree("hello");

	layout_begin(k);
	tar_of(t, &p->tar);
	pack(c, &p->tar, &p->packed);
	p->diff_id = lkb_sha256(p->tar.s, p->tar.len);
	p->layer = layout_blob(k, p->packed.s, p->packed.len);
}

static inline void make_rest(struct kit *k, struct parts *p)
{
	lkb_autofree char *entry = NULL;

	p->config = layout_config(k, "arm64", &p->diff_id, 1);
	p->manifest = layout_manifest(k, &p->config, TAR "+gzip", &p->layer, 1);
	entry = desc(MANIFEST, &p->manifest, "");
	layout_index(k, entry);
}

static inline char *blob_path(const char *dir, const char *hex)
{
	return lkb_format("%s/blobs/sha256/%s", dir, hex);
}

/* Changes one byte of a file and keeps its size. */
static inline void damage(const char *path, off_t at)
{
	int fd = open(path, O_RDWR);
	char byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static inline char *digest_of(const char *path)
{
	lkb_autofree char *text = NULL;
	struct lkb_sha256 d;
	size_t len;

	OK(lkb_read_file(path, 1 << 24, &text, &len, err));
	d = lkb_sha256(text, len);
	return lkb_strdup(lkb_sha256_text(&d).s);
}

#endif
