/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that is full, a run that is killed, and several at once. */
#include "test_store_kit.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define APP "localhost/app:1"

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
	if (geteuid() || unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
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

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
		T(a_file_beyond_the_limit),
		T(a_disk_that_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
