/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "rootfs/spec/spec.h"

/* Reads one text; fails the test with the faults if there are any. The caller frees it. */
static struct lkb_spec *parsed(const char *yaml)
{
	struct lkb_spec *spec = NULL;
	lkb_autodiags diags = { 0 };
	struct lkb_error err = { 0 };

	if (lkb_spec_parse(yaml, strlen(yaml), "web.yml", &spec, &diags, &err))
		fail_msg("%u:%u: %s", err.line, err.column, err.message);
	return spec;
}

static const struct lkb_spec_image *image(const struct lkb_objlist *list, size_t i)
{
	assert_true(i < list->n);
	return (const struct lkb_spec_image *)list->items + i;
}

static const struct lkb_spec_file *file(const struct lkb_spec *spec, size_t i)
{
	assert_true(i < spec->files.n);
	return (const struct lkb_spec_file *)spec->files.items + i;
}

/* Makes a file in a directory of the test's. */
static void put(const struct lkb_tmpdir *dir, const char *name, const char *text)
{
	lkb_autofree char *path = lkb_path_join(dir->path, name);
	lkb_autofree char *parent = lkb_path_dirname(path);

	assert_int_equal(lkb_mkdir_p(parent, NULL), 0);
	assert_int_equal(lkb_write_file(path, text, strlen(text), 0644, NULL), 0);
}

/* Reads files of the directory, "-" being standard input, and gives the faults as text: names only,
 * without the directory. */
static int read_files(const struct lkb_tmpdir *dir, const char *const *names, size_t n,
		      struct lkb_spec **ret, struct lkb_str *faults)
{
	lkb_autostrv paths = { 0 };
	lkb_autodiags diags = { 0 };
	struct lkb_error err = { 0 };
	int rc;

	for (size_t i = 0; i < n; i++) {
		lkb_autofree char *path = lkb_path_join(dir->path, names[i]);

		lkb_strv_add(&paths, strcmp(names[i], "-") ? path : "-");
	}
	rc = lkb_spec_read((const char *const *)paths.items, n, "/home/pi", ret, &diags, &err);
	for (size_t i = 0; i < diags.n; i++)
		lkb_str_addf(faults, "%s:%u:%u: %s\n", lkb_path_basename(diags.items[i].what.file),
			     diags.items[i].what.line, diags.items[i].what.column,
			     diags.items[i].what.message);
	return rc;
}

static void a_spec_becomes_structs(void **state)
{
	lkb_auto(lkb_spec) spec = parsed(
		"kernel:\n"
		"  image: linuxkit/kernel:6.12.59\n"
		"  cmdline: \"console=ttyS0 quiet\"\n"
		"init: [linuxkit/init:1, linuxkit/runc:1]\n"
		"services:\n"
		"- name: web\n"
		"  image: nginx:1.19.5-alpine\n"
		"  capabilities: [CAP_CHOWN]\n"
		"  binds.add: [\"/a:/b\"]\n"
		"  mounts: [{type: cgroup, options: [rw]}]\n"
		"  devices: [{path: all, type: b}]\n"
		"  readonly: true\n"
		"  oomScoreAdj: -800\n"
		"  sysctl: {net.ipv4.ip_forward: 1}\n"
		"  uid: web\n"
		"files:\n"
		"- {path: etc/a, contents: \"\", mode: 0644}\n"
		"- {path: etc/b, directory: true}\n"
		"lkboard:\n"
		"  version: 1.10\n"
		"  slot_size: 256MiB\n");
	const struct lkb_spec_image *web = image(&spec->services, 0);
	const struct lkb_spec_mount *mounts = web->mounts.items;
	const struct lkb_spec_device *devices = web->devices.items;

	assert_string_equal(spec->name, "web");
	assert_string_equal(spec->kernel.image, "linuxkit/kernel:6.12.59");
	assert_string_equal(spec->kernel.cmdline, "console=ttyS0 quiet");
	assert_null(spec->kernel.binary);
	assert_int_equal(spec->init.n, 2);
	assert_false(spec->onboot.set);
	assert_string_equal(web->name, "web");
	assert_string_equal(web->capabilities.items[0], "CAP_CHOWN");
	assert_false(web->binds.set);
	assert_string_equal(web->binds_add.items[0], "/a:/b");
	assert_string_equal(mounts[0].type, "cgroup");
	assert_string_equal(mounts[0].options.items[0], "rw");
	assert_string_equal(devices[0].type, "b");
	assert_int_equal(web->readonly, LKB_YES);
	assert_int_equal(web->no_new_privileges, LKB_UNSET);
	assert_int_equal(web->oom_score_adj.v, -800);
	assert_string_equal(web->sysctl.values[0], "1");
	assert_string_equal(web->uid, "web");
	assert_string_equal(file(spec, 0)->contents, "");
	assert_int_equal(file(spec, 0)->mode.v, 0644);
	assert_null(file(spec, 1)->contents);
	assert_false(file(spec, 1)->mode.set);
	assert_string_equal(spec->lkboard.version, "1.10");
	assert_int_equal(spec->lkboard.slot_size.v, 256 << 20);
	assert_int_equal(spec->files_read.n, 1);
}

