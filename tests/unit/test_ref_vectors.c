/* SPDX-License-Identifier: Apache-2.0 */
/* The names that distribution/reference is tried on, and what they are to lkboard. Where that differs
 * from the original, the row says so. What tests of ours are about stands in test_ref.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "rootfs/oci/ref.h"

#define F34 "ffffffffffffffffffffffffffffffffff"
#define F64 F34 "ffffffffffffffffffffffffffffff"
#define F128 F64 F64
#define N64 "1234567890098765432112345667890098765432112345667890098765432112"
#define X64 "1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a"
#define A15 "aaaaaaaaaaaaaaa"
#define A255 A15 A15 A15 A15 A15 A15 A15 A15 A15 A15 A15 A15 A15 A15 A15 A15 A15
#define AS8 "a/a/a/a/a/a/a/a/"
#define AS64 AS8 AS8 AS8 AS8 AS8 AS8 AS8 AS8
#define AS127 AS64 AS8 AS8 AS8 AS8 AS8 AS8 AS8 "a/a/a/a/a/a/a/"
#define SONG "thisisthesongthatneverendsitgoesonandonandonthisisthesongthatnev"
#define NAMESPACE "this_is_not_a_valid_namespace_because_its_lenth_is_greater_than_255_"

/* What is typed, and its parts. Without tag and digest the tag is "latest". */
enum { TEXT, DOMAIN, PATH, TAG, DIGEST, N_PARTS };
static const char *const good[][N_PARTS] = {
	/* one word, and what looks like a host alone */
	{ "a", "docker.io", "library/a" },
	{ "foo", "docker.io", "library/foo" },
	{ "foo:tag2", "docker.io", "library/foo", "tag2" },
	{ "short", "docker.io", "library/short" },
	{ "debian", "docker.io", "library/debian" },
	{ "ubuntu", "docker.io", "library/ubuntu" },
	{ "ubuntu-12.04-base", "docker.io", "library/ubuntu-12.04-base" },
	{ "redis", "docker.io", "library/redis" },
	{ "redis:latest", "docker.io", "library/redis", "latest" },
	{ "redis@sha256:" F64, "docker.io", "library/redis", NULL, "sha256:" F64 },
	{ "busybox", "docker.io", "library/busybox" },
	{ "busybox:latest", "docker.io", "library/busybox", "latest" },
	{ "busybox@sha256:" F64, "docker.io", "library/busybox", NULL, "sha256:" F64 },
	{ "busybox:latest@sha256:" F64, "docker.io", "library/busybox", "latest", "sha256:" F64 },
	{ "lowercase:Uppercase", "docker.io", "library/lowercase", "Uppercase" },
	{ "test_com", "docker.io", "library/test_com" },
	{ "test.com", "docker.io", "library/test.com" },
	{ "test.com:tag", "docker.io", "library/test.com", "tag" },
	{ "test.com:5000", "docker.io", "library/test.com", "5000" },
	{ "foo.com", "docker.io", "library/foo.com" },
	{ "foo_bar", "docker.io", "library/foo_bar" },
	{ "foo_bar.com", "docker.io", "library/foo_bar.com" },
	{ "foo_bar.com:8080", "docker.io", "library/foo_bar.com", "8080" },
	{ "192.168.0.1", "docker.io", "library/192.168.0.1" },
	{ "192.168.0.1:80", "docker.io", "library/192.168.0.1", "80" },
	{ "192.168.1.1", "docker.io", "library/192.168.1.1" },
	{ "192.168.1.1:tag", "docker.io", "library/192.168.1.1", "tag" },
	{ "192.168.1.1:5000", "docker.io", "library/192.168.1.1", "5000" },
	{ "localhost@sha256:" F64, "docker.io", "library/localhost", NULL, "sha256:" F64 },
	{ "localhost:8080@sha256:" F64, "docker.io", "library/localhost", "8080", "sha256:" F64 },
	/* nearly a digest, but not one */
	{ SONG, "docker.io", "library/" SONG },
	{ "dbcc1", "docker.io", "library/dbcc1" },
	{ "dbcc1c35ac38df41fd2f5e4130b32ffdb93ebae8b3dbe638c23575912276fc9", "docker.io",
	  "library/dbcc1c35ac38df41fd2f5e4130b32ffdb93ebae8b3dbe638c23575912276fc9" },
	{ "da304e823d8ca2b9d863a3c897baeb852ba21ea9a9f1414736394ae7fcaf", "docker.io",
	  "library/da304e823d8ca2b9d863a3c897baeb852ba21ea9a9f1414736394ae7fcaf" },
	{ X64 "8482", "docker.io", "library/" X64 "8482" },
	{ "docker.io/" X64, "docker.io", "library/" X64 },
	/* words without a dot, a colon or a capital are no host, though the bare grammar takes them */
	{ "simple/name", "docker.io", "simple/name" },
	{ "library/foo", "docker.io", "library/foo" },
	{ "library/foo/bar", "docker.io", "library/foo/bar" },
	{ "library/debian", "docker.io", "library/debian" },
	{ "library/ubuntu", "docker.io", "library/ubuntu" },
	{ "library/busybox", "docker.io", "library/busybox" },
	{ "library/busybox:latest", "docker.io", "library/busybox", "latest" },
	{ "nonlibrary/ubuntu", "docker.io", "nonlibrary/ubuntu" },
	{ "other/library", "docker.io", "other/library" },
	{ "store/foo/bar", "docker.io", "store/foo/bar" },
	{ "fooo/bar", "docker.io", "fooo/bar" },
	{ "foo/foo_bar.com:8080", "docker.io", "foo/foo_bar.com", "8080" },
	{ "test_com/foo", "docker.io", "test_com/foo" },
	{ "do__cker/docker", "docker.io", "do__cker/docker" },
	{ "dock__er/docker", "docker.io", "dock__er/docker" },
	{ "docker/docker", "docker.io", "docker/docker" },
	{ "docker/migrator", "docker.io", "docker/migrator" },
	{ "docker/stevvooe/app", "docker.io", "docker/stevvooe/app" },
	{ "docker-rules/docker", "docker.io", "docker-rules/docker" },
	{ "docker---rules/docker", "docker.io", "docker---rules/docker" },
	{ "doc/docker", "docker.io", "doc/docker" },
	{ "d/docker", "docker.io", "d/docker" },
	{ "jess/t", "docker.io", "jess/t" },
	{ "dmcgowan/myapp", "docker.io", "dmcgowan/myapp" },
	{ "dmcgowan/myapp:latest", "docker.io", "dmcgowan/myapp", "latest" },
	{ "dmcgowan/myapp@sha256:" F64, "docker.io", "dmcgowan/myapp", NULL, "sha256:" F64 },
	{ "a/aa", "docker.io", "a/aa" },
	{ "a/aa/a", "docker.io", "a/aa/a" },
	{ "a/a/a/a", "docker.io", "a/a/a/a" },
	{ "aa-a/a", "docker.io", "aa-a/a" },
	{ "aa/aa/bb/bb/bb", "docker.io", "aa/aa/bb/bb/bb" },
	{ "aa/aa/aa/aa/aa/aa/aa/aa/aa/bb/bb/bb/bb/bb/bb", "docker.io",
	  "aa/aa/aa/aa/aa/aa/aa/aa/aa/bb/bb/bb/bb/bb/bb" },
	/* the path may be as long as it may, whatever the host */
	{ AS127 "a:tag-puts-this-over-max", "docker.io", AS127 "a", "tag-puts-this-over-max" },
	{ "example.com/" A255 ":tag", "example.com", A255, "tag" },
	/* Docker's own host, by both names */
	{ "docker.io/foo", "docker.io", "library/foo" },
	{ "docker.io/library/foo", "docker.io", "library/foo" },
	{ "docker.io/library/foo/bar", "docker.io", "library/foo/bar" },
	{ "docker.io/debian", "docker.io", "library/debian" },
	{ "docker.io/library/debian", "docker.io", "library/debian" },
	{ "docker.io/docker/docker", "docker.io", "docker/docker" },
	{ "docker.io/busybox", "docker.io", "library/busybox" },
	{ "docker.io/busybox:latest", "docker.io", "library/busybox", "latest" },
	{ "docker.io/library/busybox", "docker.io", "library/busybox" },
	{ "docker.io/library/busybox:latest", "docker.io", "library/busybox", "latest" },
	{ "docker.io/library/redis:latest", "docker.io", "library/redis", "latest" },
	{ "docker.io/library/redis@sha256:" F64, "docker.io", "library/redis", NULL, "sha256:" F64 },
	{ "docker.io/library/ubuntu", "docker.io", "library/ubuntu" },
	{ "docker.io/library/ubuntu-12.04-base", "docker.io", "library/ubuntu-12.04-base" },
	{ "docker.io/mcgowan/myapp:latest", "docker.io", "mcgowan/myapp", "latest" },
	{ "docker.io/dmcgowan/myapp@sha256:" F64, "docker.io", "dmcgowan/myapp", NULL, "sha256:" F64 },
	{ "docker.io/fooo/bar", "docker.io", "fooo/bar" },
	{ "docker.io/nonlibrary/ubuntu", "docker.io", "nonlibrary/ubuntu" },
	{ "docker.io/other/library", "docker.io", "other/library" },
	{ "docker.io/store/foo/bar", "docker.io", "store/foo/bar" },
	{ "index.docker.io/debian", "docker.io", "library/debian" },
	{ "index.docker.io/library/debian", "docker.io", "library/debian" },
	{ "index.docker.io/docker/docker", "docker.io", "docker/docker" },
	{ "index.docker.io/fooo/bar", "docker.io", "fooo/bar" },
	{ "index.docker.io/library/ubuntu-12.04-base", "docker.io", "library/ubuntu-12.04-base" },
	/* hosts by name */
	{ "test.com/foo", "test.com", "foo" },
	{ "test.com/foo:tag", "test.com", "foo", "tag" },
	{ "test.com/repo:tag", "test.com", "repo", "tag" },
	{ "test.com:8000/foo:tag4", "test.com:8000", "foo", "tag4" },
	{ "test.com:8000/foo:TAG5", "test.com:8000", "foo", "TAG5" },
	{ "test.com:8080/foo", "test.com:8080", "foo" },
	{ "test-com:8080/foo", "test-com:8080", "foo" },
	{ "test:8080/foo", "test:8080", "foo" },
	{ "test:5000/repo", "test:5000", "repo" },
	{ "test:5000/repo:tag", "test:5000", "repo", "tag" },
	{ "test:5000/repo@sha256:" F64, "test:5000", "repo", NULL, "sha256:" F64 },
	{ "test:5000/repo:tag@sha256:" F64, "test:5000", "repo", "tag", "sha256:" F64 },
	{ "foo.com/bar", "foo.com", "bar" },
	{ "foo.com/bar/baz", "foo.com", "bar/baz" },
	{ "foo.com/foo_bar", "foo.com", "foo_bar" },
	{ "foo.com:8080/bar", "foo.com:8080", "bar" },
	{ "blog.foo.com/bar/baz", "blog.foo.com", "bar/baz" },
	{ "sub-dom1.foo.com/bar/baz/quux", "sub-dom1.foo.com", "bar/baz/quux" },
	{ "sub-dom1.foo.com/bar/baz/quux:some-long-tag", "sub-dom1.foo.com", "bar/baz/quux",
	  "some-long-tag" },
	{ "b.gcr.io/test.example.com/my-app", "b.gcr.io", "test.example.com/my-app" },
	{ "b.gcr.io/test.example.com/my-app:test.example.com", "b.gcr.io",
	  "test.example.com/my-app", "test.example.com" },
	{ "gcr.io/library/busybox", "gcr.io", "library/busybox" },
	/* a daemon drops the tag here; lkboard fetches by the digest too, but a person reads the tag */
	{ "gcr.io/library/busybox:latest@sha256:" F64, "gcr.io", "library/busybox", "latest",
	  "sha256:" F64 },
	{ "registry.com:8080/myapp:tag", "registry.com:8080", "myapp", "tag" },
	{ "registry.com:8080/myapp@sha256:" F64, "registry.com:8080", "myapp", NULL, "sha256:" F64 },
	{ "registry.com:8080/myapp:tag2@sha256:" F64, "registry.com:8080", "myapp", "tag2",
	  "sha256:" F64 },
	{ "registry.io/foo/project--id.module--name.ver---sion--name", "registry.io",
	  "foo/project--id.module--name.ver---sion--name" },
	{ "example.com/privatebase", "example.com", "privatebase" },
	{ "example.com/private/moonbase", "example.com", "private/moonbase" },
	{ "example.com:8000/privatebasee", "example.com:8000", "privatebasee" },
	{ "example.com:8000/private/moonbase", "example.com:8000", "private/moonbase" },
	{ "example.com:8000/named", "example.com:8000", "named" },
	{ "example.com:8000/named:tagged", "example.com:8000", "named", "tagged" },
	{ "other.com/named@sha256:" N64, "other.com", "named", NULL, "sha256:" N64 },
	{ "example.com/xn--7o8h.com/myimage", "example.com", "xn--7o8h.com/myimage" },
	{ "example.com/some_separator__underscore/myimage", "example.com",
	  "some_separator__underscore/myimage" },
	{ "xn--n3h.com/foo", "xn--n3h.com", "foo" },
	{ "xn--n3h.com:18080/foo", "xn--n3h.com:18080", "foo" },
	{ "xn--n3h.com/myimage", "xn--n3h.com", "myimage" },
	{ "xn--n3h.com/myimage:xn--n3h.com", "xn--n3h.com", "myimage", "xn--n3h.com" },
	{ "xn--7o8h.com/myimage", "xn--7o8h.com", "myimage" },
	{ "xn--7o8h.com/myimage:xn--7o8h.com@sha512:" F128, "xn--7o8h.com", "myimage",
	  "xn--7o8h.com", "sha512:" F128 },
	{ "localhost:8080/bar", "localhost:8080", "bar" },
	{ "localhost:8080/name@sha256:" F64, "localhost:8080", "name", NULL, "sha256:" F64 },
	/* capitals make a host of a word */
	{ "Foo/bar", "Foo", "bar" },
	{ "FOO/bar", "FOO", "bar" },
	{ "Docker/docker", "Docker", "docker" },
	{ "DOCKER/docker", "DOCKER", "docker" },
	{ "Uppercase/lowercase:tag", "Uppercase", "lowercase", "tag" },
	{ "Asdf.com/foo/bar", "Asdf.com", "foo/bar" },
	/* hosts by number */
	{ "127.0.0.1:5000/debian", "127.0.0.1:5000", "debian" },
	{ "127.0.0.1:5000/docker/docker", "127.0.0.1:5000", "docker/docker" },
	{ "127.0.0.1:5000/library/debian", "127.0.0.1:5000", "library/debian" },
	{ "127.0.0.1:8000/privatebase", "127.0.0.1:8000", "privatebase" },
	{ "127.0.0.1:8000/private/moonbase", "127.0.0.1:8000", "private/moonbase" },
	{ "192.168.0.1:8/debian", "192.168.0.1:8", "debian" },
	{ "192.168.0.2:25000/debian", "192.168.0.2:25000", "debian" },
	{ "192.168.1.1/repo", "192.168.1.1", "repo" },
	{ "192.168.1.1:5000/repo", "192.168.1.1:5000", "repo" },
	{ "192.168.1.1:5000/repo:5050", "192.168.1.1:5000", "repo", "5050" },
	{ "[::1]:5000/repo", "[::1]:5000", "repo" },
	{ "[fc00::1]:5000/docker", "[fc00::1]:5000", "docker" },
	{ "[fc00::1]:5000/docker/docker", "[fc00::1]:5000", "docker/docker" },
	{ "[fc00:1:2:3:4:5:6:7]:5000/library/debian", "[fc00:1:2:3:4:5:6:7]:5000",
	  "library/debian" },
	{ "[2001:db8::]:5000/repo", "[2001:db8::]:5000", "repo" },
	{ "[2001:db8::1]/repo", "[2001:db8::1]", "repo" },
	{ "[2001:db8:1:2:3:4:5:6]/repo:tag", "[2001:db8:1:2:3:4:5:6]", "repo", "tag" },
	{ "[2001:db8::1]:5000/repo", "[2001:db8::1]:5000", "repo" },
	{ "[2001:db8::1]:5000/repo:tag", "[2001:db8::1]:5000", "repo", "tag" },
	{ "[2001:db8::1]:5000/repo@sha256:" F64, "[2001:db8::1]:5000", "repo", NULL, "sha256:" F64 },
	{ "[2001:db8::1]:5000/repo:tag@sha256:" F64, "[2001:db8::1]:5000", "repo", "tag",
	  "sha256:" F64 },
};

