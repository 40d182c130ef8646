/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/path.h"
#include "base/proc.h"
#include "rootfs/pkg/deb_priv.h"

#define EPOCH 1700000000

/* One entry of a data archive made here. */
struct entry {
	const char *path;
	unsigned type; /* AE_IFREG, ... ; 0 = hard link */
	const char *text; /* contents, or target of a link */
	time_t mtime;
};

static struct lkb_tmpdir tmp;

static int make_tmp(void **state)
{
	return lkb_tmpdir_make(&tmp, NULL);
}

static int drop_tmp(void **state)
{
	lkb_tmpdir_clear(&tmp);
	return 0;
}

static void add_entry(struct archive *a, const struct entry *e)
{
	struct archive_entry *ae = archive_entry_new();
	size_t n = e->type == AE_IFREG ? strlen(e->text) : 0;

	archive_entry_set_pathname(ae, e->path);
	archive_entry_set_filetype(ae, e->type ? e->type : AE_IFREG);
	archive_entry_set_perm(ae, e->type == AE_IFDIR ? 0755 : 0640);
	archive_entry_set_uid(ae, 3);
	archive_entry_set_gid(ae, 4);
	archive_entry_set_mtime(ae, e->mtime ? e->mtime : EPOCH, 0);
	archive_entry_set_size(ae, (la_int64_t)n);
	if (e->type == AE_IFLNK)
		archive_entry_set_symlink(ae, e->text);
	if (!e->type)
		archive_entry_set_hardlink(ae, e->text);
	assert_int_equal(archive_write_header(a, ae), ARCHIVE_OK);
	if (n)
		assert_int_equal(archive_write_data(a, e->text, n), n);
	archive_entry_free(ae);
}

static size_t make_tar(const struct entry *entries, size_t n, char *buf, size_t size)
{
	struct archive *a = archive_write_new();
	size_t i, used = 0;

	archive_write_set_format_gnutar(a);
	archive_write_set_bytes_per_block(a, 512);
	assert_int_equal(archive_write_open_memory(a, buf, size, &used), ARCHIVE_OK);
	for (i = 0; i < n; i++)
		add_entry(a, &entries[i]);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	return used;
}

static void add_member(struct archive *a, const char *name, const void *p, size_t n)
{
	struct archive_entry *ae = archive_entry_new();

	archive_entry_set_pathname(ae, name);
	archive_entry_set_filetype(ae, AE_IFREG);
	archive_entry_set_perm(ae, 0644);
	archive_entry_set_size(ae, (la_int64_t)n);
	assert_int_equal(archive_write_header(a, ae), ARCHIVE_OK);
	assert_int_equal(archive_write_data(a, p, n), n);
	archive_entry_free(ae);
}

/* Writes a .deb with these members' names; NULL leaves one out. Gives its path (owned). */
static char *make_deb(const char *version, const char *data_name, const void *data, size_t n)
{
	char *path = lkb_path_join(tmp.path, "x.deb");
	struct archive *a = archive_write_new();

	archive_write_set_format_ar_svr4(a);
	unlink(path);
	assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
	if (version)
		add_member(a, "debian-binary", version, strlen(version));
	add_member(a, "control.tar", "", 0);
	if (data_name)
		add_member(a, data_name, data, n);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	return path;
}

static bool want_all(void *ctx, const char *path)
{
	return true;
}

static bool want_one(void *ctx, const char *path)
{
	return !strcmp(path, ctx);
}

static int read_path(const char *path, lkb_deb_want_fn *want, void *ctx,
		     struct lkb_deb_files *ret, struct lkb_error *err)
{
	lkb_autofd fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return lkb_deb_read(fd, "x", tmp.path, want, ctx, ret, err);
}

static int read_entries(const struct entry *entries, size_t n, lkb_deb_want_fn *want, void *ctx,
			struct lkb_deb_files *ret, struct lkb_error *err)
{
	static char buf[1 << 20];
	size_t len = make_tar(entries, n, buf, sizeof(buf));
	lkb_autofree char *path = make_deb("2.0\n", "data.tar", buf, len);

