/* SPDX-License-Identifier: Apache-2.0 */
/* How a board finds settings.env on its boot partition, which mtools make here and which is then
 * damaged in many ways, and what it makes of the settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/crc32.h"
#include "base/file.h"
#include "base/proc.h"
#include "ondevice/common/say.h"
#include "ondevice/initrd/settings.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAgOpexrR+WhA5ym54MIXB56tRT3jQiG1JQ70BoXMKHr me@here"
#define DISK_SIZE ((size_t)40 << 20)

/* A partition in memory. */
static struct {
	uint8_t *bytes;
	size_t size, reads;
} disk;

static int read_disk(void *ctx, uint64_t off, void *buf, size_t n, struct lkb_error *err)
{
	disk.reads++;
	if (off > disk.size || n > disk.size - off)
		fail_msg("%zu bytes at %llu are outside of the partition", n,
			 (unsigned long long)off);
	memcpy(buf, disk.bytes + off, n);
	return 0;
}

static int read_fails(void *ctx, uint64_t off, void *buf, size_t n, struct lkb_error *err)
{
	return lkb_fail(err, LKB_IO, "cannot read it");
}

static struct lkb_fat_disk whole(void)
{
	return (struct lkb_fat_disk){read_disk, NULL, disk.size};
}

static void run(const char *const *argv, struct lkb_error *err)
{
	const struct lkb_proc proc = {.argv = argv, .package = "mtools"};
	lkb_autostr out = {0};

	lkb_proc_run(&proc, &out, err);
}

/* The partition that mtools make, with some files in front of settings.env, whose bytes go on around
 * a file that was removed. */
static void make_disk(const uint8_t *block)
{
	lkb_autotmpdir dir = {.fd = -1, .undo = -1};
	lkb_autofree char *image = NULL, *file = NULL, *big = NULL;
	lkb_autofree uint8_t *filler = lkb_alloc(1 << 20);
	struct lkb_error err = {0};
	size_t n, i;

	assert_int_equal(lkb_tmpdir_make(&dir, NULL), 0);
	image = lkb_format("%s/0000", dir.path);
	file = lkb_format("%s/0001", dir.path);
	big = lkb_format("%s/0002", dir.path);
	memset(filler, 0x5a, 1 << 20);
	assert_int_equal(lkb_write_file(file, block, LKB_SETTINGS_SIZE, 0644, NULL), 0);
	assert_int_equal(lkb_write_file(big, filler, 1000, 0644, NULL), 0);
	run((const char *[]){"mformat", "-F", "-C", "-T", "81920", "-c", "1", "-i", image, "::",
			     NULL}, &err);
	/* More than a cluster of directory, and a hole of two clusters. */
	for (i = 0; i < 20; i++) {
		lkb_autofree char *to = lkb_format("::a long name of file number %zu", i);

		run((const char *[]){"mcopy", "-i", image, big, to, NULL}, &err);
	}
	run((const char *[]){"mdel", "-i", image, "::a long name of file number 3", NULL}, &err);
	run((const char *[]){"mcopy", "-i", image, file, "::settings.env", NULL}, &err);
	if (err.kind)
		print_message("%s\n", err.message);
	assert_int_equal(lkb_read_file(image, DISK_SIZE, (char **)&disk.bytes, &n, &err), 0);
	disk.size = n;
	assert_int_equal(n, DISK_SIZE);
}

static void make_block(uint8_t *block)
{
	lkb_autosettings s = {0};

	lkb_strv_add(&s.values[LKB_SETTING_HOSTNAME], "kiosk-1");
	lkb_strv_add(&s.values[LKB_SETTING_SSH_KEY], KEY);
	assert_int_equal(lkb_settings_format(&s, block, NULL), 0);
}

static int setup(void **state)
{
	lkb_autofree uint8_t *block = lkb_alloc(LKB_SETTINGS_SIZE);

	make_block(block);
	make_disk(block);
	return 0;
}

static int teardown(void **state)
{
	free(disk.bytes);
	return 0;
}

static struct lkb_str said;

static void keep(const char *line, size_t len)
{
	lkb_str_addn(&said, line, len);
}

