/* SPDX-License-Identifier: Apache-2.0 */
/* Where containers keep their images, and what they find to mount on. */
#include "test_rootfs_kit.h"

#define ONBOOT "containers/onboot/"

static void a_second_read_only_container_binds_the_first(void **state)
{
	struct kit *k = *state;
	lkb_autorootfs r = { 0 };

	put_app(k, "example/app", "readonly: true");
	build_ok(k, "onboot:\n"
		    "  - {name: a, image: example/app}\n"
		    "  - {name: b, image: example/app, tmpfs: [/only/b]}\n", &r);
	expect_type(r.root, ONBOOT "000-a/rootfs/bin/app", LKB_NODE_FILE);
	/* The union of the mount points is where both look. */
	expect_type(r.root, ONBOOT "000-a/rootfs/only/b", LKB_NODE_DIR);
	assert_int_equal(node(r.root, ONBOOT "001-b/rootfs")->n_entries, 0);
	expect_has(r.root, ONBOOT "000-a/runtime.json",
		   "\"source\": \"/" ONBOOT "000-a/rootfs\"");
	expect_has(r.root, ONBOOT "001-b/runtime.json",
		   "\"destination\": \"/" ONBOOT "001-b/rootfs\"");
	expect_has(r.root, ONBOOT "001-b/runtime.json",
		   "\"source\": \"/" ONBOOT "000-a/rootfs\"");
	expect_gone(r.root, ONBOOT "000-a/tmp");
}

static void a_writable_container_lies_over_a_read_only_ones_image(void **state)
{
	struct kit *k = *state;
	lkb_autorootfs r = { 0 };

	put_app(k, "example/app", NULL);
	build_ok(k, "onboot:\n"
		    "  - {name: a, image: example/app, readonly: true}\n"
		    "  - {name: b, image: example/app}\n", &r);
	expect_gone(r.root, ONBOOT "001-b/lower");
	expect_type(r.root, ONBOOT "001-b/tmp", LKB_NODE_DIR);
	assert_int_equal(node(r.root, ONBOOT "001-b/rootfs")->n_entries, 0);
	expect_has(r.root, ONBOOT "001-b/runtime.json",
		   "\"lowerdir=/" ONBOOT "000-a/rootfs\"");
	expect_has(r.root, ONBOOT "001-b/config.json", "\"readonly\": false");
}

static void a_read_only_container_binds_a_writable_ones_image(void **state)
{
	struct kit *k = *state;
	lkb_autorootfs r = { 0 };

	put_app(k, "example/app", NULL);
	build_ok(k, "onboot:\n"
		    "  - {name: a, image: example/app, tmpfs: [/only/a]}\n"
		    "  - name: b\n"
		    "    image: example/app:latest\n"
		    "    readonly: true\n"
		    "    tmpfs: [/only/b]\n",
		 &r);
	expect_type(r.root, ONBOOT "000-a/lower/bin/app", LKB_NODE_FILE);
	expect_type(r.root, ONBOOT "000-a/lower/only/b", LKB_NODE_DIR);
	expect_gone(r.root, ONBOOT "000-a/lower/only/a"); /* made when it runs */
	expect_has(r.root, ONBOOT "001-b/runtime.json",
		   "\"source\": \"/" ONBOOT "000-a/lower\"");
}

static void two_names_of_one_image_are_stored_once(void **state)
{
	struct kit *k = *state;
	lkb_autorootfs r = { 0 };

	put_app(k, "example/app:1", NULL);
	put_app(k, "example/app:2", NULL);
	build_ok(k, "services:\n"
		    "  - {name: a, image: \"example/app:1\"}\n"
		    "  - {name: b, image: \"example/app:2\"}\n", &r);
	expect_gone(r.root, "containers/services/b/lower");
	expect_has(r.root, "containers/services/b/runtime.json",
		   "\"lowerdir=/containers/services/a/lower\"");
}

