/* SPDX-License-Identifier: Apache-2.0 */
/* Archives that somebody made wrong on purpose, or a disk did: nothing of them comes in. */
#include "test_archive_kit.h"

/* What is cut off anywhere is refused, and what is whole is not. */
static void archives_cut_short(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *name = named(APP), *entry = NULL;
	lkb_autostr docker = {0}, oci = {0};
	struct lkb_str *both[] = { &docker, &oci };
	autoimage p = {0};
	struct blob m;

	image_make(&p, "arm64", "hello", LKB_PLAIN);
	docker_archive(&docker, &p, "[\"" APP "\"]");
	docker.len -= 1024; /* the empty blocks may be missing */
	oci_parts(&oci, &p, TAR, &m);
	entry = desc(MANIFEST, &m, name);
	oci_index(&oci, entry);
	for (size_t i = 0; i < LKB_ARRAY_SIZE(both); i++) {
		size_t whole = both[i]->len;

		/* all that is cut off at the very end is padding of the last document */
		for (size_t len = 0; len <= whole - 512; len += len % 512 ? 511 : 1) {
			both[i]->len = len;
			write_archive(k, both[i]);
			import_fails(k, NULL, NULL);
		}
		both[i]->len = whole;
		write_archive(k, both[i]);
		import_is(k, NULL, NULL, APP " linux/arm64\n");
		lkb_store_free(k->store);
		OK(lkb_remove_tree(k->store_dir, err));
		OK(lkb_store_open(k->store_dir, &k->store, err));
	}
}

static void compressed_archives_cut_short(void **state)
{
	struct kit *k = *state;
	lkb_autostr tar = {0}, gzip = {0};
	autoimage p = {0};

	image_make(&p, "arm64", "hello", LKB_PLAIN);
	docker_archive(&tar, &p, "[\"" APP "\"]");
	pack(LKB_GZIP, &tar, &gzip);
	for (size_t whole = gzip.len, cut = 1; cut < whole; cut += 211) {
		gzip.len = whole - cut;
		write_archive(k, &gzip);
		import_fails(k, NULL, NULL);
	}
}

static void a_bomb_is_stopped(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *zeros = lkb_alloc(4 << 20);
	lkb_autostr tar = {0}, gzip = {0};
	struct lkb_error e;

	tar_file(&tar, "big", zeros, 4 << 20);
	pack(LKB_GZIP, &tar, &gzip);
	write_archive(k, &gzip);
	lkb_store_limit_layers(k->store, 1 << 20);
	e = import_fails(k, NULL, NULL);
	assert_int_equal(e.kind, LKB_INPUT);
	assert_non_null(strstr(e.message, "1048576"));
	assert_string_equal(e.hint, "an archive that is not compressed is read where it stands");
}

/* Two readers that take different ones of the two would see two images. */
/* What is not compressed cannot be one, wherever it comes from. */
static void plain_archives_are_no_bombs(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *zeros = lkb_alloc(4 << 20);
	struct lkb_import in = { .path = "-" };
	struct lkb_imported_list list = {0};
	int before = dup(STDIN_FILENO), fd;
	lkb_autostr tar = {0};
	autoimage p = {0};

	image_make(&p, "arm64", "hello", LKB_PLAIN);
	tar_file(&tar, "big", zeros, 4 << 20);
	docker_archive(&tar, &p, "[\"" APP "\"]");
	write_archive(k, &tar);
	lkb_store_limit_layers(k->store, 1 << 20);
	fd = open(k->layout_dir, O_RDONLY);
	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	close(fd);
	OK(lkb_import(k->store, &in, &list, err));
	if (before >= 0)
		dup2(before, STDIN_FILENO);
	close(before);
	assert_int_equal(list.n, 1);
	lkb_imported_clear(&list);
}

static void decisive_documents_twice(void **state)
{
	struct kit *k = *state;
	const char *const names[] = { "manifest.json", "index.json", "oci-layout", "repositories" };

	for (size_t i = 0; i < LKB_ARRAY_SIZE(names); i++) {
		lkb_autofree char *dotted = lkb_format("./%s", names[i]);
		lkb_autofree char *want = lkb_format("'FILE': '%s' is in it twice", names[i]);
		lkb_autostr tar = {0};

		tar_text(&tar, names[i], "{}");
		tar_text(&tar, "other", "");
		tar_text(&tar, dotted, "{}");
		write_archive(k, &tar);
		EXPECT_FAIL(k, APP, LKB_INPUT, want);
	}
}

