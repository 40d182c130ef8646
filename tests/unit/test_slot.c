/* SPDX-License-Identifier: Apache-2.0 */
/* State records and trailers: round trips, mkenvimage as the other side, the choice between two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/crc32.h"
#include "base/file.h"
#include "base/proc.h"
#include "bootloader/slot/slot.h"

#define ROOT "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct lkb_record a_record(void)
{
	return (struct lkb_record){.seq = 0x1f, .slot = 'A', .good_a = true, .reason = "none"};
}

static void format_record(const struct lkb_record *r, uint8_t *block)
{
	struct lkb_error err = {0};

	if (lkb_record_format(r, block, &err))
		fail_msg("%s", err.message);
}

static void refresh_crc(uint8_t *block)
{
	lkb_put_le32(block, lkb_crc32(0, block + 4, LKB_ENV_SIZE - 4));
}

/* A block that holds `text`, lines for strings, with a right checksum. */
static void block_of(const char *text, uint8_t *block)
{
	size_t i;

	memset(block, 0, LKB_ENV_SIZE);
	for (i = 0; text[i]; i++)
		block[4 + i] = text[i] == '\n' ? 0 : (uint8_t)text[i];
	refresh_crc(block);
}

static void test_a_record_as_bytes(void **state)
{
	static const char want[] = "fails=0\0good_a=1\0good_b=0\0pending=B\0reason=kernel-B\0"
				   "seq=1f\0slot=A\0tries=a\0";
	struct lkb_record r = a_record();
	uint8_t block[LKB_ENV_SIZE];

	r.pending = 'B';
	r.tries = 10;
	memcpy(r.reason, "kernel-B", sizeof("kernel-B"));
	format_record(&r, block);
	assert_memory_equal(block + 4, want, sizeof(want));
	assert_true(lkb_is_zero(block + 4 + sizeof(want), LKB_ENV_SIZE - 4 - sizeof(want)));
}

static void assert_same_record(const struct lkb_record *a, const struct lkb_record *b)
{
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->slot, b->slot);
	assert_int_equal(a->pending, b->pending);
	assert_int_equal(a->tries, b->tries);
	assert_int_equal(a->fails, b->fails);
	assert_int_equal(a->good_a, b->good_a);
	assert_int_equal(a->good_b, b->good_b);
	assert_string_equal(a->reason, b->reason);
}

static void test_records_round_trip(void **state)
{
	static const struct lkb_record records[] = {
		{.seq = 0, .slot = 'A', .reason = "none"},
		{.seq = UINT32_MAX, .slot = 'B', .pending = 'A', .tries = UINT32_MAX,
		 .fails = UINT32_MAX, .good_a = true, .good_b = true,
		 .reason = "tries-exhausted-B"},
		{.seq = 7, .slot = 'B', .good_b = true,
		 .reason = "123456789012345678901234567890123456789012345678901234567890123"},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(records); i++) {
		struct lkb_record back = {0};
		uint8_t block[LKB_ENV_SIZE];

		format_record(&records[i], block);
		assert_true(lkb_record_parse(block, &back));
		assert_same_record(&records[i], &back);
	}
}

static void test_records_that_cannot_be_written(void **state)
{
	uint8_t block[LKB_ENV_SIZE] = {1}, before[LKB_ENV_SIZE] = {1};
	struct lkb_error err = {0};
	struct lkb_record r = a_record();

	r.slot = 'C';
	assert_int_equal(lkb_record_format(&r, block, &err), -1);
	assert_int_equal(err.kind, LKB_BUG);
	r = a_record();
	memcpy(r.reason, "two words", sizeof("two words"));
	assert_int_equal(lkb_record_format(&r, block, &err), -1);
	assert_string_equal(err.message, "'two words' is no reason for a state record");
	memset(r.reason, 'x', sizeof(r.reason));
	assert_int_equal(lkb_record_format(&r, block, &err), -1);
	assert_memory_equal(block, before, sizeof(block));
}

/* A single byte that is wrong anywhere makes the block no block. */
static void test_a_torn_block_is_none(void **state)
{
	struct lkb_record r = a_record(), back;
	uint8_t block[LKB_ENV_SIZE];
	size_t i;

	format_record(&r, block);
	assert_true(lkb_env_valid(block, LKB_ENV_SIZE));
	for (i = 0; i < LKB_ENV_SIZE; i++) {
		block[i] ^= 0x10;
		assert_false(lkb_env_valid(block, LKB_ENV_SIZE));
		assert_false(lkb_record_parse(block, &back));
		block[i] ^= 0x10;
	}
	for (i = 512; i < LKB_ENV_SIZE; i += 512) {
		uint8_t torn[LKB_ENV_SIZE];

		/* The rest of the sectors is what an erased card reads as. */
		memcpy(torn, block, sizeof(torn));
		memset(torn + i, 0xff, sizeof(torn) - i);
		assert_false(lkb_env_valid(torn, LKB_ENV_SIZE));
	}
	memset(block, 0, sizeof(block));
	assert_false(lkb_env_valid(block, LKB_ENV_SIZE));
	memset(block, 0xff, sizeof(block));
	assert_false(lkb_env_valid(block, LKB_ENV_SIZE));
}

