/* SPDX-License-Identifier: Apache-2.0 */
/* config.json and runtime.json. LKBOARD_GOLDEN=update in the environment writes the golden files
 * instead of comparing; what changed is then for git diff and a reader to judge. */
#include "test_runtime_kit.h"

static void compare(const char *name, const char *suffix, const char *text)
{
	bool write = getenv("LKBOARD_GOLDEN") &&
		     !strcmp(getenv("LKBOARD_GOLDEN"), "update");
	lkb_autofree char *path = lkb_format(GOLDEN "/%s%s", name, suffix);
	lkb_autofree char *golden = NULL;

	if (write)
		assert_int_equal(0, lkb_write_file(path, text, strlen(text), 0644, NULL));
	golden = read_golden(name, suffix);
	if (!golden)
		fail_msg("%s is missing", path);
	assert_string_equal(text, golden);
}

/* What init does around a container is the same for most; "runtime..." shows it. */
static void configs_are_the_golden_ones(void **state)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(goldens); i++) {
		const char *name = goldens[i].name;
		lkb_autofree char *runtime = NULL;
		lkb_autofree char *config = both_of(name, "/containers/services/app/rootfs",
						    &runtime);

		compare(name, ".json", config);
		if (lkb_starts_with(name, "runtime"))
			compare(name, ".runtime.json", runtime);
	}
}

struct walk {
	const char *texts;
	unsigned seen;
};

/* "key:" in a block or a flow map. */
static bool is_used(const char *texts, const char *key)
{
	lkb_autofree char *name = lkb_format("%s:", key);

	for (const char *at = strstr(texts, name); at; at = strstr(at + 1, name))
		if (at > texts && strchr(" {", at[-1]))
			return true;
	return false;
}

static void key_is_covered(void *ctx, const char *path, const struct lkb_schema_key *key)
{
	struct walk *w = ctx;
	lkb_autofree char *in_label = lkb_format("\"%s\": ", key->name);

	if (!lkb_starts_with(path, "services[].") || key->ignored)
		return;
	w->seen++;
	if (!is_used(w->texts, key->name) && !strstr(w->texts, in_label))
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

/* What a label says is read without knowing the spec, so faults come to light only here. */
static const struct refused {
	const char *label, *message;
} refused[] = {
	{ "hostname: x", "hostname 'x' would be the whole system's" },
	{ "userns: new", "'userns: new' has no users or no groups" },
	{ "uidMappings: [{hostID: 1, containerID: 0, size: 1}]",
	  "'uidMappings' and 'gidMappings' have no effect here" },
	{ "binds: [\"v:/v\"]",
	  "bind source 'v' is neither an absolute path nor a volume of the spec" },
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

/* What `check` lets through is written: any case, blanks, with and without the prefix. */
static void rlimits_as_people_write_them(void **state)
{
	static const char yaml[] =
		"services:\n  - name: app\n    image: x\n    command: [\"/x\"]\n"
		"    rlimits: [\"nofile, 1, 2\", \"rlimit_core,0,Unlimited\"]\n";
	struct lkb_error err = { 0 };
	lkb_autofree char *config = make_config(yaml, NULL, "/r", &err);

	assert_string_equal(err.message, "");
	assert_non_null(strstr(config, "\"type\": \"RLIMIT_NOFILE\""));
	assert_non_null(strstr(config, "\"soft\": 1"));
	assert_non_null(strstr(config, "\"type\": \"RLIMIT_CORE\""));
	assert_non_null(strstr(config, "\"hard\": 18446744073709551615"));
}

/* 200,000 binds in a label took minutes. */
static void a_label_has_an_end(void **state)
{
	static const char yaml[] = "services:\n  - name: app\n    image: x\n";
	lkb_autostr label = { 0 };
	struct lkb_error err = { 0 };

	lkb_str_add(&label, "{\"binds\": [");
	for (unsigned i = 0; i <= 1000; i++)
		lkb_str_addf(&label, "%s\"/a:/b%u\"", i ? "," : "", i);
	lkb_str_add(&label, "]}");
	assert_null(make_config(yaml, label.s, "/r", &err));
	assert_non_null(strstr(err.message, "'binds' has 1001 items, more than 1000"));
}

static void an_image_without_a_command_needs_one(void **state)
{
	char ref[] = "docker.io/x:1", workdir[] = "";
	struct lkb_image im = { .ref = ref, .workdir = workdir };
	struct lkb_spec_image none = { 0 };
	struct lkb_error err = { 0 };
	char *config = NULL;

	struct lkb_runtime_in in = { .spec = &none, .label = &none, .image = &im,
				     .root_path = "/r" };

	assert_int_equal(-1, lkb_runtime_config(&in, &config, &err));
	assert_string_equal(err.message, "there is no command to run");
	assert_non_null(strstr(err.hint, "docker.io/x:1"));
	assert_null(config);
}

static char *around(const char *lower, bool readonly)
{
	struct lkb_container c = { .readonly = readonly };
	struct lkb_runtimejson in = { .dir = "c/b", .lower = lower };
	lkb_autoarena arena = { 0 };
	char *text = NULL;

	OK(lkb_runtimejson(&c, &in, &arena, &text, err));
	return text;
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
	lkb_autofree char *bind = around("c/a/lower", true);
	lkb_autofree char *overlay = around("c/a/rootfs", false);
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
		cmocka_unit_test(what_cannot_run_is_refused),
		cmocka_unit_test(rlimits_as_people_write_them),
		cmocka_unit_test(a_label_has_an_end),
		cmocka_unit_test(an_image_without_a_command_needs_one),
		cmocka_unit_test(runtime_json_says_what_init_has_to_mount),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
