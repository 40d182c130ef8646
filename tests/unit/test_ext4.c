/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sys/wait.h>

#include <ext2fs/ext2fs.h>

#include "image/fs/fs.h"
#include "tests/unit/image_util.h"

/* Every file system made here is judged by e2fsck, and read back through libext2fs (which had no
 * part in placing files and directories) and compared with the tree, node by node. */


static const struct lkb_sha256 seed = {{1, 2, 3}};

/* Makes the file system of a tree alone in a file; gives its map. */
static struct lkb_map *make_fs(const char *path, const struct lkb_inode *tree, bool read_only,
			       uint64_t size)
{
	struct lkb_part part = {.name = "p", .tree = tree, .label = "test-label",
				.read_only = read_only};
	struct lkb_fs_job job = {.part = &part, .seed = &seed, .epoch = EPOCH};
	lkb_auto(lkb_writer) w = NULL;
	lkb_autofd fd = new_file(path);
	struct lkb_map *map = NULL;
	uint64_t least;

	MUST(lkb_fs_ext4.measure(&job, &least, err));
	part.fs_size = size > least ? size : least;
	MUST(lkb_writer_new(fd, path, part.fs_size, &w, err));
	MUST(lkb_fs_ext4.write(&job, w, fd, err));
	MUST(lkb_writer_finish(w, &map, err));
	return map;
}

static void assert_clean(const char *path)
{
	NEED("e2fsck");
	/* What it says belongs into the error. */
	JUDGE(NULL, "sh", "-c", "PATH=$PATH:/usr/sbin:/sbin e2fsck -fn \"$0\" >&2", path);
}

/* ---- reading back ---- */

#define OK(call) assert_int_equal((call), 0)

struct reader {
	ext2_filsys fs;
	int64_t epoch;
};

static void compare_content(ext2_filsys fs, ext2_ino_t ino, const struct lkb_data *d)
{
	enum { PIECE = 1 << 20 };
	static char is[PIECE], should[PIECE];
	ext2_file_t file;
	uint64_t done = 0;
	unsigned got;

	OK(ext2fs_file_open(fs, ino, 0, &file));
	do {
		OK(ext2fs_file_read(file, is, PIECE, &got));
		assert_true(got <= d->len - done);
		MUST(lkb_data_read(d, done, should, got, err));
		assert_memory_equal(is, should, got);
		done += got;
	} while (got > 0);
	assert_int_equal(done, d->len);
	OK(ext2fs_file_close(file));
}

static void compare_symlink(ext2_filsys fs, ext2_ino_t ino, struct ext2_inode_large *i,
			    const char *target)
{
	lkb_autofree char *buf = lkb_alloc(fs->blocksize);

	assert_int_equal(i->i_size, strlen(target));
	if (ext2fs_is_fast_symlink((struct ext2_inode *)i)) {
		assert_true(i->i_size < 60);
		assert_memory_equal(i->i_block, target, i->i_size);
	} else {
		blk64_t block;

		assert_true(i->i_size >= 60);
		OK(ext2fs_bmap2(fs, ino, (struct ext2_inode *)i, NULL, 0, 0, NULL, &block));
		OK(io_channel_read_blk64(fs->io, block, 1, buf));
		assert_memory_equal(buf, target, i->i_size);
	}
}

static void compare_xattrs(ext2_filsys fs, ext2_ino_t ino, const struct lkb_inode *node)
{
	struct ext2_xattr_handle *h;
	size_t n, len;

	if (!ext2fs_has_feature_xattr(fs->super)) {
		assert_int_equal(node->n_xattrs, 0);
		return;
	}
	OK(ext2fs_xattrs_open(fs, ino, &h));
	OK(ext2fs_xattrs_read(h));
	OK(ext2fs_xattrs_count(h, &n));
	assert_int_equal(n, node->n_xattrs);
	for (size_t i = 0; i < n; i++) {
		void *value;

		OK(ext2fs_xattr_get(h, node->xattrs[i].name, &value, &len));
		assert_int_equal(len, node->xattrs[i].len);
		assert_memory_equal(value, node->xattrs[i].value, len);
		ext2fs_free_mem(&value);
	}
	ext2fs_xattrs_close(&h);
}

static uint32_t device_of(const struct lkb_inode *node)
{
	if (node->major < 256 && node->minor < 256)
		return node->major << 8 | node->minor;
	return (node->minor & 0xff) | node->major << 8 | (node->minor & ~0xffu) << 12;
}

