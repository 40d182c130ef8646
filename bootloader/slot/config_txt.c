/* SPDX-License-Identifier: Apache-2.0 */
#include "bootloader/slot/config_txt.h"

#include <stdbool.h>
#include <string.h>

#define LINE_MAX_CHARS 98u

/* A line of the profile, the spec or the user that changes one of these would leave the board
 * dark. */
const char *const lkb_config_txt_fixed[] = {"arm_64bit=1", "kernel=u-boot.bin", NULL};

static bool same_key(const char *line, const char *fixed_line)
{
	size_t n = (size_t)(strchr(fixed_line, '=') - fixed_line);

	return !strncmp(line, fixed_line, n) && (line[n] == '=' || line[n] == ' ');
}

int lkb_config_txt_check(const char *line, const char *whose, struct lkb_error *err)
{
	const char *c;
	size_t i;

	if (strlen(line) > LINE_MAX_CHARS)
		return lkb_fail(err, LKB_INPUT,
				"a line of %s for config.txt has %zu characters, the firmware "
				"reads %u", whose, strlen(line), LINE_MAX_CHARS);
	for (c = line; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			return lkb_fail(err, LKB_INPUT,
					"a line of %s for config.txt has a character that is not "
					"printable ASCII", whose);
	for (i = 0; lkb_config_txt_fixed[i]; i++) {
		if (!same_key(line, lkb_config_txt_fixed[i]))
			continue;
		lkb_fail(err, LKB_INPUT, "'%s' of %s cannot stand in config.txt", line, whose);
		return lkb_hint(err, "this board's boot needs '%s', which is set already",
				lkb_config_txt_fixed[i]);
	}
	return 0;
}
