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
#include "tests/unit/dump_util.h"

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