static int64_t time_of(uint32_t seconds, uint32_t extra)
{
	return (int64_t)(int32_t)seconds + ((int64_t)(extra & 3) << 32);
}

static void compare_node(const struct reader *r, ext2_ino_t ino, const struct lkb_inode *node);

struct names {
	const struct lkb_inode *dir;
	const struct reader *r;
	ext2_ino_t ino;
	size_t next;
};

static int compare_entry(struct ext2_dir_entry *e, int off, int size, char *buf, void *ctx)
{
	struct names *n = ctx;
	int len = ext2fs_dirent_name_len(e);

	if (n->next < 2) {
		assert_int_equal(len, n->next + 1);
		assert_memory_equal(e->name, "..", (size_t)len);
		if (n->next == 0)
			assert_int_equal(e->inode, n->ino);
	} else {
		const struct lkb_dirent *d = &n->dir->entries[n->next - 2];

		assert_true(n->next - 2 < n->dir->n_entries);
		assert_int_equal(len, strlen(d->name));
		assert_memory_equal(e->name, d->name, (size_t)len);
		compare_node(n->r, e->inode, d->inode);
	}
	n->next++;
	return 0;
}

static const uint16_t types[] = {
	[LKB_NODE_DIR] = LINUX_S_IFDIR,     [LKB_NODE_FILE] = LINUX_S_IFREG,
	[LKB_NODE_SYMLINK] = LINUX_S_IFLNK, [LKB_NODE_CHAR] = LINUX_S_IFCHR,
	[LKB_NODE_BLOCK] = LINUX_S_IFBLK,   [LKB_NODE_FIFO] = LINUX_S_IFIFO,
};

static void compare_node(const struct reader *r, ext2_ino_t ino, const struct lkb_inode *node)
{
	struct ext2_inode_large i;
	int64_t mtime = node->meta.mtime < r->epoch ? node->meta.mtime : r->epoch;

	OK(ext2fs_read_inode_full(r->fs, ino, (struct ext2_inode *)&i, sizeof(i)));
	assert_int_equal(i.i_mode, types[node->type] | node->meta.mode);
	assert_int_equal(inode_uid(i), node->meta.uid);
	assert_int_equal(inode_gid(i), node->meta.gid);
	assert_int_equal(time_of(i.i_mtime, i.i_mtime_extra), mtime);
	assert_int_equal(time_of(i.i_ctime, i.i_ctime_extra), r->epoch);
	assert_int_equal(time_of(i.i_atime, i.i_atime_extra), r->epoch);
	assert_int_equal(time_of(i.i_crtime, i.i_crtime_extra), r->epoch);
	assert_int_equal(i.i_generation, 0);
	if (node->type != LKB_NODE_DIR)
		assert_int_equal(i.i_links_count, node->nlink);
	compare_xattrs(r->fs, ino, node);
	if (node->type == LKB_NODE_FILE) {
		compare_content(r->fs, ino, &node->data);
	} else if (node->type == LKB_NODE_SYMLINK) {
		compare_symlink(r->fs, ino, &i, node->target);
	} else if (node->type == LKB_NODE_CHAR || node->type == LKB_NODE_BLOCK) {
		assert_int_equal(i.i_block[0] ? i.i_block[0] : i.i_block[1], device_of(node));
	} else if (node->type == LKB_NODE_DIR) {
		struct names n = {.dir = node, .r = r, .ino = ino};

		OK(ext2fs_dir_iterate(r->fs, ino, 0, NULL, compare_entry, &n));
		assert_int_equal(n.next, node->n_entries + 2);
	}
}

static ext2_filsys open_fs(const char *path)
{
	ext2_filsys fs;

	OK(ext2fs_open(path, EXT2_FLAG_64BITS, 0, 0, unix_io_manager, &fs));
	return fs;
}

static void assert_holds(const char *path, const struct lkb_inode *tree)
{
	struct reader r = {.fs = open_fs(path), .epoch = EPOCH};

	compare_node(&r, EXT2_ROOT_INO, tree);
	ext2fs_close(r.fs);
}

static ext2_ino_t ino_of(ext2_filsys fs, const char *path)
{
	ext2_ino_t ino;

	OK(ext2fs_namei(fs, EXT2_ROOT_INO, EXT2_ROOT_INO, path, &ino));
	return ino;
}

