/* SPDX-License-Identifier: Apache-2.0 */
/* Which manifest of an index is taken for a platform. */
#include "test_store_kit.h"

#define APP "localhost/app:1"

/* An entry of an index. Each is an image of its own, known by its place: "1" is the first. */
enum entry_kind { IMAGE, BARE, ATTESTATION, OPENS, CLOSES };
struct entry {
	enum entry_kind kind;   /* BARE: without a platform in the index; OPENS, CLOSES: nested */
	const char *arch, *variant, *os; /* os NULL = linux */
	const char *more;       /* of the platform's keys */
};

#define ON(...) { .kind = IMAGE, .arch = __VA_ARGS__ }

static const struct {
	const char *what;
	struct entry entries[8];
	const char *wants[6]; /* "ARCH[/VARIANT] PLACE", PLACE 0 = none */
} cases[] = {
	{ "one for each", { ON("amd64"), ON("arm64"), ON("arm", "v7") },
	  { "amd64 1", "arm64 2", "arm/v7 3", "386 0", "riscv64 0" } },
	{ "arm64 by its names", { ON("amd64"), ON("arm64", "v8") },
	  { "arm64 2", "arm64/v8 2", "aarch64 2", "arm64/v9 2" } },
	{ "names as the kernel has them", { ON("x86_64"), ON("aarch64"), ON("armhf") },
	  { "amd64 1", "arm64 2", "arm 3", "arm/v7 3" } },
	{ "capitals", { ON("Aarch64", "V8", "Linux") }, { "arm64 1" } },
	{ "arm from the oldest", { ON("arm", "v5"), ON("arm", "v6"), ON("arm", "v7"),
	  ON("arm64", "v8") },
	  { "arm/v5 1", "arm/v6 2", "arm/v7 3", "arm/v8 3", "arm64 4", "arm 3" } },
	{ "arm from the newest", { ON("arm", "v8"), ON("arm", "v7"), ON("arm", "v6"),
	  ON("arm", "v5") },
	  { "arm/v8 1", "arm/v7 2", "arm/v6 3", "arm/v5 4", "arm64 0" } },
	{ "arm without a variant is v7", { ON("arm", "v6"), ON("arm") },
	  { "arm/v7 2", "arm/v8 2", "arm/v6 1", "arm/v5 0" } },
	{ "levels of amd64", { ON("amd64", "v3"), ON("amd64", "v2"), ON("amd64") },
	  { "amd64 3", "amd64/v1 3", "amd64/v2 2", "amd64/v3 1", "amd64/v4 1" } },
	{ "amd64 too new", { ON("amd64", "v3"), ON("386") }, { "amd64/v2 0", "amd64 0" } },
	{ "levels of arm64", { ON("arm64", "v9"), ON("arm64", "v8.2"), ON("arm64") },
	  { "arm64 3", "arm64/v8.1 3", "arm64/v8.5 2", "arm64/v9 1", "arm64/v9.2 1" } },
	{ "profiles of riscv64", { ON("riscv64"), ON("riscv64", "rva20u64"),
	  ON("riscv64", "rva23u64") },
	  { "riscv64 1", "riscv64/rva20u64 2", "riscv64/rva22u64 2", "riscv64/rva23u64 3" } },
	{ "of equals the first", { ON("arm64", "v8"), ON("arm64"), ON("aarch64") }, { "arm64 1" } },
	{ "a better one behind it", { ON("arm64"), ON("arm64", "v8.1") },
	  { "arm64 1", "arm64/v8.1 2", "arm64/v8.2 2" } },
	{ "other systems", { ON("amd64", NULL, "windows", ",\"os.version\":\"10.0.17763.1\""),
	  ON("arm64", NULL, "darwin"), ON("amd64") }, { "amd64 3", "arm64 0" } },
	{ "what the system must have", { ON("arm64", NULL, NULL, ",\"os.features\":[\"gpu\"]"),
	  ON("arm64"), ON("amd64", NULL, NULL, ",\"os.features\":[\"\",\"gpu\"]") },
	  { "arm64 2", "amd64 0" } },
	{ "nothing that it must have", { ON("arm64", NULL, NULL, ",\"os.features\":[\"\"]"),
	  ON("amd64", NULL, NULL, ",\"os.features\":null,\"os.version\":\"6.1\"") },
	  { "arm64 1", "amd64 2" } },
	{ "attestations", { ON("unknown", NULL, "unknown"), { .kind = ATTESTATION, .arch = "arm64" },
	  ON("arm64"), ON("unknown") }, { "arm64 3", "unknown 0" } },
	{ "by the image's own word", { { .kind = BARE, .arch = "amd64" },
	  { .kind = BARE, .arch = "arm64" } }, { "amd64 1", "arm64 2", "arm 0" } },
	{ "its own word comes in turn", { { .kind = BARE, .arch = "arm64" }, ON("arm64") },
	  { "arm64 1" } },
	{ "nested", { { .kind = OPENS }, ON("amd64"), ON("arm", "v7"), { .kind = CLOSES },
	  ON("arm64") }, { "amd64 1", "arm/v7 2", "arm64 3" } },
	{ "nested, in order", { ON("arm", "v6"), { .kind = OPENS }, { .kind = OPENS },
	  ON("arm64"), ON("arm", "v7"), { .kind = CLOSES }, { .kind = CLOSES }, ON("arm64") },
	  { "arm64 2", "arm/v7 3", "arm/v6 1" } },
};

