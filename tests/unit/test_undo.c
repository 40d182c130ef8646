/* SPDX-License-Identifier: Apache-2.0 */
/* A signal in the middle of work leaves nothing behind. The work is done by a child of the test, with
 * a handler as main installs it. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>

#include "base/proc.h"
#include "base/undo.h"
#include "tests/unit/base_kit.h"

/* The test's own directory is not to be undone. */
static int setup(void **state)
{
	make_dir(state);
	lkb_undo_drop();
	dir.undo = -1;
	return 0;
}

static void on_signal(int number)
{
	lkb_undo_all();
	_exit(LKB_INTERRUPTED);
}

/* Starts f, waits until it has made the file "ready", sends SIGTERM, and waits for its end. */
static int interrupt(void (*f)(void))
{
	pid_t pid = fork();
	int status, i;

	assert_true(pid >= 0);
	if (!pid) {
		signal(SIGTERM, on_signal);
		f();
		_exit(1);
	}
	for (i = 0; i < 1000 && !there(in_dir("ready")); i++)
		poll(NULL, 0, 10);
	assert_true(there(in_dir("ready")));
	kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void ready_and_wait(void)
{
	close(open(in_dir("ready"), O_WRONLY | O_CREAT, 0600));
	for (;;)
		pause();
}

static void write_files(void)
{
	struct lkb_outfile a = LKB_OUTFILE_INIT, b = LKB_OUTFILE_INIT;
	struct lkb_tmpdir tmp = {0};
	lkb_autofree char *staged = NULL;

	if (lkb_outfile_open(in_dir("a.img"), 0644, &a, NULL) ||
	    lkb_outfile_open(in_dir("b.img"), 0644, &b, NULL) ||
	    lkb_write_full(a.fd, "half", 4, "a", NULL) || lkb_outfile_commit(&b, NULL))
		return;
	setenv("TMPDIR", dir.path, 1);
	if (lkb_tmpdir_make(&tmp, NULL))
		return;
	staged = lkb_path_join(tmp.path, "0000");
	make(staged, "x");
	symlink(tmp.path, in_dir("where"));
	ready_and_wait();
}

static void temporaries_and_private_directories_go(void **state)
{
	char where[1024] = "";

	assert_int_equal(interrupt(write_files), LKB_INTERRUPTED);
	assert_false(there(in_dir(".a.img.lkb-tmp")));
	assert_false(there(in_dir("a.img")));
	assert_true(there(in_dir("b.img"))); /* it was done */
	assert_true(readlink(in_dir("where"), where, sizeof(where) - 1) > 0);
	assert_false(there(where));
}

/* The helper writes until it is killed; it also says its number. */
static const char *helper_script;

static void run_helper(void)
{
	const char *argv[] = {"sh", "-c", helper_script, "sh", dir.path, NULL};
	struct lkb_tmpdir tmp = {0};

	setenv("TMPDIR", dir.path, 1);
	if (!lkb_tmpdir_make(&tmp, NULL))
		lkb_proc_run(&(struct lkb_proc){.argv = argv, .cwd = tmp.path}, NULL, NULL);
}

/* Gone, or a zombie that whoever is process 1 here has not taken yet. */
static bool helper_has_ended(void)
{
	lkb_autofree char *pid = slurp(in_dir("ready"));
	const char *script = "! [ -e /proc/$0/stat ] || grep -q '^State:.Z' /proc/$0/status";
	const char *argv[] = {"sh", "-c", script, pid, NULL};

	pid[strcspn(pid, "\n")] = '\0';
	return !lkb_proc_run(&(struct lkb_proc){.argv = argv}, NULL, &err);
}

static size_t private_dirs(void)
{
	lkb_autostr out = {0};
	const char *argv[] = {"find", dir.path, "-name", "lkboard-*", "-mindepth", "1", NULL};

	OK(lkb_proc_run(&(struct lkb_proc){.argv = argv}, &out, &err));
	return out.len;
}

static void helpers_end_before_what_they_write_to_goes(void **state)
{
	helper_script = "echo $$ > $1/pid; mv $1/pid $1/ready; "
			"i=0; while :; do : > $i; i=$((i + 1)); done";
	assert_int_equal(interrupt(run_helper), LKB_INTERRUPTED);
	assert_true(helper_has_ended());
	assert_int_equal(private_dirs(), 0);
}

static void a_helper_that_will_not_end_is_killed(void **state)
{
	helper_script = "trap '' TERM; echo $$ > $1/pid; mv $1/pid $1/ready; "
			"while :; do sleep 0.05; done";
	assert_int_equal(interrupt(run_helper), LKB_INTERRUPTED);
	assert_true(helper_has_ended());
	assert_int_equal(private_dirs(), 0);
}

/* The child is one of ours for undoing, but what its parent noted is not its own. */
static void fork_a_worker(void)
{
	struct lkb_outfile f = LKB_OUTFILE_INIT;
	pid_t pid;

	if (lkb_outfile_open(in_dir("a.img"), 0644, &f, NULL))
		return;
	pid = fork();
	if (!pid) {
		lkb_undo_drop();
		lkb_undo_all();
		_exit(0);
	}
	if (waitpid(pid, NULL, 0) == pid && !lkb_write_full(f.fd, "whole", 5, "a", NULL) &&
	    !lkb_outfile_commit(&f, NULL))
		ready_and_wait();
}

static void a_worker_undoes_nothing_of_its_parents(void **state)
{
	assert_int_equal(interrupt(fork_a_worker), LKB_INTERRUPTED);
	expect_contents(in_dir("a.img"), "whole");
}

static void directories_go_if_nothing_is_left_in_them(void **state)
{
	assert_int_equal(mkdir(in_dir("empty"), 0755), 0);
	assert_int_equal(mkdir(in_dir("full"), 0755), 0);
	make(in_dir("empty/ours"), "");
	make(in_dir("full/theirs"), "");
	lkb_undo_rmdir(in_dir("empty"));
	lkb_undo_rmdir(in_dir("full"));
	lkb_undo_unlink(in_dir("empty/ours"));
	lkb_undo_all();
	assert_false(there(in_dir("empty")));
	assert_true(there(in_dir("full/theirs")));
}

static void a_full_table_is_no_failure(void **state)
{
	int tickets[100], i, noted = 0;
	char name[16], too_long[2000];

	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		make(in_dir(name), "");
		tickets[i] = lkb_undo_unlink(in_dir(name));
		noted += tickets[i] >= 0;
	}
	assert_true(noted >= 32 && noted < 100);
	lkb_undo_all();
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		assert_int_equal(there(in_dir(name)), tickets[i] < 0);
	}
	/* All are free again, and a path that does not fit is not cut. */
	assert_true(lkb_undo_unlink(in_dir("f99")) >= 0);
	memset(too_long, 'x', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	assert_int_equal(lkb_undo_unlink(too_long), -1);
	lkb_undo_drop();
	lkb_undo_all();
	assert_true(there(in_dir("f99")));
}

static void what_is_forgotten_stays(void **state)
{
	int ticket;

	make(in_dir("kept"), "");
	ticket = lkb_undo_unlink(in_dir("kept"));
	lkb_undo_forget(ticket);
	lkb_undo_forget(-1);
	lkb_undo_all();
	lkb_undo_all();
	assert_true(there(in_dir("kept")));
}

#define INTERRUPTED(f) cmocka_unit_test_setup_teardown(f, setup, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		INTERRUPTED(temporaries_and_private_directories_go),
		INTERRUPTED(helpers_end_before_what_they_write_to_goes),
		INTERRUPTED(a_helper_that_will_not_end_is_killed),
		INTERRUPTED(a_worker_undoes_nothing_of_its_parents),
		INTERRUPTED(directories_go_if_nothing_is_left_in_them),
		INTERRUPTED(a_full_table_is_no_failure),
		INTERRUPTED(what_is_forgotten_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
