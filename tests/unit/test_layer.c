/* SPDX-License-Identifier: Apache-2.0 */
/* OCI layers: whiteouts, opaque directories, links, and what images have tried to break out. */
#include "tests/unit/tree_util.h"

#include "rootfs/tree/tar.h"

#define MAX_LAYERS 3
#define MAX_ENTRIES 8

/* An entry is "d PATH", "f PATH=TEXT", "l PATH=TARGET", "h PATH=TARGET" or "c PATH". */
static void add_entry(struct lkb_str *tar, const char *entry)
{
	lkb_autofree char *path = lkb_format("%s", entry + 2);
	char *value = strchr(path, '=');

	if (value)
		*value++ = '\0';
	switch (entry[0]) {
	case 'd':
		tar_add_text(tar, '5', path, "");
		break;
	case 'f':
		tar_add_text(tar, '0', path, value);
		break;
	case 'l':
		tar_add(tar, '2', path, value, "", 0);
		break;
	case 'h':
		tar_add(tar, '1', path, value, "", 0);
		break;
	case 'c':
		tar_add(tar, '3', path, "", "", 0);
		break;
	default:
		fail_msg("'%s' is no entry", entry);
	}
}

static int apply(struct lkb_tree *t, const char *const *entries, struct lkb_error *err)
{
	lkb_auto(lkb_blob) blob = NULL;
	lkb_autostr tar = { 0 };
	struct lkb_data d;

	for (size_t i = 0; i < MAX_ENTRIES && entries[i]; i++)
		add_entry(&tar, entries[i]);
	tar_end(&tar);
	blob = blob_of(&tar);
	d = data_of(blob);
	return lkb_tar_apply_layer(&d, t, err);
}

/* "d/ d/f=text l->target c" */
static char *brief(const struct lkb_inode *root)
{
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(root);
	struct lkb_tree_item item;
	lkb_autostr s = { 0 };

	while (lkb_tree_iter_next(it, &item) > 0) {
		lkb_autofree char *text = NULL;

		if (!*item.path)
			continue;
		lkb_str_addf(&s, "%s%s", s.len ? " " : "", item.path);
		if (!item.first)
			lkb_str_addf(&s, "==%s", item.first_path);
		else if (item.inode->type == LKB_NODE_DIR)
			lkb_str_addc(&s, '/');
		else if (item.inode->type == LKB_NODE_SYMLINK)
			lkb_str_addf(&s, "->%s", item.inode->target);
		else if (item.inode->type == LKB_NODE_FILE) {
			assert_done(lkb_data_read_all(&item.inode->data, 1000, &text, NULL, &err));
			lkb_str_addf(&s, "=%s", text);
		}
	}
	return lkb_str_take(&s);
}

struct vector {
	const char *name;
	const char *layers[MAX_LAYERS][MAX_ENTRIES];
	const char *want; /* or, with a '!' before it, what the error says */
};

