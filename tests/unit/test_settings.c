/* SPDX-License-Identifier: Apache-2.0 */
/* `flash --set`: what is refused and how, settings.env's bytes with mkenvimage as the other side, what
 * config.txt becomes, and what a board makes of a hostile settings.env. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/crc32.h"
#include "base/proc.h"
#include "bootloader/slot/slot.h"
#include "flash/settings.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAgOpexrR+WhA5ym54MIXB56tRT3jQiG1JQ70BoXMKHr me@here"
#define KEY_2 "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBBlarKlHmSiT" \
	      "klYLczHRO+5C/R2xua8ynS/8qmZQxv8ajkFIoWWt1kRdxL/kERsk4J05LGvTT59xQciXYBfuOQs= ec"
/* IEEE 802.11-2020, J.4.2: passphrase "password", SSID "IEEE". */
#define PSK "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"
#define SIXTY "123456789012345678901234567890123456789012345678901234567890"
#define LINE_HINT "one line as in ~/.ssh/id_ed25519.pub: 'ssh-ed25519 AAAA... NAME'"
#define NAME_HINT "letters, digits and dashes, no dash at an end; 64 characters"

/* Files that @FILE can name. */
static const struct {
	const char *path, *text;
	size_t len; /* 0 = the text's */
} files[] = {
	{"two.pub", "# mine\r\n" KEY "\r\n\n" KEY_2, 0},
	{"bad.pub", KEY "\n\nssh-ed25519 AAAA\n", 0},
	{"empty", "\n# nothing\n", 0},
	{"psk", "password\n", 0},
	{"hash", "#password\n", 0},
	{"binary", "a\0b", 3},
};

static int read_file(const char *path, size_t max, char **ret, size_t *ret_len,
		     struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(files); i++) {
		size_t n = files[i].len ? files[i].len : strlen(files[i].text);

		if (strcmp(files[i].path, path) != 0)
			continue;
		*ret = lkb_memdup(files[i].text, n + 1);
		*ret_len = n;
		return 0;
	}
	return lkb_fail(err, LKB_IO, "cannot open '%s': No such file or directory", path);
}

/* A list that ends with NULL. */
static int parse(const char *const *sets, struct lkb_flash_settings *ret, struct lkb_error *err)
{
	lkb_autostrv list = {0};

	for (; *sets; sets++)
		lkb_strv_add(&list, *sets);
	return lkb_flash_settings_parse(&list, read_file, ret, err);
}

static void parse_ok(const char *const *sets, struct lkb_flash_settings *ret)
{
	struct lkb_error err = {0};

	if (parse(sets, ret, &err))
		fail_msg("%s", err.message);
}

static const char *value(const struct lkb_flash_settings *s, enum lkb_setting which)
{
	return lkb_settings_get(&s->env, which);
}

static void test_what_can_be_set(void **state)
{
	static const char *const sets[] = {
		"hostname=kiosk-1.example", "ssh-key=" KEY, "ssh-key=@two.pub",
		"wifi-ssid=IEEE", "wifi-psk=password", "wifi-country=DE", "wifi-hidden=yes",
		"config.txt=gpu_mem=32", "config.txt=[pi3+]", NULL,
	};
	lkb_autoflashsettings s = {.config_txt = {0}};
	const struct lkb_strv *keys = &s.env.values[LKB_SETTING_SSH_KEY];

	parse_ok(sets, &s);
	assert_string_equal(value(&s, LKB_SETTING_HOSTNAME), "kiosk-1.example");
	assert_int_equal(keys->n, 3);
	assert_string_equal(keys->items[0], KEY);
	assert_string_equal(keys->items[1], KEY);
	assert_string_equal(keys->items[2], KEY_2);
	assert_string_equal(value(&s, LKB_SETTING_WIFI_SSID), "IEEE");
	assert_string_equal(value(&s, LKB_SETTING_WIFI_PSK), PSK);
	assert_string_equal(value(&s, LKB_SETTING_WIFI_COUNTRY), "DE");
	assert_string_equal(value(&s, LKB_SETTING_WIFI_HIDDEN), "yes");
	assert_int_equal(s.config_txt.n, 2);
	assert_string_equal(s.config_txt.items[1], "[pi3+]");
}