static void test_blocks_that_are_no_records(void **state)
{
	static const char *const texts[] = {
		"",
		"seq=1\n",
		"slot=A\n",
		"seq=1\nslot=C\n",
		"seq=1\nslot=AB\n",
		"seq=1\nslot=\n",
		"seq=\nslot=A\n",
		"seq=0x1\nslot=A\n",
		"seq=1F\nslot=A\n",
		"seq=100000000\nslot=A\n",
		"seq=00000000000000001\nslot=A\n",
		"seq= 1\nslot=A\n",
		"seq=1\nslot=A\ntries=x\n",
		"seq=1\nslot=A\ngood_a=2\n",
		"seq=1\nslot=A\npending=C\n",
		"seq=1\nslot=A\npending=BB\n",
		"seq=1\nslot=A\nreason=a b\n",
		"seq=1\nslot=A\nreason=\n",
		"seq=1\n\nslot=A\n",
	};
	uint8_t block[LKB_ENV_SIZE];
	struct lkb_record r;
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(texts); i++) {
		block_of(texts[i], block);
		assert_true(lkb_env_valid(block, LKB_ENV_SIZE));
		if (lkb_record_parse(block, &r))
			fail_msg("taken for a record: %s", texts[i]);
	}
}

static void test_missing_and_foreign_keys(void **state)
{
	static const struct lkb_record want = {.seq = 5, .slot = 'B', .reason = "none"};
	uint8_t block[LKB_ENV_SIZE];
	struct lkb_record r = {0};

	block_of("bootcmd=reset\nseq=5\nslot=B\nzzz=1\n", block);
	assert_true(lkb_record_parse(block, &r));
	assert_same_record(&r, &want);
}

/* The last string of a block may run into its end: then it is no string. */
static void test_a_block_without_an_end(void **state)
{
	uint8_t block[LKB_ENV_SIZE];
	char buf[8];

	memset(block, 'x', sizeof(block));
	memcpy(block + 4, "a=1\0slot=", 9);
	refresh_crc(block);
	assert_true(lkb_env_valid(block, LKB_ENV_SIZE));
	assert_string_equal(lkb_env_get(block, LKB_ENV_SIZE, "a"), "1");
	assert_null(lkb_env_get(block, LKB_ENV_SIZE, "slot"));
	assert_false(lkb_env_copy(block, LKB_ENV_SIZE, "slot", buf, sizeof(buf)));
}

static void test_which_record_is_in_force(void **state)
{
	/* "seq slot", "-" is a torn record, "0" an empty one. */
	static const struct {
		const char *text[2];
		int want;
		char slot;
	} cases[] = {
		{{"seq=1\nslot=A\n", "seq=2\nslot=B\n"}, 1, 'B'},
		{{"seq=2\nslot=A\n", "seq=1\nslot=B\n"}, 0, 'A'},
		{{"seq=1\nslot=A\n", "seq=1\nslot=B\n"}, 0, 'A'},
		{{"seq=ff\nslot=A\n", "seq=100\nslot=B\n"}, 1, 'B'},
		{{"seq=9\nslot=A\n", "seq=a\nslot=B\n"}, 1, 'B'},
		{{"seq=ffffffff\nslot=A\n", "seq=0\nslot=B\n"}, 0, 'A'},
		{{NULL, "seq=1\nslot=B\n"}, 1, 'B'},
		{{"seq=1\nslot=A\n", NULL}, 0, 'A'},
		{{"seq=9\nslot=X\n", "seq=1\nslot=B\n"}, 1, 'B'},
		{{"slot=A\n", "seq=0\nslot=B\n"}, 1, 'B'},
		{{NULL, NULL}, -1, 0},
		{{"slot=A\n", "seq=1\n"}, -1, 0},
	};
	size_t i, k;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		struct lkb_record r = {.slot = 0};
		uint8_t blocks[2][LKB_ENV_SIZE];

		for (k = 0; k < 2; k++) {
			block_of(cases[i].text[k] ? cases[i].text[k] : "seq=7\nslot=A\n",
				 blocks[k]);
			blocks[k][99] ^= !cases[i].text[k];
		}
		assert_int_equal(lkb_record_choose(blocks[0], blocks[1], &r), cases[i].want);
		assert_int_equal(r.slot, cases[i].slot);
	}
}

