/* SPDX-License-Identifier: Apache-2.0 */
/* The policy file as one table. */
#include "rootfs/oci/trust/trust_priv.h"

#define REQUIRED (LKB_KEY_REQUIRED | LKB_KEY_NONEMPTY)

static const char *const fallbacks[] = { "accept", "refuse", NULL };
static const char *const signatures[] = { "required", "optional", "none", NULL };
static const char *const identities[] = { "any", "repository", NULL };
static const char *const namespaces[] = { "net", "ipc", "uts", "pid", "userns", NULL };
static const char *const runtime[] = { "cgroups", "mounts", "mkdir", "interfaces", "bindNS",
				       "namespace", NULL };
static const char *const settings[] = { "rootfsPropagation", "cgroupsPath", "oomScoreAdj", NULL };

static const struct lkb_schema_key label_keys[] = {
	LKB_KEY(struct lkb_policy_label, capabilities, LKB_T_STRLIST,
		"capabilities it may ask for; 'all' for any", .choices = lkb_spec_capabilities,
		.hint = "write a name of capabilities(7), such as CAP_NET_ADMIN, or all"),
	LKB_KEY(struct lkb_policy_label, binds, LKB_T_STRLIST,
		"paths of the system, with all below them, that it may bind; with ':ro', read-only",
		.flags = LKB_KEY_NONEMPTY, .check = lkb_policy_bad_bind,
		.hint = "write an absolute path such as /var/lib/data or /etc:ro"),
	LKB_KEY(struct lkb_policy_label, mounts, LKB_T_STRLIST,
		"types of file systems it may mount", .flags = LKB_KEY_NONEMPTY),
	LKB_KEY(struct lkb_policy_label, devices, LKB_T_STRLIST,
		"devices it may use, by path; 'all' for any", .flags = LKB_KEY_NONEMPTY),
	LKB_KEY(struct lkb_policy_label, namespaces, LKB_T_STRLIST,
		"namespaces that it may share with the system or another container",
		.choices = namespaces),
	LKB_KEY(struct lkb_policy_label, sysctl, LKB_T_STRLIST,
		"kernel parameters it may set; '*' stands for any run of characters",
		.flags = LKB_KEY_NONEMPTY),
	LKB_KEY(struct lkb_policy_label, runtime, LKB_T_STRLIST,
		"keys of 'runtime' it may have", .choices = runtime),
	LKB_KEY(struct lkb_policy_label, settings, LKB_T_STRLIST,
		"other keys it may have that reach beyond the container", .choices = settings),
};
static const struct lkb_schema label_schema =
	LKB_SCHEMA("label", struct lkb_policy_label, label_keys);

static const struct lkb_schema_key rule_keys[] = {
	LKB_KEY(struct lkb_policy_rule, prefix, LKB_T_STRING,
		"registry, organisation or repository that the rule is for, in full",
		.flags = REQUIRED, .check = lkb_policy_bad_prefix,
		.hint = "write it like docker.io/linuxkit, docker.io/library/redis or "
			"registry.example.org:5000, without a tag"),
	LKB_KEY(struct lkb_policy_rule, signatures, LKB_T_STRING,
		"required, optional (an image may have none) or none; required",
		.choices = signatures),
	LKB_KEY(struct lkb_policy_rule, keys, LKB_T_STRLIST,
		"files with public keys, from the directory of the policy",
		.flags = LKB_KEY_NONEMPTY, .hint = "write the path of a file such as cosign.pub"),
	LKB_KEY(struct lkb_policy_rule, threshold, LKB_T_INT,
		"how many of the keys must have signed; 1", .min = 1, .max = LKB_TRUST_MAX_KEYS),
	LKB_KEY(struct lkb_policy_rule, identity, LKB_T_STRING,
		"repository: what was signed must be called as the image is; any",
		.choices = identities),
	LKB_KEY(struct lkb_policy_rule, label, LKB_T_OBJECT,
		"what labels may ask for, instead of the policy's own 'label'",
		.object = &label_schema),
};
static const struct lkb_schema rule_schema = LKB_SCHEMA("rule", struct lkb_policy_rule, rule_keys);

static const struct lkb_schema_key policy_keys[] = {
	LKB_KEY_AS("default", struct lkb_policy, fallback, LKB_T_STRING,
		   "accept or refuse: images that no rule is for; refuse", .choices = fallbacks),
	LKB_KEY(struct lkb_policy, label, LKB_T_OBJECT,
		"what labels may ask for, unless a rule says it; anything",
		.object = &label_schema),
	LKB_KEY(struct lkb_policy, rules, LKB_T_OBJLIST, "the rules; the longest prefix wins",
		.flags = LKB_KEY_REQUIRED, .object = &rule_schema),
};
static const struct lkb_schema policy_schema =
	LKB_SCHEMA_NO_POS("policy", struct lkb_policy, policy_keys);

const struct lkb_schema *lkb_policy_schema(void)
{
	return &policy_schema;
}
