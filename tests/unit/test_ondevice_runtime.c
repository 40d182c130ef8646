/* SPDX-License-Identifier: Apache-2.0 */
/* What runtime.json and volumes ask for, done for real: in a mount and a network namespace of this
 * test's own, with a second process as the container. Needs root. */
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "ondevice/common/say.h"
#include "ondevice/common/slurp.h"
#include "ondevice/system/bindns.h"
#include "ondevice/system/link.h"
#include "ondevice/system/oncreate.h"
#include "ondevice/system/prepare.h"
#include "ondevice/system/volumes.h"

#define NSFS 0x6e736673

static struct lkb_str said;

static void remember(const char *line, size_t len)
{
	lkb_str_addn(&said, line, len);
}

struct fixture {
	struct lkb_tmpdir dir;
	pid_t container; /* waits in namespaces of its own */
};

static pid_t start_container(void)
{
	int fds[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS) ||
		    sethostname("inside", 6) || write(fds[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &c, 1), 1);
	close(fds[0]);
	return pid;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	return lkb_tmpdir_make(&f->dir, NULL);
}

static void end_container(struct fixture *f)
{
	if (!f->container)
		return;
	kill(f->container, SIGKILL);
	waitpid(f->container, NULL, 0);
	f->container = 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	end_container(f);
	lkb_tmpdir_clear(&f->dir);
	lkb_str_clear(&said);
	free(f);
	return 0;
}

/* The shared mount tree of a booted system, which no other process sees. On one processor: Linux
 * 6.18 numbers mount namespaces for each apart, and then takes a new one for an older one that may
 * not be mounted here. */
static bool alone(void)
{
	static int answer = -1;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	if (answer < 0)
		answer = !geteuid() && !unshare(CLONE_NEWNS | CLONE_NEWNET) &&
			 !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
			 !mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL);
	return answer;
}

static void need_root(void)
{
	if (!alone()) {
		print_message("# SKIP namespaces of one's own need root\n");
		skip();
	}
}

static bool is_in(const char *ns, const char *name)
{
	lkb_autofd own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	lkb_autofd other = open(ns, O_RDONLY | O_CLOEXEC);
	unsigned index;

	assert_int_equal(setns(other, CLONE_NEWNET), 0);
	index = if_nametoindex(name);
	assert_int_equal(setns(own, CLONE_NEWNET), 0);
	return index;
}

static bool container_has(const struct fixture *f, const char *name)
{
	lkb_autofree char *ns = lkb_format("/proc/%d/ns/net", (int)f->container);

	return is_in(ns, name);
}

static bool is_namespace(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == NSFS;
}

static bool is_mounted(const char *path)
{
	lkb_autofree char *text = NULL;
	lkb_autofree char *word = lkb_format(" %s ", path);

	assert_int_equal(lkb_slurp("/proc/self/mounts", 1 << 20, &text, NULL), 0);
	return strstr(text, word);
}

static void write_file(const struct fixture *f, const char *name, const char *text)
{
	lkb_autofree char *path = lkb_format("%s/%s", f->dir.path, name);

	assert_int_equal(lkb_write_file(path, text, strlen(text), 0644, NULL), 0);
}

static void make_dir(const struct fixture *f, const char *name)
{
	lkb_autofree char *path = lkb_format("%s/%s", f->dir.path, name);

	assert_int_equal(lkb_mkdir_p(path, NULL), 0);
}

static void a_veth_has_one_end_inside(void **state)
{
	static const struct lkb_link link = {.name = "in0", .kind = "veth", .peer = "out0"};
	/* A peer alone says veth as well. */
	static const struct lkb_link other = {.name = "in1", .kind = "", .peer = "out1"};
	struct fixture *f = *state;
	struct lkb_error err;

	need_root();
	f->container = start_container();
	assert_int_equal(lkb_link_give(&link, f->container, 0, &err), 0);
	assert_int_equal(lkb_link_give(&other, f->container, 0, &err), 0);
	assert_true(container_has(f, "in0") && container_has(f, "in1"));
	assert_false(if_nametoindex("in0") || if_nametoindex("in1"));
	assert_true(if_nametoindex("out0") && if_nametoindex("out1"));
	assert_false(container_has(f, "out0") || container_has(f, "out1"));
	/* The name inside is taken: what was made here goes again. */
	assert_int_equal(lkb_link_give(&(struct lkb_link){.name = "in0", .kind = "veth",
							  .peer = "out2"},
				       f->container, 0, &err), -1);
	assert_string_equal(err.message, "network interface 'in0' cannot be moved into the "
					 "container: File exists");
	assert_false(if_nametoindex("out2") || if_nametoindex("in0"));
}

