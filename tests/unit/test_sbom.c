/* SPDX-License-Identifier: Apache-2.0 */
/* The bill of materials of made-up images: names that are hard to write, and what is kept of it. */
#include "tests/unit/test_plan_kit.h"

static json_t *build_sbom(const char *name, bool no_sbom)
{
	lkb_auto(lkb_plan) p = plan();
	struct lkb_plan_out out = {.dir = in_dir("out"), .no_sbom = no_sbom};
	lkb_autofree char *path = lkb_format("out/%s", name);
	lkb_autofree char *text = NULL;
	lkb_autoartifacts made = {0};
	json_t *root = NULL;

	OK(lkb_plan_run(p, &out, &made, &err));
	if (no_sbom)
		return NULL;
	text = slurp(in_dir(path));
	root = json_loads(text, 0, NULL);
	assert_non_null(root);
	return root;
}

static const char *word(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static const json_t *file_named(const json_t *root, const char *name)
{
	const json_t *files = json_object_get(root, "files"), *file;
	size_t i;

	json_array_foreach(files, i, file)
		if (!strcmp(word(file, "fileName"), name))
			return file;
	fail_msg("there is no file '%s'", name);
	return NULL;
}

static void put_odd_image(void)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();

	tree_text(t, "bin/app", "app");
	tree_text(t, "a\"b\\c\n", "quoted");
	tree_text(t, "caf\xc3\xa9", "text");
	tree_text(t, "caf\xe9", "no text");
	tree_text(t, "empty", "");
	OK(lkb_tree_add_link(t, "z-linked", "bin/app", &err));
	put_image("app:1", CREATED, t);
}

static void names_need_not_be_text(void **state)
{
	lkb_autojson root = NULL;
	const json_t *file;

	settle(SPEC);
	put_odd_image();
	root = build_sbom("box-rpi3.sbom.spdx.json", false);
	file_named(root, "./containers/services/app/lower/a\"b\\c\\x0a");
	file_named(root, "./containers/services/app/lower/caf\xc3\xa9");
	file_named(root, "./containers/services/app/lower/caf\\xe9");
	file = file_named(root, "./containers/services/app/lower/empty");
	assert_string_equal(word(file, "comment"), "image=docker.io/library/app:1; partition=2");
	file = file_named(root, "./containers/services/app/lower/z-linked");
	assert_non_null(strstr(word(file, "comment"),
			       "; link=./containers/services/app/lower/bin/app"));
	assert_non_null(strstr(word(file, "comment"), "; partition=2; extents="));
	/* What only the initrd has is in no partition of its own. */
	file = file_named(root, "./etc/lkboard/modules");
	assert_string_equal(word(file, "comment"), "");
}

static void head_is_of_seed_and_epoch(void **state)
{
	lkb_autojson root = NULL;
	lkb_autojson later = NULL;

	settle(SPEC "lkboard: {version: \"1.5\"}\n");
	root = build_sbom("box-rpi3.sbom.spdx.json", false);
	assert_string_equal(word(root, "name"), "box-rpi3");
	assert_string_equal(word(json_object_get(root, "creationInfo"), "created"),
			    "2020-09-13T12:26:40Z");
	assert_string_equal(word(json_array_get(json_object_get(root, "packages"), 0),
				 "versionInfo"), "1.5");
	kit.in.has_epoch = true;
	kit.in.epoch = CREATED + 1;
	later = build_sbom("box-rpi3.sbom.spdx.json", false);
	assert_string_equal(word(json_object_get(later, "creationInfo"), "created"),
			    "2020-09-13T12:26:41Z");
	assert_string_not_equal(word(root, "documentNamespace"), word(later, "documentNamespace"));
}

static void what_is_kept_makes_no_difference(void **state)
{
	lkb_autofree char *first = NULL, *second = NULL, *third = NULL;
	lkb_autofree char *kept = lkb_strdup(in_dir("store/derived/files-v1"));
	const char *argv[] = {"rm", "-r", kept, NULL};

	kit.board_name = "qemu-arm64";
	settle(SPEC);
	json_decref(build_sbom("box-qemu-arm64.sbom.spdx.json", false));
	first = slurp(in_dir("out/box-qemu-arm64.sbom.spdx.json"));
	assert_true(there(kept));
	json_decref(build_sbom("box-qemu-arm64.sbom.spdx.json", false));
	second = slurp(in_dir("out/box-qemu-arm64.sbom.spdx.json"));
	assert_string_equal(first, second);
	/* A store that nothing can be kept in. */
	OK(lkb_proc_run(&(struct lkb_proc){.argv = argv}, NULL, &err));
	make(kept, "in the way");
	json_decref(build_sbom("box-qemu-arm64.sbom.spdx.json", false));
	third = slurp(in_dir("out/box-qemu-arm64.sbom.spdx.json"));
	assert_string_equal(first, third);
}

static void an_old_one_does_not_stay(void **state)
{
	settle(SPEC);
	json_decref(build_sbom("box-rpi3.sbom.spdx.json", false));
	assert_true(there(in_dir("out/box-rpi3.sbom.spdx.json")));
	build_sbom("", true);
	assert_false(there(in_dir("out/box-rpi3.sbom.spdx.json")));
	assert_true(there(in_dir("out/box-rpi3.build.json")));
}

static void derived_data_is_read_as_written_or_not(void **state)
{
	const struct lkb_sha256 key = {{1}};
	lkb_autofree char *path = lkb_format("store/derived/test-v1/%s", lkb_sha256_text(&key).s);
	lkb_autofree char *text = NULL, *again = NULL;
	size_t n = 0;

	assert_false(lkb_store_derived_read(kit.store, "test-v1", &key, 100, &text, &n));
	lkb_store_derived_write(kit.store, "test-v1", &key, "bytes", 5);
	assert_true(lkb_store_derived_read(kit.store, "test-v1", &key, 5, &text, &n));
	assert_int_equal(n, 5);
	assert_string_equal(text, "bytes");
	assert_false(lkb_store_derived_read(kit.store, "test-v1", &key, 4, &again, &n));
	make(in_dir(path), "bytes and no digest of them, but as long as one");
	assert_false(lkb_store_derived_read(kit.store, "test-v1", &key, 100, &again, &n));
	make(in_dir(path), "short");
	assert_false(lkb_store_derived_read(kit.store, "test-v1", &key, 100, &again, &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAN_CASE(names_need_not_be_text),
		PLAN_CASE(head_is_of_seed_and_epoch),
		PLAN_CASE(what_is_kept_makes_no_difference),
		PLAN_CASE(an_old_one_does_not_stay),
		PLAN_CASE(derived_data_is_read_as_written_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
