/* SPDX-License-Identifier: Apache-2.0 */
/* Policies: which rule is for which image, and what a label may ask for. What is wrong with a policy
 * is in tests/golden/trust/policy.txt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "rootfs/oci/trust/trust.h"

static struct lkb_policy *parse(const char *text)
{
	lkb_autodiags diags = {0};
	struct lkb_error err = {0};
	struct lkb_policy *p = NULL;

	if (lkb_policy_parse(text, strlen(text), "p.yml", &p, &diags, &err))
		fail_msg("%s", err.message);
	return p;
}

static struct lkb_ref ref_of(const char *text)
{
	struct lkb_ref r = {0};

	assert_int_equal(lkb_ref_parse(text, &r, NULL), 0);
	return r;
}

static const char *rule_of(const struct lkb_policy *p, const char *text)
{
	lkb_autoref r = ref_of(text);
	const struct lkb_policy_rule *rule = lkb_policy_rule(p, &r);

	return rule ? rule->prefix : "";
}

static void the_longest_prefix_wins_at_the_end_of_a_word(void **state)
{
	static const struct {
		const char *ref, *prefix;
	} rows[] = {
		{"linuxkit/init:v1", "docker.io/linuxkit"},
		{"docker.io/linuxkit/runc", "docker.io/linuxkit/runc"},
		{"linuxkit/runc@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
		 "abcdef", "docker.io/linuxkit/runc"},
		{"linuxkit/runc-dev", "docker.io/linuxkit"},
		{"linuxkit/runc/dev", "docker.io/linuxkit/runc"},
		{"linuxkits/init", "docker.io"},
		{"nginx", "docker.io/library"},
		{"index.docker.io/library/nginx", "docker.io/library"},
		{"docker.io.example.org/x", ""},
		{"localhost/init:bookworm", "localhost"},
		{"localhost:5000/init", ""},
		{"registry:5000/a/b", "registry:5000"},
		{"registry/a/b", "docker.io"},
	};
	lkb_auto(lkb_policy) p = parse("rules:\n"
				       "- {prefix: docker.io, keys: [k]}\n"
				       "- {prefix: docker.io/linuxkit/runc, keys: [k]}\n"
				       "- {prefix: docker.io/linuxkit, keys: [k]}\n"
				       "- {prefix: docker.io/library, signatures: none}\n"
				       "- {prefix: 'registry:5000', keys: [k]}\n"
				       "- {prefix: localhost, signatures: optional, keys: [k]}\n");

	for (size_t i = 0; i < LKB_ARRAY_SIZE(rows); i++)
		assert_string_equal(rule_of(p, rows[i].ref), rows[i].prefix);
}

static void signatures_are_fetched_where_they_are_looked_at(void **state)
{
	lkb_auto(lkb_policy) p = parse("rules:\n"
				       "- {prefix: a.io, keys: [k]}\n"
				       "- {prefix: b.io, signatures: optional, keys: [k]}\n"
				       "- {prefix: c.io, signatures: none}\n");
	lkb_autoref a = ref_of("a.io/x"), b = ref_of("b.io/x"), c = ref_of("c.io/x");
	lkb_autoref d = ref_of("d.io/x");

	assert_true(lkb_policy_wants_signatures(p, &a));
	assert_true(lkb_policy_wants_signatures(p, &b));
	assert_false(lkb_policy_wants_signatures(p, &c));
	assert_false(lkb_policy_wants_signatures(p, &d));
}

static void what_no_rule_is_for_is_refused_unless_it_is_said(void **state)
{
	static const struct {
		const char *text;
		int result;
	} rows[] = {
		{"rules: []", -1}, {"default: refuse\nrules: []", -1},
		{"default: accept\nrules: []", 0},
		{"rules: [{prefix: a.io, signatures: none}]", 0},
	};
	lkb_autoref r = ref_of("a.io/x");

	for (size_t i = 0; i < LKB_ARRAY_SIZE(rows); i++) {
		lkb_auto(lkb_policy) p = parse(rows[i].text);
		struct lkb_error err = {0};

		assert_int_equal(lkb_policy_covers(p, &r, &err), rows[i].result);
		assert_int_equal(err.kind, rows[i].result ? LKB_TRUST : LKB_OK);
	}
}

static void a_rule_says_what_labels_may_ask_for_or_the_policy_does(void **state)
{
	lkb_auto(lkb_policy) with = parse("label: {binds: [/a]}\n"
					  "rules:\n"
					  "- {prefix: a.io, signatures: none, label: {}}\n"
					  "- {prefix: b.io, signatures: none}\n");
	lkb_auto(lkb_policy) without = parse("rules: []");
	lkb_autoref a = ref_of("a.io/x"), b = ref_of("b.io/x");

	assert_int_equal(lkb_policy_label(with, &a)->binds.n, 0);
	assert_int_equal(lkb_policy_label(with, &b)->binds.n, 1);
	assert_null(lkb_policy_label(without, &a));
}

/* "" for a label that asks for nothing. */
static void asks_are(const char *label, const char *expected)
{
	struct lkb_spec_image image = {0};
	struct lkb_error err = {0};
	lkb_autoarena arena = {0};
	lkb_autoasks asks = {0};
	lkb_autostr text = {0};

	if (lkb_spec_label(label, "image", &arena, &image, &err))
		fail_msg("%s: %s", label, err.message);
	lkb_asks_read(&image, &asks);
	lkb_asks_text(&asks, &text);
	assert_string_equal(lkb_str_get(&text), expected);
}

