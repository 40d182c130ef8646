/* SPDX-License-Identifier: Apache-2.0 */
/* The in-memory file tree: paths, adding, links, grafting, iterating, bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "rootfs/tree/tree.h"

static const struct lkb_meta dir_meta = { .mode = 0755 };
static const struct lkb_meta file_meta = { .mode = 0644 };

static void add_text(struct lkb_tree *t, const char *path, const char *text)
{
	struct lkb_error err = { 0 };

	if (lkb_tree_add_text(t, path, &file_meta, text, strlen(text), &err) < 0)
		fail_msg("%s", err.message);
}

static void add_dir(struct lkb_tree *t, const char *path)
{
	struct lkb_error err = { 0 };

	if (lkb_tree_add_dir(t, path, &dir_meta, NULL, &err) < 0)
		fail_msg("%s", err.message);
}

static void add_symlink(struct lkb_tree *t, const char *path, const char *target)
{
	struct lkb_error err = { 0 };

	if (lkb_tree_add_symlink(t, path, &file_meta, target, NULL, &err) < 0)
		fail_msg("%s", err.message);
}

static void add_link(struct lkb_tree *t, const char *path, const char *target)
{
	struct lkb_error err = { 0 };

	if (lkb_tree_add_link(t, path, target, &err) < 0)
		fail_msg("%s", err.message);
}

/* The text of a file, or what is there instead. The caller frees. */
static char *text_at(struct lkb_tree *t, const char *path)
{
	const struct lkb_inode *i = lkb_tree_lookup(t, path, true);
	struct lkb_error err = { 0 };
	char *s;
	size_t n;

	if (!i)
		return lkb_format("(nothing)");
	if (i->type == LKB_NODE_DIR)
		return lkb_format("(directory)");
	if (i->type == LKB_NODE_SYMLINK)
		return lkb_format("-> %s", i->target);
	if (i->type != LKB_NODE_FILE)
		return lkb_format("(special)");
	if (lkb_data_read_all(&i->data, 65536, &s, &n, &err) < 0)
		fail_msg("%s", err.message);
	return s;
}

#define assert_text(t, path, want) \
	do { \
		lkb_autofree char *got_ = text_at(t, path); \
		assert_string_equal(got_, want); \
	} while (0)

/* "path " for each node, in iterator order; "/" behind a directory, "=FIRST" behind a hard link. */
static char *listing(const struct lkb_inode *from)
{
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(from);
	struct lkb_tree_item item;
	lkb_autostr s = { 0 };

	while (lkb_tree_iter_next(it, &item) > 0) {
		if (!*item.path)
			continue;
		lkb_str_addf(&s, "%s%s", s.len ? " " : "", item.path);
		if (item.inode->type == LKB_NODE_DIR)
			lkb_str_addc(&s, '/');
		if (!item.first)
			lkb_str_addf(&s, "=%s", item.first_path);
	}
	return lkb_str_take(&s);
}

#define assert_listing(from, want) \
	do { \
		lkb_autofree char *got_ = listing(from); \
		assert_string_equal(got_, want); \
	} while (0)

static struct lkb_tree *sample(void)
{
	struct lkb_tree *t = lkb_tree_new();

	add_text(t, "usr/bin/sh", "shell");
	add_text(t, "etc/passwd", "root");
	add_symlink(t, "bin", "usr/bin");
	add_symlink(t, "abs", "/usr");
	add_symlink(t, "usr/up", "../etc");
	add_symlink(t, "far", "../../../../etc/passwd");
	add_symlink(t, "loop1", "loop2");
	add_symlink(t, "loop2", "loop1");
	add_symlink(t, "self", "self");
	add_symlink(t, "dangling", "no/where");
	add_symlink(t, "usr/here", ".");
	return t;
}

