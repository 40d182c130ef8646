/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of squashfs, EROFS and ISO images share: a tree with all that is hard to keep, and
 * trees as text, read back from what others make of an image. */
#ifndef LKB_TESTS_ROOTS_KIT_H
#define LKB_TESTS_ROOTS_KIT_H

#include "base/ui.h"
#include "rootfs/tree/tar.h"
#include "tests/unit/dump_util.h"
#include "tests/unit/image_util.h"

static const struct lkb_sha256 seed = {{1, 2, 3}};

/* ---- warnings that a writer gave ---- */

static char warned[1024];
static unsigned warnings;

static UNUSED void keep_warning(struct lkb_ui *ui, const char *text)
{
	warnings++;
	snprintf(warned, sizeof(warned), "%s", text);
}

static UNUSED struct lkb_ui kit_ui = {
	.ops = &(const struct lkb_ui_ops){.warning = keep_warning},
};

/* ---- trees ---- */

static UNUSED void add_many(struct lkb_tree *t, size_t longest)
{
	char path[300], name[256];

	memset(name, 'n', sizeof(name));
	for (size_t i = 1; i <= longest; i++) { /* every length of name */
		snprintf(path, sizeof(path), "names/%.*s", (int)i, name);
		MUST(lkb_tree_add_text(t, path, &file_meta, path, i % 5, err));
	}
	for (int i = 0; i < 1200; i++) {
		snprintf(path, sizeof(path), "many/%04d-%.*s", i, i % 30, name);
		MUST(lkb_tree_add_text(t, path, &file_meta, "", 0, err));
	}
	/* What sorts before and after the dots of a directory. */
	for (const char *c = " !+,-./:~"; *c; c++) {
		snprintf(path, sizeof(path), "sorted/%c%s", *c, *c == '.' ? ".." : "");
		if (*c != '/')
			MUST(lkb_tree_add_text(t, path, &file_meta, c, 1, err));
	}
}

/* 130 directories, one in the other, and a file at the end. */
static UNUSED void add_deep(struct lkb_tree *t)
{
	char path[1024] = "deep";

	for (int i = 0; i < 130; i++)
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "/d%d", i);
	snprintf(path + strlen(path), sizeof(path) - strlen(path), "/file");
	MUST(lkb_tree_add_text(t, path, &file_meta, "deep\n", 5, err));
}

static UNUSED void add_symlinks(struct lkb_tree *t)
{
	static const char *const targets[] = {"/", "..", ".", "./x", "../../x/./y", "/a//b", "a/",
					      "//a", "/usr/../bin/sh", ".../..a"};
	char path[32], target[4096];

	for (size_t i = 0; i < LKB_ARRAY_SIZE(targets); i++) {
		snprintf(path, sizeof(path), "links/%zu", i);
		MUST(lkb_tree_add_symlink(t, path, &file_meta, targets[i], NULL, err));
	}
	memset(target, 'l', sizeof(target));
	target[4095] = '\0'; /* one component */
	MUST(lkb_tree_add_symlink(t, "links/4095", &file_meta, target, NULL, err));
	for (size_t i = 7; i < 4094; i += 11)
		target[i] = '/';
	MUST(lkb_tree_add_symlink(t, "links/parts", &file_meta, target, NULL, err));
	target[300] = '\0';
	MUST(lkb_tree_add_symlink(t, "links/300", &file_meta, target, NULL, err));
}

static UNUSED void add_special_nodes(struct lkb_tree *t)
{
	struct lkb_meta odd = {.mode = 07751, .uid = 70001, .gid = 4000000000u, .mtime = 1};

	MUST(lkb_tree_add_dir(t, "odd/empty", &odd, NULL, err));
	MUST(lkb_tree_add_text(t, "odd/setuid", &odd, "hello\n", 6, err));
	MUST(lkb_tree_add_link(t, "again", "odd/setuid", err));
	MUST(lkb_tree_add_link(t, "odd/third", "odd/setuid", err));
	odd.mode = 0600;
	odd.mtime = EPOCH + 1000; /* clamped */
	MUST(lkb_tree_add_special(t, "dev/null", &odd, LKB_NODE_CHAR, 1, 3, NULL, err));
	MUST(lkb_tree_add_special(t, "dev/sda", &odd, LKB_NODE_BLOCK, 8, 0, NULL, err));
	MUST(lkb_tree_add_special(t, "dev/big", &odd, LKB_NODE_BLOCK, 259, 0xabcde, NULL, err));
	MUST(lkb_tree_add_special(t, "dev/fifo", &odd, LKB_NODE_FIFO, 0, 0, NULL, err));
}

/* Sizes around the ends of everybody's blocks. */
static UNUSED void add_sizes(struct lkb_tree *t)
{
	static const size_t sizes[] = {0, 1, 2047, 2048, 2049, 4031, 4032, 4033, 4064, 4065, 4095,
				       4096, 4097, 8191, 8192, 131071, 131072, 131073, 1048576,
				       3000001};
	char path[32];

	for (size_t i = 0; i < LKB_ARRAY_SIZE(sizes); i++) {
		snprintf(path, sizeof(path), "sizes/%zu", sizes[i]);
		add_bytes(t, path, sizes[i], (unsigned)i);
	}
	add_bytes(t, "sizes/twin", 131073, 17);
	add_bytes(t, "sizes/small-twin", 2047, 2);
}