static void a_label_asks_for_what_reaches_beyond_the_container(void **state)
{
	static const struct {
		const char *label, *asks;
	} rows[] = {
		{"{}", ""},
		{"{capabilities: [none], net: new, pid: new, ipc: new, readonly: true}", ""},
		{"{tmpfs: [/run], env: [A=b], command: [x], cwd: /, hostname: h, uts: new}", ""},
		{"{capabilities: [CAP_SYS_TIME, CAP_KILL], ambient: [CAP_KILL]}",
		 "capabilities CAP_KILL, CAP_SYS_TIME"},
		{"{capabilities.add: [ALL]}", "capabilities all"},
		{"{binds: ['/etc//./x/:/x:ro', '/dev:/dev', 'data:/data']}",
		 "binds /dev, /etc/x:ro"},
		{"{binds: ['/var/../etc:/x:ro', '/a:/b:ro,rw']}",
		 "binds /:ro, /a"}, /* a way upwards may lead anywhere */
		{"{binds: ['/..:/x']}", "binds /"},
		{"{mounts: [{type: bind, source: /a, destination: /a, options: [bind, ro]}, "
		 "{type: proc, source: proc, destination: /p}, {type: tmpfs, destination: /t}]}",
		 "binds /a:ro; mounts proc"},
		{"{devices: [{path: /dev/mem, type: c, major: 1, minor: 1, mode: \"0600\"}]}",
		 "devices /dev/mem"},
		{"{devices: [{path: all, type: b}]}", "devices all"},
		{"{resources: {devices: [{allow: true}]}}", "devices all"},
		{"{resources: {devices: [{allow: false}, {allow: true, type: c, major: 5}]}}",
		 "devices c 5:*"},
		{"{net: host, ipc: root, uts: /run/uts, pid: host, userns: host}",
		 "namespaces ipc, net, pid, userns, uts"},
		{"{sysctl: {net/ipv4/ip_forward: 1, kernel.msgmax: 1}}",
		 "sysctl kernel.msgmax, net.ipv4.ip_forward"},
		{"{runtime: {mkdir: [/a], cgroups: [x], bindNS: {net: /run/n}, namespace: k8s}}",
		 "runtime bindNS, cgroups, mkdir, namespace"},
		{"{rootfsPropagation: shared, cgroupsPath: /x, oomScoreAdj: -5}",
		 "settings cgroupsPath, oomScoreAdj, rootfsPropagation"},
		{"{rootfsPropagation: private}", ""},
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(rows); i++)
		asks_are(rows[i].label, rows[i].asks);
}

