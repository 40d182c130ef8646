/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/file.h"
#include "rootfs/oci/ref.h"
#include "rootfs/pkg/def_priv.h"
#include "rootfs/spec/spec.h"

/* All faults of a text, a line each: "line:column: message [hint]". The caller frees it. */
static char *faults(const char *text)
{
	lkb_autodiags diags = {0};
	lkb_auto(lkb_pkg) p = NULL;
	lkb_autostr all = {0};
	struct lkb_error err;
	size_t i;
	int r = lkb_pkg_parse(text, strlen(text), "thing.yml", &p, &diags, &err);

	assert_int_equal(r, diags.n_errors ? -1 : 0);
	assert_true(r ? !p : !!p);
	lkb_diags_sort(&diags);
	for (i = 0; i < diags.n; i++) {
		const struct lkb_error *e = &diags.items[i].what;

		assert_string_equal(e->file, "thing.yml");
		lkb_str_addf(&all, "%s%u:%u: %s", i ? "\n" : "", e->line, e->column, e->message);
		if (*e->hint)
			lkb_str_addf(&all, " [%s]", e->hint);
	}
	return lkb_str_take(&all);
}

static void read_good(const char *text, struct lkb_pkg **ret)
{
	lkb_autodiags diags = {0};
	struct lkb_error err;

	assert_int_equal(lkb_pkg_parse(text, strlen(text), "dir/thing.yml", ret, &diags, &err), 0);
	assert_int_equal(diags.n, 0);
}

#define TOP "image: localhost/x:1\narchitectures: [arm64]\n"

static void wrong_definitions_say_what_is_wrong(void **state)
{
	static const struct {
		const char *text, *faults;
	} cases[] = {
		{"", "1:1: the file has no 'architectures' "
		 "[add 'architectures': what the image can be made for]\n"
		 "1:1: the file has no 'image' "
		 "[add 'image': reference under which the image is put into the store]"},
		{TOP "keeps: []\n", "3:1: unknown key 'keeps' [did you mean 'keep'?]"},
		{"image: UPPER\narchitectures: [arm64]\n",
		 "1:1: image: 'UPPER' is no image reference: the repository name 'library/UPPER' "
		 "has upper-case letters"},
		{"image: x\narchitectures: [arm64, mips]\n",
		 "2:24: 'architectures[1]' is 'mips', which is not known "
		 "[it is one of amd64 or arm64]"},
		{TOP "suite: book worm\n",
		 "3:8: 'suite' is 'book worm', which has a character that is not allowed"},
		{TOP "components: [-x]\n", "3:14: 'components[0]' is '-x', which begins with '-'"},
		{TOP "packages: [\"a b\"]\nkeep: [{path: x}]\n",
		 "3:12: 'packages[0]' is 'a b', which is no name of a Debian package"},
		{TOP "packages: [--option]\nkeep: [{path: x}]\n",
		 "3:12: 'packages[0]' is '--option', which is no name of a Debian package"},
		{TOP "packages: [runc]\n",
		 "3:12: nothing of 'packages' is kept "
		 "[say with 'keep' which files go into the image]"},
		{TOP "packages: [runc]\ntake: []\nkeep: [{path: x}]\n", "4:7: 'take' is empty "
		 "[remove the key, or give the list an item]"},
		{TOP "keep:\n  - path: x\n",
		 "4:5: 'keep' has nothing to keep from without 'packages'"},
		{TOP "packages: [runc]\nkeep:\n  - to: x\n  - path: a/../../b\n",
		 "5:5: keep[0] has no 'path' [add 'path': glob over the paths in the packages]\n"
		 "6:11: 'path' of keep[1] is 'a/../../b', which leads out of the image with '..'"},
		{TOP "concat:\n  - {path: a, from: b}\n  - {path: a}\n",
		 "4:5: 'concat' has nothing to join without 'packages'\n"
		 "5:5: concat[1] has no 'from' [add 'from': glob over the paths in the packages: "
		 "these files, in the order of their paths]"},
		{TOP "kernel: {image: boot/vmlinuz}\n", "3:9: 'kernel' needs 'packages'"},
		{TOP "packages: [x1]\nkernel: {image: boot/vmlinuz, ucode: {}}\n",
		 "4:38: 'ucode' names neither 'amd' nor 'intel'"},
		{TOP "packages: [x1]\nkernel: {image: boot/vmlinuz, ucode: {intel: ../x}}\n",
		 "4:46: 'intel' of kernel.ucode is '../x', which leads out of the image with '..'"},
		{TOP "local: [{file: ../init, to: init}]\n",
		 "3:16: 'file' of local[0] is '../init', which is no plain file name"},
		{TOP "files:\n  - {path: a}\n  - {path: b, contents: x, symlink: y}\n",
		 "4:5: files[0] needs exactly one of 'contents', 'symlink' and 'directory: true'\n"
		 "5:5: files[1] needs exactly one of 'contents', 'symlink' and 'directory: true'"},
		{TOP "files: [{path: a, symlink: b, mode: \"0644\"}]\n",
		 "3:9: files[0] is a symbolic link and has no 'mode'"},
		{TOP "files: [{path: a, contents: b, mode: \"0999\"}]\n",
		 "3:38: 'mode' of files[0] is '0999', which is no octal mode "
		 "[a mode is written like \"0644\"]"},
		{TOP "links: [{target: a, paths: []}]\n", "3:28: 'paths' of links[0] is empty "
		 "[give it a value]"},
		{TOP "env: [PATH]\n",
		 "3:7: 'env[0]' is 'PATH', which is not of the form NAME=VALUE"},
		{TOP "labels: {org.lkboard.debs: x}\n",
		 "3:10: label 'org.lkboard.debs' is lkboard's own"},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_autofree char *said = faults(cases[i].text);

		assert_string_equal(said, cases[i].faults);
	}
}