static const struct vector vectors[] = {
	/* whiteouts */
	{ "a whiteout hides a lower file",
	  { { "f a=1", "f b=1" }, { "f .wh.a=" } }, "b=1" },
	{ "a whiteout hides a lower directory",
	  { { "f d/a=1", "f b=1" }, { "f .wh.d=" } }, "b=1" },
	{ "a whiteout hides a symlink, not its target",
	  { { "f a=1", "l s=a" }, { "f .wh.s=" } }, "a=1" },
	{ "a whiteout of nothing is no fault",
	  { { "f a=1" }, { "f .wh.x=", "f no/such/.wh.dir=" } }, "a=1" },
	{ "a whiteout hides nothing of its own layer, before",
	  { { "f a=1" }, { "f a=2", "f .wh.a=" } }, "a=2" },
	{ "a whiteout hides nothing of its own layer, after",
	  { { "f a=1" }, { "f .wh.a=", "f a=2" } }, "a=2" },
	{ "a whiteout of a directory that the layer makes anew",
	  { { "f d/old=1" }, { "d d", "f d/new=2", "f .wh.d=" } }, "d/ d/new=2" },
	{ "a whiteout of a link, then a directory of that name",
	  { { "d e", "l d=e" }, { "f .wh.d=", "f d/f=2" } }, "d/ d/f=2 e/" },
	{ "a whiteout through a linked parent",
	  { { "f usr/bin/sh=1", "l bin=usr/bin" }, { "f bin/.wh.sh=" } },
	  "bin->usr/bin usr/ usr/bin/" },
	{ "a whiteout below a directory that replaces a link",
	  { { "f e/x=1", "l d=e" }, { "d d", "f d/.wh.x=" } }, "d/ e/ e/x=1" },
	{ "the same, whiteout first",
	  { { "f e/x=1", "l d=e" }, { "f d/.wh.x=", "d d" } }, "d/ e/ e/x=1" },
	{ "a whiteout of one name of a hard link",
	  { { "f a=1", "h b=a" }, { "f .wh.a=" } }, "b=1" },
	{ "a whiteout as a device or directory is a whiteout",
	  { { "f a=1", "f b=1" }, { "c .wh.a", "d .wh.b" } }, "" },
	{ "a device 0:0 is a device",
	  { { "f a=1" }, { "c a" } }, "a" },
	{ "a name that only looks like a whiteout",
	  { { "f a=1" }, { "f .wha=2", "f x.wh.a=3" } }, ".wha=2 a=1 x.wh.a=3" },
	{ "a whiteout of a whiteout-like name",
	  { { "f a=1" }, { "f .wh..whx=" } }, "a=1" },
	{ "a whiteout without a name", { { "f .wh.=" } }, "!whiteout '/.wh.' names nothing" },
	{ "a whiteout of .", { { "f .wh..=" } }, "!whiteout '/.wh..' names nothing" },
	{ "a whiteout of ..", { { "f d/.wh...=" } }, "!whiteout '/d/.wh...' names nothing" },
	{ "a whiteout as a directory", { { "f .wh.d/f=" } }, "!has a whiteout as its directory" },

	/* opaque directories */
	{ "opaque hides all lower children",
	  { { "f d/a=1", "f d/s/b=1" }, { "d d", "f d/.wh..wh..opq=", "f d/c=2" } }, "d/ d/c=2" },
	{ "opaque wherever it stands",
	  { { "f d/a=1", "f d/s/b=1" }, { "d d", "f d/c=2", "f d/s/n=2", "f d/.wh..wh..opq=" } },
	  "d/ d/c=2 d/s/ d/s/n=2" },
	{ "opaque in the root",
	  { { "f d/a=1", "f b=1" }, { "f c=2", "f .wh..wh..opq=" } }, "c=2" },
	{ "opaque through a linked directory",
	  { { "f e/a=1", "l d=e" }, { "f d/.wh..wh..opq=" } }, "d->e e/" },
	{ "opaque in a directory that replaces a link",
	  { { "f e/a=1", "l d=e" }, { "d d", "f d/.wh..wh..opq=" } }, "d/ e/ e/a=1" },
	{ "opaque in a directory that is not there",
	  { { "f a=1" }, { "f no/.wh..wh..opq=" } }, "a=1" },
	{ "opaque in a file",
	  { { "f a=1" }, { "f a/.wh..wh..opq=" } }, "a=1" },
	{ "what else aufs kept",
	  { { "f a=1" }, { "d .wh..wh.plnk", "f .wh..wh.plnk/12.34=x", "f .wh..wh.aufs=" } },
	  "a=1" },

	/* additions */
	{ "a directory over a directory keeps the children",
	  { { "f d/a=1" }, { "d d" } }, "d/ d/a=1" },
	{ "a file over a directory", { { "f d/a=1" }, { "f d=2" } }, "d=2" },
	{ "a directory over a file", { { "f d=1" }, { "d d", "f d/a=2" } }, "d/ d/a=2" },
	{ "a file over a link replaces the link",
	  { { "f t=1", "l s=t" }, { "f s=2" } }, "s=2 t=1" },
	{ "a directory over a link replaces the link",
	  { { "f t/f=1", "l s=t" }, { "d s" } }, "s/ t/ t/f=1" },
	{ "a link over a directory",
	  { { "f d/a=1" }, { "l d=e" } }, "d->e" },
	{ "a linked parent leads on",
	  { { "d usr/bin", "l bin=usr/bin" }, { "f bin/sh=2" } },
	  "bin->usr/bin usr/ usr/bin/ usr/bin/sh=2" },
	{ "an absolute linked parent starts at the root",
	  { { "l bin=/usr/bin" }, { "f bin/sh=2" } }, "bin->/usr/bin usr/ usr/bin/ usr/bin/sh=2" },
	{ "the last of two entries wins", { { "f a=1", "f a=2" } }, "a=2" },
	{ "names with ./ and /", { { "d ./", "f ./a=1", "f /b=2" } }, "a=1 b=2" },
	{ "a file below a file", { { "f a=1" }, { "f a/b=2" } }, "!is not a directory" },

	/* hard links */
	{ "a hard link into a lower layer",
	  { { "f a=1" }, { "h d/b=a" } }, "a=1 d/ d/b==a" },
	{ "an upper layer breaks the link",
	  { { "f a=1", "h b=a" }, { "f a=2" } }, "a=2 b=1" },
	{ "a hard link to nothing", { { "h b=a" } }, "!'/a', which is not there" },
	{ "a hard link to what the layer hides",
	  { { "f a=1" }, { "f .wh.a=", "h b=a" } }, "!'/a', which is not there" },
	{ "a hard link to a directory", { { "d a", "h b=a" } }, "!leads to directory '/a'" },
	{ "a hard link to a symlink is the symlink",
	  { { "l s=../canary", "h h=s" } }, "h->../canary s==h" },
	{ "a hard link's target starts at the root",
	  { { "f d/a=1", "h d/b=d/a" } }, "d/ d/a=1 d/b==d/a" },
	{ "a hard link's target goes through links",
	  { { "f usr/x=1", "l u=/usr", "h b=u/x" } }, "b=1 u->/usr usr/ usr/x==b" },

	/* ways out that others were led */
	{ "up and out", { { "f ../../../x=1" } }, "x=1" },
	{ "a symlink up and out, then through it",
	  { { "l up=../../..", "f up/x=1" } }, "up->../../.. x=1" },
	{ "a symlink to an absolute path, across layers",
	  { { "l e=/etc" }, { "f e/passwd=1" } }, "e->/etc etc/ etc/passwd=1" },
	{ "a hard link up and out", { { "f a=1", "h b=../../a" } }, "a=1 b==a" },
	{ "a whiteout through a symlink up and out",
	  { { "f a=1", "l up=../.." }, { "f up/.wh.a=" } }, "up->../.." },
	{ "opaque through a symlink to the root",
	  { { "f d/a=1", "l up=/" }, { "f up/.wh..wh..opq=" } }, "" },
	{ "the root as a symlink", { { "l .=/etc" } }, "!root of a tree can only be a directory" },
	{ "the root as a file", { { "f /=x" } }, "!root of a tree can only be a directory" },
	{ "the root as a hard link", { { "f a=1", "h ./=a" } },
	  "!root of a tree can only be a directory" },
	{ "a loop of links",
	  { { "l a=b", "l b=a", "f a/x=1" } }, "!too many symbolic links" },
	{ "a link to itself below itself",
	  { { "l a=a/a", "f a/x=1" } }, "!too many symbolic links" },
};

