/* SPDX-License-Identifier: Apache-2.0 */
/* Layers unpacked by several processes: the same store as if one had done it. */
#include "base/proc.h"
#include "plan/plan_priv.h"
#include "tests/unit/base_kit.h"

#define IMAGES 5

static struct lkb_store *store;
static struct lkb_image *items[IMAGES];
static const struct lkb_rootfs_images images = {items, IMAGES};

static void put(const char *ref, const char *text)
{
	const struct lkb_image_new new = {.ref = ref, .platform = {.arch = "arm64"}};
	const struct lkb_meta m = {.mode = 0644};
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct lkb_sha256 manifest;

	OK(lkb_tree_add_text(t, "etc/text", &m, text, strlen(text), &err));
	OK(lkb_store_put_tree(store, &new, lkb_tree_root(t), &manifest, &err));
}

/* Storing an image leaves its layer unpacked or not; the tests begin without. */
static void forget_layers(void)
{
	OK(lkb_remove_tree(in_dir("store/derived/layer-v1"), &err));
	OK(lkb_mkdir_p(in_dir("store/derived/layer-v1"), &err));
}

static int setup(void **state)
{
	static const char *const refs[IMAGES] = {"a:1", "b:1", "c:1", "d:1", "same-as-d:1"};
	const struct lkb_platform platform = {.arch = "arm64"};
	size_t i;

	make_dir(state);
	OK(lkb_store_open(in_dir("store"), &store, &err));
	for (i = 0; i < IMAGES; i++) {
		put(refs[i], i < 3 ? refs[i] : "shared");
		OK(lkb_store_resolve(store, refs[i], &platform, &items[i], &err));
	}
	forget_layers();
	return 0;
}

static int teardown(void **state)
{
	size_t i;

	for (i = 0; i < IMAGES; i++)
		lkb_image_free(items[i]);
	lkb_store_free(store);
	return remove_dir(state);
}

static bool derived(size_t i)
{
	lkb_autofree char *name = lkb_format("store/derived/layer-v1/%s.tar",
					     lkb_sha256_text(&items[i]->layers[0].diff_id).s);

	return there(in_dir(name));
}

static size_t count_derived(void)
{
	size_t n = 0, i;

	for (i = 0; i < IMAGES; i++)
		n += derived(i);
	return n;
}

static void expect_text(size_t i, const char *text)
{
	lkb_auto(lkb_tree) t = NULL;
	lkb_autofree char *is = NULL;
	size_t n;

	OK(lkb_store_image_tree(store, items[i], NULL, &t, &err));
	OK(lkb_data_read_all(&lkb_tree_lookup(t, "etc/text", false)->data, 4096, &is, &n, &err));
	assert_string_equal(is, text);
}

static void all_layers_are_there_afterwards(void **state)
{
	static const unsigned jobs[] = {2, 3, 4, 64, 1000};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(jobs); i++) {
		size_t started = lkb_prefetch(store, &images, jobs[i], NULL);

		/* Four distinct layers, so four processes at most. */
		assert_int_equal(started, jobs[i] < 4 ? jobs[i] : 4);
		assert_int_equal(count_derived(), IMAGES);
		expect_text(1, "b:1");
		expect_text(4, "shared");
		forget_layers();
	}
}

static void the_default_is_the_number_of_processors(void **state)
{
	lkb_prefetch(store, &images, 0, NULL);
	assert_true(count_derived() == IMAGES || count_derived() == 0); /* 0: one processor */
}

static void nothing_is_started_for_nothing(void **state)
{
	const struct lkb_rootfs_images none = {0}, one = {items, 1};

	assert_int_equal(lkb_prefetch(store, &none, 8, NULL), 0);
	assert_int_equal(lkb_prefetch(store, &one, 8, NULL), 0);
	assert_int_equal(lkb_prefetch(store, &images, 1, NULL), 0);
	assert_int_equal(count_derived(), 0);
	assert_int_equal(lkb_prefetch(store, &images, 8, NULL), 4);
	assert_int_equal(lkb_prefetch(store, &images, 8, NULL), 0);
}

static void a_damaged_layer_is_found_by_its_reader(void **state)
{
	lkb_autofree char *blob = lkb_format("store/blobs/sha256/%s",
					     lkb_sha256_text(&items[1]->layers[0].digest).s);
	lkb_auto(lkb_tree) t = NULL;
	int fd = open(in_dir(blob), O_WRONLY | O_CLOEXEC);

	assert_int_equal(pwrite(fd, "damage", 6, 20), 6);
	close(fd);
	lkb_prefetch(store, &images, 2, NULL);
	assert_int_equal(count_derived(), IMAGES - 1);
	assert_false(derived(1));
	FAILS(lkb_store_image_tree(store, items[1], NULL, &t, &err), LKB_TRUST, "", "");
	expect_text(0, "a:1");
}

/* Workers end by _exit() and leave what their parent is about to undo. */
static void what_the_parent_noted_stays(void **state)
{
	lkb_autooutfile f = LKB_OUTFILE_INIT;

	OK(lkb_outfile_open(in_dir("out"), 0644, &f, &err));
	assert_int_equal(lkb_prefetch(store, &images, 4, NULL), 4);
	assert_true(there(in_dir(".out.lkb-tmp")));
	OK(lkb_outfile_commit(&f, &err));
	assert_true(there(in_dir("out")));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
}

static void nothing_but_layers_is_left_in_the_store(void **state)
{
	lkb_autostr out = {0};
	const char *argv[] = {"find", in_dir("store/tmp"), "-type", "f", NULL};

	lkb_prefetch(store, &images, 4, NULL);
	OK(lkb_proc_run(&(struct lkb_proc){.argv = argv}, &out, &err));
	assert_string_equal(lkb_str_get(&out), "");
}

#define STORE_CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_CASE(all_layers_are_there_afterwards),
		STORE_CASE(the_default_is_the_number_of_processors),
		STORE_CASE(nothing_is_started_for_nothing),
		STORE_CASE(a_damaged_layer_is_found_by_its_reader),
		STORE_CASE(what_the_parent_noted_stays),
		STORE_CASE(nothing_but_layers_is_left_in_the_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
