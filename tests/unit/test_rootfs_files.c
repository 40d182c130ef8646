/* SPDX-License-Identifier: Apache-2.0 */
/* The files section. */
#include "test_rootfs_kit.h"

static void parents_do_not_take_the_mode_of_the_file(void **state)
{
	struct kit *k = *state;
	lkb_autorootfs r = { 0 };

	put(k, "example/init", NULL,
	    "d 0755 etc\n"
	    "d 0750:7 srv\n");
	build_ok(k, "init: [example/init]\n"
		    "services: [{name: app, image: example/init, command: [/x]}]\n"
		    "files:\n"
		    "  - {path: etc/secret, contents: s}\n"
		    "  - {path: new/dir/key, contents: k, uid: app, gid: app}\n"
		    "  - {path: /srv/./x, contents: \"\", mode: \"0644\"}\n"
		    "  - {path: var/box, directory: true}\n"
		    "  - {path: var/open, directory: true, mode: \"1777\"}\n", &r);
	assert_int_equal(node(r.root, "etc")->meta.mode, 0755);
	assert_int_equal(node(r.root, "etc/secret")->meta.mode, 0600);
	assert_int_equal(node(r.root, "new")->meta.mode, 0755);
	assert_int_equal(node(r.root, "new/dir")->meta.mode, 0755);
	assert_int_equal(node(r.root, "new/dir")->meta.uid, 0);
	assert_int_equal(node(r.root, "new/dir/key")->meta.uid, 100);
	assert_int_equal(node(r.root, "new/dir/key")->meta.gid, 100);
	assert_int_equal(node(r.root, "srv")->meta.mode, 0750);
	assert_int_equal(node(r.root, "srv")->meta.uid, 7);
	assert_int_equal(node(r.root, "srv/x")->data.len, 0);
	assert_int_equal(node(r.root, "var/box")->meta.mode, 0700);
	assert_int_equal(node(r.root, "var/open")->meta.mode, 01777);
}

static void paths_are_resolved_inside_the_root(void **state)
{
	struct kit *k = *state;
	lkb_autorootfs r = { 0 };

	put(k, "example/init", NULL,
	    "d 0755 usr/etc\n"
	    "l etc2 /usr/etc\n"
	    "l up ../../../../usr\n");
	build_ok(k, "init: [example/init]\n"
		    "files:\n"
		    "  - {path: etc2/a, contents: a}\n"
		    "  - {path: up/b, contents: b}\n"
		    "  - {path: usr/link, symlink: /nowhere}\n", &r);
	expect_contents(r.root, "usr/etc/a", "a");
	expect_contents(r.root, "usr/b", "b");
	assert_string_equal(node(r.root, "usr/link")->target, "/nowhere");
	assert_string_equal(node(r.root, "usr/b")->source, "files[1]");
}

static void settings_have_files_to_be_mounted_over(void **state)
{
	static const char init[] = "init: [example/init]\n";
	struct kit *k = *state;
	lkb_autorootfs none = { 0 }, fresh = { 0 }, own = { 0 }, linked = { 0 };

	put(k, "example/init", NULL, "d 0755 etc\n");
	build_ok(k, init, &none);
	assert_null(lkb_tree_lookup(none.root, "root/.ssh", false));
	k->settings = true;
	build_ok(k, init, &fresh);
	assert_int_equal(node(fresh.root, "root/.ssh")->meta.mode, 0700);
	assert_int_equal(node(fresh.root, "root/.ssh/authorized_keys")->meta.mode, 0600);
	expect_contents(fresh.root, "root/.ssh/authorized_keys", "");
	expect_contents(fresh.root, "etc/wpa_supplicant/wpa_supplicant.conf", "");
	build_ok(k, "init: [example/init]\n"
		    "files:\n"
		    "  - {path: root/.ssh, directory: true, mode: \"0750\"}\n"
		    "  - {path: root/.ssh/authorized_keys, contents: mine, mode: \"0640\"}\n", &own);
	assert_int_equal(node(own.root, "root/.ssh")->meta.mode, 0750);
	assert_int_equal(node(own.root, "root/.ssh/authorized_keys")->meta.mode, 0640);
	expect_contents(own.root, "root/.ssh/authorized_keys", "mine");
	build_ok(k, "init: [example/init]\n"
		    "files:\n"
		    "  - {path: root/.ssh, symlink: /var/lib/data/ssh}\n", &linked);
	assert_string_equal(node(linked.root, "root/.ssh")->target, "/var/lib/data/ssh");
	assert_null(lkb_tree_lookup(linked.root, "var/lib/data/ssh", false));
}

