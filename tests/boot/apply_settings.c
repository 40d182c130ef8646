/* SPDX-License-Identifier: Apache-2.0 */
/* apply_settings CARD MAP KEY=VALUE...: what `flash --set` does to the bytes on their way to a card,
 * done to the file itself (tests/boot/settings-long.sh). */
#include <fcntl.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/file.h"
#include "flash/settings.h"

static int apply(const struct lkb_edit *e, int fd, struct lkb_error *err)
{
	lkb_autofree uint8_t *buf = lkb_alloc(e->len);

	if (lkb_pread_full(fd, buf, e->len, e->off, "card", err) ||
	    e->apply(e->ctx, 0, buf, e->len, err))
		return -1;
	return lkb_pwrite_full(fd, buf, e->len, e->off, "card", err);
}

static int run(char **argv, const struct lkb_strv *sets, struct lkb_error *err)
{
	lkb_autofd fd = open(argv[1], O_RDWR | O_CLOEXEC);
	lkb_autosettingsedits edits = {.n = 0};
	lkb_autoflashsettings settings = {.config_txt = {0}};
	lkb_auto(lkb_map) map = NULL;

	if (fd < 0)
		return lkb_fail_errno(err, "cannot open '%s'", argv[1]);
	if (lkb_flash_settings_parse(sets, lkb_read_file, &settings, err) ||
	    lkb_map_read(argv[2], &map, err) ||
	    lkb_settings_edits_make(&settings, map, &edits, err))
		return -1;
	for (size_t i = 0; i < edits.n; i++)
		if (apply(&edits.edits[i], fd, err))
			return -1;
	return 0;
}

int main(int argc, char **argv)
{
	lkb_autostrv sets = {0};
	struct lkb_error err = {0};

	if (argc < 3)
		return 2;
	for (int i = 3; i < argc; i++)
		lkb_strv_add(&sets, argv[i]);
	if (run(argv, &sets, &err)) {
		fprintf(stderr, "%s\n  hint: %s\n", err.message, err.hint);
		return err.kind;
	}
	return 0;
}