/* Hosts before "/x". No network has some of them, which is found where they are called; "a" alone is
 * a path, as above. */
static const char *const hosts[] = {
	"test.com", "test.com:10304", "localhost", "localhost:8080", "a.b", "ab.cd.com", "a-b.com",
	"ab.c-om", "0101.com", "001a.com", "b.gbc.io:443", "b.gbc.io", "xn--n3h.com", "Asdf.com",
	"192.168.1.1:75050", "192.168.1.1:750050", "[fd00:1:2::3]:75050", "[fd00123123123]:75050",
	"[2001:0db8:85a3:0000:0000:8a2e:0370:7334]:75050",
	"[2001:0db8:85a3:0000:0000:8a2e:0370:7334]:750505",
};

static const char *const no_hosts[] = {
	"test.com:http", "-ab.com", "ab-.com", "ab.-com", "ab.com-", "[fd00:1:2::3]75050",
	"[fd00:1:2::3]::75050", "[fd00:1:2::3%eth0]:75050", "fd00:1:2::3:75050",
	/* elsewhere too */
	"foo.com:http", "localhost:http", "foo_bar.com:8080", "bad_hostname.com:8080",
	"do__cker:8080", "docker.", ".docker", "do..cker", "dock..er", "dock_.er", "dock-.er",
	"-docker.io", "fc00::1:5000", "[fe80::1%eth0]:5000", "[2001:db8:3:4::192.0.2.33]:5000",
	/* longer than DNS and a port can be */
	A255 ".test", "a.b:" A255,
};

