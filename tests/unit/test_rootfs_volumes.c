/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes, the merged spec as a file, and microcode. */
#include "rootfs/oci/export.h"
#include "test_rootfs_kit.h"

#define VOLUMES "containers/volumes/"

static const char shared[] =
	"services:\n"
	"  - name: app\n"
	"    image: example/app\n"
	"    binds: [\"logs:/var/log\", \"page:/srv/page:ro\"]\n"
	"    mounts: [{type: bind, source: page, destination: /again, options: [ro]}]\n"
	"    runtime:\n"
	"      mounts: [{type: bind, source: logs, destination: /run/logs, options: [bind]}]\n"
	"volumes:\n"
	"  - {name: logs}\n"
	"  - {name: page, image: example/page, readonly: true}\n"
	"  - {name: work, image: example/page}\n";

static void volumes_have_the_places_that_init_mounts(void **state)
{
	struct kit *k = *state;
	lkb_autorootfs r = { 0 };

	put_app(k, "example/app", NULL);
	put(k, "example/page", NULL,
	    "d 0750:33 .\n"
	    "f 0644 index.html hello\n"
	    "f 0600 etc/hosts own\n");
	build_ok(k, shared, &r);
	expect_type(r.root, VOLUMES "logs/lower", LKB_NODE_DIR);
	expect_type(r.root, VOLUMES "logs/tmp", LKB_NODE_DIR);
	expect_type(r.root, VOLUMES "logs/merged", LKB_NODE_DIR);
	assert_int_equal(node(r.root, VOLUMES "logs/lower")->n_entries, 0);
	expect_gone(r.root, VOLUMES "logs/readonly");
	expect_contents(r.root, VOLUMES "page/readonly", "");
	expect_gone(r.root, VOLUMES "work/readonly");
	/* the image's files, and nothing else */
	expect_contents(r.root, VOLUMES "page/lower/index.html", "hello");
	expect_contents(r.root, VOLUMES "page/lower/etc/hosts", "own");
	assert_int_equal(node(r.root, VOLUMES "page/lower")->n_entries, 2);
	assert_int_equal(node(r.root, VOLUMES "page/lower")->meta.mode, 0750);
	assert_int_equal(node(r.root, VOLUMES "page/lower")->meta.uid, 33);
	assert_string_equal(node(r.root, VOLUMES "page/lower/index.html")->source,
			    "docker.io/example/page:latest");
}

static void containers_bind_volumes_by_name(void **state)
{
	static const char config[] = "containers/services/app/config.json";
	struct kit *k = *state;
	lkb_autorootfs r = { 0 };

	put_app(k, "example/app", NULL);
	put(k, "example/page", NULL, "f 0644 index.html hello\n");
	build_ok(k, shared, &r);
	expect_has(r.root, config, "\"source\": \"/" VOLUMES "logs/merged\"");
	expect_has(r.root, config, "\"source\": \"/" VOLUMES "page/lower\"");
	expect_has(r.root, "containers/services/app/runtime.json",
		   "\"source\": \"/" VOLUMES "logs/merged\"");
}

/* Where a container is read-only, its mount points are made when the image is. */
static void a_volume_is_a_directory_to_mount_on(void **state)
{
	struct kit *k = *state;
	lkb_autorootfs r = { 0 };

	put_app(k, "example/app", NULL);
	build_ok(k, "onboot:\n"
		    "  - {name: a, image: example/app, readonly: true, binds: [\"v:/m/x.conf\"]}\n"
		    "volumes: [{name: v}]\n", &r);
	expect_type(r.root, "containers/onboot/000-a/rootfs/m/x.conf", LKB_NODE_DIR);
}

static void a_label_cannot_write_to_a_read_only_volume(void **state)
{
	struct kit *k = *state;
	lkb_auto(lkb_spec) spec = NULL;
	struct lkb_rootfs r = { 0 };
	struct lkb_error err = { 0 };

	put_app(k, "example/app", "binds: [\"v:/v\"]");
	spec = parse("onboot: [{name: a, image: example/app}]\n"
		     "volumes: [{name: v, readonly: true}]\n");
	assert_int_equal(-1, build(k, spec, &r, &err));
	assert_string_equal(err.message, "onboot[0] 'a': the bind would write to volume 'v', which "
			    "is read-only");
	assert_string_equal(err.hint, "add the option 'ro'");
	assert_int_equal(err.line, 1);
}

