/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "base/bytes.h"
#include "image/fs/fs.h"
#include "tests/unit/image_util.h"

static const struct lkb_sha256 seed = {{9, 8, 7}};

#define OFF LKB_MIB /* the partition starts here, so that offsets matter */

static struct lkb_part part_of(struct lkb_tree *t, uint64_t size)
{
	return (struct lkb_part){.name = "boot", .tree = lkb_tree_root(t), .label = "BOOT",
				 .off = OFF, .fs_size = size};
}

/* Makes the FAT of a partition inside a larger image and cuts it out; gives the map. */
static struct lkb_map *make_fat(const struct lkb_part *part, const char *path, const char *alone)
{
	struct lkb_fs_job job = {.part = part, .seed = &seed, .epoch = EPOCH};
	lkb_auto(lkb_writer) w = NULL;
	lkb_autofd fd = new_file(path);
	struct lkb_map *map = NULL;

	MUST(lkb_writer_new(fd, path, OFF + part->fs_size + LKB_MIB, &w, err));
	MUST(lkb_fs_fat32.write(&job, w, fd, err));
	MUST(lkb_writer_finish(w, &map, err));
	if (alone)
		cut(path, OFF, part->fs_size, alone);
	return map;
}

static uint64_t measured(const struct lkb_part *part)
{
	struct lkb_fs_job job = {.part = part, .seed = &seed, .epoch = EPOCH};
	uint64_t size;

	MUST(lkb_fs_fat32.measure(&job, &size, err));
	return size;
}

static void assert_clean(const char *path)
{
	JUDGE(NULL, "sh", "-c", "PATH=$PATH:/usr/sbin:/sbin fsck.fat -n \"$0\" >&2", path);
}

/* mcopy gives every file back as it was. */
static void assert_holds(const char *alone, struct lkb_tree *t)
{
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(lkb_tree_root(t));
	struct lkb_tree_item item;

	while (lkb_tree_iter_next(it, &item) > 0) {
		lkb_autofree char *name = lkb_format("::/%s", item.path);
		lkb_autofree char *should = NULL;
		lkb_autostr is = {0};
		size_t n;

		if (item.inode->type != LKB_NODE_FILE)
			continue;
		JUDGE(&is, "mtype", "-i", alone, name);
		MUST(lkb_data_read_all(&item.inode->data, 64 << 20, &should, &n, err));
		assert_int_equal(is.len, n);
		assert_memory_equal(lkb_str_get(&is), should, n);
	}
}

static struct lkb_tree *boot_tree(void)
{
	struct lkb_tree *t = lkb_tree_new();

	add_bytes(t, "bcm2710-rpi-3-b.dtb", 31234, 1);
	add_bytes(t, "bootcode.bin", 52476, 2);
	add_bytes(t, "config.txt", 4096, 3);
	add_bytes(t, "start.elf", 2979264, 4);
	add_bytes(t, "settings.env", 65536, 5);
	add_bytes(t, "EMPTY", 0, 6);
	for (int i = 0; i < 60; i++) {
		lkb_autofree char *name = lkb_format("overlays/an-overlay-number-%d.dtbo", i);

		add_bytes(t, name, (size_t)(i * 321), (unsigned)i);
	}
	return t;
}

static void files_are_given_back_and_fsck_is_content(void **state)
{
	lkb_auto(lkb_tree) t = boot_tree();
	struct lkb_part part = part_of(t, 64 * LKB_MIB);
	const char *alone = in_scratch("alone.img");

	NEED("mformat");
	NEED("fsck.fat");
	lkb_map_free(make_fat(&part, in_scratch("fat.img"), alone));
	assert_clean(alone);
	assert_holds(alone, t);
}