/* Makes, judges, reads back, both as a slot and as a data file system. */
static void assert_good(struct lkb_tree *t)
{
	const char *path = in_scratch("good.img");

	for (int read_only = 0; read_only < 2; read_only++) {
		lkb_map_free(make_fs(path, lkb_tree_root(t), read_only, 0));
		assert_clean(path);
		assert_holds(path, lkb_tree_root(t));
	}
}

/* ---- the cases ---- */

static void an_empty_tree_is_a_file_system(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();

	assert_good(t);
}

static void files_links_and_devices_are_what_they_were(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct lkb_meta odd = {.mode = 07751, .uid = 70001, .gid = 4000000000u, .mtime = -5};
	char long_target[4000];
	ext2_filsys fs;

	memset(long_target, 'y', sizeof(long_target) - 1);
	long_target[sizeof(long_target) - 1] = '\0';
	odd.mtime = 1;
	MUST(lkb_tree_add_dir(t, "odd", &odd, NULL, err));
	MUST(lkb_tree_add_text(t, "odd/file", &odd, "hello\n", 6, err));
	MUST(lkb_tree_add_link(t, "again", "odd/file", err));
	MUST(lkb_tree_add_link(t, "odd/third", "odd/file", err));
	MUST(lkb_tree_add_file(t, "empty", &file_meta, &(struct lkb_data){.blob = NULL}, NULL,
			       err));
	MUST(lkb_tree_add_symlink(t, "s1", &file_meta, "odd/file", NULL, err));
	long_target[59] = '\0';
	MUST(lkb_tree_add_symlink(t, "s59", &file_meta, long_target, NULL, err));
	long_target[59] = 'y';
	long_target[60] = '\0';
	MUST(lkb_tree_add_symlink(t, "s60", &file_meta, long_target, NULL, err));
	long_target[60] = 'y';
	MUST(lkb_tree_add_symlink(t, "s3999", &file_meta, long_target, NULL, err));
	MUST(lkb_tree_add_special(t, "null", &odd, LKB_NODE_CHAR, 1, 3, NULL, err));
	MUST(lkb_tree_add_special(t, "sda", &odd, LKB_NODE_BLOCK, 8, 0, NULL, err));
	MUST(lkb_tree_add_special(t, "big", &odd, LKB_NODE_BLOCK, 259, 0xabcde, NULL, err));
	MUST(lkb_tree_add_special(t, "fifo", &odd, LKB_NODE_FIFO, 0, 0, NULL, err));
	assert_good(t);
	fs = open_fs(in_scratch("good.img"));
	assert_int_equal(ino_of(fs, "/odd/file"), ino_of(fs, "/again"));
	assert_int_equal(ino_of(fs, "/odd/file"), ino_of(fs, "/odd/third"));
	ext2fs_close(fs);
}

static void times_are_clamped(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct lkb_meta m = {.mode = 0600};
	const char *path = in_scratch("times.img");
	struct ext2_inode_large i;
	ext2_filsys fs;

	m.mtime = EPOCH + 1;
	MUST(lkb_tree_add_text(t, "future", &m, "x", 1, err));
	m.mtime = -1;
	MUST(lkb_tree_add_text(t, "before-1970", &m, "x", 1, err));
	lkb_map_free(make_fs(path, lkb_tree_root(t), true, 0));
	fs = open_fs(path);
	OK(ext2fs_read_inode_full(fs, ino_of(fs, "/future"), (struct ext2_inode *)&i, sizeof(i)));
	assert_int_equal(i.i_mtime, EPOCH);
	OK(ext2fs_read_inode_full(fs, ino_of(fs, "/before-1970"), (struct ext2_inode *)&i,
				  sizeof(i)));
	assert_int_equal(i.i_mtime, 0);
	assert_int_equal(fs->super->s_mkfs_time, EPOCH);
	assert_int_equal(fs->super->s_wtime, EPOCH);
	assert_int_equal(fs->super->s_lastcheck, EPOCH);
	ext2fs_close(fs);
}