static void files_may_go_into_a_volume(void **state)
{
	struct kit *k = *state;
	lkb_autorootfs r = { 0 };

	build_ok(k, "volumes: [{name: v}]\n"
		    "files: [{path: " VOLUMES "v/lower/motd, contents: hi}]\n", &r);
	expect_contents(r.root, VOLUMES "v/lower/motd", "hi");
}

static void a_volume_may_hold_images_as_a_layout(void **state)
{
	struct kit *k = *state;
	lkb_autorootfs r = { 0 }, two = { 0 };
	lkb_autofree char *index = NULL;
	const char *again;

	put_app(k, "example/app:1", NULL);
	build_ok(k, "volumes: [{name: v, image: \"example/app:1\", format: oci}]\n", &r);
	expect_has(r.root, VOLUMES "v/lower/oci-layout", "\"imageLayoutVersion\":\"1.0.0\"");
	expect_has(r.root, VOLUMES "v/lower/index.json", "\"docker.io/example/app:1\"");
	expect_type(r.root, VOLUMES "v/lower/blobs/sha256", LKB_NODE_DIR);
	assert_int_equal(node(r.root, VOLUMES "v/lower/blobs/sha256")->n_entries, 3);
	/* the same image for another platform: the same reference, another manifest */
	put_for(k, "example/app:1", "amd64", "f 0755 bin/app other\n");
	build_ok(k, "volumes: [{name: v, image: \"example/app:1\", format: oci,\n"
		    "           platforms: [linux/amd64, linux/arm64/v8, linux/arm64]}]\n", &two);
	index = contents(two.root, VOLUMES "v/lower/index.json");
	assert_non_null(strstr(index, "\"amd64\""));
	again = strstr(index, "\"arm64\"");
	assert_non_null(again);
	assert_null(strstr(again + 1, "\"arm64\""));
}

/* An image that the board itself cannot run, and one that an archive brings. */
static void a_layout_may_hold_what_is_not_for_the_board(void **state)
{
	static const char yaml[] = "volumes: [{name: v, image: \"example/app:1\", format: oci,\n"
				   "           platforms: [linux/amd64]}]\n";
	const char *const ref = "example/app:1";
	struct lkb_export e = { .refs = &ref, .n_refs = 1 };
	struct kit *k = *state;
	lkb_autofree char *dir = lkb_format("%s/layout", k->tmp.path), *blob = NULL;
	lkb_autorootfs r = { 0 }, other = { 0 };
	lkb_auto(lkb_image) input = NULL;
	lkb_auto(lkb_tree) t = NULL;

	put_for(k, ref, "amd64", "f 0755 bin/app input\n");
	OK(lkb_export_tree(k->store, &e, &t, err));
	OK(lkb_export_dir(t, dir, err));
	OK(lkb_store_resolve(k->store, ref, &(struct lkb_platform){ "amd64", "" }, &input, err));
	blob = lkb_format(VOLUMES "v/lower/blobs/sha256/%s", lkb_sha256_text(&input->manifest).s);
	put_for(k, ref, "amd64", "f 0755 bin/app store\n");
	build_ok(k, yaml, &r);
	expect_has(r.root, VOLUMES "v/lower/index.json", "\"amd64\"");
	expect_gone(r.root, blob);
	OK(lkb_store_add_input(k->store, dir, NULL, err));
	build_ok(k, yaml, &other);
	expect_type(other.root, blob, LKB_NODE_FILE);
}