static void paths_resolve_as_in_a_chroot(void **state)
{
	static const struct {
		const char *path;
		bool follow;
		const char *want;
	} cases[] = {
		{ "", true, "(directory)" },
		{ "/", true, "(directory)" },
		{ ".", true, "(directory)" },
		{ "..", true, "(directory)" },
		{ "usr/bin/sh", true, "shell" },
		{ "/usr/bin/sh", true, "shell" },
		{ "./usr//bin/./sh/", true, "shell" },
		{ "bin/sh", true, "shell" },
		{ "abs/bin/sh", true, "shell" },
		{ "usr/up/passwd", true, "root" },
		{ "abs/up/../usr/bin/sh", true, "shell" }, /* ".." is of /etc, not of /usr */
		{ "usr/up/../../../etc/passwd", true, "root" },
		{ "../../etc/passwd", true, "root" },
		{ "far", true, "root" },
		{ "far", false, "-> ../../../../etc/passwd" },
		{ "usr/here/here/here/bin/sh", true, "shell" },
		{ "bin", false, "-> usr/bin" },
		{ "bin", true, "(directory)" },
		{ "bin/", false, "-> usr/bin" },
		{ "loop1", true, "(nothing)" },
		{ "loop1", false, "-> loop2" },
		{ "loop1/x", false, "(nothing)" },
		{ "self", true, "(nothing)" },
		{ "dangling", true, "(nothing)" },
		{ "dangling", false, "-> no/where" },
		{ "etc/passwd/x", true, "(nothing)" },
		{ "etc/passwd/..", true, "(nothing)" },
		{ "nothing", true, "(nothing)" },
		{ "us", true, "(nothing)" },
		{ "usr2", true, "(nothing)" },
	};
	lkb_auto(lkb_tree) t = sample();

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		const struct lkb_inode *n = lkb_tree_lookup(t, cases[i].path, cases[i].follow);

		print_message("# lookup '%s'\n", cases[i].path);
		if (!strncmp(cases[i].want, "-> ", 3)) {
			assert_non_null(n);
			assert_int_equal(n->type, LKB_NODE_SYMLINK);
			assert_string_equal(n->target, cases[i].want + 3);
		} else if (!strcmp(cases[i].want, "(nothing)")) {
			assert_null(n);
		} else {
			assert_text(t, cases[i].path, cases[i].want);
		}
	}
}

static void forty_links_are_followed_and_no_more(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();

	add_text(t, "l0", "end");
	for (int i = 1; i <= 41; i++) {
		lkb_autofree char *name = lkb_format("l%d", i);
		lkb_autofree char *target = lkb_format("l%d", i - 1);

		add_symlink(t, name, target);
	}
	assert_text(t, "l40", "end");
	assert_null(lkb_tree_lookup(t, "l41", true));
}

static void adding_goes_through_links_and_makes_parents(void **state)
{
	lkb_auto(lkb_tree) t = sample();
	struct lkb_inode *made;

	lkb_tree_set_default_mtime(t, 77);
	add_text(t, "bin/new", "1");
	assert_text(t, "usr/bin/new", "1");
	add_text(t, "dangling/x", "2");
	assert_text(t, "no/where/x", "2");
	made = lkb_tree_lookup(t, "no/where", false);
	assert_int_equal(made->meta.mode, 0755);
	assert_int_equal(made->meta.uid, 0);
	assert_int_equal(made->meta.mtime, 77);
	add_text(t, "../../escape", "3");
	assert_text(t, "escape", "3");
	/* a name that is missing goes with the ".." behind it */
	add_text(t, "ghost/../solid", "4");
	assert_text(t, "solid", "4");
	assert_null(lkb_tree_lookup(t, "ghost", false));
}

static void what_replaces_what(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct lkb_meta m = { .mode = 0100700, .uid = 5 };
	struct lkb_error err = { 0 };
	struct lkb_inode *d;

	/* directory over directory: new attributes, same children */
	add_text(t, "d/keep", "k");
	lkb_tree_set_xattr(t, lkb_tree_lookup(t, "d", false), "user.old", "x", 1);
	assert_int_equal(lkb_tree_add_dir(t, "d", &m, &d, &err), 0);
	assert_int_equal(d->meta.mode, 0700);
	assert_int_equal(d->meta.uid, 5);
	assert_int_equal(d->n_xattrs, 0);
	assert_text(t, "d/keep", "k");
	/* file over directory: all below it goes */
	add_text(t, "d", "now a file");
	assert_text(t, "d", "now a file");
	assert_null(lkb_tree_lookup(t, "d/keep", false));
	/* file over symlink: the link, not its target */
	add_text(t, "target", "t");
	add_symlink(t, "link", "target");
	add_text(t, "link", "new");
	assert_text(t, "target", "t");
	assert_text(t, "link", "new");
	/* directory over symlink and over file */
	add_symlink(t, "link", "target");
	add_dir(t, "link");
	assert_text(t, "link", "(directory)");
	add_dir(t, "d");
	assert_text(t, "d", "(directory)");
	assert_listing(lkb_tree_root(t), "d/ link/ target");
	/* the root: attributes yes, anything but a directory no */
	assert_int_equal(lkb_tree_add_dir(t, "/", &m, NULL, &err), 0);
	assert_int_equal(lkb_tree_root(t)->meta.uid, 5);
	assert_int_equal(lkb_tree_add_symlink(t, ".", &m, "/etc", NULL, &err), -1);
	assert_int_equal(err.kind, LKB_INPUT);
	assert_string_equal(err.message, "path '.': the root of a tree can only be a directory");
}