/* Types that most kernels have; the first that this one has is taken. */
static void other_types_are_made_there_or_here_first(void **state)
{
	static const char *const kinds[] = {"dummy", "ifb", "bridge"};
	struct fixture *f = *state;
	struct lkb_link link = {.name = "new0", .kind = "", .peer = ""};
	struct lkb_error err;
	size_t i;

	need_root();
	f->container = start_container();
	for (i = 0; i < LKB_ARRAY_SIZE(kinds); i++) {
		link.kind = kinds[i];
		if (!lkb_link_give(&link, f->container, 0, &err))
			break;
		assert_string_equal(err.message, "network interface 'new0' cannot be made: "
						 "Operation not supported");
	}
	if (i == LKB_ARRAY_SIZE(kinds)) {
		print_message("# SKIP this kernel has none of dummy, ifb and bridge\n");
		skip();
	}
	assert_true(container_has(f, "new0"));
	assert_false(if_nametoindex("new0"));
	link.name = "new1";
	link.in_root = true;
	/* A bridge may not leave where it was made. */
	if (strcmp(link.kind, "bridge")) {
		assert_int_equal(lkb_link_give(&link, f->container, 0, &err), 0);
		assert_true(container_has(f, "new1"));
		assert_false(if_nametoindex("new1"));
	}
}

static void an_interface_that_is_there_is_moved_and_waited_for(void **state)
{
	struct lkb_link link = {.name = "card0", .kind = "", .peer = ""};
	struct fixture *f = *state;
	struct lkb_error err;
	pid_t late;

	need_root();
	f->container = start_container();
	assert_int_equal(lkb_link_give(&link, f->container, 0, &err), -1);
	assert_string_equal(err.message, "network interface 'card0' cannot be moved into the "
					 "container: No such device");
	late = fork();
	if (!late) {
		/* A veth end of ours, "moved" to where we are: it only appears. */
		struct lkb_link card = {.name = "card0", .kind = "veth", .peer = "card1"};

		usleep(200000);
		_exit(lkb_link_give(&card, getppid(), 0, NULL) ? 1 : 0);
	}
	assert_int_equal(lkb_link_give(&link, f->container, 10000, &err), 0);
	waitpid(late, NULL, 0);
	assert_true(container_has(f, "card0"));
	assert_true(if_nametoindex("card1"));
}

static void nonsense_is_refused(void **state)
{
	static const struct {
		struct lkb_link link;
		const char *message;
	} cases[] = {
		{{"", "veth", "x", false}, "a network interface without a name"},
		{{"sixteen-letters-", "", "", false},
		 "the name of the network interface 'sixteen-letters-' is longer than 15 bytes"},
		{{"a", "veth", "sixteen-letters-", false},
		 "the name of the network interface 'sixteen-letters-' is longer than 15 bytes"},
		{{"a", "veth", "", false}, "network interface 'a': a veth needs a peer"},
		{{"a", "dummy", "b", false}, "network interface 'a': only a veth has a peer"},
		{{"a", "0123456789012345678901234567890123456789", "", false},
		 "network interface 'a': '0123456789012345678901234567890123456789' is no type"},
	};
	struct lkb_error err;
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		assert_int_equal(lkb_link_give(&cases[i].link, getpid(), 0, &err), -1);
		assert_string_equal(err.message, cases[i].message);
	}
}

/* As the hook does it: the container's state on standard input, the rest from runtime.json. */
static int run_hook(const struct fixture *f, const char *state)
{
	char name[] = LKB_ONCREATE_NAME;
	char *argv[] = {name, f->dir.path, NULL};
	lkb_autofd saved = dup(STDIN_FILENO);
	int fds[2], code;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], state, strlen(state)), strlen(state));
	close(fds[1]);
	dup2(fds[0], STDIN_FILENO);
	close(fds[0]);
	code = lkb_oncreate_main(2, argv);
	dup2(saved, STDIN_FILENO);
	return code;
}

