/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/ext/hash.h"
#include "base/utf8.h"
#include "bootloader/slot/config_txt.h"
#include "flash/settings_priv.h"

#define CONFIG_TXT "config.txt"
#define FILE_MAX 65536
#define CONFIG_LINES_MAX 256
#define PASSPHRASE_MIN 8u
#define PASSPHRASE_MAX 63u
#define PSK_SIZE 32
#define PSK_ROUNDS 4096 /* IEEE 802.11-2020, J.4 */
#define KEYS_MAX 16

const char *const lkb_flash_settings_keys[] = {
	CONFIG_TXT, "hostname", "ssh-key", "wifi-country", "wifi-hidden", "wifi-psk", "wifi-ssid",
	NULL,
};

void lkb_flash_settings_clear(struct lkb_flash_settings *s)
{
	lkb_settings_clear(&s->env);
	lkb_strv_clear(&s->config_txt);
}

void lkb_settings_in_clear(struct lkb_settings_in *in)
{
	lkb_flash_settings_clear(&in->s);
	free(LKB_STEAL(in->passphrase));
}

bool lkb_settings_key_known(const char *key)
{
	size_t i;

	for (i = 0; lkb_flash_settings_keys[i]; i++)
		if (!strcmp(lkb_flash_settings_keys[i], key))
			return true;
	return false;
}

/* LKB_SETTINGS_N for config.txt, which is no setting of settings.env. */
static enum lkb_setting setting_of(const char *key)
{
	enum lkb_setting i;

	for (i = 0; i < LKB_SETTINGS_N && strcmp(lkb_setting_rows[i].name, key) != 0; i++)
		;
	return i;
}

bool lkb_settings_key_repeats(const char *key)
{
	enum lkb_setting which = setting_of(key);

	return which == LKB_SETTINGS_N ? !strcmp(key, CONFIG_TXT) : lkb_setting_rows[which].max > 1;
}

int lkb_settings_key_unknown(const char *key, const char *const *also, struct lkb_error *err)
{
	const char *words[KEYS_MAX], *near;
	lkb_autostr shown = {0}, list = {0};
	size_t n = 0, i;

	for (i = 0; also && also[i] && n < KEYS_MAX; i++)
		words[n++] = also[i];
	for (i = 0; lkb_flash_settings_keys[i] && n < KEYS_MAX; i++)
		words[n++] = lkb_flash_settings_keys[i];
	for (i = 0; i < n; i++)
		lkb_str_addf(&list, "%s%s", i ? ", " : "", words[i]);
	lkb_utf8_show(&shown, key, strlen(key), false);
	near = lkb_did_you_mean(key, words, n);
	lkb_fail(err, LKB_INPUT, "unknown key '%.80s'", lkb_str_get(&shown));
	if (near)
		return lkb_hint(err, "did you mean '%s'?", near);
	return lkb_hint(err, "keys are %s", list.s);
}

static int add_config_line(struct lkb_settings_in *in, const char *value, struct lkb_error *err)
{
	if (in->s.config_txt.n == CONFIG_LINES_MAX)
		return lkb_fail(err, LKB_INPUT, "more than %d lines for config.txt",
				CONFIG_LINES_MAX);
	if (lkb_config_txt_check(value, "this target", err))
		return -1;
	lkb_strv_add(&in->s.config_txt, value);
	return 0;
}

/* 64 hex digits are the key itself. */
static bool is_psk(const char *value)
{
	return strlen(value) == 2 * PSK_SIZE &&
	       strspn(value, "0123456789abcdefABCDEF") == 2 * PSK_SIZE;
}

static int add_passphrase(struct lkb_settings_in *in, const char *value, struct lkb_error *err)
{
	size_t n = strlen(value);
	const char *c;

	if (in->passphrase)
		return lkb_fail(err, LKB_INPUT, "is given twice");
	for (c = value; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			return lkb_fail(err, LKB_INPUT, "the passphrase has a character that is "
					"not printable ASCII");
	if (!is_psk(value) && (n < PASSPHRASE_MIN || n > PASSPHRASE_MAX)) {
		lkb_fail(err, LKB_INPUT, "the passphrase has %zu characters", n);
		return lkb_hint(err, "%u to %u characters, or the key itself: %d hex digits",
				PASSPHRASE_MIN, PASSPHRASE_MAX, 2 * PSK_SIZE);
	}
	in->passphrase = lkb_strdup(value);
	return 0;
}

static int add_value(struct lkb_settings_in *in, const char *key, const char *value,
		     struct lkb_error *err)
{
	enum lkb_setting which = setting_of(key);
	struct lkb_strv *values;

	if (which == LKB_SETTINGS_N)
		return add_config_line(in, value, err);
	if (which == LKB_SETTING_WIFI_PSK)
		return add_passphrase(in, value, err);
	values = &in->s.env.values[which];
	if (values->n == lkb_setting_rows[which].max) {
		if (values->n == 1)
			return lkb_fail(err, LKB_INPUT, "is given twice");
		return lkb_fail(err, LKB_INPUT, "more than %zu are given", values->n);
	}
	if (lkb_setting_rows[which].check(value, err))
		return -1;
	lkb_strv_add(values, value);
	return 0;
}

/* Every line is a value; empty ones and comments are none, as in authorized_keys. */
static int add_lines(struct lkb_settings_in *in, const char *key, const char *path, char *text,
		     struct lkb_error *err)
{
	size_t n = 0;
	unsigned number = 0;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		size_t len = strlen(line);

		number++;
		if (len && line[len - 1] == '\r')
			line[len - 1] = '\0';
		if (!*line || (lkb_settings_key_repeats(key) && *line == '#'))
			continue;
		if (add_value(in, key, line, err))
			return lkb_at(err, path, number, 0);
		n++;
	}
	if (n)
		return 0;
	lkb_fail(err, LKB_INPUT, "there is nothing in it");
	return lkb_at(err, path, 0, 0);
}

