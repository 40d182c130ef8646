/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_SETTINGS_PRIV_H
#define LKB_FLASH_SETTINGS_PRIV_H

#include <stdbool.h>

#include "flash/settings.h"

/* Settings of one target, one after the other. Born {.read_file = ...}. */
struct lkb_settings_in {
	struct lkb_flash_settings s; /* owned */
	char *passphrase;            /* owned; "" or NULL = none yet */
	lkb_settings_read_fn *read_file;
};
void lkb_settings_in_clear(struct lkb_settings_in *in);
#define lkb_autosettingsin __attribute__((cleanup(lkb_settings_in_clear))) struct lkb_settings_in

/* LKB_INPUT for a value that does not fit or is one too many; what reading @FILE says, with the
 * file and the line of what stands there. */
int lkb_settings_in_add(struct lkb_settings_in *in, const char *key, const char *value,
			struct lkb_error *err);
/* What can be said only now: a WLAN's key follows from its name as well. *ret takes all over. */
int lkb_settings_in_finish(struct lkb_settings_in *in, struct lkb_flash_settings *ret,
			   struct lkb_error *err);

/* --set's strings each by itself, for a target that gets more: LKB_USAGE. */
int lkb_settings_check_each(const struct lkb_strv *sets, lkb_settings_read_fn *read_file,
			    struct lkb_error *err);

bool lkb_settings_key_known(const char *key);
/* May be given again. */
bool lkb_settings_key_repeats(const char *key);
/* LKB_INPUT: what a key that is not known might have been; `also` are further words that are keys
 * in its place, NULL at the end. */
int lkb_settings_key_unknown(const char *key, const char *const *also, struct lkb_error *err);

#endif
