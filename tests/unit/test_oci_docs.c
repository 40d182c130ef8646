/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "rootfs/oci/docs.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OCI(x) "application/vnd.oci.image." x "+json"
#define CONFIG "{\"mediaType\":\"" OCI("config.v1") "\",\"digest\":\"sha256:" HEX "\",\"size\":2}"
#define LAYER "{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"sha256:" HEX \
	      "\",\"size\":3}"
#define V2 "\"schemaVersion\":2,"

static struct lkb_oci_doc parse(const char *text, const char *type, struct lkb_arena *arena)
{
	struct lkb_error err = {0};
	struct lkb_oci_doc doc = {0};

	if (lkb_oci_doc_parse(text, strlen(text), "doc", type, arena, &doc, &err))
		fail_msg("%s", err.message);
	return doc;
}

static void kind_is_told_by_word_or_shape(void **state)
{
	lkb_autoarena a = {0};

	assert_int_equal(parse("{" V2 "\"manifests\":[]}", NULL, &a).kind, LKB_OCI_INDEX);
	assert_int_equal(parse("{" V2 "\"manifests\":null}", OCI("index.v1"), &a).kind,
			 LKB_OCI_INDEX);
	assert_int_equal(parse("{" V2 "\"config\":" CONFIG "}", NULL, &a).kind, LKB_OCI_MANIFEST);
	assert_int_equal(parse("{" V2 "\"mediaType\":\"" OCI("index.v1") "\"}", NULL, &a).kind,
			 LKB_OCI_INDEX);
	assert_int_equal(parse("{" V2 "\"mediaType\":\"application/vnd.docker.distribution."
			       "manifest.list.v2+json\",\"manifests\":[]}", NULL, &a).kind,
			 LKB_OCI_INDEX);
	assert_int_equal(parse("{" V2 "\"mediaType\":\"application/vnd.docker.distribution."
			       "manifest.v2+json\",\"config\":" CONFIG "}", NULL, &a).kind,
			 LKB_OCI_MANIFEST);
}

static void null_is_absent(void **state)
{
	lkb_autoarena a = {0};
	struct lkb_oci_doc doc = parse("{" V2 "\"mediaType\":null,\"manifests\":null,\"config\":"
				       CONFIG ",\"layers\":null,\"annotations\":null}", NULL, &a);

	assert_int_equal(doc.kind, LKB_OCI_MANIFEST);
	assert_int_equal(doc.manifest.n_layers, 0);
	assert_int_equal(doc.manifest.config.size, 2);
}

static void descriptors_say_what_they_are(void **state)
{
	lkb_autoarena a = {0};
	struct lkb_oci_doc doc = parse(
		"{" V2 "\"manifests\":["
		"{\"mediaType\":\"" OCI("manifest.v1") "\",\"size\":7,"
		"\"digest\":\"sha256:" HEX "\","
		"\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\"},"
		"\"annotations\":{\"org.opencontainers.image.ref.name\":\"v1\"}},"
		"{\"mediaType\":\"" OCI("manifest.v1") "\",\"digest\":\"sha512:ABC\",\"size\":7,"
		"\"platform\":{\"os\":\"windows\",\"architecture\":\"amd64\"}},"
		"{\"mediaType\":\"" OCI("manifest.v1") "\",\"size\":7,"
		"\"digest\":\"sha256:" HEX "\","
		"\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\"}},"
		"{\"mediaType\":\"text/x\",\"digest\":\"sha256:" HEX "\",\"size\":0}]}", NULL, &a);

	assert_int_equal(doc.index.n, 4);
	assert_string_equal(doc.index.items[0].ref_name, "v1");
	assert_string_equal(lkb_platform_text(&doc.index.items[0].platform).s, "linux/arm64");
	assert_true(doc.index.items[0].verifiable);
	assert_false(doc.index.items[0].not_for_us);
	assert_false(doc.index.items[1].verifiable);
	assert_true(doc.index.items[1].not_for_us);
	assert_true(doc.index.items[2].not_for_us);
	assert_false(doc.index.items[2].has_platform);
	assert_int_equal(doc.index.items[3].kind, LKB_OCI_UNKNOWN);
}