static void mount_points_are_of_the_sources_kind(void **state)
{
	static const struct {
		const char *path;
		enum lkb_node_type type;
	} wanted[] = {
		{ "m/dir", LKB_NODE_DIR },       /* a directory of init */
		{ "m/file", LKB_NODE_FILE },     /* a file of init */
		{ "m/spec", LKB_NODE_FILE },     /* a file of the files section */
		{ "m/resolv", LKB_NODE_FILE },   /* a link into /run */
		{ "m/sock", LKB_NODE_FILE },     /* made when the system runs */
		{ "m/tty", LKB_NODE_FILE },
		{ "m/pts", LKB_NODE_DIR },
		{ "m/disk", LKB_NODE_DIR },
		{ "m/sda", LKB_NODE_FILE },
		{ "m/unknown", LKB_NODE_DIR },
		{ "m/tmp", LKB_NODE_DIR },
		{ "run/lock/x", LKB_NODE_DIR },  /* through the image's var/run -> /run */
		{ "real", LKB_NODE_FILE },       /* the image's alias -> real */
		{ "srv/work", LKB_NODE_DIR },    /* cwd */
		{ "box/disk", LKB_NODE_BLOCK },  /* a device */
	};
	struct kit *k = *state;
	lkb_autorootfs r = { 0 };

	put(k, "example/init", NULL, "f 0644 usr/share/file x\n");
	put(k, "example/app", NULL,
	    "f 0755 bin/app x\n"
	    "l var/run /run\n"
	    "l alias real\n");
	build_ok(k, "init: [example/init]\n"
		    "onboot:\n"
		    "  - name: a\n"
		    "    image: example/app\n"
		    "    readonly: true\n"
		    "    cwd: /srv/work\n"
		    "    tmpfs: [/m/tmp]\n"
		    "    devices:\n"
		    "      - {path: /box/disk, type: b, major: 7, minor: 1, mode: \"0660\"}\n"
		    "      - {path: /dev/in-dev, type: c, major: 1, minor: 3, mode: \"0660\"}\n"
		    "    binds:\n"
		    "      - /usr/share:/m/dir\n"
		    "      - /usr/share/file:/m/file\n"
		    "      - /etc/from-spec:/m/spec\n"
		    "      - /etc/resolv.conf:/m/resolv\n"
		    "      - /run/containerd/containerd.sock:/m/sock\n"
		    "      - /dev/ttyS1:/m/tty\n"
		    "      - /dev/pts:/m/pts\n"
		    "      - /dev/disk/by-id:/m/disk\n"
		    "      - /dev/sda:/m/sda\n"
		    "      - /srv/later:/m/unknown\n"
		    "      - /srv/later:/var/run/lock/x\n"
		    "      - /etc/from-spec:/alias\n"
		    "      - /dev/sda:/dev/sdb\n"
		    "files: [{path: etc/from-spec, contents: x}]\n", &r);
	for (size_t i = 0; i < LKB_ARRAY_SIZE(wanted); i++) {
		lkb_autofree char *path = lkb_format(ONBOOT "000-a/rootfs/%s", wanted[i].path);

		expect_type(r.root, path, wanted[i].type);
	}
	/* Below another mount nothing is needed. */
	expect_gone(r.root, ONBOOT "000-a/rootfs/dev/sdb");
	expect_gone(r.root, ONBOOT "000-a/rootfs/sys/fs");
	expect_gone(r.root, ONBOOT "000-a/rootfs/dev/in-dev");
	/* and what links lead to is not made in the system's own root */
	expect_gone(r.root, "run/lock");
}

static void expect_failure(struct kit *k, const char *yaml, const char *message)
{
	lkb_auto(lkb_spec) spec = parse(yaml);
	struct lkb_rootfs r = { 0 };
	struct lkb_error err = { 0 };

	assert_int_equal(-1, build(k, spec, &r, &err));
	assert_string_equal(err.message, message);
	assert_int_equal(err.kind, LKB_INPUT);
	assert_string_equal(err.file, "test.yml");
	assert_int_not_equal(err.line, 0);
	assert_null(r.root);
}

static void faults_name_the_container_and_the_place(void **state)
{
	struct kit *k = *state;

	put_app(k, "example/app", NULL);
	put(k, "example/bad-label", "capabilities: [CAP_NOPE]", "f 0755 bin/app x\n");
	put(k, "example/loop", NULL,
	    "l a b\n"
	    "l b a\n");
	expect_failure(k, "onboot:\n"
			  "  - {name: x, image: example/app, readonly: true, tmpfs: [/bin/app]}\n",
		       "onboot[0] 'x': mount point '/bin/app' has to be a directory, but the image "
		       "has a file there");
	expect_failure(k, "onboot: [{name: x, image: example/loop, readonly: true, tmpfs: [/a]}]\n",
		       "onboot[0] 'x': mount point '/a' is a loop of links in the image");
	expect_failure(k, "services: [{name: x, image: example/app, hostname: h}]\n",
		       "services[0] 'x': hostname 'h' would be the whole system's");
}

static void what_image_builders_leave_behind_is_gone(void **state)
{
	struct kit *k = *state;
	lkb_autorootfs r = { 0 };

	put(k, "example/app", NULL,
	    "f 0755 .dockerenv\n"
	    "f 0644 Dockerfile\n"
	    "f 0644 etc/hostname builder\n"
	    "f 0644 etc/hosts builder\n"
	    "l etc/resolv.conf /somewhere/else\n"
	    "l etc/mtab /proc/self/mounts\n"
	    "f 0600 dev/console\n"
	    "f 0600 dev/null\n"
	    "f 0600 dev/shm/x\n");
	build_ok(k, "services: [{name: a, image: example/app}]\n", &r);
	expect_gone(r.root, "containers/services/a/lower/.dockerenv");
	expect_gone(r.root, "containers/services/a/lower/Dockerfile");
	expect_gone(r.root, "containers/services/a/lower/etc/hostname");
	expect_gone(r.root, "containers/services/a/lower/dev/console");
	expect_gone(r.root, "containers/services/a/lower/dev/shm/x");
	expect_type(r.root, "containers/services/a/lower/dev/shm", LKB_NODE_DIR);
	expect_type(r.root, "containers/services/a/lower/dev/null", LKB_NODE_FILE);
	expect_has(r.root, "containers/services/a/lower/etc/hosts", "127.0.0.1\tlocalhost\n");
	expect_contents(r.root, "containers/services/a/lower/etc/resolv.conf",
			"# no name server is configured\n");
	assert_string_equal(node(r.root, "containers/services/a/lower/etc/mtab")->target,
			    "/proc/self/mounts");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
		TEST(a_second_read_only_container_binds_the_first),
		TEST(a_writable_container_lies_over_a_read_only_ones_image),
		TEST(a_read_only_container_binds_a_writable_ones_image),
		TEST(two_names_of_one_image_are_stored_once),
		TEST(mount_points_are_of_the_sources_kind),
		TEST(faults_name_the_container_and_the_place),
		TEST(what_image_builders_leave_behind_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