static void test_a_wlan_key_in_three_ways(void **state)
{
	static const char *const ways[] = {
		"wifi-psk=@psk",
		"wifi-psk=" PSK,
		"wifi-psk=F42C6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e",
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(ways); i++) {
		/* Its name may come later. */
		const char *const sets[] = {ways[i], "wifi-ssid=IEEE", NULL};
		lkb_autoflashsettings s = {.config_txt = {0}};

		parse_ok(sets, &s);
		assert_string_equal(value(&s, LKB_SETTING_WIFI_PSK), PSK);
	}
}

static void test_what_cannot_be_set(void **state)
{
	static const struct {
		const char *sets[3], *message, *hint;
	} cases[] = {
		{{"hostname"}, "--set: 'hostname' is not KEY=VALUE", "as in 'hostname=kiosk-1'"},
		{{"my secret"}, "--set: 'my' is not KEY=VALUE", "as in 'hostname=kiosk-1'"},
		{{"hostnam=a"}, "--set: unknown key 'hostnam'", "did you mean 'hostname'?"},
		{{"ssh_key=a"}, "--set: unknown key 'ssh_key'", "did you mean 'ssh-key'?"},
		{{"=a"}, "--set: unknown key ''",
		 "keys are config.txt, hostname, ssh-key, wifi-country, wifi-hidden, wifi-psk, "
		 "wifi-ssid"},
		{{"\033[2J=a"}, "--set: unknown key '\\x1b[2J'",
		 "keys are config.txt, hostname, ssh-key, wifi-country, wifi-hidden, wifi-psk, "
		 "wifi-ssid"},
		{{"hostname=a", "hostname=b"}, "--set: hostname: is given twice", ""},
		{{"hostname="}, "--set: hostname: the value is empty", ""},
		{{"hostname=my_host"}, "--set: hostname: 'my_host' is no host name", NAME_HINT},
		{{"hostname=-a"}, "--set: hostname: '-a' is no host name", NAME_HINT},
		{{"hostname=a..b"}, "--set: hostname: 'a..b' is no host name", NAME_HINT},
		{{"hostname=a."}, "--set: hostname: 'a.' is no host name", NAME_HINT},
		{{"hostname=b\xc3\xbc"}, "--set: hostname: 'b\xc3\xbc' is no host name", NAME_HINT},
		{{"hostname=" SIXTY "1234"},
		 "--set: hostname: '" SIXTY "1234' is no host name", NAME_HINT},
		{{"hostname=" SIXTY ".1234"},
		 "--set: hostname: '" SIXTY ".1234' is no host name", NAME_HINT},
		{{"ssh-key=/root/.ssh/id_rsa.pub"},
		 "--set: ssh-key: '/root/.ssh/id_rsa.pub' is no public SSH key",
		 "the name of a file stands behind an '@'"},
		{{"ssh-key=ssh-dss AAAA"}, "--set: ssh-key: 'ssh-dss AAAA' is no public SSH key",
		 LINE_HINT},
		{{"ssh-key=-----BEGIN OPENSSH PRIVATE KEY-----"},
		 "--set: ssh-key: this is a private key",
		 "give the public one, which stands beside it in a file NAME.pub"},
		{{"ssh-key=ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAgOpexrR+WhA5ym54MIXB56tRT3"},
		 "--set: ssh-key: what stands behind 'ssh-ed25519' is no key of that kind, or not "
		 "all of it", LINE_HINT},
		{{"ssh-key=ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAgOpexrR+WhA5ym54MIXB56tRT3jQiG1JQ70Bo"
		  "XMKHr"},
		 "--set: ssh-key: what stands behind 'ssh-rsa' is no key of that kind, or not all "
		 "of it", LINE_HINT},
		{{"ssh-key=" KEY "\nssh-rsa x"},
		 "--set: ssh-key: the key has a control character in it", ""},
		{{"ssh-key=@none"},
		 "--set: ssh-key: cannot open 'none': No such file or directory", ""},
		{{"ssh-key=@~/x"}, "--set: ssh-key: cannot open '~/x': No such file or directory",
		 "the shell does not replace this '~': write $HOME"},
		{{"wifi-psk=password"}, "--set: 'wifi-psk' is given, but no 'wifi-ssid'",
		 "the name of the WLAN is missing"},
		{{"wifi-country=DE"}, "--set: 'wifi-country' is given, but no 'wifi-ssid'",
		 "the name of the WLAN is missing"},
		{{"wifi-ssid=a", "wifi-psk=secret7"},
		 "--set: wifi-psk: the passphrase has 7 characters",
		 "8 to 63 characters, or the key itself: 64 hex digits"},
		{{"wifi-ssid=a", "wifi-psk=" SIXTY "ghij"},
		 "--set: wifi-psk: the passphrase has 64 characters",
		 "8 to 63 characters, or the key itself: 64 hex digits"},
		{{"wifi-psk=p\xc3\xa4ssword"},
		 "--set: wifi-psk: the passphrase has a character that is not printable ASCII", ""},
		{{"wifi-psk=password", "wifi-psk=password"}, "--set: wifi-psk: is given twice", ""},
		{{"wifi-ssid=123456789012345678901234567890123"},
		 "--set: wifi-ssid: the WLAN's name has 33 bytes, at most 32 are possible", ""},
		{{"wifi-ssid=a\tb"},
		 "--set: wifi-ssid: 'a\\x09b' has a control character in it", ""},
		{{"wifi-country=de"}, "--set: wifi-country: 'de' is no country",
		 "two capital letters, as in DE or US"},
		{{"wifi-hidden=no"}, "--set: wifi-hidden: 'no' is not 'yes'",
		 "leave it out if it is not so"},
		{{"config.txt=kernel=other.bin"},
		 "--set: config.txt: 'kernel=other.bin' of this target cannot stand in config.txt",
		 "this board's boot needs 'kernel=u-boot.bin', which is set already"},
		{{"config.txt=a\nb"},
		 "--set: config.txt: a line of this target for config.txt has a character that is "
		 "not printable ASCII", ""},
		{{"config.txt=" SIXTY SIXTY},
		 "--set: config.txt: a line of this target for config.txt has 120 characters, the "
		 "firmware reads 98", ""},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		struct lkb_flash_settings s = {.config_txt = {0}};
		struct lkb_error err = {0};

		assert_int_equal(parse(cases[i].sets, &s, &err), -1);
		assert_string_equal(err.message, cases[i].message);
		assert_string_equal(err.hint, cases[i].hint);
		assert_int_equal(err.kind, strstr(err.message, "cannot open") ? LKB_IO : LKB_USAGE);
		assert_true(lkb_settings_is_empty(&s.env) && !s.config_txt.n);
	}
}