static void faults_are_told_and_change_nothing(void **state)
{
	lkb_auto(lkb_tree) t = sample();
	lkb_autofree char *before = listing(lkb_tree_root(t));
	char name256[257], path4097[4098];
	struct lkb_error err = { 0 };
	static const struct {
		const char *path, *message;
	} cases[] = {
		{ "etc/passwd/x", "path 'etc/passwd/x': something on the way is not a directory" },
		{ "a/b/../../loop1/x",
		  "path 'a/b/../../loop1/x': too many symbolic links (a loop?)" },
		{ "self/x", "path 'self/x': too many symbolic links (a loop?)" },
		{ "a/..", "path 'a/..' ends in '..', which is no name" },
		{ "..", "path '..' ends in '..', which is no name" },
		{ "", "path '': the root of a tree can only be a directory" },
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		assert_int_equal(lkb_tree_add_text(t, cases[i].path, &file_meta, "x", 1, &err), -1);
		assert_int_equal(err.kind, LKB_INPUT);
		assert_string_equal(err.message, cases[i].message);
	}
	memset(name256, 'n', 256);
	name256[256] = '\0';
	assert_int_equal(lkb_tree_add_text(t, name256, &file_meta, "x", 1, &err), -1);
	assert_non_null(strstr(err.message, "a name is longer than 255 bytes"));
	memset(path4097, '/', 4097);
	memcpy(path4097, "new/", 4);
	path4097[4096] = 'x';
	path4097[4097] = '\0';
	assert_int_equal(lkb_tree_add_text(t, path4097, &file_meta, "x", 1, &err), -1);
	assert_non_null(strstr(err.message, "longer than 4096 bytes"));
	assert_int_equal(lkb_tree_add_link(t, "new/hard", "nothing", &err), -1);
	assert_string_equal(err.message,
			    "hard link 'new/hard' leads to 'nothing', which is not there");
	assert_int_equal(lkb_tree_add_link(t, "new/hard", "etc", &err), -1);
	assert_string_equal(err.message, "hard link 'new/hard' leads to directory 'etc'");
	assert_int_equal(lkb_tree_add_symlink(t, "new/soft", &file_meta, "", NULL, &err), -1);
	assert_string_equal(err.message, "symbolic link 'new/soft' has no target");
	assert_listing(lkb_tree_root(t), before);
}

static void depth_and_path_length_are_bounded_through_links_too(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_auto(lkb_tree) other = lkb_tree_new();
	lkb_autostr path = { 0 };
	struct lkb_error err = { 0 };
	char name[201];

	for (int i = 0; i < 200; i++)
		lkb_str_add(&path, "d/");
	add_dir(t, path.s);
	add_symlink(t, "short", path.s);
	path.len = 0;
	lkb_str_add(&path, "short");
	for (int i = 0; i < 56; i++)
		lkb_str_add(&path, "/d");
	add_dir(t, path.s); /* exactly 256 deep */
	lkb_str_add(&path, "/d");
	assert_int_equal(lkb_tree_add_dir(t, path.s, &dir_meta, NULL, &err), -1);
	assert_non_null(strstr(err.message, "more than 256 directories deep"));
	/* a graft counts with all that hangs on it */
	assert_int_equal(lkb_tree_graft(other, "x/y", lkb_tree_root(t), &err), -1);
	assert_non_null(strstr(err.message, "more than 256 directories deep"));
	assert_listing(lkb_tree_root(other), "");

	memset(name, 'n', 200);
	name[200] = '\0';
	path.len = 0;
	for (int i = 0; i < 20; i++)
		lkb_str_addf(&path, "%s/", name);
	add_dir(other, path.s);
	add_symlink(other, "s", path.s);
	assert_int_equal(lkb_tree_add_dir(other, "s/fits", &dir_meta, NULL, &err), 0);
	lkb_str_clear(&path);
	lkb_str_addf(&path, "s/%s", name);
	assert_int_equal(lkb_tree_add_dir(other, path.s, &dir_meta, NULL, &err), -1);
	assert_non_null(strstr(err.message, "longer than 4096 bytes"));
}