/* LinuxKit's own example mounts a writable copy of the system's /etc into a container. */
static void init_mounts_into_a_containers_root(void **state)
{
	static const char yaml[] =
		"onboot:\n"
		"  - name: a\n"
		"    image: example/app\n"
		"    readonly: true\n"
		"    runtime:\n"
		"      mkdir: [made/dir]\n"
		"      mounts:\n"
		"        - {type: overlay, source: overlay, destination: host-etc,\n"
		"           options: [lowerdir=/etc, upperdir=/run/u, workdir=/run/w]}\n"
		"        - {type: bind, source: /etc/hosts, destination: box/hosts}\n"
		"        - {type: bind, source: init, destination: data}\n"
		"volumes: [{name: init}]\n"
		"files: [{path: init, contents: program}]\n";
	struct kit *k = *state;
	lkb_auto(lkb_spec) spec = parse(yaml);
	lkb_autorootfs r = { 0 };
	struct lkb_rootfs none = { 0 };
	struct lkb_error err = { 0 };

	put_app(k, "example/app", NULL);
	build_ok(k, yaml, &r);
	expect_has(r.root, "containers/onboot/000-a/runtime.json",
		   "\"destination\": \"/containers/onboot/000-a/rootfs/host-etc\"");
	expect_has(r.root, "containers/onboot/000-a/runtime.json",
		   "\"/containers/onboot/000-a/rootfs/made/dir\"");
	expect_type(r.root, "containers/onboot/000-a/rootfs/host-etc", LKB_NODE_DIR);
	expect_type(r.root, "containers/onboot/000-a/rootfs/made/dir", LKB_NODE_DIR);
	expect_type(r.root, "containers/onboot/000-a/rootfs/box/hosts", LKB_NODE_FILE);
	/* the volume, not the root's /init */
	expect_type(r.root, "containers/onboot/000-a/rootfs/data", LKB_NODE_DIR);
	put(k, "example/app", NULL,
	    "f 0755 bin/app program\n"
	    "l box /etc\n");
	assert_int_equal(-1, build(k, spec, &none, &err));
	assert_string_equal(err.message, "onboot[0] 'a': runtime.mounts[1]: 'box' is a link to "
			    "'/etc' in the image");
}

static void services_are_restarted_as_the_spec_says(void **state)
{
	struct kit *k = *state;
	lkb_autorootfs r = { 0 };
	lkb_autofree char *once = NULL;

	put_app(k, "example/app", NULL);
	build_ok(k, "onboot: [{name: a, image: example/app}]\n"
		    "services:\n"
		    "  - {name: a, image: example/app}\n"
		    "  - {name: b, image: example/app}\n"
		    "lkboard: {restart: {a: always, b: \"no\"}}\n", &r);
	expect_has(r.root, "containers/services/a/runtime.json", "\"restart\": \"always\"");
	once = contents(r.root, "containers/services/b/runtime.json");
	assert_null(strstr(once, "restart"));
	free(once);
	once = contents(r.root, "containers/onboot/000-a/runtime.json");
	assert_null(strstr(once, "restart"));
}

static const char everything[] =
	"kernel: {image: example/kernel, cmdline: \"console=ttyS0 x='1 2'\", tar: none}\n"
	"init: [example/init]\n"
	"onboot:\n"
	"  - name: a\n"
	"    image: example/app\n"
	"    command: [/bin/app, \"yes\", \"1\", \"a: b\", \"\", \"two\\nlines\\n\", \"t\\ta\"]\n"
	"    uid: a\n"
	"    gid: 12\n"
	"    readonly: true\n"
	"    devices: [{path: /dev/x, type: c, major: 1, minor: 3, mode: \"0660\"}]\n"
	"    resources: {memory: {limit: -1}, hugepageLimits: [{pageSize: 2MB, limit: 0}]}\n"
	"    sysctl: {net.ipv4.ip_forward: \"1\"}\n"
	"volumes: [{name: v, image: example/app, readonly: true}]\n"
	"files:\n"
	"  - {path: etc/as.yml, metadata: yaml}\n"
	"  - {path: etc/as.json, metadata: json, mode: 0644}\n"
	"  - {path: etc/text, contents: \"line\\n\"}\n"
	"trust: {org: [library]}\n"
	"outputs: [{format: tar}]\n"
	"lkboard: {version: \"1.0\", slot_size: 64MiB, restart: {}}\n";