static UNUSED void add_xattrs(struct lkb_tree *t)
{
	/* cap_net_raw=ep as the kernel has it */
	static const uint8_t cap[20] = {1, 0, 0, 2, 0, 0x20};
	char value[3900];
	struct lkb_inode *i;

	memset(value, 'v', sizeof(value));
	add_bytes(t, "xattrs/ping", 5000, 1);
	i = lkb_tree_lookup(t, "xattrs/ping", false);
	lkb_tree_set_xattr(t, i, "security.capability", cap, sizeof(cap));
	i = lkb_tree_lookup(t, "xattrs", false);
	lkb_tree_set_xattr(t, i, "trusted.small", value, 5);
	add_bytes(t, "xattrs/large", 1000, 3);
	i = lkb_tree_lookup(t, "xattrs/large", false);
	for (int n = 0; n < 3; n++) { /* more than a block of them */
		char name[] = "user.large0";

		name[10] = (char)('0' + n);
		lkb_tree_set_xattr(t, i, name, value, sizeof(value) - (size_t)n);
	}
	lkb_tree_set_xattr(t, i, "user.empty", "", 0);
}

/* longest: bytes of the longest name. */
static UNUSED struct lkb_tree *hard_tree(size_t longest, bool has_xattrs)
{
	struct lkb_tree *t = lkb_tree_new();

	lkb_tree_set_default_mtime(t, EPOCH);
	add_many(t, longest);
	add_deep(t);
	add_symlinks(t);
	add_special_nodes(t);
	add_sizes(t);
	if (has_xattrs)
		add_xattrs(t);
	return t;
}

/* ---- trees as text ---- */

static UNUSED int sink_to_fd(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	return lkb_write_full(*(int *)ctx, p, n, "tar", err);
}

/* A tar that somebody made, as text; its times are no younger than EPOCH. */
static UNUSED char *dump_of_tar(const char *path)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_auto(lkb_blob) blob = NULL;

	MUST(lkb_blob_open(path, &blob, err));
	MUST(lkb_tar_to_tree(&(struct lkb_data){.blob = blob, .len = lkb_blob_size(blob)}, t, "",
			     err));
	return dump(lkb_tree_root(t));
}

/* The tree as it comes out of a tar of ours: with its times clamped. */
static UNUSED char *dump_of_tree(const struct lkb_inode *root)
{
	const char *path = in_scratch("ours.tar");
	lkb_autofd fd = new_file(path);

	MUST(lkb_tar_write(root, EPOCH, sink_to_fd, &fd, err));
	return dump_of_tar(path);
}

/* Line by line, so that a difference can be read. */
static UNUSED void assert_same_dump(const char *is, const char *should)
{
	while (*is && *should) {
		size_t n = strcspn(is, "\n"), m = strcspn(should, "\n");

		if (n != m || memcmp(is, should, n) != 0)
			fail_msg("is     '%.*s'\nshould '%.*s'", n > 300 ? 300 : (int)n, is,
				 m > 300 ? 300 : (int)m, should);
		is += n + (is[n] != '\0');
		should += m + (should[m] != '\0');
	}
	assert_string_equal(is, should);
}

/* The extents of every file, read from the image, are what the file holds. */
static UNUSED void assert_extents(const char *path, const struct lkb_extents *e,
				  const struct lkb_inode *root)
{
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(root);
	lkb_autofd fd = open(path, O_RDONLY | O_CLOEXEC);
	struct lkb_tree_item item;

	while (lkb_tree_iter_next(it, &item) > 0) {
		const struct lkb_data *d = &item.inode->data;
		const struct lkb_extent *x;
		uint64_t done = 0;
		size_t n;

		if (item.inode->type != LKB_NODE_FILE || d->len > LKB_MIB * 4)
			continue;
		x = lkb_extents_find(e, item.inode, &n);
		for (; n > 0; n--, x++) {
			lkb_autofree char *is = lkb_alloc(x->len);
			lkb_autofree char *should = lkb_alloc(x->len);

			MUST(lkb_pread_full(fd, is, x->len, x->off, path, err));
			MUST(lkb_data_read(d, done, should, x->len, err));
			assert_memory_equal(is, should, x->len);
			done += x->len;
		}
		assert_int_equal(done, d->len);
	}
}

/* The tree's scratch fields are as they were. */
static UNUSED void assert_nothing_left(const struct lkb_inode *root)
{
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(root);
	struct lkb_tree_item item;

	while (lkb_tree_iter_next(it, &item) > 0)
		assert_null(item.inode->writer_data);
}

static UNUSED void assert_golden(const char *path, const char *digest)
{
	struct lkb_sha256 is = digest_of_file(path);

	assert_string_equal(lkb_sha256_text(&is).s, digest);
}

/* A sparse blob with a mark at the start of every MiB. */
static UNUSED struct lkb_blob *marked_blob(uint64_t size)
{
	const char *path = in_scratch("blob");
	int fd = new_file(path);

	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	for (uint64_t at = 0; at + 8 <= size; at += LKB_MIB) {
		uint64_t mark = at + 1;

		MUST(lkb_pwrite_full(fd, &mark, sizeof(mark), at, path, err));
	}
	unlink(path);
	return lkb_blob_new_fd(fd, size, "blob");
}

/* So many zeros, stored nowhere. */
static UNUSED struct lkb_blob *zero_blob(uint64_t size)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return lkb_blob_new_fd(fd, size, "zeros");
}

#endif
