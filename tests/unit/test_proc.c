/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/proc.h"
#include "tests/unit/base_kit.h"

/* Runs a script of the shell, which is a program like any other here. */
#define SCRIPT(text) ((const char *const[]){"sh", "-c", (text), NULL})

static int run(const struct lkb_proc *p, struct lkb_str *out)
{
	int r;

	alarm(60); /* a deadlock is a failure, not a wait */
	r = lkb_proc_run(p, out, &err);
	alarm(0);
	return r;
}

static int script(const char *text, struct lkb_str *out)
{
	return run(&(struct lkb_proc){.argv = SCRIPT(text)}, out);
}

static void output_comes_back(void **state)
{
	lkb_autostr out = {0};

	OK(script("echo hello; echo talk >&2", &out));
	assert_string_equal(lkb_str_get(&out), "hello\n");
	OK(script("echo more", &out));
	assert_string_equal(lkb_str_get(&out), "hello\nmore\n");
	OK(script("echo nobody wants this", NULL));
}

static void an_exit_code_is_a_failure_with_what_was_said(void **state)
{
	lkb_autostr out = {0};

	FAILS(script("echo result; echo first >&2; echo second >&2; exit 3", &out), LKB_IO,
	      "'sh' failed with exit code 3: first; second", "");
	assert_int_equal(out.len, 0);
	FAILS(script("exit 1", NULL), LKB_IO, "'sh' failed with exit code 1", "");
	assert_string_equal(err.message, "'sh' failed with exit code 1");
}

static void a_death_by_signal_is_a_failure(void **state)
{
	FAILS(script("echo dying >&2; kill -KILL $$", NULL), LKB_IO,
	      "'sh' was killed by signal 9 (Killed): dying", "");
	FAILS(script("kill -SEGV $$", NULL), LKB_IO, "signal 11", "");
}

/* The message is bounded; the reason stands at the end of what a program says. */
static void the_end_of_a_long_complaint_is_kept(void **state)
{
	FAILS(script("i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i + 1)); done >&2; "
		     "echo the reason >&2; exit 1", NULL),
	      LKB_IO, "; line 1999; the reason", "");
	assert_null(strstr(err.message, "line 10;"));
}

static void a_missing_program_names_its_package(void **state)
{
	const char *const none[] = {"lkb-no-such-program", NULL};
	const char *const path[] = {"/nonexistent/program", NULL};
	struct lkb_proc p = {.argv = none, .package = "no-such-package"};
	char *found = (char *)1;

	FAILS(run(&p, NULL), LKB_MISSING, "'lkb-no-such-program' is needed and not installed",
	      "apt-get install no-such-package");
	p.argv = path;
	FAILS(run(&p, NULL), LKB_MISSING, "'/nonexistent/program'", "no-such-package");
	p.package = NULL;
	FAILS(run(&p, NULL), LKB_MISSING, "program", "");
	assert_string_equal(err.hint, "");
	FAILS(lkb_proc_find("lkb-no-such-program", NULL, &found, &err), LKB_MISSING, "", "");
	assert_ptr_equal(found, (char *)1);
}

static void programs_of_administrators_are_found_too(void **state)
{
	lkb_autofree char *before = lkb_strdup(getenv("PATH")), *found = NULL, *sh = NULL;

	setenv("PATH", "/nonexistent", 1);
	OK(lkb_proc_find("chroot", NULL, &found, &err));
	assert_true(lkb_ends_with(found, "sbin/chroot"));
	setenv("PATH", before, 1);
	OK(lkb_proc_find("sh", NULL, &sh, &err));
	assert_int_equal(sh[0], '/');
}

static void a_directory_is_no_program(void **state)
{
	lkb_autofree char *before = lkb_strdup(getenv("PATH"));
	lkb_autofree char *path = lkb_format("%s:%s", dir.path, before);
	lkb_autofree char *found = NULL;

	assert_int_equal(mkdir(in_dir("sh"), 0755), 0);
	setenv("PATH", path, 1);
	OK(lkb_proc_find("sh", NULL, &found, &err));
	assert_false(lkb_starts_with(found, dir.path));
	setenv("PATH", before, 1);
	FAILS(lkb_proc_find(dir.path, NULL, &path, &err), LKB_MISSING, "not a program", "");
}

