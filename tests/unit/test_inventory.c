/* SPDX-License-Identifier: Apache-2.0 */
/* Package databases: what is a package in them, and what is not. */
#include "rootfs/inventory/inventory.h"
#include "tests/unit/base_kit.h"

typedef void parse_fn(const char *text, size_t len, struct lkb_inventory *v);

/* What a text comes to: "name version arch source licence" each, then what was skipped. */
static char *parsed(parse_fn *parse, const char *text)
{
	lkb_autoinventory v = {0};
	lkb_autostr out = {0};

	parse(text, strlen(text), &v);
	lkb_inventory_sort(&v);
	for (size_t i = 0; i < v.n; i++)
		lkb_str_addf(&out, "%s %s %s %s %s\n", v.items[i].name, v.items[i].version,
			     v.items[i].arch, v.items[i].source, v.items[i].licence);
	if (v.skipped)
		lkb_str_addf(&out, "skipped %zu\n", v.skipped);
	return lkb_str_take(&out);
}

struct row {
	const char *text, *is;
};

static void expect(parse_fn *parse, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		lkb_autofree char *is = parsed(parse, rows[i].text);

		assert_string_equal(is, rows[i].is);
	}
}

static void dpkg_has_stanzas(void **state)
{
	static const struct row rows[] = {
		{"", ""},
		{"\n\n\n", ""},
		{"Package: a\nVersion: 1\n", "a 1   \n"},
		{"Package: a\nVersion: 1\nArchitecture: arm64", "a 1 arm64  \n"},
		{"package:a\nVERSION:\t1 \r\n", "a 1   \n"},
		/* Sorted, and once. */
		{"Package: b\nVersion: 1\n\nPackage: a\nVersion: 1\n\nPackage: b\nVersion: 1\n",
		 "a 1   \nb 1   \n"},
		/* A removed package's stanza is no package; another one's is. */
		{"Package: a\nStatus: deinstall ok config-files\nVersion: 1\n\n"
		 "Package: b\nStatus: hold ok installed\nVersion: 2\n", "b 2   \n"},
		{"Package: a\nStatus: install ok half-installed\nVersion: 1\n", ""},
		{"Package: a\nStatus: purge ok not-installed\nVersion: 1\n", ""},
		/* Unpacked and never configured, it is there all the same. */
		{"Package: a\nStatus: install ok unpacked\nVersion: 1\n", "a 1   \n"},
		{"Package: a\nStatus: install ok half-configured\nVersion: 1\n\n"
		 "Package: b\nStatus: install ok triggers-pending\nVersion: 2\n", "a 1   \nb 2   \n"},
		{"Package: a\nSource: s (1.0)\nVersion: 1\n", "a 1  s \n"},
		{"Package: a\nSource: s\nVersion: 1:2~rc1+b1\n", "a 1:2~rc1+b1  s \n"},
		/* What continues a field is no field. */
		{"Package: a\nDescription: x\n Version: 9\nVersion: 1\n", "a 1   \n"},
		{"Package: a\nVersion: 1\nPackage: b\n", "a 1   \n"},
		/* No package. */
		{"Package: a\n", "skipped 1\n"},
		{"Version: 1\n", "skipped 1\n"},
		{"Package: a b\nVersion: 1\n", "skipped 1\n"},
		{"Package: a\nVersion: 1\"\n", "skipped 1\n"},
		{"Package: ../a\nVersion: 1\n", "skipped 1\n"},
		{"Package: \xc3\xa4\nVersion: 1\n", "skipped 1\n"},
		{"no field at all\n", "skipped 1\n"},
		/* A bad side is not known; the package stays. */
		{"Package: a\nVersion: 1\nArchitecture: a/b\nSource: x y\n", "a 1   \n"},
	};

	expect(lkb_inventory_dpkg, rows, LKB_ARRAY_SIZE(rows));
}