static void test_what_is_wrong_in_a_file(void **state)
{
	static const struct {
		const char *sets[2], *message, *file;
		unsigned line;
	} cases[] = {
		{{"ssh-key=@bad.pub"}, "--set: ssh-key: what stands behind 'ssh-ed25519' is no key "
				       "of that kind, or not all of it", "bad.pub", 3},
		{{"ssh-key=@empty"}, "--set: ssh-key: there is nothing in it", "empty", 0},
		{{"ssh-key=@binary"}, "--set: ssh-key: this is no text", "binary", 0},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		struct lkb_flash_settings s = {.config_txt = {0}};
		struct lkb_error err = {0};

		assert_int_equal(parse(cases[i].sets, &s, &err), -1);
		assert_string_equal(err.message, cases[i].message);
		assert_string_equal(err.file, cases[i].file);
		assert_int_equal(err.line, cases[i].line);
		assert_int_equal(err.kind, LKB_INPUT);
	}
}

/* In a passphrase's file every line is one, also one that looks like a comment. */
static void test_a_passphrase_that_begins_with_a_hash(void **state)
{
	static const char *const sets[] = {"wifi-ssid=IEEE", "wifi-psk=@hash", NULL};
	static const char *const same[] = {"wifi-ssid=IEEE", "wifi-psk=#password", NULL};
	lkb_autoflashsettings a = {.config_txt = {0}}, b = {.config_txt = {0}};

	parse_ok(sets, &a);
	parse_ok(same, &b);
	assert_string_equal(value(&a, LKB_SETTING_WIFI_PSK), value(&b, LKB_SETTING_WIFI_PSK));
}