static void what_cannot_be_executed_says_so(void **state)
{
	const char *const argv[] = {in_dir("program"), NULL};

	make(argv[0], "#!/nonexistent/interpreter\n");
	assert_int_equal(chmod(argv[0], 0755), 0);
	FAILS(run(&(struct lkb_proc){.argv = argv}, NULL), LKB_IO,
	      "exit code 126: cannot run", "");
}

static void stdin_is_fed_or_empty(void **state)
{
	const char *const cat[] = {"cat", NULL};
	lkb_autostr out = {0};
	struct lkb_proc p = {.argv = cat, .input = "a\0b", .input_len = 3};

	OK(run(&p, &out));
	assert_int_equal(out.len, 3);
	assert_memory_equal(out.s, "a\0b", 3);
	lkb_str_clear(&out);
	p = (struct lkb_proc){.argv = cat};
	OK(run(&p, &out));
	p.input = "";
	OK(run(&p, &out));
	assert_int_equal(out.len, 0);
}

static void stdin_can_be_a_file(void **state)
{
	const char *const cat[] = {"cat", NULL};
	lkb_autostr out = {0};
	lkb_autofd fd = -1;
	struct lkb_proc p = {.argv = cat, .input = "not this", .input_len = 8};

	make(in_dir("in"), "from a file");
	fd = open(in_dir("in"), O_RDONLY | O_CLOEXEC);
	p.stdin_fd = fd;
	OK(run(&p, &out));
	assert_string_equal(lkb_str_get(&out), "from a file");
	assert_true(fcntl(fd, F_GETFD) >= 0); /* still the caller's */
}

/* Far more than pipes hold, in three directions at once. */
static void much_goes_both_ways_without_deadlock(void **state)
{
	size_t n = 8 << 20, i;
	lkb_autofree char *input = lkb_alloc(n);
	lkb_autostr out = {0};
	struct lkb_proc p = {.argv = SCRIPT("tee /dev/stderr"), .input = input, .input_len = n};

	for (i = 0; i < n; i++)
		input[i] = (char)(i * 31 >> 3);
	OK(run(&p, &out));
	assert_int_equal(out.len, n);
	assert_memory_equal(out.s, input, n);
}

static void output_is_bounded(void **state)
{
	const char *const yes[] = {"yes", NULL};
	struct lkb_proc p = {.argv = yes, .max_output = 100000};
	lkb_autostr out = {0};

	FAILS(run(&p, &out), LKB_IO, "'yes' printed more than 100000 bytes", "");
	assert_int_equal(out.len, 0);
	p = (struct lkb_proc){.argv = SCRIPT("printf 12345"), .max_output = 5};
	OK(run(&p, &out));
	assert_string_equal(lkb_str_get(&out), "12345");
	p.max_output = 4;
	FAILS(run(&p, &out), LKB_IO, "more than 4 bytes", "");
}

/* SIGPIPE has its default here, as in any test program: it must not end us. */
static void a_child_may_leave_its_input_unread(void **state)
{
	size_t n = 1 << 20;
	lkb_autofree char *input = lkb_alloc(n);
	struct lkb_proc p = {.argv = SCRIPT("exec 0<&-; sleep 0.1; echo done"), .input = input,
			     .input_len = n};
	lkb_autostr out = {0};
	sigset_t pending;

	signal(SIGPIPE, SIG_DFL);
	OK(run(&p, &out));
	assert_string_equal(lkb_str_get(&out), "done\n");
	sigpending(&pending);
	assert_false(sigismember(&pending, SIGPIPE));
	p.argv = SCRIPT("exit 5");
	FAILS(run(&p, NULL), LKB_IO, "exit code 5", "");
}

static void a_child_may_read_on_with_its_output_closed(void **state)
{
	size_t n = 1 << 20;
	lkb_autofree char *input = lkb_alloc(n);
	const char *argv[] = {"sh", "-c", "exec >&- 2>&-; sleep 0.1; cat > \"$1\"", "sh",
			      in_dir("copy"), NULL};
	struct lkb_proc p = {.argv = argv, .input = input, .input_len = n};
	struct stat st;

	OK(run(&p, NULL));
	assert_int_equal(stat(in_dir("copy"), &st), 0);
	assert_int_equal(st.st_size, n);
}