static void settings_are_found(void **state)
{
	const struct lkb_fat_disk d = whole();
	lkb_autosettings s = {0};
	struct lkb_error err = {0};

	if (lkb_settings_read(&d, &s, &err))
		fail_msg("%s", err.message);
	assert_string_equal(lkb_settings_get(&s, LKB_SETTING_HOSTNAME), "kiosk-1");
	assert_string_equal(s.values[LKB_SETTING_SSH_KEY].items[0], KEY);
}

static void what_is_not_there_is_no_fault(void **state)
{
	static const uint64_t sizes[] = {0, 511, 512, 1 << 20};
	const struct lkb_fat_disk d = whole();
	uint8_t buf[16];
	size_t i;

	assert_int_equal(lkb_fat_read_file(&d, "OTHER   ENV", buf, sizeof(buf), NULL), 0);
	/* A partition that is smaller than its file system says is none. */
	for (i = 0; i < LKB_ARRAY_SIZE(sizes); i++) {
		const struct lkb_fat_disk small = {read_disk, NULL, sizes[i]};

		assert_int_equal(lkb_fat_read_file(&small, "SETTINGSENV", buf, 16, NULL), 0);
	}
}

static void another_size_is_a_fault(void **state)
{
	const struct lkb_fat_disk d = whole();
	struct lkb_error err = {0};
	uint8_t buf[16];

	assert_int_equal(lkb_fat_read_file(&d, "SETTINGSENV", buf, sizeof(buf), &err), -1);
	assert_string_equal(err.message, "it has 65536 bytes, not 16");
}

static void a_card_that_cannot_be_read(void **state)
{
	const struct lkb_fat_disk d = {read_fails, NULL, disk.size};
	lkb_autosettings s = {0};
	struct lkb_error err = {0};

	assert_int_equal(lkb_settings_read(&d, &s, &err), -1);
	assert_string_equal(err.message, "cannot read it");
}

/* Where a byte is wrong the settings are whole, not there, or a fault; never others, never a read
 * outside, and never more reads than the bounds allow. */
static void try_it(void)
{
	const struct lkb_fat_disk d = whole();
	lkb_autosettings s = {0};
	struct lkb_error err = {0};

	disk.reads = 0;
	if (lkb_settings_read(&d, &s, &err)) {
		assert_true(err.message[0]);
	} else if (!lkb_settings_is_empty(&s)) {
		assert_string_equal(lkb_settings_get(&s, LKB_SETTING_HOSTNAME), "kiosk-1");
		assert_int_equal(s.values[LKB_SETTING_SSH_KEY].n, 1);
	}
	assert_true(disk.reads < 10000);
}

static void spoil(size_t at)
{
	static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	uint8_t was = disk.bytes[at];
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(values); i++) {
		disk.bytes[at] = values[i];
		try_it();
	}
	disk.bytes[at] = was;
}

static size_t find(const char *name)
{
	uint8_t *at = memmem(disk.bytes, disk.size, name, 11);

	assert_non_null(at);
	return (size_t)(at - disk.bytes);
}

static void a_byte_that_is_wrong_anywhere(void **state)
{
	size_t entry = find("SETTINGSENV"), i, table;

	for (i = 0; i < 512; i++)
		spoil(i);
	for (i = 0; i < 32; i++)
		spoil(entry + i);
	table = (size_t)lkb_get_le16(disk.bytes + 14) * 512;
	for (i = 0; i < 1200; i++)
		spoil(table + i);
}

/* A directory whose last cluster leads to its first, full of other files. */
static void a_directory_without_an_end(void **state)
{
	size_t table = (size_t)lkb_get_le16(disk.bytes + 14) * 512;
	lkb_autofree uint8_t *before = lkb_memdup(disk.bytes, disk.size);
	size_t data = table + 2 * (size_t)lkb_get_le32(disk.bytes + 36) * 512, i;

	for (i = 0; i < 512; i += 32)
		memcpy(disk.bytes + data + i, "OTHER   TXT\x20", 12);
	lkb_put_le32(disk.bytes + table + 8, 2);
	try_it();
	assert_true(disk.reads > 4096);
	memcpy(disk.bytes, before, disk.size);
}

