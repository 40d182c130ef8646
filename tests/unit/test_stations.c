/* SPDX-License-Identifier: Apache-2.0 */
/* `flash --targets`: tables as spreadsheets and people write them, and exact words for every fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/file.h"
#include "flash/stations.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAgOpexrR+WhA5ym54MIXB56tRT3jQiG1JQ70BoXMKHr me@here"
#define KEYS "config.txt, hostname, ssh-key, wifi-country, wifi-hidden, wifi-psk, wifi-ssid"

static int read_file(const char *path, size_t max, char **ret, size_t *ret_len,
		     struct lkb_error *err)
{
	const char *text = !strcmp(path, "a.pub") ? KEY "\n" : "nonsense\n";

	if (!strcmp(path, "none"))
		return lkb_fail(err, LKB_IO, "cannot open 'none': No such file or directory");
	*ret = lkb_strdup(text);
	*ret_len = strlen(text);
	return 0;
}

static int parse(const char *text, const char *const *common, struct lkb_stations *ret,
		 struct lkb_error *err)
{
	lkb_autostrv list = {0};

	for (; common && *common; common++)
		lkb_strv_add(&list, *common);
	return lkb_stations_parse(text, strlen(text), "t.csv", &list, read_file, ret, err);
}

static void parse_ok(const char *text, const char *const *common, struct lkb_stations *ret)
{
	struct lkb_error err = {0};

	if (parse(text, common, ret, &err))
		fail_msg("%u:%u: %s", err.line, err.column, err.message);
}

static const char *get(const struct lkb_station *s, enum lkb_setting which)
{
	const char *value = lkb_settings_get(&s->settings.env, which);

	return value ? value : "-";
}

static void test_a_table(void **state)
{
	lkb_autostations s = {0};

	parse_ok("device,hostname,ssh-key,ssh-key,config.txt\n"
		 "/dev/sdb,kiosk-1,@a.pub," KEY ",gpu_mem=32\n"
		 "/dev/sdc,kiosk-2,,,\n",
		 NULL, &s);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.items[0].device, "/dev/sdb");
	assert_null(s.items[0].serial);
	assert_int_equal(s.items[0].line, 2);
	assert_string_equal(get(&s.items[0], LKB_SETTING_HOSTNAME), "kiosk-1");
	assert_int_equal(s.items[0].settings.env.values[LKB_SETTING_SSH_KEY].n, 2);
	assert_string_equal(s.items[0].settings.config_txt.items[0], "gpu_mem=32");
	assert_string_equal(s.items[1].device, "/dev/sdc");
	assert_int_equal(s.items[1].line, 3);
	assert_int_equal(s.items[1].settings.env.values[LKB_SETTING_SSH_KEY].n, 0);
	assert_int_equal(s.items[1].settings.config_txt.n, 0);
}

/* A byte-order mark, CRLF, quotes, a line break and quotes in quotes, empty lines, no end. */
static void test_what_spreadsheets_write(void **state)
{
	lkb_autostations s = {0};

	parse_ok("\xef\xbb\xbf\"serial\",\"wifi-ssid\",hostname\r\n\r\n"
		 "\"0x1234\",\"The \"\"5\"\", upstairs\",\"a\"\r\n\r\n"
		 "0x5678,,b",
		 NULL, &s);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.items[0].serial, "0x1234");
	assert_null(s.items[0].device);
	assert_int_equal(s.items[0].line, 3);
	assert_string_equal(get(&s.items[0], LKB_SETTING_WIFI_SSID), "The \"5\", upstairs");
	assert_string_equal(get(&s.items[1], LKB_SETTING_HOSTNAME), "b");
	assert_string_equal(get(&s.items[1], LKB_SETTING_WIFI_SSID), "-");
	assert_int_equal(s.items[1].line, 5);
}

static void test_what_all_have_in_common(void **state)
{
	static const char *const common[] = {
		"wifi-ssid=IEEE", "wifi-psk=password", "hostname=x", "ssh-key=" KEY,
		"config.txt=a=1", NULL,
	};
	lkb_autostations s = {0};

	parse_ok("device,serial,hostname,ssh-key,wifi-ssid\n"
		 "/dev/sdb,S1,kiosk-1,@a.pub,\n"
		 "/dev/sdc,S2,,,other\n",
		 common, &s);
	assert_string_equal(get(&s.items[0], LKB_SETTING_HOSTNAME), "kiosk-1");
	assert_string_equal(s.items[0].serial, "S1");
	assert_int_equal(s.items[0].settings.env.values[LKB_SETTING_SSH_KEY].n, 2);
	assert_string_equal(get(&s.items[0], LKB_SETTING_WIFI_PSK),
			    "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e");
	assert_string_equal(get(&s.items[1], LKB_SETTING_HOSTNAME), "x");
	assert_string_equal(get(&s.items[1], LKB_SETTING_WIFI_SSID), "other");
	/* The same passphrase makes another key for another name. */
	assert_string_not_equal(get(&s.items[0], LKB_SETTING_WIFI_PSK),
				get(&s.items[1], LKB_SETTING_WIFI_PSK));
	assert_int_equal(s.items[1].settings.config_txt.n, 1);
}