static void the_hook_names_namespaces_that_outlive_the_container(void **state)
{
	struct fixture *f = *state;
	lkb_autofree char *net = lkb_format("%s/run/netns/a", f->dir.path);
	lkb_autofree char *uts = lkb_format("%s/run/uts", f->dir.path);
	lkb_autofree char *mnt = lkb_format("%s/run/mnt", f->dir.path);
	lkb_autofree char *runtime = lkb_format(
		"{\"interfaces\":[{\"name\":\"h0\",\"add\":\"veth\",\"peer\":\"h1\"}],\"bindNS\":"
		"{\"cgroup\":\"\",\"net\":\"%s\",\"uts\":\"%s\",\"mnt\":\"%s\"}}", net, uts, mnt);
	lkb_autofree char *text = NULL;
	struct lkb_strv paths = {0};

	need_root();
	f->container = start_container();
	write_file(f, "runtime.json", runtime);
	text = lkb_format("{\"ociVersion\":\"1.0.2\",\"pid\":%d}", (int)f->container);
	assert_int_equal(run_hook(f, text), 0);
	end_container(f);
	assert_true(is_namespace(net) && is_namespace(uts) && is_namespace(mnt));
	assert_true(is_in(net, "h0"));
	lkb_strv_add(&paths, net);
	lkb_strv_add(&paths, uts);
	lkb_strv_add(&paths, mnt);
	lkb_bindns_unmount(&paths);
	assert_false(is_mounted(net) || is_mounted(uts) || is_mounted(mnt));
	lkb_strv_clear(&paths);
}

static void a_hook_that_fails_leaves_nothing_and_says_why(void **state)
{
	struct fixture *f = *state;
	lkb_autofree char *net = lkb_format("%s/net", f->dir.path);
	lkb_autofree char *runtime = lkb_format(
		"{\"bindNS\":{\"net\":\"%s\",\"uts\":\"/proc/version\"}}", net);
	lkb_autofree char *text = NULL;

	need_root();
	f->container = start_container();
	write_file(f, "runtime.json", runtime);
	text = lkb_format("{\"pid\":%d}", (int)f->container);
	/* procfs takes a mount on a file; the directory below it is not to be made. */
	assert_int_equal(run_hook(f, text), 0);
	umount2("/proc/version", MNT_DETACH);
	umount2(net, MNT_DETACH);
	free(runtime);
	runtime = lkb_format("{\"bindNS\":{\"net\":\"%s\",\"uts\":\"/proc/no/such\"}}", net);
	write_file(f, "runtime.json", runtime);
	assert_int_equal(run_hook(f, text), LKB_IO);
	assert_non_null(strstr(said.s, "cannot make the directory '/proc/no'"));
	assert_false(is_mounted(net));
	assert_int_equal(run_hook(f, "{\"pid\":1}"), LKB_INPUT);
	assert_int_equal(run_hook(f, ""), LKB_INPUT);
}

static void mounts_in_the_bundle_go_and_others_stay(void **state)
{
	struct fixture *f = *state;
	lkb_autofree char *bundle = lkb_format("%s/bundle", f->dir.path);
	lkb_autofree char *tmp = lkb_format("%s/tmp", bundle);
	lkb_autofree char *outside = lkb_format("%s/out/side", f->dir.path);
	lkb_autofree char *made = lkb_format("%s/made/by", f->dir.path);
	lkb_autofree char *runtime = lkb_format(
		"{\"mounts\":[{\"destination\":\"%s\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"},"
		"{\"destination\":\"%s\",\"options\":[\"remount\",\"private\"]},"
		"{\"destination\":\"%s\",\"type\":\"tmpfs\",\"options\":[\"size=1m\"]}],"
		"\"mkdir\":[\"%s\"],\"namespace\":\"mine\",\"restart\":\"always\","
		"\"bindNS\":{\"net\":\"/x\"}}", tmp, tmp, outside, made);
	struct lkb_prepared p = {0};
	struct lkb_error err;

	need_root();
	make_dir(f, "bundle");
	write_file(f, "bundle/runtime.json", runtime);
	assert_int_equal(lkb_prepare(bundle, false, &p, &err), 0);
	assert_true(is_mounted(tmp) && is_mounted(outside) && !access(made, F_OK));
	assert_string_equal(p.containerd_ns, "mine");
	assert_int_equal(p.restart, LKB_RESTART_ALWAYS);
	assert_true(p.oncreate);
	assert_string_equal(p.bound.items[0], "/x");
	lkb_prepared_undo(&p);
	assert_false(is_mounted(tmp));
	assert_true(is_mounted(outside));
	lkb_prepared_clear(&p);
	/* The second time nothing is mounted on what stayed. */
	assert_int_equal(lkb_prepare(bundle, true, &p, &err), 0);
	assert_int_equal(p.mounted.n, 1);
	lkb_prepared_undo(&p);
	lkb_prepared_clear(&p);
	assert_int_equal(umount(outside), 0);
	assert_false(is_mounted(outside));
}

