/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that is full, a run that is killed, and several at once. */
#include "base/path.h"
#include "test_store_kit.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define APP "localhost/app:1"

/* Locks: a network's file system may have none for directories. */

static int flock_fails;

int flock(int fd, int how)
{
	struct stat st;

	if (flock_fails && how & LOCK_NB && !fstat(fd, &st) &&
	    (S_ISDIR(st.st_mode) || flock_fails == ENOLCK)) {
		errno = flock_fails;
		return -1;
	}
	return (int)syscall(SYS_flock, fd, how);
}

static void what_cannot_be_locked_is_said_once(void **state)
{
	static const struct {
		int number;
		const char *words;
	} rows[] = {
		{ EBADF, ".tmp': Bad file descriptor" },     /* directories */
		{ ENOLCK, ".tmp': No locks available" }, /* files too */
	};
	struct kit *k = *state;
	lkb_autofree char *tmp = lkb_format("%s/tmp", k->store_dir);
	const char *argv[] = { "find", tmp, "-mindepth", "1", NULL };

	layout_simple(k, APP, "arm64", "hello");
	for (size_t i = 0; i < LKB_ARRAY_SIZE(rows); i++) {
		struct lkb_error fault = {0};
		lkb_autostr left = {0};
		lkb_autostrv names = {0};
		int r;

		flock_fails = rows[i].number;
		r = lkb_store_import(k->store, k->layout_dir, NULL, NULL, &names, &fault);
		flock_fails = 0;
		assert_int_equal(r, -1);
		assert_int_equal(fault.kind, LKB_IO);
		assert_non_null(strstr(fault.message, "cannot lock '"));
		assert_non_null(strstr(fault.message, rows[i].words));
		OK(lkb_proc_run(&(struct lkb_proc){ .argv = argv }, &left, err));
		assert_string_equal(lkb_str_get(&left), "");
	}
}

/* The disk */

static struct lkb_tree *large_tree(void)
{
	lkb_auto(lkb_tree) t = small_tree("large");
	struct lkb_meta m = { .mode = 0644 };
	size_t n = 3 << 20;
	lkb_autofree uint32_t *noise = lkb_alloc(n);
	uint32_t x = 1;

	for (size_t i = 0; i < n / 4; i++)
		noise[i] = x = x * 1664525 + 1013904223;
	OK(lkb_tree_add_text(t, "noise", &m, noise, n, err));
	return LKB_STEAL(t);
}

/* Runs into the limit first when the layer is packed, then when it is unpacked, and goes on when
 * the limit is gone. set_limit says how many bytes are left for a file. */
static void survive(struct kit *k, struct lkb_store *s, bool (*set_limit)(bool on), int number)
{
	lkb_auto(lkb_tree) t = large_tree();
	lkb_auto(lkb_tree) back = NULL;
	lkb_auto(lkb_image) im = NULL;
	struct lkb_image_new new = { .ref = APP, .platform = arm64 };
	struct lkb_sha256 digest;
	struct lkb_error fault = {0};
	lkb_autostr names = {0};
	int r;

	assert_true(set_limit(true));
	r = lkb_store_put_tree(s, &new, lkb_tree_root(t), &digest, &fault);
	assert_true(set_limit(false));
	assert_int_equal(r, -1);
	assert_int_equal(fault.kind, LKB_IO);
	assert_non_null(strstr(fault.message, strerror(number)));
	assert_true(fault.hint[0]);
	list_names(s, &names);
	assert_string_equal(lkb_str_get(&names), "");

	OK(lkb_store_put_tree(s, &new, lkb_tree_root(t), &digest, err));
	im = resolve(s, APP, &arm64);
	assert_true(set_limit(true));
	r = lkb_store_image_tree(s, im, NULL, &back, &fault);
	assert_true(set_limit(false));
	assert_int_equal(r, -1);
	assert_int_equal(fault.kind, LKB_IO);
	assert_non_null(strstr(fault.message, strerror(number)));
	OK(lkb_store_image_tree(s, im, NULL, &back, err));
}

static bool limit_files(bool on)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_FSIZE, &r))
		return false;
	r.rlim_cur = on ? 1 << 20 : r.rlim_max;
	return !setrlimit(RLIMIT_FSIZE, &r);
}

static void a_file_beyond_the_limit(void **state)
{
	struct kit *k = *state;

	signal(SIGXFSZ, SIG_IGN);
	survive(k, k->store, limit_files, EFBIG);
	no_leftovers(k);
}

static char full_dir[256];

/* A file takes what is left. */
static bool fill_disk(bool on)
{
	lkb_autofree char *ballast = lkb_format("%s/ballast", full_dir);
	static const char block[1 << 16];
	int fd;

	if (!on)
		return !unlink(ballast);
	fd = open(ballast, O_CREAT | O_WRONLY, 0600);
	while (write(fd, block, sizeof(block)) > 0)
		;
	close(fd);
	return true;
}

