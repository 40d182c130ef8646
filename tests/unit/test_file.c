/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>

#include "tests/unit/base_kit.h"

#define TARGET in_dir("out.img")
#define TMP in_dir(".out.img.lkb-tmp")

static void an_output_appears_whole_at_commit(void **state)
{
	lkb_autooutfile f = LKB_OUTFILE_INIT;
	struct stat st;

	umask(022);
	OK(lkb_outfile_open(TARGET, 0666, &f, &err));
	OK(lkb_write_full(f.fd, "hello", 5, "x", &err));
	assert_false(there(TARGET));
	assert_true(there(TMP));
	OK(lkb_outfile_commit(&f, &err));
	assert_false(there(TMP));
	expect_contents(TARGET, "hello");
	assert_int_equal(stat(TARGET, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	lkb_outfile_clear(&f);
	expect_contents(TARGET, "hello");
}

static void without_commit_nothing_stays(void **state)
{
	lkb_autooutfile f = LKB_OUTFILE_INIT;

	make(TARGET, "before");
	OK(lkb_outfile_open(TARGET, 0666, &f, &err));
	OK(lkb_write_full(f.fd, "after", 5, "x", &err));
	lkb_outfile_clear(&f);
	assert_false(there(TMP));
	expect_contents(TARGET, "before");
	lkb_outfile_clear(&f);
}

static void commit_replaces_what_is_there(void **state)
{
	make(TARGET, "before, and longer");
	OK(lkb_write_file(TARGET, "after", 5, 0644, &err));
	expect_contents(TARGET, "after");
	OK(lkb_write_file(TARGET, "", 0, 0644, &err));
	expect_contents(TARGET, "");
}

static void a_second_writer_is_refused(void **state)
{
	lkb_autooutfile first = LKB_OUTFILE_INIT, second = LKB_OUTFILE_INIT;

	OK(lkb_outfile_open(TARGET, 0666, &first, &err));
	FAILS(lkb_outfile_open(TARGET, 0666, &second, &err), LKB_REFUSED,
	      "another lkboard is writing", "--out");
	assert_true(second.fd == -1 && !second.path && !second.tmp_path);
	OK(lkb_write_full(first.fd, "first", 5, "x", &err));
	OK(lkb_outfile_commit(&first, &err));
	/* Committed but not yet closed: its lock is on the old temporary's inode. */
	OK(lkb_outfile_open(TARGET, 0666, &second, &err));
	OK(lkb_outfile_commit(&second, &err));
	expect_contents(TARGET, "");
}

static int write_and_die(void)
{
	struct lkb_outfile f = LKB_OUTFILE_INIT;

	umask(077);
	if (lkb_outfile_open(TARGET, 0666, &f, NULL) ||
	    lkb_write_full(f.fd, "half of something long", 22, "x", NULL))
		return 1;
	raise(SIGKILL);
	return 2;
}

static void what_a_killed_process_left_is_taken_over(void **state)
{
	struct stat st;

	assert_int_equal(in_child(write_and_die), -SIGKILL);
	assert_true(there(TMP));
	umask(022);
	OK(lkb_write_file(TARGET, "whole", 5, 0666, &err));
	expect_contents(TARGET, "whole");
	assert_int_equal(stat(TARGET, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644); /* not the other's 0600 */
	assert_false(there(TMP));
}

static void links_in_place_of_the_temporary_are_not_followed(void **state)
{
	make(in_dir("victim"), "precious");
	assert_int_equal(symlink(in_dir("victim"), TMP), 0);
	OK(lkb_write_file(TARGET, "mine", 4, 0644, &err));
	expect_contents(in_dir("victim"), "precious");
	expect_contents(TARGET, "mine");
	/* The same with a second name of a file. */
	assert_int_equal(link(in_dir("victim"), TMP), 0);
	OK(lkb_write_file(TARGET, "mine", 4, 0644, &err));
	expect_contents(in_dir("victim"), "precious");
	/* And with a FIFO, which nobody reads. */
	assert_int_equal(mkfifo(TMP, 0600), 0);
	OK(lkb_write_file(TARGET, "again", 5, 0644, &err));
	expect_contents(TARGET, "again");
}

static void a_target_that_is_no_file_is_refused(void **state)
{
	assert_int_equal(mkdir(TARGET, 0755), 0);
	FAILS(lkb_write_file(TARGET, "x", 1, 0644, &err), LKB_IO, "no regular file", "");
	assert_false(there(TMP));
	assert_int_equal(mkdir(in_dir(".other.lkb-tmp"), 0755), 0);
	FAILS(lkb_write_file(in_dir("other"), "x", 1, 0644, &err), LKB_IO, "Is a directory", "");
	FAILS(lkb_write_file("/dev/null", "x", 1, 0644, &err), LKB_IO, "no regular file", "");
	FAILS(lkb_write_file(in_dir("none/out"), "x", 1, 0644, &err), LKB_IO, "No such", "");
}

static int write_where_one_may_not(void)
{
	if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
		return 2;
	return lkb_write_file(TARGET, "x", 1, 0644, &err) == -1 && err.kind == LKB_IO &&
			       strstr(err.message, "Permission denied")
		       ? 0
		       : 1;
}

static void a_directory_that_cannot_be_written(void **state)
{
	assert_int_equal(chmod(dir.path, 0555), 0);
	assert_int_equal(in_child(write_where_one_may_not), 0);
	assert_int_equal(chmod(dir.path, 0755), 0);
	assert_false(there(TARGET));
}

static int write_beyond_the_limit(void)
{
	static const char block[65536];
	const struct rlimit limit = {100000, 100000};
	struct lkb_outfile f = LKB_OUTFILE_INIT;

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) || lkb_outfile_open(TARGET, 0644, &f, NULL))
		return 2;
	if (lkb_write_full(f.fd, block, sizeof(block), "out.img", &err) ||
	    !lkb_write_full(f.fd, block, sizeof(block), "out.img", &err))
		return 3;
	if (err.kind != LKB_IO || !strstr(err.message, "cannot write 'out.img': File too large") ||
	    !strstr(err.hint, "ulimit"))
		return 4;
	if (!lkb_pwrite_full(f.fd, block, sizeof(block), 90000, "out.img", &err))
		return 5;
	lkb_outfile_clear(&f);
	return there(TMP) || there(TARGET) ? 6 : 0;
}

static void a_full_disk_is_an_error_and_leaves_nothing(void **state)
{
	lkb_autofd full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	assert_int_equal(in_child(write_beyond_the_limit), 0);
	assert_true(full >= 0);
	FAILS(lkb_write_full(full, "x", 1, "full", &err), LKB_IO, "No space left", "make room");
}

static void read_file_is_bounded(void **state)
{
	char *text = (char *)1;
	size_t n = 77;

	make(in_dir("ten"), "0123456789");
	FAILS(lkb_read_file(in_dir("ten"), 9, &text, &n, &err), LKB_INPUT, "at most 9", "");
	assert_true(text == (char *)1 && n == 77);
	OK(lkb_read_file(in_dir("ten"), 10, &text, &n, &err));
	assert_int_equal(n, 10);
	assert_string_equal(text, "0123456789");
	free(text);
	make(in_dir("empty"), "");
	OK(lkb_read_file(in_dir("empty"), 0, &text, &n, &err));
	assert_string_equal(text, "");
	free(text);
}

static void only_regular_files_are_read(void **state)
{
	int fd = -7;

	assert_int_equal(mkfifo(in_dir("fifo"), 0600), 0);
	alarm(10); /* a FIFO without a writer must not hang us */
	FAILS(lkb_open_read(in_dir("fifo"), &fd, NULL, &err), LKB_INPUT, "is a pipe, not a regular file", "");
	alarm(0);
	FAILS(lkb_open_read(dir.path, &fd, NULL, &err), LKB_INPUT, "is a directory, not a ", "");
	FAILS(lkb_open_read("/dev/zero", &fd, NULL, &err), LKB_INPUT, "is a device, not a ", "");
	FAILS(lkb_open_read(in_dir("none"), &fd, NULL, &err), LKB_IO, "cannot open", "");
	assert_int_equal(fd, -7);
}

static void reading_past_the_end_says_where(void **state)
{
	lkb_autofd fd = -1;
	char buf[16];
	size_t n;

	make(in_dir("ten"), "0123456789");
	OK(lkb_open_read(in_dir("ten"), &fd, NULL, &err));
	OK(lkb_pread_full(fd, buf, 4, 6, "ten", &err));
	assert_memory_equal(buf, "6789", 4);
	OK(lkb_pread_full(fd, buf, 0, 99, "ten", &err));
	FAILS(lkb_pread_full(fd, buf, 5, 6, "ten", &err), LKB_IO, "'ten' ends early, at byte 10", "");
	assert_int_equal(lkb_pread_full(fd, buf, 1, UINT64_MAX, "ten", &err), -1);
	OK(lkb_read_upto(fd, buf, sizeof(buf), &n, "ten", &err));
	assert_int_equal(n, 10);
	OK(lkb_read_upto(fd, buf, sizeof(buf), &n, "ten", &err));
	assert_int_equal(n, 0);
	FAILS(lkb_write_full(fd, "x", 1, "ten", &err), LKB_IO, "Bad file descriptor", "");
}

static void directories_are_made_with_their_parents(void **state)
{
	OK(lkb_mkdir_p(in_dir("a/b/c"), &err));
	OK(lkb_mkdir_p(in_dir("a/b/c/"), &err));
	OK(lkb_mkdir_p(in_dir("a//b/../b/d"), &err));
	assert_true(there(in_dir("a/b/d")));
	make(in_dir("a/file"), "");
	FAILS(lkb_mkdir_p(in_dir("a/file"), &err), LKB_IO, "is no directory", "");
	assert_int_equal(lkb_mkdir_p(in_dir("a/file/x"), &err), -1);
	assert_int_equal(lkb_mkdir_p("", &err), -1);
	OK(lkb_mkdir_p("/", &err));
	OK(lkb_mkdir_p(".", &err));
}

static void a_tree_goes_without_what_its_links_lead_to(void **state)
{
	OK(lkb_mkdir_p(in_dir("outside/kept"), &err));
	OK(lkb_mkdir_p(in_dir("tree/x/y"), &err));
	make(in_dir("outside/kept/file"), "precious");
	make(in_dir("tree/x/y/file"), "");
	assert_int_equal(symlink(in_dir("outside"), in_dir("tree/x/link")), 0);
	assert_int_equal(symlink(in_dir("outside"), in_dir("link")), 0);
	assert_int_equal(mkfifo(in_dir("tree/fifo"), 0600), 0);
	assert_int_equal(lkb_remove_tree(in_dir("link"), &err), -1);
	OK(lkb_remove_tree(in_dir("tree"), &err));
	assert_false(there(in_dir("tree")));
	expect_contents(in_dir("outside/kept/file"), "precious");
	OK(lkb_remove_tree(in_dir("tree"), &err)); /* what is not there is removed */
}

#define D10 "d/d/d/d/d/d/d/d/d/d/"
#define HALF_OF_DEEP D10 D10 D10 D10 D10 D10 "d"

static void a_tree_too_deep_is_an_error(void **state)
{
	lkb_autofd at = open(dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int i;

	for (i = 0; i < 300; i++) {
		int next;

		assert_int_equal(mkdirat(at, "d", 0755), 0);
		next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		close(at);
		at = next;
	}
	FAILS(lkb_remove_tree(in_dir("d"), &err), LKB_IO, "too deep", "");
	/* The half of it that is left is moved up and goes. */
	assert_int_equal(rename(in_dir(HALF_OF_DEEP), in_dir("rest")), 0);
	OK(lkb_remove_tree(in_dir("rest"), &err));
	OK(lkb_remove_tree(in_dir("d"), &err));
}

static void a_private_directory_is_private_and_goes(void **state)
{
	struct lkb_tmpdir d = {0};
	lkb_autofree char *path = NULL, *file = NULL;
	struct stat st;

	OK(lkb_tmpdir_make(&d, &err));
	path = lkb_format("%s", d.path);
	file = lkb_path_join(d.path, "0000");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	make(file, "x");
	lkb_tmpdir_clear(&d);
	assert_false(there(path));
	lkb_tmpdir_clear(&d);
}

static void a_file_without_a_name_leaves_none(void **state)
{
	const char *sub = in_dir("sub");
	lkb_autofd fd = -1;
	char back[2];

	assert_int_equal(mkdir(sub, 0700), 0);
	OK(lkb_nameless_file(sub, &fd, &err));
	OK(lkb_write_full(fd, "ab", 2, "it", &err));
	OK(lkb_pread_full(fd, back, 2, 0, "it", &err));
	assert_memory_equal(back, "ab", 2);
	assert_int_equal(rmdir(sub), 0);
	FAILS(lkb_nameless_file(sub, &fd, &err), LKB_IO, "cannot make a temporary file in", "");
}

/* A process of its own that has a private directory below the test's; NAME links to it. It waits to
 * be killed. */
static pid_t process_with_tmpdir(const char *name)
{
	lkb_autofree char *link = lkb_path_join(dir.path, name);
	struct lkb_tmpdir d = {0};
	pid_t pid = fork();

	if (pid == 0) {
		if (lkb_tmpdir_make(&d, NULL) || mkdirat(d.fd, "sub", 0700) ||
		    symlink(d.path, link))
			_exit(1);
		for (;;)
			pause();
	}
	while (pid > 0 && !access(link, F_OK) == 0)
		usleep(1000);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void what_a_killed_process_left_goes_with_the_next_one(void **state)
{
	lkb_autofree char *before = getenv("TMPDIR") ? lkb_format("%s", getenv("TMPDIR")) : NULL;
	lkb_autotmpdir d = {0};
	pid_t killed, living;

	setenv("TMPDIR", dir.path, 1);
	killed = process_with_tmpdir("killed");
	living = process_with_tmpdir("living");
	end(killed);
	assert_int_equal(mkdir(in_dir("lkboard-designs"), 0700), 0);
	make(in_dir("lkboard-abcdef"), "a file");
	assert_int_equal(symlink(dir.path, in_dir("lkboard-ghijkl")), 0);
	assert_int_equal(access(in_dir("killed"), F_OK), 0);
	OK(lkb_tmpdir_make(&d, &err));
	assert_int_equal(access(in_dir("killed"), F_OK), -1);
	assert_int_equal(access(in_dir("living"), F_OK), 0);
	assert_true(there(in_dir("lkboard-designs")));
	assert_true(there(in_dir("lkboard-abcdef")));
	assert_true(there(in_dir("lkboard-ghijkl")));
	end(living);
	if (before)
		setenv("TMPDIR", before, 1);
	else
		unsetenv("TMPDIR");
}

static void tmpdir_says_what_to_do_where_it_cannot_be(void **state)
{
	lkb_autofree char *before = getenv("TMPDIR") ? lkb_format("%s", getenv("TMPDIR")) : NULL;
	struct lkb_tmpdir d = {0};

	setenv("TMPDIR", "/nonexistent/x", 1);
	FAILS(lkb_tmpdir_make(&d, &err), LKB_IO, "private directory", "TMPDIR");
	assert_null(d.path);
	lkb_tmpdir_clear(&d);
	if (before)
		setenv("TMPDIR", before, 1);
	else
		unsetenv("TMPDIR");
}

static void locks_are_shared_or_exclusive(void **state)
{
	lkb_autofd a = -1, b = -1, raw = -1;

	OK(lkb_lock_file(in_dir("lock"), true, &a, &err));
	OK(lkb_lock_file(in_dir("lock"), true, &b, &err));
	raw = open(in_dir("lock"), O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(raw, LOCK_EX | LOCK_NB), -1);
	close(lkb_steal_fd(&a));
	close(lkb_steal_fd(&b));
	assert_int_equal(flock(raw, LOCK_EX | LOCK_NB), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_output_appears_whole_at_commit),
		CASE(without_commit_nothing_stays),
		CASE(commit_replaces_what_is_there),
		CASE(a_second_writer_is_refused),
		CASE(what_a_killed_process_left_is_taken_over),
		CASE(links_in_place_of_the_temporary_are_not_followed),
		CASE(a_target_that_is_no_file_is_refused),
		CASE(a_directory_that_cannot_be_written),
		CASE(a_full_disk_is_an_error_and_leaves_nothing),
		CASE(read_file_is_bounded),
		CASE(only_regular_files_are_read),
		CASE(reading_past_the_end_says_where),
		CASE(directories_are_made_with_their_parents),
		CASE(a_tree_goes_without_what_its_links_lead_to),
		CASE(a_tree_too_deep_is_an_error),
		CASE(a_file_without_a_name_leaves_none),
		CASE(a_private_directory_is_private_and_goes),
		CASE(what_a_killed_process_left_goes_with_the_next_one),
		CASE(tmpdir_says_what_to_do_where_it_cannot_be),
		CASE(locks_are_shared_or_exclusive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
