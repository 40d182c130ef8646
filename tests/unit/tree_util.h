/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of trees and archives share: trees as text, archives made by hand, judges. */
#ifndef LKB_TESTS_TREE_UTIL_H
#define LKB_TESTS_TREE_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ext/hash.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "rootfs/tree/tar.h"
#include "rootfs/tree/tree.h"

/* Fails the test with the error's text if a call that must succeed did not. */
#define assert_done(call) \
	do { \
		struct lkb_error err = { 0 }; \
		if ((call) < 0) \
			fail_msg("%s: %s", #call, err.message); \
	} while (0)

/* The call fails with this kind and with `text` somewhere in its message. */
#define assert_fault(call, want_kind, text) \
	do { \
		struct lkb_error err = { 0 }; \
		assert_int_equal(call, -1); \
		assert_int_equal(err.kind, want_kind); \
		if (!strstr(err.message, text)) \
			fail_msg("'%s' is not in '%s'", text, err.message); \
	} while (0)

#define assert_sha256(p, n, want) \
	do { \
		struct lkb_sha256 d_ = lkb_sha256(p, n); \
		assert_string_equal(lkb_sha256_text(&d_).s, want); \
	} while (0)

static inline int sink_to_str(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	lkb_str_addn(ctx, p, n);
	return 0;
}

static inline struct lkb_data data_of(struct lkb_blob *b)
{
	return (struct lkb_data){ b, 0, lkb_blob_size(b) };
}

/* A blob of the text's bytes, which stay the caller's. */
static inline struct lkb_blob *blob_of(const struct lkb_str *s)
{
	return lkb_blob_new_mem(lkb_str_get(s), s->len);
}

/* Reads a whole archive into a tree. */
static inline int read_tar(const struct lkb_str *tar, struct lkb_tree *t, const char *prefix,
			   struct lkb_error *err)
{
	lkb_auto(lkb_blob) b = blob_of(tar);
	struct lkb_data d = data_of(b);

	return lkb_tar_to_tree(&d, t, prefix, err);
}

static inline void dump_contents(const struct lkb_inode *i, struct lkb_str *s)
{
	lkb_autofree char *text = NULL;
	struct lkb_sha256 digest;
	size_t n = 0;

	assert_done(lkb_data_read_all(&i->data, (size_t)64 << 20, &text, &n, &err));
	if (n <= 32 && !memchr(text, '\n', n) && !memchr(text, '\0', n)) {
		lkb_str_addf(s, " '%s'", text);
		return;
	}
	digest = lkb_sha256(text, n);
	lkb_str_addf(s, " %zu:%.8s", n, lkb_sha256_text(&digest).s);
}

/* Everything about a tree, a line a name: "PATH TYPE MODE UID:GID MTIME ...". The caller frees. */
static inline char *dump(const struct lkb_inode *root)
{
	static const char types[] = "dflcbp";
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(root);
	struct lkb_tree_item item;
	lkb_autostr s = { 0 };

	while (lkb_tree_iter_next(it, &item) > 0) {
		const struct lkb_inode *i = item.inode;

		lkb_str_addf(&s, "%s ", *item.path ? item.path : ".");
		if (!item.first) {
			lkb_str_addf(&s, "= %s\n", item.first_path);
			continue;
		}
		lkb_str_addf(&s, "%c %04o %u:%u %lld", types[i->type], i->meta.mode, i->meta.uid,
			     i->meta.gid, (long long)i->meta.mtime);
		if (i->type == LKB_NODE_FILE)
			dump_contents(i, &s);
		else if (i->type == LKB_NODE_SYMLINK)
			lkb_str_addf(&s, " -> %s", i->target);
		else if (i->type != LKB_NODE_DIR)
			lkb_str_addf(&s, " %u,%u", i->major, i->minor);
		for (size_t k = 0; k < i->n_xattrs; k++)
			lkb_str_addf(&s, " %s=%.*s", i->xattrs[k].name, (int)i->xattrs[k].len,
				     (const char *)i->xattrs[k].value);
		lkb_str_addc(&s, '\n');
	}
	return lkb_str_take(&s);
}

#define assert_dump(root, want) \
	do { \
		lkb_autofree char *got_ = dump(root); \
		assert_string_equal(got_, want); \
	} while (0)

static inline void put_octal(char *p, size_t n, uint64_t v)
{
	for (size_t i = n - 1; i-- > 0; v >>= 3)
		p[i] = (char)('0' + (v & 7));
	p[n - 1] = '\0';
}

static inline void tar_seal(char *h)
{
	unsigned sum = 0;

	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += (uint8_t)h[i];
	put_octal(h + 148, 7, sum);
}

static inline void tar_pad(struct lkb_str *tar)
{
	while (tar->len % 512)
		lkb_str_addc(tar, '\0');
}

/* One entry, mode 0644 or 0755, owner 0:0, mtime 0. Returns where its header is. */
static inline size_t tar_add(struct lkb_str *tar, char type, const char *path, const char *link,
			     const void *data, size_t n)
{
	size_t at = tar->len;
	char h[512] = "";

	memcpy(h, path, strlen(path) < 100 ? strlen(path) : 100);
	put_octal(h + 100, 8, type == '5' ? 0755 : 0644);
	put_octal(h + 108, 8, 0);
	put_octal(h + 116, 8, 0);
	put_octal(h + 124, 12, n);
	put_octal(h + 136, 12, 0);
	h[156] = type;
	memcpy(h + 157, link, strlen(link) < 100 ? strlen(link) : 100);
	memcpy(h + 257, "ustar\0" "00", 8);
	tar_seal(h);
	lkb_str_addn(tar, h, 512);
	lkb_str_addn(tar, data, n);
	tar_pad(tar);
	return at;
}

static inline size_t tar_add_text(struct lkb_str *tar, char type, const char *path,
				  const char *text)
{
	return tar_add(tar, type, path, "", text, strlen(text));
}

static inline void tar_end(struct lkb_str *tar)
{
	static const char zeros[1024];

	lkb_str_addn(tar, zeros, sizeof(zeros));
}

/* A shell in an empty environment of its own; what it prints goes to *ret. For judges only. */
static inline int shell(const char *dir, const char *script, struct lkb_str *ret,
			struct lkb_error *err)
{
	const char *argv[] = { "sh", "-euc", script, NULL };
	const char *env[] = { "LC_ALL=C", "TZ=UTC", NULL };
	struct lkb_proc p = { .argv = argv, .env = env, .cwd = dir };

	return lkb_proc_run(&p, ret, err);
}

static inline bool have(const char *program)
{
	lkb_autofree char *path = NULL;

	if (lkb_proc_find(program, NULL, &path, NULL) == 0)
		return true;
	print_message("# skipped: no %s\n", program);
	return false;
}

#endif