static void what_is_left_out_has_its_default(void **state)
{
	lkb_auto(lkb_pkg) p = NULL;
	lkb_autostrv components = {0};

	read_good(TOP, &p);
	assert_string_equal(lkb_pkg_name(p), "thing");
	assert_string_equal(lkb_pkg_image(p), "localhost/x:1");
	assert_string_equal(p->suite, "bookworm");
	lkb_pkg_components(p, &components);
	assert_int_equal(components.n, 1);
	assert_string_equal(components.items[0], "main");
	assert_true(lkb_pkg_has_arch(p, "arm64"));
	assert_false(lkb_pkg_has_arch(p, "amd64"));
	assert_false(p->entrypoint.set);
	assert_true(lkb_pkg_takes(p, "anything"));
}

static void take_is_a_filter_of_globs(void **state)
{
	lkb_auto(lkb_pkg) p = NULL;

	read_good(TOP "packages: [linux-image-arm64]\ntake: [\"linux-image-?.*-arm64\", libc6]\n"
		  "keep: [{path: x}]\n", &p);
	assert_true(lkb_pkg_takes(p, "linux-image-6.1.0-56-arm64"));
	assert_true(lkb_pkg_takes(p, "libc6"));
	assert_false(lkb_pkg_takes(p, "linux-image-arm64"));
	assert_false(lkb_pkg_takes(p, "libc6-dev"));
}

static void components_are_sorted_and_each_stands_once(void **state)
{
	lkb_auto(lkb_pkg) p = NULL;
	lkb_autostrv components = {0};

	read_good(TOP "components: [non-free-firmware, main, main]\n", &p);
	lkb_pkg_components(p, &components);
	assert_int_equal(components.n, 2);
	assert_string_equal(components.items[0], "main");
	assert_string_equal(components.items[1], "non-free-firmware");
}

/* The image label is read by LinuxKit's own table when a spec uses the image. */
static void check_label(const struct lkb_pkg *p)
{
	size_t i;

	for (i = 0; i < p->labels.n; i++) {
		lkb_autoarena arena = {0};
		struct lkb_spec_image label = {0};
		struct lkb_error err;

		if (strcmp(p->labels.keys[i], "org.mobyproject.config"))
			continue;
		if (lkb_spec_label(p->labels.values[i], p->image, &arena, &label, &err))
			fail_msg("%s: %s", p->name, err.message);
	}
}

static void all_shipped_definitions_are_valid(void **state)
{
	lkb_autostrv names = {0};
	struct lkb_error err;
	size_t i;

	assert_int_equal(lkb_pkg_names("configs", &names, &err), 0);
	assert_true(names.n >= 10);
	for (i = 0; i < names.n; i++) {
		lkb_autofree char *path = lkb_format("configs/packages/%s.yml", names.items[i]);
		lkb_autofree char *image = NULL;
		lkb_auto(lkb_pkg) p = NULL;
		lkb_auto(lkb_pkg) found = NULL;
		lkb_autodiags diags = {0};

		if (lkb_pkg_read(path, &p, &diags, &err))
			fail_msg("%s:%u: %s", err.file, err.line, err.message);
		assert_int_equal(diags.n, 0);
		assert_string_equal(p->name, names.items[i]);
		image = lkb_format("localhost/%s:%s", names.items[i], p->suite);
		assert_string_equal(p->image, image);
		assert_true(lkb_pkg_has_arch(p, "arm64") || lkb_pkg_has_arch(p, "amd64"));
		check_label(p);
		assert_int_equal(lkb_pkg_for_ref("configs", image, &found, &err), 0);
		assert_non_null(found);
		assert_string_equal(found->name, p->name);
	}
}

static void an_image_nobody_makes_has_no_definition(void **state)
{
	struct lkb_error err;
	struct lkb_pkg *p = (struct lkb_pkg *)&err;

	assert_int_equal(lkb_pkg_for_ref("configs", "docker.io/library/nginx:latest", &p, &err), 0);
	assert_null(p);
}

struct page {
	char *text;
	size_t missing;
};

/* In the page a key is `.It Ic keep[].path`. */
static void look_up(void *ctx, const char *path, const struct lkb_schema_key *key)
{
	struct page *page = ctx;
	lkb_autofree char *item = lkb_format("\n.It Ic %s", path);
	const char *at = strstr(page->text, item);

	if (at && strchr(" \n", at[strlen(item)]))
		return;
	page->missing++;
	print_message("lkboard-package.5 has no '%s'\n", path);
}

static void the_manual_has_every_key(void **state)
{
	lkb_autofree char *text = NULL;
	struct lkb_error err;
	size_t len;
	struct page page;

	assert_int_equal(lkb_read_file("docs/man/lkboard-package.5", (size_t)1 << 20, &text, &len,
				       &err), 0);
	page = (struct page){.text = text};
	lkb_schema_walk(lkb_pkg_schema(), look_up, &page);
	assert_int_equal(page.missing, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_definitions_say_what_is_wrong),
		cmocka_unit_test(what_is_left_out_has_its_default),
		cmocka_unit_test(take_is_a_filter_of_globs),
		cmocka_unit_test(components_are_sorted_and_each_stands_once),
		cmocka_unit_test(all_shipped_definitions_are_valid),
		cmocka_unit_test(an_image_nobody_makes_has_no_definition),
		cmocka_unit_test(the_manual_has_every_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
