/* SPDX-License-Identifier: Apache-2.0 */
/* newc archives for the kernel. GNU cpio and bsdtar are the judges. */
#include "tests/unit/tree_util.h"

#include <fcntl.h>

#include "rootfs/tree/cpio.h"

#define EPOCH 1700000000

static struct lkb_tree *sample(void)
{
	struct lkb_meta m = { .mode = 0644, .uid = 10, .gid = 20, .mtime = 1000000000 };
	struct lkb_tree *t = lkb_tree_new();

	assert_done(lkb_tree_add_text(t, "init", &m, "hello", 5, &err));
	assert_done(lkb_tree_add_text(t, "usr/bin/a", &m, "linked", 6, &err));
	assert_done(lkb_tree_add_link(t, "usr/bin/b", "usr/bin/a", &err));
	assert_done(lkb_tree_add_link(t, "c", "usr/bin/a", &err));
	assert_done(lkb_tree_add_symlink(t, "bin", &m, "usr/bin", NULL, &err));
	assert_done(lkb_tree_add_link(t, "bin2", "bin", &err));
	m.mtime = INT64_MAX;
	assert_done(lkb_tree_add_text(t, "empty", &m, "", 0, &err));
	m = (struct lkb_meta){ .mode = 0600, .mtime = -1 };
	assert_done(lkb_tree_add_special(t, "dev/console", &m, LKB_NODE_CHAR, 5, 1, NULL, &err));
	assert_done(lkb_tree_add_special(t, "dev/sda", &m, LKB_NODE_BLOCK, 8, 0, NULL, &err));
	assert_done(lkb_tree_add_special(t, "dev/pipe", &m, LKB_NODE_FIFO, 0, 0, NULL, &err));
	return t;
}

static void cpio_of(const struct lkb_inode *root, struct lkb_str *ret)
{
	ret->len = 0;
	assert_done(lkb_cpio_write(root, EPOCH, sink_to_str, ret, NULL, &err));
}

/* Field k of the thirteen in the header at off. */
static uint32_t field(const struct lkb_str *s, size_t off, int k)
{
	char text[9] = "";

	memcpy(text, s->s + off + 6 + 8 * k, 8);
	return (uint32_t)strtoul(text, NULL, 16);
}

/* "NAME ino mode nlink mtime size" for each entry. */
static char *headers(const struct lkb_str *s)
{
	lkb_autostr out = { 0 };
	size_t off = 0;

	for (;;) {
		uint32_t size = field(s, off, 6), name_size = field(s, off, 11);
		const char *name = s->s + off + 110;

		assert_memory_equal(s->s + off, "070701", 6);
		assert_int_equal(strlen(name) + 1, name_size);
		assert_int_equal(field(s, off, 7) | field(s, off, 8) | field(s, off, 12), 0);
		lkb_str_addf(&out, "%s %u %o %u %u %u\n", name, field(s, off, 0), field(s, off, 1),
			     field(s, off, 4), field(s, off, 5), size);
		if (!strcmp(name, "TRAILER!!!"))
			return lkb_str_take(&out);
		off = (off + 110 + name_size + 3) / 4 * 4;
		off = (off + size + 3) / 4 * 4;
	}
}

static void the_headers_are_what_the_kernel_wants(void **state)
{
	lkb_auto(lkb_tree) t = sample();
	lkb_autostr cpio = { 0 };
	lkb_autofree char *got = NULL;

	cpio_of(lkb_tree_root(t), &cpio);
	assert_int_equal(cpio.len % 512, 0);
	got = headers(&cpio);
	assert_string_equal(got, ". 1 40755 2 0 0\n"
			    "bin 2 120644 1 1000000000 7\n"
			    "bin2 3 120644 1 1000000000 7\n"
			    "c 4 100644 3 1000000000 0\n"
			    "dev 5 40755 2 0 0\n"
			    "dev/console 6 20600 1 0 0\n"
			    "dev/pipe 7 10600 1 0 0\n"
			    "dev/sda 8 60600 1 0 0\n"
			    "empty 9 100644 1 1700000000 0\n"
			    "init 10 100644 1 1000000000 5\n"
			    "usr 11 40755 2 0 0\n"
			    "usr/bin 12 40755 2 0 0\n"
			    "usr/bin/a 4 100644 3 1000000000 0\n"
			    "usr/bin/b 4 100644 3 1000000000 6\n"
			    "TRAILER!!! 0 0 1 0 0\n");
}

