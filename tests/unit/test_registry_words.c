/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the protocol: challenges, URLs, when to try again, tokens, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/ext/url.h"
#include "rootfs/oci/registry/challenge.h"
#include "rootfs/oci/registry/registry_priv.h"
#include "rootfs/oci/registry/retry.h"
#include "rootfs/oci/registry/token.h"

/* A list as text: "Bearer realm=x service=y; Basic realm=z". */
static const struct {
	const char *header, *means;
} challenges[] = {
	{ "Basic realm=\"lkbrealm\"", "Basic realm=lkbrealm" },
	{ "Bearer realm=\"http://127.0.0.1:5604/token\",service=\"lkb\",scope=\"repository:a/b:pull\"",
	  "Bearer realm=http://127.0.0.1:5604/token service=lkb scope=repository:a/b:pull" },
	/* a comma in quotes is part of a value */
	{ "Bearer realm=\"https://a/t\",scope=\"repository:a/b:pull,push\",service=\"s\"",
	  "Bearer realm=https://a/t scope=repository:a/b:pull,push service=s" },
	{ "Bearer realm=\"x\",scope=\"repository:a:pull repository:b:pull\"",
	  "Bearer realm=x scope=repository:a:pull repository:b:pull" },
	/* several in one header */
	{ "Basic realm=\"a\", Bearer realm=\"b\"", "Basic realm=a; Bearer realm=b" },
	{ "Bearer realm=\"b\",service=s, Basic realm=\"a, b\"", "Bearer realm=b service=s; Basic realm=a, b" },
	{ "Negotiate, Basic realm=\"a\"", "Negotiate; Basic realm=a" },
	{ "Negotiate abc123==, Basic realm=\"a\"", "Negotiate; Basic realm=a" },
	{ "NTLM TlRMTVNTUAAC==", "NTLM" },
	/* what is lawful, if odd */
	{ "bearer Realm = \"b\" , Service = s", "bearer Realm=b Service=s" },
	{ "Basic realm=\"say \\\"hi\\\"\"", "Basic realm=say \"hi\"" },
	{ "Basic realm=\"\"", "Basic realm=" },
	{ ", ,Basic realm=\"a\",,charset=UTF-8", "Basic realm=a charset=UTF-8" },
	{ "Basic", "Basic" },
	/* what is not: the rest still counts */
	{ "", "" },
	{ " , ", "" },
	{ "Basic realm=\"open", "Basic" },
	{ "\"lost\", Basic realm=a", "Basic realm=a" },
	{ "=x, Basic realm=a", "Basic realm=a" },
	{ "Basic realm=", "Basic" },
};

static void ways_to_log_in(void **state)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(challenges); i++) {
		lkb_autochallenges list = {0};
		lkb_autostr text = {0};

		lkb_challenges_add(&list, challenges[i].header);
		for (size_t k = 0; k < list.n; k++) {
			lkb_str_addf(&text, "%s%s", k ? "; " : "", list.items[k].scheme);
			for (size_t p = 0; p < list.items[k].n_params; p++)
				lkb_str_addf(&text, " %s=%s", list.items[k].params[p].name,
					     list.items[k].params[p].value);
		}
		assert_string_equal(lkb_str_get(&text), challenges[i].means);
	}
}

static void several_headers_make_one_list(void **state)
{
	lkb_autochallenges list = {0};
	const struct lkb_challenge *c;

	lkb_challenges_add(&list, "Negotiate");
	lkb_challenges_add(&list, "BASIC realm=\"x\"");
	c = lkb_challenges_find(&list, "basic");
	assert_non_null(c);
	assert_string_equal(lkb_challenge_param(c, "REALM"), "x");
	assert_null(lkb_challenge_param(c, "service"));
	assert_null(lkb_challenges_find(&list, "Bearer"));
	for (int i = 0; i < 100; i++)
		lkb_challenges_add(&list, "A b=c, D e=f");
	assert_int_equal(list.n, LKB_CHALLENGES_MAX);
}