/* Both formats are read again, and then say the same. */
static void metadata_is_the_spec_itself(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *yaml = NULL, *json = NULL, *again = NULL, *again_json = NULL;
	lkb_autorootfs r = { 0 }, r2 = { 0 }, r3 = { 0 };

	put_app(k, "example/app", NULL);
	put(k, "example/init", NULL, "f 0755 init x\n");
	put(k, "example/kernel", NULL, "f 0644 kernel KERNEL\n");
	build_ok(k, everything, &r);
	yaml = contents(r.root, "etc/as.yml");
	json = contents(r.root, "etc/as.json");
	assert_non_null(strstr(yaml, "image: \"docker.io/example/kernel:latest\""));
	assert_non_null(strstr(yaml, "- \"yes\""));
	assert_null(strstr(yaml, "trust"));
	build_ok(k, yaml, &r2);
	again = contents(r2.root, "etc/as.yml");
	assert_string_equal(again, yaml);
	build_ok(k, json, &r3);
	again_json = contents(r3.root, "etc/as.json");
	assert_string_equal(again_json, json);
	free(again);
	again = contents(r3.root, "etc/as.yml");
	assert_string_equal(again, yaml);
}

static const char with_ucode[] = "kernel: {image: example/kernel, tar: none, ucode: ucode.cpio}\n";

static void microcode_is_for_amd64(void **state)
{
	struct kit *k = *state;
	lkb_auto(lkb_spec) spec = NULL;
	lkb_autorootfs r = { 0 }, other = { 0 };
	struct lkb_rootfs none = { 0 };
	struct lkb_error err = { 0 };

	put(k, "example/kernel", NULL,
	    "f 0644 kernel KERNEL\n"
	    "f 0644 ucode.cpio 070701...\n");
	build_ok(k, with_ucode, &other);
	assert_null(other.ucode.blob);
	k->arch = "amd64";
	build_ok(k, with_ucode, &r);
	assert_int_equal(r.ucode.len, 9);
	put(k, "example/kernel", NULL,
	    "f 0644 kernel KERNEL\n"
	    "f 0644 ucode.cpio gzip\n");
	spec = parse(with_ucode);
	assert_int_equal(-1, build(k, spec, &none, &err));
	assert_string_equal(err.message, "'ucode.cpio' of kernel image "
			    "'docker.io/example/kernel:latest' (kernel.ucode) is no cpio archive");
	put(k, "example/kernel", NULL, "f 0644 kernel KERNEL\n");
	assert_int_equal(-1, build(k, spec, &none, &err));
	assert_string_equal(err.message, "kernel image 'docker.io/example/kernel:latest' has no "
			    "file 'ucode.cpio' (kernel.ucode)");
}

/* A board's is for specs that say nothing, and for kernels that have it. */
static void a_board_may_name_microcode(void **state)
{
	static const char silent[] = "kernel: {image: example/kernel, tar: none}\n";
	static const char none[] = "kernel: {image: example/kernel, tar: none, ucode: \"\"}\n";
	static const char own[] = "kernel: {image: example/kernel, tar: none, ucode: own.cpio}\n";
	struct kit *k = *state;
	struct lkb_rootfs r[5] = { 0 };

	k->arch = "amd64";
	k->ucode = "ucode.cpio";
	put(k, "example/kernel", NULL, "f 0644 kernel KERNEL\n");
	build_ok(k, silent, &r[0]);
	assert_null(r[0].ucode.blob);
	put(k, "example/kernel", NULL,
	    "f 0644 kernel KERNEL\n"
	    "f 0644 own.cpio 070701.\n"
	    "f 0644 ucode.cpio 070701...\n");
	build_ok(k, silent, &r[1]);
	assert_int_equal(r[1].ucode.len, 9);
	build_ok(k, none, &r[2]);
	assert_null(r[2].ucode.blob);
	build_ok(k, own, &r[3]);
	assert_int_equal(r[3].ucode.len, 7);
	k->arch = "arm64";
	build_ok(k, silent, &r[4]);
	assert_null(r[4].ucode.blob);
	for (size_t i = 0; i < 5; i++)
		lkb_rootfs_clear(&r[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
		TEST(volumes_have_the_places_that_init_mounts),
		TEST(containers_bind_volumes_by_name),
		TEST(a_volume_is_a_directory_to_mount_on),
		TEST(a_label_cannot_write_to_a_read_only_volume),
		TEST(files_may_go_into_a_volume),
		TEST(a_volume_may_hold_images_as_a_layout),
		TEST(a_layout_may_hold_what_is_not_for_the_board),
		TEST(init_mounts_into_a_containers_root),
		TEST(services_are_restarted_as_the_spec_says),
		TEST(metadata_is_the_spec_itself),
		TEST(microcode_is_for_amd64), TEST(a_board_may_name_microcode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