static void a_disk_that_is_full(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *dir = NULL, *tmp = NULL;
	struct lkb_store *s = NULL;

	snprintf(full_dir, sizeof(full_dir), "%s/full", k->tmp.path);
	assert_int_equal(mkdir(full_dir, 0700), 0);
	if (geteuid() || unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", full_dir, "tmpfs", 0, "size=10m")) {
		print_message("skipped: a file system of one's own needs root\n");
		skip();
	}
	dir = lkb_format("%s/store", full_dir);
	tmp = lkb_format("%s/tmp", dir);
	OK(lkb_store_open(dir, &s, err));
	survive(k, s, fill_disk, ENOSPC);
	assert_int_equal(count_files(tmp), 0);
	lkb_store_free(s);
	assert_int_equal(umount(full_dir), 0);
}

/* Other processes. A child returns instead of asserting: cmocka lives in the parent. */

static pid_t start(int (*fn)(struct kit *k, int i), struct kit *k, int i)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		_exit(fn(k, i) ? 1 : 0);
	return pid;
}

static int status_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int put_noise(struct lkb_store *s, const char *ref, const char *arch, uint32_t seed)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct lkb_meta m = { .mode = 0644 };
	struct lkb_image_new new = { .ref = ref };
	static uint32_t noise[1 << 17];
	struct lkb_sha256 digest;
	struct lkb_error fault;

	for (size_t i = 0; i < LKB_ARRAY_SIZE(noise); i++)
		noise[i] = seed = seed * 1664525 + 1013904223;
	snprintf(new.platform.arch, sizeof(new.platform.arch), "%s", arch);
	return lkb_tree_add_text(t, "noise", &m, noise, sizeof(noise), &fault) ||
	       lkb_store_put_tree(s, &new, lkb_tree_root(t), &digest, &fault);
}

/* Puts and imports without end, each time something new. */
static int write_for_ever(struct kit *k, int i)
{
	struct lkb_store *s;
	struct lkb_strv names = {0};

	if (lkb_store_open(k->store_dir, &s, NULL))
		return -1;
	for (int n = 0;; n++) {
		lkb_autofree char *ref = lkb_format("localhost/put:%d", n % 3);

		if (put_noise(s, ref, n % 2 ? "arm64" : "amd64", (uint32_t)(1000 * i + n)) ||
		    lkb_store_import(s, k->layout_dir, "localhost/import:1", NULL, &names, NULL))
			return -1;
	}
}

/* Everything that is listed is whole. Returns how many images there are. */
static size_t check_store(struct kit *k)
{
	struct lkb_store_list l = {0};
	size_t n;

	lkb_store_free(k->store);
	k->store = NULL;
	OK(lkb_store_open(k->store_dir, &k->store, err));
	no_leftovers(k);
	OK(lkb_store_ls(k->store, &l, err));
	n = l.n;
	for (size_t i = 0; i < l.n; i++) {
		lkb_auto(lkb_image) im = resolve(k->store, l.items[i].ref, &l.items[i].platform);
		lkb_auto(lkb_tree) t = NULL;

		OK(lkb_store_image_tree(k->store, im, NULL, &t, err));
	}
	lkb_store_list_clear(&l);
	return n;
}

static void skopeo_agrees(struct kit *k)
{
	struct lkb_store_list l = {0};
	lkb_autofree char *skopeo = NULL;

	if (lkb_proc_find("skopeo", "skopeo", &skopeo, NULL)) {
		print_message("skopeo is not there and was not asked\n");
		return;
	}
	OK(lkb_store_ls(k->store, &l, err));
	for (size_t i = 0; i < l.n; i++) {
		lkb_autofree char *from = lkb_format("oci:%s:%s", k->store_dir, l.items[i].ref);
		lkb_autofree char *to = lkb_format("dir:%s/copy", k->tmp.path);
		const char *argv[] = { skopeo, "--insecure-policy", "--override-arch",
				       l.items[i].platform.arch, "copy", from, to, NULL };
		struct lkb_proc p = { .argv = argv };

		OK(lkb_proc_run(&p, NULL, err));
	}
	lkb_store_list_clear(&l);
}

static void a_run_that_is_killed(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *tmp = lkb_format("%s/tmp", k->store_dir);
	size_t caught = 0, images = 0;

	layout_simple(k, "v1", "arm64", "imported");
	for (int i = 0; i < 200 && (i < 40 || !caught || images < 3); i++) {
		pid_t pid = start(write_for_ever, k, i);
		int status;

		/* every moment of the first milliseconds, then later ones: a disk may be slow */
		usleep((useconds_t)(1000 + (1700 * (i % 40) << (i / 40))));
		assert_int_equal(kill(pid, SIGKILL), 0);
		status = status_of(pid);
		assert_true(WIFSIGNALED(status));
		caught += count_files(tmp);
		images = check_store(k);
	}
	/* kills that hit nobody would prove nothing */
	assert_true(caught > 0);
	assert_true(images >= 3);
	skopeo_agrees(k);
}

static int put_many(struct kit *k, int i)
{
	lkb_auto(lkb_store) s = NULL;

	if (lkb_store_open(k->store_dir, &s, NULL))
		return -1;
	for (int n = 0; n < 12; n++) {
		lkb_autofree char *ref = lkb_format("localhost/of-%d:%d", i, n);

		if (put_noise(s, ref, "arm64", (uint32_t)n) ||
		    put_noise(s, "localhost/shared:1", i ? "arm64" : "amd64", (uint32_t)n))
			return -1;
	}
	return 0;
}

