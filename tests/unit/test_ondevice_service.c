/* SPDX-License-Identifier: Apache-2.0 */
/* Services by hand and by policy, apart from containerd: when one is started again, what PID 1 may be
 * asked, the socket under hostile clients, and the hook that goes into a container's configuration. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "ondevice/common/slurp.h"
#include "ondevice/system/command.h"
#include "ondevice/system/control.h"
#include "ondevice/system/json.h"
#include "ondevice/system/loop.h"
#include "ondevice/system/oncreate.h"
#include "ondevice/system/restart.h"

static void waits_double_up_to_a_minute(void **state)
{
	static const unsigned want[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
	static const struct lkb_life bad = {.exit_code = 1, .ran_ms = 59999};
	static const struct lkb_life long_life = {.exit_code = 1, .ran_ms = 60000};
	unsigned delay = 0;
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(want); i++) {
		delay = lkb_restart_delay(LKB_RESTART_ALWAYS, &bad, delay);
		assert_int_equal(delay, want[i]);
	}
	assert_int_equal(lkb_restart_delay(LKB_RESTART_ALWAYS, &long_life, delay), 1);
}

static void the_policy_says_whether(void **state)
{
	static const struct {
		enum lkb_restart policy;
		int exit_code;
		unsigned delay;
	} cases[] = {
		{LKB_RESTART_NEVER, 0, 0},      {LKB_RESTART_NEVER, 1, 0},
		{LKB_RESTART_NEVER, -1, 0},     {LKB_RESTART_ON_FAILURE, 0, 0},
		{LKB_RESTART_ON_FAILURE, 1, 1}, {LKB_RESTART_ON_FAILURE, -1, 1},
		{LKB_RESTART_ALWAYS, 0, 1},     {LKB_RESTART_ALWAYS, 137, 1},
		{LKB_RESTART_ALWAYS, -1, 1},
	};
	enum lkb_restart policy;
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		struct lkb_life life = {.exit_code = cases[i].exit_code};

		assert_int_equal(lkb_restart_delay(cases[i].policy, &life, 0), cases[i].delay);
	}
	assert_true(lkb_restart_parse("", &policy) && policy == LKB_RESTART_NEVER);
	assert_true(lkb_restart_parse("no", &policy) && policy == LKB_RESTART_NEVER);
	assert_true(lkb_restart_parse("always", &policy) && policy == LKB_RESTART_ALWAYS);
	assert_true(lkb_restart_parse("on-failure", &policy) && policy == LKB_RESTART_ON_FAILURE);
	assert_false(lkb_restart_parse("Always", &policy));
	assert_false(lkb_restart_parse("on-failure:3", &policy));
}

static void questions_are_read(void **state)
{
	static const struct {
		const char *text;
		enum lkb_verb verb;
		const char *name;
	} cases[] = {
		{"list", LKB_VERB_LIST, ""},
		{"start a", LKB_VERB_START, "a"},
		{"stop a.b-c_9", LKB_VERB_STOP, "a.b-c_9"},
		{"restart 7zip", LKB_VERB_RESTART, "7zip"},
	};
	struct lkb_command c;
	struct lkb_error err;
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		assert_int_equal(lkb_command_parse(cases[i].text, strlen(cases[i].text), &c, &err),
				 0);
		assert_int_equal(c.verb, cases[i].verb);
		assert_string_equal(c.name, cases[i].name);
	}
}

#define NAME_77 "a123456789012345678901234567890123456789012345678901234567890123456789012345x"

static void hostile_questions_are_refused(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *message;
	} cases[] = {
		{"", 0, "there are list, start, stop and restart"},
		{"\0", 1, "this is no command"},
		{"list\0x", 6, "this is no command"},
		{"list\n", 5, "there are list, start, stop and restart"},
		{"list a", 6, "a name is not expected here"},
		{"start", 5, "the name of a service is missing"},
		{"start ", 6, "the name of a service is missing"},
		{"start  a", 8, "this is no name of a service"},
		{"start a b", 9, "this is no name of a service"},
		{"start a\n", 8, "this is no name of a service"},
		{"start .", 7, "this is no name of a service"},
		{"start ..", 8, "this is no name of a service"},
		{"start ../etc", 12, "this is no name of a service"},
		{"start a/b", 9, "this is no name of a service"},
		{"start -f", 8, "this is no name of a service"},
		{"start a-", 8, "this is no name of a service"},
		{"start a..b", 10, "this is no name of a service"},
		{"start \xc3\xa4", 8, "this is no name of a service"},
		{"stop " NAME_77, 5 + 77, "this is no name of a service"},
		{"STOP a", 6, "there are list, start, stop and restart"},
	};
	char big[LKB_COMMAND_MAX];
	struct lkb_command c;
	struct lkb_error err;
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		assert_int_equal(lkb_command_parse(cases[i].text, cases[i].len, &c, &err), -1);
		assert_int_equal(err.kind, LKB_USAGE);
		assert_string_equal(err.message, cases[i].message);
	}
	memset(big, 'a', sizeof(big));
	memcpy(big, "start ", 6);
	assert_int_equal(lkb_command_parse(big, sizeof(big), &c, &err), -1);
	assert_string_equal(err.message, "this is no command");
	assert_int_equal(strlen(NAME_77), 77);
}

struct fixture {
	struct lkb_loop loop;
	struct lkb_tmpdir dir;
	char *path;
	struct lkb_str questions; /* each with a bar behind it */
	unsigned last;
};

