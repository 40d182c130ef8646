/* SPDX-License-Identifier: Apache-2.0 */
/* Writing tar, and reading it, with GNU tar and bsdtar as the judges both ways. */
#include "tests/unit/tree_util.h"

#include <sys/xattr.h>

#include "base/bytes.h"
#include "rootfs/tree/tar.h"

#define EPOCH 1700000000

/* A tree that needs all that the format has. */
static struct lkb_tree *rich_tree(void)
{
	struct lkb_meta m = { .mode = 0644, .uid = 1000, .gid = 100, .mtime = 1234567890 };
	struct lkb_tree *t = lkb_tree_new();
	lkb_autofree char *name100 = lkb_format("%0100d", 0);
	lkb_autofree char *name101 = lkb_format("%0101d", 0);
	lkb_autofree char *split = lkb_format("%0150d/%0100d", 1, 2);
	lkb_autofree char *no_split = lkb_format("d/%0200d", 3);
	lkb_autofree char *target = lkb_format("%0150d", 4);
	lkb_autofree char *big = lkb_format("%01000d\n", 5);
	struct lkb_inode *i;

	assert_done(lkb_tree_add_text(t, name100, &m, "a", 1, &err));
	assert_done(lkb_tree_add_text(t, name101, &m, "b", 1, &err));
	assert_done(lkb_tree_add_text(t, split, &m, "c", 1, &err));
	assert_done(lkb_tree_add_text(t, no_split, &m, "d", 1, &err));
	assert_done(lkb_tree_add_text(t, "big", &m, big, strlen(big), &err));
	assert_done(lkb_tree_add_text(t, "empty", &m, "", 0, &err));
	assert_done(lkb_tree_add_link(t, "hard", "big", &err));
	assert_done(lkb_tree_add_link(t, "long-hard", no_split, &err));
	assert_done(lkb_tree_add_symlink(t, "soft", &m, target, NULL, &err));
	m.mode = 07755;
	m.uid = m.gid = 3000000000;
	m.mtime = -7;
	assert_done(lkb_tree_add_text(t, "strange", &m, "s", 1, &err));
	m.mtime = INT64_MAX;
	assert_done(lkb_tree_add_dir(t, "future", &m, NULL, &err));
	m = (struct lkb_meta){ .mode = 0600 };
	assert_done(lkb_tree_add_special(t, "dev/c", &m, LKB_NODE_CHAR, 5, 1, NULL, &err));
	assert_done(lkb_tree_add_special(t, "dev/b", &m, LKB_NODE_BLOCK, 259, 1048575, NULL, &err));
	assert_done(lkb_tree_add_special(t, "dev/p", &m, LKB_NODE_FIFO, 0, 0, NULL, &err));
	assert_done(lkb_tree_add_text(t, "xattrs", &m, "x", 1, &err));
	i = lkb_tree_lookup(t, "xattrs", false);
	lkb_tree_set_xattr(t, i, "user.text", "v=1\nw", 5);
	lkb_tree_set_xattr(t, i, "security.capability", "\1\0\0\2", 4);
	return t;
}

static void tar_of(const struct lkb_inode *root, struct lkb_str *ret)
{
	ret->len = 0;
	assert_done(lkb_tar_write(root, EPOCH, sink_to_str, ret, &err));
}

static void what_is_written_comes_back(void **state)
{
	lkb_auto(lkb_tree) t = rich_tree();
	lkb_auto(lkb_tree) back = lkb_tree_new();
	lkb_autostr tar = { 0 };
	lkb_autostr again = { 0 };
	lkb_autofree char *want = NULL;

	tar_of(lkb_tree_root(t), &tar);
	assert_int_equal(tar.len % 512, 0);
	assert_done(read_tar(&tar, back, "", &err));
	lkb_tree_lookup(t, "future", false)->meta.mtime = EPOCH; /* clamped */
	want = dump(lkb_tree_root(t));
	assert_dump(lkb_tree_root(back), want);
	tar_of(lkb_tree_root(back), &again);
	assert_int_equal(again.len, tar.len);
	assert_memory_equal(again.s, tar.s, tar.len);
}