/* A document, what the descriptor said it is, and what is wrong with it. */
static const struct {
	const char *text, *type, *message;
} bad[] = {
	{ "", NULL, "doc: malformed JSON in line 1: '[' or '{' expected near end of file" },
	{ "{\n\"a\":}", NULL, "doc: malformed JSON in line 2: unexpected token near '}'" },
	{ "[]", NULL, "doc: the document is no object" },
	{ "{}x", NULL, "doc: malformed JSON in line 1: end of file expected near 'x'" },
	{ "{\"a\":1,\"a\":2}", NULL,
	  "doc: malformed JSON in line 1: duplicate object key near '\"a\"'" },
	{ "{" V2 "\"manifests\":[],\"layers\":[]}", NULL,
	  "doc: the document is an index and a manifest at once, which is a way to deceive "
	  "(CVE-2021-41190)" },
	{ "{" V2 "\"manifests\":[],\"config\":" CONFIG "}", OCI("manifest.v1"),
	  "doc: the document is an index and a manifest at once, which is a way to deceive "
	  "(CVE-2021-41190)" },
	{ "{" V2 "\"manifests\":[]}", OCI("manifest.v1"),
	  "doc: the document's contents are not those of its media type '" OCI("manifest.v1") "'" },
	{ "{" V2 "\"config\":" CONFIG "}", OCI("index.v1"),
	  "doc: the document's contents are not those of its media type '" OCI("index.v1") "'" },
	{ "{" V2 "\"mediaType\":\"" OCI("index.v1") "\",\"manifests\":[]}", OCI("manifest.v1"),
	  "doc: the document calls itself '" OCI("index.v1") "', what refers to it says '"
	  OCI("manifest.v1") "'" },
	{ "{" V2 "\"mediaType\":\"text/plain\"}", NULL,
	  "doc: 'text/plain' is neither an index nor an image manifest" },
	{ "{\"schemaVersion\":1,\"name\":\"x\",\"fsLayers\":[]}", NULL,
	  "doc: Docker's manifest schema 1 is not supported" },
	{ "{\"schemaVersion\":1,\"config\":" CONFIG "}", NULL,
	  "doc: Docker's manifest schema 1 is not supported" },
	{ "{" V2 "\"mediaType\":\"application/vnd.docker.distribution.manifest.v1+prettyjws\"}",
	  NULL, "doc: Docker's manifest schema 1 is not supported" },
	{ "{\"config\":" CONFIG "}", NULL, "doc: 'schemaVersion' is missing" },
	{ "{\"schemaVersion\":3,\"config\":" CONFIG "}", NULL, "doc: 'schemaVersion' is 3, not 2" },
	{ "{\"schemaVersion\":\"2\",\"config\":" CONFIG "}", NULL,
	  "doc: 'schemaVersion' is no whole number" },
	{ "{" V2 "\"config\":[]}", NULL, "doc: 'config' is no object" },
	{ "{" V2 "\"config\":" CONFIG ",\"layers\":{}}", NULL, "doc: 'layers' is no list" },
	{ "{" V2 "\"config\":" CONFIG ",\"layers\":[" LAYER ",3]}", NULL,
	  "doc: 'layers[1]' is no object" },
	{ "{" V2 "\"manifests\":[{\"digest\":\"sha256:" HEX "\",\"size\":1}]}", NULL,
	  "doc: 'manifests[0].mediaType' is missing" },
	{ "{" V2 "\"manifests\":[{\"mediaType\":\"x\",\"size\":1}]}", NULL,
	  "doc: 'manifests[0].digest' is missing" },
	{ "{" V2 "\"manifests\":[{\"mediaType\":\"x\",\"digest\":7,\"size\":1}]}", NULL,
	  "doc: 'manifests[0].digest' is no string" },
	{ "{" V2 "\"manifests\":[{\"mediaType\":\"x\",\"digest\":\"sha256:" HEX "\"}]}", NULL,
	  "doc: 'manifests[0].size' is missing" },
	{ "{" V2 "\"manifests\":[{\"mediaType\":\"x\",\"digest\":\"sha256:" HEX
	  "\",\"size\":-1}]}", NULL,
	  "doc: 'manifests[0].size' is -1, not within 0 and 68719476736" },
	{ "{" V2 "\"manifests\":[{\"mediaType\":\"x\",\"digest\":\"sha256:" HEX
	  "\",\"size\":68719476737}]}", NULL,
	  "doc: 'manifests[0].size' is 68719476737, not within 0 and 68719476736" },
	{ "{" V2 "\"manifests\":[{\"mediaType\":\"x\",\"digest\":\"sha256:" HEX
	  "\",\"size\":99999999999999999999}]}", NULL,
	  "doc: malformed JSON in line 1: too big integer near '99999999999999999999'" },
	{ "{" V2 "\"manifests\":[{\"mediaType\":\"x\",\"digest\":\"sha256:" HEX
	  "\",\"size\":1.5}]}", NULL, "doc: 'manifests[0].size' is no whole number" },
	{ "{" V2 "\"manifests\":[{\"mediaType\":\"x\",\"digest\":\"sha256:../../etc/passwd\","
	  "\"size\":1}]}", NULL,
	  "doc: 'manifests[0].digest' is no digest: 'sha256:../../etc/passwd'" },
	{ "{" V2 "\"config\":{\"mediaType\":\"x\",\"digest\":\"../index.json\",\"size\":1}}", NULL,
	  "doc: 'config.digest' is no digest: '../index.json'" },
	{ "{" V2 "\"manifests\":[{\"mediaType\":\"x\",\"digest\":\"sha256:" HEX "\",\"size\":1,"
	  "\"platform\":{\"os\":\"linux\"}}]}", NULL,
	  "doc: 'manifests[0].platform.architecture' is missing" },
	{ "{" V2 "\"manifests\":[{\"mediaType\":\"x\",\"digest\":\"sha256:" HEX "\",\"size\":1,"
	  "\"annotations\":{\"org.opencontainers.image.ref.name\":{}}}]}", NULL,
	  "doc: 'manifests[0].annotations.org.opencontainers.image.ref.name' is no string" },
};

