/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bootloader/slot/slot.h"
#include "bootloader/slot/slot_priv.h"

#define NAME_MORE "._+~-"
#define ROOT_HEX 64u

bool lkb_cmdline_names_console(const char *cmdline)
{
	static const char word[] = "console=";
	const char *at = cmdline;

	while ((at = strstr(at, word))) {
		if (at == cmdline || at[-1] == ' ')
			return true;
		at += sizeof(word) - 1;
	}
	return false;
}

static bool root_ok(const char *root)
{
	return strlen(root) == ROOT_HEX && strspn(root, "0123456789abcdef") == ROOT_HEX;
}

static int check(const struct lkb_trailer *t, const char *cmdline, struct lkb_error *err)
{
	if (!lkb_slot_word_ok(t->version, LKB_VERSION_MAX, NAME_MORE)) {
		lkb_fail(err, LKB_INPUT, "'%s' is no version of an image", t->version);
		return lkb_hint(err, "up to %u letters, digits and any of %s", LKB_VERSION_MAX,
				NAME_MORE);
	}
	if (!lkb_slot_word_ok(t->board, LKB_VERSION_MAX, NAME_MORE))
		return lkb_fail(err, LKB_INPUT, "'%s' is no name of a board", t->board);
	if (!root_ok(t->verity_root))
		return lkb_fail(err, LKB_BUG, "'%s' is no root hash", t->verity_root);
	if (t->epoch < 0)
		return lkb_fail(err, LKB_INPUT, "the epoch %" PRId64 " is before 1970", t->epoch);
	if (strlen(cmdline) > LKB_CMDLINE_MAX)
		return lkb_fail(err, LKB_INPUT,
				"the kernel command line has %zu bytes, at most %u fit",
				strlen(cmdline), LKB_CMDLINE_MAX);
	return 0;
}

/* U-Boot's shell takes one level of backslashes away where the value of a variable goes through it,
 * so the command line has one level more than other values. */
static void double_backslashes(const char *from, char *to)
{
	for (; *from; from++) {
		if (*from == '\\')
			*to++ = '\\';
		*to++ = *from;
	}
	*to = 0;
}

int lkb_trailer_format(const struct lkb_trailer *t, uint8_t block[LKB_ENV_SIZE],
		       struct lkb_error *err)
{
	const char *cmdline = t->cmdline ? t->cmdline : "";
	char nblk[17], epoch[17], doubled[2 * LKB_CMDLINE_MAX + 1];
	const struct lkb_env_pair pairs[] = {
		{"t_version", t->version},
		{"t_board", t->board},
		{"t_nblk", nblk},
		{"t_hash", t->verity_root},
		{"t_epoch", epoch},
		{"t_console", lkb_cmdline_names_console(cmdline) ? "spec" : "board"},
		{"t_cmdline", doubled}, /* stays last: left out if it is empty */
	};
	size_t n = sizeof(pairs) / sizeof(pairs[0]);

	if (check(t, cmdline, err))
		return -1;
	double_backslashes(cmdline, doubled);
	snprintf(nblk, sizeof(nblk), "%" PRIx64, t->data_blocks);
	snprintf(epoch, sizeof(epoch), "%" PRIx64, (uint64_t)t->epoch);
	if (lkb_env_format(pairs, *cmdline ? n : n - 1, block, LKB_ENV_SIZE, err))
		return lkb_context(err, "slot trailer");
	return 0;
}

bool lkb_trailer_parse(const uint8_t block[LKB_ENV_SIZE], struct lkb_trailer_info *ret)
{
	struct lkb_trailer_info t = {0};
	char doubled[2 * LKB_CMDLINE_MAX + 1];
	const char *nblk, *epoch, *console;
	uint64_t seconds;

	if (!lkb_env_valid(block, LKB_ENV_SIZE))
		return false;
	nblk = lkb_env_get(block, LKB_ENV_SIZE, "t_nblk");
	epoch = lkb_env_get(block, LKB_ENV_SIZE, "t_epoch");
	console = lkb_env_get(block, LKB_ENV_SIZE, "t_console");
	if (!nblk || !lkb_slot_hex_parse(nblk, UINT64_MAX, &t.data_blocks) || !epoch ||
	    !lkb_slot_hex_parse(epoch, INT64_MAX, &seconds))
		return false;
	if (!lkb_env_copy(block, LKB_ENV_SIZE, "t_version", t.version, sizeof(t.version)) ||
	    !lkb_slot_word_ok(t.version, LKB_VERSION_MAX, NAME_MORE) ||
	    !lkb_env_copy(block, LKB_ENV_SIZE, "t_board", t.board, sizeof(t.board)) ||
	    !lkb_slot_word_ok(t.board, LKB_VERSION_MAX, NAME_MORE) ||
	    !lkb_env_copy(block, LKB_ENV_SIZE, "t_hash", t.verity_root,
			  sizeof(t.verity_root)) ||
	    !root_ok(t.verity_root))
		return false;
	if (lkb_env_get(block, LKB_ENV_SIZE, "t_cmdline") &&
	    (!lkb_env_copy(block, LKB_ENV_SIZE, "t_cmdline", doubled, sizeof(doubled)) ||
	     !lkb_slot_unescape(doubled, t.cmdline, sizeof(t.cmdline))))
		return false;
	t.epoch = (int64_t)seconds;
	t.own_console = console && !strcmp(console, "spec");
	*ret = t;
	return true;
}
