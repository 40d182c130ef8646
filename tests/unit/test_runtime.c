/* SPDX-License-Identifier: Apache-2.0 */
/* tests/golden/runtime/NAME.yml (and NAME.label, the image's org.mobyproject.config) must give
 * NAME.json, byte by byte. LKB_GOLDEN=write in the environment writes the .json files instead; what
 * changed is then for git diff and a reader to judge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "rootfs/rootfs_priv.h"

#define GOLDEN "tests/golden/runtime"
#define SCHEMA \
	"/usr/share/gocode/src/github.com/opencontainers/runtime-spec/schema/config-schema.json"

static const struct golden {
	const char *name;
	const char *not_run; /* why a runtime cannot be asked to set it up here */
} goldens[] = {
	{ "defaults", NULL }, { "readonly", NULL }, { "process", NULL },
	{ "caps-all", "the host may not have them all itself" },
	{ "caps-none", NULL }, { "caps-none-over-label", NULL }, { "caps-listed", NULL },
	{ "caps-add", NULL }, { "caps-ambient", NULL },
	{ "binds", "zone data may not be installed" },
	{ "binds-add", NULL }, { "binds-over-label", NULL }, { "tmpfs", NULL },
	{ "mounts", "a host may have no cgroup2" }, { "devices", NULL },
	{ "namespaces-new", NULL }, { "namespaces-host", NULL },
	{ "namespaces-path", "the namespaces are not there" }, { "net-none", NULL },
	{ "rlimits", "the host may not be allowed to raise its own" },
	{ "sysctl", NULL }, { "paths", NULL },
	{ "oom", "the host may not be allowed to lower a score" },
	{ "ids", NULL }, { "label", NULL },
};

/* The image that all of them run. */
static void fill_image(struct lkb_image *im)
{
	*im = (struct lkb_image){ .ref = lkb_format("docker.io/example/app:1"),
				  .workdir = lkb_format("/srv"), .user = lkb_format("nobody"),
				  .has_entrypoint = true, .has_cmd = true };
	lkb_strv_add(&im->entrypoint, "/bin/app");
	lkb_strv_add(&im->cmd, "--serve");
	lkb_strv_add(&im->cmd, "8080");
	lkb_strv_add(&im->env, "PATH=/usr/sbin:/usr/bin:/sbin:/bin");
	lkb_strv_add(&im->env, "FROM=image");
}

static void clear_image(struct lkb_image *im)
{
	lkb_strv_clear(&im->entrypoint);
	lkb_strv_clear(&im->cmd);
	lkb_strv_clear(&im->env);
	free(im->ref);
	free(im->workdir);
	free(im->user);
}

/* The config.json of services[0], or the error; the caller frees the result. */
static char *make_config(const char *yaml, const char *label_text, const char *root_path,
			 struct lkb_error *err)
{
	lkb_auto(lkb_spec) spec = NULL;
	lkb_autoarena arena = { 0 };
	lkb_autodiags diags = { 0 };
	struct lkb_spec_image label = { 0 };
	struct lkb_strmap ids;
	struct lkb_image im;
	char *config = NULL;

	if (lkb_spec_parse(yaml, strlen(yaml), "test", &spec, &diags, err) < 0)
		return NULL;
	if (label_text && lkb_spec_label(label_text, "example/app", &arena, &label, err) < 0)
		return NULL;
	assert_int_not_equal(spec->services.n, 0);
	lkb_ids_fill(spec, &arena, &ids);
	fill_image(&im);
	lkb_runtime_config(&(struct lkb_runtime_in){ spec->services.items, &label, &im, &ids,
						     root_path },
			   &config, err);
	clear_image(&im);
	return config;
}

static char *read_golden(const char *name, const char *suffix)
{
	lkb_autofree char *path = lkb_format(GOLDEN "/%s%s", name, suffix);
	char *text = NULL;
	size_t len;

	return lkb_read_file(path, 1 << 20, &text, &len, NULL) < 0 ? NULL : text;
}

static char *config_of(const char *name, const char *root_path)
{
	lkb_autofree char *yaml = read_golden(name, ".yml");
	lkb_autofree char *label = read_golden(name, ".label");
	struct lkb_error err = { 0 };
	char *config;

	if (!yaml)
		fail_msg("%s/%s.yml cannot be read: run the test from the top of the source",
			 GOLDEN, name);
	config = make_config(yaml, label, root_path, &err);
	if (!config)
		fail_msg("%s: %s", name, err.message);
	return config;
}

