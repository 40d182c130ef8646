/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_TESTS_UNIT_TEST_PLAN_KIT_H
#define LKB_TESTS_UNIT_TEST_PLAN_KIT_H

/* What the tests of plan/ share: a store with made-up images of a few bytes each, for the real
 * profiles in configs/boards. The order of business is always: settle(), then plan() or fails. */
#include <libfdt.h>

#include "base/alloc.h"
#include "base/ext/json.h"
#include "base/proc.h"
#include "plan/plan_priv.h"
#include "rootfs/tree/tar.h"
#include "tests/unit/base_kit.h"

#define CREATED 1600000000
#define MODULES "lib/modules/6.1/"

/* One test's input; zero is what is right. */
struct kit {
	struct lkb_store *store;
	struct lkb_board *board;
	struct lkb_spec *spec;
	struct lkb_plan_in in;
	const char *board_name; /* "rpi3" */
	char image[4096];       /* the kernel */
	size_t image_size;      /* 0 = all of it */
	const char *without;    /* a path that is left out, wherever it would be */
	const char *dtb;        /* contents of all device trees instead of a good one */
	const char *app;        /* contents of the service's program */
	int64_t app_created;
	bool full;              /* images are in the store */
};

static struct kit kit;

static inline void tree_add(struct lkb_tree *t, const char *path, const void *p, size_t n)
{
	const struct lkb_meta m = {.mode = 0755, .mtime = CREATED};

	if (!kit.without || strcmp(path, kit.without) != 0)
		OK(lkb_tree_add_text(t, path, &m, p, n, &err));
}

static inline void tree_text(struct lkb_tree *t, const char *path, const char *text)
{
	tree_add(t, path, text, strlen(text));
}

static inline void put_image_for(const char *ref, const char *arch, int64_t created,
				 struct lkb_tree *t)
{
	struct lkb_image_new new = {.ref = ref, .created = created};
	struct lkb_sha256 manifest;

	assert_true(lkb_platform_set(&new.platform, arch, NULL));
	OK(lkb_store_put_tree(kit.store, &new, lkb_tree_root(t), &manifest, &err));
}

static inline void put_image(const char *ref, int64_t created, struct lkb_tree *t)
{
	put_image_for(ref, "arm64", created, t);
}

static inline int take_bytes_of_tar(void *ctx, const void *p, size_t n, struct lkb_error *why)
{
	lkb_str_addn(ctx, p, n);
	return 0;
}

/* A device tree with one property, or the test's own words. */
static inline void add_dtb(struct lkb_tree *t, const char *path)
{
	char dtb[1024];

	if (kit.dtb) {
		tree_text(t, path, kit.dtb);
		return;
	}
	assert_int_equal(fdt_create_empty_tree(dtb, sizeof(dtb)), 0);
	assert_int_equal(fdt_setprop_string(dtb, 0, "model", path), 0);
	tree_add(t, path, dtb, fdt_totalsize(dtb));
}

static inline void put_kernel(void)
{
	static const char *const wanted[] = {"bcm2835_wdt", "bcm2835", "crc32c_generic", "ext4",
					     "sha256-arm64", "dm-mod", "dm-verity"};
	lkb_auto(lkb_tree) image = lkb_tree_new();
	lkb_auto(lkb_tree) files = lkb_tree_new();
	lkb_autostr tar = {0}, dep = {0};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(wanted); i++) {
		lkb_autofree char *path = lkb_format(MODULES "kernel/%s.ko", wanted[i]);

		tree_text(files, path, wanted[i]);
		if (!kit.without || strcmp(kit.without, wanted[i]) != 0)
			lkb_str_addf(&dep, "kernel/%s.ko:%s\n", wanted[i],
				     strcmp(wanted[i], "dm-verity") ? "" : " kernel/dm-mod.ko");
	}
	tree_text(files, MODULES "modules.dep", dep.s);
	tree_text(files, MODULES "modules.builtin", "");
	add_dtb(files, "boot/dtb/broadcom/bcm2837-rpi-3-b.dtb");
	add_dtb(files, "boot/dtb/broadcom/bcm2837-rpi-3-b-plus.dtb");
	OK(lkb_tar_write(lkb_tree_root(files), CREATED, take_bytes_of_tar, &tar, &err));
	tree_add(image, "kernel.tar", tar.s, tar.len);
	tree_add(image, "kernel", kit.image,
		 kit.image_size ? kit.image_size : sizeof(kit.image));
	put_image("kernel:1", CREATED, image);
}

