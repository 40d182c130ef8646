/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "rootfs/oci/ref.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX128 HEX64 HEX64
#define A10 "aaaaaaaaaa"
#define A120 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10
#define A240 A120 A120

/* What is typed, and the image it stands for. */
static const struct {
	const char *text, *canonical;
} good[] = {
	/* short names are Docker's */
	{ "nginx", "docker.io/library/nginx:latest" },
	{ "nginx:1.25", "docker.io/library/nginx:1.25" },
	{ "linuxkit/init", "docker.io/linuxkit/init:latest" },
	{ "linuxkit/init:abc-dirty", "docker.io/linuxkit/init:abc-dirty" },
	{ "a/b/c/d", "docker.io/a/b/c/d:latest" },
	{ "docker.io/nginx", "docker.io/library/nginx:latest" },
	{ "docker.io/linuxkit/init:v1", "docker.io/linuxkit/init:v1" },
	{ "index.docker.io/nginx", "docker.io/library/nginx:latest" },
	{ "index.docker.io/a/b:c", "docker.io/a/b:c" },
	/* a registry has a dot, a colon, an upper-case letter, or is localhost */
	{ "localhost/init:bookworm", "localhost/init:bookworm" },
	{ "localhost:5000/init", "localhost:5000/init:latest" },
	{ "localhost", "docker.io/library/localhost:latest" },
	{ "localhost:5000", "docker.io/library/localhost:5000" },
	{ "localhosts/x", "docker.io/localhosts/x:latest" },
	{ "ghcr.io/x", "ghcr.io/x:latest" },
	{ "ghcr.io/owner/name:v1.2.3", "ghcr.io/owner/name:v1.2.3" },
	{ "registry:5000/x", "registry:5000/x:latest" },
	{ "registry/x", "docker.io/registry/x:latest" },
	{ "Registry/x", "Registry/x:latest" },
	{ "REGISTRY.example.com/x/y:Z", "REGISTRY.example.com/x/y:Z" },
	{ "127.0.0.1:5601/lkb/init:v1", "127.0.0.1:5601/lkb/init:v1" },
	{ "10.0.0.1/x", "10.0.0.1/x:latest" },
	{ "[::1]:5000/x", "[::1]:5000/x:latest" },
	{ "[2001:db8::1]/x:y", "[2001:db8::1]/x:y" },
	{ "[2001:DB8::A]/x", "[2001:DB8::A]/x:latest" },
	{ "a-b.example.com:1/x", "a-b.example.com:1/x:latest" },
	{ "xn--n3h.com/myimage:xn--n3h.com", "xn--n3h.com/myimage:xn--n3h.com" },
	{ "1.2/x", "1.2/x:latest" },
	{ "sub-dom1.foo.com/bar/baz/quux:some-long-tag", "sub-dom1.foo.com/bar/baz/quux:some-long-tag" },
	{ "b.gcr.io/test.example.com/my-app:test.example.com",
	  "b.gcr.io/test.example.com/my-app:test.example.com" },
	{ "test:5000/repo", "test:5000/repo:latest" },
	{ "test_com/repo", "docker.io/test_com/repo:latest" },
	{ "Asdf.com/foo/bar", "Asdf.com/foo/bar:latest" },
	{ "test.com:8080/x/y:1@sha256:" HEX64, "test.com:8080/x/y:1@sha256:" HEX64 },
	{ "[2001:db8::1]:5000/repo@sha256:" HEX64, "[2001:db8::1]:5000/repo@sha256:" HEX64 },
	{ "1.2.3.4:5/a/b/c/d/e", "1.2.3.4:5/a/b/c/d/e:latest" },
	{ "a.b/library/x", "a.b/library/x:latest" },
	/* path components */
	{ "a_b", "docker.io/library/a_b:latest" },
	{ "a__b", "docker.io/library/a__b:latest" },
	{ "a.b", "docker.io/library/a.b:latest" },
	{ "a-b", "docker.io/library/a-b:latest" },
	{ "a---b", "docker.io/library/a---b:latest" },
	{ "0", "docker.io/library/0:latest" },
	{ "x/0.1_2-3__4", "docker.io/x/0.1_2-3__4:latest" },
	{ "foo/foo_bar.com:8080", "docker.io/foo/foo_bar.com:8080" },
	{ "0123456789abcdef", "docker.io/library/0123456789abcdef:latest" },
	{ "docker.io/" HEX64, "docker.io/library/" HEX64 ":latest" },
	{ "localhost/" A240 "123456789012345", "localhost/" A240 "123456789012345:latest" },
	/* tags */
	{ "x:A", "docker.io/library/x:A" },
	{ "x:_", "docker.io/library/x:_" },
	{ "x:1.0-rc_1..", "docker.io/library/x:1.0-rc_1.." },
	{ "x:" A120, "docker.io/library/x:" A120 },
	{ "x:" A120 "12345678", "docker.io/library/x:" A120 "12345678" },
	/* digests */
	{ "x@sha256:" HEX64, "docker.io/library/x@sha256:" HEX64 },
	{ "x:y@sha256:" HEX64, "docker.io/library/x:y@sha256:" HEX64 },
	{ "localhost:5000/x@sha256:" HEX64, "localhost:5000/x@sha256:" HEX64 },
	{ "x@sha512:" HEX128, "docker.io/library/x@sha512:" HEX128 },
};