static void attributes_survive_in_the_inode_and_in_a_block(void **state)
{
	/* cap_net_raw=ep as the kernel has it */
	static const uint8_t cap[20] = {1, 0, 0, 2, 0, 0x20};
	/* user::rw-, user:1000:r--, group::r--, mask::r--, other::--- */
	static const uint8_t acl[] = {2, 0, 0, 0,
				      1, 0, 6, 0, 0, 0, 0, 0,
				      2, 0, 4, 0, 0xe8, 3, 0, 0,
				      4, 0, 4, 0, 0, 0, 0, 0,
				      16, 0, 4, 0, 0, 0, 0, 0,
				      32, 0, 0, 0, 0, 0, 0, 0};
	lkb_auto(lkb_tree) t = lkb_tree_new();
	char value[3900];
	struct lkb_inode *i;
	struct ext2_inode inode;
	ext2_filsys fs;

	memset(value, 'v', sizeof(value));
	add_bytes(t, "ping", 5000, 1);
	i = lkb_tree_lookup(t, "ping", false);
	lkb_tree_set_xattr(t, i, "security.capability", cap, sizeof(cap));
	add_bytes(t, "acl", 1, 2);
	i = lkb_tree_lookup(t, "acl", false);
	lkb_tree_set_xattr(t, i, "system.posix_acl_access", acl, sizeof(acl));
	lkb_tree_set_xattr(t, i, "user.empty", "", 0);
	add_bytes(t, "large", 1, 3);
	i = lkb_tree_lookup(t, "large", false);
	lkb_tree_set_xattr(t, i, "user.large", value, sizeof(value));
	lkb_tree_set_xattr(t, i, "trusted.small", value, 5);
	lkb_tree_set_xattr(t, i, "security.selinux", value, 60);
	MUST(lkb_tree_add_dir(t, "dir", &dir_meta, &i, err));
	for (int n = 0; n < 40; n++) {
		char name[20];

		snprintf(name, sizeof(name), "user.%02d%.*s", 39 - n, n % 7, "longer");
		lkb_tree_set_xattr(t, i, name, value, (size_t)n);
	}
	assert_good(t);
	fs = open_fs(in_scratch("good.img"));
	OK(ext2fs_read_inode(fs, ino_of(fs, "/ping"), &inode));
	assert_int_equal(inode.i_file_acl, 0); /* no block for a file capability */
	OK(ext2fs_read_inode(fs, ino_of(fs, "/large"), &inode));
	assert_int_not_equal(inode.i_file_acl, 0);
	ext2fs_close(fs);
}

static void a_directory_of_20000_files_is_one_list(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	char path[300];

	for (int i = 0; i < 20000; i++) {
		snprintf(path, sizeof(path), "d/%05d%.*s", i, i % 250, scratch.path);
		MUST(lkb_tree_add_text(t, path, &file_meta, "", 0, err));
	}
	memset(path, 'n', sizeof(path));
	for (size_t i = 1; i < 256; i++) { /* every length of name */
		char name[300];

		snprintf(name, sizeof(name), "e/%.*s", (int)i, path);
		MUST(lkb_tree_add_text(t, name, &file_meta, "", 0, err));
	}
	assert_good(t);
}

/* 33,000 empty files need more inodes than one group can number. */
static void many_inodes_spread_over_groups(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	char path[40];

	for (int i = 0; i < 33000; i++) {
		snprintf(path, sizeof(path), "%03d/%d", i / 100, i);
		MUST(lkb_tree_add_text(t, path, &file_meta, "", 0, err));
	}
	assert_good(t);
}

/* A sparse blob with a mark at the start of every MiB. */
static struct lkb_blob *marked_blob(uint64_t size)
{
	const char *path = in_scratch("blob");
	int fd = new_file(path);

	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	for (uint64_t at = 0; at < size; at += LKB_MIB) {
		uint64_t mark = at + 1;
		size_t n = size - at < sizeof(mark) ? (size_t)(size - at) : sizeof(mark);

		MUST(lkb_pwrite_full(fd, &mark, n, at, path, err));
	}
	unlink(path);
	return lkb_blob_new_fd(fd, size, "blob");
}

static void a_file_crosses_groups(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_auto(lkb_blob) blob = marked_blob(300 * LKB_MIB + 17);
	struct lkb_data d = {.blob = blob, .len = lkb_blob_size(blob)};

	add_bytes(t, "a", 10000, 1);
	MUST(lkb_tree_add_file(t, "b", &file_meta, &d, NULL, err));
	add_bytes(t, "c", 10000, 2);
	assert_good(t);
}

