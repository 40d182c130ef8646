/* SPDX-License-Identifier: Apache-2.0 */
/* Device trees: made by dtc, overlays judged by fdtoverlay, and damaged in every way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/proc.h"
#include "dtb/dtb.h"

static const char base_source[] =
	"/dts-v1/;\n"
	"/memreserve/ 0x1000 0x2000;\n"
	"/ {\n"
	"	compatible = \"acme,board\", \"acme,soc\";\n"
	"	#address-cells = <1>;\n"
	"	#size-cells = <1>;\n"
	"	empty;\n"
	"	mac = [00 11 22 33 44];\n"
	"	quoted = \"a \\\"b\\\" \\\\c\";\n"
	"	soc {\n"
	"		gpio: gpio@100 { reg = <0x100 0x10>; gpio-controller; };\n"
	"		i2c0: i2c@200 { reg = <0x200 0x10>; status = \"disabled\"; };\n"
	"		user { gpios = <&gpio 4>; };\n"
	"	};\n"
	"};\n";

/* By path: works on any base. It has a label of its own, so a local fixup. */
static const char path_overlay[] =
	"/dts-v1/;\n/plugin/;\n"
	"/ {\n"
	"	fragment@0 {\n"
	"		target-path = \"/soc/i2c@200\";\n"
	"		__overlay__ {\n"
	"			status = \"okay\";\n"
	"			clk: clock { clock-frequency = <1000>; };\n"
	"			rtc@68 { reg = <0x68>; clocks = <&clk>; };\n"
	"		};\n"
	"	};\n"
	"};\n";

static const char label_overlay[] =
	"/dts-v1/;\n/plugin/;\n"
	"&i2c0 { status = \"okay\"; sensor@40 { reg = <0x40>; alert = <&gpio 17 &gpio 18>; }; };\n";

static struct lkb_tmpdir dir;

struct tree {
	char *p;
	size_t n;
};

static void tree_cleanup(struct tree *t)
{
	free(t->p);
}
#define autotree __attribute__((cleanup(tree_cleanup))) struct tree

static char *in_dir(const char *name)
{
	return lkb_format("%s/%s", dir.path, name);
}

static void run(const char *const *argv)
{
	const struct lkb_proc proc = {.argv = argv, .package = "device-tree-compiler"};
	struct lkb_error err = {0};

	if (lkb_proc_run(&proc, NULL, &err))
		fail_msg("%s", err.message);
}

static bool have(const char *program)
{
	lkb_autofree char *path = NULL;

	return !lkb_proc_find(program, NULL, &path, NULL);
}

/* Compiles a source; `symbols` asks for __symbols__. */
static struct tree compile(const char *source, bool symbols)
{
	lkb_autofree char *from = in_dir("source"), *to = in_dir("out.dtb");
	const char *const plain[] = {"dtc", "-q", "-f", "-O", "dtb", "-o", to, from, NULL};
	const char *const with[] = {"dtc", "-q", "-f", "-@", "-O", "dtb", "-o", to, from, NULL};
	struct lkb_error err = {0};
	struct tree t = {0};

	assert_int_equal(lkb_write_file(from, source, strlen(source), 0600, &err), 0);
	run(symbols ? with : plain);
	assert_int_equal(lkb_read_file(to, LKB_DTB_MAX, &t.p, &t.n, &err), 0);
	return t;
}

/* A tree as dtc prints it, sorted: two trees that mean the same give the same text. */
static char *sorted(const struct tree *t)
{
	lkb_autofree char *from = in_dir("sort.dtb"), *to = in_dir("sort.dts");
	const char *const argv[] = {"dtc", "-q", "-s", "-I", "dtb", "-O", "dts", "-o", to, from,
				    NULL};
	struct lkb_error err = {0};
	char *text = NULL;
	size_t len;

	assert_int_equal(lkb_write_file(from, t->p, t->n, 0600, &err), 0);
	run(argv);
	assert_int_equal(lkb_read_file(to, 16 * LKB_DTB_MAX, &text, &len, &err), 0);
	return text;
}

static struct tree by_fdtoverlay(const struct tree *base, const struct tree *overlay)
{
	lkb_autofree char *b = in_dir("b.dtb"), *o = in_dir("o.dtbo"), *to = in_dir("m.dtb");
	const char *const argv[] = {"fdtoverlay", "-i", b, "-o", to, o, NULL};
	struct lkb_error err = {0};
	struct tree t = {0};

