/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_STATIONS_H
#define LKB_FLASH_STATIONS_H

#include <stddef.h>

#include "base/error.h"
#include "base/str.h"
#include "flash/settings.h"

/*
 * `flash --targets FILE.csv`: one target a line, each with settings of its own. RFC 4180: fields
 * parted by commas, quoted where they hold one, lines ended by LF or CRLF, the first line says what
 * the columns are:
 *
 *	device,hostname,ssh-key
 *	/dev/sdb,kiosk-1,@keys/kiosk-1.pub
 *
 * `device` (a path) or `serial` (the device's serial number), or both, and any keys of --set. A
 * column of a key that may be given again may stand there again. An empty field sets nothing. Lines
 * without any character are passed over, and so is a byte-order mark. Hostile input.
 */
#define LKB_STATIONS_TEXT_MAX ((size_t)1 << 20)
#define LKB_STATIONS_MAX 1024u
#define LKB_STATIONS_COLUMNS_MAX 64u

struct lkb_station {
	char *device; /* owned; NULL = any that has the serial number */
	char *serial; /* owned; NULL = not asked for */
	unsigned line; /* of the file, for messages */
	struct lkb_flash_settings settings;
};

/* Born {0}. */
struct lkb_stations {
	struct lkb_station *items; /* owned */
	size_t n;
};
void lkb_stations_clear(struct lkb_stations *s);
#define lkb_autostations __attribute__((cleanup(lkb_stations_clear))) struct lkb_stations

/* `name` is what messages call the file. `common` are --set's own strings, for every target: a
 * line's value takes the place of theirs, that of a key that may be given again comes behind.
 * LKB_USAGE for `common` alone; LKB_INPUT with line and column for the file, which has at least one
 * target, and none twice. */
int lkb_stations_parse(const char *text, size_t len, const char *name,
		       const struct lkb_strv *common, lkb_settings_read_fn *read_file,
		       struct lkb_stations *ret, struct lkb_error *err);
/* The same for the file at `path`. */
int lkb_stations_read(const char *path, const struct lkb_strv *common, struct lkb_stations *ret,
		      struct lkb_error *err);

#endif
