/* SPDX-License-Identifier: Apache-2.0 */
/* Reading tar: archives made by hand, byte by byte. */
#include "tests/unit/tree_util.h"

#include "base/alloc.h"
#include "rootfs/tree/tar.h"

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

static void checksums_of_both_kinds(void **state)
{
	lkb_autostr tar = { 0 };
	unsigned sum;

	tar_add_text(&tar, '0', "f\xc3\xa4", "");
	assert_done(try_tar(&tar, &err));
	sum = (unsigned)strtoul(tar.s + 148, NULL, 8);
	put_octal(tar.s + 148, 7, sum - 2 * 256); /* as if the two were negative */
	assert_done(try_tar(&tar, &err));
	put_octal(tar.s + 148, 7, sum - 256);
	assert_fault(try_tar(&tar, &err), LKB_INPUT, "no tar header where one must be");
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
	for (int i = 0; i < 65; i++) {
		lkb_autofree char *key = lkb_format("SCHILY.xattr.user.%d", i);

		record_text(&pax, key, "v");
	}
	tar_add(&tar, 'x', "f", "", pax.s, pax.len);
	tar_add_text(&tar, '0', "f", "");
	assert_fault(try_tar(&tar, &err), LKB_INPUT, "more than 64 extended attributes");
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

/* A global header's attributes belong to every entry: 2,000 entries make 130 MB out of 64 KiB. */
static void attributes_of_all_entries_together_are_bounded(void **state)
{
	lkb_autofree char *value = lkb_alloc(65537);
	lkb_autostr tar = { 0 };
	lkb_autostr global = { 0 };

	memset(value, 'v', 65537);
	add_record(&global, "SCHILY.xattr.user.big", value, 65537);
	tar_add(&tar, 'g', "g", "", global.s, global.len);
	assert_fault(try_tar(&tar, &err), LKB_INPUT,
		     "an extended attribute of 65537 bytes is larger than 65536");
	tar.len = global.len = 0;
	add_record(&global, "SCHILY.xattr.user.big", value, 65536);
	tar_add(&tar, 'g', "g", "", global.s, global.len);
	for (unsigned i = 0; i < 2000; i++) {
		char name[8];

		snprintf(name, sizeof(name), "f%u", i);
		tar_add_text(&tar, '0', name, "");
	}
	tar_end(&tar);
	assert_fault(try_tar(&tar, &err), LKB_INPUT,
		     "path '/f1532': the tree's names and attributes take 96 MiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_by_hand),
		cmocka_unit_test(numbers_in_the_header),
		cmocka_unit_test(checksums_of_both_kinds),
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
		cmocka_unit_test(attributes_of_all_entries_together_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