static void the_environment_is_plain(void **state)
{
	lkb_autostr out = {0};
	const char *const none[] = {NULL}, *const some[] = {"A=1", "LC_ALL=C", NULL};
	struct lkb_proc p = {.argv = SCRIPT("echo $LC_ALL $TZ $LKB_TEST_VARIABLE")};

	setenv("LKB_TEST_VARIABLE", "inherited", 1);
	setenv("LC_ALL", "de_DE.UTF-8", 1);
	OK(run(&p, &out));
	assert_string_equal(lkb_str_get(&out), "C UTC inherited\n");
	lkb_str_clear(&out);
	p = (struct lkb_proc){.argv = (const char *const[]){"env", NULL}, .env = some};
	OK(run(&p, &out));
	expect_words(lkb_str_get(&out), "A=1\nLC_ALL=C\n");
	expect_words(lkb_str_get(&out), "PATH=");
	assert_null(strstr(out.s, "LKB_TEST_VARIABLE"));
	lkb_str_clear(&out);
	p.env = none;
	OK(run(&p, &out));
	assert_true(lkb_starts_with(lkb_str_get(&out), "PATH="));
	assert_int_equal(strcspn(out.s, "\n"), out.len - 1);
	unsetenv("LC_ALL");
	unsetenv("LKB_TEST_VARIABLE");
}

/* A program named by a relative path is meant from where we are, not from where it goes. */
static void the_directory_is_the_childs_alone(void **state)
{
	lkb_autofree char *here = getcwd(NULL, 0), *after = NULL;
	lkb_autofree char *real = realpath(dir.path, NULL);
	lkb_autofree char *line = lkb_format("%s\n", real);
	lkb_autostr out = {0};
	struct lkb_proc p = {.argv = SCRIPT("pwd -P"), .cwd = dir.path};

	OK(run(&p, &out));
	assert_string_equal(lkb_str_get(&out), line);
	make(in_dir("program"), "#!/bin/sh\npwd -P\n");
	assert_int_equal(chmod(in_dir("program"), 0755), 0);
	assert_int_equal(mkdir(in_dir("below"), 0755), 0);
	assert_int_equal(chdir(dir.path), 0);
	p = (struct lkb_proc){.argv = (const char *const[]){"./program", NULL}, .cwd = "below"};
	OK(run(&p, NULL));
	p.cwd = "none";
	FAILS(run(&p, NULL), LKB_IO, "cannot change to 'none'", "");
	assert_int_equal(chdir(here), 0);
	after = getcwd(NULL, 0);
	assert_string_equal(after, here);
}

static void no_file_of_ours_leaks_into_the_child(void **state)
{
	lkb_autooutfile f = LKB_OUTFILE_INIT;
	lkb_autofd in = -1;
	lkb_autostr out = {0};
	struct lkb_proc p = {.argv = (const char *const[]){"ls", "/proc/self/fd", NULL},
			     .input = "x", .input_len = 1};
	const char *fds;
	int inherited = 0, fd;

	/* What the runner of this test has left open is not ours. */
	for (fd = 3; fd < 256; fd++) {
		int flags = fcntl(fd, F_GETFD);

		inherited += flags >= 0 && !(flags & FD_CLOEXEC);
	}
	make(in_dir("in"), "x");
	OK(lkb_outfile_open(in_dir("out"), 0644, &f, &err));
	OK(lkb_open_read(in_dir("in"), &in, NULL, &err));
	OK(run(&p, &out));
	for (fds = out.s, fd = 0; (fds = strchr(fds, '\n')); fds++)
		fd++;
	assert_int_equal(fd, 4 + inherited); /* 0, 1, 2 and the directory that ls reads */
}

static void the_child_has_its_signals_back(void **state)
{
	lkb_autostr out = {0};
	sigset_t block, before;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigprocmask(SIG_BLOCK, &block, &before);
	OK(script("sed -n 's/^Sig\\(Blk\\|Ign\\):\\t//p' /proc/self/status", &out));
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* Whoever started the test may have SIGINT and SIGQUIT ignored: that is inherited. */
	assert_true(lkb_starts_with(lkb_str_get(&out), "0000000000000000\n"));
	assert_int_equal(strtoull(lkb_str_get(&out) + 17, NULL, 16) & 1 << (SIGPIPE - 1), 0);
}