/* What is typed, and the part that is wrong with it. */
static const struct {
	const char *text, *what;
} bad[] = {
	{ HEX64, "64 hex digits alone may be mistaken for a digest" },
	{ ":tag", "'library/' is no repository name" },
	{ "@sha256:" HEX64, "'library/' is no repository name" },
	{ "/x", "'/x' is no repository name" },
	{ "x/", "'x/' is no repository name" },
	{ "x//y", "'x//y' is no repository name" },
	{ "a/b/", "'a/b/' is no repository name" },
	{ "-x", "'library/-x' is no repository name" },
	{ "x-", "'library/x-' is no repository name" },
	{ "x.", "'library/x.' is no repository name" },
	{ "_x", "'library/_x' is no repository name" },
	{ "x_", "'library/x_' is no repository name" },
	{ "x..y", "'library/x..y' is no repository name" },
	{ "x___y", "'library/x___y' is no repository name" },
	{ "x.-y", "'library/x.-y' is no repository name" },
	{ "../x", "'..' is no registry host" },
	{ "x/../y", "'x/../y' is no repository name" },
	{ "x y", "'library/x y' is no repository name" },
	{ " x", "'library/ x' is no repository name" },
	{ "x\n", "'library/x\n' is no repository name" },
	{ "x\\y", "'library/x\\y' is no repository name" },
	{ "k\303\244se", "'library/k\303\244se' is no repository name" },
	{ "Nginx", "the repository name 'library/Nginx' has upper-case letters" },
	{ "linuxkit/Init", "the repository name 'linuxkit/Init' has upper-case letters" },
	{ "ghcr.io/Owner/x", "the repository name 'Owner/x' has upper-case letters" },
	{ "x:", "'' is no tag" },
	{ "x:.y", "'.y' is no tag" },
	{ "x:-y", "'-y' is no tag" },
	{ "x:y z", "'y z' is no tag" },
	{ "x:y:", "'' is no tag" },
	{ "x:" A120 "123456789", "'" A120 "123456789' is no tag" },
	{ "x@", "'' is no digest (sha256: and 64 lower-case hex digits)" },
	{ "x@sha256", "'sha256' is no digest (sha256: and 64 lower-case hex digits)" },
	{ "x@sha256:", "'sha256:' is no digest (sha256: and 64 lower-case hex digits)" },
	{ "x@sha256:0123", "'sha256:0123' is no digest (sha256: and 64 lower-case hex digits)" },
	{ "x@md5:" HEX64, "'md5:" HEX64 "' is no digest (sha256: and 64 lower-case hex digits)" },
	{ "x@sha512:" HEX64,
	  "'sha512:" HEX64 "' is no digest (sha256: and 64 lower-case hex digits)" },
	{ "x@sha256:" HEX64 "0",
	  "'sha256:" HEX64 "0' is no digest (sha256: and 64 lower-case hex digits)" },
	{ "x@sha256:../../../../etc/passwd",
	  "'sha256:../../../../etc/passwd' is no digest (sha256: and 64 lower-case hex digits)" },
	{ "x@sha256:" HEX64 "@sha256:" HEX64, "'sha256:" HEX64 "@sha256:" HEX64
	  "' is no digest (sha256: and 64 lower-case hex digits)" },
	{ "a.b:/x", "'a.b:' is no registry host" },
	{ "aa/asdf$$^/aa", "'aa/asdf$$^/aa' is no repository name" },
	{ "[fe80::1%eth0]:5000/repo", "'[fe80::1%eth0]:5000' is no registry host" },
	{ "[fe80::1%25eth0]/repo", "'[fe80::1%25eth0]' is no registry host" },
	{ "a^a/b", "'a^a/b' is no repository name" },
	{ "localhost:http/x", "'localhost:http' is no registry host" },
	{ "a.b:x/y", "'a.b:x' is no registry host" },
	{ "a.b:1:2/y", "'a.b:1:2' is no registry host" },
	{ "-a.b/x", "'-a.b' is no registry host" },
	{ "a-.b/x", "'a-.b' is no registry host" },
	{ "a..b/x", "'a..b' is no registry host" },
	{ ".a/x", "'.a' is no registry host" },
	{ "a./x", "'a.' is no registry host" },
	{ "a_b.c/x", "'a_b.c' is no registry host" },
	{ "[::1/x", "'[::1' is no registry host" },
	{ "[]:1/x", "'[]:1' is no registry host" },
	{ "[::g]/x", "'[::g]' is no registry host" },
	{ "[::1]x/y", "'[::1]x' is no registry host" },
	{ "http://a.b/x", "'http:' is no registry host" },
	{ "localhost/" A240 "1234567890123456",
	  "its repository name is longer than 255 characters" },
};