static int add_file(struct lkb_settings_in *in, const char *key, const char *path,
		    struct lkb_error *err)
{
	lkb_autofree char *text = NULL;
	size_t len;

	if (in->read_file(path, FILE_MAX, &text, &len, err)) {
		if (path[0] == '~')
			return lkb_hint(err, "the shell does not replace this '~': write $HOME");
		return -1;
	}
	if (strlen(text) != len) {
		lkb_fail(err, LKB_INPUT, "this is no text");
		return lkb_at(err, path, 0, 0);
	}
	return add_lines(in, key, path, text, err);
}

static bool takes_file(const char *key)
{
	enum lkb_setting which = setting_of(key);

	return which == LKB_SETTING_SSH_KEY || which == LKB_SETTING_WIFI_PSK;
}

int lkb_settings_in_add(struct lkb_settings_in *in, const char *key, const char *value,
			struct lkb_error *err)
{
	if (!*value) {
		lkb_fail(err, LKB_INPUT, "the value is empty");
		return lkb_context(err, "%s", key);
	}
	if (*value == '@' && takes_file(key) ? add_file(in, key, value + 1, err) :
					       add_value(in, key, value, err))
		return lkb_context(err, "%s", key);
	return 0;
}

/* IEEE 802.11-2020, J.4: the same key that wpa_passphrase(8) prints. */
static void make_psk(const char *passphrase, const char *ssid, struct lkb_strv *ret)
{
	char hex[2 * PSK_SIZE + 1];
	uint8_t psk[PSK_SIZE];
	size_t i;

	if (is_psk(passphrase)) {
		for (i = 0; i <= 2 * PSK_SIZE; i++)
			hex[i] = passphrase[i] >= 'A' && passphrase[i] <= 'F' ?
					 (char)(passphrase[i] - 'A' + 'a') : passphrase[i];
	} else {
		lkb_pbkdf2_sha1(passphrase, ssid, strlen(ssid), PSK_ROUNDS, psk, sizeof(psk));
		lkb_hex(psk, sizeof(psk), hex);
	}
	lkb_strv_add(ret, hex);
}

int lkb_settings_in_finish(struct lkb_settings_in *in, struct lkb_flash_settings *ret,
			   struct lkb_error *err)
{
	struct lkb_strv *psk = &in->s.env.values[LKB_SETTING_WIFI_PSK];
	const char *ssid = lkb_settings_get(&in->s.env, LKB_SETTING_WIFI_SSID);
	lkb_autofree uint8_t *block = lkb_alloc(LKB_SETTINGS_SIZE);

	if (in->passphrase)
		make_psk(in->passphrase, ssid ? ssid : "", psk);
	if (lkb_settings_format(&in->s.env, block, err))
		return -1;
	*ret = in->s;
	in->s = (struct lkb_flash_settings){0};
	return 0;
}

/* What stands in front of the '='; without one as much as looks like a key: what was meant may be a
 * passphrase. */
static int split(const char *set, char **ret_key, const char **ret_value, struct lkb_error *err)
{
	const char *equals = strchr(set, '=');
	size_t n = strspn(set, "abcdefghijklmnopqrstuvwxyz0123456789._-");

	if (!equals) {
		lkb_fail(err, LKB_INPUT, "'%.*s' is not KEY=VALUE", n < 40 ? (int)n : 40, set);
		return lkb_hint(err, "as in 'hostname=kiosk-1'");
	}
	*ret_key = lkb_strndup(set, (size_t)(equals - set));
	*ret_value = equals + 1;
	return 0;
}

static int add_set(struct lkb_settings_in *in, const char *set, struct lkb_error *err)
{
	lkb_autofree char *key = NULL;
	const char *value = NULL;

	if (split(set, &key, &value, err))
		return -1;
	if (!lkb_settings_key_known(key))
		return lkb_settings_key_unknown(key, NULL, err);
	return lkb_settings_in_add(in, key, value, err);
}

/* What is wrong on the command line is its fault, what is wrong in a file is the file's. */
static int usage(struct lkb_error *err)
{
	if (err && err->kind == LKB_INPUT && !err->file[0])
		err->kind = LKB_USAGE;
	return lkb_context(err, "--set");
}

static int add_sets(struct lkb_settings_in *in, const struct lkb_strv *sets, struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < sets->n; i++)
		if (add_set(in, sets->items[i], err))
			return usage(err);
	return 0;
}

int lkb_settings_check_each(const struct lkb_strv *sets, lkb_settings_read_fn *read_file,
			    struct lkb_error *err)
{
	lkb_autosettingsin in = {.read_file = read_file};

	return add_sets(&in, sets, err);
}

int lkb_flash_settings_parse(const struct lkb_strv *sets, lkb_settings_read_fn *read_file,
			     struct lkb_flash_settings *ret, struct lkb_error *err)
{
	lkb_autosettingsin in = {.read_file = read_file};

	if (add_sets(&in, sets, err))
		return -1;
	return lkb_settings_in_finish(&in, ret, err) ? usage(err) : 0;
}
