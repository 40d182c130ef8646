/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a program in bytes that writes up to four layers out of a few names, links, whiteouts and
 * opaque marks: what chance would not put together. The layers are applied one on another; the tree
 * must be sound after each, and nothing may be lost or gained by writing and reading it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "rootfs/tree/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at, *end;
};

static unsigned take(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

/* What links say is no entry's name: a directory that is made where a link to nothing leads may be
 * called ".wh.a", and a tar of it would say something else. */
static void add_path(struct input *in, struct lkb_str *path, bool link)
{
	static const char *const words[] = { "a", "b", "c", "d", "..", ".", "/", "l", "",
					     ".wh.a", ".wh.b", ".wh.d", ".wh..wh..opq", ".wh.",
					     ".wh...", ".wh..wh.plnk" };
	unsigned n_words = link ? 9 : LKB_ARRAY_SIZE(words);

	for (unsigned n = 1 + take(in) % 4; n; n--) {
		if (path->len)
			lkb_str_addc(path, '/');
		lkb_str_add(path, words[take(in) % n_words]);
	}
}

static void put_octal(char *field, size_t len, unsigned v)
{
	for (size_t i = len - 1; i-- > 0; v >>= 3)
		field[i] = (char)('0' + (v & 7));
}

static void add_entry(struct input *in, struct lkb_str *tar)
{
	static const char types[] = "0152634x";
	char header[512] = "", data[512] = "x";
	lkb_autostr path = { 0 };
	lkb_autostr link = { 0 };
	unsigned sum = 0, what = take(in);
	char type = types[what % 8];

	add_path(in, &path, false);
	add_path(in, &link, true);
	if (type == 'x')
		type = '5';
	memcpy(header, path.s, path.len);
	memcpy(header + 157, link.s, link.len);
	header[156] = type;
	put_octal(header + 100, 8, 0700 | what >> 3);
	put_octal(header + 124, 12, type == '0' ? what >> 7 : 0);
	memcpy(header + 257, "ustar\0" "00", 8);
	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < sizeof(header); i++)
		sum += (unsigned char)header[i];
	put_octal(header + 148, 7, sum);
	header[154] = '\0';
	lkb_str_addn(tar, header, sizeof(header));
	if (type == '0' && what >> 7)
		lkb_str_addn(tar, data, sizeof(data));
}

static int to_str(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	lkb_str_addn(ctx, p, n);
	return 0;
}

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* Names are lawful, in order, and each leads to where a path says. */
static void check(struct lkb_tree *t)
{
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(lkb_tree_root(t));
	struct lkb_tree_item item;

	while (lkb_tree_iter_next(it, &item) > 0) {
		must(lkb_tree_lookup(t, item.path, false) == item.inode);
		must(!*item.path || lkb_tree_name_ok(item.name));
		must(item.inode->nlink >= 1);
		must(strncmp(item.name, ".wh.", 4) != 0);
		for (size_t i = 1; i < item.inode->n_entries; i++)
			must(strcmp(item.inode->entries[i - 1].name,
				    item.inode->entries[i].name) < 0);
	}
}

static void round_trip(struct lkb_tree *t)
{
	lkb_autostr first = { 0 };
	lkb_autostr second = { 0 };
	lkb_auto(lkb_tree) back = lkb_tree_new();
	lkb_auto(lkb_blob) blob = NULL;
	struct lkb_data d;

	must(!lkb_tar_write(lkb_tree_root(t), INT64_MAX, to_str, &first, NULL));
	blob = lkb_blob_new_mem(first.s, first.len);
	d = (struct lkb_data){ blob, 0, first.len };
	must(!lkb_tar_apply_layer(&d, back, NULL));
	must(!lkb_tar_write(lkb_tree_root(back), INT64_MAX, to_str, &second, NULL));
	must(first.len == second.len && !memcmp(first.s, second.s, first.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	lkb_auto(lkb_tree) t = lkb_tree_new();

	for (int layer = 0; layer < 4 && in.at < in.end; layer++) {
		lkb_auto(lkb_blob) blob = NULL;
		lkb_autostr tar = { 0 };
		struct lkb_data d;

		for (unsigned n = take(&in) % 16; n; n--)
			add_entry(&in, &tar);
		blob = lkb_blob_new_mem(tar.s, tar.len);
		d = (struct lkb_data){ blob, 0, tar.len };
		if (lkb_tar_apply_layer(&d, t, NULL) < 0)
			return 0;
		check(t);
	}
	round_trip(t);
	return 0;
}