static void apk_has_letters(void **state)
{
	static const struct row rows[] = {
		{"P:musl\nV:1.2-r0\nA:aarch64\nL:MIT\no:musl\n", "musl 1.2-r0 aarch64  MIT\n"},
		{"P:a\nV:1\no:b\nF:lib\nR:P\nP:other\n\nP:c\nV:2\n", "a 1  b \nc 2   \n"},
		{"P:a\n\n", "skipped 1\n"},
		{"P:a\nV:1\nL:caf\xc3\xa9\n", "a 1   \n"},
		{"\n\nx\n", "skipped 1\n"},
	};

	expect(lkb_inventory_apk, rows, LKB_ARRAY_SIZE(rows));
}

static void attestations_have_purls(void **state)
{
#define REF(locator) "\"externalRefs\":[{\"referenceType\":\"cpe23Type\"},{\"referenceType\":" \
	"\"purl\",\"referenceLocator\":\"" locator "\"}]"
	static const struct row rows[] = {
		{"{\"predicate\":{\"packages\":[{\"name\":\"a b\",\"versionInfo\":\"1\","
		 "\"licenseDeclared\":\"MIT\"," REF("pkg:npm/a@1") "}]}}", "a b 1   MIT\n"},
		{"{\"predicate\":{\"packages\":[{\"name\":\"a\",\"licenseDeclared\":\"NOASSERTION\","
		 REF("pkg:npm/a") "}]}}", "a    \n"},
		{"{\"predicate\":{\"packages\":[{\"name\":\"a\"},{\"name\":\"b\","
		 REF("http://x") "},5]}}", "skipped 1\n"},
		{"{\"predicate\":{\"packages\":[{\"name\":\"a\"," REF("pkg:npm/a b") "}]}}",
		 "skipped 1\n"},
		{"{\"predicate\":5}", ""},
		{"[]", ""},
		{"no JSON", "skipped 1\n"},
	};

	expect(lkb_inventory_attestation, rows, LKB_ARRAY_SIZE(rows));
}

static void a_database_goes_before_an_attestation(void **state)
{
	const char *text = "{\"predicate\":{\"packages\":[{\"name\":\"a\"," REF("pkg:deb/debian/a@1")
			   "},{\"name\":\"b\"," REF("pkg:apk/alpine/b@1") "}]}}";
	lkb_autoinventory v = {0}, without = {0};

	lkb_inventory_debs("a=1", &v);
	lkb_inventory_attestation(text, strlen(text), &v);
	assert_int_equal(v.n, 2);
	assert_string_equal(v.items[1].name, "b");
	lkb_inventory_attestation(text, strlen(text), &without);
	assert_int_equal(without.n, 2);
}

static void labels_have_debs(void **state)
{
	lkb_autoinventory v = {0};

	lkb_inventory_debs(" libc6=2.36-9  runc=1.1.5+ds1 broken =1 a=", &v);
	assert_int_equal(v.n, 2);
	assert_int_equal(v.skipped, 3);
	assert_string_equal(v.items[1].name, "runc");
	assert_string_equal(v.items[1].version, "1.1.5+ds1");
}

static void os_release_names_the_distribution(void **state)
{
	static const struct {
		const char *text, *distro, *release;
	} rows[] = {
		{"ID=debian\nVERSION_ID=\"12\"\n", "debian", "12"},
		{"VERSION_ID='3.20.1'\nID=\"alpine\"", "alpine", "3.20.1"},
		{"ID=a\nID=b\n", "a", NULL},
		{"ID=\"A B\"\nVERSION_ID=\n#ID=x\n", NULL, NULL},
		{"ID_LIKE=debian\nID", NULL, NULL},
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(rows); i++) {
		lkb_autoinventory v = {0};

		lkb_inventory_os_release(rows[i].text, strlen(rows[i].text), &v);
		assert_string_equal(v.distro ? v.distro : "-", rows[i].distro ? rows[i].distro : "-");
		assert_string_equal(v.release ? v.release : "-",
				    rows[i].release ? rows[i].release : "-");
	}
}

static void add_text(struct lkb_tree *t, const char *path, const char *text)
{
	const struct lkb_meta m = {.mode = 0644};

	OK(lkb_tree_add_text(t, path, &m, text, strlen(text), &err));
}