/* Both stand there, and next to each other where nothing is between them. */
static void two_names_of_a_file_are_two_files(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct lkb_part part = part_of(t, 64 * LKB_MIB);
	const char *alone = in_scratch("alone.img");

	NEED("mformat");
	NEED("fsck.fat");
	add_bytes(t, "a", 3 * LKB_MIB, 1);
	MUST(lkb_tree_add_link(t, "b", "a", err));
	add_bytes(t, "c", 1000, 2);
	MUST(lkb_tree_add_link(t, "d", "c", err));
	lkb_map_free(make_fat(&part, in_scratch("fat.img"), alone));
	assert_clean(alone);
	assert_holds(alone, t);
}

static void the_smallest_size_is_enough(void **state)
{
	lkb_auto(lkb_tree) t = boot_tree();
	struct lkb_part part = part_of(t, 0);
	const char *alone = in_scratch("alone.img");

	NEED("mformat");
	NEED("fsck.fat");
	part.fs_size = measured(&part);
	assert_true(part.fs_size < 35 * LKB_MIB); /* what a FAT32 takes at least */
	lkb_map_free(make_fat(&part, in_scratch("fat.img"), alone));
	assert_clean(alone);
	/* Now one that its content makes large. */
	add_bytes(t, "initrd.img", 50 * LKB_MIB, 1);
	part.fs_size = measured(&part);
	assert_true(part.fs_size < 55 * LKB_MIB);
	lkb_map_free(make_fat(&part, in_scratch("fat.img"), alone));
	assert_clean(alone);
	assert_holds(alone, t);
}

static void a_large_one_has_clusters_of_4_kib(void **state)
{
	lkb_auto(lkb_tree) t = boot_tree();
	struct lkb_part part = part_of(t, 600 * LKB_MIB);
	static const char *const named[] = {"config.txt", NULL};
	const char *alone = in_scratch("alone.img");
	lkb_auto(lkb_map) map = NULL;
	lkb_autostr info = {0};

	NEED("mformat");
	NEED("fsck.fat");
	part.named = named;
	map = make_fat(&part, in_scratch("fat.img"), alone);
	assert_clean(alone);
	assert_holds(alone, t);
	JUDGE(&info, "minfo", "-i", alone, "::");
	assert_non_null(strstr(info.s, "cluster size: 8 sectors"));
	assert_int_equal(map->named[0].off % 4096, 0);
}

static void names_are_kept(void **state)
{
	static const char *const names[] = {
		"a[b].txt", "x+,;=y", ".hid", "a b", "~t", "-x", "Foo.BAR.baz", "q'q", "$(x)", "{a}",
		"a!b^c#d%e&f@g`h", "UPPER.TXT", "lower.txt", "Mixed.Txt", "longer-than-8.3",
		"two.dots.here", "very long name with spaces and a number 0123456789 in it.extension",
	};
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct lkb_part part;
	const char *alone = in_scratch("alone.img");
	lkb_autostr dir = {0};

	NEED("mformat");
	NEED("fsck.fat");
	for (size_t i = 0; i < LKB_ARRAY_SIZE(names); i++) {
		lkb_autofree char *deep = lkb_format("Some Dir/%s", names[i]);

		add_bytes(t, names[i], 100 + i, (unsigned)i);
		add_bytes(t, deep, 200 + i, (unsigned)i);
	}
	part = part_of(t, 64 * LKB_MIB);
	lkb_map_free(make_fat(&part, in_scratch("fat.img"), alone));
	assert_clean(alone);
	JUDGE(&dir, "mdir", "-/", "-b", "-i", alone, "::");
	for (size_t i = 0; i < LKB_ARRAY_SIZE(names); i++) {
		lkb_autofree char *line = lkb_format("::/%s\n", names[i]);
		lkb_autofree char *deep = lkb_format("::/Some Dir/%s\n", names[i]);

		assert_non_null(strstr(dir.s, line));
		assert_non_null(strstr(dir.s, deep));
	}
}

