/* SPDX-License-Identifier: Apache-2.0 */
/* tar in and out. GNU tar and bsdtar are the judges both ways. */
#include "tests/unit/tree_util.h"

#include <sys/xattr.h>

#include "base/bytes.h"
#include "rootfs/tree/tar.h"

#define EPOCH 1700000000

/* Reads a whole archive into a tree. */
static int read_tar(const struct lkb_str *tar, struct lkb_tree *t, const char *prefix,
		    struct lkb_error *err)
{
	lkb_auto(lkb_blob) b = blob_of(tar);
	struct lkb_data d = data_of(b);

	return lkb_tar_to_tree(&d, t, prefix, err);
}

#define assert_tar_dump(tar, want) \
	do { \
		lkb_auto(lkb_tree) t_ = lkb_tree_new(); \
		assert_done(read_tar(tar, t_, "", &err)); \
		assert_dump(lkb_tree_root(t_), want); \
	} while (0)

static int try_tar(const struct lkb_str *tar, struct lkb_error *err)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();

	return read_tar(tar, t, "", err);
}

static void every_type_by_hand(void **state)
{
	lkb_autostr tar = { 0 };
	size_t dev, old;

	tar_add(&tar, '5', "./", "", "", 0);
	tar_add_text(&tar, '0', "./a", "hello");
	tar_add(&tar, '1', "hard", "./a", "", 0);
	tar_add(&tar, '2', "soft", "../a", "", 0);
	dev = tar_add(&tar, '3', "dev/null", "", "", 0);
	put_octal(tar.s + dev + 329, 8, 1);
	put_octal(tar.s + dev + 337, 8, 3);
	tar_seal(tar.s + dev);
	tar_add(&tar, '6', "fifo", "", "", 0);
	tar_add_text(&tar, '7', "contiguous", "c");
	old = tar_add(&tar, '\0', "olddir/", "", "", 0);
	put_octal(tar.s + old + 100, 8, 0711);
	tar_seal(tar.s + old);
	tar_add_text(&tar, '\0', "oldfile", "o");
	tar_add_text(&tar, 'V', "volume label", "");
	tar_end(&tar);
	assert_tar_dump(&tar, ". d 0755 0:0 0\n"
			"a f 0644 0:0 0 'hello'\n"
			"contiguous f 0644 0:0 0 'c'\n"
			"dev d 0755 0:0 0\n"
			"dev/null c 0644 0:0 0 1,3\n"
			"fifo p 0644 0:0 0 0,0\n"
			"hard = a\n"
			"olddir d 0711 0:0 0\n"
			"oldfile f 0644 0:0 0 'o'\n"
			"soft l 0644 0:0 0 -> ../a\n");
}

static void numbers_in_the_header(void **state)
{
	static const struct {
		const char *field; /* 12 bytes of mtime */
		bool ok;
		long long want;
	} cases[] = {
		{ "00000000012\0", true, 10 },
		{ "         12 ", true, 10 },
		{ "12 \0\0\0\0\0\0\0\0\0", true, 10 },
		{ "777777777777", true, 68719476735 },
		{ "\0\0\0\0\0\0\0\0\0\0\0\0", true, 0 },
		{ "            ", true, 0 },
		{ "\x80\0\0\0\0\0\0\0\0\0\0\x0a", true, 10 },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfb", true, -5 },
		{ "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", true, INT64_MAX },
		{ "\xff\xff\xff\xff\x80\0\0\0\0\0\0\0", true, INT64_MIN },
		{ "\x80\0\0\0\x80\0\0\0\0\0\0\0", false, 0 },
		{ "\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff", false, 0 },
		{ "\x80\x01\0\0\0\0\0\0\0\0\0\0", false, 0 },
		{ "00000000018\0", false, 0 },
		{ "-0000000012\0", false, 0 },
		{ "hello world\0", false, 0 },
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_autostr tar = { 0 };
		lkb_auto(lkb_tree) t = lkb_tree_new();
		struct lkb_error err = { 0 };

		tar_add_text(&tar, '0', "f", "");
		memcpy(tar.s + 136, cases[i].field, 12);
		tar_seal(tar.s);
		print_message("# case %zu\n", i);
		assert_int_equal(read_tar(&tar, t, "", &err), cases[i].ok ? 0 : -1);
		if (cases[i].ok)
			assert_true(lkb_tree_lookup(t, "f", false)->meta.mtime == cases[i].want);
		else
			assert_non_null(strstr(err.message, "the time is no number"));
	}
}