/* A piece of a platform, or of nothing. */
static char *platform_of(const struct entry *e)
{
	if (e->kind == BARE)
		return lkb_strdup("");
	return lkb_format(",\"platform\":{\"os\":\"%s\",\"architecture\":\"%s\"%s%s%s%s}%s",
			  e->os ? e->os : "linux", e->arch, e->variant ? ",\"variant\":\"" : "",
			  e->variant ? e->variant : "", e->variant ? "\"" : "",
			  e->more ? e->more : "", e->kind != ATTESTATION ? "" : ",\"annotations\":"
			  "{\"vnd.docker.reference.type\":\"attestation-manifest\"}");
}

/* Writes the entries up to the end or to what closes them; the text of an index with them. */
static char *index_of(const struct kit *k, const struct entry **at, const struct entry *end,
		      unsigned *place)
{
	lkb_autostr text = {0};

	lkb_str_add(&text, "{\"schemaVersion\":2,\"manifests\":[");
	for (const char *comma = ""; *at < end && ((*at)->kind == OPENS || (*at)->arch); comma = ",") {
		const struct entry *e = (*at)++;
		lkb_autofree char *entry = NULL;

		if (e->kind == OPENS) {
			lkb_autofree char *inner = index_of(k, at, end, place);
			struct blob b = layout_text(k, inner);

			entry = desc(INDEX, &b, "");
			assert_int_equal((*at)++->kind, CLOSES);
		} else {
			lkb_autofree char *platform = platform_of(e);
			lkb_autofree char *greeting = lkb_format("%u", ++*place);
			struct blob b = layout_image(k, e->arch, greeting);

			entry = desc(MANIFEST, &b, platform);
		}
		lkb_str_addf(&text, "%s%s", comma, entry);
	}
	lkb_str_add(&text, "]}");
	return lkb_str_take(&text);
}

/* "ARCH[/VARIANT] PLACE" */
static void expect_choice(struct kit *k, const char *what, const char *want)
{
	lkb_autofree char *arch = lkb_format("%.*s", (int)strcspn(want, "/ "), want);
	lkb_autofree char *variant = NULL, *got = NULL;
	const char *rest = want + strlen(arch), *place = strchr(want, ' ') + 1;
	lkb_auto(lkb_image) im = NULL;
	lkb_auto(lkb_tree) t = NULL;
	struct lkb_platform p;
	struct lkb_error fault = {0};

	variant = lkb_format("%.*s", (int)strcspn(rest + (*rest == '/'), " "),
			     rest + (*rest == '/'));
	assert_true(lkb_platform_set(&p, arch, variant));
	if (lkb_store_resolve(k->store, APP, &p, &im, &fault)) {
		if (strcmp(place, "0") || !strstr(fault.message, "nothing in it is for linux/"))
			fail_msg("%s: %s: %s", what, want, fault.message);
		return;
	}
	OK(lkb_store_image_tree(k->store, im, NULL, &t, err));
	got = contents(t, "etc/greeting");
	if (strcmp(got, place))
		fail_msg("%s: %s, got %s", what, want, got);
}

static void the_best_manifest_is_taken(void **state)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		const struct entry *at = cases[i].entries;
		lkb_autofree char *name = named(APP), *text = NULL, *entry = NULL;
		void *own = NULL;
		struct kit *k;
		struct blob b;
		unsigned place = 0;

		kit_setup(&own);
		k = own;
		/* straight into the store, as any program may write there */
		free(k->layout_dir);
		k->layout_dir = lkb_strdup(k->store_dir);
		text = index_of(k, &at, at + LKB_ARRAY_SIZE(cases[i].entries), &place);
		b = layout_text(k, text);
		entry = desc(INDEX, &b, name);
		layout_index(k, entry);
		for (size_t w = 0; w < LKB_ARRAY_SIZE(cases[i].wants) && cases[i].wants[w]; w++)
			expect_choice(k, cases[i].what, cases[i].wants[w]);
		kit_teardown(&own);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_best_manifest_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
