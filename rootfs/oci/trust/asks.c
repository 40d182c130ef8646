/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a label asks for that reaches beyond its container. Words that ask for nothing (an own
 * namespace, no capability) are left out, and so is what the label does not mention: that is
 * LinuxKit's default or the spec's own word, whatever the label.
 */
#include <string.h>
#include <strings.h>

#include "base/path.h"
#include "rootfs/oci/trust/trust_priv.h"

static bool is_path_below(const char *item, const char *value)
{
	bool item_ro = lkb_ends_with(item, ":ro"), value_ro = lkb_ends_with(value, ":ro");
	size_t n = strlen(item) - (item_ro ? 3 : 0);
	size_t len = strlen(value) - (value_ro ? 3 : 0);

	if (item_ro && !value_ro)
		return false;
	while (n && item[n - 1] == '/')
		n--;
	return n <= len && !strncmp(item, value, n) && (n == len || value[n] == '/');
}

static bool is_word(const char *item, const char *value)
{
	return !strcmp(item, value);
}

static bool is_word_or_all(const char *item, const char *value)
{
	return !strcasecmp(item, "all") || !strcmp(item, value);
}

#define KIND(key, matcher) { #key, offsetof(struct lkb_policy_label, key), matcher }

static const struct kind {
	const char *name;
	size_t offset;
	bool (*matches)(const char *item, const char *value);
} kinds[LKB_N_ASKS] = {
	[LKB_ASK_CAPABILITIES] = KIND(capabilities, is_word_or_all),
	[LKB_ASK_BINDS] = KIND(binds, is_path_below),
	[LKB_ASK_MOUNTS] = KIND(mounts, is_word),
	[LKB_ASK_DEVICES] = KIND(devices, is_word_or_all),
	[LKB_ASK_NAMESPACES] = KIND(namespaces, is_word),
	[LKB_ASK_SYSCTL] = KIND(sysctl, lkb_glob_match),
	[LKB_ASK_RUNTIME] = KIND(runtime, is_word),
	[LKB_ASK_SETTINGS] = KIND(settings, is_word),
};

const char *lkb_ask_name(enum lkb_ask_kind kind)
{
	return kinds[kind].name;
}

static void ask(struct lkb_asks *a, enum lkb_ask_kind kind, const char *value)
{
	lkb_strv_add(&a->of[kind], value);
}

/* A label may name a thing thousands of times. */
static void sort_once_each(struct lkb_strv *v)
{
	size_t n = 0;

	lkb_strv_sort(v);
	for (size_t i = 0; i < v->n; i++) {
		if (n && !strcmp(v->items[n - 1], v->items[i])) {
			free(v->items[i]);
			continue;
		}
		v->items[n++] = v->items[i];
	}
	v->n = n;
}

static void ask_capabilities(const struct lkb_strlist *words, struct lkb_asks *a)
{
	for (size_t i = 0; i < words->n; i++)
		if (!strcasecmp(words->items[i], "all"))
			ask(a, LKB_ASK_CAPABILITIES, "all");
		else if (strcasecmp(words->items[i], "none"))
			ask(a, LKB_ASK_CAPABILITIES, words->items[i]);
}

/* A path that leads upwards may end anywhere, through symbolic links even where it seems not to. */
static void ask_bind(const char *source, size_t len, bool readonly, struct lkb_asks *a)
{
	lkb_autostr path = {0};

	for (size_t i = 0; i < len; i++) {
		size_t n = strcspn(source + i, "/");

		if (n > len - i)
			n = len - i;
		if (n == 2 && !strncmp(source + i, "..", 2)) {
			lkb_str_clear(&path);
			break;
		}
		if (n && !(n == 1 && source[i] == '.')) {
			lkb_str_addc(&path, '/');
			lkb_str_addn(&path, source + i, n);
		}
		i += n;
	}
	if (!path.len)
		lkb_str_addc(&path, '/');
	if (readonly)
		lkb_str_add(&path, ":ro");
	ask(a, LKB_ASK_BINDS, path.s);
}

