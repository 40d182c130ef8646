/* SPDX-License-Identifier: Apache-2.0 */
/* What the runtime-spec's schema, runc and crun say to our config.json. */
#include "test_runtime_kit.h"

#include <glob.h>
#include <sys/prctl.h>

#define SCHEMA \
	"/usr/share/gocode/src/github.com/opencontainers/runtime-spec/schema/config-schema.json"

/* The runtime-spec's own JSON schema, as Debian ships it. */
static bool has_schema(void)
{
	const char *const probe[] = { "python3", "-c", "import jsonschema", NULL };

	if (access(SCHEMA, R_OK) == 0 &&
	    lkb_proc_run(&(struct lkb_proc){ .argv = probe }, NULL, NULL) == 0)
		return true;
	print_message("golang-github-opencontainers-specs-dev or python3-jsonschema is not "
		      "installed\n");
	return false;
}

struct judged {
	struct lkb_tmpdir dir;
	struct lkb_strv argv;
};

static void judged_init(struct judged *j)
{
	static const char script[] =
		"import json, sys\n"
		"import jsonschema\n"
		"path = sys.argv[1]\n"
		"schema = json.load(open(path))\n"
		"resolver = jsonschema.RefResolver('file://' + path, schema)\n"
		"judge = jsonschema.Draft4Validator(schema, resolver=resolver)\n"
		"for name in sys.argv[2:]:\n"
		"    judge.validate(json.load(open(name)))\n";

	*j = (struct judged){ 0 };
	OK(lkb_tmpdir_make(&j->dir, err));
	lkb_strv_add(&j->argv, "python3");
	lkb_strv_add(&j->argv, "-c");
	lkb_strv_add(&j->argv, script);
	lkb_strv_add(&j->argv, SCHEMA);
}

static void judged_add(struct judged *j, const char *config)
{
	lkb_strv_addf(&j->argv, "%s/%zu.json", j->dir.path, j->argv.n);
	OK(lkb_write_file(j->argv.items[j->argv.n - 1], config, strlen(config), 0644, err));
}

static void judge(struct judged *j)
{
	const struct lkb_proc p = { .argv = (const char *const *)j->argv.items };
	struct lkb_error why = { 0 };
	int r = lkb_proc_run(&p, NULL, &why);

	lkb_tmpdir_clear(&j->dir);
	lkb_strv_clear(&j->argv);
	if (r < 0)
		fail_msg("%s", why.message);
}

static void configs_fit_the_runtime_specs_schema(void **state)
{
	struct judged j;

	if (!has_schema())
		skip();
	judged_init(&j);
	for (size_t i = 0; i < LKB_ARRAY_SIZE(goldens); i++) {
		lkb_autofree char *config = config_of(goldens[i].name, "/r");

		judged_add(&j, config);
	}
	judge(&j);
}

static size_t add_images(struct judged *j, const struct lkb_spec *spec,
			 const struct lkb_objlist *list)
{
	const struct lkb_spec_image *images = list->items;
	const struct lkb_spec_image no_label = { 0 };
	struct lkb_strmap ids;
	lkb_autoarena arena = { 0 };
	struct lkb_image im;

	fill_image(&im);
	lkb_ids_fill(spec, &arena, &ids);
	for (size_t i = 0; i < list->n; i++) {
		lkb_autofree char *config = NULL;

		OK(lkb_runtime_config(&(struct lkb_runtime_in){ .spec = &images[i],
				      .label = &no_label, .image = &im, .ids = &ids,
				      .volumes = &spec->volumes, .root_path = "/r" }, &config,
				      err));
		judged_add(j, config);
	}
	clear_image(&im);
	return list->n;
}

/* Every container of every real spec that this version takes. */
static void real_specs_give_configs_that_fit_too(void **state)
{
	glob_t found = { 0 };
	struct judged j;
	size_t n = 0;

	if (glob("../shared/specs/*/*.yml", 0, NULL, &found) || !has_schema()) {
		print_message("there are no real specs in ../shared/specs, or no judge\n");
		globfree(&found);
		skip();
	}
	judged_init(&j);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];
		lkb_auto(lkb_spec) spec = NULL;
		lkb_autodiags diags = { 0 };

		if (lkb_spec_read(&path, 1, "/home/x", &spec, &diags, NULL) < 0)
			continue;
		n += add_images(&j, spec, &spec->onboot);
		n += add_images(&j, spec, &spec->onshutdown);
		n += add_images(&j, spec, &spec->services);
	}
	globfree(&found);
	judge(&j);
	assert_true(n > 50);
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

#define HOST "unshare", "--mount", "tests/unit/judge-host.sh"

/* True if the runtime got as far as executing the program. */
static bool sets_up(const char *runtime, const struct bundle *b, struct lkb_error *err)
{
	lkb_autofree char *id = lkb_format("lkboard-test-%d", (int)getpid());
	const char *const run[] = { HOST, runtime, "--root", b->state, "run", "--bundle",
				    b->dir.path, id, NULL };
	/* crun knows how to do without control groups. */
	const char *const crun[] = { HOST, runtime, "--cgroup-manager=disabled", "--root",
				     b->state, "run", "--bundle", b->dir.path, id, NULL };
	const char *const gone[] = { HOST, runtime, "--root", b->state, "delete", "--force", id,
				     NULL };
	struct lkb_proc p = { .argv = strcmp(runtime, "crun") ? run : crun };
	struct lkb_proc d = { .argv = gone };
	int r = lkb_proc_run(&p, NULL, err);

	lkb_proc_run(&d, NULL, NULL);
	return r < 0 && (strstr(err->message, "exec format error") ||
			 strstr(err->message, "Exec format error"));
}

/* What this process, and so a runtime that it starts, may hand on. */
static uint64_t own_capabilities(void)
{
	uint64_t have = 0;

	for (int i = 0; i < 63; i++)
		if (prctl(PR_CAPBSET_READ, i) == 1)
			have |= LKB_BIT(i);
	return have;
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
	uint64_t have = own_capabilities();
	bool works, cpus = !strcmp(runtime, "crun"); /* it leaves control groups alone */
	struct bundle b;

	make_bundle(&b);
	works = works_here(runtime, &b);
	for (size_t i = 0; works && i < LKB_ARRAY_SIZE(goldens); i++) {
		lkb_autofree char *config = NULL;
		struct lkb_error err = { 0 };

		if ((goldens[i].needs & ~have) || (goldens[i].needs_controllers && !cpus)) {
			print_message("%s: this machine cannot give what %s asks for\n", runtime,
				      goldens[i].name);
			continue;
		}
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(configs_fit_the_runtime_specs_schema),
		cmocka_unit_test(real_specs_give_configs_that_fit_too),
		cmocka_unit_test(runc_sets_the_containers_up),
		cmocka_unit_test(crun_sets_the_containers_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
