/* SPDX-License-Identifier: Apache-2.0 */
/* inspect on files that were made to hurt: what it says is text, and it never reads too far. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/crc32.h"
#include "base/ext/compress.h"
#include "base/ext/json.h"
#include "base/proc.h"
#include "cmd/card.h"
#include "cmd/inspect.h"
#include "tests/unit/base_kit.h"

/* What the file holds, as `inspect` finds it; NULL kind = nothing that lkboard knows. */
static int inspect(const char *path, const char **ret_kind, json_t **ret)
{
	lkb_auto(lkb_blob) blob = NULL;
	size_t i;

	*ret_kind = NULL;
	OK(lkb_blob_open(path, &blob, &err));
	for (i = 0; lkb_inspect_kinds[i]; i++) {
		if (!lkb_inspect_kinds[i]->is(blob))
			continue;
		*ret_kind = lkb_inspect_kinds[i]->name;
		return lkb_inspect_kinds[i]->describe(path, blob, ret, &err);
	}
	return 0;
}

static json_t *inspect_as(const char *path, const char *kind)
{
	const char *is;
	json_t *what = NULL;

	OK(inspect(path, &is, &what));
	assert_non_null(is);
	assert_string_equal(is, kind);
	return what;
}

static void expect_fault(const char *path, const char *kind, const char *words)
{
	const char *is;
	json_t *what = NULL;

	FAILS(inspect(path, &is, &what), LKB_INPUT, words, "");
	assert_string_equal(is, kind);
	assert_null(what);
}

/* The text form has no byte that could steer a terminal, and JSON can hold all of it. */
static char *text_of(const json_t *what)
{
	lkb_autostr text = {0};
	lkb_autofree char *json = json_dumps(what, 0);
	size_t i;

	assert_non_null(json);
	lkb_inspect_text(what, &text);
	for (i = 0; i < text.len; i++)
		if ((unsigned char)text.s[i] < 0x20 && text.s[i] != '\n' && text.s[i] != '\t')
			fail_msg("byte %02x at %zu", text.s[i], i);
	return lkb_str_take(&text);
}

/* A block whose checksum is right, whatever it holds. */
static void seal(uint8_t block[LKB_ENV_SIZE])
{
	lkb_put_le32(block, lkb_crc32(0, block + 4, LKB_ENV_SIZE - 4));
}

static void a_record_is_shown(void **state)
{
	static const char strings[] = "seq=1\0slot=A\0bad\xff\x1b=\x1b[2J\0nothing\0=x";
	uint8_t block[LKB_ENV_SIZE] = {0};
	lkb_autojson what = NULL;
	lkb_autofree char *text = NULL;

	memcpy(block + 4, strings, sizeof(strings));
	seal(block);
	make_bytes(in_dir("record"), block, sizeof(block));
	what = inspect_as(in_dir("record"), "record");
	text = text_of(what);
	expect_words(text, "seq=1 slot=A bad\\xff\\x1b=\\x1b[2J =x");
}

/* A string that runs into the end of the block has no end: found under AddressSanitizer. */
static void a_block_without_an_end(void **state)
{
	uint8_t *block = lkb_alloc(LKB_ENV_SIZE);
	lkb_autojson what = NULL;
	lkb_autofree char *text = NULL;

	memset(block, '=', LKB_ENV_SIZE);
	memcpy(block + 4, "a=1", 4);
	seal(block);
	make_bytes(in_dir("record"), block, LKB_ENV_SIZE);
	free(block);
	what = inspect_as(in_dir("record"), "record");
	text = text_of(what);
	expect_words(text, "a=1\n");
}

#define CARD_SIZE ((off_t)16 << 20)