/* "LENGTH KEY=VALUE\n" */
static void add_record(struct lkb_str *pax, const char *key, const void *value, size_t n)
{
	for (size_t len = 1;; len++) {
		lkb_autofree char *head = lkb_format("%zu %s=", len, key);

		if (strlen(head) + n + 1 != len)
			continue;
		lkb_str_add(pax, head);
		lkb_str_addn(pax, value, n);
		lkb_str_addc(pax, '\n');
		return;
	}
}

static void record_text(struct lkb_str *pax, const char *key, const char *value)
{
	add_record(pax, key, value, strlen(value));
}

static void extended_headers_beat_the_header(void **state)
{
	lkb_autostr tar = { 0 };
	lkb_autostr pax = { 0 };
	lkb_autostr global = { 0 };
	lkb_autostr deleted = { 0 };

	record_text(&global, "uid", "7");
	record_text(&global, "comment", "who knows");
	tar_add(&tar, 'g', "g", "", global.s, global.len);
	record_text(&pax, "path", "real/name");
	record_text(&pax, "gid", "4000000000");
	record_text(&pax, "mtime", "-1.5");
	record_text(&pax, "size", "3");
	record_text(&pax, "hdrcharset", "BINARY");
	add_record(&pax, "SCHILY.xattr.user.n", "a\0b", 3);
	record_text(&pax, "SCHILY.xattr.user.line", "a=b\nc");
	record_text(&pax, "LIBARCHIVE.xattr.user.%6e", "bm90IHRoaXM=");
	record_text(&pax, "LIBARCHIVE.xattr.user.b%364", "dGhhdA==");
	tar_add(&tar, 'x', "x", "", pax.s, pax.len);
	tar_add_text(&tar, '0', "false/name", "abc");
	tar_add_text(&tar, '0', "next", ""); /* the global header still counts, the other not */
	record_text(&deleted, "uid", "");
	tar_add(&tar, 'x', "x", "", deleted.s, deleted.len);
	tar_add_text(&tar, '0', "third", "");
	tar_end(&tar);
	assert_tar_dump(&tar, ". d 0755 0:0 0\n"
			"next f 0644 7:0 0 ''\n"
			"real d 0755 0:0 0\n"
			"real/name f 0644 7:4000000000 -2 'abc' user.b64=that user.line=a=b\nc "
			"user.n=a\n" /* as far as text can show it */
			"third f 0644 0:0 0 ''\n");
}

static void values_keep_their_zero_bytes(void **state)
{
	lkb_autostr tar = { 0 };
	lkb_autostr pax = { 0 };
	lkb_auto(lkb_tree) t = lkb_tree_new();
	const struct lkb_inode *i;

	add_record(&pax, "SCHILY.xattr.security.capability", "\1\0\0\2\0\x20\0\0", 8);
	add_record(&pax, "SCHILY.xattr.user.empty", "", 0);
	tar_add(&tar, 'x', "x", "", pax.s, pax.len);
	tar_add_text(&tar, '0', "ping", "");
	assert_done(read_tar(&tar, t, "", &err));
	i = lkb_tree_lookup(t, "ping", false);
	assert_int_equal(i->n_xattrs, 2);
	assert_string_equal(i->xattrs[0].name, "security.capability");
	assert_int_equal(i->xattrs[0].len, 8);
	assert_memory_equal(i->xattrs[0].value, "\1\0\0\2\0\x20\0\0", 8);
	assert_int_equal(i->xattrs[1].len, 0);
}

