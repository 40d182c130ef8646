/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "bootloader/rpi.h"

/*
 * The chooser: a script for the hush shell of Debian's stock u-boot-rpi (2023.01), started from the
 * first partition by U-Boot's distro boot. Its pieces are put together below; the comments stay
 * here and do not cost time on the board.
 *
 * What this shell wants to have considered:
 *  - A command has at most 16 words, so at most 14 values for setenv.
 *  - An operand that may be empty must be quoted: `test $nothing = x` is true.
 *  - setenv and itest read and write hex without 0x.
 *  - A command with a variable in it is put together as text and parsed again. A quoted word gets
 *    single quotes for that, so a single quote in the value would end it. With the shell variable
 *    HUSH_NO_EVAL set, values of unquoted variables are taken as they are, whatever is in them, as
 *    one word; quoted ones would keep the shell's marks. Hence it is set for one command only.
 *  - Importing leaves variables alone that the block does not name: they are deleted before.
 */

/* Memory, all below what U-Boot uses itself: the kernel is unpacked to 256 MiB and moved to 2 MiB,
 * where Linux wants to be (so booti need not move it a second time). */
static const char memory[] =
	"setenv kernel_comp_addr_r 0x10000000\n"
	"setenv kernel_comp_size 0x04000000\n"
	"setenv lkb_kernel 0x00200000\n"
	"setenv lkb_fdt 0x08000000\n"
	"setenv lkb_initrd 0x08100000\n"
	"setenv lkb_block 0x0f000000\n";

/* The card is the one that this script came from. */
static const char card[] =
	"setenv lkb_card 0\n"
	"if test \"${devtype}\" = mmc; then setenv lkb_card ${devnum}; fi\n"
	"mmc dev ${lkb_card}\n";

/* The records stand at 4 and 8 MiB (sectors 0x2000 and 0x4000). A block whose checksum is right but
 * that names no slot or no number is none; the reader in C (lkb_record_parse) is stricter still. */
static const char records[] =
	"setenv lkb_seq\n"
	"setenv lkb_slot A\n"
	"setenv lkb_reason no-record\n"
	"for lkb_sector in 2000 4000; do\n"
	"  setenv seq\n"
	"  setenv slot\n"
	"  setenv reason none\n"
	"  if mmc read ${lkb_block} ${lkb_sector} 8"
	" && env import -c ${lkb_block} 1000 seq slot reason; then\n"
	"    if test -n \"${seq}\"; then if test \"${slot}\" = A || test \"${slot}\" = B; then\n"
	"      if test -z \"${lkb_seq}\" || itest ${seq} -gt ${lkb_seq}; then\n"
	"        setenv lkb_seq ${seq}\n"
	"        setenv lkb_slot ${slot}\n"
	"        setenv lkb_reason ${reason}\n"
	"      fi\n"
	"    fi; fi\n"
	"  fi\n"
	"done\n"
	"if test -n \"${lkb_seq}\"; then\n"
	"  echo lkboard: record ${lkb_seq} says slot ${lkb_slot}, reason ${lkb_reason}\n"
	"else\n"
	"  echo lkboard: no valid state record, using slot A\n"
	"fi\n";

/* The trailer is the last 4 KiB (8 sectors) of the slot's partition. */
static const char trailer[] =
	"setenv lkb_part 2\n"
	"if test \"${lkb_slot}\" = B; then setenv lkb_part 3; fi\n"
	"setenv t_version\n"
	"setenv t_board\n"
	"setenv t_nblk\n"
	"setenv t_hash\n"
	"setenv t_console\n"
	"setenv t_cmdline\n"
	"setenv lkb_why \"there is no partition ${lkb_part}\"\n"
	"if part uuid mmc ${lkb_card}:${lkb_part} lkb_uuid"
	" && part start mmc ${lkb_card} ${lkb_part} lkb_at"
	" && part size mmc ${lkb_card} ${lkb_part} lkb_size; then\n"
	"  setexpr lkb_at ${lkb_at} + ${lkb_size}\n"
	"  setexpr lkb_at ${lkb_at} - 8\n"
	"  setenv lkb_why \"its trailer is not valid\"\n"
	"  if mmc read ${lkb_block} ${lkb_at} 8 && env import -c ${lkb_block} 1000"
	" t_version t_board t_nblk t_hash t_console t_cmdline; then\n"
	"    setenv lkb_why \"it was made for board ${t_board}\"\n"
	"    if test \"${t_board}\" = @BOARD@; then setenv lkb_why; fi\n"
	"  fi\n"
	"fi\n";