static void run_vector(const struct vector *v)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_autofree char *got = NULL;
	struct lkb_error err = { 0 };

	print_message("# %s\n", v->name);
	for (size_t i = 0; i < MAX_LAYERS && v->layers[i][0]; i++) {
		if (apply(t, v->layers[i], &err) == 0)
			continue;
		if (v->want[0] != '!' || !strstr(err.message, v->want + 1))
			fail_msg("%s: %s", v->name, err.message);
		assert_int_equal(err.kind, LKB_INPUT);
		return;
	}
	got = brief(lkb_tree_root(t));
	assert_string_equal(got, v->want);
}

static void every_vector(void **state)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(vectors); i++)
		run_vector(&vectors[i]);
}

static void an_upper_directory_keeps_children_but_not_attributes(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_auto(lkb_blob) blob = NULL;
	lkb_autostr tar = { 0 };
	struct lkb_data d;
	size_t at;

	assert_done(apply(t, (const char *const[MAX_ENTRIES]){ "d d", "f d/a=1" }, &err));
	at = tar_add_text(&tar, '5', "d", "");
	put_octal(tar.s + at + 100, 8, 01777);
	put_octal(tar.s + at + 136, 12, 99);
	tar_seal(tar.s + at);
	blob = blob_of(&tar);
	d = data_of(blob);
	assert_done(lkb_tar_apply_layer(&d, t, &err));
	assert_dump(lkb_tree_root(t), ". d 0755 0:0 0\nd d 1777 0:0 99\nd/a f 0644 0:0 0 '1'\n");
}