/* base, Location, where that leads to (NULL: nowhere); is it the same server? */
static const struct {
	const char *base, *location, *to;
	bool same;
} redirects[] = {
	{ "https://a.example/v2/x", "https://a.example/y", "https://a.example/y", true },
	{ "https://a.example/v2/x", "https://a.example:443/y", "https://a.example:443/y", true },
	{ "https://A.example/v2/x", "https://a.EXAMPLE/y", "https://a.EXAMPLE/y", true },
	{ "https://a.example/v2/x", "https://a.example:444/y", "https://a.example:444/y", false },
	{ "https://a.example/v2/x", "http://a.example/y", "http://a.example/y", false },
	{ "https://a.example/v2/x", "https://b.a.example/y", "https://b.a.example/y", false },
	{ "http://a.example:443/x", "https://a.example/x", "https://a.example/x", false },
	{ "http://127.0.0.1:5000/x", "http://127.0.0.1:5001/x", "http://127.0.0.1:5001/x", false },
	{ "http://127.0.0.1/x", "http://localhost/x", "http://localhost/x", false },
	{ "https://a.example/v2/x?q=1", "/y?sig=2", "https://a.example/y?sig=2", true },
	{ "https://a.example/v2/x", "y", "https://a.example/v2/y", true },
	{ "https://a.example/v2/x", "../z", "https://a.example/z", true },
	{ "https://a.example/v2/x", "//b.example/z", "https://b.example/z", false },
	{ "https://a.example/v2/x", "https://b.example/z#part", "https://b.example/z", false },
	{ "https://a.example/v2/x", "https://[::1]:5000/z", "https://[::1]:5000/z", false },
	{ "https://a.example/v2/x", "https://me:pw@a.example/z", NULL, false },
	{ "https://a.example/v2/x", "ftp://a.example/z", NULL, false },
	{ "https://a.example/v2/x", "file:///etc/passwd", NULL, false },
	{ "https://a.example/v2/x", "https://", NULL, false },
	{ "https://a.example/v2/x", "https://a b.example/", NULL, false },
	{ "https://a.example/v2/x", "https://a.example:99999/", NULL, false },
};

static void where_redirects_lead_to(void **state)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(redirects); i++) {
		lkb_autourl base = {0}, to = {0};
		struct lkb_error err = {0};
		int failed;

		assert_int_equal(lkb_url_parse(redirects[i].base, &base, &err), 0);
		failed = lkb_url_resolve(&base, redirects[i].location, &to, &err);
		if (failed ? redirects[i].to != NULL : !redirects[i].to)
			fail_msg("%s: %s", redirects[i].location, failed ? err.message : to.text);
		if (failed)
			continue;
		assert_string_equal(to.text, redirects[i].to);
		assert_int_equal(lkb_url_same_origin(&base, &to), redirects[i].same);
	}
}

static void what_is_this_machine(void **state)
{
	static const char *const here[] = { "localhost", "LocalHost", "127.0.0.1", "127.1.2.3", "[::1]" };
	static const char *const there[] = { "localhost.example", "127.0.0.1.example", "127.example",
					     "128.0.0.1", "[::2]", "127.0.0", "10.0.0.1", "" };

	for (size_t i = 0; i < LKB_ARRAY_SIZE(here); i++)
		assert_true(lkb_url_is_loopback(here[i]));
	for (size_t i = 0; i < LKB_ARRAY_SIZE(there); i++)
		assert_false(lkb_url_is_loopback(there[i]));
}

#define NOW "Wed, 25 Nov 2026 10:00:00 GMT"

/* Retry-After, the server's Date, seconds to wait (-1: it says nothing). */
static const struct {
	const char *value, *date;
	int64_t seconds;
} waits[] = {
	{ "0", NULL, 0 },
	{ "7", NULL, 7 },
	{ "120", NOW, 120 },
	{ "Wed, 25 Nov 2026 10:00:30 GMT", NOW, 30 },
	{ "Wednesday, 25-Nov-26 10:01:00 GMT", NOW, 60 },
	{ "Wed Nov 25 10:00:02 2026", NOW, 2 },
	{ "Wed, 25 Nov 2026 09:00:00 GMT", NOW, 0 },
	{ "Wed, 25 Nov 2026 10:00:30 GMT", NULL, -1 },
	{ "Wed, 25 Nov 2026 10:00:30 GMT", "soon", -1 },
	{ "soon", NOW, -1 },
	{ "-5", NOW, -1 },
	{ "1.5", NULL, -1 },
	{ "99999999999999999999", NULL, -1 },
	{ "", NULL, -1 },
	{ NULL, NOW, -1 },
};

