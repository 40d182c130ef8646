/* SPDX-License-Identifier: Apache-2.0 */
/* EROFS images, judged by fsck.erofs and dump.erofs, extracted by the former, and read back here by
 * what the format says (Linux fs/erofs/erofs_fs.h) into a tree that is compared with the first. */
#include "base/bytes.h"
#include "image/fs/erofs.h"
#include "tests/unit/roots_kit.h"

static void make(const char *path, const struct lkb_inode *root, struct lkb_extents *extents)
{
	struct lkb_erofs_options o = {.epoch = EPOCH, .seed = &seed, .label = "test-label",
				      .extents = extents, .ui = &kit_ui};
	lkb_autofd fd = new_file(path);
	struct stat st;
	uint64_t size;

	warnings = 0;
	MUST(lkb_erofs_measure(root, &o, &size, err));
	assert_int_equal(warnings, 0);
	MUST(lkb_erofs_write(root, &o, fd, path, err));
	assert_nothing_left(root);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, size);
}

static void assert_clean(const char *path)
{
	NEED("fsck.erofs");
	JUDGE(NULL, "sh", "-c", "PATH=$PATH:/usr/sbin:/sbin fsck.erofs \"$0\" >&2", path);
}

/* ---- reading back ---- */

struct reader {
	uint8_t *image;
	uint64_t size;
	struct lkb_tree *t;
	char *paths[4000]; /* by inode number: the first name */
};

struct inode {
	uint32_t format, xattr_words, mode, links, uid, gid, first, number, head;
	uint64_t size, at;
	int64_t mtime;
};

static struct inode inode_at(const struct reader *r, uint64_t nid)
{
	const uint8_t *p = r->image + nid * 32;
	struct inode i = {.format = lkb_get_le16(p), .xattr_words = lkb_get_le16(p + 2),
			  .mode = lkb_get_le16(p + 4), .first = lkb_get_le32(p + 16),
			  .number = lkb_get_le32(p + 20), .at = nid * 32};

	assert_true(nid * 32 + 64 <= r->size);
	if (i.format & 1) {
		i.head = 64;
		i.size = lkb_get_le64(p + 8);
		i.uid = lkb_get_le32(p + 24);
		i.gid = lkb_get_le32(p + 28);
		i.mtime = (int64_t)lkb_get_le64(p + 32);
		i.links = lkb_get_le32(p + 44);
	} else {
		i.head = 32;
		i.links = lkb_get_le16(p + 6);
		i.size = lkb_get_le32(p + 8);
		i.uid = lkb_get_le16(p + 24);
		i.gid = lkb_get_le16(p + 26);
		i.mtime = (int64_t)lkb_get_le64(r->image + 1024 + 24);
	}
	return i;
}

static uint64_t xattr_bytes(const struct inode *i)
{
	return i->xattr_words ? 12 + 4 * (i->xattr_words - 1) : 0;
}

/* Linux wants a part block behind the inode to be in one block with it. */
static uint8_t *content_of(const struct reader *r, const struct inode *i)
{
	uint8_t *buf = lkb_alloc(i->size + 1);
	uint64_t tail = i->format >> 1 == 2 ? i->size % 4096 : 0, at = i->at + i->head + xattr_bytes(i);

	assert_true(i->format >> 1 == 0 || i->format >> 1 == 2);
	if (i->size > tail) {
		assert_true((i->first + (i->size - tail + 4095) / 4096) * 4096 <= r->size);
		memcpy(buf, r->image + (uint64_t)i->first * 4096, i->size - tail);
	}
	if (tail)
		assert_int_equal(i->at / 4096, (at + tail - 1) / 4096);
	memcpy(buf + i->size - tail, r->image + at, tail);
	return buf;
}

static void read_xattrs(const struct reader *r, const struct inode *i, struct lkb_inode *to)
{
	static const char *const prefixes[] = {NULL, "user.", "system.posix_acl_access",
					       "system.posix_acl_default", "trusted.", NULL,
					       "security."};
	const uint8_t *p = r->image + i->at + i->head, *end = p + xattr_bytes(i);

	assert_true(p == end || lkb_is_zero(p, 12));
	for (p += p < end ? 12 : 0; p < end;) {
		char name[300];
		size_t len = lkb_get_le16(p + 2);

		assert_true(p[1] < LKB_ARRAY_SIZE(prefixes) && prefixes[p[1]]);
		snprintf(name, sizeof(name), "%s%.*s", prefixes[p[1]], p[0], p + 4);
		lkb_tree_set_xattr(r->t, to, name, p + 4 + p[0], len);
		p += lkb_align_up(4 + p[0] + len, 4);
	}
	assert_ptr_equal(p, end);
}