/* The bytes are a promise: a change here changes the identity of everything built before. */
static void golden_bytes(void **state)
{
	lkb_auto(lkb_tree) t = rich_tree();
	lkb_autostr tar = { 0 };

	tar_of(lkb_tree_root(t), &tar);
	assert_sha256(tar.s, tar.len,
		      "80cc86f54e96899a7b9537fe8825edeafec5ed9733440155ba171b445769e921");
}

static void an_attribute_that_tar_cannot_hold(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_autostr tar = { 0 };

	lkb_tree_set_xattr(t, lkb_tree_root(t), "user.a=b", "", 0);
	assert_fault(lkb_tar_write(lkb_tree_root(t), 0, sink_to_str, &tar, &err), LKB_INPUT,
		     "with '=' in its name");
}

/* ---- judges ---- */

static void write_out(const char *dir, const char *name, const struct lkb_str *s)
{
	lkb_autofree char *path = lkb_format("%s/%s", dir, name);

	assert_done(lkb_write_file(path, s->s, s->len, 0644, &err));
}

static void others_list_what_we_write(void **state)
{
	static const char want[] = "drwxr-xr-x 0/0 0 1970-01-01 00:00 ./\n"
				   "-rw-r--r-- 1000/100 1001 2009-02-13 23:31 big\n"
				   "drwxr-xr-x 0/0 0 1970-01-01 00:00 d/\n"
				   "drwxr-xr-x 0/0 0 1970-01-01 00:00 dev/\n"
				   "brw------- 0/0 259,1048575 1970-01-01 00:00 dev/b\n"
				   "crw------- 0/0 5,1 1970-01-01 00:00 dev/c\n"
				   "prw------- 0/0 0 1970-01-01 00:00 dev/p\n"
				   "-rw-r--r-- 1000/100 0 2009-02-13 23:31 empty\n"
				   "drwsr-sr-t 3000000000/3000000000 0 2023-11-14 22:13 future/\n"
				   "hrw-r--r-- 1000/100 0 2009-02-13 23:31 hard link to big\n"
				   "-rwsr-sr-t 3000000000/3000000000 1 1969-12-31 23:59 strange\n"
				   "-rw-------* 0/0 1 1970-01-01 00:00 xattrs\n"
				   " x: 4 security.capability\n"
				   " x: 5 user.text\n";
	lkb_auto(lkb_tree) t = rich_tree();
	lkb_autotmpdir dir = { 0 };
	lkb_autostr tar = { 0 };
	lkb_autostr out = { 0 };

	tar_of(lkb_tree_root(t), &tar);
	assert_done(lkb_tmpdir_make(&dir, &err));
	write_out(dir.path, "t.tar", &tar);
	assert_done(shell(dir.path, "tar --xattrs-include='*' --numeric-owner -tvvf t.tar |"
			  "tr -s ' ' | grep -v 000000000000", &out, &err));
	assert_string_equal(out.s, want);
	lkb_str_clear(&out);
	assert_done(shell(dir.path, "mkdir x; cd x; tar --no-same-owner --exclude=dev -xf ../t.tar;"
			  "cat 0*/*2 d/*3 0*0 big long-hard; ls | wc -l; test big -ef hard;"
			  "test d/*3 -ef long-hard", &out, &err));
	assert_non_null(strstr(out.s, "cda"));
	if (!have("bsdtar"))
		return;
	lkb_str_clear(&out);
	assert_done(shell(dir.path, "bsdtar -tf t.tar | LC_ALL=C sort >b; tar -tf t.tar |"
			  "LC_ALL=C sort >g; cmp b g; wc -l <b", &out, &err));
	assert_string_equal(out.s, "19\n");
	lkb_str_clear(&out);
	assert_done(shell(dir.path, "mkdir y; cd y;"
			  "bsdtar --no-xattrs -xof ../t.tar --exclude dev; cd ..;"
			  "diff -r --no-dereference x y", &out, &err));
	assert_string_equal(lkb_str_get(&out), "");
}