static void labels_of_the_machine_it_was_made_on_are_dropped(void **state)
{
	static const char pax[] = "35 SCHILY.xattr.security.selinux=x\n"
				  "41 SCHILY.xattr.trusted.overlay.opaque=y\n"
				  "29 SCHILY.xattr.user.keep=it\n"
				  "38 SCHILY.xattr.security.capability=c\n";
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_auto(lkb_blob) blob = NULL;
	lkb_autostr tar = { 0 };
	struct lkb_data d;

	tar_add_text(&tar, 'x', "x", pax);
	tar_add_text(&tar, '0', "f", "");
	tar_end(&tar);
	blob = blob_of(&tar);
	d = data_of(blob);
	assert_done(lkb_tar_apply_layer(&d, t, &err));
	assert_dump(lkb_tree_root(t), ". d 0755 0:0 0\n"
		    "f f 0644 0:0 0 '' security.capability=c user.keep=it\n");
}

static void a_damaged_layer_changes_nothing(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_auto(lkb_blob) blob = NULL;
	lkb_autostr tar = { 0 };
	lkb_autofree char *before = NULL;
	struct lkb_data d;

	assert_done(apply(t, (const char *const[MAX_ENTRIES]){ "d d", "f d/a=1", "l s=d" }, &err));
	before = dump(lkb_tree_root(t));
	add_entry(&tar, "f .wh.d=");
	add_entry(&tar, "d s");
	add_entry(&tar, "f new=2");
	lkb_str_add(&tar, "this is no header");
	tar_pad(&tar);
	blob = blob_of(&tar);
	d = data_of(blob);
	assert_fault(lkb_tar_apply_layer(&d, t, &err), LKB_INPUT,
		     "layer: tar archive 'memory', byte 2048: no tar header where one must be");
	assert_dump(lkb_tree_root(t), before);
}

static void missing_parents_get_the_default_time(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();

	lkb_tree_set_default_mtime(t, 42);
	assert_done(apply(t, (const char *const[MAX_ENTRIES]){ "f a/b/c=1" }, &err));
	assert_dump(lkb_tree_root(t), ". d 0755 0:0 0\na d 0755 0:0 42\na/b d 0755 0:0 42\n"
		    "a/b/c f 0644 0:0 0 '1'\n");
}

/* Layers that GNU tar made out of a real overlay-like sequence: a usrmerged root, then changes. */
static void layers_made_by_gnu_tar(void **state)
{
	static const char make[] =
		"mkdir -p l1/usr/bin l1/etc/conf.d l2/bin l2/etc/conf.d;"
		"printf sh1 >l1/usr/bin/sh; ln l1/usr/bin/sh l1/usr/bin/dash; ln -s usr/bin l1/bin;"
		"printf a >l1/etc/conf.d/a; printf keep >l1/etc/keep;"
		"printf sh2 >l2/bin/sh; : >l2/etc/conf.d/.wh..wh..opq; printf b >l2/etc/conf.d/b;"
		"tar --format=posix -C l1 -cf l1.tar .;"
		"tar --format=gnu -C l2 -cf l2.tar bin/sh etc";
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_autotmpdir dir = { 0 };
	lkb_autofree char *got = NULL;

	assert_done(lkb_tmpdir_make(&dir, &err));
	assert_done(shell(dir.path, make, NULL, &err));
	for (int i = 1; i <= 2; i++) {
		lkb_autofree char *path = lkb_format("%s/l%d.tar", dir.path, i);
		lkb_auto(lkb_blob) blob = NULL;
		struct lkb_data d;

		assert_done(lkb_blob_open(path, &blob, &err));
		d = data_of(blob);
		assert_done(lkb_tar_apply_layer(&d, t, &err));
	}
	got = brief(lkb_tree_root(t));
	assert_string_equal(got, "bin->usr/bin etc/ etc/conf.d/ etc/conf.d/b=b etc/keep=keep "
			    "usr/ usr/bin/ usr/bin/dash=sh1 usr/bin/sh=sh2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vector),
		cmocka_unit_test(an_upper_directory_keeps_children_but_not_attributes),
		cmocka_unit_test(labels_of_the_machine_it_was_made_on_are_dropped),
		cmocka_unit_test(a_damaged_layer_changes_nothing),
		cmocka_unit_test(missing_parents_get_the_default_time),
		cmocka_unit_test(layers_made_by_gnu_tar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