static void a_part_of_a_tree_counts_only_its_own_names(void **state)
{
	lkb_auto(lkb_tree) t = sample();
	lkb_autostr cpio = { 0 };
	lkb_autofree char *got = NULL;

	cpio_of(lkb_tree_lookup(t, "usr/bin", false), &cpio);
	got = headers(&cpio);
	assert_string_equal(got, ". 1 40755 2 0 0\na 2 100644 2 1000000000 0\n"
			    "b 2 100644 2 1000000000 6\nTRAILER!!! 0 0 1 0 0\n");
}

static void golden_bytes(void **state)
{
	lkb_auto(lkb_tree) t = sample();
	lkb_autostr cpio = { 0 };

	cpio_of(lkb_tree_root(t), &cpio);
	assert_sha256(cpio.s, cpio.len,
		      "858d6b914a1ccad9c3d3b056780746b7facb38d3e479b964f201f712a58bd82b");
}

static void the_order_of_adding_makes_no_difference(void **state)
{
	static const char *const names[] = { "a/x", "a/y", "b", "c/d/e" };
	struct lkb_meta m = { .mode = 0644 };
	lkb_auto(lkb_tree) forwards = lkb_tree_new();
	lkb_auto(lkb_tree) backwards = lkb_tree_new();
	lkb_autostr one = { 0 };
	lkb_autostr two = { 0 };

	for (size_t i = 0; i < 4; i++) {
		assert_done(lkb_tree_add_text(forwards, names[i], &m, names[i], 1, &err));
		assert_done(lkb_tree_add_text(backwards, names[3 - i], &m, names[3 - i], 1, &err));
	}
	assert_done(lkb_tree_add_link(forwards, "z", "b", &err));
	assert_done(lkb_tree_add_link(backwards, "z", "b", &err));
	cpio_of(lkb_tree_root(forwards), &one);
	cpio_of(lkb_tree_root(backwards), &two);
	assert_int_equal(one.len, two.len);
	assert_memory_equal(one.s, two.s, one.len);
}

static void what_newc_cannot_hold(void **state)
{
	struct lkb_meta m = { .mode = 0644 };
	lkb_auto(lkb_tree) t = lkb_tree_new();
	lkb_autostr cpio = { 0 };
	lkb_auto(lkb_blob) huge = NULL;
	lkb_autotmpdir dir = { 0 };
	lkb_autofree char *path = NULL;
	lkb_autofd fd = -1;
	struct lkb_data d;
	uint64_t lost = 0;

	lkb_tree_set_xattr(t, lkb_tree_root(t), "user.a", "1", 1);
	assert_done(lkb_tree_add_text(t, "f", &m, "", 0, &err));
	assert_done(lkb_tree_add_link(t, "g", "f", &err));
	lkb_tree_set_xattr(t, lkb_tree_lookup(t, "f", false), "user.a", "1", 1);
	lkb_tree_set_xattr(t, lkb_tree_lookup(t, "f", false), "user.b", "1", 1);
	assert_done(lkb_cpio_write(lkb_tree_root(t), 0, sink_to_str, &cpio, &lost, &err));
	assert_int_equal(lost, 3);

	cpio.len = 0;
	assert_done(lkb_tree_add_text(t, "d/TRAILER!!!", &m, "", 0, &err));
	cpio_of(lkb_tree_root(t), &cpio);
	assert_done(lkb_tree_add_text(t, "TRAILER!!!", &m, "", 0, &err));
	cpio.len = 0;
	assert_fault(lkb_cpio_write(lkb_tree_root(t), 0, sink_to_str, &cpio, NULL, &err), LKB_INPUT,
		     "would end the cpio archive");
	assert_true(lkb_tree_remove(t, "TRAILER!!!"));

	assert_done(lkb_tmpdir_make(&dir, &err));
	path = lkb_format("%s/huge", dir.path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, (off_t)1 << 32), 0);
	huge = lkb_blob_new_fd(lkb_steal_fd(&fd), (uint64_t)1 << 32, "huge");
	d = data_of(huge);
	assert_done(lkb_tree_add_file(t, "z", &m, &d, NULL, &err));
	assert_fault(lkb_cpio_write(lkb_tree_root(t), 0, sink_to_str, &cpio, NULL, &err), LKB_INPUT,
		     "file 'z' has 4294967296 bytes, but cpio ends below 4 GiB");
	assert_int_equal(cpio.len, 0); /* told before the first byte */
}