/* An archive whose only layer is called `path`; more entries may stand before it. */
static void layer_at(struct kit *k, struct lkb_str *tar, const char *path)
{
	lkb_autofree char *item = NULL;
	autoimage p = {0};

	image_make(&p, "arm64", "hello", LKB_PLAIN);
	item = docker_item(&p, "[\"" APP "\"]", path);
	docker_parts(tar, &p);
	docker_manifest(tar, item);
	write_archive(k, tar);
}

static void paths_that_lead_out(void **state)
{
	struct kit *k = *state;
	static const struct {
		const char *layer, *link, *target, *want;
		char type;
	} cases[] = {
		{ "../../etc/passwd", NULL, NULL,
		  "image '" APP "': layer 1: '../../etc/passwd' leads out of the archive 'FILE'", 0 },
		{ "/etc/passwd", NULL, NULL,
		  "image '" APP "': layer 1: '/etc/passwd' is not in 'FILE'", 0 },
		{ "id/layer.tar", "id/layer.tar", "../../../etc/passwd",
		  "image '" APP "': layer 1: 'id/layer.tar' leads out of the archive 'FILE'", '2' },
		{ "id/layer.tar", "id/layer.tar", "/etc/passwd",
		  "image '" APP "': layer 1: 'id/layer.tar' leads out of the archive 'FILE'", '2' },
		{ "id/layer.tar", "id/layer.tar", "../etc/passwd",
		  "image '" APP "': layer 1: 'id/layer.tar' leads out of the archive 'FILE'", '1' },
		{ "id/layer.tar", "id/layer.tar", "etc/passwd",
		  "image '" APP "': layer 1: 'id/layer.tar' is not in 'FILE'", '1' },
		{ "id/layer.tar", "id/layer.tar", "layer.tar",
		  "image '" APP "': layer 1: 'id/layer.tar' in 'FILE' is a link of more than 8 "
		  "steps, or one that goes round", '2' },
		{ "", NULL, NULL, "image '" APP "': layer 1: '' is not in 'FILE'", 0 },
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_autostr tar = {0};

		if (cases[i].link)
			tar_link(&tar, cases[i].type, cases[i].link, cases[i].target);
		layer_at(k, &tar, cases[i].layer);
		EXPECT_FAIL(k, NULL, LKB_INPUT, cases[i].want);
	}
}

static void links_that_go_round(void **state)
{
	struct kit *k = *state;
	lkb_autostr tar = {0};

	tar_link(&tar, '2', "a", "b");
	tar_link(&tar, '1', "b", "c");
	tar_link(&tar, '2', "c", "./a");
	layer_at(k, &tar, "a");
	EXPECT_FAIL(k, NULL, LKB_INPUT, "image '" APP "': layer 1: 'a' in 'FILE' is a link of more "
		    "than 8 steps, or one that goes round");
}

static void names_that_lead_out(void **state)
{
	struct kit *k = *state;
	lkb_autostr tar = {0};

	tar_text(&tar, "x/../../manifest.json", "[]");
	write_archive(k, &tar);
	EXPECT_FAIL(k, NULL, LKB_INPUT, "'FILE': the name 'x/../../manifest.json' leads out of its "
		    "directory");
}

/* A GNU long name before each entry. */
static void names_without_end(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *name = lkb_alloc(4096);
	lkb_autostr tar = {0};

	memset(name, 'n', 4000);
	tar_raw(&tar, 'L', "long", "", 4001, name, 4001);
	tar_text(&tar, "n", "");
	write_archive(k, &tar);
	EXPECT_FAIL(k, NULL, LKB_INPUT, "'FILE': the name 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
		    "...' has 4000 bytes; an image archive's have 1024 at most");
}

static void files_without_end(void **state)
{
	struct kit *k = *state;
	lkb_autostr tar = {0};

	for (int i = 0; i <= 65536; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", i);
		tar_text(&tar, name, "");
	}
	write_archive(k, &tar);
	EXPECT_FAIL(k, NULL, LKB_INPUT, "'FILE': it has more than 65536 files, which no image "
		    "archive has");
}

/* Sizes that are said and not there allocate nothing. */
static void sizes_that_are_only_claimed(void **state)
{
	struct kit *k = *state;
	static const uint64_t sizes[] = { 4096, (uint64_t)4 << 30, ((uint64_t)8 << 30) - 1 };

	for (size_t i = 0; i < LKB_ARRAY_SIZE(sizes); i++) {
		lkb_autostr tar = {0};

		tar_text(&tar, "first", "1");
		tar_raw(&tar, '0', "manifest.json", "", sizes[i], "[]", 2);
		write_archive(k, &tar);
		EXPECT_FAIL(k, NULL, LKB_INPUT, "tar archive 'FILE', byte 1024: entry "
			    "'manifest.json': the archive ends early");
	}
}

