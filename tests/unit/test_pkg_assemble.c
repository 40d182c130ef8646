/* SPDX-License-Identifier: Apache-2.0 */
/* Files of packages that are joined, without packages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/size.h"
#include "rootfs/pkg/def_priv.h"
#include "rootfs/pkg/image_priv.h"

static const char text[] = "image: localhost/x:1\narchitectures: [arm64]\npackages: [aa, bb]\n"
			   "concat: [{path: all, from: \"etc/*\"}]\n";

/* A file of a package; its contents are taken over. */
static struct lkb_deb_entry file(const char *path, char *contents)
{
	struct lkb_deb_entry e = {.path = path, .type = LKB_NODE_FILE};

	e.data.len = strlen(contents);
	e.data.blob = lkb_blob_new_take(contents, e.data.len);
	return e;
}

static struct lkb_deb_entry link_to(const char *path, const char *first)
{
	return (struct lkb_deb_entry){.path = path, .type = LKB_NODE_FILE, .hardlink = first};
}

/* Two packages with two entries each are joined: what comes of it, or NULL with *err. */
static char *join(struct lkb_deb_entry a[2], struct lkb_deb_entry b[2], struct lkb_error *err)
{
	static const char *const names[] = {"aa", "bb"};
	const struct lkb_deb_files debs[] = {{.items = a, .n = 2}, {.items = b, .n = 2}};
	const struct lkb_pkg_inputs in = {0};
	lkb_auto(lkb_pkg) p = NULL;
	lkb_auto(lkb_tree) t = NULL;
	lkb_autodiags diags = {0};
	char *joined = NULL;
	size_t i, n;

	if (lkb_pkg_parse(text, strlen(text), "x.yml", &p, &diags, err))
		fail_msg("%s", err->message);
	if (!lkb_pkg_assemble(p, debs, names, 2, &in, 5, &t, err))
		assert_int_equal(lkb_data_read_all(&lkb_tree_lookup(t, "all", false)->data,
						   (size_t)32 << 20, &joined, &n, err), 0);
	for (i = 0; i < 4; i++)
		lkb_blob_unref((i < 2 ? a : b)[i % 2].data.blob);
	return joined;
}

static void hard_links_have_their_first_names_contents(void **state)
{
	struct lkb_deb_entry a[] = {file("etc/1", lkb_strdup("1\n")), link_to("etc/3", "etc/1")};
	struct lkb_deb_entry b[] = {file("etc/2", lkb_strdup("2\n")), file("x", lkb_strdup("x"))};
	struct lkb_deb_entry c[] = {link_to("etc/4", "usr/4"), file("x", lkb_strdup("x"))};
	struct lkb_deb_entry d[] = {file("y", lkb_strdup("y")), file("x", lkb_strdup("x"))};
	lkb_autofree char *joined = NULL;
	struct lkb_error err = {0};

	joined = join(a, b, &err);
	assert_string_equal(joined, "1\n2\n1\n");
	assert_null(join(c, d, &err));
	assert_string_equal(err.message, "concat[0]: 'etc/4' is a hard link to 'usr/4', which is "
					 "not kept");
	assert_int_equal(err.line, 4);
}

/* Not in whatever order a sort leaves equals in. */
static void a_path_of_two_packages_comes_in_the_packages_order(void **state)
{
	struct lkb_deb_entry a[] = {file("etc/same", lkb_strdup("a1")),
				    file("etc/same", lkb_strdup("a2"))};
	struct lkb_deb_entry b[] = {file("etc/same", lkb_strdup("b1")),
				    file("etc/first", lkb_strdup("b2"))};
	lkb_autofree char *joined = NULL;
	struct lkb_error err = {0};

	joined = join(a, b, &err);
	assert_string_equal(joined, "b2\na1\na2\nb1\n");
}

static char *letters(size_t n)
{
	char *s = lkb_alloc(n + 1);

	memset(s, 'x', n);
	return s;
}

static void what_is_joined_is_bounded(void **state)
{
	const size_t max = 16 * (size_t)LKB_MIB;
	struct lkb_deb_entry a[] = {file("etc/1", letters(max)), file("etc/2", letters(max))};
	struct lkb_deb_entry b[] = {file("x", lkb_strdup("x")), file("y", lkb_strdup("y"))};
	struct lkb_error err = {0};

	assert_null(join(a, b, &err));
	assert_string_equal(err.message, "concat[0]: what 'etc/*' matches is larger than 16.0 MiB");
	assert_int_equal(err.kind, LKB_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hard_links_have_their_first_names_contents),
		cmocka_unit_test(a_path_of_two_packages_comes_in_the_packages_order),
		cmocka_unit_test(what_is_joined_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
