/* SPDX-License-Identifier: Apache-2.0 */
#include "bootloader/slot/settings.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "bootloader/slot/setting_checks_priv.h"
#include "bootloader/slot/slot.h"
#include "bootloader/slot/slot_priv.h"

#define SSH_KEYS_MAX 32
#define KEY_ROOM 32
#define PAIRS_MAX (SSH_KEYS_MAX + LKB_SETTINGS_N)

const struct lkb_setting_row lkb_setting_rows[LKB_SETTINGS_N] = {
	[LKB_SETTING_HOSTNAME] = {"hostname", "hostname", 1, false, lkb_setting_check_hostname},
	[LKB_SETTING_SSH_KEY] = {"ssh-key", "ssh_key", SSH_KEYS_MAX, false,
				 lkb_setting_check_ssh_key},
	[LKB_SETTING_WIFI_SSID] = {"wifi-ssid", "wifi_ssid", 1, false, lkb_setting_check_ssid},
	[LKB_SETTING_WIFI_PSK] = {"wifi-psk", "wifi_psk", 1, true, lkb_setting_check_psk},
	[LKB_SETTING_WIFI_COUNTRY] = {"wifi-country", "wifi_country", 1, false,
				      lkb_setting_check_country},
	[LKB_SETTING_WIFI_HIDDEN] = {"wifi-hidden", "wifi_hidden", 1, false,
				     lkb_setting_check_yes},
};

static const enum lkb_setting wifi[] = {
	LKB_SETTING_WIFI_SSID,
	LKB_SETTING_WIFI_PSK,
	LKB_SETTING_WIFI_COUNTRY,
	LKB_SETTING_WIFI_HIDDEN,
};

void lkb_settings_clear(struct lkb_settings *s)
{
	size_t i;

	for (i = 0; i < LKB_SETTINGS_N; i++)
		lkb_strv_clear(&s->values[i]);
}

const char *lkb_settings_get(const struct lkb_settings *s, enum lkb_setting which)
{
	return s->values[which].n ? s->values[which].items[0] : NULL;
}

bool lkb_settings_is_empty(const struct lkb_settings *s)
{
	size_t i, n = 0;

	for (i = 0; i < LKB_SETTINGS_N; i++)
		n += s->values[i].n;
	return !n;
}

int lkb_settings_check(const struct lkb_settings *s, struct lkb_error *err)
{
	size_t i;

	if (lkb_settings_get(s, LKB_SETTING_WIFI_SSID))
		return 0;
	for (i = 0; i < LKB_ARRAY_SIZE(wifi); i++) {
		if (!lkb_settings_get(s, wifi[i]))
			continue;
		lkb_fail(err, LKB_INPUT, "'%s' is given, but no 'wifi-ssid'",
			 lkb_setting_rows[wifi[i]].name);
		return lkb_hint(err, "the name of the WLAN is missing");
	}
	return 0;
}

static int check_values(const struct lkb_settings *s, size_t which, struct lkb_error *err)
{
	const struct lkb_setting_row *row = &lkb_setting_rows[which];
	const struct lkb_strv *v = &s->values[which];
	size_t i;

	if (v->n > row->max)
		return lkb_fail(err, LKB_INPUT, "'%s' is given %zu times, at most %zu fit",
				row->name, v->n, row->max);
	for (i = 0; i < v->n; i++)
		if (row->check(v->items[i], err))
			return lkb_context(err, "%s", row->name);
	return 0;
}

int lkb_settings_format(const struct lkb_settings *s, uint8_t *block, struct lkb_error *err)
{
	struct lkb_env_pair pairs[PAIRS_MAX];
	char keys[PAIRS_MAX][KEY_ROOM];
	size_t n = 0, i, k;

	if (lkb_settings_check(s, err))
		return -1;
	for (i = 0; i < LKB_SETTINGS_N; i++) {
		if (check_values(s, i, err))
			return -1;
		for (k = 0; k < s->values[i].n; k++, n++) {
			if (lkb_setting_rows[i].max > 1)
				snprintf(keys[n], KEY_ROOM, "%s_%02zu", lkb_setting_rows[i].key,
					 k + 1);
			else
				snprintf(keys[n], KEY_ROOM, "%s", lkb_setting_rows[i].key);
			pairs[n] = (struct lkb_env_pair){keys[n], s->values[i].items[k]};
		}
	}
	if (n)
		return lkb_env_format(pairs, n, block, LKB_SETTINGS_SIZE, err);
	memset(block, 0, LKB_SETTINGS_SIZE);
	return 0;
}

/* "ssh_key_07" is a value of "ssh_key". */
static bool key_is(const char *key, size_t n, const struct lkb_setting_row *row)
{
	size_t len = strlen(row->key);

	if (n < len || strncmp(key, row->key, len) != 0)
		return false;
	if (row->max == 1)
		return n == len;
	return n == len + 3 && key[len] == '_' && strspn(key + len + 1, "0123456789") >= 2;
}

static bool is_key(const char *key, size_t n)
{
	return n && n < KEY_ROOM &&
	       strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

static int take(const char *string, struct lkb_settings *s, struct lkb_error *err)
{
	size_t n = strcspn(string, "="), room = strlen(string) + 1, i;
	lkb_autofree char *value = lkb_alloc(room);

	if (!is_key(string, n) || !string[n])
		return lkb_fail(err, LKB_INPUT, "a string in it is no setting");
	for (i = 0; i < LKB_SETTINGS_N && !key_is(string, n, &lkb_setting_rows[i]); i++)
		;
	if (i == LKB_SETTINGS_N)
		return lkb_fail(err, LKB_INPUT, "'%.*s' is no setting that is known here", (int)n,
				string);
	if (s->values[i].n == lkb_setting_rows[i].max)
		return lkb_fail(err, LKB_INPUT, "'%.*s' is one too many", (int)n, string);
	lkb_slot_unescape(string + n + 1, value, room);
	if (!*value)
		return lkb_fail(err, LKB_INPUT, "'%.*s' has no value", (int)n, string);
	if (lkb_setting_rows[i].check(value, err))
		return lkb_context(err, "%.*s", (int)n, string);
	lkb_strv_add(&s->values[i], value);
	return 0;
}

static void drop_wifi(struct lkb_settings *s)
{
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(wifi); i++)
		lkb_strv_clear(&s->values[wifi[i]]);
}

int lkb_settings_parse(const uint8_t *block, lkb_settings_complain_fn *complain, void *ctx,
		       struct lkb_settings *ret, struct lkb_error *err)
{
	static const char psk[] = "wifi_psk=";
	lkb_autosettings s = {0};
	struct lkb_error why = {0};
	bool key_lost = false;
	const char *at = NULL;

	if (lkb_is_zero(block, LKB_SETTINGS_SIZE))
		return 0;
	if (!lkb_env_valid(block, LKB_SETTINGS_SIZE))
		return lkb_fail(err, LKB_INPUT, "its checksum does not fit");
	while ((at = lkb_env_next(block, LKB_SETTINGS_SIZE, at))) {
		if (!take(at, &s, &why))
			continue;
		complain(ctx, &why);
		key_lost = key_lost || !strncmp(at, psk, strlen(psk));
	}
	/* Without its key it would be an open network. */
	if (key_lost) {
		drop_wifi(&s);
	} else if (lkb_settings_check(&s, &why)) {
		complain(ctx, &why);
		drop_wifi(&s);
	}
	*ret = s;
	s = (struct lkb_settings){0};
	return 0;
}
