/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan decides, and what it refuses, over a store of tiny images. */
#include "tests/unit/test_plan_kit.h"

static void a_plan_knows_everything(void **state)
{
	lkb_auto(lkb_plan) p = NULL;
	lkb_autostr text = {0}, json = {0};
	lkb_autojson root = NULL;
	lkb_autofree char *files = NULL;

	settle(SPEC);
	p = plan();
	lkb_plan_describe(p, &text);
	expect_words(text.s, "box for board rpi3 (arm64, Raspberry Pi 3 Model B and B+), format sd");
	expect_words(text.s, "box.yml");
	expect_words(text.s, "image  sha256:");
	expect_words(text.s, "docker.io/library/app:1 (arm64");
	expect_words(text.s, "7 modules: bcm2835_wdt bcm2835 crc32c_generic ext4 sha256-arm64 "
			     "dm-mod dm-verity");
	expect_words(text.s, "  p1     16777216     67108864  0x0c  boot: fat32");
	expect_words(text.s, "  p2     83886080    201326592  0x83  slot-a: ext4");
	expect_words(text.s, "  p3    285212672    201326592  0x83  slot-b\n");
	expect_words(text.s, "write the card image");
	OK(lkb_plan_describe_json(p, &json, &err));
	OK(lkb_json_parse(json.s, json.len, "plan", &root, &err));
	assert_int_equal(json_array_size(json_object_get(
				 json_array_get(json_object_get(root, "formats"), 0),
				 "partitions")), 4);
	assert_int_equal(json_array_size(json_object_get(root, "images")), 5);
	assert_int_equal(json_array_size(json_object_get(root, "missing")), 0);
	files = outputs();
	assert_string_equal(files, "");
}

/* A format that no board of ours is built in would be seen by no test of all formats. */
static void every_format_has_a_board(void **state)
{
	lkb_autostrv boards = {0};
	lkb_autostr all = {0};

	OK(lkb_board_names("configs", &boards, &err));
	for (size_t i = 0; i < boards.n; i++) {
		lkb_auto(lkb_board) b = NULL;
		lkb_autodiags diags = {0};

		OK(lkb_board_find("configs", boards.items[i], &b, &diags, &err));
		for (size_t j = 0; j < b->formats.n; j++)
			lkb_str_addf(&all, " %s ", b->formats.items[j]);
	}
	for (size_t i = 0; lkb_formats[i]; i++) {
		lkb_autofree char *word = lkb_format(" %s ", lkb_formats[i]->name);

		expect_words(lkb_str_get(&all), word);
	}
}

static void images_that_a_package_makes_are_listed(void **state)
{
	lkb_auto(lkb_plan) p = NULL;
	lkb_autoartifacts made = {0};
	struct lkb_plan_out out = {.dir = in_dir("out")};
	lkb_autostr text = {0}, json = {0};

	kit.full = true; /* not at all */
	kit.in.configs_dir = "configs";
	settle("kernel: {image: \"localhost/kernel-rpi3:bookworm\"}\n"
	       "init: [\"localhost/init:bookworm\", \"localhost/runc:bookworm\"]\n");
	p = plan();
	lkb_plan_describe(p, &text);
	expect_words(text.s, "not in the store     localhost/kernel-rpi3:bookworm");
	expect_words(text.s, "not in the store     localhost/init:bookworm");
	expect_words(text.s, "not in the store     localhost/runc:bookworm");
	expect_words(text.s, "not in the store     localhost/firmware-rpi:bookworm");
	assert_null(strstr(text.s, "\nsd: "));
	OK(lkb_plan_describe_json(p, &json, &err));
	expect_words(json.s, "\"localhost/u-boot-rpi:bookworm\"");
	FAILS(lkb_plan_run(p, &out, &made, &err), LKB_INPUT, "is not in the store", "");
}

