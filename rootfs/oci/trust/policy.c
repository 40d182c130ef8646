/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "base/ext/yaml.h"
#include "base/file.h"
#include "base/path.h"
#include "rootfs/oci/trust/trust_priv.h"

#define MAX_POLICY ((size_t)1 << 20)
#define BELOW "/x/x" /* makes a reference of a prefix, whichever words it has */

/* A prefix is written as references are in full, so that it can be compared word by word. */
const char *lkb_policy_bad_prefix(const char *v)
{
	static const char what[] = "is no registry, organisation or repository in full";
	lkb_autofree char *text = lkb_format("%s" BELOW, v);
	lkb_autofree char *full = NULL;
	lkb_autoref r = {0};

	if (strchr(v, '@') || lkb_ref_parse(text, &r, NULL))
		return what;
	full = lkb_format("%s/%s", r.domain, r.path);
	return strcmp(full, text) ? what : NULL;
}

const char *lkb_policy_bad_bind(const char *v)
{
	size_t len = strlen(v) - (lkb_ends_with(v, ":ro") ? 3 : 0);

	if (*v != '/')
		return "is no absolute path";
	if (memchr(v, ':', len))
		return "has a ':' that is not that of ':ro'";
	return strstr(v, "/../") || lkb_ends_with(v, "/..") || lkb_ends_with(v, "/..:ro")
	       ? "leads upwards with '..'" : NULL;
}

static bool is_none(const struct lkb_policy_rule *rule)
{
	return rule->signatures && !strcmp(rule->signatures, "none");
}

static void check_keys(const struct lkb_policy_rule *rule, size_t i, struct lkb_diags *diags)
{
	struct lkb_pos threshold = lkb_schema_pos(&rule->pos, "threshold");
	struct lkb_pos keys = lkb_schema_pos(&rule->pos, "keys");

	if (is_none(rule)) {
		if (rule->keys.set)
			lkb_schema_error(diags, &keys, "remove them, or 'signatures: none'",
					 "rules[%zu] has 'keys' and wants no signatures", i);
		return;
	}
	if (!rule->keys.n && !lkb_schema_given(&rule->pos, "keys"))
		lkb_schema_error(diags, &rule->pos, "add 'keys: [cosign.pub]', or 'signatures: "
				 "none' if images may be used unsigned", "rules[%zu] has no 'keys'",
				 i);
	if (rule->keys.n > LKB_TRUST_MAX_KEYS)
		lkb_schema_error(diags, &keys, NULL, "rules[%zu] has more than %d keys", i,
				 LKB_TRUST_MAX_KEYS);
	if (rule->keys.n && rule->threshold.set && rule->threshold.v > (int64_t)rule->keys.n)
		lkb_schema_error(diags, &threshold, "add keys, or ask for fewer",
				 "rules[%zu] wants signatures of %lld keys and has %zu", i,
				 (long long)rule->threshold.v, rule->keys.n);
}

static void check_rules(const struct lkb_policy *p, struct lkb_diags *diags)
{
	const struct lkb_policy_rule *rules = p->rules.items;

	for (size_t i = 0; i < p->rules.n; i++) {
		struct lkb_pos pos = lkb_schema_pos(&rules[i].pos, "prefix");

		if (!rules[i].pos.file)
			continue; /* was no map */
		check_keys(&rules[i], i, diags);
		for (size_t k = 0; k < i && rules[i].prefix; k++) {
			if (!rules[k].prefix || strcmp(rules[i].prefix, rules[k].prefix))
				continue;
			lkb_schema_error(diags, &pos, "keep one of them", "a second rule is for "
					 "'%s'", lkb_schema_shown(rules[i].prefix).s);
			break;
		}
	}
}

static int read_key(const struct lkb_policy *p, const char *name, struct lkb_pubkey **ret,
		    struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_path_dirname(p->file);
	lkb_autofree char *path = strcmp(dir, ".") ? lkb_path_join(dir, name) : lkb_strdup(name);
	lkb_autofree char *text = NULL;
	size_t len;

	return lkb_read_file(path, LKB_PUBKEY_MAX_FILE, &text, &len, err) ||
	       lkb_pubkey_parse(text, len, path, ret, err) ? -1 : 0;
}

/* One key under two names would make two signatures of one. */
static int check_new(const struct lkb_policy_rule *rule, size_t at, struct lkb_error *err)
{
	for (size_t k = 0; k < at; k++) {
		if (!rule->pubkeys[k] || !lkb_pubkey_equal(rule->pubkeys[k], rule->pubkeys[at]))
			continue;
		lkb_fail(err, LKB_INPUT, "'%s' is the same key as '%s'",
			 lkb_schema_shown(rule->keys.items[at]).s,
			 lkb_schema_shown(rule->keys.items[k]).s);
		return lkb_hint(err, "name each key once: it counts once");
	}
	return 0;
}