static void on_question(void *arg, unsigned client, const char *bytes, size_t len)
{
	struct fixture *f = arg;

	lkb_str_addn(&f->questions, bytes, len);
	lkb_str_addc(&f->questions, '|');
	f->last = client;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (lkb_loop_init(&f->loop, NULL) || lkb_tmpdir_make(&f->dir, NULL))
		return -1;
	f->path = lkb_format("%s/sock", f->dir.path);
	*state = f;
	return lkb_control_open(&f->loop, f->path, on_question, f, NULL);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	lkb_control_close();
	close(f->loop.signal_fd);
	free(f->loop.watches);
	free(f->loop.timers);
	lkb_tmpdir_clear(&f->dir);
	lkb_str_clear(&f->questions);
	free(f->path);
	free(f);
	return 0;
}

static int come(struct fixture *f)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	memcpy(addr.sun_path, f->path, strlen(f->path));
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	lkb_loop_turn(&f->loop, 1000);
	return fd;
}

static void say(struct fixture *f, int fd, const char *bytes, size_t n)
{
	assert_int_equal(send(fd, bytes, n, MSG_NOSIGNAL), n);
	lkb_loop_turn(&f->loop, 1000);
}

/* What is there for the client, packet by packet, a bar behind each; "." = closed by PID 1. */
static char *heard(int fd)
{
	struct lkb_str s = {0};
	char packet[LKB_ANSWER_MAX];
	ssize_t n;

	while ((n = recv(fd, packet, sizeof(packet), MSG_DONTWAIT)) > 0) {
		lkb_str_addn(&s, packet, (size_t)n);
		lkb_str_addc(&s, '|');
	}
	if (!n || errno == ECONNRESET)
		lkb_str_addc(&s, '.');
	return lkb_str_take(&s);
}

static void expect(int fd, const char *want)
{
	lkb_autofree char *got = heard(fd);

	assert_string_equal(got, want);
}

static void an_answer_has_lines_and_a_code(void **state)
{
	struct fixture *f = *state;
	lkb_autofd fd = come(f);
	struct lkb_error err;
	struct stat st;

	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	say(f, fd, "stop a", 6);
	assert_string_equal(f->questions.s, "stop a|");
	expect(fd, "");
	lkb_control_lines(f->last, 'o', "one\ntwo\n");
	lkb_fail(&err, LKB_DIDNT, "it did not");
	lkb_hint(&err, "look");
	lkb_control_end(f->last, &err);
	expect(fd, "oone|otwo|eit did not|ehint: look|x9|.");
	/* Nobody is there any more. */
	lkb_control_lines(f->last, 'o', "three\n");
	lkb_control_end(f->last, NULL);
}