/* It would be unkind to build seven packages first. */
static void an_image_that_nobody_has_is_said_at_once(void **state)
{
	static const char spec[] = "kernel: {image: \"localhost/kernel-rpi3:bookworm\"}\n"
				   "init: [\"nobody/has-this:1\"]\n";

	kit.full = true;
	kit.in.configs_dir = "configs";
	PLAN_FAILS(spec, LKB_INPUT, "nobody/has-this:1", "");
	kit.in.build_missing = true;
	PLAN_FAILS(spec, LKB_INPUT, "nobody/has-this:1", "");
	kit.in.configs_dir = NULL;
	PLAN_FAILS(spec, LKB_INPUT, "kernel-rpi3", "");
}

/* Also those that the board itself could not run, each once. */
static void images_that_volumes_hold_for_others_are_listed(void **state)
{
	lkb_auto(lkb_tree) other = lkb_tree_new();
	lkb_auto(lkb_plan) p = NULL;
	lkb_autostr json = {0};

	settle(SPEC);
	tree_text(other, "bin/app", "other");
	put_image_for("other:1", "amd64", CREATED, other);
	put_image_for("app:1", "amd64", CREATED, other);
	settle(SPEC "volumes:\n"
	       "  - {name: a, image: \"app:1\", format: oci, platforms: [linux/arm64, linux/amd64]}\n"
	       "  - {name: b, image: \"other:1\", format: oci, platforms: [linux/amd64]}\n");
	p = plan();
	assert_int_equal(p->images.n, 7);
	OK(lkb_plan_describe_json(p, &json, &err));
	expect_words(json.s, "\"platform\": \"linux/amd64\"");
	PLAN_FAILS("volumes: [{name: b, image: \"other:1\", format: oci,\n"
		   "           platforms: [linux/arm/v7]}]\n" SPEC, LKB_INPUT,
		   "other:1': nothing in it is for linux/arm/v7, only for linux/amd64", "");
	assert_int_equal(err.line, 2);
}

static void time_is_the_newest_images_or_given(void **state)
{
	lkb_auto(lkb_plan) newest = NULL;
	lkb_auto(lkb_plan) given = NULL;
	lkb_auto(lkb_plan) zero = NULL;

	kit.app_created = CREATED + 1000;
	settle(SPEC);
	newest = plan();
	assert_int_equal(newest->epoch, CREATED + 1000);
	kit.in.has_epoch = true;
	kit.in.epoch = 5;
	given = plan();
	assert_int_equal(given->epoch, 5);
	kit.in.epoch = 0;
	zero = plan();
	assert_int_equal(zero->epoch, 0);
}

static struct lkb_sha256 seed_of(const char *spec)
{
	lkb_auto(lkb_plan) p = NULL;

	settle(spec);
	p = plan();
	return p->products[0].seed;
}

static void expect_seed(const struct lkb_sha256 *first, const char *spec, bool same)
{
	struct lkb_sha256 seed = seed_of(spec);

	assert_int_equal(lkb_sha256_equal(first, &seed), same);
}

static void identity_follows_from_what_goes_in(void **state)
{
	const struct lkb_sha256 seed = seed_of(SPEC);

	expect_seed(&seed, SPEC, true);
	expect_seed(&seed, SPEC "# only a word\n", false);
	kit.in.name = "other";
	expect_seed(&seed, SPEC, false);
	kit.in.name = "box";
	kit.in.has_epoch = true;
	expect_seed(&seed, SPEC, true);
	kit.in.jobs = 7;
	expect_seed(&seed, SPEC, true);
	kit.app = "another program";
	kit.full = false;
	expect_seed(&seed, SPEC, false);
	kit.app = NULL;
	kit.full = false;
	expect_seed(&seed, SPEC, true);
}

static void formats_are_the_boards(void **state)
{
	static const char *const ram[] = {"kernel+initrd"}, *const nonsense[] = {"sd", "nonsense"};

	kit.in.formats = ram;
	kit.in.n_formats = 1;
	PLAN_FAILS(SPEC, LKB_USAGE, "board 'rpi3' is not built as 'kernel+initrd'", "it can be: sd");
	kit.in.formats = nonsense;
	kit.in.n_formats = 2;
	PLAN_FAILS(SPEC, LKB_USAGE, "board 'rpi3' is not built as 'nonsense'", "it can be: sd");
	kit.in.n_formats = 0;
	PLAN_FAILS(SPEC "lkboard:\n  root: ram\n", LKB_INPUT,
		   "lkboard.root is 'ram', format 'sd' has its root on disk", "-f");
	assert_int_equal(err.line, 11);
	assert_true(lkb_ends_with(err.file, "box.yml"));
}

