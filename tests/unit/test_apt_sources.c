/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "rootfs/pkg/apt_priv.h"

/* The entries of a text as one line each: URI SUITE [COMPONENT...] {OPTION; ...}. */
static char *entries(const char *text, bool deb822, struct lkb_error *err)
{
	lkb_autosources s = {0};
	lkb_autostr all = {0};
	size_t i, j;
	int r = deb822 ? lkb_apt_sources_deb822(text, "x", &s, err)
		       : lkb_apt_sources_list(text, "x", &s, err);

	if (r)
		return NULL;
	for (i = 0; i < s.n; i++) {
		lkb_str_addf(&all, "%s%s %s", i ? "\n" : "", s.items[i].uri, s.items[i].suite);
		for (j = 0; j < s.items[i].components.n; j++)
			lkb_str_addf(&all, " %s", s.items[i].components.items[j]);
		for (j = 0; j < s.items[i].options.n; j++)
			lkb_str_addf(&all, " {%s}", s.items[i].options.items[j]);
	}
	return lkb_str_take(&all);
}

struct case_of_source {
	const char *text, *entries;
};

static void compare(const struct case_of_source *cases, size_t n, bool deb822)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct lkb_error err = {0};
		lkb_autofree char *got = entries(cases[i].text, deb822, &err);

		assert_string_equal(err.message, "");
		assert_string_equal(got, cases[i].entries);
	}
}

static void one_line_sources_are_understood(void **state)
{
	static const struct case_of_source cases[] = {
		{"", ""},
		{"deb http://d.o/debian bookworm main\n", "http://d.o/debian bookworm main"},
		{"  deb\thttp://d.o/debian   bookworm main\tcontrib # comment",
		 "http://d.o/debian bookworm main contrib"},
		{"# deb http://a b main\ndeb-src http://a b main\n\ndebug http://a b main", ""},
		{"deb [signed-by=/k.gpg arch=amd64,arm64] https://d.o b main",
		 "https://d.o b main {Signed-By: /k.gpg}"},
		{"deb [ trusted=yes  lang=none check-valid-until=no ] file:/repo b main",
		 "file:/repo b main {Trusted: yes} {Check-Valid-Until: no}"},
		{"deb http://a b main\r\ndeb http://c d main", "http://a b main\nhttp://c d main"},
		{"deb http://a ./", "http://a ./"},
		{"deb cdrom:[Debian GNU/Linux 12]/ bookworm main", ""},
	};

	compare(cases, LKB_ARRAY_SIZE(cases), false);
}

static void deb822_sources_are_understood(void **state)
{
	static const struct case_of_source cases[] = {
		{"", ""},
		{"Types: deb\nURIs: http://d.o\nSuites: b b-updates\nComponents: main contrib\n",
		 "http://d.o b main contrib\nhttp://d.o b-updates main contrib"},
		{"types: deb deb-src\nuris: http://a http://c\nsuites: b\n"
		 "components: main\nsigned-by: /k.gpg\narchitectures: amd64",
		 "http://a b main {Signed-By: /k.gpg}\nhttp://c b main {Signed-By: /k.gpg}"},
		{"Types: deb-src\nURIs: http://a\nSuites: b\nComponents: main\n", ""},
		{"Enabled: no\nTypes: deb\nURIs: http://a\nSuites: b\nComponents: main\n\n"
		 "Enabled: yes\nTypes: deb\nURIs: http://c\nSuites: b\nComponents: main\n",
		 "http://c b main"},
		{"# comment\nTypes: deb\n# another\nURIs:\n http://a\n http://c\nSuites: b\n"
		 "Components: main\n\n\n\n# alone\n",
		 "http://a b main\nhttp://c b main"},
		{"Types: deb\nURIs: http://a\nSuites: b\nComponents: main\nSigned-By:\n"
		 " -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n",
		 "http://a b main {Signed-By: \n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc}"},
	};

	compare(cases, LKB_ARRAY_SIZE(cases), true);
}

