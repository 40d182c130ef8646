/* SPDX-License-Identifier: Apache-2.0 */
/* The pieces of flash that are functions: verdicts, journals, sizes that packed files promise, and
 * transfers. */
#include <zstd.h>

#include "base/alloc.h"
#include "base/ext/compress.h"
#include "base/proc.h"
#include "base/size.h"
#include "flash/journal.h"
#include "flash/verdict.h"
#include "tests/unit/base_kit.h"

static void verdicts(void **state)
{
	static const struct {
		struct lkb_symptoms s;
		const char *code, *words;
	} rows[] = {
		{{.stamps_lost = true}, "capacity", "less room than it says"},
		{{.stamps_lost = true, .n_bad = 3, .n_unsteady = 3}, "capacity", "turns up at another"},
		{{.shift = 4 * LKB_MIB, .n_bad = 9}, "capacity", "4.0 MiB further on"},
		{{.n_bad = 4, .n_unsteady = 2}, "reader", "differently each time"},
		{{.n_bad = 4, .n_unsteady = 1, .n_unreadable = 2}, "unreadable", "cannot read"},
		{{.n_bad = 4, .n_unsteady = 1, .n_unreadable = 1}, "worn", "does not keep"},
		{{.n_bad = 1, .rewritten = true}, "worn", "not at the second time either"},
		{{.n_bad = 1, .n_blank = 1}, "worn", "does not keep"},
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(rows); i++) {
		struct lkb_verdict v;

		lkb_verdict(&rows[i].s, &v);
		assert_string_equal(v.code, rows[i].code);
		if (!strstr(v.text, rows[i].words))
			fail_msg("row %zu: '%s'", i, v.text);
		assert_true(strlen(v.hint) > 10);
	}
}

/* Ranges 0, 1, 2, ... of 4 KiB, each with the digest of its number. */
static struct lkb_sha256 digest_of(uint64_t number)
{
	return lkb_sha256(&number, sizeof(number));
}

static void shifts(void **state)
{
	struct lkb_written items[64];
	struct lkb_written_list written = {items, 64, 64};
	struct lkb_bad bad[3];
	struct lkb_bad_list list = {bad, 3, 3, 0};

	for (size_t i = 0; i < 64; i++)
		items[i] = (struct lkb_written){LKB_MAP_DATA, i * 4096, 4096, digest_of(i), ""};
	/* What was to stand at 2, 5 and 9 is found to be what stands 32 further on. */
	for (size_t i = 0; i < 3; i++) {
		static const uint64_t at[] = {2, 5, 9};

		bad[i] = (struct lkb_bad){.want = items[at[i]], .found = digest_of(at[i] + 32)};
	}
	assert_int_equal(lkb_find_shift(&list, &written), 32 * 4096);
	bad[1].found = digest_of(999);
	assert_int_equal(lkb_find_shift(&list, &written), 32 * 4096);
	for (size_t i = 0; i < 3; i++)
		bad[i].found = digest_of(1000 + i);
	assert_int_equal(lkb_find_shift(&list, &written), 0);
	bad[0].found = digest_of(1); /* before it: that is something else */
	assert_int_equal(lkb_find_shift(&list, &written), 0);
}

static struct lkb_device card(void)
{
	return (struct lkb_device){.kind = LKB_DEVICE_DISK, .path = "/dev/sdx", .serial = "A1",
				   .model = "M", .size = 1000 * 512};
}

static void journals(void **state)
{
	struct lkb_sha256 image = digest_of(1), other = digest_of(2);
	struct lkb_device dev = card();
	struct lkb_journal j;

	OK(lkb_journal_open(dir.path, &dev, &image, true, &j, &err));
	assert_false(j.found);
	j.durable = 77 * 4096;
	OK(lkb_journal_save(&j, &err));
	lkb_journal_clear(&j);
	OK(lkb_journal_open(dir.path, &dev, &image, true, &j, &err));
	assert_true(j.found);
	assert_int_equal(j.durable, 77 * 4096);
	lkb_journal_clear(&j);
	/* Another image: not with --resume; without it, from the beginning. */
	FAILS(lkb_journal_open(dir.path, &dev, &other, true, &j, &err), LKB_REFUSED,
	      "was another image's", "leave --resume out");
	OK(lkb_journal_open(dir.path, &dev, &other, false, &j, &err));
	assert_int_equal(j.durable, 0);
	lkb_journal_clear(&j);
	/* Another card. */
	dev.serial = "A2";
	OK(lkb_journal_open(dir.path, &dev, &image, true, &j, &err));
	assert_false(j.found);
	lkb_journal_clear(&j);
	/* It goes. */
	dev.serial = "A1";
	OK(lkb_journal_open(dir.path, &dev, &image, true, &j, &err));
	lkb_journal_remove(&j);
	lkb_journal_clear(&j);
	OK(lkb_journal_open(dir.path, &dev, &image, true, &j, &err));
	assert_false(j.found);
	lkb_journal_clear(&j);
	/* No place for one. */
	OK(lkb_journal_open(NULL, &dev, &image, true, &j, &err));
	OK(lkb_journal_save(&j, &err));
	lkb_journal_clear(&j);
}