static void how_long_to_wait(void **state)
{
	static const uint64_t steps[] = { 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000 };

	for (size_t i = 0; i < LKB_ARRAY_SIZE(waits); i++) {
		uint64_t seconds = 99;
		bool says = lkb_retry_after(waits[i].value, waits[i].date, &seconds);

		assert_int_equal(says, waits[i].seconds >= 0);
		if (says)
			assert_int_equal(seconds, waits[i].seconds);
	}
	for (size_t i = 0; i < LKB_ARRAY_SIZE(steps); i++)
		assert_int_equal(lkb_retry_backoff_ms((unsigned)i + 1), steps[i]);
	assert_true(lkb_retry_is_worth(429) && lkb_retry_is_worth(503));
	assert_false(lkb_retry_is_worth(404) || lkb_retry_is_worth(401) || lkb_retry_is_worth(501));
}

/* A token server's answer, the token, how long it lasts; NULL: refused. */
static const struct {
	const char *text, *token;
	uint64_t seconds;
} tokens[] = {
	{ "{\"token\":\"abc\"}", "abc", 60 },
	{ "{\"access_token\":\"abc\",\"expires_in\":300}", "abc", 300 },
	{ "{\"token\":\"a\",\"access_token\":\"b\"}", "a", 60 },
	{ "{\"token\":\"\",\"access_token\":\"b\"}", "b", 60 },
	{ "{\"token\":null,\"access_token\":\"b\",\"expires_in\":null}", "b", 60 },
	{ "{\"token\":\"a\",\"expires_in\":0,\"issued_at\":\"2026-11-25T10:00:00Z\"}", "a", 60 },
	{ "{\"token\":\"a\",\"expires_in\":99999999999}", "a", 86400 },
	{ "{\"token\":\"a\\r\\nHost: b\"}", NULL, 0 },
	{ "{\"token\":\"a b\"}", NULL, 0 },
	{ "{\"token\":\"\\u00e9\"}", NULL, 0 },
	{ "{\"token\":\"\"}", NULL, 0 },
	{ "{\"token\":1}", NULL, 0 },
	{ "{\"token\":\"a\",\"expires_in\":-1}", NULL, 0 },
	{ "{}", NULL, 0 },
	{ "[]", NULL, 0 },
	{ "<html>", NULL, 0 },
	{ "", NULL, 0 },
};

static void what_token_servers_answer(void **state)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(tokens); i++) {
		struct lkb_token token = {0};
		struct lkb_error err = {0};
		int failed = lkb_token_parse(tokens[i].text, strlen(tokens[i].text), "it", &token, &err);

		assert_int_equal(failed, tokens[i].token ? 0 : -1);
		if (failed) {
			assert_int_equal(err.kind, LKB_NET);
			continue;
		}
		assert_string_equal(token.text, tokens[i].token);
		assert_int_equal(token.expires_s, tokens[i].seconds);
		free(token.text);
	}
}

static void what_registries_say(void **state)
{
	static const struct {
		const char *text, *words;
	} table[] = {
		{ "{\"errors\":[{\"code\":\"NAME_UNKNOWN\",\"message\":\"no repository\"}]}",
		  "NAME_UNKNOWN: no repository" },
		{ "{\"errors\":[{\"code\":\"A\"},{\"message\":\"b\"}]}", "A; b" },
		{ "{\"details\":\"incorrect username or password\"}", "incorrect username or password" },
		{ "{\"errors\":null}", "" },
		{ "{\"errors\":[]}", "" },
		{ "{\"errors\":\"x\"}", "" },
		{ "404 page not found", "" },
		{ "", "" },
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(table); i++) {
		lkb_autostr words = {0};

		lkb_registry_words(table[i].text, strlen(table[i].text), &words);
		assert_string_equal(lkb_str_get(&words), table[i].words);
	}
}