static void broken_sources_are_refused_with_their_line(void **state)
{
	static const struct {
		bool deb822;
		const char *text, *message;
		unsigned line;
	} cases[] = {
		{false, "\ndeb [signed-by=/k http://a b main", "apt source has '[' without ']'", 2},
		{false, "deb http://a", "apt source needs an address and a suite", 1},
		{true, "Types: deb\nURIs: http://a\n", "apt source needs 'URIs' and 'Suites'", 1},
		{true, "\n\nTypes: deb\nno field\n", "apt source has a line without 'FIELD:'", 4},
		{true, " indented\n", "apt source has a line without 'FIELD:'", 1},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		struct lkb_error err = {0};

		assert_null(entries(cases[i].text, cases[i].deb822, &err));
		assert_string_equal(err.message, cases[i].message);
		assert_string_equal(err.file, "x");
		assert_int_equal(err.line, cases[i].line);
		assert_int_equal(err.kind, LKB_INPUT);
	}
}

static void only_the_suite_with_its_updates_is_taken(void **state)
{
	lkb_autosources s = {0};
	lkb_autostrv components = {0};
	lkb_autofree char *text = NULL;
	struct lkb_error err;

	lkb_strv_add(&components, "main");
	lkb_strv_add(&components, "non-free-firmware");
	assert_int_equal(lkb_apt_sources_list(
		"deb [signed-by=/d.gpg] http://d.o/debian bookworm main contrib\n"
		"deb http://d.o/debian bookworm main\n"
		"deb http://d.o/debian bookworm-updates main\n"
		"deb http://d.o/debian bookworm-backports main\n"
		"deb http://d.o/debian-security bookworm-security main\n"
		"deb http://d.o/debian trixie main\n"
		"deb http://download.docker.com/linux/debian bookworm stable\n"
		"deb http://apt.postgresql.org bookworm-pgdg main\n", "x", &s, &err), 0);
	text = lkb_apt_sources_text(&s, "bookworm", NULL, &components, "arm64");
	assert_string_equal(text,
		"Types: deb\nURIs: http://d.o/debian\nSuites: bookworm\n"
		"Components: main non-free-firmware\nArchitectures: arm64\nSigned-By: /d.gpg\n\n"
		"Types: deb\nURIs: http://d.o/debian\nSuites: bookworm-updates\n"
		"Components: main non-free-firmware\nArchitectures: arm64\n\n"
		"Types: deb\nURIs: http://d.o/debian-security\nSuites: bookworm-security\n"
		"Components: main non-free-firmware\nArchitectures: arm64\n\n");
}

static void what_is_written_is_read_back_the_same(void **state)
{
	static const char key[] = "Types: deb\nURIs: http://a\nSuites: b\nComponents: main\n"
		"Architectures: arm64\nSigned-By: \n -----BEGIN-----\n .\n abc\nTrusted: no\n\n";
	lkb_autosources s = {0};
	lkb_autostrv components = {0};
	lkb_autofree char *text = NULL;
	struct lkb_error err;

	lkb_strv_add(&components, "main");
	assert_int_equal(lkb_apt_sources_deb822(key, "x", &s, &err), 0);
	text = lkb_apt_sources_text(&s, "b", NULL, &components, "arm64");
	assert_string_equal(text, key);
}

static void a_suite_nobody_has_gives_nothing(void **state)
{
	lkb_autosources s = {0};
	lkb_autostrv components = {0};
	lkb_autofree char *text = NULL;
	struct lkb_error err;

	assert_int_equal(lkb_apt_sources_list("deb http://a bookworm main", "x", &s, &err), 0);
	text = lkb_apt_sources_text(&s, "trixie", NULL, &components, "arm64");
	assert_string_equal(text, "");
}

static void a_mirror_is_asked_for_another_suite(void **state)
{
	lkb_autosources s = {0};
	lkb_autostrv components = {0};
	lkb_autofree char *text = NULL;
	struct lkb_error err;

	lkb_strv_add(&components, "main");
	assert_int_equal(lkb_apt_sources_list(
		"deb [signed-by=/d.gpg] http://d.o/debian bookworm main\n"
		"deb http://d.o/debian-security bookworm-security main\n"
		"deb http://o.o bookworm-backports main\n", "x", &s, &err), 0);
	text = lkb_apt_sources_text(&s, "bookworm", "trixie", &components, "arm64");
	assert_string_equal(text,
		"Types: deb\nURIs: http://d.o/debian\nSuites: trixie\n"
		"Components: main\nArchitectures: arm64\nSigned-By: /d.gpg\n\n"
		"Types: deb\nURIs: http://d.o/debian-security\nSuites: trixie-security\n"
		"Components: main\nArchitectures: arm64\n\n");
}