static void a_root_in_ram_fits_into_the_board(void **state)
{
	struct lkb_plan *p = NULL;

	kit.board_name = "qemu-arm64";
	settle(SPEC);
	kit.board->memory.v = 4096;
	FAILS(lkb_plan_make(&kit.in, &p, &err), LKB_INPUT, "of board 'qemu-arm64'",
	      "choose a format with the root on a disk");
	assert_non_null(strstr(err.message, "do not fit into the 4.0 KiB"));
	assert_null(p);
	kit.board->memory.v = 1 << 20;
	OK(lkb_plan_make(&kit.in, &p, &err));
	lkb_plan_free(p);
}

static void what_no_trailer_can_hold_has_a_position(void **state)
{
	lkb_autofree char *words = lkb_alloc(LKB_CMDLINE_MAX + 2);
	lkb_autofree char *spec = NULL, *fits = NULL;
	lkb_auto(lkb_plan) p = NULL;

	memset(words, 'x', LKB_CMDLINE_MAX);
	fits = lkb_format("kernel:\n  image: kernel:1\n  cmdline: %s\n"
			  "init: [\"localhost/init:bookworm\"]\n", words);
	settle(fits);
	p = plan();
	words[LKB_CMDLINE_MAX] = 'x';
	spec = lkb_format("\nkernel:\n  image: kernel:1\n  cmdline: %s\n"
			  "init: [\"localhost/init:bookworm\"]\n", words);
	PLAN_FAILS(spec, LKB_INPUT, "1537 bytes, at most 1536 fit", "");
	assert_int_equal(err.line, 3);
}

static void a_name_too_long_for_a_host(void **state)
{
	char name[66];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	kit.in.name = name;
	PLAN_FAILS(SPEC, LKB_INPUT, "is too long for a host name", "lkboard.hostname");
	name[64] = '\0';
	settle(SPEC);
	lkb_plan_free(plan());
	name[64] = 'n';
	settle(SPEC "lkboard: {hostname: short}\n");
	lkb_plan_free(plan());
}

static void refill(void)
{
	kit.full = false;
}

static void kernels_that_u_boot_cannot_start(void **state)
{
	memcpy(kit.image, "MZ\0\0zimg", 8);
	PLAN_FAILS(SPEC, LKB_INPUT, "kernel image 'kernel:1': the kernel is an EFI zboot image",
		   "without CONFIG_EFI_ZBOOT");
	memset(kit.image, 0, sizeof(kit.image));
	refill();
	PLAN_FAILS(SPEC, LKB_INPUT, "neither an arm64 Image nor a gzip file", "kernel.binary");
	PLAN_FAILS("init: [\"localhost/init:bookworm\"]\n", LKB_INPUT, "the spec has no kernel image",
		   "kernel: {image: REFERENCE}");
	PLAN_FAILS("kernel: {image: \"kernel:1\", binary: none}\n"
		   "init: [\"localhost/init:bookworm\"]\n", LKB_INPUT, "no file 'none'", "'kernel.tar'");
}

static void a_kernel_is_packed_once(void **state)
{
	lkb_auto(lkb_plan) plain = NULL;
	lkb_auto(lkb_plan) packed = NULL;
	lkb_autofree char *text = NULL;
	size_t n;

	settle(SPEC);
	plain = plan();
	OK(lkb_data_read_all(&plain->kernel, 1 << 20, &text, &n, &err));
	assert_memory_equal(text, "\x1f\x8b", 2);
	assert_true(n < sizeof(kit.image));
	memset(kit.image, 0, sizeof(kit.image));
	memcpy(kit.image, "\x1f\x8b\x08", 3);
	refill();
	settle(SPEC);
	packed = plan();
	assert_int_equal(packed->kernel.len, sizeof(kit.image));
}