static void test_no_more_keys_than_fit(void **state)
{
	lkb_autoflashsettings s = {.config_txt = {0}};
	struct lkb_error err = {0};
	lkb_autostrv list = {0};
	int i;

	for (i = 0; i < 32; i++)
		lkb_strv_add(&list, "ssh-key=" KEY);
	assert_int_equal(lkb_flash_settings_parse(&list, read_file, &s, &err), 0);
	lkb_strv_add(&list, "ssh-key=" KEY);
	assert_int_equal(lkb_flash_settings_parse(&list, read_file, &s, &err), -1);
	assert_string_equal(err.message, "--set: ssh-key: more than 32 are given");
}

/* A map with both files, as a card's. */
static struct lkb_map *a_map(uint64_t config_len, uint64_t settings_len)
{
	struct lkb_map *m = lkb_alloc(sizeof(*m));

	m->size = 1 << 20;
	m->named = lkb_alloc_array(2, sizeof(*m->named));
	m->named[0] = (struct lkb_map_named){"config.txt", 8192, config_len};
	m->named[1] = (struct lkb_map_named){"settings.env", 65536, settings_len};
	m->n_named = 2;
	return m;
}

static void make_edits(const char *const *sets, struct lkb_settings_edits *ret)
{
	lkb_auto(lkb_map) map = a_map(4096, 65536);
	lkb_autoflashsettings s = {.config_txt = {0}};
	struct lkb_error err = {0};

	parse_ok(sets, &s);
	if (lkb_settings_edits_make(&s, map, ret, &err))
		fail_msg("%s", err.message);
}

static void apply_all(const struct lkb_edit *e, uint8_t *bytes)
{
	struct lkb_error err = {0};

	if (e->apply(e->ctx, 0, bytes, e->len, &err))
		fail_msg("%s", err.message);
}

static void test_settings_env_as_bytes(void **state)
{
	static const char *const sets[] = {"ssh-key=" KEY_2, "hostname=a", "ssh-key=" KEY,
					   "wifi-ssid=a\\b", NULL};
	static const char want[] = "hostname=a\0ssh_key_01=" KEY_2 "\0ssh_key_02=" KEY
				   "\0wifi_ssid=a\\\\b\0";
	lkb_autofree uint8_t *block = lkb_alloc(LKB_SETTINGS_SIZE);
	lkb_autosettingsedits e = {.n = 0};

	make_edits(sets, &e);
	assert_int_equal(e.n, 1);
	assert_int_equal(e.edits[0].off, 65536);
	assert_int_equal(e.edits[0].len, 65536);
	memset(block, 0xaa, LKB_SETTINGS_SIZE);
	apply_all(&e.edits[0], block);
	assert_memory_equal(block + 4, want, sizeof(want));
	assert_true(lkb_is_zero(block + 4 + sizeof(want), LKB_SETTINGS_SIZE - 4 - sizeof(want)));
	assert_int_equal(lkb_get_le32(block), lkb_crc32(0, block + 4, LKB_SETTINGS_SIZE - 4));
}

/* In whole blocks, in any order, and a piece more than once. */
static void test_settings_env_in_pieces(void **state)
{
	static const char *const sets[] = {"hostname=a", NULL};
	lkb_autofree uint8_t *whole = lkb_alloc(LKB_SETTINGS_SIZE);
	lkb_autofree uint8_t *pieces = lkb_alloc(LKB_SETTINGS_SIZE);
	lkb_autosettingsedits e = {.n = 0};
	size_t at;

	make_edits(sets, &e);
	apply_all(&e.edits[0], whole);
	for (at = LKB_SETTINGS_SIZE; at; at -= 8192)
		assert_int_equal(e.edits[0].apply(e.edits[0].ctx, at - 8192, pieces + at - 8192,
						  8192, NULL), 0);
	assert_memory_equal(whole, pieces, LKB_SETTINGS_SIZE);
}