static void a_hard_link_is_a_second_name_until_it_is_replaced(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();

	add_text(t, "a", "1");
	add_link(t, "b", "a");
	assert_ptr_equal(lkb_tree_lookup(t, "a", false), lkb_tree_lookup(t, "b", false));
	assert_int_equal(lkb_tree_lookup(t, "a", false)->nlink, 2);
	add_link(t, "b", "a"); /* over itself */
	assert_int_equal(lkb_tree_lookup(t, "a", false)->nlink, 2);
	add_text(t, "a", "2");
	assert_text(t, "a", "2");
	assert_text(t, "b", "1");
	assert_int_equal(lkb_tree_lookup(t, "b", false)->nlink, 1);
	/* a link over the directory that holds its target */
	add_text(t, "d/f", "deep");
	add_link(t, "d", "d/f");
	assert_text(t, "d", "deep");
	assert_int_equal(lkb_tree_lookup(t, "d", false)->nlink, 1);
	/* a link to a symlink is a second name of the symlink */
	add_symlink(t, "s", "b");
	add_link(t, "h", "s");
	assert_int_equal(lkb_tree_lookup(t, "h", false)->type, LKB_NODE_SYMLINK);
	assert_int_equal(lkb_tree_lookup(t, "s", false)->nlink, 2);
}

static void removing(void **state)
{
	lkb_auto(lkb_tree) t = sample();

	assert_true(lkb_tree_remove(t, "bin")); /* the link */
	assert_text(t, "usr/bin/sh", "shell");
	assert_true(lkb_tree_remove(t, "abs/bin")); /* through a link */
	assert_null(lkb_tree_lookup(t, "usr/bin", false));
	assert_false(lkb_tree_remove(t, "usr/bin"));
	assert_false(lkb_tree_remove(t, "no/parents"));
	assert_null(lkb_tree_lookup(t, "no", false));
	assert_false(lkb_tree_remove(t, "/"));
	assert_false(lkb_tree_remove(t, "etc/.."));
	add_link(t, "second", "etc/passwd");
	assert_true(lkb_tree_remove(t, "etc"));
	assert_text(t, "second", "root");
	assert_int_equal(lkb_tree_lookup(t, "second", false)->nlink, 1);
}

static void the_iterator_goes_in_byte_order_directories_first(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	static const char *const names[] = { "b",        "a/z",      "a.txt", "a-b", "B",
					     "a/a/deep", "\xc3\xa4", "ab",    "a0" };

	for (size_t i = 0; i < LKB_ARRAY_SIZE(names); i++)
		add_text(t, names[i], "");
	add_link(t, "z", "a/z");
	add_link(t, "a/y", "a/z");
	assert_listing(lkb_tree_root(t), "B a/ a/a/ a/a/deep a/y a/z=a/y a-b a.txt a0 ab b "
		       "z=a/y \xc3\xa4");
	assert_listing(lkb_tree_lookup(t, "a", false), "a/ a/deep y z=y");
}

static void the_iterator_tells_depth_and_name(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_auto(lkb_tree_iter) it = NULL;
	struct lkb_tree_item item;

	add_text(t, "a/b", "x");
	it = lkb_tree_iter_new(lkb_tree_root(t));
	assert_int_equal(lkb_tree_iter_next(it, &item), 1);
	assert_string_equal(item.path, "");
	assert_int_equal(item.depth, 0);
	assert_int_equal(lkb_tree_iter_next(it, &item), 1);
	assert_int_equal(item.depth, 1);
	assert_int_equal(lkb_tree_iter_next(it, &item), 1);
	assert_string_equal(item.path, "a/b");
	assert_string_equal(item.name, "b");
	assert_int_equal(item.depth, 2);
	assert_true(item.first);
	assert_int_equal(lkb_tree_iter_next(it, &item), 0);
	assert_int_equal(lkb_tree_iter_next(it, &item), 0);
}