	return read_path(path, want, ctx, ret, err);
}

static const struct lkb_deb_entry *find(const struct lkb_deb_files *f, const char *path)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (!strcmp(f->items[i].path, path))
			return &f->items[i];
	fail_msg("no '%s'", path);
	return NULL;
}

static void expect_text(const struct lkb_deb_files *f, const char *path, const char *text)
{
	const struct lkb_deb_entry *e = find(f, path);
	lkb_autofree char *got = NULL;
	struct lkb_error err;
	size_t n;

	assert_int_equal(e->type, LKB_NODE_FILE);
	assert_int_equal(lkb_data_read_all(&e->data, 1 << 20, &got, &n, &err), 0);
	assert_int_equal(n, strlen(text));
	assert_memory_equal(got, text, n);
}

static void entries_come_out_as_they_went_in(void **state)
{
	static const struct entry entries[] = {
		{"./", AE_IFDIR, NULL, 0},
		{"./usr/", AE_IFDIR, NULL, 0},
		{"./usr/bin//tool", AE_IFREG, "program", EPOCH + 5},
		{"./usr/bin/empty", AE_IFREG, "", 0},
		{"./usr/bin/alias", AE_IFLNK, "tool", 0},
		{"./usr/bin/other", 0, "./usr/bin//tool", 0},
		{"/etc/./conf", AE_IFREG, "absolute", 0},
	};
	lkb_autodebfiles f = {0};
	struct lkb_error err = {0};

	if (read_entries(entries, LKB_ARRAY_SIZE(entries), want_all, NULL, &f, &err))
		fail_msg("%s", err.message);
	assert_int_equal(f.n, 6);
	assert_int_equal(f.newest, EPOCH + 5);
	assert_int_equal(find(&f, "usr")->type, LKB_NODE_DIR);
	expect_text(&f, "usr/bin/tool", "program");
	expect_text(&f, "usr/bin/empty", "");
	expect_text(&f, "etc/conf", "absolute");
	assert_int_equal(find(&f, "usr/bin/tool")->meta.mode, 0640);
	assert_int_equal(find(&f, "usr/bin/tool")->meta.uid, 3);
	assert_int_equal(find(&f, "usr/bin/tool")->meta.gid, 4);
	assert_int_equal(find(&f, "usr/bin/tool")->meta.mtime, EPOCH + 5);
	assert_string_equal(find(&f, "usr/bin/alias")->target, "tool");
	assert_string_equal(find(&f, "usr/bin/other")->hardlink, "usr/bin/tool");
}

static void only_what_is_wanted_is_kept(void **state)
{
	static const struct entry entries[] = {
		{"./a", AE_IFREG, "first", 0},
		{"./b", AE_IFREG, "second", 0},
		{"./null", AE_IFCHR, NULL, 0},
		{"./c", AE_IFREG, "third", EPOCH + 9},
	};
	lkb_autodebfiles f = {0};
	struct lkb_error err = {0};

	assert_int_equal(read_entries(entries, 4, want_one, (void *)"b", &f, &err), 0);
	assert_int_equal(f.n, 1);
	expect_text(&f, "b", "second");
	assert_int_equal(lkb_blob_size(f.blob), strlen("second"));
	assert_int_equal(f.newest, EPOCH + 9);
}

static void hostile_entries_are_refused(void **state)
{
	static char deep[5000];
	static const struct {
		struct entry entry;
		const char *message;
	} cases[] = {
		{{"../etc/passwd", AE_IFREG, "x", 0}, "'x' holds a bad path: '../etc/passwd'"},
		{{"./a/../../b", AE_IFREG, "x", 0}, "'x' holds a bad path: './a/../../b'"},
		{{"./a", 0, "../../etc/shadow", 0}, "'x' holds a bad path: '../../etc/shadow'"},
		{{"./dev/sda", AE_IFBLK, NULL, 0}, "'x': 'dev/sda' is a device or pipe"},
		{{"./pipe", AE_IFIFO, NULL, 0}, "'x': 'pipe' is a device or pipe"},
	};
	struct entry long_name = {deep, AE_IFREG, "x", 0};
	lkb_autodebfiles f = {0};
	struct lkb_error err;
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		assert_int_equal(read_entries(&cases[i].entry, 1, want_all, NULL, &f, &err), -1);
		assert_string_equal(err.message, cases[i].message);
		assert_int_equal(err.kind, LKB_INPUT);
		assert_int_equal(f.n, 0);
	}
	memset(deep, 'x', sizeof(deep) - 1);
	assert_int_equal(read_entries(&long_name, 1, want_all, NULL, &f, &err), -1);
	assert_int_equal(err.kind, LKB_INPUT);
}

