/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BOOTLOADER_SLOT_SETTINGS_H
#define LKB_BOOTLOADER_SLOT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

/*
 * settings.env on the boot partition: what one board is given when its card is written, and what
 * its initrd applies at each boot. An environment block (bootloader/slot/slot.h) of 64 KiB; all
 * zero: nothing is set. docs/formats/settings.md describes keys and values. Both sides go by this
 * one table and these checks, since a board cannot trust a FAT: libc only.
 */
#define LKB_SETTINGS_SIZE ((size_t)64 << 10)
#define LKB_SETTINGS_FILE "settings.env"

enum lkb_setting {
	LKB_SETTING_HOSTNAME,
	LKB_SETTING_SSH_KEY,
	LKB_SETTING_WIFI_SSID,
	LKB_SETTING_WIFI_PSK, /* as settings.env has it: 64 hex digits */
	LKB_SETTING_WIFI_COUNTRY,
	LKB_SETTING_WIFI_HIDDEN, /* "yes" */
	LKB_SETTINGS_N
};

/* A key as people and settings.env write it. */
struct lkb_setting_row {
	const char *name; /* "ssh-key" */
	const char *key;  /* "ssh_key"; where there may be several, the n-th is "ssh_key_NN" */
	size_t max;       /* values */
	bool secret;      /* its value is in no message */
	/* LKB_INPUT, with a hint, for a value that does not fit. */
	int (*check)(const char *value, struct lkb_error *err);
};
extern const struct lkb_setting_row lkb_setting_rows[LKB_SETTINGS_N];

/* What is set: as many values a key as its row allows. Born {0}. */
struct lkb_settings {
	struct lkb_strv values[LKB_SETTINGS_N];
};
void lkb_settings_clear(struct lkb_settings *s);
#define lkb_autosettings __attribute__((cleanup(lkb_settings_clear))) struct lkb_settings

/* The only value of a key, NULL if it is not set; borrowed. */
const char *lkb_settings_get(const struct lkb_settings *s, enum lkb_setting which);
bool lkb_settings_is_empty(const struct lkb_settings *s);

/* Checks what the values must be to each other: a WLAN has a name. LKB_INPUT. */
int lkb_settings_check(const struct lkb_settings *s, struct lkb_error *err);

/* Writes the block of LKB_SETTINGS_SIZE bytes, all zero if nothing is set. LKB_INPUT for what a
 * check refuses or does not fit. */
int lkb_settings_format(const struct lkb_settings *s, uint8_t *block, struct lkb_error *err);

/* Reads a block of LKB_SETTINGS_SIZE bytes: hostile. LKB_INPUT if it is neither zero nor valid.
 * What is in it and is not a setting, or one that a check refuses, is left out and told to
 * `complain`; the rest counts. A WLAN without its name or with a key that is wrong is left out
 * whole. *ret is {0} before. */
typedef void lkb_settings_complain_fn(void *ctx, const struct lkb_error *err);
int lkb_settings_parse(const uint8_t *block, lkb_settings_complain_fn *complain, void *ctx,
		       struct lkb_settings *ret, struct lkb_error *err);

#endif
