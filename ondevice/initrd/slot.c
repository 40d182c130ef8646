/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/initrd/slot.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "ondevice/common/cmdline.h"
#include "ondevice/common/now.h"
#include "ondevice/common/say.h"

#define POLL_US 50000
#define SAY_EVERY_MS 5000
#define MAX_DATA_BLOCKS ((uint64_t)1 << 32)

static bool parse_blocks(const char *text, uint64_t *ret)
{
	uint64_t v = 0;
	const char *p;

	for (p = text; *p; p++) {
		static const char digits[] = "0123456789abcdef";
		const char *d = memchr(digits, *p, 16);

		if (!d || v >= MAX_DATA_BLOCKS)
			return false;
		v = v << 4 | (uint64_t)(d - digits);
	}
	if (!v || v > MAX_DATA_BLOCKS)
		return false;
	*ret = v;
	return true;
}

static int parse_verity(const char *cmdline, struct lkb_slot_args *args, struct lkb_error *err)
{
	lkb_autofree char *hash = lkb_cmdline_get(cmdline, "lkb.verity");
	lkb_autofree char *blocks = lkb_cmdline_get(cmdline, "lkb.blocks");
	uint8_t bytes[32];

	if (!hash)
		return 0;
	if (strlen(hash) != 64 || !lkb_unhex(hash, bytes, sizeof(bytes)))
		return lkb_fail(err, LKB_INPUT, "lkb.verity='%s' is no root hash", hash);
	if (!blocks || !parse_blocks(blocks, &args->data_blocks))
		return lkb_fail(err, LKB_INPUT, "lkb.verity is given, but lkb.blocks='%s' is no "
				"number of blocks", blocks ? blocks : "");
	memcpy(args->root_hash, hash, sizeof(args->root_hash));
	args->verity = true;
	return 0;
}

int lkb_slot_args_parse(const char *cmdline, struct lkb_slot_args *ret, struct lkb_error *err)
{
	lkb_autofree char *slot = lkb_cmdline_get(cmdline, "lkb.slot");
	lkb_autofree char *root = lkb_cmdline_get(cmdline, "lkb.root");
	struct lkb_slot_args args = {0};

	if (!slot || (strcmp(slot, "A") && strcmp(slot, "B")))
		return lkb_fail(err, LKB_INPUT, "lkb.slot='%s' is neither A nor B",
				slot ? slot : "");
	args.slot = slot[0];
	if (!root || !lkb_partuuid_parse(root, &args.root))
		return lkb_fail(err, LKB_INPUT, "lkb.root='%s' is no PARTUUID=",
				root ? root : "");
	if (parse_verity(cmdline, &args, err))
		return -1;
	*ret = args;
	return 0;
}

int lkb_slot_wait(const struct lkb_partuuid *id, unsigned seconds, struct lkb_partition *ret,
		  struct lkb_error *err)
{
	int64_t begin = lkb_now_ms(), word = SAY_EVERY_MS;
	lkb_autofree char *words = lkb_partuuid_words(id);
	lkb_autostr seen = {0};
	struct lkb_partition found;

	for (;;) {
		int64_t waited = lkb_now_ms() - begin;

		if (lkb_partuuid_find("/sys", "/dev", id, &found, &seen)) {
			*ret = found;
			return 0;
		}
		if (waited >= (int64_t)seconds * 1000)
			break;
		if (waited >= word) {
			lkb_say("waiting for %s; there is %s", words, seen.s);
			word += SAY_EVERY_MS;
		}
		usleep(POLL_US);
	}
	return lkb_fail(err, LKB_DIDNT, "%s did not appear within %u seconds; there is %s", words,
			seconds, seen.s);
}