/* A header that promises more than there is, or than may be. */
static void claimed_sizes_are_bounded(void **state)
{
	static const struct entry one = {"./big", AE_IFREG, "x", 0};
	static const struct {
		const char *octal, *message;
	} cases[] = {
		{"77777777777", "'x' is no sound .deb: "}, /* 8 GiB - 1: the archive ends before */
		{"00000010000", "'x' is no sound .deb: "},
	};
	static char buf[1 << 16];
	size_t i, j, n;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_autofree char *path = NULL;
		lkb_autodebfiles f = {0};
		unsigned sum = 0;
		struct lkb_error err;

		n = make_tar(&one, 1, buf, sizeof(buf));
		memcpy(buf + 124, cases[i].octal, 11);
		memset(buf + 148, ' ', 8);
		for (j = 0; j < 512; j++)
			sum += (unsigned char)buf[j];
		snprintf(buf + 148, 8, "%06o", sum);
		path = make_deb("2.0\n", "data.tar", buf, n);
		assert_int_equal(read_path(path, want_all, NULL, &f, &err), -1);
		assert_true(lkb_starts_with(err.message, cases[i].message));
	}
}

static void what_is_no_deb_is_refused(void **state)
{
	lkb_autofree char *no_version = make_deb(NULL, "data.tar", "", 0);
	lkb_autodebfiles f = {0};
	struct lkb_error err;
	lkb_autofree char *other = NULL, *no_data = NULL, *junk = NULL;

	assert_int_equal(read_path(no_version, want_all, NULL, &f, &err), -1);
	assert_string_equal(err.message, "'x' is no .deb of format 2");
	other = make_deb("3.0\n", "data.tar", "", 0);
	assert_int_equal(read_path(other, want_all, NULL, &f, &err), -1);
	assert_string_equal(err.message, "'x' is no .deb of format 2");
	no_data = make_deb("2.0\n", NULL, "", 0);
	assert_int_equal(read_path(no_data, want_all, NULL, &f, &err), -1);
	assert_string_equal(err.message, "'x' is no sound .deb: it has no data archive");
	junk = make_deb("2.0\n", "data.tar.xz", "this is no archive, not at all", 30);
	assert_int_equal(read_path(junk, want_all, NULL, &f, &err), -1);
	assert_int_equal(err.kind, LKB_INPUT);
	assert_int_equal(lkb_write_file(junk, "hello", 5, 0600, &err), 0);
	assert_int_equal(read_path(junk, want_all, NULL, &f, &err), -1);
	assert_int_equal(err.kind, LKB_INPUT);
}

/* Cut anywhere, a .deb is an error or, where only padding is gone, still the same. */
static void a_cut_deb_never_passes_for_another(void **state)
{
	static const struct entry entries[] = {
		{"./a", AE_IFREG, "first", 0},
		{"./b", AE_IFREG, "second", 0},
	};
	static char buf[1 << 16];
	size_t n = make_tar(entries, 2, buf, sizeof(buf));
	lkb_autofree char *path = make_deb("2.0\n", "data.tar", buf, n);
	struct stat st;
	off_t at;

	assert_int_equal(stat(path, &st), 0);
	for (at = st.st_size - 1; at >= 0; at -= 37) {
		lkb_autodebfiles f = {0};
		struct lkb_error err;

		assert_int_equal(truncate(path, at), 0);
		if (read_path(path, want_all, NULL, &f, &err)) {
			assert_int_equal(err.kind, LKB_INPUT);
			continue;
		}
		assert_int_equal(f.n, 2);
		expect_text(&f, "b", "second");
	}
}