static void configs_are_the_golden_ones(void **state)
{
	bool write = getenv("LKB_GOLDEN") && !strcmp(getenv("LKB_GOLDEN"), "write");

	for (size_t i = 0; i < LKB_ARRAY_SIZE(goldens); i++) {
		const char *name = goldens[i].name;
		lkb_autofree char *path = lkb_format(GOLDEN "/%s.json", name);
		lkb_autofree char *config = config_of(name, "/containers/services/app/rootfs");
		lkb_autofree char *golden = NULL;

		if (write)
			assert_int_equal(0, lkb_write_file(path, config, strlen(config), 0644,
							   NULL));
		golden = read_golden(name, ".json");
		if (!golden)
			fail_msg("%s is missing", path);
		assert_string_equal(config, golden);
	}
}

struct walk {
	const char *texts;
	unsigned seen;
};

static void key_is_covered(void *ctx, const char *path, const struct lkb_schema_key *key)
{
	struct walk *w = ctx;
	lkb_autofree char *in_yaml = lkb_format(" %s: ", key->name);
	lkb_autofree char *before_list = lkb_format(" %s:\n", key->name);
	lkb_autofree char *in_label = lkb_format("\"%s\": ", key->name);

	if (!lkb_starts_with(path, "services[].") || key->refused || key->ignored)
		return;
	w->seen++;
	if (!strstr(w->texts, in_yaml) && !strstr(w->texts, before_list) &&
	    !strstr(w->texts, in_label))
		fail_msg("no golden file uses %s", path);
}

static void every_key_has_a_golden_file(void **state)
{
	lkb_autostr texts = { 0 };
	struct walk w = { 0 };

	for (size_t i = 0; i < LKB_ARRAY_SIZE(goldens); i++) {
		lkb_autofree char *yaml = read_golden(goldens[i].name, ".yml");
		lkb_autofree char *label = read_golden(goldens[i].name, ".label");

		lkb_str_add(&texts, yaml ? yaml : "");
		lkb_str_add(&texts, label ? label : "");
	}
	w.texts = lkb_str_get(&texts);
	lkb_schema_walk(lkb_spec_schema(), key_is_covered, &w);
	assert_true(w.seen > 30);
}

/* The runtime-spec's own JSON schema, as Debian ships it. */
static void configs_fit_the_runtime_specs_schema(void **state)
{
	static const char script[] =
		"import json, os, sys\n"
		"import jsonschema\n"
		"path = sys.argv[1]\n"
		"schema = json.load(open(path))\n"
		"resolver = jsonschema.RefResolver('file://' + path, schema)\n"
		"for name in sys.argv[2:]:\n"
		"    jsonschema.Draft4Validator(schema, resolver=resolver)"
		".validate(json.load(open(name)))\n";
	const char *const probe[] = { "python3", "-c", "import jsonschema", NULL };
	struct lkb_proc p = { .argv = probe };
	struct lkb_error err = { 0 };
	lkb_autotmpdir dir = { 0 };
	lkb_autostrv argv = { 0 };

	if (access(SCHEMA, R_OK) < 0 || lkb_proc_run(&p, NULL, NULL) < 0) {
		print_message("golang-github-opencontainers-specs-dev or python3-jsonschema is "
			      "not installed\n");
		skip();
	}
	assert_int_equal(0, lkb_tmpdir_make(&dir, NULL));
	lkb_strv_add(&argv, "python3");
	lkb_strv_add(&argv, "-c");
	lkb_strv_add(&argv, script);
	lkb_strv_add(&argv, SCHEMA);
	for (size_t i = 0; i < LKB_ARRAY_SIZE(goldens); i++) {
		lkb_autofree char *config = config_of(goldens[i].name, "/r");

		lkb_strv_addf(&argv, "%s/%s.json", dir.path, goldens[i].name);
		assert_int_equal(0, lkb_write_file(argv.items[argv.n - 1], config, strlen(config),
						   0644, NULL));
	}
	p.argv = (const char *const *)argv.items;
	if (lkb_proc_run(&p, NULL, &err) < 0)
		fail_msg("%s", err.message);
}