static void a_simulation_names_packages_and_versions(void **state)
{
	lkb_autodebs debs = {0};
	struct lkb_error err;

	assert_int_equal(lkb_apt_parse_simulation(
		"NOTE: This is only a simulation!\n"
		"Inst runc (1.1.5+ds1-1+deb12u1 Debian:12.15/oldstable, Security:12/x [arm64])\n"
		"Inst libc6:arm64 (2.36-9+deb12u14 Debian:12.15/oldstable [arm64]) []\n"
		"Inst libacl1 (1:2.3 Debian:12.15/oldstable [all])\n"
		"Conf libc6 (2.36-9+deb12u14 Debian:12.15/oldstable [arm64])\n", &debs, &err), 0);
	assert_int_equal(debs.n, 3);
	assert_string_equal(debs.items[0].name, "libacl1");
	assert_string_equal(debs.items[0].version, "1:2.3");
	assert_string_equal(debs.items[1].name, "libc6");
	assert_string_equal(debs.items[1].version, "2.36-9+deb12u14");
	assert_string_equal(debs.items[2].name, "runc");
	assert_false(debs.items[2].known);
}

static void an_unknown_line_of_a_simulation_is_an_error(void **state)
{
	lkb_autodebs debs = {0};
	struct lkb_error err;

	assert_int_equal(lkb_apt_parse_simulation("Inst runc [1.1]\n", &debs, &err), -1);
	assert_string_equal(err.message, "cannot read apt's line 'Inst runc [1.1]'");
	assert_int_equal(debs.n, 0);
}

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void digests_are_taken_for_the_very_version(void **state)
{
	lkb_autodebs debs = {0};
	struct lkb_deb runc = {.name = (char *)"runc", .version = (char *)"2"};
	struct lkb_error err;

	lkb_debs_add(&debs, &runc);
	assert_int_equal(lkb_apt_parse_show(
		"Package: runc\nVersion: 1\nSize: 7\nSHA256: " HEX "\n\n"
		"Package: other\nVersion: 2\nSize: 8\nSHA256: " HEX "\n\n"
		"Package: runc\nVersion: 2\nDescription: x\n SHA256: no\nSize: 9\nSHA256: " HEX "\n",
		&debs, &err), 0);
	assert_true(debs.items[0].known);
	assert_int_equal(debs.items[0].size, 9);
	assert_string_equal(lkb_sha256_text(&debs.items[0].sha256).s, HEX);
}

static void a_package_without_a_digest_is_refused(void **state)
{
	static const char *const shown[] = {
		"", "Package: runc\nVersion: 2\nSize: 9\n",
		"Package: runc\nVersion: 2\nSize: 9\nSHA256: 12\n",
		"Package: runc\nVersion: 2\nSize: -9\nSHA256: " HEX "\n",
		"Package: runc\nVersion: 2\nSize: 9000000000\nSHA256: " HEX "\n",
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(shown); i++) {
		lkb_autodebs debs = {0};
		struct lkb_deb runc = {.name = (char *)"runc", .version = (char *)"2"};
		struct lkb_error err;

		lkb_debs_add(&debs, &runc);
		assert_int_equal(lkb_apt_parse_show(shown[i], &debs, &err), -1);
		assert_string_equal(err.message,
				    "the package lists give no SHA-256 for 'runc' version '2'");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_line_sources_are_understood),
		cmocka_unit_test(deb822_sources_are_understood),
		cmocka_unit_test(broken_sources_are_refused_with_their_line),
		cmocka_unit_test(only_the_suite_with_its_updates_is_taken),
		cmocka_unit_test(what_is_written_is_read_back_the_same),
		cmocka_unit_test(a_suite_nobody_has_gives_nothing),
		cmocka_unit_test(a_mirror_is_asked_for_another_suite),
		cmocka_unit_test(a_simulation_names_packages_and_versions),
		cmocka_unit_test(an_unknown_line_of_a_simulation_is_an_error),
		cmocka_unit_test(digests_are_taken_for_the_very_version),
		cmocka_unit_test(a_package_without_a_digest_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