static void several_files_merge_by_linuxkits_rule(void **state)
{
	static const char *const names[] = { "a.yml", "b.yml", "c.yml" };
	lkb_auto(lkb_spec) spec = NULL;
	lkb_autotmpdir dir = { 0 };
	lkb_autostr faults = { 0 };

	assert_int_equal(lkb_tmpdir_make(&dir, NULL), 0);
	put(&dir, "a.yml", "kernel: {image: k:1, cmdline: a, tar: x.tar}\ninit: [i:1]\n"
			   "services: [{name: web, image: a}]\nonboot: [{name: x, image: a}]\n"
			   "lkboard: {version: 1, modules: [m1], data_size: 32M}\n");
	put(&dir, "b.yml", "kernel: {cmdline: \"\", binary: vmlinuz, tar: \"\"}\ninit: [i:2]\n"
			   "onboot: [{name: x, image: b}]\nfiles: [{path: f, contents: 1}]\n"
			   "lkboard: {version: 2, modules: [m2]}\n"
			   "outputs: [{format: kernel+initrd}]\n");
	put(&dir, "c.yml", "kernel: {image: k:3}\nservices: [{name: db, image: c, uid: web}]\n"
			   "files: [{path: g, contents: 2}]\noutputs: [{format: tar}]\n");
	read_files(&dir, names, 3, &spec, &faults);
	assert_string_equal(lkb_str_get(&faults), "");
	assert_string_equal(spec->name, "a");
	assert_string_equal(spec->kernel.image, "k:3");
	assert_string_equal(spec->kernel.cmdline, "a");
	assert_string_equal(spec->kernel.binary, "vmlinuz");
	assert_string_equal(spec->kernel.tar, "");
	assert_int_equal(spec->init.n, 2);
	assert_string_equal(spec->init.items[1], "i:2");
	assert_int_equal(spec->onboot.n, 2);
	assert_string_equal(image(&spec->onboot, 1)->image, "b");
	assert_int_equal(spec->services.n, 2);
	assert_string_equal(image(&spec->services, 1)->name, "db");
	assert_int_equal(spec->files.n, 2);
	assert_string_equal(file(spec, 1)->contents, "2");
	assert_int_equal(spec->outputs.n, 2);
	assert_string_equal(spec->outputs.items[0], "kernel+initrd");
	assert_string_equal(spec->lkboard.version, "2");
	assert_int_equal(spec->lkboard.modules.n, 2);
	assert_int_equal(spec->lkboard.data_size.v, 32 << 20);
	assert_int_equal(spec->files_read.n, 3);
	assert_true(lkb_ends_with(spec->files_read.items[2], "/c.yml"));
}