static void mirrors(void **state)
{
	static const struct {
		const char *text, *domain, *url;
	} table[] = {
		{ "docker.io=https://m.example", "docker.io", "https://m.example" },
		{ "docker.io=http://127.0.0.1:5000/", "docker.io", "http://127.0.0.1:5000" },
		{ "https://m.example/proxy/", NULL, "https://m.example/proxy" },
		{ "a.example:5000=https://m.example", "a.example:5000", "https://m.example" },
	};
	static const char *const bad[] = { "", "m.example", "docker.io=m.example", "=https://m.example",
					   "docker.io=ftp://m.example", "https://m.example/?x=1",
					   "https://me:pw@m.example" };
	struct lkb_mirror m;
	struct lkb_error err = {0};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(table); i++) {
		assert_int_equal(lkb_mirror_parse(table[i].text, &m, &err), 0);
		assert_string_equal(m.text, table[i].url);
		if (table[i].domain)
			assert_string_equal(m.domain, table[i].domain);
		else
			assert_null(m.domain);
		lkb_mirror_clear(&m);
	}
	for (size_t i = 0; i < LKB_ARRAY_SIZE(bad); i++) {
		assert_int_equal(lkb_mirror_parse(bad[i], &m, &err), -1);
		assert_int_equal(err.kind, LKB_USAGE);
		assert_null(strstr(err.message, "pw"));
	}
}

/* Where a repository is looked for. */
static void places_of_a_registry(void **state)
{
	struct lkb_registry_options o = {0};
	lkb_auto(lkb_registry) r = NULL;
	const struct lkb_places *p;
	struct lkb_error err = {0};

	lkb_strv_add(&o.mirrors, "docker.io=https://one.example");
	lkb_strv_add(&o.mirrors, "docker.io=https://two.example:5000");
	lkb_strv_add(&o.mirrors, "https://any.example/all");
	lkb_strv_add(&o.insecure, "lab.example");
	assert_int_equal(lkb_registry_new(&o, &r, &err), 0);
	lkb_strv_clear(&o.mirrors);
	lkb_strv_clear(&o.insecure);

	assert_int_equal(lkb_places_of(r, "docker.io", &p, &err), 0);
	assert_int_equal(p->n, 3);
	assert_string_equal(p->items[0].base, "https://one.example");
	assert_string_equal(p->items[0].query, "ns=docker.io");
	assert_string_equal(p->items[0].host, "one.example");
	assert_string_equal(p->items[1].host, "two.example:5000");
	assert_string_equal(p->items[2].base, "https://registry-1.docker.io");
	assert_string_equal(p->items[2].host, "docker.io");
	assert_null(p->items[2].query);
	assert_false(p->items[2].may_be_plain);

	assert_int_equal(lkb_places_of(r, "lab.example:5000", &p, &err), 0);
	assert_int_equal(p->n, 2);
	assert_string_equal(p->items[0].base, "https://any.example/all");
	assert_string_equal(p->items[0].query, "ns=lab.example%3A5000");
	assert_true(p->items[1].may_be_plain);
	assert_int_equal(lkb_places_of(r, "127.0.0.1:5000", &p, &err), 0);
	assert_true(p->items[1].may_be_plain);
	assert_int_equal(lkb_places_of(r, "other.example", &p, &err), 0);
	assert_false(p->items[1].may_be_plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ways_to_log_in),
		cmocka_unit_test(several_headers_make_one_list),
		cmocka_unit_test(where_redirects_lead_to),
		cmocka_unit_test(what_is_this_machine),
		cmocka_unit_test(how_long_to_wait),
		cmocka_unit_test(what_token_servers_answer),
		cmocka_unit_test(what_registries_say),
		cmocka_unit_test(mirrors),
		cmocka_unit_test(places_of_a_registry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