static void read_node(struct reader *r, uint64_t nid, const char *path, uint64_t parent);

/* The entries of one block, whose order Linux searches by. */
static void read_block(struct reader *r, const uint8_t *b, size_t n, const char *path, uint64_t nid,
		       uint64_t parent, char last[256])
{
	size_t count = lkb_get_le16(b + 8) / 12;

	for (size_t i = 0; i < count; i++) {
		const uint8_t *e = b + i * 12;
		size_t at = lkb_get_le16(e + 8), end = i + 1 < count ? lkb_get_le16(e + 20) : n;
		char name[256] = "", below[5000];

		assert_true(at < end && end <= n && strnlen((const char *)b + at, end - at) <= 255);
		memcpy(name, b + at, strnlen((const char *)b + at, end - at));
		assert_true(strcmp(last, name) < 0);
		memcpy(last, name, sizeof(name));
		snprintf(below, sizeof(below), "%s%s%s", path, *path ? "/" : "", name);
		if (strcmp(name, ".") == 0)
			assert_int_equal(lkb_get_le64(e), nid);
		else if (strcmp(name, "..") == 0)
			assert_int_equal(lkb_get_le64(e), parent);
		else
			read_node(r, lkb_get_le64(e), below, nid);
	}
}

static void read_node(struct reader *r, uint64_t nid, const char *path, uint64_t parent)
{
	struct inode i = inode_at(r, nid);
	struct lkb_meta m = {i.mode & 07777, i.uid, i.gid, i.mtime};
	lkb_autofree uint8_t *content = content_of(r, &i);
	struct lkb_inode *node = lkb_tree_root(r->t);
	char last[256] = "";

	if (r->paths[i.number]) {
		MUST(lkb_tree_add_link(r->t, path, r->paths[i.number], err));
		return;
	}
	r->paths[i.number] = lkb_strdup(path);
	switch (i.mode & S_IFMT) {
	case S_IFDIR:
		if (*path)
			MUST(lkb_tree_add_dir(r->t, path, &m, &node, err));
		node->meta = m;
		read_xattrs(r, &i, node);
		for (uint64_t at = 0; at < i.size; at += 4096)
			read_block(r, content + at, i.size - at < 4096 ? i.size - at : 4096, path,
				   nid, parent, last);
		return;
	case S_IFREG:
		MUST(lkb_tree_add_text(r->t, path, &m, content, i.size, err));
		break;
	case S_IFLNK:
		MUST(lkb_tree_add_symlink(r->t, path, &m, (const char *)content, NULL, err));
		break;
	default:
		MUST(lkb_tree_add_special(r->t, path, &m,
					  S_ISCHR(i.mode) ? LKB_NODE_CHAR :
					  S_ISBLK(i.mode) ? LKB_NODE_BLOCK : LKB_NODE_FIFO,
					  i.first >> 8 & 0xfff, (i.first & 0xff) | (i.first >> 12 & 0xfff00),
					  NULL, err));
	}
	read_xattrs(r, &i, lkb_tree_lookup(r->t, path, false));
}

static void assert_holds(const char *path, const struct lkb_inode *root)
{
	static struct reader r;
	lkb_autofree char *is = NULL, *should = dump_of_tree(root);
	lkb_autofree uint8_t *image = NULL;
	uint64_t nid;
	size_t n;

	MUST(lkb_read_file(path, 256 << 20, (char **)&image, &n, err));
	r = (struct reader){.image = image, .size = n, .t = lkb_tree_new()};
	nid = lkb_get_le16(r.image + 1024 + 14);
	assert_int_equal(lkb_get_le32(r.image + 1024 + 36), n / 4096);
	read_node(&r, nid, "", nid);
	is = dump(lkb_tree_root(r.t));
	for (size_t i = 0; i < LKB_ARRAY_SIZE(r.paths); i++)
		free(r.paths[i]);
	lkb_tree_free(r.t);
	assert_same_dump(is, should);
}

/* ---- the cases ---- */