static void a_document_beyond_all_bounds(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *blanks = lkb_alloc((4 << 20) + 1);
	lkb_autostr tar = {0};

	memset(blanks, ' ', (4 << 20) + 1);
	tar_file(&tar, "manifest.json", blanks, (4 << 20) + 1);
	write_archive(k, &tar);
	EXPECT_FAIL(k, NULL, LKB_INPUT, "'manifest.json' in 'FILE': 4194305 bytes are more than the "
		    "4194304 that are allowed");
}

/* manifest.json */

static void manifests_that_say_nonsense(void **state)
{
	struct kit *k = *state;
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "{}", "FILE: manifest.json: the document is no list of images" },
		{ "[1]", "FILE: manifest.json: '[0]' is no object" },
		{ "[{}]", "FILE: manifest.json: '[0].Config' is missing" },
		{ "[{\"Config\":\"x.json\",\"Layers\":[]}]", "image 1: 'x.json' is not in 'FILE'" },
		{ "[{\"Config\":\"c\",\"RepoTags\":\"a\"}]",
		  "FILE: manifest.json: '[0].RepoTags' is no list" },
		{ "[]", "'FILE' holds no image" },
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_autostr tar = {0};

		tar_text(&tar, "manifest.json", cases[i].text);
		write_archive(k, &tar);
		EXPECT_FAIL(k, NULL, LKB_INPUT, cases[i].want);
	}
}

static void a_key_twice(void **state)
{
	struct kit *k = *state;
	lkb_autostr tar = {0};
	struct lkb_error e;

	tar_text(&tar, "manifest.json", "[{\"Config\":\"a\",\"Config\":\"b\"}]");
	write_archive(k, &tar);
	e = import_fails(k, NULL, NULL);
	assert_says(k, &e, LKB_INPUT, "FILE: manifest.json: malformed JSON in line 1: duplicate "
		    "object key near '\"Config\"'");
}

static void images_without_end(void **state)
{
	struct kit *k = *state;
	lkb_autostr tar = {0}, items = {0};

	for (int i = 0; i < 257; i++)
		lkb_str_addf(&items, "%s{\"Config\":\"c\",\"Layers\":[]}", i ? "," : "");
	docker_manifest(&tar, items.s);
	write_archive(k, &tar);
	EXPECT_FAIL(k, NULL, LKB_INPUT, "FILE: manifest.json: 257 images are more than the 256 that "
		    "are read");
}

/* Configs and layers */

static void a_config_that_is_not_its_name(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *want = NULL;
	lkb_autostr tar = {0};
	autoimage p = {0};
	struct lkb_sha256 d;

	image_make(&p, "arm64", "hello", LKB_PLAIN);
	p.config[strlen(p.config) - 1] = ' ';
	d = lkb_sha256(p.config, strlen(p.config));
	docker_archive(&tar, &p, "[\"" APP "\"]");
	write_archive(k, &tar);
	want = lkb_format("image '" APP "': config '%s' in 'FILE' holds something else: its digest "
			  "is 'sha256:%s'", p.config_name, lkb_sha256_text(&d).s);
	EXPECT_FAIL(k, NULL, LKB_TRUST, want);
}

static void more_layers_than_diff_ids(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *two = NULL, *item = NULL;
	lkb_autostr tar = {0};
	autoimage p = {0};

	image_make(&p, "arm64", "hello", LKB_PLAIN);
	two = lkb_format("%s\",\"%s", p.layer_name, p.layer_name);
	item = docker_item(&p, "[\"" APP "\"]", two);
	docker_parts(&tar, &p);
	docker_manifest(&tar, item);
	write_archive(k, &tar);
	EXPECT_FAIL(k, NULL, LKB_INPUT, "image '" APP "': manifest.json has 2 layers, the config 1 "
		    "diff_ids");
}