/* Five extents and more need a block of their own. */
static void a_file_in_six_groups_has_an_extent_block(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_auto(lkb_blob) blob = marked_blob(650 * LKB_MIB);
	struct lkb_data d = {.blob = blob, .len = lkb_blob_size(blob)};
	const char *path = in_scratch("six.img");

	MUST(lkb_tree_add_file(t, "b", &file_meta, &d, NULL, err));
	add_bytes(t, "c", 10000, 2);
	lkb_map_free(make_fs(path, lkb_tree_root(t), true, 0));
	assert_clean(path);
	assert_holds(path, lkb_tree_root(t));
}

/* e2fsck asks for a feature where a file has 2 GiB. */
static void a_file_of_2_gib_is_said_in_the_superblock(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_auto(lkb_blob) blob = marked_blob(2 * LKB_GIB);
	struct lkb_data d = {.blob = blob, .len = lkb_blob_size(blob)};
	const char *path = in_scratch("large.img");
	ext2_filsys fs;

	MUST(lkb_tree_add_file(t, "b", &file_meta, &d, NULL, err));
	lkb_map_free(make_fs(path, lkb_tree_root(t), true, 0));
	assert_clean(path);
	fs = open_fs(path);
	assert_true(ext2fs_has_feature_large_file(fs->super));
	ext2fs_close(fs);
}

static void trees_of_chance_are_made_as_they_are(void **state)
{
	for (uint64_t s = 1; s <= 8; s++) {
		lkb_auto(lkb_tree) t = random_tree(s, (unsigned)(s * s * 20));

		assert_good(t);
	}
}

/* A slot has no block too many: none is free, whatever the content (but where a last group has to
 * have 50 to exist at all). */
static void a_slot_is_as_large_as_its_content(void **state)
{
	for (unsigned files = 1; files < 60; files += 7) {
		lkb_auto(lkb_tree) t = lkb_tree_new();
		const char *path = in_scratch("exact.img");
		lkb_auto(lkb_map) map = NULL;
		ext2_filsys fs;
		struct stat st;

		for (unsigned i = 0; i < files; i++) {
			lkb_autofree char *name = lkb_format("f%u", i);

			add_bytes(t, name, 300000 + i, i);
		}
		map = make_fs(path, lkb_tree_root(t), true, 0);
		assert_clean(path);
		fs = open_fs(path);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(ext2fs_blocks_count(fs->super) * 4096, st.st_size);
		assert_true(files < 3 || ext2fs_free_blocks_count(fs->super) == 0);
		assert_true(fs->super->s_free_inodes_count < 16);
		ext2fs_close(fs);
		/* Everything in it is said: a hash tree covers it all. */
		assert_int_equal(lkb_map_count(map, LKB_MAP_FREE), 0);
	}
}

/* Sizes around the end of the first group, where a second one begins to exist. */
static void the_last_group_may_be_of_any_size(void **state)
{
	static const uint64_t sizes[] = {32740, 32758, 32763, 32764, 32765, 32820};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(sizes); i++) {
		uint64_t blocks = sizes[i];
		lkb_auto(lkb_tree) t = lkb_tree_new();
		lkb_auto(lkb_blob) blob = marked_blob(blocks * 4096);
		struct lkb_data d = {.blob = blob, .len = lkb_blob_size(blob)};
		const char *path = in_scratch("last.img");

		MUST(lkb_tree_add_file(t, "f", &file_meta, &d, NULL, err));
		lkb_map_free(make_fs(path, lkb_tree_root(t), true, 0));
		assert_clean(path);
		/* A data file system of a given size, which may have to stay below it. */
		lkb_map_free(make_fs(path, lkb_tree_root(t), false, (blocks + 3000) * 4096));
		assert_clean(path);
	}
}

static void features_are_exactly_those_of_the_table(void **state)
{
	static const struct {
		bool read_only;
		const char *features;
	} kinds[] = {
		{true, "filetype extent 64bit extra_isize metadata_csum"},
		{false, "has_journal filetype extent 64bit extra_isize metadata_csum"},
	};
	lkb_auto(lkb_tree) t = lkb_tree_new();

	NEED("dumpe2fs");
	for (size_t i = 0; i < LKB_ARRAY_SIZE(kinds); i++) {
		const char *path = in_scratch("features.img");
		lkb_autostr out = {0};
		char *line;

		lkb_map_free(make_fs(path, lkb_tree_root(t), kinds[i].read_only, 32 * LKB_MIB));
		JUDGE(&out, "dumpe2fs", "-h", path);
		line = strstr(out.s, "Filesystem features:");
		assert_non_null(line);
		line += strlen("Filesystem features:");
		line += strspn(line, " ");
		*strchr(line, '\n') = '\0';
		assert_string_equal(line, kinds[i].features);
		line += strlen(line) + 1;
		assert_non_null(strstr(line, "Block size:               4096\n"));
		assert_non_null(strstr(line, "Inode size:	          256\n"));
		assert_non_null(strstr(line, "Reserved block count:     0\n"));
		assert_non_null(strstr(line, "Filesystem state:         clean\n"));
		assert_true(kinds[i].read_only ||
			    strstr(line, "Total journal size:       4096k\n"));
	}
}