static void others_read_it(void **state)
{
	static const char want[] = "crw------- 1 0 0 5, 1 Jan 1 1970 dev/console\n"
				   "brw------- 1 0 0 8, 0 Jan 1 1970 dev/sda\n";
	lkb_auto(lkb_tree) t = sample();
	lkb_autotmpdir dir = { 0 };
	lkb_autofree char *path = NULL;
	lkb_autostr cpio = { 0 };
	lkb_autostr out = { 0 };

	cpio_of(lkb_tree_root(t), &cpio);
	assert_done(lkb_tmpdir_make(&dir, &err));
	path = lkb_format("%s/c", dir.path);
	assert_done(lkb_write_file(path, cpio.s, cpio.len, 0644, &err));
	if (have("cpio")) {
		assert_done(shell(dir.path, "cpio -itvn --quiet <c | tr -s ' ' | grep dev/[cs]",
				  &out, &err));
		assert_string_equal(out.s, want);
		lkb_str_clear(&out);
		assert_done(shell(dir.path, "mkdir x; cd x; cpio -idm --quiet --no-preserve-owner"
				  " -f 'dev/[cs]*' <../c; cat init c usr/bin/a usr/bin/b;"
				  "test c -ef usr/bin/a; test c -ef usr/bin/b; readlink bin bin2;"
				  "stat -c %Y init; test -p dev/pipe", &out, &err));
		assert_string_equal(out.s, "hellolinkedlinkedlinkedusr/bin\nusr/bin\n1000000000\n");
	}
	if (have("bsdtar")) {
		lkb_str_clear(&out);
		assert_done(shell(dir.path, "bsdtar -tf c | tr '\\n' ' '", &out, &err));
		assert_string_equal(out.s, ". bin bin2 c dev dev/console dev/pipe dev/sda empty "
				    "init usr usr/bin usr/bin/a usr/bin/b ");
	}
}

/* Parts */

/* Those whose source is the one in ctx. */
static bool has_source(void *ctx, const struct lkb_inode *inode)
{
	return inode->source && !strcmp(inode->source, ctx);
}

static struct lkb_tree *two_sources(void)
{
	struct lkb_meta m = { .mode = 0644, .mtime = 1000000000 }, dir = { .mode = 0711 };
	struct lkb_tree *t = lkb_tree_new();

	lkb_tree_set_source(t, "one");
	assert_done(lkb_tree_add_dir(t, "usr", &dir, NULL, &err));
	assert_done(lkb_tree_add_text(t, "usr/lib/a", &m, "a", 1, &err));
	assert_done(lkb_tree_add_link(t, "usr/lib/z", "usr/lib/a", &err));
	lkb_tree_set_source(t, "two");
	assert_done(lkb_tree_add_text(t, "usr/lib/b", &m, "b", 1, &err));
	assert_done(lkb_tree_add_text(t, "usr/lib/deep/er/c", &m, "c", 1, &err));
	assert_done(lkb_tree_add_dir(t, "usr/lib/empty", &dir, NULL, &err));
	return t;
}

static char *names_of_part(struct lkb_tree *t, const char *source)
{
	struct lkb_cpio_part part = { has_source, (void *)source };
	lkb_autostr cpio = { 0 }, names = { 0 };
	lkb_autofree char *text = NULL;

	assert_done(lkb_cpio_write_part(lkb_tree_root(t), EPOCH, &part, sink_to_str, &cpio, &err));
	text = headers(&cpio);
	for (char *line = text, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		lkb_str_addf(&names, "%.*s ", (int)strcspn(line, " "), line);
	}
	return lkb_str_take(&names);
}

