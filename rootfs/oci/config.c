/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/ext/json.h"
#include "rootfs/oci/docs.h"

static int parse_platform(const struct lkb_json_at *root, struct lkb_oci_config *c,
			  struct lkb_error *err)
{
	const char *os, *arch, *variant;

	if (lkb_json_string(root, "os", LKB_JSON_OPTIONAL, &os, err) ||
	    lkb_json_string(root, "architecture", LKB_JSON_OPTIONAL, &arch, err) ||
	    lkb_json_string(root, "variant", LKB_JSON_OPTIONAL, &variant, err))
		return -1;
	if (os && *os && strcasecmp(os, "linux"))
		return lkb_json_fail(root, "os", err, "is '%.40s', not 'linux'", os);
	if (!arch || !*arch)
		return 0;
	if (!lkb_platform_set(&c->platform, arch, variant))
		return lkb_json_fail(root, "architecture", err, "is no architecture: '%.40s'",
				     arch);
	c->has_platform = true;
	return 0;
}

static int parse_created(const struct lkb_json_at *root, int64_t *ret, struct lkb_error *err)
{
	const char *text;

	if (lkb_json_string(root, "created", LKB_JSON_OPTIONAL, &text, err))
		return -1;
	if (text && !lkb_oci_date_parse(text, ret))
		return lkb_json_fail(root, "created", err, "is no RFC 3339 date: '%.40s'", text);
	return 0;
}

static int parse_labels(const struct lkb_json_at *config, struct lkb_oci_config *c,
			struct lkb_error *err)
{
	struct lkb_json_at labels;
	const char *key;
	json_t *value;

	if (lkb_json_object(config, "Labels", LKB_JSON_OPTIONAL, &labels, err))
		return -1;
	if (json_object_size(labels.value) > LKB_OCI_MAX_WORDS)
		return lkb_json_fail(config, "Labels", err, "has more than %d labels",
				     LKB_OCI_MAX_WORDS);
	json_object_foreach((json_t *)labels.value, key, value) {
		if (!json_is_string(value) && !json_is_null(value))
			return lkb_json_fail(&labels, key, err, "is no string");
		lkb_strv_add(&c->label_keys, key);
	}
	lkb_strv_sort(&c->label_keys);
	for (size_t i = 0; i < c->label_keys.n; i++) {
		value = json_object_get(labels.value, c->label_keys.items[i]);
		lkb_strv_add(&c->label_values, json_is_string(value) ? json_string_value(value)
								      : "");
	}
	return 0;
}

static int parse_process(const struct lkb_json_at *root, struct lkb_oci_config *c,
			 struct lkb_error *err)
{
	struct lkb_json_at config;
	const char *workdir, *user;

	if (lkb_json_object(root, "config", LKB_JSON_OPTIONAL, &config, err) ||
	    lkb_json_strings(&config, "Entrypoint", LKB_OCI_MAX_WORDS, &c->entrypoint,
			     &c->has_entrypoint, err) ||
	    lkb_json_strings(&config, "Cmd", LKB_OCI_MAX_WORDS, &c->cmd, &c->has_cmd, err) ||
	    lkb_json_strings(&config, "Env", LKB_OCI_MAX_WORDS, &c->env, NULL, err) ||
	    lkb_json_string(&config, "WorkingDir", LKB_JSON_OPTIONAL, &workdir, err) ||
	    lkb_json_string(&config, "User", LKB_JSON_OPTIONAL, &user, err))
		return -1;
	c->workdir = lkb_strdup(workdir ? workdir : "");
	c->user = lkb_strdup(user ? user : "");
	return parse_labels(&config, c, err);
}

static int parse_diff_ids(const struct lkb_json_at *root, struct lkb_oci_config *c,
			  struct lkb_error *err)
{
	lkb_autostrv ids = {0};
	struct lkb_json_at rootfs;
	const char *type;

	if (lkb_json_object(root, "rootfs", LKB_JSON_REQUIRED, &rootfs, err) ||
	    lkb_json_string(&rootfs, "type", LKB_JSON_REQUIRED, &type, err) ||
	    lkb_json_strings(&rootfs, "diff_ids", LKB_OCI_MAX_LAYERS, &ids, NULL, err))
		return -1;
	if (strcmp(type, "layers"))
		return lkb_json_fail(&rootfs, "type", err, "is '%.40s', not 'layers'", type);
	c->diff_ids = lkb_alloc_array(ids.n + 1, sizeof(*c->diff_ids));
	for (size_t i = 0; i < ids.n; i++) {
		bool sha256;

		if (!lkb_oci_digest_parse(ids.items[i], &sha256, &c->diff_ids[i]) || !sha256)
			return lkb_json_fail(&rootfs, "diff_ids", err, "has '%.100s', which is no "
					     "SHA-256 digest", ids.items[i]);
	}
	c->n_diff_ids = ids.n;
	return 0;
}

int lkb_oci_config_parse(const char *text, size_t len, const char *name,
			 struct lkb_oci_config *ret, struct lkb_error *err)
{
	lkb_autojson v = NULL;
	lkb_autoociconfig c = {0};
	struct lkb_json_at root;

	if (lkb_json_parse(text, len, name, &v, err) || lkb_json_root(v, name, &root, err) ||
	    parse_platform(&root, &c, err) || parse_created(&root, &c.created, err) ||
	    parse_process(&root, &c, err) || parse_diff_ids(&root, &c, err))
		return -1;
	*ret = c;
	c = (struct lkb_oci_config){0};
	return 0;
}

void lkb_oci_config_clear(struct lkb_oci_config *c)
{
	lkb_strv_clear(&c->entrypoint);
	lkb_strv_clear(&c->cmd);
	lkb_strv_clear(&c->env);
	lkb_strv_clear(&c->label_keys);
	lkb_strv_clear(&c->label_values);
	free(c->workdir);
	free(c->user);
	free(c->diff_ids);
	*c = (struct lkb_oci_config){0};
}
