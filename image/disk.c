/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "image/fs/fs.h"
#include "image/image.h"
#include "image/mbr.h"
#include "image/writer.h"

#define BLOCK LKB_MAP_BLOCK

static int write_mbr(const struct lkb_disk *d, struct lkb_writer *w, struct lkb_error *err)
{
	struct lkb_mbr mbr = {.signature = lkb_disk_signature(d)};
	uint8_t bytes[LKB_MBR_SIZE];

	for (size_t i = 0; i < d->n_parts; i++) {
		const struct lkb_part *p = &d->parts[i];

		mbr.entries[i] = (struct lkb_mbr_entry){
			.type = p->mbr_type,
			.bootable = p->bootable,
			.start_sectors = (uint32_t)(p->off / LKB_MBR_SECTOR),
			.size_sectors = (uint32_t)(p->size / LKB_MBR_SECTOR),
		};
	}
	lkb_mbr_build(&mbr, bytes);
	if (d->boot_code)
		memcpy(bytes, d->boot_code, LKB_MBR_CODE_SIZE);
	return lkb_writer_put(w, 0, bytes, sizeof(bytes), "mbr", err);
}

/* Whole blocks at both ends: what the table does not fill of them is zero. */
static int write_gpt(const struct lkb_disk *d, struct lkb_writer *w, struct lkb_error *err)
{
	struct lkb_gpt_entry entries[LKB_DISK_MAX_PARTS];
	struct lkb_gpt gpt = {.guid = lkb_disk_guid(d), .sectors = d->size / LKB_MBR_SECTOR,
			      .entries = entries, .n_entries = d->n_parts};
	uint8_t head[LKB_GPT_HEAD_SIZE], tail[5 * BLOCK] = {0};

	for (size_t i = 0; i < d->n_parts; i++) {
		const struct lkb_part *p = &d->parts[i];

		entries[i] = (struct lkb_gpt_entry){
			.type = p->gpt_type,
			.guid = lkb_part_guid(d, p),
			.start_sectors = p->off / LKB_MBR_SECTOR,
			.size_sectors = p->size / LKB_MBR_SECTOR,
			.legacy_boot = p->bootable,
			.name = p->name,
		};
	}
	if (lkb_gpt_build(&gpt, head, tail + sizeof(tail) - LKB_GPT_TAIL_SIZE, err) != 0 ||
	    lkb_writer_put(w, 0, head, sizeof(head), "gpt", err) != 0)
		return -1;
	return lkb_writer_put(w, d->size - sizeof(tail), tail, sizeof(tail), "gpt:[backup]", err);
}

static int write_table(const struct lkb_disk *d, struct lkb_writer *w, struct lkb_error *err)
{
	return d->table == LKB_TABLE_GPT ? write_gpt(d, w, err) : write_mbr(d, w, err);
}

/* The last block of a slot: what its owner puts there, or zeros that say "nothing here". */
static int write_tail(const struct lkb_part *p, const struct lkb_verity *v, struct lkb_writer *w,
		      struct lkb_error *err)
{
	lkb_autofree char *what = lkb_format("%s:[trailer]", p->name);
	uint64_t off = p->off + p->size - BLOCK;
	uint8_t block[BLOCK] = {0};

	if (!v)
		return lkb_writer_zero(w, off, BLOCK, what, err);
	if (p->tail(p->tail_ctx, v, block, err) != 0)
		return -1;
	return lkb_writer_put(w, off, block, sizeof(block), what, err);
}

/* A slot: file system, the hash tree over it right behind, the trailer at the end. */
static int write_slot(const struct lkb_fs_job *job, struct lkb_writer *w, int fd,
		      struct lkb_error *err)
{
	const struct lkb_part *p = job->part;
	uint64_t blocks = p->fs_size / BLOCK, tree_blocks = lkb_verity_blocks(blocks);
	lkb_autofree struct lkb_sha256 *leaves = lkb_alloc_array(blocks, sizeof(*leaves));
	lkb_autofree uint8_t *tree = lkb_alloc_array(tree_blocks, BLOCK);
	lkb_autofree char *what = lkb_format("%s:[verity]", p->name);
	lkb_autofree char *uuid_name = lkb_format("%s/verity", p->name);
	struct lkb_uuid uuid = lkb_derive_uuid(job->seed, uuid_name);
	struct lkb_verity verity;
	int rc;

	lkb_writer_keep_leaves(w, p->off / BLOCK, blocks, leaves);
	rc = lkb_fs_find(p->fs)->write(job, w, fd, err);
	lkb_writer_keep_leaves(w, 0, 0, NULL);
	if (rc != 0)
		return -1;
	lkb_verity_build(leaves, blocks, &uuid, tree, &verity);
	if (lkb_writer_put(w, p->off + p->fs_size, tree, tree_blocks * BLOCK, what, err) != 0)
		return -1;
	return p->tail ? write_tail(p, &verity, w, err) : 0;
}

static int write_part(const struct lkb_disk *d, const struct lkb_part *p, struct lkb_writer *w,
		      int fd, struct lkb_error *err)
{
	struct lkb_fs_job job = {.part = p, .seed = &d->seed, .epoch = d->epoch,
				 .extents = d->extents};
	int rc;

	if (!p->tree)
		rc = write_tail(p, NULL, w, err);
	else if (p->read_only)
		rc = write_slot(&job, w, fd, err);
	else
		rc = lkb_fs_find(p->fs)->write(&job, w, fd, err);
	return rc != 0 ? lkb_context(err, "partition '%s'", p->name) : 0;
}

/* Slots come first: what starts them may say in another partition what their hash trees are. */
static int write_parts(const struct lkb_disk *d, bool slots, struct lkb_writer *w, int fd,
		       const char *name, struct lkb_ui *ui, struct lkb_error *err)
{
	for (size_t i = 0; i < d->n_parts; i++) {
		const struct lkb_part *p = &d->parts[i];

		if (p->read_only != slots)
			continue;
		lkb_ui_step(ui, "'%s': writing partition '%s'", name, p->name);
		if (write_part(d, p, w, fd, err) != 0)
			return -1;
		lkb_ui_bytes(ui, name, p->off + p->size, d->size);
	}
	return 0;
}

int lkb_disk_write(const struct lkb_disk *d, int fd, const char *name, struct lkb_ui *ui,
		   struct lkb_map **ret_map, struct lkb_error *err)
{
	lkb_auto(lkb_writer) w = NULL;

	if (lkb_writer_new(fd, name, d->size, &w, err) != 0 || write_table(d, w, err) != 0)
		return -1;
	for (size_t i = 0; i < d->n_raws; i++) {
		const struct lkb_raw *r = &d->raws[i];

		if (lkb_writer_put(w, r->off, r->bytes, r->len, r->name, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < d->n_parts; i++)
		lkb_writer_partition(w, (unsigned)i + 1, d->parts[i].off, d->parts[i].size,
				     d->parts[i].name);
	if (write_parts(d, true, w, fd, name, ui, err) != 0 ||
	    write_parts(d, false, w, fd, name, ui, err) != 0)
		return -1;
	if (d->extents)
		lkb_extents_sort(d->extents);
	return lkb_writer_finish(w, ret_map, err);
}
