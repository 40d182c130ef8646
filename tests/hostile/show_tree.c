/* SPDX-License-Identifier: Apache-2.0 */
/* show_tree STORE REF: prints the file tree that an image of the store comes to, a line a name. Of
 * many names only the first ones are shown. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/ui.h"
#include "base/utf8.h"
#include "rootfs/oci/store.h"

enum { SHOWN_NAMES = 12, SHOWN_TEXT = 24, SHOWN_XATTRS = 4 };

static void show_text(struct lkb_str *out, const char *s)
{
	size_t len = strlen(s);

	if (len <= 3 * SHOWN_TEXT) {
		lkb_utf8_show(out, s, len, false);
		return;
	}
	lkb_utf8_show(out, s, SHOWN_TEXT, false);
	lkb_str_addf(out, "...%zu bytes...", len - 2 * SHOWN_TEXT);
	lkb_utf8_show(out, s + len - SHOWN_TEXT, SHOWN_TEXT, false);
}

static int show_data(struct lkb_str *out, const struct lkb_data *d, struct lkb_error *err)
{
	lkb_autofree char *text = NULL;
	size_t n;

	lkb_str_addf(out, " %llu", (unsigned long long)d->len);
	if (d->len > SHOWN_TEXT)
		return 0;
	if (lkb_data_read_all(d, SHOWN_TEXT, &text, &n, err) < 0)
		return -1;
	lkb_str_add(out, " '");
	lkb_utf8_show(out, text, n, false);
	lkb_str_addc(out, '\'');
	return 0;
}

static int show_item(const struct lkb_tree_item *item, struct lkb_str *out, struct lkb_error *err)
{
	static const char letters[] = "dflcbp";
	const struct lkb_inode *i = item->inode;

	show_text(out, *item->path ? item->path : ".");
	if (!item->first) {
		lkb_str_add(out, " == ");
		show_text(out, item->first_path);
		return 0;
	}
	lkb_str_addf(out, " %c %04o %u:%u", letters[i->type], i->meta.mode, i->meta.uid,
		     i->meta.gid);
	if (i->meta.mtime)
		lkb_str_addf(out, " @%lld", (long long)i->meta.mtime);
	if (i->type == LKB_NODE_CHAR || i->type == LKB_NODE_BLOCK)
		lkb_str_addf(out, " %u,%u", i->major, i->minor);
	if (i->type == LKB_NODE_SYMLINK) {
		lkb_str_add(out, " -> ");
		show_text(out, i->target);
	}
	for (size_t k = 0; k < i->n_xattrs && k < SHOWN_XATTRS; k++) {
		lkb_str_add(out, " ");
		show_text(out, i->xattrs[k].name);
		lkb_str_addf(out, "=%zu", i->xattrs[k].len);
	}
	if (i->n_xattrs > SHOWN_XATTRS)
		lkb_str_addf(out, " and %zu attributes", i->n_xattrs - SHOWN_XATTRS);
	return i->type == LKB_NODE_FILE ? show_data(out, &i->data, err) : 0;
}

static int show(struct lkb_tree *t, struct lkb_error *err)
{
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(lkb_tree_root(t));
	struct lkb_tree_item item;
	size_t n = 0;

	while (lkb_tree_iter_next(it, &item) > 0) {
		lkb_autostr line = { 0 };

		if (n++ >= SHOWN_NAMES)
			continue;
		if (show_item(&item, &line, err) < 0)
			return -1;
		puts(lkb_str_get(&line));
	}
	if (n > SHOWN_NAMES)
		printf("and %zu names\n", n - SHOWN_NAMES);
	return 0;
}

static int run(const char *dir, const char *ref, struct lkb_error *err)
{
	static const struct lkb_platform platform = { .arch = "arm64" };
	lkb_auto(lkb_store) store = NULL;
	lkb_auto(lkb_image) im = NULL;
	lkb_auto(lkb_tree) t = NULL;

	if (lkb_store_open(dir, &store, err) || lkb_store_resolve(store, ref, &platform, &im, err) ||
	    lkb_store_image_tree(store, im, NULL, &t, err))
		return -1;
	return show(t, err);
}

int main(int argc, char **argv)
{
	struct lkb_error err = { 0 };

	if (argc != 3) {
		fputs("usage: show_tree STORE REF\n", stderr);
		return LKB_USAGE;
	}
	if (run(argv[1], argv[2], &err) == 0)
		return 0;
	fprintf(stderr, "show_tree: %s\n", err.message);
	return (int)err.kind;
}