static void faults_of_all_files_are_reported(void **state)
{
	static const char *const names[] = { "a.yml", "missing.yml", "b.yml" };
	struct lkb_spec *spec = NULL;
	lkb_autotmpdir dir = { 0 };
	lkb_autostr faults = { 0 };

	assert_int_equal(lkb_tmpdir_make(&dir, NULL), 0);
	put(&dir, "a.yml", "kernel: {imge: k}\nservices: [{name: web, image: a}]\n");
	put(&dir, "b.yml", "services: [{name: web, image: a}]\ninit: 1\n");
	assert_int_equal(read_files(&dir, names, 3, &spec, &faults), -1);
	assert_null(spec);
	assert_non_null(strstr(faults.s, "a.yml:1:10: unknown key 'imge' in kernel\n"));
	assert_non_null(strstr(faults.s, "missing.yml'"));
	assert_non_null(strstr(faults.s, "b.yml:1:19: a second service has the name 'web'\n"));
	assert_non_null(strstr(faults.s, "b.yml:2:7: 'init' must be a list, not text\n"));
}

static void paths_are_relative_to_the_spec(void **state)
{
	static const char *const names[] = { "sub/dir/a.yml", "b.yml" };
	lkb_auto(lkb_spec) spec = NULL;
	lkb_autofree char *want = NULL;
	lkb_autotmpdir dir = { 0 };
	lkb_autostr faults = { 0 };

	assert_int_equal(lkb_tmpdir_make(&dir, NULL), 0);
	put(&dir, "sub/dir/a.yml", "files:\n- {path: a, source: x.txt}\n"
				   "- {path: b, source: /etc/hosts}\n- {path: c, source: ~/.ssh/k}\n"
				   "lkboard: {overlays: [o.dtbo]}\n");
	put(&dir, "b.yml", "files: [{path: d, source: ../x.txt}]\n");
	read_files(&dir, names, 2, &spec, &faults);
	assert_string_equal(lkb_str_get(&faults), "");
	want = lkb_format("%s/sub/dir/x.txt", dir.path);
	assert_string_equal(file(spec, 0)->source, "x.txt");
	assert_string_equal(file(spec, 0)->source_path, want);
	assert_string_equal(file(spec, 1)->source_path, "/etc/hosts");
	assert_string_equal(file(spec, 2)->source, "~/.ssh/k");
	assert_string_equal(file(spec, 2)->source_path, "/home/pi/.ssh/k");
	free(want);
	want = lkb_format("%s/../x.txt", dir.path);
	assert_string_equal(file(spec, 3)->source, "../x.txt");
	assert_string_equal(file(spec, 3)->source_path, want);
	free(want);
	want = lkb_format("%s/sub/dir/o.dtbo", dir.path);
	assert_string_equal(spec->lkboard.overlays.items[0], "o.dtbo");
	assert_string_equal(spec->lkboard.overlay_paths.items[0], want);
}

static void standard_input_is_a_spec(void **state)
{
	static const char *const names[] = { "-" };
	static const char text[] = "files: [{path: a, source: x.txt}]\n";
	lkb_auto(lkb_spec) spec = NULL;
	lkb_autotmpdir dir = { 0 };
	lkb_autostr faults = { 0 };
	int before = dup(STDIN_FILENO), ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
	close(ends[1]);
	assert_int_equal(lkb_tmpdir_make(&dir, NULL), 0);
	dup2(ends[0], STDIN_FILENO);
	read_files(&dir, names, 1, &spec, &faults);
	dup2(before, STDIN_FILENO);
	close(before);
	close(ends[0]);
	assert_string_equal(lkb_str_get(&faults), "");
	assert_string_equal(spec->name, "stdin");
	assert_string_equal(file(spec, 0)->source_path, "x.txt");
}

static void each_file_has_its_digest(void **state)
{
	lkb_auto(lkb_spec) spec = parsed("init: [a]\n");
	struct lkb_sha256 want = lkb_sha256("init: [a]\n", 10);

	assert_true(lkb_sha256_equal(&spec->digests[0], &want));
}