static inline void put_all(void)
{
	static const char *const init[] = {"init", "sbin/init", "bin/busybox"};
	static const char *const firmware[] = {"bootcode.bin", "start.elf", "fixup.dat", "LICENCE"};
	lkb_auto(lkb_tree) a = lkb_tree_new();
	lkb_auto(lkb_tree) b = lkb_tree_new();
	lkb_auto(lkb_tree) c = lkb_tree_new();
	lkb_auto(lkb_tree) d = lkb_tree_new();
	size_t i;

	put_kernel();
	for (i = 0; i < LKB_ARRAY_SIZE(init); i++)
		tree_text(a, init[i], init[i]);
	put_image("localhost/init:bookworm", CREATED, a);
	for (i = 0; i < LKB_ARRAY_SIZE(firmware); i++)
		tree_text(b, firmware[i], firmware[i]);
	put_image("localhost/firmware-rpi:bookworm", CREATED, b);
	tree_text(c, "u-boot.bin", "u-boot");
	put_image("localhost/u-boot-rpi:bookworm", CREATED, c);
	tree_text(d, "bin/app", kit.app ? kit.app : "app");
	put_image("app:1", kit.app_created ? kit.app_created : CREATED, d);
}

#define SPEC \
	"kernel:\n" \
	"  image: kernel:1\n" \
	"  cmdline: loglevel=3\n" \
	"init:\n" \
	"  - localhost/init:bookworm\n" \
	"services:\n" \
	"  - name: app\n" \
	"    image: app:1\n" \
	"    command: [/bin/app]\n"

static inline int kit_setup(void **state)
{
	make_dir(state);
	memset(&kit, 0, sizeof(kit));
	memcpy(kit.image + 56, "ARM\x64", 4);
	OK(lkb_store_open(in_dir("store"), &kit.store, &err));
	assert_int_equal(mkdir(in_dir("out"), 0755), 0);
	return 0;
}

static inline void forget_inputs(void)
{
	if (kit.spec)
		lkb_spec_free(kit.spec);
	if (kit.board)
		lkb_board_free(kit.board);
	kit.spec = NULL;
	kit.board = NULL;
}

static inline int kit_teardown(void **state)
{
	forget_inputs();
	lkb_store_free(kit.store);
	return remove_dir(state);
}

#define PLAN_CASE(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)

/* Writes the spec, reads it and the board, and fills the store unless it is full. */
static inline void settle(const char *spec)
{
	const char *path = in_dir("box.yml");
	lkb_autodiags diags = {0};

	forget_inputs();
	make(path, spec);
	OK(lkb_spec_read(&path, 1, NULL, &kit.spec, &diags, &err));
	OK(lkb_board_find("configs", kit.board_name ? kit.board_name : "rpi3", &kit.board, &diags,
			  &err));
	if (!kit.full)
		put_all();
	kit.full = true;
	kit.in.board = kit.board;
	kit.in.spec = kit.spec;
	kit.in.store = kit.store;
	if (!kit.in.name)
		kit.in.name = "box";
}

/* A plan of what was settled. A program that is not installed skips the test. */
static inline struct lkb_plan *plan(void)
{
	struct lkb_plan *p = NULL;

	if (lkb_plan_make(&kit.in, &p, &err)) {
		if (err.kind == LKB_MISSING) {
			print_message("%s\n", err.message);
			skip();
		}
		fail_msg("%s", err.message);
	}
	return p;
}

/* Settles the spec; its plan fails in these words. */
#define PLAN_FAILS(spec, kind, words, hint) \
	do { \
		struct lkb_plan *p_ = NULL; \
		settle(spec); \
		FAILS(lkb_plan_make(&kit.in, &p_, &err), kind, words, hint); \
		assert_null(p_); \
	} while (0)

#define lkb_autoartifacts \
	__attribute__((cleanup(lkb_artifacts_clear))) struct lkb_artifacts

/* Everything in the output directory, sorted, a blank between. */
static inline char *outputs(void)
{
	lkb_autostr all = {0};
	const char *argv[] = {"ls", "-A", in_dir("out"), NULL};
	size_t i;

	OK(lkb_proc_run(&(struct lkb_proc){.argv = argv}, &all, &err));
	for (i = 0; i < all.len; i++)
		if (all.s[i] == '\n')
			all.s[i] = i + 1 < all.len ? ' ' : '\0';
	return lkb_format("%s", lkb_str_get(&all));
}

#endif