/* The unused blocks of a data file system are free; its inode tables and journal must be zero, for a
 * card has had another life before. */
static void a_data_file_system_says_what_must_be_zero(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	const char *path = in_scratch("data.img");
	lkb_auto(lkb_map) map = make_fs(path, lkb_tree_root(t), false, 32 * LKB_MIB);
	uint64_t zero_inodes = 0, zero_journal = 0;

	for (size_t i = 0; i < map->n_ranges; i++) {
		const struct lkb_map_range *r = &map->ranges[i];

		if (r->class == LKB_MAP_ZERO && strcmp(r->name, "p:[inodes]") == 0)
			zero_inodes += r->count;
		if (r->class == LKB_MAP_ZERO && strcmp(r->name, "p:[journal]") == 0)
			zero_journal += r->count;
	}
	assert_int_equal(zero_inodes, 4096 / 16 - 1);
	assert_int_equal(zero_journal, 1023);
	assert_true(lkb_map_count(map, LKB_MAP_FREE) > 6000);
	assert_true(lkb_map_count(map, LKB_MAP_DATA) < 12);
}

static void debugfs_gives_files_back(void **state)
{
	lkb_auto(lkb_tree) t = random_tree(77, 10);
	const char *image = in_scratch("debugfs.img"), *out = in_scratch("dumped");
	lkb_autofree char *command = lkb_format("dump /deep/er/file %s", out);
	lkb_autofree uint8_t *is = lkb_alloc(1000000);
	struct lkb_inode *i;
	lkb_autofree char *should = NULL;
	size_t n;
	lkb_autofd fd = -1;

	NEED("debugfs");
	add_bytes(t, "deep/er/file", 999999, 5);
	lkb_map_free(make_fs(image, lkb_tree_root(t), true, 0));
	JUDGE(NULL, "debugfs", "-R", command, image);
	i = lkb_tree_lookup(t, "deep/er/file", false);
	MUST(lkb_data_read_all(&i->data, 1 << 20, &should, &n, err));
	MUST(lkb_open_read(out, &fd, NULL, err));
	MUST(lkb_pread_full(fd, is, n, 0, out, err));
	assert_memory_equal(is, should, n);
}

/* Another time zone, umask, mke2fs.conf and libext2fs clock: the same bytes. */
static void two_builds_are_the_same_bytes(void **state)
{
	lkb_auto(lkb_tree) t = random_tree(3, 300);
	lkb_auto(lkb_tree) same = random_tree(3, 300);
	const char *a = in_scratch("a.img"), *b = in_scratch("b.img");
	mode_t mask;

	for (int read_only = 0; read_only < 2; read_only++) {
		lkb_map_free(make_fs(a, lkb_tree_root(t), read_only, 32 * LKB_MIB));
		setenv("TZ", "Asia/Tokyo", 1);
		setenv("MKE2FS_CONFIG", "/dev/null", 1);
		setenv("E2FSPROGS_FAKE_TIME", "1234567890", 1);
		mask = umask(0077);
		lkb_map_free(make_fs(b, lkb_tree_root(same), read_only, 32 * LKB_MIB));
		umask(mask);
		unsetenv("TZ");
		unsetenv("MKE2FS_CONFIG");
		unsetenv("E2FSPROGS_FAKE_TIME");
		assert_same_file(a, b);
	}
}

/* The tree's scratch fields are as they were. */
static void nothing_is_left_in_the_tree(void **state)
{
	lkb_auto(lkb_tree) t = random_tree(5, 50);
	lkb_auto(lkb_tree_iter) it = NULL;
	struct lkb_tree_item item;

	lkb_map_free(make_fs(in_scratch("x.img"), lkb_tree_root(t), true, 0));
	it = lkb_tree_iter_new(lkb_tree_root(t));
	while (lkb_tree_iter_next(it, &item) > 0)
		assert_null(item.inode->writer_data);
}

