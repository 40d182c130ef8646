/* SPDX-License-Identifier: Apache-2.0 */
/* A plan carried out: which files appear, when, and what build.json says of them. */
#include <signal.h>
#include <sys/resource.h>

#include "tests/unit/test_plan_kit.h"

#define ALL "box-rpi3.bmap box-rpi3.build.json box-rpi3.img box-rpi3.map box-rpi3.sbom.spdx.json"

static int build(struct lkb_artifacts *made, bool force)
{
	lkb_auto(lkb_plan) p = plan();
	struct lkb_plan_out out = {.dir = in_dir("out"), .force = force};

	return lkb_plan_run(p, &out, made, &err);
}

static void build_ok(void)
{
	lkb_autoartifacts made = {0};

	OK(build(&made, false));
}

static void expect_outputs(const char *names)
{
	lkb_autofree char *is = outputs();

	assert_string_equal(is, names);
}

static json_t *record(const char *name)
{
	lkb_autofree char *path = lkb_format("out/%s", name);
	lkb_autofree char *text = slurp(in_dir(path));
	json_t *root = NULL;

	OK(lkb_json_parse(text, strlen(text), name, &root, &err));
	return root;
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	if (!text)
		fail_msg("there is no text '%s'", key);
	return text;
}

static void expect_digest(const char *path, const char *digest)
{
	lkb_autofree char *text = NULL;
	struct lkb_sha256 d;
	size_t n;

	OK(lkb_read_file(path, 1 << 24, &text, &n, &err));
	d = lkb_sha256(text, n);
	assert_true(lkb_starts_with(digest, "sha256:"));
	assert_string_equal(digest + strlen("sha256:"), lkb_sha256_text(&d).s);
}

static void artifacts_have_size_and_digest(void **state)
{
	lkb_autoartifacts made = {0};
	struct stat st;
	size_t i;

	settle(SPEC);
	OK(build(&made, false));
	expect_outputs(ALL);
	assert_int_equal(made.n, 5);
	assert_true(lkb_starts_with(made.items[0].digest, "map-sha256:"));
	assert_string_equal(made.items[0].digest + 4, made.items[1].digest);
	for (i = 0; i < made.n; i++) {
		assert_int_equal(stat(made.items[i].path, &st), 0);
		assert_int_equal(st.st_size, made.items[i].bytes);
		if (i)
			expect_digest(made.items[i].path, made.items[i].digest);
	}
}

static void a_whole_file_digest_is_the_files(void **state)
{
	const char *argv[] = {"sha256sum", in_dir("out/box-rpi3.img"), NULL};
	lkb_auto(lkb_plan) p = NULL;
	struct lkb_plan_out out = {.dir = in_dir("out"), .sha256 = true};
	lkb_autoartifacts made = {0};
	lkb_autostr text = {0};

	settle(SPEC);
	p = plan();
	OK(lkb_plan_run(p, &out, &made, &err));
	OK(lkb_proc_run(&(struct lkb_proc){.argv = argv}, &text, &err));
	assert_memory_equal(made.items[0].digest, "map-sha256:", 11);
	assert_memory_equal(made.items[0].whole, "sha256:", 7);
	assert_memory_equal(made.items[0].whole + 7, text.s, LKB_SHA256_HEX);
}

static void build_json_names_every_input_and_output(void **state)
{
	lkb_autojson root = NULL;
	lkb_autofree char *text = NULL;
	const json_t *list, *item;
	size_t i;

	make(in_dir("motd"), "from this machine");
	settle(SPEC "files:\n  - path: etc/motd\n    source: motd\n  - path: etc/x\n    contents: x\n");
	build_ok();
	root = record("box-rpi3.build.json");
	assert_string_equal(text_of(root, "name"), "box");
	assert_string_equal(text_of(root, "board"), "rpi3");
	item = json_array_get(json_object_get(root, "formats"), 0);
	assert_string_equal(text_of(item, "name"), "sd");
	assert_string_equal(text_of(item, "root"), "disk");
	assert_int_equal(json_array_size(json_object_get(item, "partitions")), 4);
	assert_int_equal(json_integer_value(json_object_get(root, "epoch")), CREATED);
	list = json_object_get(root, "specs");
	assert_int_equal(json_array_size(list), 1);
	item = json_array_get(list, 0);
	assert_string_equal(text_of(item, "file"), "box.yml");
	expect_digest(in_dir("box.yml"), text_of(item, "digest"));
	list = json_object_get(root, "files");
	assert_int_equal(json_array_size(list), 1);
	item = json_array_get(list, 0);
	assert_string_equal(text_of(item, "path"), "etc/motd");
	expect_digest(in_dir("motd"), text_of(item, "digest"));
	list = json_object_get(root, "images");
	assert_int_equal(json_array_size(list), 5);
	json_array_foreach(list, i, item)
		assert_string_equal(text_of(item, "platform"), "linux/arm64");
	list = json_object_get(root, "outputs");
	assert_int_equal(json_array_size(list), 4);
	expect_digest(in_dir("out/box-rpi3.bmap"), text_of(json_array_get(list, 2), "digest"));
	assert_int_equal(json_array_size(json_object_get(root, "overlays")), 0);
	/* Nothing says where it was built. */
	text = slurp(in_dir("out/box-rpi3.build.json"));
	assert_null(strstr(text, dir.path));
}