static void test_mkenvimage_makes_the_same_settings(void **state)
{
	static const char *const argv[] = {"mkenvimage", "-s", "65536", "-p", "0", "-o", "-", "-",
					   NULL};
	static const char text[] = "hostname=a\nssh_key_01=" KEY "\nwifi_psk=" PSK
				   "\nwifi_ssid=IEEE\n";
	static const char *const sets[] = {"hostname=a", "ssh-key=" KEY, "wifi-ssid=IEEE",
					   "wifi-psk=password", NULL};
	const struct lkb_proc proc = {.argv = argv, .package = "u-boot-tools", .input = text,
				      .input_len = sizeof(text) - 1};
	lkb_autofree uint8_t *ours = lkb_alloc(LKB_SETTINGS_SIZE);
	lkb_autosettingsedits e = {.n = 0};
	struct lkb_error err = {0};
	lkb_autostr theirs = {0};

	if (lkb_proc_run(&proc, &theirs, &err)) {
		print_message("no mkenvimage to compare with: %s\n", err.message);
		skip();
	}
	make_edits(sets, &e);
	apply_all(&e.edits[0], ours);
	assert_int_equal(theirs.len, LKB_SETTINGS_SIZE);
	assert_memory_equal(theirs.s, ours, LKB_SETTINGS_SIZE);
}

static void config_of(const char *text, uint8_t *block)
{
	memset(block, '\n', 4096);
	memcpy(block, text, strlen(text));
}

static void test_config_txt_gets_lines(void **state)
{
	static const char *const sets[] = {"config.txt=a=1", "config.txt=b=2", NULL};
	static const char *const before[] = {"[pi3]\nx=1\n", "[pi3]\nx=1", "\n\n\n", ""};
	static const char *const after[] = {
		"[pi3]\nx=1\n[all]\na=1\nb=2\n", "[pi3]\nx=1\n[all]\na=1\nb=2\n",
		"[all]\na=1\nb=2\n", "[all]\na=1\nb=2\n",
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(before); i++) {
		uint8_t block[4096], want[4096];
		lkb_autosettingsedits e = {.n = 0};

		make_edits(sets, &e);
		assert_int_equal(e.n, 1);
		assert_int_equal(e.edits[0].off, 8192);
		config_of(before[i], block);
		config_of(after[i], want);
		apply_all(&e.edits[0], block);
		assert_memory_equal(block, want, sizeof(block));
	}
}

static void test_config_txt_that_is_full(void **state)
{
	static const char *const sets[] = {"config.txt=a=1", NULL};
	lkb_autosettingsedits e = {.n = 0};
	uint8_t block[4096], before[4096];
	struct lkb_error err = {0};

	make_edits(sets, &e);
	memset(block, 'x', sizeof(block));
	block[4096 - 11] = '\n';
	memset(block + 4096 - 10, '\n', 10);
	apply_all(&e.edits[0], block); /* "[all]\na=1\n" is ten */
	memset(block, 'x', sizeof(block));
	memset(block + 4096 - 10, '\n', 10);
	memcpy(before, block, sizeof(block));
	assert_int_equal(e.edits[0].apply(e.edits[0].ctx, 0, block, 4096, &err), -1);
	assert_int_equal(err.kind, LKB_INPUT);
	assert_string_equal(err.message, "config.txt has room for 9 bytes more, the lines that are "
					 "set need 10");
	assert_string_equal(err.hint, "set fewer lines, or build the image with them: 'config_txt' "
				      "below 'lkboard'");
	assert_memory_equal(block, before, sizeof(block));
	memset(block, 'x', sizeof(block));
	assert_int_equal(e.edits[0].apply(e.edits[0].ctx, 0, block, 4096, &err), -1);
	assert_string_equal(err.message, "config.txt has room for 0 bytes more, the lines that are "
					 "set need 10");
	block[7] = 0;
	assert_int_equal(e.edits[0].apply(e.edits[0].ctx, 0, block, 4096, &err), -1);
	assert_string_equal(err.message, "config.txt of the image is no text");
}

static void assert_no_edits(const char *set, const struct lkb_map *map, enum lkb_error_kind kind,
			    const char *message)
{
	const char *const sets[] = {set, NULL};
	lkb_autoflashsettings s = {.config_txt = {0}};
	struct lkb_settings_edits e = {.n = 0};
	struct lkb_error err = {0};

	parse_ok(sets, &s);
	assert_int_equal(lkb_settings_edits_make(&s, map, &e, &err), -1);
	assert_int_equal(err.kind, kind);
	assert_string_equal(err.message, message);
	if (kind == LKB_REFUSED)
		assert_string_equal(err.hint, "lkboard's cards for a Raspberry Pi (format sd) have "
					      "one, and their .map says where");
	assert_true(!e.n && !e.own);
}