static void what_cannot_be_prepared_is_undone(void **state)
{
	struct fixture *f = *state;
	lkb_autofree char *tmp = lkb_format("%s/tmp", f->dir.path);
	lkb_autofree char *runtime = lkb_format(
		"{\"mounts\":[{\"destination\":\"%s\",\"type\":\"tmpfs\"},"
		"{\"destination\":\"/tmp\",\"type\":\"nofs\"}]}", tmp);
	lkb_autofree char *want = lkb_format("'%s/runtime.json': cannot mount 'nofs' on '/tmp': "
					     "No such device", f->dir.path);
	lkb_autofree char *word = lkb_format("'%s/runtime.json': restart: 'sometimes' is neither "
					     "no, on-failure nor always", f->dir.path);
	struct lkb_prepared p = {0};
	struct lkb_error err;

	need_root();
	write_file(f, "runtime.json", runtime);
	assert_int_equal(lkb_prepare(f->dir.path, false, &p, &err), -1);
	assert_string_equal(err.message, want);
	assert_false(is_mounted(tmp));
	write_file(f, "runtime.json", "{\"restart\":\"sometimes\"}");
	assert_int_equal(lkb_prepare(f->dir.path, false, &p, &err), -1);
	assert_string_equal(err.message, word);
}

static bool can_write(const struct fixture *f, const char *name)
{
	lkb_autofree char *path = lkb_format("%s/%s", f->dir.path, name);
	lkb_autofd fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd >= 0;
}

static void unmount_volumes(const struct fixture *f)
{
	static const char *const points[] = {"paper/merged", "paper/tmp", "stone/merged",
					     "plain/merged"};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(points); i++) {
		lkb_autofree char *path = lkb_format("%s/%s", f->dir.path, points[i]);

		umount2(path, MNT_DETACH);
	}
}

static void volumes_are_shown_as_they_are_meant(void **state)
{
	static const char *const dirs[] = {
		"paper/lower", "paper/tmp", "paper/merged", "stone/lower", "stone/tmp",
		"stone/merged", "plain/lower", "plain/merged", "broken/lower",
	};
	struct fixture *f = *state;
	lkb_autofree char *lower = lkb_format("%s/paper/lower", f->dir.path);
	lkb_autofree char *merged = lkb_format("%s/paper/merged", f->dir.path);
	struct stat st;
	size_t i;

	need_root();
	for (i = 0; i < LKB_ARRAY_SIZE(dirs); i++)
		make_dir(f, dirs[i]);
	write_file(f, "stone/readonly", "");
	write_file(f, "stone/lower/a", "a");
	write_file(f, "plain/lower/b", "b");
	assert_int_equal(chown(lower, 12, 34), 0);
	assert_int_equal(chmod(lower, 0750), 0);
	lkb_volumes_mount(f->dir.path);
	assert_non_null(strstr(said.s, "volume 'broken' FAILED"));
	assert_null(strstr(said.s, "'stone'"));
	assert_false(can_write(f, "stone/merged/a") || can_write(f, "plain/merged/b"));
	assert_true(can_write(f, "stone/lower/a"));
	if (!strstr(said.s, "'paper' FAILED")) {
		assert_true(can_write(f, "paper/merged/new"));
		assert_int_equal(stat(merged, &st), 0);
		assert_int_equal(st.st_uid, 12);
		assert_int_equal(st.st_gid, 34);
		assert_int_equal(st.st_mode & 07777, 0750);
	}
	unmount_volumes(f);
	/* No directory of volumes, no volumes. */
	lkb_volumes_mount("/no/such/directory");
}

#define WITH_FIXTURE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(a_veth_has_one_end_inside),
		WITH_FIXTURE(other_types_are_made_there_or_here_first),
		WITH_FIXTURE(an_interface_that_is_there_is_moved_and_waited_for),
		cmocka_unit_test(nonsense_is_refused),
		WITH_FIXTURE(the_hook_names_namespaces_that_outlive_the_container),
		WITH_FIXTURE(a_hook_that_fails_leaves_nothing_and_says_why),
		WITH_FIXTURE(mounts_in_the_bundle_go_and_others_stay),
		WITH_FIXTURE(what_cannot_be_prepared_is_undone),
		WITH_FIXTURE(volumes_are_shown_as_they_are_meant),
	};

	lkb_say_to(remember);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