static void all_of_a_hard_tree_comes_back(void **state)
{
	lkb_auto(lkb_tree) t = hard_tree(255, true);
	const char *image = in_scratch("hard.erofs");
	struct lkb_inode *i = lkb_tree_lookup(t, "xattrs/ping", false);
	struct lkb_extents e = {0};

	lkb_tree_set_xattr(t, i, "system.posix_acl_access", "\2\0\0\0", 4);
	make(image, lkb_tree_root(t), &e);
	assert_int_equal(warnings, 0);
	assert_clean(image);
	assert_holds(image, lkb_tree_root(t));
	lkb_extents_sort(&e);
	assert_extents(image, &e, lkb_tree_root(t));
	lkb_extents_clear(&e);
}

static void trees_of_chance_come_back(void **state)
{
	for (uint64_t s = 1; s <= 5; s++) {
		lkb_auto(lkb_tree) t = random_tree(s, (unsigned)(s * s * 20));
		const char *image = in_scratch("chance.erofs");

		make(image, lkb_tree_root(t), NULL);
		assert_clean(image);
		assert_holds(image, lkb_tree_root(t));
	}
}

static void an_empty_tree_is_a_file_system(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	const char *image = in_scratch("empty.erofs");

	make(image, lkb_tree_root(t), NULL);
	assert_clean(image);
	assert_holds(image, lkb_tree_root(t));
	assert_golden(image, "8f1ed368d5510e3decffa3bf9edd4b6c197b64c384e011dc43b4189f8abb14e8");
}

/* What fsck.erofs extracts is what GNU tar extracts from a tar of the same tree, as far as somebody
 * who is not root can have it. */
static void fsck_erofs_extracts_it(void **state)
{
	lkb_auto(lkb_tree) t = hard_tree(255, true);
	const char *image = in_scratch("extract.erofs");

	NEED("fsck.erofs");
	lkb_tree_remove(t, "dev");
	make(image, lkb_tree_root(t), NULL);
	free(dump_of_tree(lkb_tree_root(t))); /* leaves ours.tar */
	JUDGE(NULL, "sh", "-c", "PATH=$PATH:/usr/sbin; cd \"$0\" && rm -rf is should && mkdir should && "
	      "fsck.erofs --extract=is --no-preserve extract.erofs >&2 && "
	      "tar -C should --no-same-owner --no-same-permissions -xf ours.tar && "
	      "diff -r --no-dereference is should >&2", scratch.path);
}

static void dump_erofs_agrees(void **state)
{
	static const struct {
		const char *path, *says;
	} nodes[] = {
		{"/odd/setuid", "Links: 3   Layout: 2"},
		{"/odd/setuid", "Uid: 70001   Gid: 4000000000  Access: 0751/rwxr-x--x"},
		{"/odd/setuid", "Timestamp: 1970-01-01 00:00:01"},
		{"/odd", "Links: 3 "},
		{"/sizes/4096", "Size: 4096  On-disk size: 4096  regular file"},
		{"/sizes/4096", "Layout: 0"},
		{"/xattrs/ping", "Inode size: 64   Extent size: 0   Xattr size: 48"},
		{"/many", "Timestamp: 2023-11-14 22:13:20"},
		{"/many", "Inode size: 32 "},
	};
	lkb_auto(lkb_tree) t = hard_tree(255, true);
	const char *image = in_scratch("dump.erofs");
	lkb_autostr super = {0};

	NEED("dump.erofs");
	make(image, lkb_tree_root(t), NULL);
	JUDGE(&super, "dump.erofs", "-s", image);
	assert_non_null(strstr(super.s, "sb_csum mtime \n"));
	assert_non_null(strstr(super.s, "Filesystem UUID:                              "
					"adaed1fd-6ee7-5380-a13e-2fea6108c138\n"));
	for (size_t i = 0; i < LKB_ARRAY_SIZE(nodes); i++) {
		lkb_autofree char *path = lkb_format("--path=%s", nodes[i].path);
		lkb_autostr out = {0};

		JUDGE(&out, "env", "TZ=UTC", "dump.erofs", path, image);
		if (!strstr(out.s, nodes[i].says))
			fail_msg("'%s' is not in:\n%s", nodes[i].says, out.s);
	}
}