static void test_images_that_take_no_settings(void **state)
{
	lkb_auto(lkb_map) odd = a_map(5000, 4096);
	lkb_auto(lkb_map) none = a_map(4096, 65536);

	none->n_named = 0;
	assert_no_edits("hostname=a", none, LKB_REFUSED,
			"the image has no 'settings.env' that can be set");
	assert_no_edits("config.txt=a", none, LKB_REFUSED,
			"the image has no 'config.txt' that can be set");
	assert_no_edits("config.txt=a", NULL, LKB_REFUSED,
			"without the image's map nobody knows where its 'config.txt' is");
	assert_no_edits("hostname=a", odd, LKB_INPUT,
			"the map's 'settings.env' has 4096 bytes at 65536, it should have 65536 at "
			"a multiple of 4096");
	assert_no_edits("config.txt=a", odd, LKB_INPUT,
			"the map's 'config.txt' has 5000 bytes at 8192, it should have 4096 at a "
			"multiple of 4096");
}

static void test_nothing_set_changes_nothing(void **state)
{
	lkb_autoflashsettings s = {.config_txt = {0}};
	lkb_autosettingsedits e = {.n = 0};

	assert_int_equal(lkb_settings_edits_make(&s, NULL, &e, NULL), 0);
	assert_int_equal(e.n, 0);
}

static void note(void *ctx, const struct lkb_error *err)
{
	lkb_str_addf(ctx, "%s\n", err->message);
}

/* What a board reads of a block with these strings, lines for strings, and a right checksum. */
static int board_reads(const char *text, struct lkb_settings *ret, struct lkb_str *complaints)
{
	lkb_autofree uint8_t *block = lkb_alloc(LKB_SETTINGS_SIZE);
	size_t i;

	for (i = 0; text[i]; i++)
		block[4 + i] = text[i] == '\n' ? 0 : (uint8_t)text[i];
	lkb_put_le32(block, lkb_crc32(0, block + 4, LKB_SETTINGS_SIZE - 4));
	return lkb_settings_parse(block, note, complaints, ret, NULL);
}

static void test_a_board_reads_what_was_written(void **state)
{
	static const char *const sets[] = {"hostname=a", "ssh-key=" KEY, "ssh-key=" KEY_2,
					   "wifi-ssid=a\\b", "wifi-psk=password", NULL};
	lkb_autofree uint8_t *block = lkb_alloc(LKB_SETTINGS_SIZE);
	lkb_autosettingsedits e = {.n = 0};
	lkb_autosettings s = {0};
	lkb_autostr complaints = {0};

	make_edits(sets, &e);
	apply_all(&e.edits[0], block);
	assert_int_equal(lkb_settings_parse(block, note, &complaints, &s, NULL), 0);
	assert_string_equal(lkb_str_get(&complaints), "");
	assert_string_equal(lkb_settings_get(&s, LKB_SETTING_HOSTNAME), "a");
	assert_int_equal(s.values[LKB_SETTING_SSH_KEY].n, 2);
	assert_string_equal(s.values[LKB_SETTING_SSH_KEY].items[1], KEY_2);
	assert_string_equal(lkb_settings_get(&s, LKB_SETTING_WIFI_SSID), "a\\b");
	assert_int_equal(strlen(lkb_settings_get(&s, LKB_SETTING_WIFI_PSK)), 64);
}