static void clients_that_misbehave_are_dropped(void **state)
{
	struct fixture *f = *state;
	char big[4 * LKB_COMMAND_MAX];
	lkb_autofd toolong = come(f), twice = come(f), left = -1, fine = -1;

	memset(big, 'a', sizeof(big));
	say(f, toolong, big, sizeof(big));
	expect(toolong, "ethis is no command|x2|.");
	say(f, twice, "list", 4);
	say(f, twice, "list", 4);
	expect(twice, ".");
	assert_string_equal(f->questions.s, "list|");
	left = come(f);
	say(f, left, "stop a", 6);
	close(left);
	left = -1;
	lkb_loop_turn(&f->loop, 1000);
	lkb_control_end(f->last, NULL);
	fine = come(f);
	say(f, fine, "list", 4);
	lkb_control_end(f->last, NULL);
	expect(fine, "x0|.");
}

static void one_too_many_is_sent_away(void **state)
{
	struct fixture *f = *state;
	int fds[25];
	size_t i;

	for (i = 0; i < 25; i++)
		fds[i] = come(f);
	expect(fds[24], "eothers are asking already; try again|x9|.");
	close(fds[3]);
	lkb_loop_turn(&f->loop, 1000);
	close(fds[24]);
	fds[24] = come(f);
	say(f, fds[24], "list", 4);
	lkb_control_end(f->last, NULL);
	expect(fds[24], "x0|.");
	for (i = 0; i < 25; i++)
		if (i != 3)
			close(fds[i]);
}

/* PID 1 does not wait until it reads. */
static void a_client_that_does_not_read_is_dropped(void **state)
{
	struct fixture *f = *state;
	lkb_autofd fd = come(f);
	size_t i;

	say(f, fd, "list", 4);
	for (i = 0; i < 10000; i++)
		lkb_control_lines(f->last, 'o', "a line that nobody reads, again and again\n");
	lkb_control_end(f->last, NULL);
	for (i = 0; i < 10000; i++) {
		char packet[LKB_ANSWER_MAX];

		if (recv(fd, packet, sizeof(packet), MSG_DONTWAIT) <= 0)
			break;
		assert_int_not_equal(packet[0], 'x');
	}
	assert_true(i > 0 && i < 10000);
}

struct alarm {
	struct lkb_loop *loop;
	bool done;
	unsigned rung;
};

static void ring(void *arg)
{
	struct alarm *a = arg;

	a->rung++;
	a->done = a->rung == 3;
	if (!a->done)
		lkb_loop_timer(a->loop, 10, ring, a);
}

static void timers_fire_once_and_in_time(void **state)
{
	struct fixture *f = *state;
	struct alarm a = {.loop = &f->loop}, never = {.loop = &f->loop};
	int64_t begin = lkb_now_ms();

	lkb_loop_timer(&f->loop, 30, ring, &a);
	lkb_loop_timer(&f->loop, 20, ring, &never);
	lkb_loop_timer(&f->loop, 3600000, ring, &never);
	lkb_loop_timer_cancel(&f->loop, ring, &never);
	assert_true(lkb_loop_until(&f->loop, &a.done, 20000));
	assert_int_equal(a.rung, 3);
	assert_true(lkb_now_ms() - begin >= 50);
	assert_int_equal(never.rung, 0);
	assert_int_equal(f->loop.n_timers, 0);
}