	assert_int_equal(lkb_write_file(b, base->p, base->n, 0600, &err), 0);
	assert_int_equal(lkb_write_file(o, overlay->p, overlay->n, 0600, &err), 0);
	run(argv);
	assert_int_equal(lkb_read_file(to, LKB_DTB_MAX, &t.p, &t.n, &err), 0);
	return t;
}

static int overlay(const struct tree *b, const struct tree *o, struct tree *ret,
		   struct lkb_error *err)
{
	void *p = NULL;

	if (lkb_dtb_overlay(b->p, b->n, "base.dtb", o->p, o->n, "o.dtbo", &p, &ret->n, err))
		return -1;
	ret->p = p;
	return 0;
}

static void assert_like_fdtoverlay(const struct tree *b, const struct tree *o)
{
	lkb_autofree char *b_before = lkb_memdup(b->p, b->n), *o_before = lkb_memdup(o->p, o->n);
	lkb_autofree char *ours_text = NULL, *theirs_text = NULL;
	autotree ours = {0}, theirs = {0};
	struct lkb_error err = {0};

	if (overlay(b, o, &ours, &err))
		fail_msg("%s", err.message);
	assert_memory_equal(b->p, b_before, b->n);
	assert_memory_equal(o->p, o_before, o->n);
	if (!have("fdtoverlay")) {
		print_message("fdtoverlay is not installed\n");
		return;
	}
	theirs = by_fdtoverlay(b, o);
	ours_text = sorted(&ours);
	theirs_text = sorted(&theirs);
	assert_string_equal(ours_text, theirs_text);
}

static void assert_refused(const struct tree *b, const char *source, const char *message,
			   const char *hint)
{
	autotree o = compile(source, false), merged = {0};
	struct lkb_error err = {0};

	assert_int_equal(overlay(b, &o, &merged, &err), -1);
	assert_string_equal(err.message, message);
	assert_string_equal(err.hint, hint);
	assert_int_equal(err.kind, LKB_INPUT);
	assert_null(merged.p);
}

static void test_an_overlay_by_path_works_on_any_base(void **state)
{
	autotree plain = compile(base_source, false), with = compile(base_source, true);
	autotree o = compile(path_overlay, false), o_symbols = compile(path_overlay, true);

	assert_like_fdtoverlay(&plain, &o);
	assert_like_fdtoverlay(&plain, &o_symbols);
	assert_like_fdtoverlay(&with, &o);
	assert_like_fdtoverlay(&with, &o_symbols);
}

static void test_an_overlay_by_label_works_on_a_base_with_symbols(void **state)
{
	autotree base = compile(base_source, true), o = compile(label_overlay, false);

	assert_like_fdtoverlay(&base, &o);
}

static void test_an_overlay_can_use_what_another_brought(void **state)
{
	autotree base = compile(base_source, true), first = compile(path_overlay, true);
	autotree second = compile("/dts-v1/;\n/plugin/;\n"
				  "&clk { clock-frequency = <5>; };\n", false);
	autotree merged = {0};
	struct lkb_error err = {0};

	if (overlay(&base, &first, &merged, &err))
		fail_msg("%s", err.message);
	assert_like_fdtoverlay(&merged, &second);
}

static void test_a_label_on_a_base_without_symbols(void **state)
{
	autotree base = compile(base_source, false);

	assert_refused(&base, label_overlay,
		       "overlay 'o.dtbo' names the label 'i2c0', and 'base.dtb' has no labels",
		       "write target-path = \"/the/node\" in the overlay instead; "
		       "Debian's device trees are built without labels");
}