static void named_files_are_aligned_ranges(void **state)
{
	static const char *const named[] = {"settings.env", "config.txt", NULL};
	lkb_auto(lkb_tree) t = boot_tree();
	struct lkb_part part = part_of(t, 64 * LKB_MIB);
	const char *path = in_scratch("fat.img");
	lkb_auto(lkb_map) map = NULL;
	lkb_autofd fd = -1;

	NEED("mformat");
	part.named = named;
	map = make_fat(&part, path, NULL);
	MUST(lkb_open_read(path, &fd, NULL, err));
	assert_int_equal(map->n_named, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct lkb_data *d = &lkb_tree_lookup(t, named[i], false)->data;
		lkb_autofree uint8_t *is = lkb_alloc(d->len), *should = lkb_alloc(d->len);

		assert_string_equal(map->named[i].name, named[i]);
		assert_int_equal(map->named[i].len, d->len);
		assert_int_equal(map->named[i].off % 4096, 0);
		MUST(lkb_pread_full(fd, is, d->len, map->named[i].off, path, err));
		MUST(lkb_data_read(d, 0, should, d->len, err));
		assert_memory_equal(is, should, d->len);
	}
}

static void blocks_belong_to_files_or_are_free(void **state)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct lkb_part part;
	const char *path = in_scratch("fat.img");
	lkb_auto(lkb_map) map = NULL;
	lkb_autofree uint8_t *zeros = lkb_alloc(100 * 4096);
	lkb_auto(lkb_blob) blob = lkb_blob_new_mem(zeros, 100 * 4096);
	uint64_t zero = 0, data = 0;

	NEED("mformat");
	add_bytes(t, "data.bin", 80 * 4096, 1);
	MUST(lkb_tree_add_file(t, "zero.bin", &file_meta,
			       &(struct lkb_data){.blob = blob, .len = 100 * 4096}, NULL, err));
	part = part_of(t, 64 * LKB_MIB);
	map = make_fat(&part, path, NULL);
	for (size_t i = 0; i < map->n_ranges; i++) {
		const struct lkb_map_range *r = &map->ranges[i];

		if (strcmp(r->name, "boot:/zero.bin") == 0 && r->class == LKB_MAP_ZERO)
			zero += r->count;
		if (strcmp(r->name, "boot:/data.bin") == 0 && r->class == LKB_MAP_DATA)
			data += r->count;
	}
	/* A cluster has 512 bytes: at its ends a file may share blocks. */
	assert_true(zero >= 99 && zero <= 100);
	assert_true(data >= 79 && data <= 81);
	assert_int_equal(map->ranges[map->n_ranges - 1].class, LKB_MAP_FREE);
	/* Two FATs and little else beside the files. */
	assert_true(lkb_map_count(map, LKB_MAP_FREE) > 64 * 256 - 2 * 128 - 200);
}

/* Another time zone, locale, umask, home directory: the same bytes. */
static void two_builds_are_the_same_bytes(void **state)
{
	lkb_auto(lkb_tree) t = boot_tree();
	lkb_auto(lkb_tree) same = boot_tree();
	struct lkb_part part = part_of(t, 64 * LKB_MIB), again = part_of(same, 64 * LKB_MIB);
	const char *a = in_scratch("a.img"), *b = in_scratch("b.img");
	const char *rc = in_scratch(".mtoolsrc");
	mode_t mask;

	NEED("mformat");
	lkb_map_free(make_fat(&part, a, NULL));
	MUST(lkb_write_file(rc, "mtools_lower_case=1\nmtools_no_vfat=1\n", 37, 0644, err));
	setenv("TZ", "Asia/Tokyo", 1);
	setenv("LC_ALL", "de_DE.UTF-8", 1);
	setenv("HOME", scratch.path, 1);
	setenv("MTOOLSRC", rc, 1);
	setenv("SOURCE_DATE_EPOCH", "1", 1);
	setenv("MTOOLS_NO_VFAT", "1", 1);
	setlocale(LC_ALL, "");
	mask = umask(0077);
	lkb_map_free(make_fat(&again, b, NULL));
	umask(mask);
	unsetenv("TZ");
	unsetenv("LC_ALL");
	unsetenv("MTOOLSRC");
	unsetenv("SOURCE_DATE_EPOCH");
	unsetenv("MTOOLS_NO_VFAT");
	assert_same_file(a, b);
}