#define NO_DIGEST "is no digest (sha256: and 64 lower-case hex digits)"

/* What is typed, and the part that is wrong with it. */
static const struct {
	const char *text, *what;
} bad[] = {
	/* one digest or a piece of one: the original may mean an image of a daemon by it */
	{ X64, "64 hex digits alone may be mistaken for a digest" },
	{ "sha256:" X64, "a digest alone does not say of which repository" },
	{ "sha512:" F128, "a digest alone does not say of which repository" },
	{ "@sha256:" F64, "'library/' is no repository name" },
	{ ":justtag", "'library/' is no repository name" },
	{ "repo@sha256:" F34, "'sha256:" F34 "' " NO_DIGEST },
	{ "validname@invaliddigest:" F64, "'invaliddigest:" F64 "' " NO_DIGEST },
	{ "registry.com:8080/myapp@sha256:badbadbadbad", "'sha256:badbadbadbad' " NO_DIGEST },
	{ "registry.com:8080/myapp@bad", "'bad' " NO_DIGEST },
	{ "registry.com:8080/myapp@2bad", "'2bad' " NO_DIGEST },
	{ "busybox@foo", "'foo' " NO_DIGEST },
	{ "[fe80::1%@invalidzone]:5000/repo", "'invalidzone]:5000/repo' " NO_DIGEST },
	{ "busybox:-foo", "'-foo' is no tag" },
	{ "registry.com:8080/myapp:invalid~tag", "'invalid~tag' is no tag" },
	/* an address is a host only before a slash */
	{ "[fc00::1]", "'1]' is no tag" },
	{ "[fc00::1]:5000", "'library/[fc00::1]' is no repository name" },
	{ "[2001:db8::1]", "'1]' is no tag" },
	{ "[2001:db8::1]:5000", "'library/[2001:db8::1]' is no repository name" },
	{ "[2001:db8::1]:tag", "'library/[2001:db8::1]' is no repository name" },
	{ "https://github.com/docker/docker", "'https:' is no registry host" },
	/* capitals */
	{ "Uppercase:tag", "the repository name 'library/Uppercase' has upper-case letters" },
	{ "test:5000/Uppercase/lowercase:tag",
	  "the repository name 'Uppercase/lowercase' has upper-case letters" },
	{ "docker/Docker", "the repository name 'docker/Docker' has upper-case letters" },
	{ "docker.io/docker/Docker", "the repository name 'docker/Docker' has upper-case letters" },
	{ "Foo/FarB", "the repository name 'FarB' has upper-case letters" },
	{ "7EC43B381E5AEFE6E04EFB0B3F0693FF2A4A50652D64AEC573905F2DB5889A1C", "the repository name "
	  "'library/7EC43B381E5AEFE6E04EFB0B3F0693FF2A4A50652D64AEC573905F2DB5889A1C' has "
	  "upper-case letters" },
	/* too long, by the path alone */
	{ AS127 "a/a:tag", "its repository name is longer than 255 characters" },
	{ "domain/" A255 "a:tag", "its repository name is longer than 255 characters" },
	{ "example.com/" A255 "a", "its repository name is longer than 255 characters" },
	{ NAMESPACE NAMESPACE NAMESPACE NAMESPACE "a/docker",
	  "its repository name is longer than 255 characters" },
	/* pieces of a path */
	{ "aa/asdf$$^/aa", "'aa/asdf$$^/aa' is no repository name" },
	{ "asdf$$^/aa", "'asdf$$^/aa' is no repository name" },
	{ "a^a", "'library/a^a' is no repository name" },
	{ "a//a/a", "'a//a/a' is no repository name" },
	{ "a/a/a/a/", "'a/a/a/a/' is no repository name" },
	{ "a-/a/a/a", "'a-/a/a/a' is no repository name" },
	{ "foo.com/", "'' is no repository name" },
	{ "foo.com/a-/a/a", "'a-/a/a' is no repository name" },
	{ "-foo", "'library/-foo' is no repository name" },
	{ "-foo/bar", "'-foo/bar' is no repository name" },
	{ "foo/bar-", "'foo/bar-' is no repository name" },
	{ "foo-/bar", "'foo-/bar' is no repository name" },
	{ "foo/-bar", "'foo/-bar' is no repository name" },
	{ "_foo/bar", "'_foo/bar' is no repository name" },
	{ "____/____", "'____/____' is no repository name" },
	{ "_docker/_docker", "'_docker/_docker' is no repository name" },
	{ "docker_/docker_", "'docker_/docker_' is no repository name" },
	{ "-docker", "'library/-docker' is no repository name" },
	{ "-docker/docker", "'-docker/docker' is no repository name" },
	{ "docker-/docker", "'docker-/docker' is no repository name" },
	{ "-docker-/docker", "'-docker-/docker' is no repository name" },
	{ "docker/", "'docker/' is no repository name" },
	{ "docker///docker", "'docker///docker' is no repository name" },
	{ "docker.io/docker///docker", "'docker///docker' is no repository name" },
	{ "example.com/__underscore/myimage", "'__underscore/myimage' is no repository name" },
	{ "example.com/..dots/myimage", "'..dots/myimage' is no repository name" },
	{ "example.com/.dots/myimage", "'.dots/myimage' is no repository name" },
	{ "example.com/nodouble..dots/myimage", "'nodouble..dots/myimage' is no repository name" },
};