/* A bundle with an image whose programs the kernel will not execute: a runtime that complains of
 * just that has accepted the config and set everything up. */
struct bundle {
	struct lkb_tmpdir dir;
	char *rootfs, *config, *state;
};

static void make_bundle(struct bundle *b)
{
	static const char *const programs[] = { "app", "other", "label", "sh" };

	*b = (struct bundle){ 0 };
	assert_int_equal(0, lkb_tmpdir_make(&b->dir, NULL));
	b->rootfs = lkb_format("%s/rootfs", b->dir.path);
	b->config = lkb_format("%s/config.json", b->dir.path);
	b->state = lkb_format("%s/state", b->dir.path);
	for (size_t i = 0; i < LKB_ARRAY_SIZE(programs); i++) {
		lkb_autofree char *bin = lkb_format("%s/bin", b->rootfs);
		lkb_autofree char *path = lkb_format("%s/%s", bin, programs[i]);

		assert_int_equal(0, lkb_mkdir_p(bin, NULL));
		assert_int_equal(0, lkb_write_file(path, "", 0, 0755, NULL));
	}
}

static void clear_bundle(struct bundle *b)
{
	lkb_tmpdir_clear(&b->dir);
	free(b->rootfs);
	free(b->config);
	free(b->state);
}

/* True if the runtime got as far as executing the program. */
static bool sets_up(const char *runtime, const struct bundle *b, struct lkb_error *err)
{
	lkb_autofree char *id = lkb_format("lkboard-test-%d", (int)getpid());
	/* Control groups are not what is judged, and crun knows how to do without. */
	const char *const run[] = { runtime, "--root", b->state, "run", "--bundle", b->dir.path,
				    id, NULL };
	const char *const crun[] = { runtime, "--cgroup-manager=disabled", "--root", b->state,
				     "run", "--bundle", b->dir.path, id, NULL };
	const char *const gone[] = { runtime, "--root", b->state, "delete", "--force", id, NULL };
	struct lkb_proc p = { .argv = strcmp(runtime, "crun") ? run : crun };
	struct lkb_proc d = { .argv = gone };
	int r = lkb_proc_run(&p, NULL, err);

	lkb_proc_run(&d, NULL, NULL);
	return r < 0 && (strstr(err->message, "exec format error") ||
			 strstr(err->message, "Exec format error"));
}

/* Does the runtime work here at all, with a config it wrote itself? */
static bool works_here(const char *runtime, const struct bundle *b)
{
	const char *const spec[] = { runtime, "spec", NULL };
	struct lkb_proc p = { .argv = spec, .cwd = b->dir.path };
	lkb_autofree char *text = NULL;
	struct lkb_error err = { 0 };
	char *terminal;
	size_t len;

	if (geteuid() != 0 || lkb_proc_run(&p, NULL, NULL) < 0 ||
	    lkb_read_file(b->config, 1 << 20, &text, &len, NULL) < 0)
		return false;
	terminal = strstr(text, "\"terminal\": true");
	if (!terminal)
		return false;
	memcpy(terminal, "\"terminal\":false", strlen("\"terminal\":false"));
	return lkb_write_file(b->config, text, len, 0644, NULL) == 0 && sets_up(runtime, b, &err);
}

static void runtime_accepts(const char *runtime)
{
	struct bundle b;
	bool works;

	make_bundle(&b);
	works = works_here(runtime, &b);
	for (size_t i = 0; works && i < LKB_ARRAY_SIZE(goldens); i++) {
		lkb_autofree char *config = NULL;
		struct lkb_error err = { 0 };

		if (goldens[i].not_run)
			continue;
		config = config_of(goldens[i].name, b.rootfs);
		assert_int_equal(0, lkb_write_file(b.config, config, strlen(config), 0644, NULL));
		if (!sets_up(runtime, &b, &err))
			fail_msg("%s of %s: %s", goldens[i].name, runtime, err.message);
	}
	clear_bundle(&b);
	if (!works) {
		print_message("%s cannot run its own example here\n", runtime);
		skip();
	}
}

static void runc_sets_the_containers_up(void **state)
{
	runtime_accepts("runc");
}

static void crun_sets_the_containers_up(void **state)
{
	runtime_accepts("crun");
}