/* In a name space of its own, this process sees another /etc/mtools.conf. */
static bool with_config_of_host(const char *config)
{
	return !unshare(CLONE_NEWUSER | CLONE_NEWNS) &&
	       !mount(config, "/etc/mtools.conf", NULL, MS_BIND, NULL);
}

static void the_config_of_the_host_has_no_say(void **state)
{
	lkb_auto(lkb_tree) t = boot_tree();
	lkb_auto(lkb_tree) same = boot_tree();
	struct lkb_part part = part_of(t, 64 * LKB_MIB), again = part_of(same, 64 * LKB_MIB);
	const char *a = in_scratch("host-a.img"), *b = in_scratch("host-b.img");
	const char *config = in_scratch("mtools.conf");
	static const char text[] = "mtools_lower_case=1\nmtools_no_vfat=1\n"
				   "mtools_name_numeric_tail=0\nmtools_fat_compatibility=1\n";
	int status;
	pid_t pid;

	NEED("mformat");
	lkb_map_free(make_fat(&part, a, NULL));
	MUST(lkb_write_file(config, text, strlen(text), 0644, err));
	pid = fork();
	if (!pid) {
		if (!with_config_of_host(config))
			_exit(77);
		lkb_map_free(make_fat(&again, b, NULL));
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("# skipped: no name space of our own, or no /etc/mtools.conf\n");
		skip();
	}
	assert_int_equal(status, 0);
	assert_same_file(a, b);
}

static void the_time_is_the_epoch(void **state)
{
	lkb_auto(lkb_tree) t = boot_tree();
	struct lkb_part part = part_of(t, 64 * LKB_MIB);
	const char *alone = in_scratch("alone.img");
	lkb_autostr dir = {0};

	NEED("mformat");
	lkb_map_free(make_fat(&part, in_scratch("fat.img"), alone));
	JUDGE(&dir, "mdir", "-i", alone, "::/config.txt");
	assert_non_null(strstr(dir.s, "2023-11-14  22:13"));
	assert_non_null(strstr(dir.s, "is BOOT"));
}

/* ---- what cannot be made ---- */

static void assert_refused(const struct lkb_part *part, const char *message)
{
	struct lkb_fs_job job = {.part = part, .seed = &seed, .epoch = EPOCH};
	struct lkb_error why;
	uint64_t size = 7;

	assert_int_equal(lkb_fs_fat32.measure(&job, &size, &why), -1);
	assert_int_equal(size, 7);
	assert_int_equal(why.kind, LKB_INPUT);
	assert_string_equal(why.message, message);
}

static void names_that_a_fat_does_not_take_are_refused(void **state)
{
	static const char *const bad[] = {"a:b", "a*", "a?b", "a\\b", "a\"", "a|b", "<a", "a>",
					  "t\303\244st", "a\tb"};
	static const char *const edges[] = {"dot.", "space ", " space"};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(bad); i++) {
		lkb_auto(lkb_tree) t = lkb_tree_new();
		struct lkb_part part = part_of(t, 0);
		lkb_autofree char *path = lkb_format("d/%s", bad[i]);
		lkb_autofree char *message =
			lkb_format("'/%s': a name on a FAT has printable ASCII without "
				   "\"*/:<>?\\| only", path);

		add_bytes(t, path, 1, 1);
		assert_refused(&part, message);
	}
	for (size_t i = 0; i < LKB_ARRAY_SIZE(edges); i++) {
		lkb_auto(lkb_tree) t = lkb_tree_new();
		struct lkb_part part = part_of(t, 0);
		lkb_autofree char *message =
			lkb_format("'/%s': a name on a FAT does not begin with a space or end in a "
				   "space or dot", edges[i]);

		add_bytes(t, edges[i], 1, 1);
		assert_refused(&part, message);
	}
}