static void test_a_wlans_name_here_and_its_key_there(void **state)
{
	static const char *const common[] = {"wifi-ssid=IEEE", NULL};
	lkb_autostations s = {0};

	parse_ok("device,wifi-psk\n/dev/sdb,password\n", common, &s);
	assert_string_equal(get(&s.items[0], LKB_SETTING_WIFI_PSK),
			    "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e");
}

static void test_tables_that_are_wrong(void **state)
{
	static const struct {
		const char *text, *message, *hint;
		unsigned line, column;
	} cases[] = {
		{"", "it names no targets",
		 "a header such as 'device,hostname', then a line for each device", 0, 0},
		{"\n\n\r\n", "it names no targets",
		 "a header such as 'device,hostname', then a line for each device", 0, 0},
		{"device,hostname\n", "it names no targets",
		 "a header such as 'device,hostname', then a line for each device", 0, 0},
		{"device;hostname\n/dev/sdb;a\n", "the columns are not parted by commas",
		 "a header such as 'device,hostname,ssh-key'", 1, 1},
		{"hostname,ssh-key\na,b\n", "no column says which devices are meant",
		 "one is 'device' (a path), or 'serial' (the device's serial number)", 1, 1},
		{"device,hostnme\n", "unknown key 'hostnme'", "did you mean 'hostname'?", 1, 8},
		{"devices\n", "unknown key 'devices'", "did you mean 'device'?", 1, 1},
		{"device,a\033b\n", "unknown key 'a\\x1bb'", "keys are device, serial, " KEYS, 1, 8},
		{"device,hostname,hostname\n", "column 'hostname' is there twice", "", 1, 17},
		{"device,hostname\n/dev/sdb\n", "the line has 1 field, the header has 2", "", 2, 1},
		{"device\n/dev/sdb,a,b\n", "the line has 3 fields, the header has 1", "", 2, 1},
		{"device,hostname\n,a\n", "the line names no device", "", 2, 1},
		{"device,hostname\n/dev/sdb,a\n\n/dev/sdc,a b\n",
		 "hostname: 'a b' is no host name",
		 "letters, digits and dashes, no dash at an end; 64 characters", 4, 10},
		{"device,serial\n/dev/sdb,S\n/dev/sdc,S\n", "serial 'S' is in line 2 already", "",
		 3, 10},
		{"device\n/dev/sdb\n/dev/sdb\n", "device '/dev/sdb' is in line 2 already", "", 3,
		 1},
		{"device\n/dev/\033b\n", "'/dev/\\x1bb' is no device", "", 2, 1},
		{"device\n\"/dev/sd\nb\"\n", "'/dev/sd\\x0ab' is no device", "", 2, 1},
		{"device,hostname\n/dev/sdb,\"a\"b\n", "text behind the quotes",
		 "quotes inside of quotes are written twice", 2, 13},
		{"device,hostname\n\"/d\xc3\xa9v\n/sdb\",\"a\n", "these quotes have no end", "", 3,
		 7},
		{"device,hostname\n/dev/sdb,a\"b\"\n",
		 "quotes in a field that does not begin with them",
		 "put the whole field in quotes, and write those in it twice", 2, 11},
		{"device\n/dev/\xff\n", "a byte that is no UTF-8 text", "", 2, 6},
		{"device,wifi-psk\n/dev/sdb,password\n",
		 "'wifi-psk' is given, but no 'wifi-ssid'", "the name of the WLAN is missing", 2, 1},
		{"device,wifi-psk\n/dev/sdb,hunter2\n",
		 "wifi-psk: the passphrase has 7 characters",
		 "8 to 63 characters, or the key itself: 64 hex digits", 2, 10},
		{"device,config.txt\n/dev/sdb,\"a\nb\"\n",
		 "config.txt: a line of this target for config.txt has a character that is not "
		 "printable ASCII", "", 2, 10},
		{"device,ssh-key\n/dev/sdb,@none\n",
		 "ssh-key: cannot open 'none': No such file or directory", "", 2, 10},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		struct lkb_stations s = {0};
		struct lkb_error err = {0};

		assert_int_equal(parse(cases[i].text, NULL, &s, &err), -1);
		assert_string_equal(err.message, cases[i].message);
		assert_string_equal(err.hint, cases[i].hint);
		assert_string_equal(err.file, "t.csv");
		assert_int_equal(err.line, cases[i].line);
		assert_int_equal(err.column, cases[i].column);
		assert_int_equal(err.kind, strstr(err.message, "cannot open") ? LKB_IO : LKB_INPUT);
		assert_true(!s.n && !s.items);
	}
}