static void a_part_brings_the_way_to_what_is_in_it(void **state)
{
	lkb_auto(lkb_tree) t = two_sources();
	lkb_autofree char *one = names_of_part(t, "one"), *two = names_of_part(t, "two");
	lkb_autofree char *none = names_of_part(t, "three");

	assert_string_equal(one, ". usr usr/lib usr/lib/a usr/lib/z TRAILER!!! ");
	assert_string_equal(two, ". usr usr/lib usr/lib/b usr/lib/deep usr/lib/deep/er "
			    "usr/lib/deep/er/c usr/lib/empty TRAILER!!! ");
	assert_string_equal(none, "TRAILER!!! ");
}

static struct lkb_sha256 digest_of_part(struct lkb_tree *t, const char *source)
{
	struct lkb_cpio_part part = { has_source, (void *)source };
	struct lkb_sha256 digest;

	assert_done(lkb_cpio_part_digest(lkb_tree_root(t), EPOCH, &part, &digest, &err));
	return digest;
}

/* Each change of what is in a part, or of the way to it, is another digest; other parts keep theirs. */
static void a_digest_of_a_part_sees_every_change_of_it(void **state)
{
	static const struct {
		const char *path, *text;
		uint32_t mode;
		bool one, two; /* changed */
	} table[] = {
		{ "usr/lib/a", "A", 0644, true, false },
		{ "usr/lib/b", "b", 0600, false, true },
		{ "usr/lib/b", "B", 0644, false, true },
		{ "usr/lib/new", "", 0644, false, true },
		{ "usr/lib", NULL, 0700, true, true },
		{ "usr/lib/empty", NULL, 0700, false, true },
	};
	lkb_auto(lkb_tree) t = two_sources();
	struct lkb_sha256 one = digest_of_part(t, "one"), two = digest_of_part(t, "two");

	assert_false(lkb_sha256_equal(&one, &two));
	for (size_t i = 0; i < LKB_ARRAY_SIZE(table); i++) {
		lkb_auto(lkb_tree) changed = two_sources();
		struct lkb_meta m = { .mode = table[i].mode, .mtime = 1000000000 };
		struct lkb_inode *node = lkb_tree_lookup(changed, table[i].path, false);
		struct lkb_sha256 one2, two2;

		lkb_tree_set_source(changed, node ? node->source : "two");
		if (table[i].text)
			assert_done(lkb_tree_add_text(changed, table[i].path, &m, table[i].text,
						      strlen(table[i].text), &err));
		else
			assert_done(lkb_tree_add_dir(changed, table[i].path, &m, NULL, &err));
		one2 = digest_of_part(changed, "one");
		two2 = digest_of_part(changed, "two");
		/* The first row replaces one of two names, and both keep their source. */
		assert_int_equal(lkb_sha256_equal(&one, &one2), !table[i].one);
		assert_int_equal(lkb_sha256_equal(&two, &two2), !table[i].two);
	}
}

/* A blob whose digest is known is not read: its name, and which of its bytes, say what is in it. */
static void known_blobs_are_not_read(void **state)
{
	struct lkb_meta m = { .mode = 0644 };
	struct lkb_sha256 digests[3], known = lkb_sha256("known", 5), other = lkb_sha256("o", 1);

	for (int i = 0; i < 3; i++) {
		lkb_auto(lkb_tree) t = lkb_tree_new();
		int fd = open("/dev/null", O_RDONLY); /* whoever reads finds nothing */
		lkb_auto(lkb_blob) blob = lkb_blob_new_fd(fd, 100, "none");
		struct lkb_data data = { blob, i == 1 ? 8 : 0, 50 };

		lkb_blob_set_digest(blob, i == 2 ? &other : &known);
		lkb_tree_set_source(t, "one");
		assert_done(lkb_tree_add_file(t, "a", &m, &data, NULL, &err));
		digests[i] = digest_of_part(t, "one");
		for (int k = 0; k < i; k++)
			assert_false(lkb_sha256_equal(&digests[k], &digests[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_headers_are_what_the_kernel_wants),
		cmocka_unit_test(a_part_of_a_tree_counts_only_its_own_names),
		cmocka_unit_test(golden_bytes),
		cmocka_unit_test(the_order_of_adding_makes_no_difference),
		cmocka_unit_test(what_newc_cannot_hold),
		cmocka_unit_test(others_read_it),
		cmocka_unit_test(a_part_brings_the_way_to_what_is_in_it),
		cmocka_unit_test(a_digest_of_a_part_sees_every_change_of_it),
		cmocka_unit_test(known_blobs_are_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
