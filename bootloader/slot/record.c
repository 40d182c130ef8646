/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "bootloader/slot/slot.h"
#include "bootloader/slot/slot_priv.h"

#define REASON_MORE "._-"

static bool slot_ok(char slot)
{
	return slot == 'A' || slot == 'B';
}

int lkb_record_format(const struct lkb_record *r, uint8_t block[LKB_ENV_SIZE],
		      struct lkb_error *err)
{
	char seq[9], tries[9], fails[9];
	const char slot[2] = {r->slot, 0};
	const char pending[2] = {r->pending, 0};
	const struct lkb_env_pair pairs[] = {
		{"seq", seq},
		{"slot", slot},
		{"pending", r->pending ? pending : "none"},
		{"tries", tries},
		{"fails", fails},
		{"good_a", r->good_a ? "1" : "0"},
		{"good_b", r->good_b ? "1" : "0"},
		{"reason", r->reason},
	};

	if (!slot_ok(r->slot) || (r->pending && !slot_ok(r->pending)))
		return lkb_fail(err, LKB_BUG, "a state record names neither slot A nor slot B");
	if (!memchr(r->reason, 0, sizeof(r->reason)) ||
	    !lkb_slot_word_ok(r->reason, LKB_REASON_MAX, REASON_MORE))
		return lkb_fail(err, LKB_INPUT, "'%.63s' is no reason for a state record",
				r->reason);
	snprintf(seq, sizeof(seq), "%x", r->seq);
	snprintf(tries, sizeof(tries), "%x", r->tries);
	snprintf(fails, sizeof(fails), "%x", r->fails);
	return lkb_env_format(pairs, sizeof(pairs) / sizeof(pairs[0]), block,
			      LKB_ENV_SIZE, err);
}

/* A missing number is 0 unless it is required. */
static bool read_number(const uint8_t *block, const char *key, bool required, uint32_t max,
			uint32_t *ret)
{
	const char *text = lkb_env_get(block, LKB_ENV_SIZE, key);
	uint64_t v = 0;

	if (text ? !lkb_slot_hex_parse(text, max, &v) : required)
		return false;
	*ret = (uint32_t)v;
	return true;
}

static bool read_pending(const uint8_t *block, char *ret)
{
	const char *text = lkb_env_get(block, LKB_ENV_SIZE, "pending");

	*ret = 0;
	if (!text || !strcmp(text, "none"))
		return true;
	*ret = text[0];
	return slot_ok(text[0]) && !text[1];
}

bool lkb_record_parse(const uint8_t block[LKB_ENV_SIZE], struct lkb_record *ret)
{
	struct lkb_record r = {0};
	const char *slot, *reason;
	uint32_t good_a, good_b;

	if (!lkb_env_valid(block, LKB_ENV_SIZE))
		return false;
	slot = lkb_env_get(block, LKB_ENV_SIZE, "slot");
	if (!slot || !slot_ok(slot[0]) || slot[1])
		return false;
	r.slot = slot[0];
	reason = lkb_env_get(block, LKB_ENV_SIZE, "reason");
	if (!reason)
		reason = "none";
	if (!lkb_slot_word_ok(reason, LKB_REASON_MAX, REASON_MORE))
		return false;
	memcpy(r.reason, reason, strlen(reason));
	if (!read_pending(block, &r.pending) ||
	    !read_number(block, "seq", true, UINT32_MAX, &r.seq) ||
	    !read_number(block, "tries", false, UINT32_MAX, &r.tries) ||
	    !read_number(block, "fails", false, UINT32_MAX, &r.fails) ||
	    !read_number(block, "good_a", false, 1, &good_a) ||
	    !read_number(block, "good_b", false, 1, &good_b))
		return false;
	r.good_a = good_a;
	r.good_b = good_b;
	*ret = r;
	return true;
}

int lkb_record_choose(const uint8_t block0[LKB_ENV_SIZE], const uint8_t block1[LKB_ENV_SIZE],
		      struct lkb_record *ret)
{
	struct lkb_record r[2];
	bool valid[2] = {lkb_record_parse(block0, &r[0]), lkb_record_parse(block1, &r[1])};
	int best;

	if (!valid[0] && !valid[1])
		return -1;
	if (valid[0] && valid[1])
		best = r[1].seq > r[0].seq;
	else
		best = valid[1];
	*ret = r[best];
	return best;
}