/* Makes a directory, packs it by `pack` as t.tar, reads that. */
static void read_made_by(const char *pack, const char *want)
{
	static const char make[] =
		"umask 022; mkdir -p s/dir/sub; cd s; printf hello >file; chmod 4750 file;"
		"ln file dir/hard; ln -s ../file dir/soft; mkfifo pipe; : >dir/sub/empty;"
		"find . -exec touch -h -d @1000000000 {} +";
	lkb_autotmpdir dir = { 0 };
	lkb_autofree char *path = NULL;
	lkb_autofree char *script = lkb_format("cd s; %s", pack);
	lkb_auto(lkb_blob) blob = NULL;
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct lkb_data d;

	print_message("# %s\n", pack);
	assert_done(lkb_tmpdir_make(&dir, &err));
	assert_done(shell(dir.path, make, NULL, &err));
	assert_done(shell(dir.path, script, NULL, &err));
	path = lkb_format("%s/t.tar", dir.path);
	assert_done(lkb_blob_open(path, &blob, &err));
	d = data_of(blob);
	assert_done(lkb_tar_to_tree(&d, t, "", &err));
	assert_dump(lkb_tree_root(t), want);
}

static const char made[] = ". d 0755 8:9 1000000000\n"
			   "dir d 0755 8:9 1000000000\n"
			   "dir/hard f 4750 8:9 1000000000 'hello'\n"
			   "dir/soft l 0777 8:9 1000000000 -> ../file\n"
			   "dir/sub d 0755 8:9 1000000000\n"
			   "dir/sub/empty f 0644 8:9 1000000000 ''\n"
			   "file = dir/hard\n"
			   "pipe p 0644 8:9 1000000000 0,0\n";

static void we_read_every_format_of_gnu_tar(void **state)
{
	static const char *const formats[] = { "gnu", "oldgnu", "ustar", "posix", "v7" };

	for (size_t i = 0; i < LKB_ARRAY_SIZE(formats); i++) {
		bool v7 = !strcmp(formats[i], "v7"); /* has no FIFOs */
		lkb_autofree char *pack = lkb_format(
			"%star --format=%s --owner=a:8 --group=b:9 -cf ../t.tar --sort=name .",
			v7 ? "rm pipe; touch -d @1000000000 .; " : "", formats[i]);
		lkb_autofree char *want = lkb_format("%.*s", (int)(v7 ? strstr(made, "pipe") - made
								      : (long)strlen(made)), made);

		read_made_by(pack, want);
	}
}

static void we_read_every_format_of_bsdtar(void **state)
{
	static const char *const formats[] = { "pax", "ustar", "gnutar" };

	if (!have("bsdtar"))
		return;
	for (size_t i = 0; i < LKB_ARRAY_SIZE(formats); i++) {
		lkb_autofree char *pack = lkb_format(
			"bsdtar --format %s --uid 8 --gid 9 --uname '' --gname '' -cf ../t.tar .",
			formats[i]);

		read_made_by(pack, made);
	}
}

/* Runs a script that makes t.tar; reads it. The caller frees. */
static struct lkb_tree *made_by(const char *script)
{
	lkb_autotmpdir dir = { 0 };
	lkb_autofree char *path = NULL;
	lkb_auto(lkb_blob) blob = NULL;
	struct lkb_tree *t = lkb_tree_new();
	struct lkb_data d;

	print_message("# %s\n", script);
	assert_done(lkb_tmpdir_make(&dir, &err));
	assert_done(shell(dir.path, script, NULL, &err));
	path = lkb_format("%s/t.tar", dir.path);
	assert_done(lkb_blob_open(path, &blob, &err));
	d = data_of(blob);
	assert_done(lkb_tar_to_tree(&d, t, "", &err));
	return t;
}

static void long_names_and_large_numbers_of_others(void **state)
{
	static const char *const packers[] = {
		"tar --format=gnu --owner=a:4000000000 --group=b:3000000 --mtime=@-5",
		"tar --format=posix --owner=a:4000000000 --group=b:3000000 --mtime=@-5",
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(packers); i++) {
		lkb_autofree char *script = lkb_format(
			"n=$(printf %%0180d 1); mkdir $n; printf x >$n/$n; ln $n/$n h;"
			"ln -s $n/$n s; %s -cf t.tar $n s h", packers[i]);
		lkb_auto(lkb_tree) t = made_by(script);
		lkb_autofree char *path = lkb_format("%0180d/%0180d", 1, 1);
		const struct lkb_inode *f = lkb_tree_lookup(t, path, false);

		assert_non_null(f);
		assert_int_equal(f->meta.uid, 4000000000);
		assert_int_equal(f->meta.gid, 3000000);
		assert_int_equal(f->meta.mtime, -5);
		assert_ptr_equal(lkb_tree_lookup(t, "h", false), f);
		assert_string_equal(lkb_tree_lookup(t, "s", false)->target, path);
	}
}