static const char load[] =
	"if test -z \"${lkb_why}\"; then\n"
	"  setenv lkb_why \"no /boot/dtb/${fdtfile}\"\n"
	"  if load mmc ${lkb_card}:${lkb_part} ${lkb_fdt} /boot/dtb/${fdtfile}; then\n"
	"    setenv lkb_why \"no /boot/initrd.img\"\n"
	"    if load mmc ${lkb_card}:${lkb_part} ${lkb_initrd} /boot/initrd.img; then\n"
	"      setenv lkb_initrd ${lkb_initrd}:${filesize}\n"
	"      setenv lkb_why \"no /boot/kernel.gz\"\n"
	"      if load mmc ${lkb_card}:${lkb_part} ${lkb_kernel} /boot/kernel.gz; then"
	" setenv lkb_why; fi\n"
	"    fi\n"
	"  fi\n"
	"fi\n";

/* An unset variable is no word at all, so the words stand one space apart. */
static const char start[] =
	"if test -z \"${lkb_why}\"; then\n"
	"  setenv lkb_words@WORDS@\n"
	"  if test \"${t_console}\" = spec; then setenv lkb_words@WORDS_OF_SPEC@; fi\n"
	"  HUSH_NO_EVAL=1\n"
	"  setenv bootargs ${lkb_words} lkb.slot=${lkb_slot}"
	" lkb.root=PARTUUID=${lkb_uuid} lkb.version=${t_version} lkb.verity=${t_hash}"
	" lkb.blocks=${t_nblk} lkb.reason=${lkb_reason} ${t_cmdline}\n"
	"  HUSH_NO_EVAL=0\n"
	"  echo lkboard: starting slot ${lkb_slot}, version ${t_version}\n"
	"  booti ${lkb_kernel} ${lkb_initrd} ${lkb_fdt}\n"
	"  setenv lkb_why \"U-Boot cannot start the kernel\"\n"
	"fi\n";

/* Going back to U-Boot would let it look for something else to boot, and a reset would do the same
 * again for ever: the board stops here, where its console can be read. */
static const char stop[] =
	"echo \"lkboard: slot ${lkb_slot} does not start: ${lkb_why}\"\n"
	"echo \"lkboard: stopped; Ctrl-C leaves this script\"\n"
	"while sleep 3600; do true; done\n";

/* Puts values in place of their marks; a mark is @NAME@. */
struct fill {
	const char *mark, *value;
};

static void add_filled(struct lkb_str *s, const char *text, const struct fill *fills, size_t n)
{
	const char *at;
	size_t i;

	while ((at = strchr(text, '@'))) {
		lkb_str_addn(s, text, (size_t)(at - text));
		for (i = 0; i < n && !lkb_starts_with(at, fills[i].mark); i++)
			continue;
		lkb_str_add(s, i < n ? fills[i].value : "@");
		text = at + (i < n ? strlen(fills[i].mark) : 1);
	}
	lkb_str_add(s, text);
}

/* What comes from the profile stands between double quotes in a script. */
static int add_words(struct lkb_str *s, const struct lkb_strlist *words, const char *prefix,
		     const char *key, struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < words->n; i++) {
		if (!lkb_board_word_ok(words->items[i]))
			return lkb_fail(err, LKB_INPUT,
					"'%s' in '%s' cannot stand in U-Boot's script",
					words->items[i], key);
		lkb_str_addf(s, "%s%s%s", s->len ? " " : "", prefix, words->items[i]);
	}
	return 0;
}

/* The value of a setenv; nothing at all if there is none, since an empty value is a word too. */
static char *setenv_value(const struct lkb_str *words)
{
	return words->len ? lkb_format(" \"%s\"", words->s) : lkb_strdup("");
}

int lkb_rpi_chooser(const struct lkb_board *board, char **ret, struct lkb_error *err)
{
	static const char *const pieces[] = {memory, card, records, trailer, load, start, stop};
	lkb_autofree char *all_words = NULL, *spec_words = NULL;
	lkb_autostr with_consoles = {0}, without = {0}, out = {0};
	size_t i;

	if (!lkb_board_word_ok(board->name))
		return lkb_fail(err, LKB_INPUT, "'%s' is no name of a board", board->name);
	if (add_words(&with_consoles, &board->consoles, "console=", "consoles", err) ||
	    add_words(&with_consoles, &board->cmdline, "", "cmdline", err) ||
	    add_words(&without, &board->cmdline, "", "cmdline", err))
		return -1;
	all_words = setenv_value(&with_consoles);
	spec_words = setenv_value(&without);

	const struct fill fills[] = {
		{"@BOARD@", board->name},
		{"@WORDS@", all_words},
		{"@WORDS_OF_SPEC@", spec_words},
	};

	add_filled(&out, "echo lkboard: chooser for board @BOARD@\n", fills, LKB_ARRAY_SIZE(fills));
	for (i = 0; i < LKB_ARRAY_SIZE(pieces); i++)
		add_filled(&out, pieces[i], fills, LKB_ARRAY_SIZE(fills));
	*ret = lkb_str_take(&out);
	return 0;
}