/* What stands in a file that the table names has a place there. */
static void test_a_file_that_is_wrong(void **state)
{
	struct lkb_stations s = {0};
	struct lkb_error err = {0};

	assert_int_equal(parse("device,ssh-key\n/dev/sdb,@odd\n", NULL, &s, &err), -1);
	assert_string_equal(err.message,
			    "'t.csv' line 2: ssh-key: 'nonsense' is no public SSH key");
	assert_string_equal(err.file, "odd");
	assert_int_equal(err.line, 1);
}

/* --set's own faults are found before the table's. */
static void test_common_settings_that_are_wrong(void **state)
{
	static const char *const common[] = {"hostname=a b", NULL};
	struct lkb_stations s = {0};
	struct lkb_error err = {0};

	assert_int_equal(parse("nothing", common, &s, &err), -1);
	assert_int_equal(err.kind, LKB_USAGE);
	assert_string_equal(err.message, "--set: hostname: 'a b' is no host name");
}

static void test_bounds(void **state)
{
	lkb_autostr many = {0}, wide = {0};
	struct lkb_error err = {0};
	lkb_autostations s = {0};
	lkb_autostrv none = {0};
	size_t i;

	lkb_str_add(&many, "device\n");
	for (i = 0; i < LKB_STATIONS_MAX; i++)
		lkb_str_addf(&many, "/dev/sd%zu\n", i);
	assert_int_equal(parse(many.s, NULL, &s, &err), 0);
	lkb_stations_clear(&s);
	lkb_str_add(&many, "/dev/sdx\n");
	assert_int_equal(parse(many.s, NULL, &s, &err), -1);
	assert_string_equal(err.message, "more than 1024 targets");
	assert_int_equal(err.line, 1026);

	lkb_str_add(&wide, "device");
	for (i = 0; i < LKB_STATIONS_COLUMNS_MAX; i++)
		lkb_str_add(&wide, ",ssh-key");
	assert_int_equal(parse(wide.s, NULL, &s, &err), -1);
	assert_string_equal(err.message, "too many fields");
	assert_int_equal(lkb_stations_parse(wide.s, LKB_STATIONS_TEXT_MAX + 1, "t.csv", &none,
					    read_file, &s, &err), -1);
	assert_string_equal(err.message, "it has 1048577 bytes, at most 1048576 are read");
	/* A NUL is no text. */
	assert_int_equal(lkb_stations_parse("device\n/dev/\0sdb", 15, "t.csv", &none, read_file, &s,
					    &err), -1);
	assert_string_equal(err.message, "a byte that is no UTF-8 text");
	assert_int_equal(err.column, 6);
}

static void test_a_table_from_a_file(void **state)
{
	lkb_autotmpdir dir = {.fd = -1, .undo = -1};
	lkb_autofree char *path = NULL;
	struct lkb_error err = {0};
	lkb_autostations s = {0};
	lkb_autostrv none = {0};

	assert_int_equal(lkb_tmpdir_make(&dir, NULL), 0);
	path = lkb_format("%s/t.csv", dir.path);
	assert_int_equal(lkb_stations_read(path, &none, &s, &err), -1);
	assert_int_equal(err.kind, LKB_IO);
	assert_int_equal(lkb_write_file(path, "device\nx\n", 9, 0644, NULL), 0);
	assert_int_equal(lkb_stations_read(path, &none, &s, &err), 0);
	assert_string_equal(s.items[0].device, "x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_table),
		cmocka_unit_test(test_what_spreadsheets_write),
		cmocka_unit_test(test_what_all_have_in_common),
		cmocka_unit_test(test_a_wlans_name_here_and_its_key_there),
		cmocka_unit_test(test_tables_that_are_wrong),
		cmocka_unit_test(test_a_file_that_is_wrong),
		cmocka_unit_test(test_common_settings_that_are_wrong),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_a_table_from_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