static void device_trees_that_are_missing_or_wrong(void **state)
{
	kit.without = "boot/dtb/broadcom/bcm2837-rpi-3-b-plus.dtb";
	PLAN_FAILS(SPEC, LKB_INPUT,
		   "no device tree 'boot/dtb/broadcom/bcm2837-rpi-3-b-plus.dtb'", "board 'rpi3'");
	kit.without = NULL;
	kit.dtb = "this is no device tree, but long enough for the header of one";
	refill();
	PLAN_FAILS(SPEC, LKB_INPUT, "broadcom/bcm2837-rpi-3-b.dtb", "");
	kit.dtb = NULL;
	refill();
	PLAN_FAILS(SPEC "lkboard: {overlays: [none.dtbo]}\n", LKB_IO, "none.dtbo", "");
	make(in_dir("bad.dtbo"), "no overlay");
	PLAN_FAILS(SPEC "lkboard: {overlays: [bad.dtbo]}\n", LKB_INPUT, "bad.dtbo", "");
}

static void parts_that_a_board_needs(void **state)
{
	static const struct {
		const char *without, *message, *hint;
	} rows[] = {
		{"init", "image 'localhost/init:bookworm' of board 'rpi3' has no /init", ""},
		{"sbin/init", "none of the init images brings /sbin/init", "localhost/init"},
		{"dm-verity", "the kernel has no module 'dm-verity'", "'lib/modules/6.1'"},
		{MODULES "kernel/ext4.ko", "modules.dep names 'lib/modules/6.1/kernel/ext4.ko'", ""},
		{MODULES "modules.dep", "no 'lib/modules/6.1/modules.dep'", "depmod"},
		{"start.elf", "start.elf", ""},
		{"u-boot.bin", "u-boot.bin", ""},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(rows); i++) {
		kit.without = rows[i].without;
		refill();
		PLAN_FAILS(SPEC, LKB_INPUT, rows[i].message, rows[i].hint);
	}
}

static void sizes_of_the_spec_win_and_are_bounded(void **state)
{
	lkb_auto(lkb_plan) p = NULL;

	settle(SPEC "lkboard: {data_size: 64MiB, slot_size: 256MiB}\n");
	p = plan();
	assert_int_equal(p->products[0].disk.parts[3].size, 64 << 20);
	assert_int_equal(p->products[0].disk.parts[1].size, 256 << 20);
	assert_int_equal(p->products[0].disk.parts[2].size, 256 << 20);
	PLAN_FAILS(SPEC "lkboard: {data_size: 4194304TiB}\n", LKB_INPUT, "data", "");
	PLAN_FAILS(SPEC "lkboard: {data_size: 2TiB}\n", LKB_INPUT, "", "");
}

/* What no signal and no fault may leave: a reference too few or too many shows under ASan. */
static void a_plan_is_freed_at_any_point(void **state)
{
	settle(SPEC);
	lkb_plan_free(lkb_alloc(sizeof(struct lkb_plan)));
	kit.in.board = kit.board;
	lkb_plan_free(plan());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAN_CASE(a_plan_knows_everything),
		PLAN_CASE(images_that_a_package_makes_are_listed),
		PLAN_CASE(an_image_that_nobody_has_is_said_at_once),
		PLAN_CASE(images_that_volumes_hold_for_others_are_listed),
		PLAN_CASE(time_is_the_newest_images_or_given),
		PLAN_CASE(identity_follows_from_what_goes_in),
		PLAN_CASE(formats_are_the_boards),
		PLAN_CASE(a_root_in_ram_fits_into_the_board),
		PLAN_CASE(what_no_trailer_can_hold_has_a_position),
		PLAN_CASE(a_name_too_long_for_a_host),
		PLAN_CASE(kernels_that_u_boot_cannot_start),
		PLAN_CASE(every_format_has_a_board),
		PLAN_CASE(a_kernel_is_packed_once),
		PLAN_CASE(device_trees_that_are_missing_or_wrong),
		PLAN_CASE(parts_that_a_board_needs),
		PLAN_CASE(sizes_of_the_spec_win_and_are_bounded),
		PLAN_CASE(a_plan_is_freed_at_any_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
