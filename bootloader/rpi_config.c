/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/cleanup.h"
#include "bootloader/rpi_priv.h"

/* The firmware reads 98 characters of a line and ignores the rest (Raspberry Pi documentation,
 * "config.txt", file format). */
#define LINE_MAX_CHARS 98u

/* What this boot method stands on: a line of the profile or the spec that changes one of these
 * would leave the board dark. */
static const char *const fixed[] = {"arm_64bit=1", "kernel=u-boot.bin"};

static bool same_key(const char *line, const char *fixed_line)
{
	size_t n = (size_t)(strchr(fixed_line, '=') - fixed_line);

	return !strncmp(line, fixed_line, n) && (line[n] == '=' || line[n] == ' ');
}

static int check_line(const char *line, const char *whose, struct lkb_error *err)
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
	for (i = 0; i < LKB_ARRAY_SIZE(fixed); i++) {
		if (!same_key(line, fixed[i]))
			continue;
		lkb_fail(err, LKB_INPUT, "'%s' of %s cannot stand in config.txt", line, whose);
		return lkb_hint(err, "this board's boot needs '%s', which is set already",
				fixed[i]);
	}
	return 0;
}

static int add_lines(struct lkb_str *s, const char *const *lines, size_t n, const char *whose,
		     struct lkb_error *err)
{
	size_t i;

	/* A section filter ("[pi3+]") ends where the next one's lines start. */
	if (n)
		lkb_str_add(s, "[all]\n");
	for (i = 0; i < n; i++) {
		if (check_line(lines[i], whose, err))
			return -1;
		lkb_str_addf(s, "%s\n", lines[i]);
	}
	return 0;
}

int lkb_rpi_config_txt(const struct lkb_rpi_boot_in *in, struct lkb_str *ret,
		       struct lkb_error *err)
{
	const struct lkb_strlist *profile = &in->board->firmware.config_txt;
	lkb_autostr s = {0};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(fixed); i++)
		lkb_str_addf(&s, "%s\n", fixed[i]);
	if (add_lines(&s, profile->items, profile->n, "the board profile", err) ||
	    add_lines(&s, in->config_txt, in->n_config_txt, "the spec", err))
		return -1;
	if (s.len > LKB_RPI_CONFIG_TXT_SIZE)
		return lkb_fail(err, LKB_INPUT, "config.txt has %zu bytes, at most %u fit", s.len,
				LKB_RPI_CONFIG_TXT_SIZE);
	/* Empty lines mean nothing to the firmware. */
	while (!in->ram && s.len < LKB_RPI_CONFIG_TXT_SIZE)
		lkb_str_addc(&s, '\n');
	*ret = s;
	s = (struct lkb_str){0};
	return 0;
}