static void references_stand_for_their_full_names(void **state)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(good); i++) {
		lkb_autoref r = {0}, again = {0};
		lkb_autofree char *text = NULL, *text_again = NULL;
		struct lkb_error err = {0};

		if (lkb_ref_parse(good[i].text, &r, &err))
			fail_msg("%s: %s", good[i].text, err.message);
		text = lkb_ref_text(&r);
		assert_string_equal(text, good[i].canonical);
		assert_int_equal(lkb_ref_parse(text, &again, &err), 0);
		text_again = lkb_ref_text(&again);
		assert_string_equal(text_again, text);
	}
}

static void what_is_no_reference_is_refused_with_the_part_that_is_wrong(void **state)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(bad); i++) {
		lkb_autofree char *want = lkb_format("'%s' is no image reference: %s", bad[i].text,
						     bad[i].what);
		struct lkb_error err = {0};
		struct lkb_ref r = {0};

		if (!lkb_ref_parse(bad[i].text, &r, &err))
			fail_msg("'%s' was taken", bad[i].text);
		assert_string_equal(err.message, want);
		assert_int_equal(err.kind, LKB_INPUT);
		assert_null(r.domain);
	}
}

static void nothing_is_no_reference(void **state)
{
	struct lkb_error err = {0};
	struct lkb_ref r = {0};

	assert_int_equal(lkb_ref_parse("", &r, &err), -1);
	assert_string_equal(err.message, "an image reference is empty");
}

static void parts_are_told_apart(void **state)
{
	lkb_autoref both = {0}, digest = {0};

	assert_int_equal(lkb_ref_parse("h:1/a/b:t@sha256:" HEX64, &both, NULL), 0);
	assert_string_equal(both.domain, "h:1");
	assert_string_equal(both.path, "a/b");
	assert_string_equal(both.tag, "t");
	assert_string_equal(both.digest, "sha256:" HEX64);
	assert_int_equal(lkb_ref_parse("a@sha256:" HEX64, &digest, NULL), 0);
	assert_null(digest.tag);
}

static void a_scheme_gets_a_hint(void **state)
{
	struct lkb_error err = {0};
	struct lkb_ref r = {0};

	assert_int_equal(lkb_ref_parse("docker://nginx:1", &r, &err), -1);
	assert_string_equal(err.hint, "an image reference has no scheme: write 'nginx:1'");
}

static void a_tag_alone_is_no_full_reference(void **state)
{
	assert_false(lkb_ref_is_full("v1"));
	assert_false(lkb_ref_is_full("1.0.3"));
	assert_false(lkb_ref_is_full(""));
	assert_false(lkb_ref_is_full("x/Y"));
	assert_true(lkb_ref_is_full("alpine:3.18"));
	assert_true(lkb_ref_is_full("linuxkit/init"));
	assert_true(lkb_ref_is_full("localhost/init:bookworm"));
	assert_true(lkb_ref_is_full("x@sha256:" HEX64));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_stand_for_their_full_names),
		cmocka_unit_test(what_is_no_reference_is_refused_with_the_part_that_is_wrong),
		cmocka_unit_test(nothing_is_no_reference),
		cmocka_unit_test(parts_are_told_apart),
		cmocka_unit_test(a_scheme_gets_a_hint),
		cmocka_unit_test(a_tag_alone_is_no_full_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