static void bad_documents_are_refused_with_the_place(void **state)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(bad); i++) {
		lkb_autoarena arena = {0};
		struct lkb_oci_doc doc = {0};
		struct lkb_error err = {0};

		if (!lkb_oci_doc_parse(bad[i].text, strlen(bad[i].text), "doc", bad[i].type, &arena,
				       &doc, &err))
			fail_msg("'%s' was taken", bad[i].text);
		assert_string_equal(err.message, bad[i].message);
		assert_int_equal(err.kind, LKB_INPUT);
		assert_null(doc.media_type);
	}
}

static void expect_fault(const struct lkb_str *text, const char *message)
{
	lkb_autoarena arena = {0};
	struct lkb_oci_doc doc;
	struct lkb_error err = {0};

	assert_int_equal(lkb_oci_doc_parse(text->s, text->len, "doc", NULL, &arena, &doc, &err),
			 -1);
	assert_string_equal(err.message, message);
}

static void documents_are_bounded(void **state)
{
	lkb_autostr layers = {0}, values = {0}, large = {0}, deep = {0};

	lkb_str_add(&layers, "{" V2 "\"config\":" CONFIG ",\"layers\":[" LAYER);
	for (int i = 0; i < LKB_OCI_MAX_LAYERS; i++)
		lkb_str_add(&layers, "," LAYER);
	lkb_str_add(&layers, "]}");
	expect_fault(&layers, "doc: 'layers' has 129 items, more than 128");

	lkb_str_add(&values, "{\"x\":[0");
	for (int i = 0; i < 250000; i++)
		lkb_str_add(&values, ",0");
	lkb_str_add(&values, "]}");
	expect_fault(&values, "doc: more than 250000 values");

	lkb_str_add(&large, "{\"x\":\"");
	for (int i = 0; i < 64 * 1024; i++)
		lkb_str_add(&large, "0123456789abcdef0123456789abcdef"
				    "0123456789abcdef0123456789abcdef");
	lkb_str_add(&large, "\"}");
	expect_fault(&large, "doc: 4194312 bytes of JSON are more than the 4194304 that are read");

	for (int i = 0; i < 100000; i++)
		lkb_str_add(&deep, "[");
	expect_fault(&deep, "doc: malformed JSON in line 1: maximum parsing depth reached near "
			    "'['");
}