static int env_format(const char *key, const char *value, struct lkb_error *err)
{
	const struct lkb_env_pair pairs[] = {{"ok", "1"}, {key, value}};
	uint8_t block[LKB_ENV_SIZE];

	return lkb_env_format(pairs, 2, block, LKB_ENV_SIZE, err);
}

static void test_what_fits_into_a_block(void **state)
{
	char value[LKB_ENV_SIZE] = {0};
	struct lkb_error err = {0};

	assert_int_equal(env_format("Key", "1", &err), -1);
	assert_string_equal(err.message, "'Key' is no key of an environment block");
	assert_int_equal(env_format("", "1", &err), -1);
	assert_int_equal(env_format("a=b", "1", &err), -1);
	assert_int_equal(env_format("k", "", &err), -1);
	assert_string_equal(err.message, "the value of 'k' is empty");
	assert_int_equal(env_format("k", "a\nb", &err), -1);
	assert_string_equal(err.message, "the value of 'k' has a control character in it");
	assert_int_equal(env_format("k", "\003", &err), -1);
	assert_int_equal(env_format("ok", "2", &err), -1);
	assert_string_equal(err.message, "the key 'ok' is given twice");
	/* 4 checksum, "ok=1" 5, "k=" 2, NUL 1, empty string 1 */
	memset(value, 'v', LKB_ENV_SIZE - 13);
	assert_int_equal(env_format("k", value, &err), 0);
	value[LKB_ENV_SIZE - 13] = 'v';
	assert_int_equal(env_format("k", value, &err), -1);
	assert_string_equal(err.message,
			    "'ok' does not fit: an environment block holds 4091 bytes");
	/* A doubled backslash needs the room of two. */
	value[LKB_ENV_SIZE - 13] = 0;
	value[0] = '\\';
	assert_int_equal(env_format("k", value, &err), -1);
}

static struct lkb_trailer a_trailer(const char *cmdline)
{
	return (struct lkb_trailer){.version = "1.2-rc3", .board = "rpi3", .cmdline = cmdline,
				    .verity_root = ROOT, .data_blocks = 0x8000,
				    .epoch = 1700000000};
}

static void test_trailers_round_trip(void **state)
{
	static const struct {
		const char *cmdline;
		bool own_console;
	} cases[] = {
		{"", false},
		{"quiet", false},
		{"console=tty0", true},
		{"quiet console=ttyS1,115200 console=tty0", true},
		{"netconsole=x myconsole=tty0", false},
		{"a=\"b c; $PATH ${fdtfile}\" it's \\back\\\\slash\\ #x && y | z %s <y>", false},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		struct lkb_trailer t = a_trailer(cases[i].cmdline);
		struct lkb_trailer_info back = {0};
		uint8_t block[LKB_ENV_SIZE];
		struct lkb_error err = {0};

		if (lkb_trailer_format(&t, block, &err))
			fail_msg("%s", err.message);
		assert_true(lkb_trailer_parse(block, &back));
		assert_string_equal(back.version, t.version);
		assert_string_equal(back.board, t.board);
		assert_string_equal(back.cmdline, t.cmdline);
		assert_string_equal(back.verity_root, t.verity_root);
		assert_int_equal(back.data_blocks, t.data_blocks);
		assert_int_equal(back.epoch, t.epoch);
		assert_int_equal(back.own_console, cases[i].own_console);
		assert_string_equal(lkb_env_get(block, LKB_ENV_SIZE, "t_console"),
				    cases[i].own_console ? "spec" : "board");
	}
}

static void test_a_trailer_as_bytes(void **state)
{
	/* One backslash: U-Boot's import and its shell take one level each. */
	static const char want[] = "t_board=rpi3\0t_cmdline=a \\\\\\\\b\0t_console=board\0"
				   "t_epoch=6553f100\0t_hash=" ROOT "\0t_nblk=8000\0"
				   "t_version=1.2-rc3\0";
	struct lkb_trailer t = a_trailer("a \\b");
	uint8_t block[LKB_ENV_SIZE];

	assert_int_equal(lkb_trailer_format(&t, block, NULL), 0);
	assert_memory_equal(block + 4, want, sizeof(want));
	/* No command line, no key: U-Boot has no empty values. */
	t.cmdline = NULL;
	assert_int_equal(lkb_trailer_format(&t, block, NULL), 0);
	assert_null(lkb_env_get(block, LKB_ENV_SIZE, "t_cmdline"));
}

static void assert_no_trailer(const struct lkb_trailer *t, const char *message)
{
	uint8_t block[LKB_ENV_SIZE];
	struct lkb_error err = {0};

	assert_int_equal(lkb_trailer_format(t, block, &err), -1);
	assert_string_equal(err.message, message);
}