static void xattrs_are_sorted_and_replaced(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct lkb_inode *i = lkb_tree_root(t);

	lkb_tree_set_xattr(t, i, "user.b", "1", 1);
	lkb_tree_set_xattr(t, i, "user.c", "\0x", 2);
	lkb_tree_set_xattr(t, i, "user.a", "", 0);
	lkb_tree_set_xattr(t, i, "user.b", "two", 3);
	assert_int_equal(i->n_xattrs, 3);
	assert_string_equal(i->xattrs[0].name, "user.a");
	assert_int_equal(i->xattrs[0].len, 0);
	assert_string_equal(i->xattrs[1].name, "user.b");
	assert_memory_equal(i->xattrs[1].value, "two", 3);
	assert_memory_equal(i->xattrs[2].value, "\0x", 2);
}

static void many_xattrs_are_all_there(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct lkb_inode *i = lkb_tree_root(t);
	char name[16];

	/* 0, 7, 14, ... modulo 100: every number once, in no order */
	for (unsigned k = 0; k < 100; k++) {
		snprintf(name, sizeof(name), "user.%02u", k * 7 % 100);
		lkb_tree_set_xattr(t, i, name, name, strlen(name));
	}
	assert_int_equal(i->n_xattrs, 100);
	for (unsigned k = 0; k < 100; k++) {
		snprintf(name, sizeof(name), "user.%02u", k);
		assert_string_equal(i->xattrs[k].name, name);
		assert_memory_equal(i->xattrs[k].value, name, strlen(name));
	}
}

static void a_file_may_get_the_data_of_the_one_it_replaces(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_autofree char *text = NULL;

	add_text(t, "f", "hello");
	assert_int_equal(lkb_tree_add_file(t, "f", &file_meta,
					   &lkb_tree_lookup(t, "f", false)->data, NULL, NULL), 0);
	assert_int_equal(lkb_data_read_all(&lkb_tree_lookup(t, "f", false)->data, 5, &text, NULL,
					   NULL), 0);
	assert_string_equal(text, "hello");
}

/* Each path asks for 200 parents: a few thousand entries of an archive would be millions. */
static void a_tree_has_an_end(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct lkb_error err = { 0 };
	unsigned n = 0;
	int r = 0;

	for (; r == 0 && n < 30000; n++) {
		char path[512];
		size_t len = (size_t)snprintf(path, sizeof(path), "%u", n);

		for (unsigned i = 0; i < 199; i++, len += 2)
			memcpy(path + len, "/d", 3);
		r = lkb_tree_add_dir(t, path, &dir_meta, NULL, &err);
	}
	assert_int_equal(r, -1);
	assert_int_equal(err.kind, LKB_INPUT);
	assert_non_null(strstr(err.message, "take 96 MiB of memory; no more is taken"));
	assert_true((n - 1) * 200 > 500000);
	assert_non_null(lkb_tree_lookup(t, "0", false));
}

static void a_directory_has_an_end(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct lkb_error err = { 0 };
	char path[32];

	for (unsigned i = 0; i < 65536; i++) {
		snprintf(path, sizeof(path), "d/%06u", i);
		add_text(t, path, "");
	}
	assert_int_equal(lkb_tree_add_text(t, "d/x", &file_meta, "", 0, &err), -1);
	assert_string_equal(err.message, "path 'd/x': its directory has 65536 entries, and takes "
					 "no more");
	assert_int_equal(lkb_tree_add_dir(t, "d/new/x", &dir_meta, NULL, NULL), -1);
	add_text(t, "d/000000", "replaced");
	assert_true(lkb_tree_remove(t, "d/000001"));
	add_text(t, "d/x", "");
}

