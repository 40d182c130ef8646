/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "bootloader/rpi_priv.h"
#include "bootloader/slot/config_txt.h"

static int add_lines(struct lkb_str *s, const char *const *lines, size_t n, const char *whose,
		     struct lkb_error *err)
{
	size_t i;

	/* A section filter ("[pi3+]") ends where the next one's lines start. */
	if (n)
		lkb_str_add(s, "[all]\n");
	for (i = 0; i < n; i++) {
		if (lkb_config_txt_check(lines[i], whose, err))
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

	for (i = 0; lkb_config_txt_fixed[i]; i++)
		lkb_str_addf(&s, "%s\n", lkb_config_txt_fixed[i]);
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
