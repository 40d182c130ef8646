/* SPDX-License-Identifier: Apache-2.0 */
/* Whose credentials go to whom: files, their order, keys, helpers. */
#include "rootfs/oci/registry/credentials.h"
#include "rootfs/oci/registry/registry.h"
#include "tests/unit/base_kit.h"

#define AUTH(key, b64) "{\"auths\":{\"" key "\":{\"auth\":\"" b64 "\"}}}"
#define A_B "YTpi"                   /* a:b */
#define C_D "Yzpk"                   /* c:d */
#define U_PWW "dTpwOncAAA=="         /* u:p:w and zeros */

static void keys_from_the_most_specific_on(void **state)
{
	lkb_autostrv keys = {0}, hub = {0};

	lkb_auth_keys("h.example:5000", "a/b/c", &keys);
	assert_int_equal(keys.n, 4);
	assert_string_equal(keys.items[0], "h.example:5000/a/b/c");
	assert_string_equal(keys.items[1], "h.example:5000/a/b");
	assert_string_equal(keys.items[2], "h.example:5000/a");
	assert_string_equal(keys.items[3], "h.example:5000");
	lkb_auth_keys("docker.io", "library/nginx", &hub);
	assert_int_equal(hub.n, 5);
	assert_string_equal(hub.items[2], "docker.io");
	assert_string_equal(hub.items[3], "index.docker.io");
}

static void keys_in_normal_form(void **state)
{
	static const struct {
		const char *text, *key;
	} table[] = {
		{ "h.example", "h.example" },
		{ "h.example:5000", "h.example:5000" },
		{ "h.example/", "h.example" },
		{ "h.example/a/b", "h.example/a/b" },
		{ "https://index.docker.io/v1/", "index.docker.io" },
		{ "https://h.example/v2/", "h.example" },
		{ "http://h.example:80", "h.example:80" },
		{ "h.example/v1/", "h.example" },
		{ "h.example/v2", "h.example" },
		{ "", "" },
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(table); i++) {
		lkb_autofree char *key = lkb_auth_key(table[i].text);

		assert_string_equal(key, table[i].key);
	}
}

/* A file, and what it has for h.example/a/b: "user:password", "<identity>", "[registry]", "" for
 * nothing, NULL for a file that is refused. */
static const struct {
	const char *text, *found;
} files[] = {
	{ AUTH("h.example", A_B), "a:b" },
	{ AUTH("https://h.example/v1/", A_B), "a:b" },
	{ AUTH("h.example/a", A_B), "a:b" },
	{ AUTH("h.example/a/b", A_B), "a:b" },
	{ AUTH("h.example/a/b/c", A_B), "" },
	{ AUTH("h.example/x", A_B), "" },
	{ AUTH("h.example:443", A_B), "" },
	{ AUTH("x.h.example", A_B), "" },
	{ AUTH("example", A_B), "" },
	{ "{\"auths\":{\"h.example\":{\"auth\":\"" A_B "\"},\"h.example/a\":{\"auth\":\"" C_D "\"}}}", "c:d" },
	{ "{\"auths\":{\"h.example/a\":{\"auth\":\"" C_D "\"},\"h.example\":{\"auth\":\"" A_B "\"}}}", "c:d" },
	/* the password begins behind the first colon, and zeros at its end are some program's */
	{ AUTH("h.example", U_PWW), "u:p:w" },
	{ "{\"auths\":{\"h.example\":{\"username\":\"u\",\"password\":\"p\"}}}", "u:p" },
	{ "{\"auths\":{\"h.example\":{\"identitytoken\":\"it\"}}}", "<it>" },
	{ "{\"auths\":{\"h.example\":{\"registrytoken\":\"rt\"}}}", "[rt]" },
	{ "{\"auths\":{\"h.example\":{}}}", "" },
	{ "{\"auths\":{\"h.example\":{\"auth\":\"\"}}}", "" },
	{ "{\"auths\":{\"h.example\":null}}", "" },
	{ "{\"auths\":null,\"HttpHeaders\":{\"x\":\"y\"}}", "" },
	{ "{}", "" },
	{ AUTH("h.example", "no base64"), NULL },
	{ AUTH("h.example", "YWI="), NULL },  /* ab */
	{ AUTH("h.example", "OmI="), NULL },  /* :b */
	{ AUTH("elsewhere", "!"), NULL },
	{ "{\"auths\":{\"h.example\":{\"registrytoken\":\"a\\nb\"}}}", NULL },
	{ "{\"auths\":[]}", NULL },
	{ "{\"auths\":{\"h.example\":\"" A_B "\"}}", NULL },
	{ "{\"auths\":{},\"auths\":{}}", NULL },
	{ "{\"credsStore\":\"../../bin/sh\"}", NULL },
	{ "{\"credsStore\":\"a b\"}", NULL },
	{ "{\"credHelpers\":{\"h.example\":\"x;reboot\"}}", NULL },
	{ "not JSON", NULL },
	{ "", NULL },
};