/* What is refused, "" for nothing. */
static void refused_is(const char *allowed, const char *label, const char *expected)
{
	lkb_autofree char *text = lkb_format("label: %s\nrules: []", allowed);
	lkb_auto(lkb_policy) p = parse(text);
	struct lkb_spec_image image = {0};
	struct lkb_error err = {0};
	lkb_autoarena arena = {0};
	lkb_autoasks asks = {0};
	const char *colon;

	assert_int_equal(lkb_spec_label(label, "image", &arena, &image, &err), 0);
	lkb_asks_read(&image, &asks);
	if (!lkb_asks_check(&asks, &p->label, &err)) {
		assert_string_equal(expected, "");
		return;
	}
	assert_int_equal(err.kind, LKB_TRUST);
	colon = strstr(err.message, "allow: ");
	assert_non_null(colon);
	assert_string_equal(colon + 7, expected);
}

static void a_policy_allows_what_its_lists_name(void **state)
{
	refused_is("{}", "{}", "");
	refused_is("{}", "{net: host, capabilities: [CAP_KILL]}",
		   "capabilities CAP_KILL; namespaces net");
	refused_is("{capabilities: [CAP_KILL]}", "{capabilities: [CAP_KILL]}", "");
	refused_is("{capabilities: [CAP_KILL]}", "{capabilities: [all]}", "capabilities all");
	refused_is("{capabilities: [all]}", "{capabilities: [CAP_KILL]}", "");
	refused_is("{binds: [/etc]}", "{binds: ['/etc:/e', '/etc/x:/x', '/etcetera:/y']}",
		   "binds /etcetera");
	refused_is("{binds: ['/etc/:ro']}", "{binds: ['/etc:/e', '/etc/x:/x:ro']}", "binds /etc");
	refused_is("{binds: [/]}", "{binds: ['/etc:/e', '/:/x']}", "");
	refused_is("{binds: [/a]}", "{binds: ['/a/../b:/e']}", "binds /");
	refused_is("{sysctl: [net.*]}", "{sysctl: {net.x: 1, kernel.y: 1}}", "sysctl kernel.y");
	refused_is("{namespaces: [net], devices: [/dev/mem]}",
		   "{net: host, devices: [{path: all, type: c}]}", "devices all");
	refused_is("{devices: [all]}", "{resources: {devices: [{allow: true, major: 1}]}}", "");
}

struct page {
	char *text;
	size_t missing;
};

/* In the page a key is `.It Ic rules[].prefix`; the rules' `label` is like the policy's own. */
static void look_up(void *ctx, const char *path, const struct lkb_schema_key *key)
{
	struct page *page = ctx;
	bool again = lkb_starts_with(path, "rules[].label.");
	lkb_autofree char *item = lkb_format("\n.It Ic %s", again ? path + strlen("rules[].")
								   : path);
	const char *at = strstr(page->text, item);

	if (at && strchr(" \n", at[strlen(item)]))
		return;
	page->missing++;
	print_message("lkboard-policy.5 has no '%s'\n", path);
}

static void the_manual_has_every_key(void **state)
{
	lkb_autofree char *text = NULL;
	struct page page;
	size_t len;

	assert_int_equal(lkb_read_file("docs/man/lkboard-policy.5", (size_t)1 << 20, &text, &len,
				       NULL), 0);
	page = (struct page){ .text = text };
	lkb_schema_walk(lkb_policy_schema(), look_up, &page);
	assert_int_equal(page.missing, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_prefix_wins_at_the_end_of_a_word),
		cmocka_unit_test(signatures_are_fetched_where_they_are_looked_at),
		cmocka_unit_test(what_no_rule_is_for_is_refused_unless_it_is_said),
		cmocka_unit_test(a_rule_says_what_labels_may_ask_for_or_the_policy_does),
		cmocka_unit_test(a_label_asks_for_what_reaches_beyond_the_container),
		cmocka_unit_test(a_policy_allows_what_its_lists_name),
		cmocka_unit_test(the_manual_has_every_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