static void what_a_fat_cannot_hold_is_refused(void **state)
{
	lkb_auto(lkb_tree) twins = lkb_tree_new();
	lkb_auto(lkb_tree) link = lkb_tree_new();
	lkb_auto(lkb_tree) large = lkb_tree_new();
	lkb_auto(lkb_tree) empty = lkb_tree_new();
	const char *sparse = in_scratch("sparse");
	lkb_auto(lkb_blob) blob = lkb_blob_new_fd(new_file(sparse), 4 * LKB_GIB, sparse);
	struct lkb_part part = part_of(twins, 0);

	add_bytes(twins, "d/File", 1, 1);
	add_bytes(twins, "d/fILE", 1, 1);
	assert_refused(&part, "'/d': 'File' and 'fILE' are one name on a FAT");
	part = part_of(link, 0);
	MUST(lkb_tree_add_symlink(link, "x", &file_meta, "y", NULL, err));
	assert_refused(&part, "'/x': a FAT holds files and directories only");
	part = part_of(large, 0);
	MUST(lkb_tree_add_file(large, "x", &file_meta,
			       &(struct lkb_data){.blob = blob, .len = 4 * LKB_GIB}, NULL, err));
	assert_refused(&part, "'/x': 4.0 GiB are too much for a file on a FAT");
	part.tree = lkb_tree_root(empty);
	part.min_size = 1500 * LKB_GIB;
	assert_refused(&part, "1.5 TiB are too much for a FAT32");
}

static void named_files_must_be_there_and_whole_blocks(void **state)
{
	static const char *const odd[] = {"bootcode.bin", NULL}, *const none[] = {"nix", NULL};
	lkb_auto(lkb_tree) t = boot_tree();
	struct lkb_part part = part_of(t, 0);

	part.named = odd;
	assert_refused(&part, "the 52476 bytes of '/bootcode.bin' are no multiple of 4096");
	part.named = none;
	assert_refused(&part, "there is no file '/nix'");
}

/* Without mtools nothing is made, and the package is named. */
static void mtools_is_needed(void **state)
{
	lkb_auto(lkb_tree) t = boot_tree();
	struct lkb_part part = part_of(t, 64 * LKB_MIB);
	struct lkb_fs_job job = {.part = &part, .seed = &seed, .epoch = EPOCH};
	const char *path = in_scratch("none.img");
	lkb_auto(lkb_writer) w = NULL;
	lkb_autofd fd = new_file(path);
	lkb_autofree char *old = lkb_strdup(getenv("PATH"));
	struct lkb_error why;

	MUST(lkb_writer_new(fd, path, OFF + part.fs_size, &w, err));
	setenv("PATH", scratch.path, 1);
	if (have("mformat")) {
		setenv("PATH", old, 1);
		skip();
	}
	assert_int_equal(lkb_fs_fat32.write(&job, w, fd, &why), -1);
	setenv("PATH", old, 1);
	assert_int_equal(why.kind, LKB_MISSING);
	assert_non_null(strstr(why.message, "mformat"));
	assert_non_null(strstr(why.hint, "mtools"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_given_back_and_fsck_is_content),
		cmocka_unit_test(two_names_of_a_file_are_two_files),
		cmocka_unit_test(the_smallest_size_is_enough),
		cmocka_unit_test(a_large_one_has_clusters_of_4_kib),
		cmocka_unit_test(names_are_kept),
		cmocka_unit_test(named_files_are_aligned_ranges),
		cmocka_unit_test(blocks_belong_to_files_or_are_free),
		cmocka_unit_test(two_builds_are_the_same_bytes),
		cmocka_unit_test(the_config_of_the_host_has_no_say),
		cmocka_unit_test(the_time_is_the_epoch),
		cmocka_unit_test(names_that_a_fat_does_not_take_are_refused),
		cmocka_unit_test(what_a_fat_cannot_hold_is_refused),
		cmocka_unit_test(named_files_must_be_there_and_whole_blocks),
		cmocka_unit_test(mtools_is_needed),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