static void test_overlays_that_do_not_fit(void **state)
{
	autotree base = compile(base_source, true);

	assert_refused(&base, "/dts-v1/;\n/plugin/;\n&nobody { x; };\n",
		       "overlay 'o.dtbo' names the label 'nobody', which 'base.dtb' does not have",
		       "");
	assert_refused(&base,
		       "/dts-v1/;\n/ { f { target-path = \"/soc/spi\"; __overlay__ { x; }; }; };\n",
		       "overlay 'o.dtbo': 'base.dtb' has no node '/soc/spi'", "");
	assert_refused(&base,
		       "/dts-v1/;\n/ { f { target-path = \"gpio\"; __overlay__ { x; }; }; };\n",
		       "overlay 'o.dtbo': the target-path of 'f' is no absolute path", "");
	assert_refused(&base,
		       "/dts-v1/;\n/ { f { target-path = <0x2f000001>; __overlay__ { x; }; }; };\n",
		       "overlay 'o.dtbo': the target-path of 'f' is no absolute path", "");
	assert_refused(&base, "/dts-v1/;\n/ { f { __overlay__ { x; }; }; };\n",
		       "overlay 'o.dtbo': 'f' has neither target-path nor target", "");
	assert_refused(&base, "/dts-v1/;\n/ { f { target = <1 2>; __overlay__ { x; }; }; };\n",
		       "overlay 'o.dtbo': the target of 'f' is not one cell", "");
	assert_refused(&base, "/dts-v1/;\n/ { f { target = <0x4711>; __overlay__ { x; }; }; };\n",
		       "overlay 'o.dtbo' does not fit 'base.dtb' (FDT_ERR_NOTFOUND)", "");
	assert_refused(&base, base_source,
		       "'o.dtbo' is no overlay: it has no node '__overlay__'",
		       "an overlay's source starts with /dts-v1/; /plugin/;");
}

/* Offsets that libfdt would believe. */
static void test_fixups_that_lead_astray(void **state)
{
#define F "f { target-path = \"/\"; __overlay__ { x = <1>; }; };"
	static const char *const local[] = {
		"/dts-v1/;\n/ { " F " __local_fixups__ { f { __overlay__ { x = <1>; }; }; }; };\n",
		"/dts-v1/;\n/ { " F
		" __local_fixups__ { f { __overlay__ { x = <0xffffffff>; }; }; }; };\n",
		"/dts-v1/;\n/ { " F " __local_fixups__ { f { __overlay__ { y = <0>; }; }; }; };\n",
		"/dts-v1/;\n/ { " F " __local_fixups__ { f { __overlay__ { x = [00]; }; }; }; };\n",
		"/dts-v1/;\n/ { " F " __local_fixups__ { g { x = <0>; }; }; };\n",
		"/dts-v1/;\n/ { " F " __local_fixups__ { f { target-path = <0>; }; }; };\n",
		"/dts-v1/;\n/ { " F
		" __local_fixups__ { y = <0>; __local_fixups__ { y = <0>; }; }; };\n",
		"/dts-v1/;\n/ { phandle = <7>; " F " __local_fixups__ { phandle = <0>; }; };\n",
	};
	static const char *const fixups[] = {
		"/f/__overlay__:x:1", "/f/__overlay__:x:4294967295", "/f/__overlay__:x:-4",
		"/f/__overlay__:y:0", "/g:x:0", "f/__overlay__:x:0", "/f/__overlay__:x:",
		"/f/__overlay__:x", "/f/__overlay__::0", "/f:target-path:0",
		"/__fixups__:gpio:0", "//__fixups__:gpio:0", "", "::", "/f/__overlay__:x:0x0",
	};
	autotree base = compile(base_source, true);
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(local); i++)
		assert_refused(&base, local[i], "overlay 'o.dtbo' has a wrong __local_fixups__",
			       "");
	for (i = 0; i < LKB_ARRAY_SIZE(fixups); i++) {
		lkb_autofree char *source = lkb_format(
			"/dts-v1/;\n/ { " F " __fixups__ { gpio = \"%s\"; }; };\n", fixups[i]);

		assert_refused(&base, source, "overlay 'o.dtbo' has a wrong __fixups__", "");
	}
#undef F
}

static void test_not_a_tree(void **state)
{
	struct lkb_error err = {0};

	assert_int_equal(lkb_dtb_check("hello, this is some text that is no tree", 40, "x", &err),
			 -1);
	assert_string_equal(err.message, "'x' is no device tree");
	assert_int_equal(lkb_dtb_check("", 0, "x", &err), -1);
	assert_string_equal(err.message, "'x' is no device tree");
}