static void test_trailers_that_cannot_be_written(void **state)
{
	char line[LKB_CMDLINE_MAX + 2] = {0};
	struct lkb_trailer t = a_trailer(line);
	uint8_t block[LKB_ENV_SIZE];

	memset(line, 'x', LKB_CMDLINE_MAX);
	assert_int_equal(lkb_trailer_format(&t, block, NULL), 0);
	line[LKB_CMDLINE_MAX] = 'x';
	assert_no_trailer(&t, "the kernel command line has 1537 bytes, at most 1536 fit");
	t = a_trailer("two\nlines");
	assert_no_trailer(&t, "slot trailer: the value of 't_cmdline' has a control character "
			      "in it");
	t = a_trailer("");
	t.version = "1 2";
	assert_no_trailer(&t, "'1 2' is no version of an image");
	t = a_trailer("");
	t.board = "";
	assert_no_trailer(&t, "'' is no name of a board");
	t = a_trailer("");
	t.verity_root = "00";
	assert_no_trailer(&t, "'00' is no root hash");
	t = a_trailer("");
	t.epoch = -1;
	assert_no_trailer(&t, "the epoch -1 is before 1970");
}

static void test_blocks_that_are_no_trailers(void **state)
{
	static const char whole[] =
		"t_board=b\nt_epoch=1\nt_hash=" ROOT "\nt_nblk=1\nt_version=1\n";
	static const char *const texts[] = {
		"",
		"t_board=b\nt_epoch=1\nt_hash=" ROOT "\nt_nblk=1\n",
		"t_board=b\nt_epoch=1\nt_hash=" ROOT "\nt_nblk=g\nt_version=1\n",
		"t_board=b\nt_epoch=8000000000000000\nt_hash=" ROOT "\nt_nblk=1\nt_version=1\n",
		"t_board=b\nt_epoch=1\nt_hash=00\nt_nblk=1\nt_version=1\n",
		"t_board=b b\nt_epoch=1\nt_hash=" ROOT "\nt_nblk=1\nt_version=1\n",
	};
	struct lkb_trailer_info t;
	uint8_t block[LKB_ENV_SIZE];
	size_t i;

	block_of(whole, block);
	assert_true(lkb_trailer_parse(block, &t));
	block[200] ^= 1;
	assert_false(lkb_trailer_parse(block, &t));
	for (i = 0; i < LKB_ARRAY_SIZE(texts); i++) {
		block_of(texts[i], block);
		assert_false(lkb_trailer_parse(block, &t));
	}
}

/* U-Boot's own tool makes the same bytes from the same strings. */
static void test_mkenvimage_makes_the_same_block(void **state)
{
	static const char *const argv[] = {"mkenvimage", "-s", "4096", "-p", "0", "-o", "-", "-",
					   NULL};
	static const char text[] = "fails=0\ngood_a=1\ngood_b=0\npending=none\nreason=none\n"
				   "seq=1f\nslot=A\ntries=0\n";
	const struct lkb_proc proc = {.argv = argv, .package = "u-boot-tools", .input = text,
				      .input_len = sizeof(text) - 1};
	struct lkb_record r = a_record(), back = {0};
	uint8_t ours[LKB_ENV_SIZE];
	struct lkb_error err = {0};
	lkb_autostr theirs = {0};

	if (lkb_proc_run(&proc, &theirs, &err)) {
		print_message("no mkenvimage to compare with: %s\n", err.message);
		skip();
	}
	assert_int_equal(theirs.len, LKB_ENV_SIZE);
	format_record(&r, ours);
	assert_memory_equal(theirs.s, ours, LKB_ENV_SIZE);
	assert_true(lkb_record_parse((const uint8_t *)theirs.s, &back));
	assert_same_record(&r, &back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_record_as_bytes),
		cmocka_unit_test(test_records_round_trip),
		cmocka_unit_test(test_records_that_cannot_be_written),
		cmocka_unit_test(test_a_torn_block_is_none),
		cmocka_unit_test(test_blocks_that_are_no_records),
		cmocka_unit_test(test_missing_and_foreign_keys),
		cmocka_unit_test(test_a_block_without_an_end),
		cmocka_unit_test(test_which_record_is_in_force),
		cmocka_unit_test(test_what_fits_into_a_block),
		cmocka_unit_test(test_trailers_round_trip),
		cmocka_unit_test(test_a_trailer_as_bytes),
		cmocka_unit_test(test_trailers_that_cannot_be_written),
		cmocka_unit_test(test_blocks_that_are_no_trailers),
		cmocka_unit_test(test_mkenvimage_makes_the_same_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