/* ---- what cannot be made ---- */

static void assert_refused(struct lkb_tree *t, const char *message)
{
	struct lkb_part part = {.name = "p", .tree = lkb_tree_root(t), .read_only = true};
	struct lkb_fs_job job = {.part = &part, .seed = &seed, .epoch = EPOCH};
	struct lkb_error why;
	uint64_t size = 7;

	assert_int_equal(lkb_fs_ext4.measure(&job, &size, &why), -1);
	assert_int_equal(size, 7);
	assert_int_equal(why.kind, LKB_INPUT);
	assert_string_equal(why.message, message);
}

static void what_ext4_cannot_hold_is_refused(void **state)
{
	char value[5000] = {0};
	lkb_auto(lkb_tree) large_xattr = lkb_tree_new();
	lkb_auto(lkb_tree) odd_xattr = lkb_tree_new();
	lkb_auto(lkb_tree) bad_acl = lkb_tree_new();
	lkb_auto(lkb_tree) longer_acl = lkb_tree_new();
	lkb_auto(lkb_tree) device = lkb_tree_new();
	lkb_auto(lkb_tree) links = lkb_tree_new();

	add_bytes(large_xattr, "d/f", 1, 1);
	lkb_tree_set_xattr(large_xattr, lkb_tree_lookup(large_xattr, "d/f", false), "user.x", value,
			   sizeof(value));
	assert_refused(large_xattr, "'/d/f': its extended attributes take 5020 bytes, and ext4 has "
				    "room for 4060");
	add_bytes(odd_xattr, "f", 1, 1);
	lkb_tree_set_xattr(odd_xattr, lkb_tree_lookup(odd_xattr, "f", false), "com.apple.x", "", 0);
	assert_refused(odd_xattr, "'/f': ext4 has no extended attributes like 'com.apple.x'");
	add_bytes(longer_acl, "f", 1, 1);
	lkb_tree_set_xattr(longer_acl, lkb_tree_lookup(longer_acl, "f", false),
			   "system.posix_acl_access2", "\2\0\0\0", 4);
	assert_refused(longer_acl, "'/f': ext4 has no extended attributes like "
				   "'system.posix_acl_access2'");
	add_bytes(bad_acl, "f", 1, 1);
	lkb_tree_set_xattr(bad_acl, lkb_tree_lookup(bad_acl, "f", false),
			   "system.posix_acl_default", "abcde", 5);
	assert_refused(bad_acl, "'/f': extended attribute 'system.posix_acl_default' is no access "
				"list");
	MUST(lkb_tree_add_special(device, "x", &file_meta, LKB_NODE_CHAR, 4096, 0, NULL, err));
	assert_refused(device, "'/x': its device number 4096:0 is too large");
	for (int i = 0; i <= 65000; i++) {
		char path[20];

		snprintf(path, sizeof(path), "d/%05d", i);
		if (i == 0)
			MUST(lkb_tree_add_text(links, path, &file_meta, "x", 1, err));
		else
			MUST(lkb_tree_add_link(links, path, "d/00000", err));
	}
	assert_refused(links, "'/d/65000': more than 65000 names for one file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_tree_is_a_file_system),
		cmocka_unit_test(files_links_and_devices_are_what_they_were),
		cmocka_unit_test(times_are_clamped),
		cmocka_unit_test(attributes_survive_in_the_inode_and_in_a_block),
		cmocka_unit_test(a_directory_of_20000_files_is_one_list),
		cmocka_unit_test(many_inodes_spread_over_groups),
		cmocka_unit_test(a_file_crosses_groups),
		cmocka_unit_test(a_file_in_six_groups_has_an_extent_block),
		cmocka_unit_test(a_file_of_2_gib_is_said_in_the_superblock),
		cmocka_unit_test(trees_of_chance_are_made_as_they_are),
		cmocka_unit_test(a_slot_is_as_large_as_its_content),
		cmocka_unit_test(the_last_group_may_be_of_any_size),
		cmocka_unit_test(features_are_exactly_those_of_the_table),
		cmocka_unit_test(a_data_file_system_says_what_must_be_zero),
		cmocka_unit_test(debugfs_gives_files_back),
		cmocka_unit_test(two_builds_are_the_same_bytes),
		cmocka_unit_test(nothing_is_left_in_the_tree),
		cmocka_unit_test(what_ext4_cannot_hold_is_refused),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