static void nothing_is_left_in_the_spool_directory(void **state)
{
	static const struct entry one = {"./a", AE_IFREG, "first", 0};
	lkb_autofree char *spool = lkb_path_join(tmp.path, "spool");
	lkb_autofree char *path = NULL;
	static char buf[1 << 16];
	struct lkb_deb_files f = {0};
	struct lkb_error err;
	lkb_autofd fd = -1;

	path = make_deb("2.0\n", "data.tar", buf, make_tar(&one, 1, buf, sizeof(buf)));
	assert_int_equal(mkdir(spool, 0700), 0);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(lkb_deb_read(fd, "x", spool, want_all, NULL, &f, &err), 0);
	assert_int_equal(rmdir(spool), 0); /* works on an empty directory only */
	expect_text(&f, "a", "first");
	lkb_deb_files_clear(&f);
}

static void write_text(const char *dir, const char *name, const char *text)
{
	lkb_autofree char *path = lkb_path_join(dir, name);
	lkb_autofree char *parent = lkb_path_dirname(path);
	struct lkb_error err;

	assert_int_equal(lkb_mkdir_p(parent, &err), 0);
	assert_int_equal(lkb_write_file(path, text, strlen(text), 0644, &err), 0);
}

/* Debian's own tool makes the package, in every compression it knows. */
static void packages_of_dpkg_deb_are_read(void **state)
{
	static const char *const compressions[] = {"-Zxz", "-Zgzip", "-Zzstd", "-Znone"};
	lkb_autofree char *program = NULL, *dir = lkb_path_join(tmp.path, "pkg");
	lkb_autofree char *deb = lkb_path_join(tmp.path, "made.deb");
	size_t i;

	if (lkb_proc_find("dpkg-deb", "dpkg", &program, NULL)) {
		print_message("skipped: dpkg-deb is not installed\n");
		skip();
	}
	write_text(dir, "DEBIAN/control", "Package: thing\nVersion: 1\nArchitecture: all\n"
		   "Maintainer: a <a@b.c>\nDescription: x\n");
	write_text(dir, "usr/bin/thing", "#!/bin/sh\n");
	write_text(dir, "usr/share/a-name-that-is-so-long-that-it-does-not-fit-into-the-hundred-"
		   "bytes-which-a-plain-tar-header-has-for-it/file", "long");
	for (i = 0; i < LKB_ARRAY_SIZE(compressions); i++) {
		const char *const argv[] = {program, "--root-owner-group", compressions[i], "-b",
					    dir, deb, NULL};
		const struct lkb_proc run = {.argv = argv};
		lkb_autodebfiles f = {0};
		struct lkb_error err = {0};

		if (lkb_proc_run(&run, NULL, &err) || read_path(deb, want_all, NULL, &f, &err))
			fail_msg("%s: %s", compressions[i], err.message);
		expect_text(&f, "usr/bin/thing", "#!/bin/sh\n");
		expect_text(&f, "usr/share/a-name-that-is-so-long-that-it-does-not-fit-into-the-"
			    "hundred-bytes-which-a-plain-tar-header-has-for-it/file", "long");
		assert_int_equal(find(&f, "usr/bin/thing")->meta.uid, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_come_out_as_they_went_in),
		cmocka_unit_test(only_what_is_wanted_is_kept),
		cmocka_unit_test(hostile_entries_are_refused),
		cmocka_unit_test(claimed_sizes_are_bounded),
		cmocka_unit_test(what_is_no_deb_is_refused),
		cmocka_unit_test(a_cut_deb_never_passes_for_another),
		cmocka_unit_test(nothing_is_left_in_the_spool_directory),
		cmocka_unit_test(packages_of_dpkg_deb_are_read),
	};

	return cmocka_run_group_tests(tests, make_tmp, drop_tmp);
}