/* The place of the file's n-th cluster, which has 512 bytes. */
static uint8_t *cluster_of_file(size_t n)
{
	const uint8_t *entry = disk.bytes + find("SETTINGSENV");
	uint32_t cluster = (uint32_t)lkb_get_le16(entry + 20) << 16 | lkb_get_le16(entry + 26);
	size_t table = (size_t)lkb_get_le16(disk.bytes + 14) * 512;

	for (; n; n--)
		cluster = lkb_get_le32(disk.bytes + table + cluster * 4);
	return disk.bytes + table + 2 * (size_t)lkb_get_le32(disk.bytes + 36) * 512 +
	       (size_t)(cluster - 2) * 512;
}

static void write_file_in_place(const uint8_t *block)
{
	size_t i;

	for (i = 0; i < LKB_SETTINGS_SIZE / 512; i++)
		memcpy(cluster_of_file(i), block + i * 512, 512);
}

static void a_block_that_is_damaged(void **state)
{
	const struct lkb_fat_disk d = whole();
	lkb_autosettings s = {0};
	struct lkb_error err = {0};
	uint8_t *at = cluster_of_file(100);

	at[50] ^= 1;
	assert_int_equal(lkb_settings_read(&d, &s, &err), -1);
	assert_string_equal(err.message, "its checksum does not fit");
	at[50] ^= 1;
}

static void not_more_is_said_than_fits_a_screen(void **state)
{
	lkb_autofree uint8_t *block = lkb_alloc(LKB_SETTINGS_SIZE);
	const struct lkb_fat_disk d = whole();
	lkb_autosettings s = {0};
	struct lkb_error err = {0};
	size_t i, lines = 0;

	/* 32,000 strings that are no settings */
	for (i = 4; i < LKB_SETTINGS_SIZE - 2; i += 2)
		block[i] = 'x';
	lkb_put_le32(block, lkb_crc32(0, block + 4, LKB_SETTINGS_SIZE - 4));
	write_file_in_place(block);
	lkb_say_to(keep);
	assert_int_equal(lkb_settings_read(&d, &s, &err), 0);
	assert_true(lkb_settings_is_empty(&s));
	for (i = 0; i < said.len; i++)
		lines += said.s[i] == '\n';
	assert_int_equal(lines, 8);
	assert_true(lkb_starts_with(said.s, "lkboard: settings.env: a string in it is no setting; "
				    "this is not set\n"));
	lkb_str_clear(&said);
	make_block(block);
	write_file_in_place(block);
	settings_are_found(state);
}

static void texts_of_files(void **state)
{
	lkb_autosettings s = {0};
	lkb_autostr own = {0}, none = {0}, closed = {0}, open = {0};

	lkb_strv_add(&s.values[LKB_SETTING_SSH_KEY], "ssh-rsa A a");
	lkb_strv_add(&s.values[LKB_SETTING_SSH_KEY], "ssh-rsa B b");
	lkb_settings_authorized_keys(&s, "ssh-rsa O own", &own);
	assert_string_equal(own.s, "ssh-rsa O own\nssh-rsa A a\nssh-rsa B b\n");
	lkb_settings_authorized_keys(&s, NULL, &none);
	assert_string_equal(none.s, "ssh-rsa A a\nssh-rsa B b\n");
	lkb_strv_add(&s.values[LKB_SETTING_WIFI_SSID], "a\"\n}");
	lkb_settings_wpa_conf(&s, &open);
	assert_string_equal(open.s, "network={\n\tssid=61220a7d\n\tkey_mgmt=NONE\n}\n");
	lkb_strv_add(&s.values[LKB_SETTING_WIFI_PSK], "00ff");
	lkb_strv_add(&s.values[LKB_SETTING_WIFI_COUNTRY], "DE");
	lkb_strv_add(&s.values[LKB_SETTING_WIFI_HIDDEN], "yes");
	lkb_settings_wpa_conf(&s, &closed);
	assert_string_equal(closed.s, "country=DE\nnetwork={\n\tssid=61220a7d\n\tpsk=00ff\n"
				      "\tscan_ssid=1\n}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_are_found),
		cmocka_unit_test(what_is_not_there_is_no_fault),
		cmocka_unit_test(another_size_is_a_fault),
		cmocka_unit_test(a_card_that_cannot_be_read),
		cmocka_unit_test(a_byte_that_is_wrong_anywhere),
		cmocka_unit_test(a_directory_without_an_end),
		cmocka_unit_test(a_block_that_is_damaged),
		cmocka_unit_test(not_more_is_said_than_fits_a_screen),
		cmocka_unit_test(texts_of_files),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