static void test_too_large(void **state)
{
	lkb_autofree void *p = lkb_alloc(LKB_DTB_MAX + 1);
	struct lkb_error err = {0};

	assert_int_equal(lkb_dtb_check(p, LKB_DTB_MAX + 1, "x", &err), -1);
	assert_string_equal(err.message, "'x' has 4194305 bytes, a device tree at most 4194304");
}

static void test_nested_too_deeply(void **state)
{
	lkb_autostr source = {0};
	struct lkb_error err = {0};
	int i;

	lkb_str_add(&source, "/dts-v1/;\n/ {");
	for (i = 0; i < 64; i++)
		lkb_str_add(&source, "n {");
	for (i = 0; i < 64; i++)
		lkb_str_add(&source, "};");
	lkb_str_add(&source, "};");
	{
		autotree t = compile(source.s, false);

		assert_int_equal(lkb_dtb_check(t.p, t.n, "x", &err), 0);
	}
	source.len -= 2;
	lkb_str_add(&source, "};");
	{
		lkb_autofree char *deeper = lkb_format("/dts-v1/;\n/ { n %s };",
						       strchr(source.s, '{'));
		autotree t = compile(deeper, false);

		assert_int_equal(lkb_dtb_check(t.p, t.n, "x", &err), -1);
		assert_string_equal(err.message,
				    "device tree 'x' is nested deeper than 64 nodes");
	}
}

static void test_trailing_bytes_mean_nothing(void **state)
{
	autotree t = compile(base_source, false);
	lkb_autofree char *longer = lkb_alloc(t.n + 100);
	struct lkb_error err = {0};

	memcpy(longer, t.p, t.n);
	assert_int_equal(lkb_dtb_check(longer, t.n + 100, "x", &err), 0);
}

/* libfdt adds the length of a property as a signed number: -12 bytes bring it back to where it
 * was. */
static void test_properties_of_less_than_no_bytes(void **state)
{
	autotree t = compile("/dts-v1/;\n/ { a = <1>; b = <2>; };\n", false);
	uint32_t structure = lkb_get_be32(t.p + 8), length;
	struct lkb_error err = {0};

	/* FDT_BEGIN_NODE, the root's name, FDT_PROP, and there it is. */
	char *first = t.p + structure + 12;

	assert_int_equal(lkb_get_be32(first), 4);
	for (length = 0xffffffff; length > 0xffffffc0; length--) {
		lkb_put_be32(first, length);
		assert_int_equal(lkb_dtb_check(t.p, t.n, "x", &err), -1);
		assert_string_equal(err.message, "'x' is a damaged device tree (nodes)");
	}
}

/* Many properties may have names that end at one NUL far away. */
static void test_names_without_an_end(void **state)
{
	lkb_autofree char *name = lkb_format("%0255d", 0);
	lkb_autofree char *good = lkb_format("/dts-v1/;\n/ { a%s; };", name + 1);
	lkb_autofree char *bad = lkb_format("/dts-v1/;\n/ { a%s; };", name);
	autotree t = compile(good, false), longer = compile(bad, false);
	struct lkb_error err = {0};

	assert_int_equal(lkb_dtb_check(t.p, t.n, "x", &err), 0);
	assert_int_equal(lkb_dtb_check(longer.p, longer.n, "x", &err), -1);
	assert_string_equal(err.message, "'x' is a damaged device tree (nodes)");
}

/* libfdt moves all that is behind a property for each one that it adds: so many would take it
 * minutes. */
static void test_an_overlay_that_holds_too_much(void **state)
{
	autotree b = compile(base_source, true);
	lkb_autostr source = {0};

	lkb_str_add(&source, "/dts-v1/;\n/ { fragment@0 { target-path = \"/\"; __overlay__ {");
	for (int i = 0; i < 20000; i++)
		lkb_str_addf(&source, " p%d;", i);
	lkb_str_add(&source, " }; }; };");
	assert_refused(&b, source.s, "overlay 'o.dtbo' holds too much to be applied: 20004 nodes, "
		       "properties and places to mend", "divide it into several overlays");
}

/* Whatever a tree was cut or changed to, it is checked and used without harm: the sanitizers and
 * the exact sizes of the buffers are the judges. */