static void test_a_board_takes_only_what_fits(void **state)
{
	static const struct {
		const char *text, *complaints, *hostname, *ssid;
	} cases[] = {
		{"hostname=a\n", "", "a", NULL},
		{"hostname=a\nhostname=b\n", "'hostname' is one too many\n", "a", NULL},
		{"hostname=a b\nwifi_ssid=x\n", "hostname: 'a b' is no host name\n", NULL, "x"},
		{"hostname=\033[2J\n", "hostname: '\\x1b[2J' is no host name\n", NULL, NULL},
		{"hostname=\n", "'hostname' has no value\n", NULL, NULL},
		{"hostname\n", "a string in it is no setting\n", NULL, NULL},
		{"\033=1\nhostname=a\n", "a string in it is no setting\n", "a", NULL},
		{"timezone=UTC\nhostname=a\n", "'timezone' is no setting that is known here\n", "a",
		 NULL},
		{"hostname_01=a\n", "'hostname_01' is no setting that is known here\n", NULL, NULL},
		{"ssh_key=" KEY "\n", "'ssh_key' is no setting that is known here\n", NULL, NULL},
		{"ssh_key_1x=" KEY "\n", "'ssh_key_1x' is no setting that is known here\n", NULL,
		 NULL},
		{"ssh_key_01=command=\"x\" " KEY "\n",
		 "ssh_key_01: 'command=\"x\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAgOpexrR+WhA5ym54"
		 "MIXB56tRT3jQiG...' is no public SSH key\n", NULL, NULL},
		/* Half a WLAN would be an open one, or another. */
		{"wifi_ssid=x\nwifi_psk=\n", "'wifi_psk' has no value\n", NULL, NULL},
		{"wifi_ssid=x\nwifi_psk=password\nhostname=a\n",
		 "wifi_psk: the WLAN's key is not 64 hex digits\n", "a", NULL},
		{"wifi_psk=" PSK "\n", "'wifi-psk' is given, but no 'wifi-ssid'\n", NULL, NULL},
		{"wifi_ssid=x\nwifi_country=de\n", "wifi_country: 'de' is no country\n", NULL, "x"},
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_autostr complaints = {0};
		lkb_autosettings s = {0};
		const char *hostname, *ssid;

		assert_int_equal(board_reads(cases[i].text, &s, &complaints), 0);
		assert_string_equal(lkb_str_get(&complaints), cases[i].complaints);
		hostname = lkb_settings_get(&s, LKB_SETTING_HOSTNAME);
		ssid = lkb_settings_get(&s, LKB_SETTING_WIFI_SSID);
		assert_string_equal(hostname ? hostname : "-",
				    cases[i].hostname ? cases[i].hostname : "-");
		assert_string_equal(ssid ? ssid : "-", cases[i].ssid ? cases[i].ssid : "-");
		assert_int_equal(s.values[LKB_SETTING_SSH_KEY].n, 0);
	}
}

static void test_a_block_that_is_damaged(void **state)
{
	lkb_autofree uint8_t *block = lkb_alloc(LKB_SETTINGS_SIZE);
	lkb_autosettings s = {0};
	struct lkb_error err = {0};

	assert_int_equal(lkb_settings_parse(block, note, NULL, &s, &err), 0);
	assert_true(lkb_settings_is_empty(&s));
	block[60000] = 1;
	assert_int_equal(lkb_settings_parse(block, note, NULL, &s, &err), -1);
	assert_string_equal(err.message, "its checksum does not fit");
	assert_int_equal(err.kind, LKB_INPUT);
}

/* The list that help shows is the list that is read. */
static void test_every_key_is_listed(void **state)
{
	size_t i, k, n = 0;

	for (i = 0; lkb_flash_settings_keys[i]; i++)
		for (k = 0; k < LKB_SETTINGS_N; k++)
			n += !strcmp(lkb_flash_settings_keys[i], lkb_setting_rows[k].name);
	assert_int_equal(n, LKB_SETTINGS_N);
	assert_int_equal(i, LKB_SETTINGS_N + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_can_be_set),
		cmocka_unit_test(test_a_wlan_key_in_three_ways),
		cmocka_unit_test(test_what_cannot_be_set),
		cmocka_unit_test(test_what_is_wrong_in_a_file),
		cmocka_unit_test(test_a_passphrase_that_begins_with_a_hash),
		cmocka_unit_test(test_no_more_keys_than_fit),
		cmocka_unit_test(test_settings_env_as_bytes),
		cmocka_unit_test(test_settings_env_in_pieces),
		cmocka_unit_test(test_mkenvimage_makes_the_same_settings),
		cmocka_unit_test(test_config_txt_gets_lines),
		cmocka_unit_test(test_config_txt_that_is_full),
		cmocka_unit_test(test_images_that_take_no_settings),
		cmocka_unit_test(test_nothing_set_changes_nothing),
		cmocka_unit_test(test_a_board_reads_what_was_written),
		cmocka_unit_test(test_a_board_takes_only_what_fits),
		cmocka_unit_test(test_a_block_that_is_damaged),
		cmocka_unit_test(test_every_key_is_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