static void a_block_cmdline_loses_its_line_break(void **state)
{
	lkb_auto(lkb_spec) spec = parsed("kernel:\n  cmdline: |\n    console=ttyS0 quiet\n");

	assert_string_equal(spec->kernel.cmdline, "console=ttyS0 quiet");
}

static void maps_can_share_by_anchor_and_merge_key(void **state)
{
	lkb_auto(lkb_spec) spec = parsed("onboot:\n"
					 "- &common {name: a, image: i, net: host, env: [A=b]}\n"
					 "services:\n"
					 "- {<<: *common, name: b}\n"
					 "- {name: c, <<: *common, env: []}\n");
	const struct lkb_spec_image *c = image(&spec->services, 1);

	assert_string_equal(image(&spec->services, 0)->name, "b");
	assert_string_equal(image(&spec->services, 0)->env.items[0], "A=b");
	assert_string_equal(c->name, "c");
	assert_string_equal(c->net, "host");
	assert_true(c->env.set);
	assert_int_equal(c->env.n, 0);
}

static void a_url_is_not_fetched(void **state)
{
	static const char *const paths[] = { "https://example.org/spec.yml" };
	struct lkb_spec *spec = NULL;
	lkb_autodiags diags = { 0 };
	struct lkb_error err = { 0 };

	assert_int_equal(lkb_spec_read(paths, 1, NULL, &spec, &diags, &err), -1);
	assert_string_equal(err.message, "spec 'https://example.org/spec.yml': reading from a URL "
					 "is not supported by this version of lkboard");
	assert_null(spec);
	assert_int_equal(lkb_spec_read(paths, 0, NULL, &spec, &diags, &err), -1);
	assert_int_equal(err.kind, LKB_USAGE);
}

static void a_label_is_an_image_object_without_name(void **state)
{
	struct lkb_spec_image label = { 0 };
	struct lkb_error err = { 0 };
	lkb_autoarena arena = { 0 };

	assert_int_equal(lkb_spec_label("{\"capabilities\": [\"all\"], \"net\": \"host\", "
					"\"devices\": [{\"path\": \"all\", \"type\": \"b\"}]}",
					"format", &arena, &label, &err), 0);
	assert_string_equal(label.capabilities.items[0], "all");
	assert_string_equal(label.net, "host");
	assert_int_equal(label.devices.n, 1);
	assert_null(label.name);
	assert_int_equal(lkb_spec_label("binds:\n- /a:/b\n", "x", &arena, &label, &err), 0);
	assert_string_equal(label.binds.items[0], "/a:/b");
	assert_int_equal(lkb_spec_label("", "x", &arena, &label, &err), 0);
}

static void expect_bad_label(const char *text, const char *message)
{
	struct lkb_spec_image label = { .name = "untouched" };
	struct lkb_error err = { 0 };
	lkb_autoarena arena = { 0 };

	assert_int_equal(lkb_spec_label(text, "nginx", &arena, &label, &err), -1);
	assert_string_equal(err.message, message);
	assert_true(err.hint[0]);
	assert_string_equal(label.name, "untouched");
	assert_string_equal(err.file, "");
}

static void a_bad_label_names_the_image(void **state)
{
	expect_bad_label("{name: x}", "label org.mobyproject.config of 'nginx': 'name' and 'image' "
				      "cannot be set in a label");
	expect_bad_label("[1]", "label org.mobyproject.config of 'nginx': it must be a map, not a "
				"list");
	expect_bad_label("{net: bridge, pids: 1}",
			 "label org.mobyproject.config of 'nginx': line 1, column 7: 'net' is "
			 "'bridge', which is neither host, root, new, none nor an absolute path "
			 "(and 1 more)");
	expect_bad_label("{capabilities: [all, CAP_KILL]}",
			 "label org.mobyproject.config of 'nginx': line 1, column 17: "
			 "'capabilities' has 'all' beside other items");
	expect_bad_label("{", "label org.mobyproject.config of 'nginx': line 2, column 1: did not "
			      "find expected node content, while parsing a flow node");
	expect_bad_label("{runtime: {mkdir: [../a]}}",
			 "label org.mobyproject.config of 'nginx': line 1, column 20: 'mkdir[0]' of "
			 "runtime is '../a', which has '..' in it");
	expect_bad_label("{readonly: }",
			 "label org.mobyproject.config of 'nginx': line 1, column 2: 'readonly' has "
			 "no value");
}