static void write_text(const char *name, const char *text)
{
	lkb_autofree char *path = lkb_path_join(dir.path, name);
	lkb_autofree char *parent = lkb_path_dirname(path);

	OK(lkb_mkdir_p(parent, &err));
	OK(lkb_write_file(path, text, strlen(text), 0600, &err));
}

/* What is found for h.example/a/b, as in the table. The caller frees it. */
static char *find(const struct lkb_registry_options *o, int *ret_found)
{
	struct lkb_auth_places places __attribute__((cleanup(lkb_auth_places_clear))) = {0};
	lkb_autocredential c = {0};

	lkb_auth_places(o, &places);
	*ret_found = lkb_auth_find(&places, "h.example", "a/b", &c, &err);
	if (*ret_found <= 0)
		return lkb_format("%s", "");
	assert_non_null(c.from);
	return c.identity_token ? lkb_format("<%s>", c.identity_token) :
	       c.registry_token ? lkb_format("[%s]", c.registry_token) :
				  lkb_format("%s:%s", c.user, c.password);
}

static void what_files_have(void **state)
{
	lkb_autofree char *path = lkb_path_join(dir.path, "auth.json");
	const struct lkb_registry_options o = { .authfile = path };

	for (size_t i = 0; i < LKB_ARRAY_SIZE(files); i++) {
		lkb_autofree char *got = NULL;
		int found;

		write_text("auth.json", files[i].text);
		got = find(&o, &found);
		if (found < 0 ? files[i].found != NULL : !files[i].found)
			fail_msg("%s: %s", files[i].text, found < 0 ? err.message : got);
		if (found < 0)
			assert_int_equal(err.kind, LKB_INPUT);
		else
			assert_string_equal(got, files[i].found);
	}
}

static void the_old_file_has_no_frame(void **state)
{
	static const char text[] = "{\"https://h.example/v1/\":{\"auth\":\"" A_B "\"}}";
	lkb_autoauth f = {0};

	OK(lkb_auth_parse(text, strlen(text), "it", true, &f, &err));
	assert_int_equal(f.n, 1);
	assert_string_equal(f.auths[0].key, "h.example");
	assert_string_equal(f.auths[0].credential.user, "a");
}

/* All places, the first in the order of search first; each has its own user. */
static void the_first_file_that_has_any_wins(void **state)
{
	static const struct {
		const char *name, *auth, *user;
	} order[] = {
		{ "env.json", "ZTox", "e:1" },
		{ "run/containers/auth.json", "cjox", "r:1" },
		{ "config/containers/auth.json", "Yzox", "c:1" },
		{ "docker/config.json", "ZDox", "d:1" },
		{ "home/.dockercfg", "aDox", "h:1" },
	};
	lkb_autofree char *env = lkb_path_join(dir.path, "env.json");
	lkb_autofree char *run = lkb_path_join(dir.path, "run");
	lkb_autofree char *config = lkb_path_join(dir.path, "config");
	lkb_autofree char *docker = lkb_path_join(dir.path, "docker");
	lkb_autofree char *home = lkb_path_join(dir.path, "home");
	const struct lkb_registry_options o = { .auth_env = env, .runtime_dir = run,
		.config_home = config, .docker_config = docker, .home = home };

	for (size_t i = LKB_ARRAY_SIZE(order); i-- > 0;) {
		bool legacy = lkb_ends_with(order[i].name, ".dockercfg");
		lkb_autofree char *text = lkb_format(legacy ? "{\"h.example\":{\"auth\":\"%s\"}}" :
			"{\"auths\":{\"h.example\":{\"auth\":\"%s\"}}}", order[i].auth);
		lkb_autofree char *got = NULL;
		int found;

		write_text(order[i].name, text);
		got = find(&o, &found);
		assert_string_equal(got, order[i].user);
	}
	/* An earlier file that has nothing for us is passed over. */
	for (size_t i = 0; i + 1 < LKB_ARRAY_SIZE(order); i++) {
		lkb_autofree char *got = NULL;
		int found;

		write_text(order[i].name, AUTH("other.example", A_B));
		got = find(&o, &found);
		assert_string_equal(got, order[i + 1].user);
	}
}