static void a_tree_is_scanned(void **state)
{
	const struct lkb_meta m = {.mode = 0777};
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_autoinventory v = {0}, again = {0};
	lkb_autostr kept = {0}, purls = {0};

	add_text(t, "usr/lib/os-release", "ID=debian\nVERSION_ID=12\n");
	OK(lkb_tree_add_symlink(t, "etc/os-release", &m, "../usr/lib/os-release", NULL, &err));
	add_text(t, "var/lib/dpkg/status", "Package: b\nVersion: 1:1\nSource: s+\n\n");
	add_text(t, "var/lib/dpkg/status.d/a", "Package: a\nVersion: 2\nArchitecture: all\n");
	add_text(t, "var/lib/dpkg/status.d/a.md5sums", "no package\n");
	OK(lkb_tree_add_symlink(t, "var/lib/dpkg/status.d/loop", &m, "loop", NULL, &err));
	add_text(t, "lib/apk/db/installed", "P:c\nV:3\nL:MIT\n");
	OK(lkb_inventory_scan(t, &v, &err));
	for (size_t i = 0; i < v.n; i++) {
		lkb_inventory_purl(&v, &v.items[i], &purls);
		lkb_str_addc(&purls, '\n');
	}
	assert_string_equal(purls.s, "pkg:deb/debian/a@2?arch=all&distro=debian-12\n"
				     "pkg:deb/debian/b@1%3A1?distro=debian-12&upstream=s%2B\n"
				     "pkg:apk/debian/c@3?distro=debian-12\n");
	lkb_inventory_format(&v, &kept);
	assert_true(lkb_inventory_parse(kept.s, kept.len, &again));
	assert_int_equal(again.n, 3);
	assert_string_equal(again.items[2].licence, "MIT");
	assert_string_equal(again.release, "12");
}

static void what_was_not_kept_here_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "lkboard-inventory 2\t\t\t0\n", "lkboard-inventory 1\t\t\n",
		"lkboard-inventory 1\t\t\tx\n", "lkboard-inventory 1\t\t\t0\ndeb\ta\t1\n",
		"lkboard-inventory 1\t\t\t0\nrpm\ta\t1\t\t\t\t\n",
		"lkboard-inventory 1\t\t\t0\ndeb\ta b\t1\t\t\t\t\n",
		"lkboard-inventory 1\t\t\t0\ndeb\ta\t1\t\t\t\t\t\n",
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(bad); i++) {
		lkb_autoinventory v = {0};

		assert_false(lkb_inventory_parse(bad[i], strlen(bad[i]), &v));
	}
}

static void licences_are_expressions(void **state)
{
	static const char *const good[] = {
		"MIT", "GPL-2.0-or-later", "MIT AND BSD-2-Clause", "(MIT OR Zlib) AND ISC",
		"GPL-2.0-only WITH Linux-syscall-note", "Apache-2.0+", "((MIT))",
	};
	static const char *const bad[] = {
		"", "GPL", "MIT AND", "AND MIT", "MIT ISC", "(MIT", "MIT)", "MIT WITH MIT", "mit",
		"MIT WITH", "()", "MIT and ISC", "custom", "MIT OR (ISC WITH )",
		"((((((((((((((((((((((MIT))))))))))))))))))))))", "+",
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(good); i++)
		if (!lkb_licence_is_spdx(good[i]))
			fail_msg("'%s' is one", good[i]);
	for (size_t i = 0; i < LKB_ARRAY_SIZE(bad); i++)
		if (lkb_licence_is_spdx(bad[i]))
			fail_msg("'%s' is none", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dpkg_has_stanzas),
		cmocka_unit_test(apk_has_letters),
		cmocka_unit_test(attestations_have_purls),
		cmocka_unit_test(a_database_goes_before_an_attestation),
		cmocka_unit_test(labels_have_debs),
		cmocka_unit_test(os_release_names_the_distribution),
		cmocka_unit_test(a_tree_is_scanned),
		cmocka_unit_test(what_was_not_kept_here_is_refused),
		cmocka_unit_test(licences_are_expressions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