/* A journal that somebody, or a power cut, has changed counts as none. */
static void damaged_journals(void **state)
{
	struct lkb_sha256 image = digest_of(1);
	struct lkb_device dev = card();
	lkb_autofree char *text = NULL, *path = NULL;
	struct lkb_journal j;
	size_t len;

	OK(lkb_journal_open(dir.path, &dev, &image, false, &j, &err));
	j.durable = 4096;
	OK(lkb_journal_save(&j, &err));
	path = lkb_strdup(j.path);
	lkb_journal_clear(&j);
	OK(lkb_read_file(path, 4096, &text, &len, &err));
	for (size_t cut = 0; cut < len; cut++) {
		OK(lkb_write_file(path, text, cut, 0600, &err));
		OK(lkb_journal_open(dir.path, &dev, &image, true, &j, &err));
		assert_false(j.found);
		lkb_journal_clear(&j);
	}
	for (size_t at = 0; at < len; at++) {
		char before = text[at];

		text[at] = before == '0' ? 'x' : '\0';
		OK(lkb_write_file(path, text, len, 0600, &err));
		text[at] = before;
		OK(lkb_journal_open(dir.path, &dev, &image, false, &j, &err));
		assert_false(j.found);
		lkb_journal_clear(&j);
	}
}

static void packed_sizes(void **state)
{
	static const char *const argv[][6] = {{"zstd", "-q", "-f", "in", NULL},
					      {"xz", "-k", "-f", "in", NULL},
					      {"xz", "-k", "-f", "--block-size=65536", "in", NULL},
					      {"gzip", "-k", "-f", "in", NULL}};
	static const char *const names[] = {"in.zst", "in.xz", "in.xz", "in.gz"};
	static const uint64_t want[] = {300000, 300000, 300000, 0};
	lkb_autofree char *bytes = lkb_alloc(300000);

	OK(lkb_write_file(in_dir("in"), bytes, 300000, 0600, &err));
	for (size_t i = 0; i < LKB_ARRAY_SIZE(argv); i++) {
		struct lkb_proc p = {.argv = argv[i], .cwd = dir.path};
		lkb_autofd fd = -1;
		uint8_t head[8];
		uint64_t size;

		OK(lkb_proc_run(&p, NULL, &err));
		OK(lkb_open_read(in_dir(names[i]), &fd, &size, &err));
		OK(lkb_pread_full(fd, head, 8, 0, "it", &err));
		assert_int_equal(lkb_unpacked_at_least(fd, size, lkb_compression_of(head, 8)),
				 want[i]);
		/* Cut off: no promise, and no fault. */
		if (i == 1)
			assert_int_equal(lkb_unpacked_at_least(fd, size - 3, LKB_XZ), 0);
	}
}

/* A USB device is let go by a word to sysfs; one that has no such switch needs none. */
static void eject(void **state)
{
	struct lkb_device dev = card();
	lkb_autofree char *text = NULL;
	size_t len;

	dev.root = dir.path;
	dev.name = "sdx";
	dev.transport = "usb";
	FAILS(lkb_device_eject(&dev, &err), LKB_IO, "cannot let '/dev/sdx' go", "");
	OK(lkb_mkdir_p(in_dir("sys/block/sdx/device"), &err));
	OK(lkb_write_file(in_dir("sys/block/sdx/device/delete"), "", 0, 0600, &err));
	OK(lkb_device_eject(&dev, &err));
	OK(lkb_read_file(in_dir("sys/block/sdx/device/delete"), 16, &text, &len, &err));
	assert_string_equal(text, "1");
	dev.name = "mmcblk0";
	dev.transport = "mmc";
	OK(lkb_device_eject(&dev, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(verdicts),         CASE(shifts),       CASE(journals),
		CASE(damaged_journals), CASE(packed_sizes), CASE(eject),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