static void two_builds_are_the_same_bytes(void **state)
{
	lkb_auto(lkb_tree) t = random_tree(3, 300);
	lkb_auto(lkb_tree) same = random_tree(3, 300);
	const char *a = in_scratch("a.erofs"), *b = in_scratch("b.erofs");
	mode_t mask;

	make(a, lkb_tree_root(t), NULL);
	setenv("TZ", "Asia/Tokyo", 1);
	mask = umask(0077);
	make(b, lkb_tree_root(same), NULL);
	umask(mask);
	unsetenv("TZ");
	assert_same_file(a, b);
	assert_golden(a, "19301c428255311cafde4ba2087840f04c6146cdd7edb83e3c9e280959b5899c");
}

static void attributes_without_a_place_are_warned_of(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();

	add_bytes(t, "f", 10, 1);
	lkb_tree_set_xattr(t, lkb_tree_lookup(t, "f", false), "btrfs.compression", "zstd", 4);
	make(in_scratch("warn.erofs"), lkb_tree_root(t), NULL);
	assert_int_equal(warnings, 1);
	assert_non_null(strstr(warned, "warn.erofs': EROFS has no place for 1 extended attributes"));
}

/* Sizes above 32 bits need an extended inode; blocks of zeros become holes. */
static void a_file_of_5_gib_is_held(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_auto(lkb_blob) blob = zero_blob(5 * LKB_GIB + 17);
	struct lkb_data d = {.blob = blob, .len = lkb_blob_size(blob)};
	const char *image = in_scratch("large.erofs");
	lkb_autostr out = {0};
	struct stat st;

	MUST(lkb_tree_add_file(t, "large", &file_meta, &d, NULL, err));
	make(image, lkb_tree_root(t), NULL);
	assert_int_equal(stat(image, &st), 0);
	assert_true(st.st_size > (off_t)(5 * LKB_GIB) && st.st_blocks * 512 < (off_t)LKB_MIB);
	NEED("dump.erofs");
	JUDGE(&out, "dump.erofs", "--path=/large", image);
	assert_non_null(strstr(out.s, "Size: 5368709137 "));
}

static void assert_refused(struct lkb_tree *t, const char *label, const char *message)
{
	struct lkb_erofs_options o = {.epoch = EPOCH, .seed = &seed, .label = label};
	lkb_autofd fd = new_file(in_scratch("no"));
	struct lkb_error why;

	assert_int_equal(lkb_erofs_write(lkb_tree_root(t), &o, fd, "no", &why), -1);
	assert_int_equal(why.kind, LKB_INPUT);
	assert_string_equal(why.message, message);
	assert_nothing_left(lkb_tree_root(t));
}

static void what_cannot_be_held_is_refused(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_autofree char *value = lkb_alloc(65536);
	struct lkb_erofs_options o = {.epoch = EPOCH, .seed = &seed};
	lkb_autofd full = open("/dev/full", O_RDWR | O_CLOEXEC);
	struct lkb_error why;

	assert_refused(t, "sixteen-bytes-16", "label 'sixteen-bytes-16' is longer than 15 bytes");
	assert_int_equal(lkb_erofs_write(lkb_tree_root(t), &o, full, "full", &why), -1);
	assert_int_equal(why.kind, LKB_IO);
	MUST(lkb_tree_add_special(t, "dev/x", &file_meta, LKB_NODE_CHAR, 4096, 0, NULL, err));
	assert_refused(t, NULL, "'/dev/x': its device number 4096:0 is too large");
	assert_true(lkb_tree_remove(t, "dev/x"));
	add_bytes(t, "f", 1, 1);
	lkb_tree_set_xattr(t, lkb_tree_lookup(t, "f", false), "user.x", value, 65536);
	assert_refused(t, NULL, "'/f': its attribute 'user.x' of 65536 bytes is too large for EROFS");
	for (int i = 0; i < 5; i++) {
		char name[] = "user.x0";

		name[5] = (char)('0' + i);
		lkb_tree_set_xattr(t, lkb_tree_lookup(t, "f", false), i ? name : "user.x", value,
				   65000);
	}
	assert_refused(t, NULL, "'/f': its attributes of 317.4 KiB are too much for EROFS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_a_hard_tree_comes_back),
		cmocka_unit_test(trees_of_chance_come_back),
		cmocka_unit_test(an_empty_tree_is_a_file_system),
		cmocka_unit_test(fsck_erofs_extracts_it),
		cmocka_unit_test(dump_erofs_agrees),
		cmocka_unit_test(two_builds_are_the_same_bytes),
		cmocka_unit_test(attributes_without_a_place_are_warned_of),
		cmocka_unit_test(a_file_of_5_gib_is_held),
		cmocka_unit_test(what_cannot_be_held_is_refused),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