static void read_keys(struct lkb_policy *p, struct lkb_diags *diags)
{
	struct lkb_policy_rule *rules = p->rules.items;

	for (size_t i = 0; i < p->rules.n; i++) {
		struct lkb_policy_rule *rule = &rules[i];

		for (size_t k = 0; !is_none(rule) && k < rule->keys.n && k < LKB_TRUST_MAX_KEYS;
		     k++) {
			const struct lkb_pos *pos = &rule->keys.pos[k];
			struct lkb_error fault = {0};

			if (!read_key(p, rule->keys.items[k], &rule->pubkeys[k], &fault) &&
			    !check_new(rule, k, &fault))
				continue;
			lkb_at(&fault, pos->file, pos->line, pos->column);
			lkb_diags_add(diags, LKB_SEVERITY_ERROR, &fault);
		}
	}
}

static struct lkb_policy *parse(const char *text, size_t len, const char *file,
				struct lkb_diags *diags)
{
	struct lkb_policy *p = lkb_alloc(sizeof(*p));
	struct lkb_yaml_node *root = NULL;
	struct lkb_error fault = {0};
	struct lkb_policy_rule *rules;

	p->file = lkb_arena_strdup(&p->arena, file);
	if (lkb_yaml_parse(text, len, p->file, &p->arena, &root, &fault)) {
		lkb_diags_add(diags, LKB_SEVERITY_ERROR, &fault);
		return p;
	}
	lkb_schema_read(lkb_policy_schema(), root, p->file, p, &p->arena, diags);
	rules = p->rules.items;
	for (size_t i = 0; i < p->rules.n; i++)
		rules[i].pubkeys = lkb_arena_array(&p->arena, rules[i].keys.n + 1,
						   sizeof(*rules[i].pubkeys));
	check_rules(p, diags);
	return p;
}

static int finish(struct lkb_policy *p, struct lkb_policy **ret, struct lkb_diags *diags,
		  struct lkb_error *err)
{
	lkb_diags_sort(diags);
	if (lkb_diags_result(diags, err)) {
		lkb_policy_free(p);
		return -1;
	}
	*ret = p;
	return 0;
}

int lkb_policy_parse(const char *text, size_t len, const char *file, struct lkb_policy **ret,
		     struct lkb_diags *diags, struct lkb_error *err)
{
	return finish(parse(text, len, file, diags), ret, diags, err);
}

int lkb_policy_read(const char *path, struct lkb_policy **ret, struct lkb_diags *diags,
		    struct lkb_error *err)
{
	lkb_autofree char *text = NULL;
	struct lkb_policy *p;
	size_t len;

	if (lkb_read_file(path, MAX_POLICY, &text, &len, err))
		return -1;
	p = parse(text, len, path, diags);
	read_keys(p, diags);
	return finish(p, ret, diags, err);
}

void lkb_policy_free(struct lkb_policy *p)
{
	const struct lkb_policy_rule *rules;

	if (!p)
		return;
	rules = p->rules.items;
	for (size_t i = 0; i < p->rules.n; i++)
		for (size_t k = 0; rules[i].pubkeys && k < rules[i].keys.n; k++)
			lkb_pubkey_free(rules[i].pubkeys[k]);
	lkb_arena_clear(&p->arena);
	free(p);
}

/* The number of bytes that a prefix covers of a repository; 0: none. */
static size_t covered(const char *prefix, const char *repository)
{
	size_t n = prefix ? strlen(prefix) : 0;

	if (!n || strncmp(prefix, repository, n) || (repository[n] && repository[n] != '/'))
		return 0;
	return n;
}

const struct lkb_policy_rule *lkb_policy_rule(const struct lkb_policy *p,
					      const struct lkb_ref *ref)
{
	lkb_autofree char *repository = lkb_format("%s/%s", ref->domain, ref->path);
	const struct lkb_policy_rule *rules = p->rules.items, *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < p->rules.n; i++) {
		size_t n = covered(rules[i].prefix, repository);

		if (n > most) {
			most = n;
			best = &rules[i];
		}
	}
	return best;
}

bool lkb_policy_wants_signatures(const struct lkb_policy *p, const struct lkb_ref *ref)
{
	const struct lkb_policy_rule *rule = lkb_policy_rule(p, ref);

	return rule && !is_none(rule);
}

int lkb_policy_covers(const struct lkb_policy *p, const struct lkb_ref *ref, struct lkb_error *err)
{
	if (lkb_policy_rule(p, ref) || (p->fallback && !strcmp(p->fallback, "accept")))
		return 0;
	lkb_fail(err, LKB_TRUST, "no rule of the policy '%s' is for '%s/%s'", p->file, ref->domain,
		 ref->path);
	if (!strcmp(ref->domain, "localhost"))
		return lkb_hint(err, "images that lkboard makes are not signed: add "
				     "'- {prefix: localhost, signatures: none}' there");
	return lkb_hint(err, "add one there: '- {prefix: %.150s/%.150s, keys: [cosign.pub]}'",
			ref->domain, ref->path);
}

const struct lkb_policy_label *lkb_policy_label(const struct lkb_policy *p,
						const struct lkb_ref *ref)
{
	const struct lkb_policy_rule *rule = lkb_policy_rule(p, ref);

	if (rule && rule->label.pos.file)
		return &rule->label;
	return p->label.pos.file ? &p->label : NULL;
}
