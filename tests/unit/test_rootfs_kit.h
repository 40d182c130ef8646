/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_TESTS_UNIT_TEST_ROOTFS_KIT_H
#define LKB_TESTS_UNIT_TEST_ROOTFS_KIT_H

/* What the tests of rootfs/ share: a store of its own for each test, images written as lists of
 * entries, and trees written as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "rootfs/rootfs.h"
#include "rootfs/tree/tar.h"

#define EPOCH 1700000000
#define IMAGE_TIME 1500000000

struct kit {
	struct lkb_tmpdir tmp;
	struct lkb_store *store;
	const char *arch; /* that of the board; images are all for arm64 */
	const char *ucode; /* that of the board */
	bool settings; /* the board's cards have a settings.env */
};

static const struct lkb_platform arm64 = { .arch = "arm64" };

/* Fails the test with the error's own words. */
#define OK(call) \
	do { \
		struct lkb_error ok_err = { 0 }, *err = &ok_err; \
		if ((call) < 0) \
			fail_msg("%s: %s", #call, err->message); \
	} while (0)

static inline int kit_setup(void **state)
{
	struct kit *k = lkb_alloc(sizeof(*k));
	lkb_autofree char *dir = NULL;

	OK(lkb_tmpdir_make(&k->tmp, err));
	dir = lkb_format("%s/store", k->tmp.path);
	OK(lkb_store_open(dir, &k->store, err));
	k->arch = "arm64";
	*state = k;
	return 0;
}

static inline int kit_teardown(void **state)
{
	struct kit *k = *state;

	lkb_store_free(k->store);
	lkb_tmpdir_clear(&k->tmp);
	free(k);
	return 0;
}

/* One line is one entry: "d MODE PATH" a directory, "f MODE PATH [TEXT]" a file, "l PATH TARGET" a
 * symbolic link, "h PATH FIRST-NAME" a hard link. MODE may have an owner: 0755:1000. */
static inline void add_line(struct lkb_tree *t, const char *line)
{
	char words[4][256] = { "", "", "", "" };
	struct lkb_meta m = { .mtime = IMAGE_TIME };
	char *owner;

	sscanf(line, "%255s %255s %255s %255s", words[0], words[1], words[2], words[3]);
	m.mode = (uint32_t)strtoul(words[1], &owner, 8);
	m.uid = m.gid = *owner == ':' ? (uint32_t)strtoul(owner + 1, NULL, 10) : 0;
	if (words[0][0] == 'd')
		OK(lkb_tree_add_dir(t, words[2], &m, NULL, err));
	else if (words[0][0] == 'f')
		OK(lkb_tree_add_text(t, words[2], &m, words[3], strlen(words[3]), err));
	else if (words[0][0] == 'h')
		OK(lkb_tree_add_link(t, words[1], words[2], err));
	else
		OK(lkb_tree_add_symlink(t, words[1],
					&(struct lkb_meta){ .mode = 0777, .mtime = IMAGE_TIME },
					words[2], NULL, err));
}

static inline struct lkb_tree *make_tree(const char *lines)
{
	struct lkb_tree *t = lkb_tree_new();

	lkb_tree_set_default_mtime(t, IMAGE_TIME);
	while (*lines) {
		lkb_autofree char *line = lkb_strndup(lines, strcspn(lines, "\n"));

		add_line(t, line);
		lines += strlen(line) + 1;
	}
	return t;
}

static inline void put_tree_for(struct kit *k, const char *ref, const struct lkb_platform *platform,
				struct lkb_tree *t, const char *label)
{
	lkb_autostrv entrypoint = { 0 }, keys = { 0 }, values = { 0 };
	const struct lkb_image_new new = { .ref = ref, .platform = *platform, .created = EPOCH,
					   .entrypoint = &entrypoint, .label_keys = &keys,
					   .label_values = &values };
	struct lkb_sha256 manifest;

	lkb_strv_add(&entrypoint, "/bin/app");
	if (label) {
		lkb_strv_add(&keys, "org.mobyproject.config");
		lkb_strv_add(&values, label);
	}
	OK(lkb_store_put_tree(k->store, &new, lkb_tree_root(t), &manifest, err));
}

static inline void put_tree(struct kit *k, const char *ref, struct lkb_tree *t, const char *label)
{
	put_tree_for(k, ref, &arm64, t, label);
}

/* An image for another architecture than the board's. */
static inline void put_for(struct kit *k, const char *ref, const char *arch, const char *lines)
{
	struct lkb_platform platform = { 0 };
	lkb_auto(lkb_tree) t = make_tree(lines);

	assert_true(lkb_platform_set(&platform, arch, NULL));
	put_tree_for(k, ref, &platform, t, NULL);
}

/* `lines` all end with a line break. */
static inline void put(struct kit *k, const char *ref, const char *label, const char *lines)
{
	lkb_auto(lkb_tree) t = make_tree(lines);

	put_tree(k, ref, t, label);
}

/* A small program image. */
static inline void put_app(struct kit *k, const char *ref, const char *label)
{
	put(k, ref, label, "d 0755 bin\n"
			   "f 0755 bin/app program\n");
}

static inline struct lkb_spec *parse(const char *yaml)
{
	struct lkb_spec *spec = NULL;
	lkb_autodiags diags = { 0 };

	OK(lkb_spec_parse(yaml, strlen(yaml), "test.yml", &spec, &diags, err));
	return spec;
}

/* Resolves all images of the spec and builds. */
static inline int build(struct kit *k, const struct lkb_spec *spec, struct lkb_rootfs *ret,
			struct lkb_error *why)
{
	const struct lkb_rootfs_env env = { .name = "test", .board = "rpi3", .version = "1",
					    .hostname = "box", .epoch = EPOCH, .arch = k->arch,
					    .ucode = k->ucode, .settings = k->settings };
	struct lkb_rootfs_images images = { 0 };
	struct lkb_rootfs_wants wants = { 0 };
	lkb_autostrv refs = { 0 };
	int r;

	lkb_rootfs_refs(spec, &refs);
	OK(lkb_rootfs_wants(spec, &wants, err));
	images.items = lkb_alloc_array(refs.n + wants.n + 1, sizeof(*images.items));
	for (size_t i = 0; i < refs.n; i++)
		OK(lkb_store_resolve(k->store, refs.items[i], &arm64, &images.items[images.n++],
				     err));
	for (size_t i = 0; i < wants.n; i++)
		OK(lkb_store_resolve(k->store, wants.items[i].ref, &wants.items[i].platform,
				     &images.items[images.n++], err));
	lkb_rootfs_wants_clear(&wants);
	r = lkb_rootfs_build(spec, k->store, &images, &env, NULL, ret, why);
	for (size_t i = 0; i < images.n; i++)
		lkb_image_free(images.items[i]);
	free(images.items);
	return r;
}

static inline void build_ok(struct kit *k, const char *yaml, struct lkb_rootfs *ret)
{
	lkb_auto(lkb_spec) spec = parse(yaml);

	OK(build(k, spec, ret, err));
}

#define lkb_autorootfs __attribute__((cleanup(lkb_rootfs_clear))) struct lkb_rootfs

/* TYPE MODE UID:GID PATH [-> TARGET | == FIRST NAME | N bytes] [+XATTR] <SOURCE> */
static inline void list_item(struct lkb_str *s, const struct lkb_tree_item *item)
{
	static const char types[] = "dflcbp";
	const struct lkb_inode *n = item->inode;

	lkb_str_addf(s, "%c %04o %u:%u /%s", types[n->type], n->meta.mode, n->meta.uid,
		     n->meta.gid, item->path);
	if (!item->first)
		lkb_str_addf(s, " == /%s", item->first_path);
	else if (n->type == LKB_NODE_SYMLINK)
		lkb_str_addf(s, " -> %s", n->target);
	else if (n->type == LKB_NODE_FILE)
		lkb_str_addf(s, " %llu bytes", (unsigned long long)n->data.len);
	for (size_t i = 0; i < n->n_xattrs; i++)
		lkb_str_addf(s, " +%s", n->xattrs[i].name);
	lkb_str_addf(s, " <%s>\n", n->source ? n->source : "");
}

static inline void list_tree(struct lkb_str *s, struct lkb_tree *t)
{
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(lkb_tree_root(t));
	struct lkb_tree_item item;

	while (lkb_tree_iter_next(it, &item))
		list_item(s, &item);
}

/* The contents of a file; the caller frees them. (Inlined, gcc 12 warns that the result points to
 * a local, which it does not.) */
static __attribute__((noinline, unused)) char *contents(struct lkb_tree *t, const char *path)
{
	const struct lkb_inode *n = lkb_tree_lookup(t, path, true);
	char *text = NULL;
	size_t len;

	if (!n || n->type != LKB_NODE_FILE)
		fail_msg("there is no file '%s'", path);
	OK(lkb_data_read_all(&n->data, 1 << 20, &text, &len, err));
	return text;
}

static inline void expect_contents(struct lkb_tree *t, const char *path, const char *text)
{
	lkb_autofree char *is = contents(t, path);

	assert_string_equal(is, text);
}

static inline void expect_has(struct lkb_tree *t, const char *path, const char *text)
{
	lkb_autofree char *is = contents(t, path);

	if (!strstr(is, text))
		fail_msg("'%s' is not in %s:\n%s", text, path, is);
}

static inline const struct lkb_inode *node(struct lkb_tree *t, const char *path)
{
	const struct lkb_inode *n = lkb_tree_lookup(t, path, false);

	if (!n)
		fail_msg("there is no '%s'", path);
	return n;
}

static inline void expect_gone(struct lkb_tree *t, const char *path)
{
	if (lkb_tree_lookup(t, path, false))
		fail_msg("'%s' should not be there", path);
}

static inline void expect_type(struct lkb_tree *t, const char *path, enum lkb_node_type type)
{
	if (node(t, path)->type != type)
		fail_msg("'%s' is of the wrong type", path);
}

#endif