static double cpu_seconds(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

/* What it costs to read n services of a kind, at best of three. */
static double cost_of(const char *format, int n, bool good)
{
	lkb_autostr text = { 0 };
	double best = 0;

	lkb_str_add(&text, "services:\n");
	for (int i = 0; i < n; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		lkb_str_addf(&text, format, i, i, n - 1 - i);
#pragma GCC diagnostic pop
	}
	for (int i = 0; i < 3; i++) {
		lkb_auto(lkb_spec) spec = NULL;
		lkb_autodiags diags = { 0 };
		struct lkb_error err = { 0 };
		double before = cpu_seconds(), spent;

		assert_int_equal(lkb_spec_parse(text.s, text.len, "big.yml", &spec, &diags, &err),
				 good ? 0 : -1);
		spent = cpu_seconds() - before;
		best = !i || spent < best ? spent : best;
		assert_true(!spec || spec->arena.used / (size_t)n <
				     2 * sizeof(struct lkb_spec_image));
	}
	return best;
}

/* Right, all of one name, all wrong, and all without the volume that they name. Eight times as many
 * cost eight times as much, or 64 times if anything compares each with each; how much that is, is
 * for tests/bench. */
static void the_cost_of_many_services_is_linear(void **state)
{
	static const char *const formats[] = {
		"- name: service-%d\n  image: nginx:%d\n  binds: [\"/var/lib/data:/data\"]\n"
		"  uid: service-%d\n  env: [A=b]\n",
		"- name: same\n  image: nginx:%d\n  env: [\"A=%d\"]\n  uid: nobody%d\n",
		"- nam: x%d\n  imag: nginx:%d\n  capabilities: [CAP_X%d]\n",
		"- name: s%d\n  image: nginx:%d\n  binds: [data%d:/data]\n",
	};

	for (size_t k = 0; k < LKB_ARRAY_SIZE(formats); k++) {
		double few = cost_of(formats[k], 1250, !k);

		assert_true(cost_of(formats[k], 10000, !k) < 30 * few);
	}
}

static void check_row(void *ctx, const char *path, const struct lkb_schema_key *key)
{
	bool object = key->type == LKB_T_OBJECT || key->type == LKB_T_OBJLIST;

	if (lkb_strv_has(ctx, path))
		fail_msg("'%s' has two rows", path);
	lkb_strv_add(ctx, path);
	assert_true(key->ignored || object == !!key->object);
	assert_true(!key->check || key->hint);
}

static void the_table_is_sound(void **state)
{
	lkb_autostrv paths = { 0 };

	lkb_schema_walk(lkb_spec_schema(), check_row, &paths);
	assert_true(lkb_strv_has(&paths, "onboot[].capabilities.add"));
	assert_true(lkb_strv_has(&paths, "services[].mounts[].options"));
	assert_true(lkb_strv_has(&paths, "lkboard.data_size"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_spec_becomes_structs),
		cmocka_unit_test(several_files_merge_by_linuxkits_rule),
		cmocka_unit_test(faults_of_all_files_are_reported),
		cmocka_unit_test(paths_are_relative_to_the_spec),
		cmocka_unit_test(standard_input_is_a_spec),
		cmocka_unit_test(each_file_has_its_digest),
		cmocka_unit_test(a_block_cmdline_loses_its_line_break),
		cmocka_unit_test(maps_can_share_by_anchor_and_merge_key),
		cmocka_unit_test(a_url_is_not_fetched),
		cmocka_unit_test(a_label_is_an_image_object_without_name),
		cmocka_unit_test(a_bad_label_names_the_image),
		cmocka_unit_test(the_table_is_sound),
		cmocka_unit_test(the_cost_of_many_services_is_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