static void damaged_extended_headers(void **state)
{
	static const struct {
		const char *payload, *message;
	} cases[] = {
		{ "9 path=ab\n", "an extended header is damaged" },
		{ "99 path=a\n", "an extended header is damaged" },
		{ "path=a\n", "an extended header is damaged" },
		{ "10 path=ab", "an extended header is damaged" },
		{ "10 path_ab\n", "an extended header is damaged" },
		{ "9999999999999999999999 path=a\n", "an extended header is damaged" },
		{ "3 \n", "an extended header is damaged" },
		{ "5 =a\n", "an extended header is damaged" },
		{ "-9 path=a\n", "an extended header is damaged" },
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_autostr tar = { 0 };
		const char *p = cases[i].payload;

		tar_add_text(&tar, 'x', "x", p);
		tar_add_text(&tar, '0', "f", "");
		tar_end(&tar);
		print_message("# payload %s", p);
		assert_fault(try_tar(&tar, &err), LKB_INPUT, cases[i].message);
	}
}

static void wrong_values_in_extended_headers(void **state)
{
	static const struct {
		const char *key, *value, *message;
	} cases[] = {
		{ "size", "-1", "the size -1 is out of range" },
		{ "size", "1e9", "the size is no number" },
		{ "size", "9223372036854775808", "the size is no number" },
		{ "size", "", NULL },
		{ "uid", "-1", "the user id -1 is out of range" },
		{ "gid", "4294967296", "the group id 4294967296 is out of range" },
		{ "mtime", "1,5", "the time is no number" },
		{ "mtime", ".5", "the time is no number" },
		{ "mtime", "1.", NULL },
		{ "LIBARCHIVE.xattr.user.a", "?", "not base64" },
		{ "LIBARCHIVE.xattr.%00", "YQ==", "name has a zero byte" },
		{ "SCHILY.xattr.", "v", NULL },
		{ "GNU.sparse.map", "1,2,", "the map of a sparse file is damaged" },
		{ "GNU.sparse.numbytes", "1", "the map of a sparse file is damaged" },
		{ "GNU.sparse.offset", "-1", "the map of a sparse file is damaged" },
		{ "GNU.sparse.size", "x", "a sparse file without its size" },
		{ "GNU.sparse.major", "1", "a sparse file without its size" },
		{ "unknown", "whatever", NULL },
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_autostr tar = { 0 };
		lkb_autostr pax = { 0 };

		print_message("# %s=%s\n", cases[i].key, cases[i].value);
		record_text(&pax, cases[i].key, cases[i].value);
		tar_add(&tar, 'x', "x", "", pax.s, pax.len);
		tar_add_text(&tar, '0', "f", "");
		tar_end(&tar);
		if (cases[i].message)
			assert_fault(try_tar(&tar, &err), LKB_INPUT, cases[i].message);
		else
			assert_done(try_tar(&tar, &err));
	}
}