static void two_at_once_lose_nothing(void **state)
{
	struct kit *k = *state;
	pid_t a = start(put_many, k, 0), b = start(put_many, k, 1);

	assert_int_equal(status_of(a), 0);
	assert_int_equal(status_of(b), 0);
	assert_int_equal(check_store(k), 2 * 12 + 2);
}

static int import_once(struct kit *k, int i)
{
	lkb_auto(lkb_store) s = NULL;
	lkb_autostrv names = {0};

	return lkb_store_open(k->store_dir, &s, NULL) ||
	       lkb_store_import(s, k->layout_dir, "localhost/import:1", NULL, &names, NULL);
}

static void two_importers_at_once(void **state)
{
	struct kit *k = *state;
	pid_t pids[6];

	layout_simple(k, "v1", "arm64", "imported");
	for (int i = 0; i < 6; i++)
		pids[i] = start(import_once, k, i);
	for (int i = 0; i < 6; i++)
		assert_int_equal(status_of(pids[i]), 0);
	assert_int_equal(check_store(k), 1);
	EXPECT_GREETING(k->store, "localhost/import:1", &arm64, "imported");
}

static int open_new(struct kit *k, int i)
{
	lkb_autofree char *dir = lkb_format("%s/new", k->tmp.path);
	lkb_auto(lkb_store) s = NULL;
	struct lkb_store_list l = {0};

	return lkb_store_open(dir, &s, NULL) || lkb_store_ls(s, &l, NULL);
}

static void many_make_one_store(void **state)
{
	pid_t pids[8];

	for (int i = 0; i < 8; i++)
		pids[i] = start(open_new, *state, i);
	for (int i = 0; i < 8; i++)
		assert_int_equal(status_of(pids[i]), 0);
}

static int unpack(struct kit *k, int i)
{
	lkb_auto(lkb_store) s = NULL;
	lkb_auto(lkb_image) im = NULL;
	lkb_auto(lkb_tree) t = NULL;

	return lkb_store_open(k->store_dir, &s, NULL) ||
	       lkb_store_resolve(s, APP, &arm64, &im, NULL) ||
	       lkb_store_image_tree(s, im, NULL, &t, NULL) || !lkb_tree_lookup(t, "noise", false);
}

static void many_unpack_one_layer(void **state)
{
	struct kit *k = *state;
	pid_t pids[6];

	assert_int_equal(put_noise(k->store, APP, "arm64", 1), 0);
	for (int i = 0; i < 6; i++)
		pids[i] = start(unpack, k, i);
	for (int i = 0; i < 6; i++)
		assert_int_equal(status_of(pids[i]), 0);
	assert_int_equal(check_store(k), 1);
}

/* Process 1 always lives, and the number in a name says nothing: the lock does. */
static void leftovers_are_told_by_their_lock(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *path = lkb_format("%s/tmp/1-1.tmp", k->store_dir);
	lkb_autofd fd = open(path, O_CREAT | O_WRONLY, 0600);

	assert_int_equal(flock(fd, LOCK_EX), 0);
	lkb_store_free(k->store);
	OK(lkb_store_open(k->store_dir, &k->store, err));
	assert_int_equal(access(path, F_OK), 0);
	close(lkb_steal_fd(&fd));
	check_store(k);
	assert_int_equal(access(path, F_OK), -1);
}

/* An import gathers its blobs in a directory, which is locked in the same way. */
static void directories_too(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *dir = lkb_format("%s/tmp/1-1.tmp", k->store_dir);
	lkb_autofree char *path = lkb_format("%s/blob", dir);
	lkb_autofd fd = -1;

	assert_int_equal(mkdir(dir, 0700), 0);
	OK(lkb_write_file(path, "x", 1, 0644, err));
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	lkb_store_free(k->store);
	OK(lkb_store_open(k->store_dir, &k->store, err));
	assert_int_equal(access(path, F_OK), 0);
	close(lkb_steal_fd(&fd));
	check_store(k);
	assert_int_equal(access(dir, F_OK), -1);
}

/* What is staged there for a helper program goes when it is done, and with a killed process. */
static void private_directories_are_in_the_store(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *kept = NULL, *parent = NULL;
	struct lkb_tmpdir dir = {0};

	OK(lkb_store_tmpdir(k->store, &dir, err));
	kept = lkb_strdup(dir.path);
	parent = lkb_path_dirname(kept);
	assert_string_equal(lkb_store_scratch(k->store), parent);
	lkb_tmpdir_clear(&dir);
	assert_int_equal(access(kept, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
		T(what_cannot_be_locked_is_said_once),
		T(a_file_beyond_the_limit),
		T(a_disk_that_is_full),
		T(a_run_that_is_killed),
		T(two_at_once_lose_nothing),
		T(two_importers_at_once),
		T(many_make_one_store),
		T(many_unpack_one_layer),
		T(leftovers_are_told_by_their_lock),
		T(directories_too),
		T(private_directories_are_in_the_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
