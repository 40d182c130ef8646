/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "plan/plan_priv.h"

/* The card of a Pi and everything like it: records, boot partition, two slots, data. */

enum { BOOT, SLOT_A, SLOT_B, DATA };

#define MBR_FAT32_LBA 0x0c
#define MBR_LINUX 0x83
#define FIRST_PARTITION (16 * LKB_MIB)
#define SLOT_HEADROOM_PERCENT 25

/* The spec's size if it gives one, else the board's, else a fall-back. */
static uint64_t size_of(const struct lkb_opt_int *spec, const struct lkb_opt_int *board,
			uint64_t otherwise)
{
	if (spec->set)
		return (uint64_t)spec->v;
	return board->set ? (uint64_t)board->v : otherwise;
}

int lkb_plan_fill_tail(void *ctx, const struct lkb_verity *v, uint8_t block[4096],
		       struct lkb_error *err)
{
	struct lkb_product *m = ctx;
	struct lkb_sha256_text root = lkb_sha256_text(&v->root);

	memcpy(m->verity_root, root.s, sizeof(m->verity_root));
	m->trailer.verity_root = m->verity_root;
	m->trailer.data_blocks = v->data_blocks;
	return lkb_trailer_format(&m->trailer, block, err);
}

/* What cannot stand in a trailer is said now, not after the root was written: tried out with the
 * largest values that the writing brings. */
static int check_trailer(const struct lkb_product *m, struct lkb_error *err)
{
	const struct lkb_spec *spec = m->plan->in->spec;
	const struct lkb_pos *own = &spec->lkboard.pos, *kernel = &spec->kernel.pos;
	struct lkb_trailer t = m->trailer;
	uint8_t block[LKB_ENV_SIZE];
	char root[LKB_SHA256_HEX + 1];

	memset(root, 'f', LKB_SHA256_HEX);
	root[LKB_SHA256_HEX] = '\0';
	t.verity_root = root;
	t.data_blocks = UINT32_MAX;
	t.cmdline = NULL;
	if (lkb_trailer_format(&t, block, err))
		return lkb_at(err, own->file ? own->file : "", own->line, own->column);
	t.cmdline = m->trailer.cmdline;
	if (lkb_trailer_format(&t, block, err))
		return lkb_at(err, kernel->file ? kernel->file : "", kernel->line, kernel->column);
	return 0;
}

int lkb_plan_fill_trailer(struct lkb_product *m, struct lkb_error *err)
{
	const char *version = m->plan->in->spec->lkboard.version;

	m->trailer = (struct lkb_trailer){
		.version = version ? version : "0",
		.board = m->plan->in->board->name,
		.cmdline = m->plan->rootfs.cmdline,
		.epoch = m->plan->epoch,
	};
	return check_trailer(m, err);
}

static int fill_state(struct lkb_product *m, struct lkb_error *err)
{
	struct lkb_record record = {.seq = 1, .slot = 'A', .good_a = true, .reason = "none"};

	m->disk.raws[0] = (struct lkb_raw){"record-0", LKB_RECORD_0_OFF, m->record, LKB_ENV_SIZE};
	m->disk.raws[1] = (struct lkb_raw){"record-1", LKB_RECORD_1_OFF, m->blank, LKB_ENV_SIZE};
	m->disk.n_raws = 2;
	if (lkb_record_format(&record, m->record, err))
		return -1;
	return lkb_plan_fill_trailer(m, err);
}

static void fill_parts(struct lkb_product *m)
{
	static const char *const named[] = {"config.txt", "settings.env", NULL};
	const struct lkb_board_layout *b = &m->plan->in->board->layout;
	const struct lkb_spec_lkboard *s = &m->plan->in->spec->lkboard;
	struct lkb_part *parts = m->disk.parts;

	parts[BOOT] = (struct lkb_part){
		.name = "boot", .mbr_type = MBR_FAT32_LBA, .bootable = true, .fs = LKB_FS_FAT32,
		.tree = lkb_tree_root(m->boot), .label = "BOOT", .named = named,
		.min_size = size_of(&s->boot_size, &b->boot_size, 64 * LKB_MIB),
	};
	parts[SLOT_A] = (struct lkb_part){
		.name = "slot-a", .mbr_type = MBR_LINUX, .fs = LKB_FS_EXT4,
		.tree = lkb_tree_root(m->plan->rootfs.root), .label = "slot", .read_only = true,
		.min_size = size_of(&s->slot_size, &b->slot_size, 192 * LKB_MIB),
		.headroom_percent = SLOT_HEADROOM_PERCENT, .tail = lkb_plan_fill_tail,
		.tail_ctx = m,
	};
	parts[SLOT_B] = (struct lkb_part){
		.name = "slot-b", .mbr_type = MBR_LINUX, .fs = LKB_FS_NONE,
		.same_size_as = SLOT_A + 1,
	};
	parts[DATA] = (struct lkb_part){
		.name = "data", .mbr_type = MBR_LINUX, .fs = LKB_FS_EXT4, .label = "data",
		.tree = lkb_tree_root(m->data),
		.min_size = size_of(&s->data_size, &b->data_size, 32 * LKB_MIB),
	};
	m->disk.n_parts = 4;
}

int lkb_step_layout(struct lkb_product *m, struct lkb_error *err)
{
	const struct lkb_opt_int *unit = &m->plan->in->board->layout.erase_unit;

	m->data = lkb_tree_new();
	m->disk.align = unit->set ? (uint64_t)unit->v : 4 * LKB_MIB;
	m->disk.first = FIRST_PARTITION;
	m->disk.seed = m->seed;
	m->disk.epoch = m->plan->epoch;
	if (fill_state(m, err))
		return -1;
	fill_parts(m);
	return lkb_layout(&m->disk, err);
}