/* A plain layer and a packed one that are not what the config says. */
static void layers_that_are_not_their_diff_id(void **state)
{
	struct kit *k = *state;
	const enum lkb_compression ways[] = { LKB_PLAIN, LKB_GZIP };

	for (size_t i = 0; i < LKB_ARRAY_SIZE(ways); i++) {
		lkb_autofree char *want = NULL, *hint = NULL;
		lkb_autostr tar = {0};
		autoimage p = {0};
		autoimage q = {0};
		struct lkb_error e;

		image_make(&p, "arm64", "hello", ways[i]);
		image_make(&q, "arm64", "other", ways[i]);
		free(p.config);
		p.config = LKB_STEAL(q.config);
		snprintf(p.config_name, sizeof(p.config_name), "%s", q.config_name);
		docker_archive(&tar, &p, "[\"" APP "\"]");
		write_archive(k, &tar);
		e = import_fails(k, NULL, NULL);
		assert_int_equal(e.kind, LKB_TRUST);
		want = lkb_format(i ? "it unpacks to 'sha256:%s', the image's config says "
				      "'sha256:%s'"
				    : "holds something else: its digest is 'sha256:%s'",
				  lkb_sha256_text(&p.diff_id).s, lkb_sha256_text(&q.diff_id).s);
		assert_non_null(strstr(e.message, want));
		hint = lkb_format("it is '%s' in '%s'", p.layer_name, k->layout_dir);
		assert_string_equal(e.hint, hint);
	}
}

static void layers_compressed_by_what_images_do_not_use(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *want = NULL;
	lkb_autostr tar = {0};
	autoimage p = {0};

	image_make(&p, "arm64", "hello", LKB_PLAIN);
	memcpy(p.packed.s, "\xfd" "7zXZ\0", 6);
	docker_archive(&tar, &p, "[\"" APP "\"]");
	write_archive(k, &tar);
	want = lkb_format("image '" APP "': layer 1: '%s' is compressed by xz, which images do not "
			  "use", p.layer_name);
	EXPECT_FAIL(k, NULL, LKB_INPUT, want);
}

/* The first image is right, the second is not: neither comes in, not even its blobs. */
static void one_broken_image_of_two(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *a = NULL, *b = NULL, *both = NULL;
	lkb_autostr tar = {0};
	autoimage p = {0};
	autoimage q = {0};

	put(k->store, "localhost/before:1", &arm64, "before");
	image_make(&p, "arm64", "a", LKB_PLAIN);
	image_make(&q, "arm64", "b", LKB_PLAIN);
	q.packed.s[600] ^= 1;
	a = docker_item(&p, "[\"localhost/a:1\"]", NULL);
	b = docker_item(&q, "[\"localhost/b:1\"]", NULL);
	both = lkb_format("%s,%s", a, b);
	docker_parts(&tar, &p);
	docker_parts(&tar, &q);
	docker_manifest(&tar, both);
	write_archive(k, &tar);
	assert_int_equal(import_fails(k, NULL, NULL).kind, LKB_TRUST);
	import_is(k, NULL, "localhost/a:1", "localhost/a:1 linux/arm64\n");
}

static void what_is_no_archive(void **state)
{
	struct kit *k = *state;
	lkb_autostr tar = {0}, text = {0}, deep = {0};
	struct lkb_error e;

	tar_text(&tar, "hello.txt", "hello");
	write_archive(k, &tar);
	EXPECT_FAIL(k, NULL, LKB_INPUT, "'FILE' is no archive of images: it has neither 'index.json' "
		    "nor 'manifest.json'");
	lkb_str_add(&text, "kernel: {image: x}\n");
	write_archive(k, &text);
	EXPECT_FAIL(k, NULL, LKB_INPUT, "'FILE' is no archive of images: it is no tar");
	/* a tar, but cut in its first file */
	tar.len = 512;
	write_archive(k, &tar);
	EXPECT_FAIL(k, NULL, LKB_INPUT, "tar archive 'FILE', byte 0: entry 'hello.txt': the archive "
		    "ends early");
	tar_text(&deep, "lay/index.json", "{}");
	write_archive(k, &deep);
	e = import_fails(k, NULL, NULL);
	assert_string_equal(e.hint, "there is one in 'lay/': make the archive of what is in there, "
				    "'tar -C lay/ -cf FILE .'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
		T(archives_cut_short),
		T(compressed_archives_cut_short),
		T(a_bomb_is_stopped),
		T(plain_archives_are_no_bombs),
		T(decisive_documents_twice),
		T(paths_that_lead_out),
		T(links_that_go_round),
		T(names_that_lead_out),
		T(names_without_end),
		T(files_without_end),
		T(sizes_that_are_only_claimed),
		T(a_document_beyond_all_bounds),
		T(manifests_that_say_nonsense),
		T(a_key_twice),
		T(images_without_end),
		T(a_config_that_is_not_its_name),
		T(more_layers_than_diff_ids),
		T(layers_that_are_not_their_diff_id),
		T(layers_compressed_by_what_images_do_not_use),
		T(one_broken_image_of_two),
		T(what_is_no_archive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
