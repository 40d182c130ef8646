/* SPDX-License-Identifier: Apache-2.0 */
/* PID 1's loop, the programs it starts, and what becomes of their output. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "ondevice/common/say.h"
#include "ondevice/common/slurp.h"
#include "ondevice/system/console.h"
#include "ondevice/system/containers.h"
#include "ondevice/system/mountopts.h"
#include "ondevice/system/procstatus.h"
#include "ondevice/system/run.h"

struct fixture {
	struct lkb_loop loop;
	struct lkb_tmpdir dir;
	struct lkb_str lines; /* what a log gave line by line, each with a bar behind it */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (lkb_loop_init(&f->loop, NULL) || lkb_tmpdir_make(&f->dir, NULL))
		return -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	close(f->loop.signal_fd);
	free(f->loop.watches);
	free(f->loop.children);
	free(f->loop.timers);
	lkb_tmpdir_clear(&f->dir);
	lkb_str_clear(&f->lines);
	free(f);
	return 0;
}

static void collect(void *arg, const char *line, size_t len)
{
	struct fixture *f = arg;

	lkb_str_addn(&f->lines, line, len);
	lkb_str_addc(&f->lines, '|');
}

/* Runs a shell line with its output collected. */
static int shell(struct fixture *f, const char *line, int64_t timeout_ms, int *ret_status,
		 struct lkb_error *err)
{
	const char *argv[] = {"sh", "-c", line, NULL};
	struct lkb_log_options log = {.name = "t", .fn = collect, .arg = f};
	struct lkb_run run = {.argv = argv, .log = &log, .timeout_ms = timeout_ms};

	return lkb_run_wait(&f->loop, &run, ret_status, err);
}

static void programs_end_with_a_status(void **state)
{
	struct fixture *f = *state;
	struct lkb_error err;
	int status;

	assert_int_equal(shell(f, "exit 3", 10000, &status, &err), 0);
	assert_string_equal(lkb_status_text(status).s, "exit code 3");
	assert_int_equal(shell(f, "kill -9 $$", 10000, &status, &err), 0);
	assert_string_equal(lkb_status_text(status).s, "signal 9 (Killed)");
	assert_int_equal(f->loop.n_children, 0);
}

static void a_program_that_is_not_there_is_an_error_at_once(void **state)
{
	static const char *const argv[] = {"/no/such/program", NULL};
	struct lkb_run run = {.argv = argv};
	struct fixture *f = *state;
	struct lkb_error err;
	int status;

	assert_int_equal(lkb_run_wait(&f->loop, &run, &status, &err), -1);
	assert_string_equal(err.message,
			    "cannot start '/no/such/program': No such file or directory");
}

/* More than a pipe holds: all of it is there when the end is reported. */
static void all_output_comes_before_the_end(void **state)
{
	struct fixture *f = *state;
	struct lkb_error err;
	int status;

	assert_int_equal(shell(f, "i=0; while [ $i -lt 4000 ]; do echo 0123456789abcdef; "
			       "i=$((i+1)); done; printf last", 20000, &status, &err), 0);
	lkb_loop_turn(&f->loop, 0);
	assert_int_equal(f->lines.len, 4000 * 17 + 5);
	assert_string_equal(f->lines.s + f->lines.len - 5, "last|");
	assert_int_equal(f->loop.n_watches == 0 || f->loop.watches[0].fd == -1, 1);
}

static void stdout_and_stderr_are_one(void **state)
{
	struct fixture *f = *state;
	struct lkb_error err;
	int status;

	assert_int_equal(shell(f, "echo a; echo b >&2; cat; printf 'c\\r\\n'", 10000, &status,
			       &err), 0);
	assert_string_equal(f->lines.s, "a|b|c|");
}

static void a_program_that_takes_too_long_is_ended(void **state)
{
	struct fixture *f = *state;
	int64_t begin = lkb_now_ms();
	struct lkb_error err;
	int status;

	assert_int_equal(shell(f, "exec sleep 60", 300, &status, &err), -1);
	assert_int_equal(err.kind, LKB_DIDNT);
	assert_true(lkb_now_ms() - begin < 10000);
	assert_int_equal(f->loop.n_children, 0);
}

static void a_request_to_shut_down_ends_the_wait(void **state)
{
	static const struct {
		int signal;
		enum lkb_request request;
	} cases[] = {
		{SIGUSR1, LKB_HALT}, {SIGUSR2, LKB_POWEROFF}, {SIGTERM, LKB_REBOOT},
		{SIGINT, LKB_REBOOT},
	};
	struct fixture *f = *state;
	struct lkb_error err;
	int status;
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_autofree char *line = lkb_format("kill -%d $PPID; exec sleep 60",
						     cases[i].signal);

		f->loop.request = LKB_STAY;
		assert_int_equal(shell(f, line, 30000, &status, &err), -1);
		assert_int_equal(err.kind, LKB_INTERRUPTED);
		assert_int_equal(f->loop.request, cases[i].request);
	}
	/* While the request is carried out, waits go on. */
	f->loop.stopping = true;
	assert_int_equal(shell(f, "exit 4", 10000, &status, &err), 0);
	assert_int_equal(WEXITSTATUS(status), 4);
	/* The first request stands. */
	assert_int_equal(shell(f, "kill -USR1 $PPID", 10000, &status, &err), 0);
	assert_int_equal(f->loop.request, LKB_REBOOT);
}