static void use(const char *p, size_t n, const struct tree *base, const struct tree *o)
{
	lkb_autofree char *exact = lkb_memdup(p, n);
	struct tree as_is = {exact, n};
	struct lkb_error err = {0};
	lkb_autostr text = {0};
	autotree one = {0}, two = {0};

	if (!lkb_dtb_print(exact, n, "x", &text, &err))
		assert_int_equal(lkb_dtb_check(exact, n, "x", &err), 0);
	overlay(&as_is, o, &one, &err);
	overlay(base, &as_is, &two, &err);
}

static void test_truncated_trees(void **state)
{
	autotree base = compile(base_source, true), o = compile(label_overlay, true);
	struct lkb_error err = {0};
	size_t n;

	for (n = 0; n < base.n; n += 8) {
		assert_int_equal(lkb_dtb_check(base.p, n, "x", &err), -1);
		use(base.p, n, &base, &o);
	}
	for (n = 0; n < o.n; n += 8)
		use(o.p, n, &base, &o);
}

static void flip_every_bit(const struct tree *t, const struct tree *base, const struct tree *o)
{
	lkb_autofree char *changed = lkb_memdup(t->p, t->n);
	size_t i;

	for (i = 0; i < 8 * t->n; i++) {
		changed[i / 8] ^= (char)(1 << i % 8);
		use(changed, t->n, base, o);
		changed[i / 8] ^= (char)(1 << i % 8);
	}
}

static void test_flipped_bits(void **state)
{
	autotree base = compile(base_source, true), o = compile(label_overlay, true);
	autotree by_path = compile(path_overlay, true);

	flip_every_bit(&base, &base, &o);
	flip_every_bit(&o, &base, &o);
	flip_every_bit(&by_path, &base, &o);
}

static void test_print_reads_back_as_the_same_tree(void **state)
{
	const char *const sources[] = {base_source, path_overlay, label_overlay};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(sources); i++) {
		autotree t = compile(sources[i], true), back = {0};
		lkb_autofree char *before = sorted(&t), *after = NULL;
		struct lkb_error err = {0};
		lkb_autostr text = {0};

		assert_int_equal(lkb_dtb_print(t.p, t.n, "x", &text, &err), 0);
		back = compile(text.s, false);
		after = sorted(&back);
		assert_string_equal(before, after);
	}
}

static void test_print(void **state)
{
	autotree t = compile("/dts-v1/;\n/memreserve/ 0x10 0x20;\n/ { a = \"x\", \"y\\\"\"; "
			     "b = <1 0xabc>; c = [01 02]; d; n@1 { e = \"\"; }; };\n", false);
	struct lkb_error err = {0};
	lkb_autostr text = {0};

	assert_int_equal(lkb_dtb_print(t.p, t.n, "x", &text, &err), 0);
	assert_string_equal(text.s, "/dts-v1/;\n\n/memreserve/ 0x10 0x20;\n/ {\n"
				    "\ta = \"x\", \"y\\\"\";\n\tb = <0x1 0xabc>;\n"
				    "\tc = [01 02];\n\td;\n"
				    "\n\tn@1 {\n\t\te = [00];\n\t};\n};\n");
}

static int setup(void **state)
{
	struct lkb_error err = {0};

	if (!have("dtc")) {
		print_message("dtc is not installed: no device tree to test with\n");
		return -1;
	}
	return lkb_tmpdir_make(&dir, &err);
}

static int teardown(void **state)
{
	lkb_tmpdir_clear(&dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_overlay_by_path_works_on_any_base),
		cmocka_unit_test(test_an_overlay_by_label_works_on_a_base_with_symbols),
		cmocka_unit_test(test_an_overlay_can_use_what_another_brought),
		cmocka_unit_test(test_a_label_on_a_base_without_symbols),
		cmocka_unit_test(test_overlays_that_do_not_fit),
		cmocka_unit_test(test_fixups_that_lead_astray),
		cmocka_unit_test(test_not_a_tree),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_nested_too_deeply),
		cmocka_unit_test(test_trailing_bytes_mean_nothing),
		cmocka_unit_test(test_properties_of_less_than_no_bytes),
		cmocka_unit_test(test_names_without_an_end),
		cmocka_unit_test(test_an_overlay_that_holds_too_much),
		cmocka_unit_test(test_truncated_trees),
		cmocka_unit_test(test_flipped_bits),
		cmocka_unit_test(test_print_reads_back_as_the_same_tree),
		cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
