/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk-efi: the disk of a server that UEFI starts: two boot partitions, two slots, data. A boot
 * partition has one program, which is kernel, small initrd, and a command line that says which slot
 * is its root and what that root's hash tree ends in. Slot B and its partition are empty until an
 * update fills them.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"
#include "bootloader/cmdline.h"
#include "bootloader/uki.h"
#include "plan/plan_priv.h"

enum { ESP_A, ESP_B, SLOT_A, SLOT_B, DATA, N_PARTS };

#define ALIGN LKB_MIB
#define ESP_SIZE (64 * LKB_MIB)
#define ESP_HEADROOM_PERCENT 50
#define SLOT_HEADROOM_PERCENT 25

static int check_programs(const struct lkb_plan *p, struct lkb_error *err)
{
	return lkb_find_programs(lkb_mtools, LKB_ARRAY_SIZE(lkb_mtools), err);
}

/* Puts the program into the first boot partition. Before the slot is written its hash tree is not
 * known, and zeros stand for it: the command line has the same length. */
static int put_program(struct lkb_product *m, struct lkb_error *err)
{
	struct lkb_plan *p = m->plan;
	const struct lkb_meta meta = {.mode = 0644, .mtime = p->epoch};
	struct lkb_uuid guid = lkb_part_guid(&m->disk, &m->disk.parts[SLOT_A]);
	lkb_autofree char *own = lkb_board_cmdline(p->in->board, p->rootfs.cmdline);
	lkb_autofree char *line = lkb_format(
		"lkb.slot=A lkb.root=PARTUUID=%s lkb.verity=%064d lkb.blocks=%08x %s",
		lkb_uuid_text(&guid).s, 0, (unsigned)m->trailer.data_blocks, own);
	lkb_autodata uki = {0};

	if (m->verity_root[0])
		memcpy(strstr(line, "lkb.verity=") + strlen("lkb.verity="), m->verity_root,
		       LKB_SHA256_HEX);
	if (lkb_plan_uki(p, &p->initrd, 1, line, &uki, err))
		return -1;
	return lkb_tree_add_file(m->boot, lkb_uki_path(p->in->board->arch), &meta, &uki, NULL,
				 err);
}

static int fill_tail(void *ctx, const struct lkb_verity *v, uint8_t block[4096],
		     struct lkb_error *err)
{
	struct lkb_product *m = ctx;

	return lkb_plan_fill_tail(m, v, block, err) || put_program(m, err) ? -1 : 0;
}

static void fill_slots(struct lkb_product *m)
{
	const struct lkb_spec_lkboard *s = &m->plan->in->spec->lkboard;
	struct lkb_part *parts = m->disk.parts;

	parts[SLOT_A] = (struct lkb_part){
		.name = "slot-a", .gpt_type = LKB_GPT_LINUX, .fs = LKB_FS_EXT4,
		.tree = lkb_tree_root(m->plan->rootfs.root), .label = "slot", .read_only = true,
		.min_size = s->slot_size.set ? (uint64_t)s->slot_size.v : 192 * LKB_MIB,
		.headroom_percent = SLOT_HEADROOM_PERCENT, .tail = fill_tail, .tail_ctx = m,
	};
	parts[SLOT_B] = (struct lkb_part){
		.name = "slot-b", .gpt_type = LKB_GPT_LINUX, .fs = LKB_FS_NONE,
		.same_size_as = SLOT_A + 1,
	};
	parts[DATA] = (struct lkb_part){
		.name = "data", .gpt_type = LKB_GPT_LINUX, .fs = LKB_FS_EXT4, .label = "data",
		.tree = lkb_tree_root(m->data),
		.min_size = s->data_size.set ? (uint64_t)s->data_size.v : 32 * LKB_MIB,
	};
}

static int make_boot(struct lkb_product *m, struct lkb_error *err)
{
	struct lkb_part *parts = m->disk.parts;

	m->boot = lkb_tree_new();
	m->data = lkb_tree_new();
	lkb_tree_set_default_mtime(m->boot, m->plan->epoch);
	m->disk = (struct lkb_disk){
		.table = LKB_TABLE_GPT, .align = ALIGN, .first = ALIGN, .seed = m->seed,
		.epoch = m->plan->epoch, .n_parts = N_PARTS,
	};
	parts[ESP_A] = (struct lkb_part){
		.name = "esp-a", .gpt_type = LKB_GPT_ESP, .fs = LKB_FS_FAT32, .label = "ESP-A",
		.tree = lkb_tree_root(m->boot), .headroom_percent = ESP_HEADROOM_PERCENT,
		.min_size = lkb_boot_size(m->plan, ESP_SIZE),
	};
	/* An update brings a file system with its program. */
	parts[ESP_B] = (struct lkb_part){
		.name = "esp-b", .gpt_type = LKB_GPT_ESP, .fs = LKB_FS_FAT32, .label = "ESP-B",
		.tree = lkb_tree_root(m->data), .same_size_as = ESP_A + 1,
	};
	fill_slots(m);
	if (lkb_plan_fill_trailer(m, err))
		return -1;
	return put_program(m, err);
}

static int place(struct lkb_product *m, struct lkb_error *err)
{
	return lkb_layout(&m->disk, err);
}

static const struct lkb_step steps[] = {
	LKB_STEPS_ROOT,
	LKB_STEP("kernel", "unpack and check the kernel", NULL, NULL, lkb_step_kernel_efi),
	LKB_STEP("initrd", "choose modules, pack the initrd", NULL, NULL, lkb_step_initrd_slot),
	LKB_STEP_OWN("boot", "make kernel, initrd and command line an EFI program",
		     check_programs, NULL, make_boot),
	LKB_STEP_OWN("layout", "place every partition", NULL, NULL, place),
};

static int write_files(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err)
{
	return lkb_write_disk(m, "-@", ".img", o, err);
}

const struct lkb_format lkb_format_disk_efi = {
	.name = "disk-efi",
	.root_mode = "disk",
	.has_small_initrd = true,
	.suffixes = (const char *const[]){"-@.img", "-@.map", "-@.bmap", NULL},
	.images = (const char *const[]){LKB_EFI_STUB_IMAGE, NULL},
	.steps = steps,
	.n_steps = LKB_ARRAY_SIZE(steps),
	.write = write_files,
	.write_what = "write the disk image, its map and bmap",
	.write_cost = lkb_cost_root,
	.hold = lkb_hold_small_initrd,
};