static void what_is_refused(void **state)
{
	lkb_autostr base = { 0 };
	lkb_autostr tar = { 0 };
	lkb_autostr pax = { 0 };
	lkb_autofree char *long_path = lkb_format("%04097d", 1);
	size_t at;

	tar_add_text(&base, '0', "first", "1");
	/* a wrong checksum */
	lkb_str_addn(&tar, base.s, base.len);
	tar.s[0] = 'F';
	assert_fault(try_tar(&tar, &err), LKB_INPUT, "no tar header where one must be");
	/* a file longer than the archive */
	tar.len = 0;
	at = tar_add_text(&tar, '0', "f", "1");
	put_octal(tar.s + at + 124, 12, 513);
	tar_seal(tar.s + at);
	assert_fault(try_tar(&tar, &err), LKB_INPUT, "entry 'f': the archive ends early");
	memcpy(tar.s + at + 124, "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12);
	tar_seal(tar.s + at);
	assert_fault(try_tar(&tar, &err), LKB_INPUT, "entry 'f': the archive ends early");
	memset(tar.s + at + 124, 0xff, 12);
	tar_seal(tar.s + at);
	assert_fault(try_tar(&tar, &err), LKB_INPUT, "the size -1 is out of range");
	/* types that nobody knows, and a part of a multi-volume archive */
	tar.len = 0;
	tar_add_text(&tar, '9', "f", "");
	assert_fault(try_tar(&tar, &err), LKB_INPUT, "an entry of type '9' (0x39)");
	tar.len = 0;
	tar_add_text(&tar, 'M', "f", "");
	assert_fault(try_tar(&tar, &err), LKB_INPUT, "an entry of type 'M'");
	tar.len = 0;
	tar_add_text(&tar, '\x01', "f", "");
	assert_fault(try_tar(&tar, &err), LKB_INPUT, "an entry of type '?' (0x01)");
	/* bounds */
	tar.len = 0;
	tar_add_text(&tar, 'L', "f", long_path);
	tar_add_text(&tar, '0', "f", "");
	assert_fault(try_tar(&tar, &err), LKB_INPUT, "a path is longer than 4096 bytes");
	tar.len = 0;
	for (int i = 0; i < 257; i++) {
		lkb_autofree char *key = lkb_format("SCHILY.xattr.user.%d", i);

		record_text(&pax, key, "v");
	}
	tar_add(&tar, 'x', "f", "", pax.s, pax.len);
	tar_add_text(&tar, '0', "f", "");
	assert_fault(try_tar(&tar, &err), LKB_INPUT, "more than 256 extended attributes");
	tar.len = 0;
	at = tar_add_text(&tar, 'x', "f", "");
	put_octal(tar.s + at + 124, 12, (1 << 20) + 1);
	tar_seal(tar.s + at);
	assert_fault(try_tar(&tar, &err), LKB_INPUT, "an extended header of 1048577 bytes");
	/* links */
	tar.len = 0;
	tar_add(&tar, '1', "h", "nothing", "", 0);
	assert_fault(try_tar(&tar, &err), LKB_INPUT, "leads to '/nothing', which is not there");
	tar.len = 0;
	tar_add(&tar, '2', "s", "", "", 0);
	assert_fault(try_tar(&tar, &err), LKB_INPUT, "has no target");
	tar.len = 0;
	tar_add(&tar, '2', "./", "/etc", "", 0);
	assert_fault(try_tar(&tar, &err), LKB_INPUT, "the root of a tree can only be a directory");
}

static void the_end_of_an_archive(void **state)
{
	lkb_autostr tar = { 0 };

	assert_tar_dump(&tar, ". d 0755 0:0 0\n"); /* no bytes at all */
	tar_add_text(&tar, '0', "f", "1");
	assert_tar_dump(&tar, ". d 0755 0:0 0\nf f 0644 0:0 0 '1'\n"); /* no zero blocks */
	tar.len = 513;
	assert_tar_dump(&tar, ". d 0755 0:0 0\nf f 0644 0:0 0 '1'\n"); /* no padding */
	tar_pad(&tar);
	tar_end(&tar);
	tar_add_text(&tar, '0', "behind", "2");
	assert_tar_dump(&tar, ". d 0755 0:0 0\nf f 0644 0:0 0 '1'\n");
	tar.len = 1024;
	lkb_str_add(&tar, "junk");
	assert_fault(try_tar(&tar, &err), LKB_INPUT, "the archive ends early");
}

static void names_stay_below_the_prefix(void **state)
{
	lkb_autostr tar = { 0 };
	lkb_auto(lkb_tree) t = lkb_tree_new();

	tar_add_text(&tar, '0', "../../up", "1");
	tar_add_text(&tar, '0', "/abs", "2");
	tar_add_text(&tar, '0', "a/../b", "3");
	tar_add(&tar, '1', "hard", "/../abs", "", 0);
	assert_done(read_tar(&tar, t, "boot/x", &err));
	assert_dump(lkb_tree_root(t), ". d 0755 0:0 0\n"
		    "boot d 0755 0:0 0\n"
		    "boot/x d 0755 0:0 0\n"
		    "boot/x/abs f 0644 0:0 0 '2'\n"
		    "boot/x/b f 0644 0:0 0 '3'\n"
		    "boot/x/hard = boot/x/abs\n"
		    "boot/x/up f 0644 0:0 0 '1'\n");
}

static void data_is_referenced_where_it_stands(void **state)
{
	lkb_autostr inner = { 0 };
	lkb_autostr outer = { 0 };
	lkb_auto(lkb_blob) blob = NULL;
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_auto(lkb_tree) t2 = lkb_tree_new();
	const struct lkb_inode *i;
	struct lkb_data d;

	tar_add_text(&inner, '0', "lib/modules/x.ko", "module");
	tar_end(&inner);
	tar_add_text(&outer, '0', "kernel", "vmlinuz");
	tar_add(&outer, '0', "kernel.tar", "", inner.s, inner.len);
	tar_end(&outer);
	blob = blob_of(&outer);
	d = data_of(blob);
	assert_done(lkb_tar_to_tree(&d, t, "", &err));
	i = lkb_tree_lookup(t, "kernel.tar", false);
	assert_ptr_equal(i->data.blob, blob);
	assert_int_equal(i->data.off, 1536);
	assert_int_equal(i->data.len, inner.len);
	assert_done(lkb_tar_to_tree(&i->data, t2, "", &err));
	i = lkb_tree_lookup(t2, "lib/modules/x.ko", false);
	assert_ptr_equal(i->data.blob, blob);
	assert_int_equal(i->data.off, 1536 + 512);
	/* the inner archive ends where its file ends, not where the outer one does */
	d = lkb_tree_lookup(t, "kernel.tar", false)->data;
	d.len = 512 + 5;
	assert_fault(lkb_tar_to_tree(&d, t2, "", &err), LKB_INPUT, "the archive ends early");
}

static void hard_links_with_and_without_a_payload(void **state)
{
	lkb_autostr tar = { 0 };
	size_t at;

	tar_add_text(&tar, '0', "a", "12345");
	tar_add(&tar, '1', "with", "a", "12345", 5);
	at = tar_add(&tar, '1', "without", "a", "", 0);
	put_octal(tar.s + at + 124, 12, 5);
	tar_seal(tar.s + at);
	tar_add_text(&tar, '0', "z", "z");
	at = tar_add(&tar, '1', "last", "a", "", 0);
	put_octal(tar.s + at + 124, 12, 5);
	tar_seal(tar.s + at);
	assert_tar_dump(&tar, ". d 0755 0:0 0\na f 0644 0:0 0 '12345'\nlast = a\nwith = a\n"
			"without = a\nz f 0644 0:0 0 'z'\n");
}

static void cut_anywhere_it_fails_or_has_fewer_entries(void **state)
{
	lkb_autostr tar = { 0 };
	lkb_autostr pax = { 0 };
	lkb_auto(lkb_tree) whole = lkb_tree_new();
	uint64_t n_whole;

	record_text(&pax, "path", "long/name");
	record_text(&pax, "SCHILY.xattr.user.x", "y");
	tar_add(&tar, '5', "d/", "", "", 0);
	tar_add(&tar, 'x', "x", "", pax.s, pax.len);
	tar_add_text(&tar, '0', "f", "some contents");
	tar_add_text(&tar, 'L', "././@LongLink", "another/long/name");
	tar_add_text(&tar, '0', "g", "");
	tar_add(&tar, '2', "s", "d", "", 0);
	tar_end(&tar);
	assert_done(read_tar(&tar, whole, "", &err));
	n_whole = lkb_tree_stats(lkb_tree_root(whole)).dirs;
	for (size_t n = 0; n < tar.len; n++) {
		struct lkb_str part = { .s = tar.s, .len = n };
		lkb_auto(lkb_tree) t = lkb_tree_new();
		struct lkb_error err = { 0 };

		if (read_tar(&part, t, "", &err) < 0)
			assert_int_equal(err.kind, LKB_INPUT);
		assert_true(lkb_tree_stats(lkb_tree_root(t)).dirs <= n_whole);
	}
}

static void sparse_files_of_the_old_kind(void **state)
{
	lkb_autostr tar = { 0 };
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_autofree char *text = NULL;
	char ext[512] = "";
	size_t at, n;

	/* "ab" at 0, hole, "cd" at 600, hole, "ef" at 1000 (in an extension block), end at 1100 */
	at = tar_add_text(&tar, 'S', "sparse", "");
	memcpy(tar.s + at + 257, "ustar  ", 8);
	put_octal(tar.s + at + 124, 12, 6);
	put_octal(tar.s + at + 386, 12, 0);
	put_octal(tar.s + at + 398, 12, 2);
	put_octal(tar.s + at + 410, 12, 600);
	put_octal(tar.s + at + 422, 12, 2);
	for (int i = 2; i < 4; i++) {
		put_octal(tar.s + at + 386 + 24 * i, 12, 700);
		put_octal(tar.s + at + 398 + 24 * i, 12, 0);
	}
	tar.s[at + 482] = 1;
	put_octal(tar.s + at + 483, 12, 1100);
	tar_seal(tar.s + at);
	put_octal(ext, 12, 1000);
	put_octal(ext + 12, 12, 2);
	lkb_str_addn(&tar, ext, 512);
	lkb_str_addn(&tar, "abcdef", 6);
	tar_pad(&tar);
	tar_add_text(&tar, '0', "next", "n");
	tar_end(&tar);
	assert_done(read_tar(&tar, t, "", &err));
	assert_done(lkb_data_read_all(&lkb_tree_lookup(t, "sparse", false)->data, 2000, &text, &n,
				      &err));
	assert_int_equal(n, 1100);
	assert_memory_equal(text, "ab\0\0", 4);
	assert_memory_equal(text + 598, "\0\0cd\0", 5);
	assert_memory_equal(text + 999, "\0ef\0", 4);
	assert_non_null(lkb_tree_lookup(t, "next", false));
	/* what is stored and what the map says must fit */
	put_octal(tar.s + at + 398, 12, 3);
	tar_seal(tar.s + at);
	assert_fault(try_tar(&tar, &err), LKB_INPUT, "map has 7 bytes, but 6 are stored");
	put_octal(tar.s + at + 398, 12, 601);
	tar_seal(tar.s + at);
	assert_fault(try_tar(&tar, &err), LKB_INPUT, "the map of a sparse file is damaged");
	put_octal(tar.s + at + 398, 12, 2);
	memcpy(tar.s + at + 483, "\x80\0\0\0\0\0\0\3\0\0\0\0", 12);
	tar_seal(tar.s + at);
	assert_fault(try_tar(&tar, &err), LKB_INPUT, "a sparse file of 12884901888 bytes");
}

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
		cmocka_unit_test(every_type_by_hand),
		cmocka_unit_test(numbers_in_the_header),
		cmocka_unit_test(extended_headers_beat_the_header),
		cmocka_unit_test(values_keep_their_zero_bytes),
		cmocka_unit_test(damaged_extended_headers),
		cmocka_unit_test(wrong_values_in_extended_headers),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(the_end_of_an_archive),
		cmocka_unit_test(names_stay_below_the_prefix),
		cmocka_unit_test(data_is_referenced_where_it_stands),
		cmocka_unit_test(hard_links_with_and_without_a_payload),
		cmocka_unit_test(cut_anywhere_it_fails_or_has_fewer_entries),
		cmocka_unit_test(sparse_files_of_the_old_kind),
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