static void grafts_keep_hard_links_and_merge_directories(void **state)
{
	lkb_auto(lkb_tree) from = lkb_tree_new();
	lkb_auto(lkb_tree) to = lkb_tree_new();
	struct lkb_error err = { 0 };
	struct lkb_inode *x;

	lkb_tree_set_source(from, "image x");
	add_text(from, "lib/one", "1");
	add_link(from, "lib/two", "lib/one");
	add_link(from, "three", "lib/one");
	add_symlink(from, "ln", "lib");
	lkb_tree_set_xattr(from, lkb_tree_lookup(from, "lib/one", false), "user.k", "v", 1);
	lkb_tree_lookup(from, "lib", false)->meta.mode = 0700;
	add_text(to, "r/lib/own", "own");
	add_text(to, "r/three/sub", "gone");
	assert_int_equal(lkb_tree_graft(to, "r", lkb_tree_root(from), &err), 0);
	assert_listing(lkb_tree_root(to),
		       "r/ r/lib/ r/lib/one r/lib/own r/lib/two=r/lib/one r/ln r/three=r/lib/one");
	x = lkb_tree_lookup(to, "r/three", false);
	assert_int_equal(x->nlink, 3);
	assert_int_equal(x->n_xattrs, 1);
	assert_string_equal(x->source, "image x");
	assert_int_equal(lkb_tree_lookup(to, "r/lib", false)->meta.mode, 0700);
	/* the two trees are independent but for the bytes */
	add_text(from, "lib/one", "changed");
	assert_text(to, "r/lib/one", "1");
	lkb_tree_free(LKB_STEAL(from));
	assert_text(to, "r/lib/two", "1");
	assert_string_equal(x->source, "image x");
}

static void a_tree_can_be_grafted_into_itself(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct lkb_error err = { 0 };

	add_text(t, "a/f", "1");
	assert_int_equal(lkb_tree_graft(t, "a/copy", lkb_tree_root(t), &err), 0);
	assert_listing(lkb_tree_root(t), "a/ a/copy/ a/copy/a/ a/copy/a/f a/f");
	assert_int_equal(lkb_tree_graft(t, "", lkb_tree_lookup(t, "a/copy", false), &err), 0);
	assert_listing(lkb_tree_root(t), "a/ a/copy/ a/copy/a/ a/copy/a/f a/f");
	assert_int_equal(lkb_tree_graft(t, "g", lkb_tree_lookup(t, "a/f", false), &err), 0);
	assert_text(t, "g", "1");
	assert_int_equal(lkb_tree_graft(t, "", lkb_tree_lookup(t, "a/f", false), &err), -1);
}

static void sources_mark_what_was_added_later(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();

	add_text(t, "a", "");
	lkb_tree_set_source(t, "files[3]");
	add_text(t, "b", "");
	lkb_tree_set_source(t, NULL);
	add_text(t, "c", "");
	assert_null(lkb_tree_lookup(t, "a", false)->source);
	assert_string_equal(lkb_tree_lookup(t, "b", false)->source, "files[3]");
	assert_null(lkb_tree_lookup(t, "c", false)->source);
}

static void stats_count_each_inode_once(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct lkb_error err = { 0 };
	struct lkb_tree_stats s;

	add_text(t, "d/a", "12345");
	add_link(t, "d/b", "d/a");
	add_text(t, "c", "123");
	add_symlink(t, "s", "c");
	assert_int_equal(lkb_tree_add_special(t, "dev/null", &file_meta, LKB_NODE_CHAR, 1, 3, NULL,
					      &err), 0);
	assert_int_equal(lkb_tree_add_special(t, "pipe", &file_meta, LKB_NODE_FIFO, 1, 3, NULL,
					      &err), 0);
	s = lkb_tree_stats(lkb_tree_root(t));
	assert_int_equal(s.files, 2);
	assert_int_equal(s.dirs, 3);
	assert_int_equal(s.symlinks, 1);
	assert_int_equal(s.specials, 2);
	assert_int_equal(s.links, 1);
	assert_int_equal(s.bytes, 8);
	assert_int_equal(lkb_tree_lookup(t, "dev/null", false)->minor, 3);
	assert_int_equal(lkb_tree_lookup(t, "pipe", false)->minor, 0);
}