/* With SIGCHLD ignored the kernel throws the exit code away: that must not look like success. */
static void an_end_that_nobody_knows_is_a_failure(void **state)
{
	signal(SIGCHLD, SIG_IGN);
	FAILS(script("exit 1", NULL), LKB_IO, "cannot learn how 'sh' ended", "");
	signal(SIGCHLD, SIG_DFL);
}

static int start_without_processes(void)
{
	const struct rlimit limit = {0, 0};

	if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
		return 2;
	if (setrlimit(RLIMIT_NPROC, &limit))
		return 3;
	return script("exit 0", NULL) == -1 && err.kind == LKB_IO &&
			       strstr(err.message, "cannot start 'sh'")
		       ? 0
		       : 1;
}

static int start_without_descriptors(void)
{
	const struct rlimit limit = {4, 4};

	closefrom(3);
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return 3;
	return script("exit 0", NULL) == -1 && strstr(err.message, "cannot make a pipe") ? 0 : 1;
}

static void limits_of_the_system_are_errors(void **state)
{
	assert_int_equal(in_child(start_without_processes), 0);
	assert_int_equal(in_child(start_without_descriptors), 0);
}

struct listener {
	struct lkb_ui ui;
	struct lkb_str heard;
};

static void listen(struct lkb_ui *ui, const char *text)
{
	lkb_str_addf(&((struct listener *)ui)->heard, "%s\n", text);
}

static void who_wants_details_hears_what_is_run(void **state)
{
	static const struct lkb_ui_ops ops = {.message = listen};
	static const char *long_argv[1000] = {"true"};
	struct listener l = {.ui = {&ops, true}};
	size_t i;

	for (i = 1; i < LKB_ARRAY_SIZE(long_argv) - 1; i++)
		long_argv[i] = "some-file";
	lkb_proc_watch(&l.ui);
	OK(lkb_proc_run(&(struct lkb_proc){.argv = SCRIPT("exit 0")}, NULL, &err));
	assert_string_equal(lkb_str_get(&l.heard), "running: sh -c exit 0\n");
	lkb_str_clear(&l.heard);
	OK(lkb_proc_run(&(struct lkb_proc){.argv = long_argv}, NULL, &err));
	assert_true(l.heard.len < 1100);
	assert_non_null(strstr(l.heard.s, " ...\n"));
	lkb_str_clear(&l.heard);
	l.ui.verbose = false;
	OK(lkb_proc_run(&(struct lkb_proc){.argv = SCRIPT("exit 0")}, NULL, &err));
	lkb_proc_watch(NULL);
	l.ui.verbose = true;
	OK(lkb_proc_run(&(struct lkb_proc){.argv = SCRIPT("exit 0")}, NULL, &err));
	assert_int_equal(l.heard.len, 0);
	lkb_str_clear(&l.heard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(output_comes_back),
		CASE(an_exit_code_is_a_failure_with_what_was_said),
		CASE(a_death_by_signal_is_a_failure),
		CASE(the_end_of_a_long_complaint_is_kept),
		CASE(a_missing_program_names_its_package),
		CASE(programs_of_administrators_are_found_too),
		CASE(a_directory_is_no_program),
		CASE(what_cannot_be_executed_says_so),
		CASE(stdin_is_fed_or_empty),
		CASE(stdin_can_be_a_file),
		CASE(much_goes_both_ways_without_deadlock),
		CASE(output_is_bounded),
		CASE(a_child_may_leave_its_input_unread),
		CASE(a_child_may_read_on_with_its_output_closed),
		CASE(the_environment_is_plain),
		CASE(the_directory_is_the_childs_alone),
		CASE(no_file_of_ours_leaks_into_the_child),
		CASE(the_child_has_its_signals_back),
		CASE(an_end_that_nobody_knows_is_a_failure),
		CASE(who_wants_details_hears_what_is_run),
		CASE(limits_of_the_system_are_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