static void places_without_their_variables(void **state)
{
	const struct lkb_registry_options o = { .home = "/h" }, none = {0},
					  given = { .authfile = "x", .home = "/h" };
	struct lkb_auth_places p = {0};

	lkb_auth_places(&o, &p);
	assert_int_equal(p.n, 3);
	assert_string_equal(p.items[0].path, "/h/.config/containers/auth.json");
	assert_string_equal(p.items[1].path, "/h/.docker/config.json");
	assert_string_equal(p.items[2].path, "/h/.dockercfg");
	lkb_auth_places_clear(&p);
	lkb_auth_places(&none, &p);
	assert_int_equal(p.n, 0);
	lkb_auth_places(&given, &p);
	assert_int_equal(p.n, 1);
	assert_true(p.items[0].required);
	lkb_auth_places_clear(&p);
}

/* A helper's script: what it answers, and what that means for us. */
static void helpers(void **state)
{
	static const struct {
		const char *script, *found;
		enum lkb_error_kind kind;
	} table[] = {
		{ "echo '{\"ServerURL\":\"h\",\"Username\":\"u\",\"Secret\":\"p\"}'", "u:p", LKB_OK },
		{ "echo '{\"Username\":\"<token>\",\"Secret\":\"it\"}'", "<it>", LKB_OK },
		{ "read s; echo \"{\\\"Username\\\":\\\"$1\\\",\\\"Secret\\\":\\\"$s\\\"}\"",
		  "get:h.example", LKB_OK },
		/* it has none: the file itself may */
		{ "echo 'credentials not found in native keychain'; exit 1", "a:b", LKB_OK },
		{ "echo 'the vault is locked'; exit 1", NULL, LKB_IO },
		{ "echo nonsense", NULL, LKB_INPUT },
		{ "echo '{}'", NULL, LKB_INPUT },
		{ "kill -9 $$", NULL, LKB_IO },
	};
	lkb_autofree char *program = lkb_path_join(dir.path, "docker-credential-t.x_1");
	lkb_autofree char *path = lkb_path_join(dir.path, "auth.json");
	lkb_autofree char *path_was = lkb_format("%s", getenv("PATH"));
	lkb_autofree char *search = lkb_format("%s:%s", dir.path, path_was);
	const struct lkb_registry_options o = { .authfile = path };

	setenv("PATH", search, 1);
	for (size_t i = 0; i < 2 * LKB_ARRAY_SIZE(table); i++) {
		lkb_autofree char *text = lkb_format("#!/bin/sh\n%s\n", table[i / 2].script);
		lkb_autofree char *got = NULL;
		int found;

		write_text("auth.json", i % 2 ?
			"{\"credHelpers\":{\"https://h.example\":\"t.x_1\"},"
			"\"auths\":{\"h.example\":{\"auth\":\"" A_B "\"}}}" :
			"{\"credsStore\":\"t.x_1\",\"auths\":{\"h.example\":{\"auth\":\"" A_B "\"}}}");
		unlink(program);
		OK(lkb_write_file(program, text, strlen(text), 0755, &err));
		got = find(&o, &found);
		if (!table[i / 2].found) {
			assert_int_equal(found, -1);
			assert_int_equal(err.kind, table[i / 2].kind);
		} else {
			assert_string_equal(got, table[i / 2].found);
		}
	}
	setenv("PATH", path_was, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_from_the_most_specific_on),
		cmocka_unit_test(keys_in_normal_form),
		CASE(what_files_have),
		cmocka_unit_test(the_old_file_has_no_frame),
		CASE(the_first_file_that_has_any_wins),
		cmocka_unit_test(places_without_their_variables),
		CASE(helpers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
