/* SPDX-License-Identifier: Apache-2.0 */
/* Input: what stands behind the checksum of one or two blocks; the checksum is made right, since
 * chance never would. What is accepted must survive being written and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32.h"
#include "bootloader/slot/slot.h"

#define ROOM (LKB_ENV_SIZE - 4)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_block(const uint8_t *data, size_t size, uint8_t block[LKB_ENV_SIZE])
{
	memset(block, 0, LKB_ENV_SIZE);
	if (size)
		memcpy(block + 4, data, size < ROOM ? size : ROOM);
	lkb_put_le32(block, lkb_crc32(0, block + 4, ROOM));
}

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void record(const uint8_t *block)
{
	struct lkb_record r, again;
	uint8_t out[LKB_ENV_SIZE];

	if (!lkb_record_parse(block, &r))
		return;
	must(!lkb_record_format(&r, out, NULL) && lkb_record_parse(out, &again));
	must(r.seq == again.seq && r.slot == again.slot && r.pending == again.pending &&
	     r.tries == again.tries && r.fails == again.fails && r.good_a == again.good_a &&
	     r.good_b == again.good_b && !strcmp(r.reason, again.reason));
}

static void trailer(const uint8_t *block)
{
	struct lkb_trailer_info t, again;
	uint8_t out[LKB_ENV_SIZE];

	if (!lkb_trailer_parse(block, &t))
		return;

	const struct lkb_trailer from = {.version = t.version, .board = t.board,
					 .cmdline = t.cmdline, .verity_root = t.verity_root,
					 .data_blocks = t.data_blocks, .epoch = t.epoch};

	/* A command line with control characters or many backslashes is read and not written. */
	if (lkb_trailer_format(&from, out, NULL))
		return;
	must(lkb_trailer_parse(out, &again));
	must(!strcmp(t.cmdline, again.cmdline) && !strcmp(t.version, again.version) &&
	     t.data_blocks == again.data_blocks && t.epoch == again.epoch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t half = size < ROOM ? size / 2 : ROOM;
	uint8_t a[LKB_ENV_SIZE], b[LKB_ENV_SIZE];
	struct lkb_record chosen;
	char buf[16];

	make_block(data, size, a);
	make_block(data + half, size - half, b);
	record(a);
	trailer(a);
	record(b);
	lkb_env_copy(a, LKB_ENV_SIZE, "t_cmdline", buf, sizeof(buf));
	must(lkb_record_choose(a, b, &chosen) < 2);
	return 0;
}