/* An overlay that sets a property of the root, made with libfdt alone. */
static size_t make_overlay(char *buf, size_t size)
{
	int fragment, node;

	assert_int_equal(fdt_create_empty_tree(buf, (int)size), 0);
	fragment = fdt_add_subnode(buf, 0, "fragment@0");
	assert_int_equal(fdt_setprop_string(buf, fragment, "target-path", "/"), 0);
	node = fdt_add_subnode(buf, fragment, "__overlay__");
	assert_int_equal(fdt_setprop_string(buf, node, "overlaid", "yes"), 0);
	return fdt_totalsize(buf);
}

static void overlays_are_applied_and_recorded(void **state)
{
	lkb_auto(lkb_plan) p = NULL;
	lkb_autojson root = NULL;
	char overlay[1024], *dtb = NULL;
	const struct lkb_inode *node;
	const json_t *list;
	size_t n;

	make_bytes(in_dir("o.dtbo"), overlay, make_overlay(overlay, sizeof(overlay)));
	settle(SPEC "lkboard: {overlays: [o.dtbo]}\n");
	p = plan();
	node = lkb_tree_lookup(p->products[0].boot, "bcm2710-rpi-3-b.dtb", false);
	assert_non_null(node);
	OK(lkb_data_read_all(&node->data, 1 << 20, &dtb, &n, &err));
	assert_string_equal(fdt_getprop(dtb, 0, "overlaid", NULL), "yes");
	assert_string_equal(fdt_getprop(dtb, 0, "model", NULL),
			    "boot/dtb/broadcom/bcm2837-rpi-3-b.dtb");
	free(dtb);
	build_ok();
	root = record("box-rpi3.build.json");
	list = json_object_get(root, "overlays");
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(text_of(json_array_get(list, 0), "file"), "o.dtbo");
	expect_digest(in_dir("o.dtbo"), text_of(json_array_get(list, 0), "digest"));
}

static void the_same_input_gives_the_same_bytes(void **state)
{
	lkb_autofree char *first = NULL, *second = NULL;

	settle(SPEC);
	build_ok();
	first = slurp(in_dir("out/box-rpi3.build.json"));
	kit.in.jobs = 3;
	settle(SPEC);
	build_ok(); /* over its own files */
	second = slurp(in_dir("out/box-rpi3.build.json"));
	assert_string_equal(first, second);
}

static void files_of_another_build_are_guarded(void **state)
{
	lkb_autoartifacts made = {0};
	const char *other = in_dir("out/box-other.build.json");

	settle(SPEC);
	make(other, "{\"board\": \"other\", \"outputs\": [{\"file\": \"box-rpi3.map\"}]}");
	build_ok(); /* the file it names is not there */
	FAILS(build(&made, false), LKB_REFUSED, "box-rpi3.map' was made by another build "
	      "('box-other.build.json')", "--force");
	OK(build(&made, true));
	/* A record that is none says nothing. */
	make(other, "{\"outputs\": 5}");
	build_ok();
	make(other, "not JSON");
	build_ok();
	assert_int_equal(unlink(other), 0);
	assert_int_equal(mkfifo(other, 0600), 0);
	alarm(60);
	build_ok();
	alarm(0);
}