static void sparse_files_of_gnu_tar(void **state)
{
	static const char *const formats[] = {
		"--format=gnu", "--format=posix --sparse-version=0.0",
		"--format=posix --sparse-version=0.1", "--format=posix --sparse-version=1.0",
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(formats); i++) {
		/* thirty stretches: more than fit into the header; and a file that is one hole */
		lkb_autofree char *script = lkb_format(
			"for i in $(seq 0 2 60); do printf part%%02d $i |"
			" dd of=f bs=65536 seek=$i conv=notrunc status=none; done;"
			"truncate -s 5M f;"
			"truncate -s 300000 hole; printf end >z; tar %s -Scf t.tar f hole z",
			formats[i]);
		lkb_auto(lkb_tree) t = made_by(script);
		const struct lkb_inode *f = lkb_tree_lookup(t, "f", false);
		const struct lkb_inode *hole = lkb_tree_lookup(t, "hole", false);
		lkb_autofree char *text = NULL;
		lkb_autofree char *zeros = NULL;
		size_t n;

		assert_non_null(f);
		assert_done(lkb_data_read_all(&f->data, 5 << 20, &text, &n, &err));
		assert_int_equal(n, 5 << 20);
		for (int k = 0; k <= 60; k += 2) {
			lkb_autofree char *want = lkb_format("part%02d", k);

			assert_memory_equal(text + 65536 * k, want, 6);
			assert_true(lkb_is_zero(text + 65536 * k + 6, 65536 - 6));
			assert_true(lkb_is_zero(text + 65536 * (k + 1), 65536));
		}
		assert_done(lkb_data_read_all(&hole->data, 300000, &zeros, &n, &err));
		assert_int_equal(n, 300000);
		assert_true(lkb_is_zero(zeros, n));
		assert_int_equal(lkb_tree_lookup(t, "z", false)->data.len, 3);
	}
}

static void attributes_of_gnu_tar_and_bsdtar(void **state)
{
	static const char *const packers[] = { "tar --xattrs", "bsdtar --xattrs" };
	lkb_autotmpdir dir = { 0 };
	lkb_autofree char *file = NULL;
	lkb_autofree char *tar = NULL;

	assert_done(lkb_tmpdir_make(&dir, &err));
	file = lkb_format("%s/f", dir.path);
	tar = lkb_format("%s/t.tar", dir.path);
	assert_done(lkb_write_file(file, "x", 1, 0644, &err));
	if (setxattr(file, "user.key", "v\0w", 3, 0) < 0) {
		print_message("# skipped: no extended attributes below %s\n", dir.path);
		return;
	}
	for (size_t i = 0; i < LKB_ARRAY_SIZE(packers); i++) {
		lkb_autofree char *script = lkb_format("%s -cf t.tar f", packers[i]);
		lkb_auto(lkb_blob) blob = NULL;
		lkb_auto(lkb_tree) t = lkb_tree_new();
		const struct lkb_inode *f;
		struct lkb_data d;

		if (i && !have("bsdtar"))
			return;
		assert_done(shell(dir.path, script, NULL, &err));
		assert_done(lkb_blob_open(tar, &blob, &err));
		d = data_of(blob);
		assert_done(lkb_tar_to_tree(&d, t, "", &err));
		f = lkb_tree_lookup(t, "f", false);
		assert_int_equal(f->n_xattrs, 1);
		assert_string_equal(f->xattrs[0].name, "user.key");
		assert_int_equal(f->xattrs[0].len, 3);
		assert_memory_equal(f->xattrs[0].value, "v\0w", 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_comes_back),
		cmocka_unit_test(golden_bytes),
		cmocka_unit_test(an_attribute_that_tar_cannot_hold),
		cmocka_unit_test(others_list_what_we_write),
		cmocka_unit_test(we_read_every_format_of_gnu_tar),
		cmocka_unit_test(we_read_every_format_of_bsdtar),
		cmocka_unit_test(long_names_and_large_numbers_of_others),
		cmocka_unit_test(sparse_files_of_gnu_tar),
		cmocka_unit_test(attributes_of_gnu_tar_and_bsdtar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