static void digests_follow_the_grammar(void **state)
{
	static const struct {
		const char *text;
		bool lawful, sha256;
	} cases[] = {
		{ "sha256:" HEX, true, true },
		{ "sha256:" HEX "0", false, false },
		{ "sha256:", false, false },
		{ "sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", false,
		  false },
		{ "sha512:" HEX HEX, true, false },
		{ "blake3:" HEX, true, false },
		{ "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8", true, false },
		{ "sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564", true, false },
		{ "a.b_c-d:x=", true, false },
		{ "", false, false },
		{ ":" HEX, false, false },
		{ "sha256", false, false },
		{ "SHA256:" HEX, false, false },
		{ "sha256:../x", false, false },
		{ "a+:x", false, false },
		{ "+a:x", false, false },
		{ "a++b:x", false, false },
		{ "a:x:y", false, false },
		{ "a:x/y", false, false },
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		struct lkb_sha256 digest;
		bool sha256 = false;

		if (lkb_oci_digest_parse(cases[i].text, &sha256, &digest) != cases[i].lawful ||
		    sha256 != cases[i].sha256)
			fail_msg("'%s'", cases[i].text);
	}
}

#define ROOTFS "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" HEX "\"]}"

static void a_config_is_read(void **state)
{
	static const char text[] = "{\"architecture\":\"arm\",\"variant\":\"6\",\"os\":\"linux\","
		"\"created\":\"2024-02-29T12:34:56.789+01:30\",\"history\":[1,2],"
		"\"config\":{\"Cmd\":[\"a\",\"\"],\"Entrypoint\":null,\"Env\":[\"A=b\"],"
		"\"WorkingDir\":\"/w\",\"User\":\"1:2\",\"Labels\":{\"y\":\"1\",\"x\":null}},"
		ROOTFS "}";
	lkb_autoociconfig c = {0};
	struct lkb_error err = {0};

	assert_int_equal(lkb_oci_config_parse(text, strlen(text), "c", &c, &err), 0);
	assert_string_equal(lkb_platform_text(&c.platform).s, "linux/arm/v6");
	assert_int_equal(c.created, 1709204696);
	assert_true(c.has_cmd);
	assert_int_equal(c.cmd.n, 2);
	assert_false(c.has_entrypoint);
	assert_string_equal(c.env.items[0], "A=b");
	assert_string_equal(c.workdir, "/w");
	assert_string_equal(c.user, "1:2");
	assert_string_equal(c.label_keys.items[0], "x");
	assert_string_equal(c.label_values.items[0], "");
	assert_string_equal(c.label_values.items[1], "1");
	assert_int_equal(c.n_diff_ids, 1);
}

static void a_config_may_say_little(void **state)
{
	static const char text[] = "{\"architecture\":null,\"config\":null,\"created\":null,"
				   "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":null}}";
	lkb_autoociconfig c = {0};

	assert_int_equal(lkb_oci_config_parse(text, strlen(text), "c", &c, NULL), 0);
	assert_false(c.has_platform);
	assert_int_equal(c.n_diff_ids, 0);
	assert_string_equal(c.user, "");
}