/* The map's place is taken by a directory: that is found after the image was written. */
static void no_file_appears_without_the_others(void **state)
{
	lkb_autoartifacts made = {0};

	settle(SPEC);
	assert_int_equal(mkdir(in_dir("out/box-rpi3.bmap"), 0755), 0);
	FAILS(build(&made, false), LKB_IO, "box-rpi3.bmap' is there and is no regular file", "");
	assert_int_equal(made.n, 0);
	expect_outputs("box-rpi3.bmap");
}

static int build_with_a_limit(void)
{
	const struct rlimit limit = {30 << 20, 30 << 20};
	lkb_autoartifacts made = {0};

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit))
		return 2;
	return build(&made, false) == -1 && err.kind == LKB_IO && strstr(err.hint, "ulimit") ? 0 : 1;
}

static void a_full_disk_leaves_nothing(void **state)
{
	settle(SPEC);
	lkb_plan_free(plan());
	assert_int_equal(in_child(build_with_a_limit), 0);
	expect_outputs("");
}

static void the_output_directory_is_made(void **state)
{
	lkb_auto(lkb_plan) p = NULL;
	lkb_autoartifacts made = {0};
	struct lkb_plan_out out = {.dir = in_dir("out/a/b")};

	settle(SPEC);
	p = plan();
	OK(lkb_plan_run(p, &out, &made, &err));
	assert_true(there(in_dir("out/a/b/box-rpi3.img")));
	make(in_dir("file"), "");
	out.dir = in_dir("file");
	FAILS(lkb_plan_run(p, &out, &made, &err), LKB_IO, "is no directory", "");
	out.dir = "/proc/nowhere";
	FAILS(lkb_plan_run(p, &out, &made, &err), LKB_IO, "/proc/nowhere", "");
}

static void a_root_in_ram_is_three_files(void **state)
{
	lkb_autofree char *cmdline = NULL, *kernel = NULL;
	lkb_autojson root = NULL;

	kit.board_name = "qemu-arm64";
	settle(SPEC);
	build_ok();
	expect_outputs("box-cmdline box-initrd.img box-kernel box-qemu-arm64.build.json "
		       "box-qemu-arm64.sbom.spdx.json");
	cmdline = slurp(in_dir("out/box-cmdline"));
	assert_string_equal(cmdline, "loglevel=3");
	kernel = slurp(in_dir("out/box-kernel"));
	assert_memory_equal(kernel, kit.image, sizeof(kit.image));
	root = record("box-qemu-arm64.build.json");
	assert_string_equal(text_of(json_array_get(json_object_get(root, "formats"), 0), "root"),
			    "ram");
	kit.without = "init";
	kit.full = false;
	PLAN_FAILS(SPEC, LKB_INPUT, "none of the init images brings /init", "localhost/init");
	PLAN_FAILS("init: [\"localhost/init:bookworm\"]\n", LKB_INPUT, "the spec has no kernel image", "");
}

static void who_made_a_file_is_found_beside_it(void **state)
{
	struct lkb_made_by made __attribute__((cleanup(lkb_made_by_clear))) = {0};

	make(in_dir("out/b.build.json"), "{\"board\": \"two\", \"outputs\": [{\"file\": \"x\"}]}");
	make(in_dir("out/a.build.json"), "{\"outputs\": [{}, 5, {\"file\": \"x\"}]}");
	make(in_dir("out/c.build.json"), "{\"board\": \"three\", \"outputs\": [{\"file\": \"y\"}]}");
	lkb_made_by_find(in_dir("out/x"), &made);
	assert_int_equal(made.records.n, 2);
	assert_string_equal(made.records.items[0], "a.build.json");
	assert_string_equal(made.boards.items[0], "");
	assert_string_equal(made.records.items[1], "b.build.json");
	assert_string_equal(made.boards.items[1], "two");
	lkb_made_by_find(in_dir("none/x"), &made);
	assert_int_equal(made.records.n, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAN_CASE(artifacts_have_size_and_digest),
		PLAN_CASE(a_whole_file_digest_is_the_files),
		PLAN_CASE(build_json_names_every_input_and_output),
		PLAN_CASE(overlays_are_applied_and_recorded),
		PLAN_CASE(the_same_input_gives_the_same_bytes),
		PLAN_CASE(files_of_another_build_are_guarded),
		PLAN_CASE(no_file_appears_without_the_others),
		PLAN_CASE(a_full_disk_leaves_nothing),
		PLAN_CASE(the_output_directory_is_made),
		PLAN_CASE(a_root_in_ram_is_three_files),
		PLAN_CASE(who_made_a_file_is_found_beside_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