/* A card of zeros with an MBR and a trailer in the second partition. */
static void make_card(const struct lkb_mbr *mbr, const char *strings, size_t n, off_t trailer)
{
	uint8_t sector[LKB_MBR_SIZE], block[LKB_ENV_SIZE] = {0};
	int fd = open(in_dir("card"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	memcpy(block + 4, strings, n);
	seal(block);
	lkb_mbr_build(mbr, sector);
	assert_int_equal(ftruncate(fd, CARD_SIZE), 0);
	assert_int_equal(pwrite(fd, sector, sizeof(sector), 0), sizeof(sector));
	assert_int_equal(pwrite(fd, block, sizeof(block), trailer), sizeof(block));
	close(fd);
}

static void a_card_is_shown_whatever_its_board_is_called(void **state)
{
	static const char strings[] = "t_board=\xff\x1b[31mred\0t_version=1\0";
	const struct lkb_mbr mbr = {
		.signature = 0x12345678,
		.entries = {{0x0c, true, 2048, 2048}, {0x83, false, 20480, 2048},
			    {0x83, false, UINT32_MAX, UINT32_MAX}, {0x83, false, 0, 0}},
	};
	lkb_autojson what = NULL;
	lkb_autofree char *text = NULL;

	make_card(&mbr, strings, sizeof(strings), (20480 + 2048) * 512 - 4096);
	what = inspect_as(in_dir("card"), "card image");
	text = text_of(what);
	expect_words(text, "board: \\xff\\x1b[31mred\n");
	expect_words(text, "signature: 12345678\n");
	/* The sums of a hostile table do not wrap. */
	expect_words(text, "number=3 type=0x83 offset=2199023255040 size=2199023255040");
	expect_words(text, "t_version=1");
	expect_words(text, "valid=no");
}

static void cards_that_are_none(void **state)
{
	static const char strings[] = "t_version=1\0";
	const struct lkb_mbr mbr = {.entries = {{0x0c, true, 2048, 2048}, {0x83, false, 2048, 7}}};
	const struct lkb_mbr far = {.entries = {{0}, {0x83, false, UINT32_MAX, UINT32_MAX},
						{0x83, false, UINT32_MAX - 7, 7}}};
	const struct lkb_mbr empty = {0};

	make_card(&mbr, strings, sizeof(strings), (2048 + 7) * 512 - 4096);
	expect_fault(in_dir("card"), "card image", "has no slot that lkboard made");
	make_card(&far, strings, sizeof(strings), 4096);
	expect_fault(in_dir("card"), "card image", "has no slot that lkboard made");
	make_card(&empty, strings, sizeof(strings), 4096);
	expect_fault(in_dir("card"), "card image", "has no slot that lkboard made");
}

static void make_script(size_t size, uint32_t len)
{
	uint8_t bytes[256] = {0};

	lkb_put_be32(bytes, 0x27051956);
	bytes[30] = 6;
	lkb_put_be32(bytes + 64, len);
	memcpy(bytes + 72, "echo hi\n\x1b[2J\xff\0x", 15);
	make_bytes(in_dir("boot.scr"), bytes, size);
}

static void a_script_is_shown_as_long_as_it_says(void **state)
{
	lkb_autojson what = NULL;
	lkb_autojson empty = NULL;
	json_t *none = NULL;
	lkb_autofree char *text = NULL;
	const char *kind;

	make_script(256, 15);
	what = inspect_as(in_dir("boot.scr"), "boot script");
	text = text_of(what);
	expect_words(text, "\necho hi\n\\x1b[2J\\xff\\x00x");
	make_script(73, 0);
	empty = inspect_as(in_dir("boot.scr"), "boot script");
	make_script(256, 185);
	expect_fault(in_dir("boot.scr"), "boot script", "is cut short");
	make_script(73, UINT32_MAX);
	expect_fault(in_dir("boot.scr"), "boot script", "is cut short");
	make_script(72, 0); /* no room for a script at all */
	OK(inspect(in_dir("boot.scr"), &kind, &none));
	assert_null(kind);
}

/* One entry of a newc archive; the caller pads what stands before it. */
static void add_entry(struct lkb_str *s, const char *name, size_t name_size, uint32_t size,
		      const char *data)
{
	lkb_str_addf(s, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1, 0100644, 0,
		     0, 1, 0, size, 0, 0, 0, 0, (unsigned)name_size, 0);
	lkb_str_addn(s, name, name_size);
	while (s->len % 4)
		lkb_str_addc(s, '\0');
	lkb_str_addn(s, data, strlen(data));
	while (s->len % 4)
		lkb_str_addc(s, '\0');
}

static void add_archive(struct lkb_str *s, const char *name)
{
	add_entry(s, name, strlen(name) + 1, 5, "hello");
	add_entry(s, "empty", 6, 0, "");
	add_entry(s, "TRAILER!!!", 11, 0, "");
	while (s->len % 512)
		lkb_str_addc(s, '\0');
}

static int append(void *ctx, const void *p, size_t n, struct lkb_error *why)
{
	lkb_str_addn(ctx, p, n);
	return 0;
}

static void add_packed(struct lkb_str *s, enum lkb_compression c, const struct lkb_str *plain)
{
	lkb_auto(lkb_deflate) z = lkb_deflate_new(c, 1, append, s);

	OK(lkb_deflate_feed(z, plain->s, plain->len, &err));
	OK(lkb_deflate_end(z, &err));
}

/* The paths of all entries, a blank between. */
static void expect_initrd(const struct lkb_str *s, const char *compression, int archives,
			  const char *paths)
{
	lkb_autojson what = NULL;
	lkb_autofree char *text = NULL;
	lkb_autostr is = {0};
	json_t *item;
	size_t i;

	make_bytes(in_dir("initrd"), s->s, s->len);
	what = inspect_as(in_dir("initrd"), "initrd");
	text = text_of(what);
	json_array_foreach(json_object_get(what, "entries"), i, item)
		lkb_str_addf(&is, "%s%s", i ? " " : "",
			     json_string_value(json_object_get(item, "path")));
	assert_string_equal(lkb_str_get(&is), paths);
	assert_string_equal(json_string_value(json_object_get(what, "compression")), compression);
	assert_int_equal(json_integer_value(json_object_get(what, "archives")), archives);
}

static void initrds_of_every_kind(void **state)
{
	lkb_autostr a = {0}, b = {0}, s = {0};

	add_archive(&a, "init");
	add_archive(&b, "second");
	expect_initrd(&a, "plain", 1, "init empty");
	add_packed(&s, LKB_ZSTD, &a);
	expect_initrd(&s, "zstd", 1, "init empty");
	add_packed(&s, LKB_ZSTD, &b); /* another frame */
	expect_initrd(&s, "zstd", 2, "init empty second empty");
	lkb_str_clear(&s);
	add_packed(&s, LKB_GZIP, &a);
	expect_initrd(&s, "gzip", 1, "init empty");
	/* Plain first, as microcode is, then compressed. */
	lkb_str_clear(&s);
	lkb_str_addn(&s, b.s, b.len);
	lkb_str_addn(&s, a.s, a.len);
	expect_initrd(&s, "plain", 2, "second empty init empty");
	add_packed(&s, LKB_GZIP, &a);
	expect_initrd(&s, "gzip", 3, "second empty init empty init empty");
}

static void names_in_an_initrd_are_shown(void **state)
{
	lkb_autostr s = {0};

	add_archive(&s, "a\xff\x1b[2J/\xc3\xa4");
	expect_initrd(&s, "plain", 1, "a\\xff\\x1b[2J/\xc3\xa4 empty");
}

static void expect_bad_initrd(const struct lkb_str *s, size_t n, const char *words)
{
	make_bytes(in_dir("initrd"), s->s, n);
	expect_fault(in_dir("initrd"), "initrd", words);
	expect_words(err.message, "is no initrd that can be read");
}

static void initrds_that_are_cut_or_lie(void **state)
{
	lkb_autostr a = {0}, s = {0}, packed = {0};
	size_t n;

	add_archive(&a, "init");
	for (n = 7; n < 350; n += 13)
		expect_bad_initrd(&a, n, "the archive ends early");
	lkb_str_addn(&s, a.s, a.len);
	lkb_str_add(&s, "what is this?");
	expect_bad_initrd(&s, s.len, "what starts at byte 512 is no archive");
	add_packed(&packed, LKB_GZIP, &s);
	expect_bad_initrd(&packed, packed.len,
			  "what starts at byte 512 of the unpacked data is no archive");
	lkb_str_clear(&packed);
	add_packed(&packed, LKB_GZIP, &a);
	expect_bad_initrd(&packed, packed.len - 9, "ends early");
	lkb_str_add(&packed, "garbage behind it");
	expect_bad_initrd(&packed, packed.len, "gzip");
	lkb_str_clear(&packed);
	add_packed(&packed, LKB_GZIP, &(struct lkb_str){.s = (char *)"not an archive", .len = 14});
	expect_bad_initrd(&packed, packed.len, "byte 0 of the unpacked data is no archive");

	lkb_str_clear(&s);
	add_entry(&s, "x", 2, 4000000000u, "short");
	expect_bad_initrd(&s, s.len, "the archive ends early");
	lkb_str_clear(&s);
	add_entry(&s, "x", 0, 0, "");
	expect_bad_initrd(&s, s.len, "the entry at byte 0 is malformed");
	memcpy(s.s + 94, "00001001", 8); /* a name of 4097 bytes */
	expect_bad_initrd(&s, s.len, "the entry at byte 0 is malformed");
	memcpy(s.s + 94, "0000000g", 8);
	expect_bad_initrd(&s, s.len, "the entry at byte 0 is malformed");
	s.s[101] = '\0';
	expect_bad_initrd(&s, s.len, "the entry at byte 0 is malformed");
	lkb_str_clear(&s);
	add_entry(&s, "x", 2, 0, "");
	lkb_str_add(&s, "0707020");
	lkb_str_addn(&s, a.s, a.len);
	expect_bad_initrd(&s, s.len, "is malformed");
}

/* GNU cpio agrees about what is in an archive that it made. */
static void gnu_cpio_is_read(void **state)
{
	const char *argv[] = {"sh", "-c", "mkdir t && cd t && echo x > a && ln a b && ln -s a c && "
			      "find . | LC_ALL=C sort | cpio -oH newc --quiet > ../out.cpio", NULL};
	lkb_autojson what = NULL;
	lkb_autofree char *text = NULL, *found = NULL;

	if (lkb_proc_find("cpio", "cpio", &found, &err)) {
		print_message("%s\n", err.message);
		skip();
	}
	OK(lkb_proc_run(&(struct lkb_proc){.argv = argv, .cwd = dir.path}, NULL, &err));
	what = inspect_as(in_dir("out.cpio"), "initrd");
	text = text_of(what);
	expect_words(text, "mode=120777 size=1 path=c\n");
	expect_words(text, "path=b\n");
}

static void what_nobody_knows(void **state)
{
	static const char *const rows[] = {"", "a", "07070", "plain text\n", "\x1f\x8b",
					   "lkboard-map"};
	const char *kind = "";
	json_t *what = NULL;
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(rows); i++) {
		make(in_dir("x"), rows[i]);
		OK(inspect(in_dir("x"), &kind, &what));
		assert_null(kind);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_record_is_shown),
		CASE(a_block_without_an_end),
		CASE(a_card_is_shown_whatever_its_board_is_called),
		CASE(cards_that_are_none),
		CASE(a_script_is_shown_as_long_as_it_says),
		CASE(initrds_of_every_kind),
		CASE(names_in_an_initrd_are_shown),
		CASE(initrds_that_are_cut_or_lie),
		CASE(gnu_cpio_is_read),
		CASE(what_nobody_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