/* With a NULL for a NULL. */
static void expect_part(const char *text, const char *what, const char *got, const char *want)
{
	if (!got != !want || (got && strcmp(got, want)))
		fail_msg("%s: %s is '%s', not '%s'", text, what, got ? got : "-", want ? want : "-");
}

static void names_have_these_parts(void **state)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(good); i++) {
		const char *const *p = good[i];
		lkb_autoref r = {0};
		struct lkb_error err = {0};

		if (lkb_ref_parse(p[TEXT], &r, &err))
			fail_msg("%s: %s", p[TEXT], err.message);
		expect_part(p[TEXT], "the domain", r.domain, p[DOMAIN]);
		expect_part(p[TEXT], "the path", r.path, p[PATH]);
		expect_part(p[TEXT], "the tag", r.tag, p[TAG] || p[DIGEST] ? p[TAG] : "latest");
		expect_part(p[TEXT], "the digest", r.digest, p[DIGEST]);
	}
}

static void hosts_are_told_from_what_is_none(void **state)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(hosts); i++) {
		lkb_autofree char *text = lkb_format("%s/x", hosts[i]);
		lkb_autoref r = {0};
		struct lkb_error err = {0};

		if (lkb_ref_parse(text, &r, &err))
			fail_msg("%s: %s", text, err.message);
		expect_part(text, "the domain", r.domain, hosts[i]);
		expect_part(text, "the path", r.path, "x");
	}
	for (size_t i = 0; i < LKB_ARRAY_SIZE(no_hosts); i++) {
		lkb_autofree char *text = lkb_format("%s/x", no_hosts[i]);
		lkb_autofree char *want = lkb_format("'%s' is no image reference: '%s' is no "
						     "registry host", text, no_hosts[i]);
		lkb_autoref r = {0};
		struct lkb_error err = {0};

		if (!lkb_ref_parse(text, &r, &err))
			fail_msg("'%s' was taken", text);
		assert_string_equal(err.message, want);
	}
}

static void what_is_none_is_refused(void **state)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(bad); i++) {
		lkb_autofree char *want = lkb_format("'%s' is no image reference: %s", bad[i].text,
						     bad[i].what);
		lkb_autoref r = {0};
		struct lkb_error err = {0};

		if (!lkb_ref_parse(bad[i].text, &r, &err))
			fail_msg("'%s' was taken", bad[i].text);
		assert_string_equal(err.message, want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_have_these_parts),
		cmocka_unit_test(hosts_are_told_from_what_is_none),
		cmocka_unit_test(what_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
