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

/* Fails the test with the error's own words. */
#define OK(call) \
	do { \
		struct lkb_error ok_err = { 0 }, *err = &ok_err; \
		if ((call) < 0) \
			fail_msg("%s: %s", #call, err->message); \
	} while (0)

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

/* The config.json of services[0], or the error; the caller frees the result. */
static inline char *make_config(const char *yaml, const char *label_text, const char *root_path,
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

static inline char *read_golden(const char *name, const char *suffix)
{
	lkb_autofree char *path = lkb_format(GOLDEN "/%s%s", name, suffix);
	char *text = NULL;
	size_t len;

	return lkb_read_file(path, 1 << 20, &text, &len, NULL) < 0 ? NULL : text;
}

static inline char *config_of(const char *name, const char *root_path)
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

#endif