/* Options of a bind, "rw,rshared"; the last of "ro" and "rw" counts. */
static bool has_ro(const char *options)
{
	bool readonly = false;

	while (options && *options) {
		size_t n = strcspn(options, ",");

		if (n == 2 && options[0] == 'r' && strchr("ow", options[1]))
			readonly = options[1] == 'o';
		options += n + (options[n] == ',');
	}
	return readonly;
}

/* A source that is no path is the name of a volume, which is the spec's to give. */
static void ask_binds(const struct lkb_strlist *binds, struct lkb_asks *a)
{
	for (size_t i = 0; i < binds->n; i++) {
		const char *source = binds->items[i];
		size_t len = strcspn(source, ":");
		const char *options = source[len] ? strchr(source + len + 1, ':') : NULL;

		if (*source == '/')
			ask_bind(source, len, has_ro(options ? options + 1 : NULL), a);
	}
}

static void ask_mounts(const struct lkb_objlist *list, struct lkb_asks *a)
{
	const struct lkb_spec_mount *mounts = list->items;

	for (size_t i = 0; i < list->n; i++) {
		const struct lkb_spec_mount *m = &mounts[i];
		const char *type = m->type && *m->type ? m->type : m->source;
		bool bind = lkb_spec_is_bind(m->type, &m->options);

		if (!bind && type && *type && strcmp(type, "tmpfs"))
			ask(a, LKB_ASK_MOUNTS, type);
		else if (bind && m->source && *m->source == '/')
			ask_bind(m->source, strlen(m->source), lkb_spec_is_readonly(&m->options),
				 a);
	}
}

static void ask_rule(const struct lkb_spec_rule *r, struct lkb_asks *a)
{
	lkb_autofree char *text = NULL, *major = NULL, *minor = NULL;

	if (r->allow != LKB_YES)
		return;
	if (!r->major.set && !r->minor.set) {
		ask(a, LKB_ASK_DEVICES, "all");
		return;
	}
	major = r->major.set ? lkb_format("%lld", (long long)r->major.v) : lkb_format("*");
	minor = r->minor.set ? lkb_format("%lld", (long long)r->minor.v) : lkb_format("*");
	text = lkb_format("%s %s:%s", r->type && *r->type ? r->type : "a", major, minor);
	ask(a, LKB_ASK_DEVICES, text);
}

static void ask_devices(const struct lkb_spec_image *label, struct lkb_asks *a)
{
	const struct lkb_spec_device *devices = label->devices.items;
	const struct lkb_spec_rule *rules = label->resources.devices.items;

	for (size_t i = 0; i < label->devices.n; i++)
		if (devices[i].path)
			ask(a, LKB_ASK_DEVICES, devices[i].path);
	for (size_t i = 0; i < label->resources.devices.n; i++)
		ask_rule(&rules[i], a);
}

/* All words but those for one of its own. */
static void ask_namespaces(const struct lkb_spec_image *label, struct lkb_asks *a)
{
	const struct {
		const char *key, *word;
	} words[] = {
		{ "net", label->net }, { "ipc", label->ipc }, { "uts", label->uts },
		{ "pid", label->pid }, { "userns", label->userns },
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(words); i++)
		if (words[i].word && *words[i].word && strcmp(words[i].word, "new") &&
		    strcmp(words[i].word, "none"))
			ask(a, LKB_ASK_NAMESPACES, words[i].key);
}

/* The kernel takes both ways to write a parameter. */
static void ask_sysctl(const struct lkb_strmap *map, struct lkb_asks *a)
{
	for (size_t i = 0; i < map->n; i++) {
		lkb_autofree char *name = lkb_format("%s", map->keys[i]);

		for (char *p = name; *p; p++)
			if (*p == '/')
				*p = '.';
		ask(a, LKB_ASK_SYSCTL, name);
	}
}