static void names(void **state)
{
	char longest[257];

	memset(longest, 'x', 256);
	longest[256] = '\0';
	assert_false(lkb_tree_name_ok(longest));
	longest[255] = '\0';
	assert_true(lkb_tree_name_ok(longest));
	assert_true(lkb_tree_name_ok("..."));
	assert_true(lkb_tree_name_ok(".hidden"));
	assert_false(lkb_tree_name_ok(""));
	assert_false(lkb_tree_name_ok("."));
	assert_false(lkb_tree_name_ok(".."));
	assert_false(lkb_tree_name_ok("a/b"));
}

static void blobs_are_bounded_and_shared(void **state)
{
	lkb_auto(lkb_blob) b = lkb_blob_new_mem("0123456789", 10);
	struct lkb_data d = { b, 2, 5 };
	struct lkb_error err = { 0 };
	lkb_autofree char *all = NULL;
	lkb_auto(lkb_tree) t = lkb_tree_new();
	char buf[16] = "";
	size_t n;

	assert_int_equal(lkb_data_read(&d, 1, buf, 3, &err), 0);
	assert_string_equal(buf, "345");
	assert_int_equal(lkb_data_read(&d, 3, buf, 3, &err), -1);
	assert_int_equal(lkb_data_read(&d, UINT64_MAX, buf, 3, &err), -1);
	assert_int_equal(lkb_data_read(&d, 5, buf, 0, &err), 0);
	assert_int_equal(lkb_blob_read(b, 8, buf, 3, &err), -1);
	assert_int_equal(err.kind, LKB_INPUT);
	assert_int_equal(lkb_data_read_all(&d, 4, &all, &n, &err), -1);
	assert_null(all);
	assert_int_equal(lkb_data_read_all(&d, 5, &all, &n, &err), 0);
	assert_string_equal(all, "23456");
	assert_int_equal(lkb_tree_add_file(t, "f", &file_meta, &d, NULL, &err), 0);
	d.off = 6;
	assert_int_equal(lkb_tree_add_file(t, "g", &file_meta, &d, NULL, &err), -1);
	assert_null(lkb_tree_lookup(t, "g", false));
	lkb_blob_unref(LKB_STEAL(b));
	assert_text(t, "f", "23456");
}

static void twenty_thousand_files_in_any_order(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct lkb_tree_stats s;

	/* forwards, backwards, and the odd ones in between */
	for (int i = 0; i < 10000; i++) {
		lkb_autofree char *name = lkb_format("d/f%05d", 2 * i);

		add_text(t, name, "");
	}
	for (int i = 9999; i >= 0; i--) {
		lkb_autofree char *name = lkb_format("d/f%05d", 2 * i + 1);

		add_text(t, name, "");
	}
	s = lkb_tree_stats(lkb_tree_root(t));
	assert_int_equal(s.files, 20000);
	assert_non_null(lkb_tree_lookup(t, "d/f12345", false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_resolve_as_in_a_chroot),
		cmocka_unit_test(forty_links_are_followed_and_no_more),
		cmocka_unit_test(adding_goes_through_links_and_makes_parents),
		cmocka_unit_test(what_replaces_what),
		cmocka_unit_test(faults_are_told_and_change_nothing),
		cmocka_unit_test(depth_and_path_length_are_bounded_through_links_too),
		cmocka_unit_test(a_hard_link_is_a_second_name_until_it_is_replaced),
		cmocka_unit_test(removing),
		cmocka_unit_test(the_iterator_goes_in_byte_order_directories_first),
		cmocka_unit_test(the_iterator_tells_depth_and_name),
		cmocka_unit_test(xattrs_are_sorted_and_replaced),
		cmocka_unit_test(many_xattrs_are_all_there),
		cmocka_unit_test(a_file_may_get_the_data_of_the_one_it_replaces),
		cmocka_unit_test(a_tree_has_an_end),
		cmocka_unit_test(a_directory_has_an_end),
		cmocka_unit_test(grafts_keep_hard_links_and_merge_directories),
		cmocka_unit_test(a_tree_can_be_grafted_into_itself),
		cmocka_unit_test(sources_mark_what_was_added_later),
		cmocka_unit_test(stats_count_each_inode_once),
		cmocka_unit_test(names),
		cmocka_unit_test(blobs_are_bounded_and_shared),
		cmocka_unit_test(twenty_thousand_files_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