/* What a label says is read without knowing the spec, so faults come to light only here. */
static const struct refused {
	const char *label, *message;
} refused[] = {
	{ "hostname: x", "hostname 'x' would be the whole system's" },
	{ "uid: nobody", "uid: 'nobody' is no number and no name of an image object" },
	{ "additionalGids: [x]",
	  "additionalGids: 'x' is no number and no name of an image object" },
};

static void what_cannot_run_is_refused(void **state)
{
	static const char yaml[] = "services:\n  - name: app\n    image: x\n";

	for (size_t i = 0; i < LKB_ARRAY_SIZE(refused); i++) {
		struct lkb_error err = { 0 };

		assert_null(make_config(yaml, refused[i].label, "/r", &err));
		assert_string_equal(err.message, refused[i].message);
		assert_int_equal(err.kind, LKB_INPUT);
	}
}

static void an_image_without_a_command_needs_one(void **state)
{
	char ref[] = "docker.io/x:1", workdir[] = "";
	struct lkb_image im = { .ref = ref, .workdir = workdir };
	struct lkb_spec_image none = { 0 };
	struct lkb_error err = { 0 };
	char *config = NULL;

	assert_int_equal(-1, lkb_runtime_config(&(struct lkb_runtime_in){ &none, &none, &im, NULL,
									  "/r" }, &config, &err));
	assert_string_equal(err.message, "there is no command to run");
	assert_non_null(strstr(err.hint, "docker.io/x:1"));
	assert_null(config);
}

static void runtime_json_says_what_init_has_to_mount(void **state)
{
	static const char tail[] =
		"    \"mkdir\": [],\n"
		"    \"interfaces\": [],\n"
		"    \"bindNS\": {\n"
		"        \"cgroup\": \"\",\n"
		"        \"ipc\": \"\",\n"
		"        \"mnt\": \"\",\n"
		"        \"net\": \"\",\n"
		"        \"pid\": \"\",\n"
		"        \"user\": \"\",\n"
		"        \"uts\": \"\"\n"
		"    },\n"
		"    \"namespace\": \"\"\n"
		"}";
	lkb_autofree char *bind = lkb_runtimejson("c/b", "c/a/lower", true);
	lkb_autofree char *overlay = lkb_runtimejson("c/b", "c/a/rootfs", false);
	lkb_autofree char *bind_wanted = lkb_format("%s%s",
		"{\n"
		"    \"cgroups\": [],\n"
		"    \"mounts\": [\n"
		"        {\n"
		"            \"destination\": \"/c/b/rootfs\",\n"
		"            \"source\": \"/c/a/lower\",\n"
		"            \"options\": [\n"
		"                \"bind\"\n"
		"            ]\n"
		"        }\n"
		"    ],\n", tail);
	lkb_autofree char *overlay_wanted = lkb_format("%s%s",
		"{\n"
		"    \"cgroups\": [],\n"
		"    \"mounts\": [\n"
		"        {\n"
		"            \"destination\": \"/c/b/tmp\",\n"
		"            \"type\": \"tmpfs\",\n"
		"            \"source\": \"tmpfs\"\n"
		"        },\n"
		"        {\n"
		"            \"destination\": \"/c/b/tmp\",\n"
		"            \"options\": [\n"
		"                \"remount\",\n"
		"                \"private\"\n"
		"            ]\n"
		"        },\n"
		"        {\n"
		"            \"destination\": \"/c/b/rootfs\",\n"
		"            \"type\": \"overlay\",\n"
		"            \"source\": \"overlay\",\n"
		"            \"options\": [\n"
		"                \"lowerdir=/c/a/rootfs\",\n"
		"                \"upperdir=/c/b/tmp/upper\",\n"
		"                \"workdir=/c/b/tmp/work\"\n"
		"            ]\n"
		"        }\n"
		"    ],\n", tail);

	assert_string_equal(bind, bind_wanted);
	assert_string_equal(overlay, overlay_wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(configs_are_the_golden_ones),
		cmocka_unit_test(every_key_has_a_golden_file),
		cmocka_unit_test(configs_fit_the_runtime_specs_schema),
		cmocka_unit_test(runc_sets_the_containers_up),
		cmocka_unit_test(crun_sets_the_containers_up),
		cmocka_unit_test(what_cannot_run_is_refused),
		cmocka_unit_test(an_image_without_a_command_needs_one),
		cmocka_unit_test(runtime_json_says_what_init_has_to_mount),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