static void orphans_are_reaped(void **state)
{
	struct fixture *f = *state;
	struct lkb_error err;
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(0);
	assert_int_equal(shell(f, "sleep 0.2", 10000, &status, &err), 0);
	assert_int_equal(kill(pid, 0), -1);
}

static void a_fifo_survives_its_writers(void **state)
{
	struct fixture *f = *state;
	lkb_autofree char *path = lkb_format("%s/log/fifo", f->dir.path);
	lkb_autofree char *file = lkb_format("%s/log/file", f->dir.path);
	struct lkb_log_options log = {.name = "t", .file = file, .fn = collect, .arg = f};
	lkb_autofree char *text = NULL;
	struct lkb_error err;
	int i, null_fd;

	assert_int_equal(lkb_log_start_fifo(&f->loop, path, &log, &err), 0);
	for (i = 0; i < 2; i++) {
		/* As containerd's shim opens it. */
		lkb_autofd fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0644);

		assert_int_equal(write(fd, "line\n", 5), 5);
		lkb_loop_turn(&f->loop, 1000);
	}
	assert_string_equal(f->lines.s, "line|line|");
	assert_int_equal(lkb_slurp(file, 100, &text, &err), 0);
	assert_string_equal(text, "line\nline\n");
	/* On the board it reads for ever; here it meets an end of file and frees itself. */
	null_fd = open("/dev/null", O_RDONLY);
	dup2(null_fd, f->loop.watches[0].fd);
	close(null_fd);
	lkb_loop_turn(&f->loop, 1000);
	lkb_loop_turn(&f->loop, 0);
	assert_int_equal(f->loop.n_watches, 0);
}

static void add_line(void *arg, const char *line, size_t len)
{
	lkb_str_addf(arg, "<%.*s>", (int)len, line);
}

static void bytes_are_cut_into_lines(void **state)
{
	struct lkb_lines lines = {0};
	lkb_autostr got = {0};
	char big[1500];

	lkb_lines_feed(&lines, "a", 1, add_line, &got);
	lkb_lines_feed(&lines, "b\n\nc\r\nd", 7, add_line, &got);
	assert_string_equal(got.s, "<ab><><c>");
	lkb_lines_end(&lines, add_line, &got);
	lkb_lines_end(&lines, add_line, &got);
	assert_string_equal(got.s, "<ab><><c><d>");
	lkb_str_clear(&got);
	memset(big, 'x', sizeof(big));
	lkb_lines_feed(&lines, big, sizeof(big), add_line, &got);
	lkb_lines_feed(&lines, "\n", 1, add_line, &got);
	assert_int_equal(got.len, 1500 + 4);
}

static void a_log_file_is_bounded_with_one_rotation(void **state)
{
	struct fixture *f = *state;
	lkb_autofree char *path = lkb_format("%s/a/b.log", f->dir.path);
	lkb_autofree char *old = lkb_format("%s.1", path);
	struct lkb_log_file log = {.fd = -1};
	lkb_autofree char *text = NULL, *older = NULL;
	struct lkb_error err;
	int i;

	assert_int_equal(lkb_log_file_open(path, &log, &err), 0);
	for (i = 0; i < 9; i++) {
		char line[] = "0...\n";

		line[0] = (char)('0' + i);
		lkb_log_file_write(&log, line, 5, 20);
	}
	lkb_log_file_clear(&log);
	/* A log of the boot before is gone on with, and rotated when it is full. */
	assert_int_equal(lkb_log_file_open(path, &log, &err), 0);
	assert_int_equal(log.size, 5);
	lkb_log_file_clear(&log);
	assert_int_equal(lkb_slurp(path, 100, &text, &err), 0);
	assert_string_equal(text, "8...\n");
	assert_int_equal(lkb_slurp(old, 100, &older, &err), 0);
	assert_string_equal(older, "4...\n5...\n6...\n7...\n");
}