static void sources_are_files_of_the_host(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *path = lkb_format("%s/source", k->tmp.path);
	lkb_autofree char *yaml =
		lkb_format("files:\n"
			   "  - {path: a, source: %s, mode: \"0755\"}\n"
			   "  - {path: b, source: %s.none, optional: true}\n", path, path);
	lkb_autorootfs r = { 0 };

	OK(lkb_write_file(path, "data", 4, 0600, err));
	build_ok(k, yaml, &r);
	expect_contents(r.root, "a", "data");
	assert_int_equal(node(r.root, "a")->meta.mode, 0755);
	assert_int_equal(node(r.root, "a")->meta.mtime, EPOCH);
	expect_gone(r.root, "b");
}

static void files_win_over_init_and_containers(void **state)
{
	struct kit *k = *state;
	lkb_autorootfs r = { 0 };

	put(k, "example/init", NULL, "f 0644 etc/motd image\n");
	put(k, "example/app", NULL,
	    "f 0755 bin/app x\n"
	    "f 0644 etc/app.conf image\n"
	    "l conf /etc\n");
	build_ok(k, "init: [example/init]\n"
		    "services: [{name: a, image: example/app}]\n"
		    "files:\n"
		    "  - {path: ./containers/services/a/lower/etc/app.conf, contents: spec}\n"
		    "  - {path: etc/motd, contents: spec}\n"
		    "  - {path: etc/hostname, contents: mine}\n"
		    "  - {path: etc/hosts, contents: mine}\n", &r);
	expect_contents(r.root, "containers/services/a/lower/etc/app.conf", "spec");
	expect_contents(r.root, "etc/motd", "spec");
	expect_contents(r.root, "etc/hostname", "mine");
	expect_contents(r.root, "etc/hosts", "mine");
}

static void what_goes_to_boot_is_for_the_boot_loader(void **state)
{
	struct kit *k = *state;
	lkb_autorootfs r = { 0 };

	build_ok(k, "files: [{path: boot/extra.txt, contents: x}]\n", &r);
	expect_gone(r.root, "boot");
	expect_contents(r.boot, "extra.txt", "x");
}

static void expect_failure(struct kit *k, const char *yaml, const char *message, unsigned line)
{
	lkb_auto(lkb_spec) spec = parse(yaml);
	struct lkb_rootfs r = { 0 };
	struct lkb_error err = { 0 };

	assert_int_equal(-1, build(k, spec, &r, &err));
	if (!lkb_starts_with(err.message, message))
		fail_msg("'%s' is not the start of '%s'", message, err.message);
	assert_string_equal(err.file, "test.yml");
	assert_int_equal(err.line, line);
	assert_null(r.root);
}

static void faults_say_which_file_and_where(void **state)
{
	struct kit *k = *state;

	expect_failure(k, "files:\n"
			  "  - {path: etc/a, contents: a}\n"
			  "  - {path: etc/a/b, contents: b}\n",
		       "files[1] 'etc/a/b': path 'etc/a/b': something on the way is not a "
		       "directory",
		       3);
	expect_failure(k, "files: [{path: a, source: /nowhere/at/all}]\n",
		       "files[0] 'a': ", 1);
	expect_failure(k, "files: [{path: a, source: /proc}]\n", "files[0] 'a': ", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
		TEST(parents_do_not_take_the_mode_of_the_file),
		TEST(paths_are_resolved_inside_the_root),
		TEST(settings_have_files_to_be_mounted_over),
		TEST(sources_are_files_of_the_host),
		TEST(files_win_over_init_and_containers),
		TEST(what_goes_to_boot_is_for_the_boot_loader),
		TEST(faults_say_which_file_and_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
