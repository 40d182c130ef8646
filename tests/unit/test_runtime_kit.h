/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_TESTS_UNIT_TEST_RUNTIME_KIT_H
#define LKB_TESTS_UNIT_TEST_RUNTIME_KIT_H

/* tests/golden/runtime/NAME.yml (and NAME.label, the image's org.mobyproject.config) must give
 * NAME.json, byte by byte, and foreign programs must like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "rootfs/rootfs_priv.h"

#define GOLDEN "tests/golden/runtime"
#define LKB_BIT(n) ((uint64_t)1 << (n))

/* Fails the test with the error's own words. */
#define OK(call) \
	do { \
		struct lkb_error ok_err = { 0 }, *err = &ok_err; \
		if ((call) < 0) \
			fail_msg("%s: %s", #call, err->message); \
	} while (0)

static const struct golden {
	const char *name;
	/* Capabilities that a runtime must have itself to set it up: bits of CapBnd. */
	uint64_t needs;
	bool needs_controllers; /* control groups that limit */
} goldens[] = {
	{ "defaults", 0, false }, { "readonly", 0, false }, { "process", 0, false },
	{ "caps-all", LKB_BIT(LKB_N_CAPABILITIES) - 1, false },
	{ "caps-none", 0, false }, { "caps-none-over-label", 0, false },
	{ "caps-listed", 0, false }, { "caps-add", 0, false }, { "caps-ambient", 0, false },
	{ "binds", 0, false }, { "binds-add", 0, false }, { "binds-over-label", 0, false },
	{ "tmpfs", 0, false }, { "mounts", 0, false }, { "devices", 0, false },
	{ "namespaces-new", 0, false }, { "namespaces-host", 0, false },
	{ "namespaces-path", 0, false }, { "net-none", 0, false },
	{ "rlimits", LKB_BIT(24), false }, /* CAP_SYS_RESOURCE */
	{ "sysctl", 0, false }, { "paths", 0, false }, { "oom", LKB_BIT(24), false },
	{ "ids", 0, false }, { "label", 0, false }, { "volumes", 0, false },
	{ "resources", 0, true }, { "resources-cgroup1", 0, true },
	{ "resources-over-label", 0, true }, { "userns", 0, false },
	{ "runtime", 0, false }, { "runtime-over-label", 0, false },
};

/* The image that all of them run. */
static inline void fill_image(struct lkb_image *im)
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

static inline void clear_image(struct lkb_image *im)
{
	lkb_strv_clear(&im->entrypoint);
	lkb_strv_clear(&im->cmd);
	lkb_strv_clear(&im->env);
	free(im->ref);
	free(im->workdir);
	free(im->user);
}

/* The config.json of services[0], or the error; the caller frees the result. With ret_runtime, also
 * its runtime.json. */
static inline char *make_both(const char *yaml, const char *label_text, const char *root_path,
			      char **ret_runtime, struct lkb_error *err)
{
	lkb_auto(lkb_spec) spec = NULL;
	lkb_autoarena arena = { 0 };
	lkb_autodiags diags = { 0 };
	struct lkb_spec_image label = { 0 };
	struct lkb_runtimejson around = { .dir = "c/app", .lower = "c/app/lower" };
	struct lkb_runtime_in in = { .label = &label, .root_path = root_path };
	struct lkb_container c;
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
	in.spec = spec->services.items;
	in.image = &im;
	in.ids = &ids;
	in.volumes = around.volumes = &spec->volumes;
	if (spec->lkboard.restart.n)
		around.restart = spec->lkboard.restart.values[0];
	if (lkb_container_read(&in, &arena, &c, err) == 0 &&
	    (!ret_runtime || lkb_runtimejson(&c, &around, &arena, ret_runtime, err) == 0))
		lkb_container_write(&c, &ids, root_path, &config, err);
	clear_image(&im);
	return config;
}

static inline char *make_config(const char *yaml, const char *label_text, const char *root_path,
				struct lkb_error *err)
{
	return make_both(yaml, label_text, root_path, NULL, err);
}

static inline char *read_golden(const char *name, const char *suffix)
{
	lkb_autofree char *path = lkb_format(GOLDEN "/%s%s", name, suffix);
	char *text = NULL;
	size_t len;

	return lkb_read_file(path, 1 << 20, &text, &len, NULL) < 0 ? NULL : text;
}

static inline char *both_of(const char *name, const char *root_path, char **ret_runtime)
{
	lkb_autofree char *yaml = read_golden(name, ".yml");
	lkb_autofree char *label = read_golden(name, ".label");
	struct lkb_error err = { 0 };
	char *config;

	if (!yaml)
		fail_msg("%s/%s.yml cannot be read: run the test from the top of the source",
			 GOLDEN, name);
	config = make_both(yaml, label, root_path, ret_runtime, &err);
	if (!config)
		fail_msg("%s: %s", name, err.message);
	return config;
}

static inline char *config_of(const char *name, const char *root_path)
{
	return both_of(name, root_path, NULL);
}

#endif