static void bad_configs_are_refused_with_the_place(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "{}", "c: 'rootfs' is missing" },
		{ "{\"rootfs\":{\"type\":\"x\"}}", "c: 'rootfs.type' is 'x', not 'layers'" },
		{ "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[1]}}",
		  "c: 'rootfs.diff_ids[0]' is no string" },
		{ "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:1\"]}}",
		  "c: 'rootfs.diff_ids' has 'sha256:1', which is no SHA-256 digest" },
		{ "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha512:1\"]}}",
		  "c: 'rootfs.diff_ids' has 'sha512:1', which is no SHA-256 digest" },
		{ "{\"os\":\"windows\"," ROOTFS "}", "c: 'os' is 'windows', not 'linux'" },
		{ "{\"architecture\":\"ARM 64\"," ROOTFS "}",
		  "c: 'architecture' is no architecture: 'ARM 64'" },
		{ "{\"created\":\"yesterday\"," ROOTFS "}",
		  "c: 'created' is no RFC 3339 date: 'yesterday'" },
		{ "{\"config\":{\"Env\":\"A=b\"}," ROOTFS "}", "c: 'config.Env' is no list" },
		{ "{\"config\":{\"Cmd\":[\"x\",null]}," ROOTFS "}",
		  "c: 'config.Cmd[1]' is no string" },
		{ "{\"config\":{\"Labels\":{\"a\":1}}," ROOTFS "}",
		  "c: 'config.Labels.a' is no string" },
		{ "{\"config\":{\"User\":0}," ROOTFS "}", "c: 'config.User' is no string" },
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		struct lkb_oci_config c = {0};
		struct lkb_error err = {0};

		assert_int_equal(lkb_oci_config_parse(cases[i].text, strlen(cases[i].text), "c", &c,
						      &err), -1);
		assert_string_equal(err.message, cases[i].message);
		assert_null(c.diff_ids);
	}
}

static void dates_are_seconds(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1969-12-31T23:59:59Z", -1 },
		{ "2000-02-29T00:00:00z", 951782400 },
		{ "2023-11-14t22:13:20.123456789Z", 1700000000 },
		{ "2023-11-15T00:13:20+02:00", 1700000000 },
		{ "2023-11-14T17:43:20-04:30", 1700000000 },
		{ "0001-01-01T00:00:00Z", -62135596800 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
		{ "2016-12-31T23:59:60Z", 1483228800 },
	};
	static const char *const wrong[] = {
		"", "2023", "2023-11-14", "2023-11-14T22:13:20", "2023-13-01T00:00:00Z",
		"2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2023-04-31T00:00:00Z",
		"2023-00-01T00:00:00Z", "2023-01-00T00:00:00Z", "2023-01-01T24:00:00Z",
		"2023-01-01T00:60:00Z", "2023-01-01T00:00:61Z", "2023-01-01T00:00:00.Z",
		"2023-01-01T00:00:00+2:00", "2023-01-01T00:00:00Zx", "0000-01-01T00:00:00Z",
		"+2023-01-01T00:00:00Z",
	};
	int64_t v = 77;

	for (size_t i = 0; i < LKB_ARRAY_SIZE(good); i++) {
		if (!lkb_oci_date_parse(good[i].text, &v) || v != good[i].seconds)
			fail_msg("%s: %lld", good[i].text, (long long)v);
	}
	for (size_t i = 0; i < LKB_ARRAY_SIZE(wrong); i++)
		if (lkb_oci_date_parse(wrong[i], &v))
			fail_msg("%s was taken", wrong[i]);
	assert_string_equal(lkb_oci_date_text(1700000000).s, "2023-11-14T22:13:20Z");
	assert_string_equal(lkb_oci_date_text(0).s, "1970-01-01T00:00:00Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kind_is_told_by_word_or_shape),
		cmocka_unit_test(null_is_absent),
		cmocka_unit_test(descriptors_say_what_they_are),
		cmocka_unit_test(bad_documents_are_refused_with_the_place),
		cmocka_unit_test(documents_are_bounded),
		cmocka_unit_test(digests_follow_the_grammar),
		cmocka_unit_test(a_config_is_read),
		cmocka_unit_test(a_config_may_say_little),
		cmocka_unit_test(bad_configs_are_refused_with_the_place),
		cmocka_unit_test(dates_are_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
