/* SPDX-License-Identifier: Apache-2.0 */
/* An archive that is cut off anywhere, and one with more sparse files than a process has
 * descriptors. */
#include "tests/unit/tree_util.h"

#include <dirent.h>

#include "base/alloc.h"

#define PAX "15 path=x/long\n22 SCHILY.xattr.a=bcd\n"

/* An archive in pieces of one block. An archive may end behind an entry whose data are whole, with
 * their last padding or without; nowhere else. */
struct piece {
	char type; /* of a header; ' ' = the block's data, '.' = a block of zeros */
	const char *text;
	bool may_end_behind;
};

static const struct piece pieces[] = {
	{ '5', "d/", true },
	{ '0', "d/file", false }, /* of 512 + 88 bytes */
	{ ' ', "", false },
	{ ' ', "", true },
	{ 'x', "pax", false },
	{ ' ', PAX, false },
	{ '2', "short", true },
	{ 'L', "././@LongLink", false },
	{ ' ', "another/long/name", false },
	{ '6', "fifo", true },
	{ 'g', "global", false },
	{ ' ', "8 uid=7\n", true },
	{ 'V', "volume", true },
	{ '1', "hard", true },
	{ '3', "null", true },
	{ '.', "", true },
	{ '.', "", true },
};

static size_t size_of(const struct piece *p)
{
	return p->type == '0' ? 600 : strchr("xLg", p->type) ? strlen(p[1].text) : 0;
}

static void add_piece(struct lkb_str *tar, const struct piece *p)
{
	char block[512] = "";

	if (p->type == ' ' || p->type == '.') {
		memcpy(block, p->text, strlen(p->text));
		lkb_str_addn(tar, block, sizeof(block));
		return;
	}
	tar_add(tar, p->type, p->text, p->type == '1' || p->type == '2' ? "d/file" : "", "", 0);
	put_octal(tar->s + tar->len - 512 + 124, 12, size_of(p));
	tar_seal(tar->s + tar->len - 512);
}

/* As a plain archive and as a layer, which must not have changed anything when it is refused. */
static bool accepted(const char *p, size_t n)
{
	lkb_auto(lkb_blob) blob = lkb_blob_new_mem(p, n);
	lkb_auto(lkb_tree) plain = lkb_tree_new();
	lkb_auto(lkb_tree) layered = lkb_tree_new();
	struct lkb_data d = data_of(blob);
	struct lkb_error err = { 0 };
	bool good = lkb_tar_to_tree(&d, plain, "", &err) == 0;

	assert_int_equal(lkb_tar_apply_layer(&d, layered, NULL), good ? 0 : -1);
	if (!good) {
		assert_int_equal(err.kind, LKB_INPUT);
		assert_non_null(strstr(err.message, "the archive ends early"));
		assert_int_equal(lkb_tree_root(layered)->n_entries, 0);
	}
	return good;
}

static void at_every_block(void **state)
{
	lkb_autostr tar = { 0 };

	assert_true(accepted("", 0));
	for (size_t i = 0; i < LKB_ARRAY_SIZE(pieces); i++) {
		add_piece(&tar, &pieces[i]);
		if (accepted(tar.s, tar.len) != pieces[i].may_end_behind)
			fail_msg("cut behind piece %zu, '%s'", i, pieces[i].text);
	}
}

/* Inside a block it is cut off, but where only padding is missing or behind the first zeros. */
static void inside_every_block(void **state)
{
	lkb_autostr tar = { 0 };

	for (size_t i = 0; i < LKB_ARRAY_SIZE(pieces) - 1; i++) {
		size_t before = tar.len;
		bool data = pieces[i].type == ' ' && pieces[i].may_end_behind;
		size_t used = !data ? 512 : *pieces[i].text ? strlen(pieces[i].text) : 600 - 512;

		add_piece(&tar, &pieces[i]);
		for (size_t n = 1; n < 512; n++)
			if (accepted(tar.s, before + n) != (n >= used))
				fail_msg("cut %zu bytes into piece %zu", n, i);
	}
}

static size_t open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* Each holds two bytes and a hole. All live in one temporary file. */
static void thousands_of_sparse_files_take_one_descriptor(void **state)
{
	static const char pax[] = "22 GNU.sparse.size=99\n27 GNU.sparse.map=0,1,98,1\n";
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_auto(lkb_blob) blob = NULL;
	lkb_autofree char *text = NULL;
	size_t before = open_descriptors(), n;
	lkb_autostr tar = { 0 };
	struct lkb_data d;

	for (unsigned i = 0; i < 5000; i++) {
		lkb_autofree char *name = lkb_format("f%u", i);
		char data[] = { 'a', (char)('0' + i % 10), '\0' };

		tar_add_text(&tar, 'x', "x", pax);
		tar_add_text(&tar, '0', name, data);
	}
	tar_end(&tar);
	blob = blob_of(&tar);
	d = data_of(blob);
	assert_done(lkb_tar_apply_layer(&d, t, &err));
	assert_int_equal(open_descriptors(), before + 1);
	d = lkb_tree_lookup(t, "f4321", false)->data;
	assert_done(lkb_data_read_all(&d, 99, &text, &n, &err));
	assert_int_equal(n, 99);
	assert_int_equal(text[0], 'a');
	assert_int_equal(text[1], 0);
	assert_int_equal(text[98], '1');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_every_block),
		cmocka_unit_test(inside_every_block),
		cmocka_unit_test(thousands_of_sparse_files_take_one_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