static void the_console_buffer_goes_round(void **state)
{
	struct lkb_console_buffer b = {.size = 8};
	const char *p;

	assert_int_equal(lkb_console_buffer_peek(&b, &p), 0);
	assert_true(lkb_console_buffer_add(&b, "abcde", 5));
	assert_false(lkb_console_buffer_add(&b, "fghi", 4));
	assert_int_equal(lkb_console_buffer_peek(&b, &p), 5);
	lkb_console_buffer_drop(&b, 4);
	assert_true(lkb_console_buffer_add(&b, "fghijkl", 7));
	assert_int_equal(lkb_console_buffer_peek(&b, &p), 4);
	assert_memory_equal(p, "efgh", 4);
	lkb_console_buffer_drop(&b, 4);
	assert_int_equal(lkb_console_buffer_peek(&b, &p), 4);
	assert_memory_equal(p, "ijkl", 4);
	lkb_console_buffer_drop(&b, 4);
	assert_int_equal(lkb_console_buffer_peek(&b, &p), 0);
	free(b.bytes);
}

static void mount_options_are_flags_propagation_and_data(void **state)
{
	lkb_automountopts o = {0};

	lkb_mount_options_add(&o, "lowerdir=/a");
	lkb_mount_options_add(&o, "nosuid");
	lkb_mount_options_add(&o, "ro");
	lkb_mount_options_add(&o, "rw");
	lkb_mount_options_add(&o, "rbind");
	lkb_mount_options_add(&o, "rshared");
	lkb_mount_options_add(&o, "upperdir=/b");
	assert_int_equal(o.flags, MS_NOSUID | MS_BIND | MS_REC);
	assert_int_equal(o.propagation, MS_SHARED | MS_REC);
	assert_string_equal(o.data.s, "lowerdir=/a,upperdir=/b");
}

static void a_container_that_ignores_sigterm_is_known(void **state)
{
	static const char deaf[] = "Name:\tsh\nNSpid:\t275\t1\nSigCgt:\t0000000000010002\n";
	static const char hears[] = "Name:\tsh\nNSpid:\t275\t1\nSigCgt:\t0000000000004000\n";
	static const char waits[] = "Name:\ttini\nNSpid:\t275\t1\nSigBlk:\t0000000000004000\n"
				    "SigCgt:\t0000000000000000\n";

	assert_false(lkb_procstatus_text_ends_by(deaf, SIGTERM));
	assert_true(lkb_procstatus_text_ends_by(hears, SIGTERM));
	assert_true(lkb_procstatus_text_ends_by(waits, SIGTERM));
	assert_false(lkb_procstatus_text_ends_by(waits, SIGINT));
	/* Not the first of its namespace: the default action ends it. */
	assert_true(lkb_procstatus_text_ends_by("NSpid:\t275\t12\nSigCgt:\t0\n", SIGTERM));
	assert_true(lkb_procstatus_text_ends_by("NSpid:\t271\nSigCgt:\t0\n", SIGTERM));
	assert_true(lkb_procstatus_text_ends_by("", SIGTERM));
	assert_true(lkb_procstatus_ends_by(getpid(), SIGTERM));
}

static void containers_have_names(void **state)
{
	assert_string_equal(lkb_container_name("000-hello"), "hello");
	assert_string_equal(lkb_container_name("012-a-b"), "a-b");
	assert_string_equal(lkb_container_name("hello"), "hello");
	assert_string_equal(lkb_container_name("7zip"), "7zip");
	assert_string_equal(lkb_container_name("000-"), "000-");
}

static char said[2048];

static void remember(const char *line, size_t len)
{
	size_t used = strlen(said);

	memcpy(said + used, line, len);
	said[used + len] = '\0';
}

static void every_line_of_ours_says_who_speaks(void **state)
{
	struct lkb_error err;

	lkb_say_to(remember);
	lkb_say("up, %d onboot", 3);
	lkb_fail(&err, LKB_IO, "it broke");
	lkb_hint(&err, "mend it");
	lkb_say_error(&err, "thing '%s'", "x");
	assert_string_equal(said, "lkboard: up, 3 onboot\n"
				  "lkboard: thing 'x': it broke\n"
				  "lkboard:   hint: mend it\n");
}

#define WITH_FIXTURE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(programs_end_with_a_status),
		WITH_FIXTURE(a_program_that_is_not_there_is_an_error_at_once),
		WITH_FIXTURE(all_output_comes_before_the_end),
		WITH_FIXTURE(stdout_and_stderr_are_one),
		WITH_FIXTURE(a_program_that_takes_too_long_is_ended),
		WITH_FIXTURE(a_request_to_shut_down_ends_the_wait),
		WITH_FIXTURE(orphans_are_reaped),
		WITH_FIXTURE(a_fifo_survives_its_writers),
		cmocka_unit_test(bytes_are_cut_into_lines),
		WITH_FIXTURE(a_log_file_is_bounded_with_one_rotation),
		cmocka_unit_test(the_console_buffer_goes_round),
		cmocka_unit_test(mount_options_are_flags_propagation_and_data),
		cmocka_unit_test(a_container_that_ignores_sigterm_is_known),
		cmocka_unit_test(containers_have_names),
		cmocka_unit_test(every_line_of_ours_says_who_speaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