static void the_hook_goes_into_the_configuration(void **state)
{
	static const char config[] = " {\n\t\"ociVersion\": \"1.2.1\", \"root\": {\"path\": \"/x\"}}\n";
	struct fixture *f = *state;
	lkb_autofree char *from = lkb_format("%s/config.json", f->dir.path);
	lkb_autofree char *to = lkb_format("%s/to/x", f->dir.path);
	lkb_autofree char *path = lkb_format("%s/config.json", to);
	lkb_autofree char *text = NULL;
	const struct lkb_json *v, *hook;
	lkb_autoarena arena = {0};
	struct lkb_error err;

	assert_int_equal(lkb_write_file(from, config, strlen(config), 0644, NULL), 0);
	assert_int_equal(lkb_oncreate_bundle(f->dir.path, "/a\"\\b", to, &err), 0);
	assert_int_equal(lkb_slurp(path, 10000, &text, &err), 0);
	assert_int_equal(lkb_json_parse(text, strlen(text), &arena, &v, &err), 0);
	assert_string_equal(lkb_json_string(v, "ociVersion"), "1.2.1");
	assert_string_equal(lkb_json_string(lkb_json_get(v, "root"), "path"), "/x");
	hook = lkb_json_items(lkb_json_get(v, "hooks"), "createRuntime");
	assert_string_equal(lkb_json_string(hook, "path"), "/a\"\\b");
	assert_string_equal(lkb_json_items(hook, "args")->text, LKB_ONCREATE_NAME);
	assert_string_equal(lkb_json_items(hook, "args")->next->text, f->dir.path);
}

static void a_configuration_that_is_none_gets_no_hook(void **state)
{
	static const char *const bad[] = {"", "[]", "{}", "{\"hooks\":{}}", "{\"a\":1", "{\"a\":1}x"};
	struct fixture *f = *state;
	lkb_autofree char *from = lkb_format("%s/config.json", f->dir.path);
	lkb_autofree char *to = lkb_format("%s/to", f->dir.path);
	struct lkb_error err;
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(bad); i++) {
		assert_int_equal(lkb_write_file(from, bad[i], strlen(bad[i]), 0644, NULL), 0);
		assert_int_equal(lkb_oncreate_bundle(f->dir.path, "/p", to, &err), -1);
		assert_int_equal(access(to, F_OK), -1);
	}
}

static void the_state_of_a_container_has_a_process(void **state)
{
	static const char *const bad[] = {
		"", "null", "[]", "{}", "{\"pid\":\"7\"}", "{\"pid\":-7}", "{\"pid\":0}",
		"{\"pid\":1}", "{\"pid\":2147483648}", "{\"pid\":7.5}", "{\"pid\":7e1}",
		"{\"pid\":99999999999999999999}",
	};
	static const char good[] = "{\"ociVersion\":\"1.0\",\"id\":\"a\",\"pid\":4711}";
	struct lkb_error err;
	pid_t pid = 0;
	size_t i;

	assert_int_equal(lkb_oncreate_state_pid(good, strlen(good), &pid, &err), 0);
	assert_int_equal(pid, 4711);
	for (i = 0; i < LKB_ARRAY_SIZE(bad); i++)
		assert_int_equal(lkb_oncreate_state_pid(bad[i], strlen(bad[i]), &pid, &err), -1);
}

#define WITH_FIXTURE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_double_up_to_a_minute),
		cmocka_unit_test(the_policy_says_whether),
		cmocka_unit_test(questions_are_read),
		cmocka_unit_test(hostile_questions_are_refused),
		WITH_FIXTURE(an_answer_has_lines_and_a_code),
		WITH_FIXTURE(clients_that_misbehave_are_dropped),
		WITH_FIXTURE(one_too_many_is_sent_away),
		WITH_FIXTURE(a_client_that_does_not_read_is_dropped),
		WITH_FIXTURE(timers_fire_once_and_in_time),
		WITH_FIXTURE(the_hook_goes_into_the_configuration),
		WITH_FIXTURE(a_configuration_that_is_none_gets_no_hook),
		cmocka_unit_test(the_state_of_a_container_has_a_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