static void ask_rest(const struct lkb_spec_image *label, struct lkb_asks *a)
{
	const struct lkb_spec_runtime *r = &label->runtime;
	const struct lkb_spec_bind_ns *ns = &r->bind_ns;
	const char *propagation = label->rootfs_propagation;
	const struct {
		enum lkb_ask_kind kind;
		const char *key;
		bool asked;
	} rows[] = {
		{ LKB_ASK_RUNTIME, "cgroups", r->cgroups.n },
		{ LKB_ASK_RUNTIME, "mounts", r->mounts.n },
		{ LKB_ASK_RUNTIME, "mkdir", r->mkdir.n },
		{ LKB_ASK_RUNTIME, "interfaces", r->interfaces.n },
		{ LKB_ASK_RUNTIME, "bindNS", ns->cgroup || ns->ipc || ns->mnt || ns->net ||
		  ns->pid || ns->user || ns->uts },
		{ LKB_ASK_RUNTIME, "namespace", r->containerd_ns },
		{ LKB_ASK_SETTINGS, "rootfsPropagation", propagation &&
		  strcmp(propagation, "private") && strcmp(propagation, "rprivate") },
		{ LKB_ASK_SETTINGS, "cgroupsPath", label->cgroups_path && *label->cgroups_path },
		{ LKB_ASK_SETTINGS, "oomScoreAdj", label->oom_score_adj.set },
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(rows); i++)
		if (rows[i].asked)
			ask(a, rows[i].kind, rows[i].key);
}

void lkb_asks_read(const struct lkb_spec_image *label, struct lkb_asks *ret)
{
	ask_capabilities(&label->capabilities, ret);
	ask_capabilities(&label->capabilities_add, ret);
	ask_capabilities(&label->ambient, ret);
	ask_binds(&label->binds, ret);
	ask_binds(&label->binds_add, ret);
	ask_mounts(&label->mounts, ret);
	ask_devices(label, ret);
	ask_namespaces(label, ret);
	ask_sysctl(&label->sysctl, ret);
	ask_rest(label, ret);
	for (size_t i = 0; i < LKB_N_ASKS; i++)
		sort_once_each(&ret->of[i]);
}

void lkb_asks_clear(struct lkb_asks *a)
{
	for (size_t i = 0; i < LKB_N_ASKS; i++)
		lkb_strv_clear(&a->of[i]);
}

void lkb_asks_text(const struct lkb_asks *a, struct lkb_str *ret)
{
	bool any = false;

	for (size_t i = 0; i < LKB_N_ASKS; i++) {
		if (!a->of[i].n)
			continue;
		lkb_str_addf(ret, "%s%s", any ? "; " : "", kinds[i].name);
		for (size_t k = 0; k < a->of[i].n; k++)
			lkb_str_addf(ret, "%s%s", k ? ", " : " ",
				     lkb_schema_shown(a->of[i].items[k]).s);
		any = true;
	}
}

bool lkb_ask_allowed(enum lkb_ask_kind kind, const struct lkb_strlist *allowed, const char *value)
{
	for (size_t i = 0; i < allowed->n; i++)
		if (kinds[kind].matches(allowed->items[i], value))
			return true;
	return false;
}

int lkb_asks_check(const struct lkb_asks *a, const struct lkb_policy_label *label,
		   struct lkb_error *err)
{
	lkb_autoasks refused = {0};
	lkb_autostr text = {0};

	for (size_t i = 0; i < LKB_N_ASKS; i++) {
		const struct lkb_strlist *allowed =
			(const void *)((const char *)label + kinds[i].offset);

		for (size_t k = 0; k < a->of[i].n; k++)
			if (!lkb_ask_allowed((enum lkb_ask_kind)i, allowed, a->of[i].items[k]))
				lkb_strv_add(&refused.of[i], a->of[i].items[k]);
	}
	lkb_asks_text(&refused, &text);
	if (!text.len)
		return 0;
	lkb_fail(err, LKB_TRUST, "its label asks for what the policy does not allow: %s", text.s);
	return lkb_hint(err, "allow it in 'label' at %.200s:%u:%u if the image may have it, or use "
			     "another image", label->pos.file, label->pos.line, label->pos.column);
}
