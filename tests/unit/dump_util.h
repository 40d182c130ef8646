/* SPDX-License-Identifier: Apache-2.0 */
/* Trees as text. */
#ifndef LKB_TESTS_DUMP_UTIL_H
#define LKB_TESTS_DUMP_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/ext/hash.h"
#include "base/str.h"
#include "rootfs/tree/tree.h"

/* Fails the test with the error's text if a call that must succeed did not. */
#define assert_done(call) \
	do { \
		struct lkb_error err = { 0 }; \
		if ((call) < 0) \
			fail_msg("%s: %s", #call, err.message); \
	} while (0)

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

#endif
