/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "image/fs/ext4_priv.h"

/* Superblock, descriptors, bitmaps and inode tables: libext2fs keeps and checksums them, the plan
 * says what is in them, and the writer gets them at the end. */

/* What stands in every file system made here, and nothing else (but for ext_attr and large_file
 * where they are used): U-Boot reads all of it, and nothing on the host (mke2fs.conf) has a say. */
#define INCOMPAT  (EXT2_FEATURE_INCOMPAT_FILETYPE | EXT3_FEATURE_INCOMPAT_EXTENTS | \
		   EXT4_FEATURE_INCOMPAT_64BIT)
#define RO_COMPAT (EXT4_FEATURE_RO_COMPAT_EXTRA_ISIZE | EXT4_FEATURE_RO_COMPAT_METADATA_CSUM)

int ext4_fail(struct lkb_error *err, const char *what, errcode_t why)
{
	return lkb_fail(err, LKB_BUG, "%s: libext2fs: %s", what, error_message(why));
}

/* libext2fs takes time 0 for "ask the clock". */
static uint32_t time_of(const struct lkb_fs_job *job)
{
	return job->epoch > 0 ? (uint32_t)job->epoch : 1;
}

static void set_identity(const struct lkb_fs_job *job, ext2_filsys fs)
{
	struct ext2_super_block *s = fs->super;
	const char *name = job->part->name;
	lkb_autofree char *hash_name = lkb_format("%s/hash", name);
	struct lkb_uuid uuid = lkb_derive_uuid(job->seed, name);
	struct lkb_uuid hash = lkb_derive_uuid(job->seed, hash_name);

	fs->now = time_of(job);
	s->s_mkfs_time = s->s_wtime = s->s_lastcheck = time_of(job);
	memcpy(s->s_uuid, uuid.b, sizeof(s->s_uuid));
	memcpy(s->s_hash_seed, hash.b, sizeof(s->s_hash_seed));
	if (job->part->label)
		memcpy(s->s_volume_name, job->part->label,
		       strnlen(job->part->label, sizeof(s->s_volume_name)));
	s->s_checksum_type = EXT2_CRC32C_CHKSUM;
	s->s_max_mnt_count = -1;
	s->s_flags = EXT2_FLAGS_SIGNED_HASH; /* not what the host's char is */
	ext2fs_init_csum_seed(fs);
}

/* The groups' heads must stand where the plan has them. */
static int check_heads(const struct ext4_plan *plan, ext2_filsys fs, struct lkb_error *err)
{
	const struct ext4_geometry *g = &plan->geo;

	if (ext2fs_blocks_count(fs->super) != g->blocks || fs->group_desc_count != g->groups ||
	    fs->desc_blocks != g->desc_blocks || fs->inode_blocks_per_group != g->table_blocks)
		return lkb_fail(err, LKB_BUG, "libext2fs makes %llu blocks in %u groups of the "
				"planned %llu in %u", ext2fs_blocks_count(fs->super),
				fs->group_desc_count, (unsigned long long)g->blocks, g->groups);
	for (uint32_t i = 0; i < g->groups; i++) {
		uint64_t at = (uint64_t)i * EXT4_GROUP_BLOCKS + 1 + g->desc_blocks;

		if (ext2fs_block_bitmap_loc(fs, i) != at ||
		    ext2fs_inode_bitmap_loc(fs, i) != at + 1 ||
		    ext2fs_inode_table_loc(fs, i) != at + 2)
			return lkb_fail(err, LKB_BUG, "libext2fs places group %u elsewhere", i);
	}
	return 0;
}

int ext4_super_open(const struct lkb_fs_job *job, const struct ext4_plan *plan, ext2_filsys *ret,
		    struct lkb_error *err)
{
	const struct ext4_geometry *g = &plan->geo;
	struct ext2_super_block param = {
		.s_rev_level = EXT2_DYNAMIC_REV,
		.s_log_block_size = 2,
		.s_log_cluster_size = 2,
		.s_inode_size = EXT4_INODE_SIZE,
		.s_inodes_count = g->groups * g->table_blocks * EXT4_INODES_A_BLOCK,
		.s_feature_compat = plan->has_xattrs ? EXT2_FEATURE_COMPAT_EXT_ATTR : 0u,
		.s_feature_incompat = INCOMPAT,
		.s_feature_ro_compat =
			RO_COMPAT |
			(plan->large_file ? EXT2_FEATURE_RO_COMPAT_LARGE_FILE : 0u),
		.s_checksum_type = EXT2_CRC32C_CHKSUM,
	};
	ext2_filsys fs;
	errcode_t rc;

	initialize_ext2_error_table();
	ext2fs_blocks_count_set(&param, g->blocks);
	rc = ext2fs_initialize(job->part->name, EXT2_FLAG_64BITS, &param, &ext4_memory_io, &fs);
	if (rc != 0)
		return ext4_fail(err, "cannot start an ext4 file system", rc);
	set_identity(job, fs);
	rc = ext2fs_allocate_tables(fs);
	if (rc != 0)
		ext4_fail(err, "cannot place the inode tables", rc);
	if (rc != 0 || check_heads(plan, fs, err) != 0) {
		ext2fs_free(fs);
		return -1;
	}
	*ret = fs;
	return 0;
}

/* The journal's superblock goes to its first block; its place in the file system's own superblock
 * lets e2fsck find it without its inode. */
static int add_journal(const struct ext4_node *node, ext2_filsys fs, struct lkb_error *err)
{
	struct ext2_super_block *s = fs->super;
	struct ext2_inode inode;
	char *block = NULL;
	errcode_t rc = ext2fs_create_journal_superblock(fs, (uint32_t)node->blocks, 0, &block);

	if (rc == 0)
		rc = io_channel_write_blk64(fs->io, node->first, 1, block);
	if (rc == 0)
		rc = ext2fs_read_inode(fs, EXT4_JOURNAL_INO, &inode);
	ext2fs_free_mem(&block);
	if (rc != 0)
		return ext4_fail(err, "cannot make the journal", rc);
	memcpy(s->s_jnl_blocks, inode.i_block, sizeof(inode.i_block));
	s->s_jnl_blocks[15] = inode.i_size_high;
	s->s_jnl_blocks[16] = inode.i_size;
	s->s_jnl_backup_type = EXT3_JNL_BACKUP_BLOCKS;
	s->s_journal_inum = EXT4_JOURNAL_INO;
	ext2fs_set_feature_journal(s);
	return 0;
}

static void mark_blocks(const struct ext4_plan *plan, ext2_filsys fs)
{
	for (uint64_t at = 0; at < plan->end;) {
		struct ext4_segment s = ext4_segment_at(&plan->geo, at, plan->end - at);

		/* Between `at` and `end` there may be a group's head, which the run skips. */
		if (s.block + s.count > plan->end)
			s.count = (uint32_t)(plan->end - s.block);
		ext2fs_block_alloc_stats_range(fs, s.block, s.count, +1);
		at = s.block + s.count;
	}
}

static void mark_inodes(const struct ext4_plan *plan, ext2_filsys fs)
{
	for (uint32_t ino = 1; ino < EXT4_FIRST_INO; ino++) {
		if (ino != EXT4_ROOT_INO)
			ext2fs_inode_alloc_stats2(fs, ino, +1, 0);
	}
	for (size_t i = 0; i < plan->n_nodes; i++) {
		const struct ext4_node *node = &plan->nodes[i];
		bool is_dir = node->inode && node->inode->type == LKB_NODE_DIR;

		if (node->inode)
			ext2fs_inode_alloc_stats2(fs, node->ino, +1, is_dir);
	}
}

int ext4_super_close(const struct lkb_fs_job *job, const struct ext4_plan *plan, ext2_filsys fs,
		     struct lkb_error *err)
{
	const struct ext4_node *last = &plan->nodes[plan->n_nodes - 1];
	errcode_t rc;

	mark_blocks(plan, fs);
	mark_inodes(plan, fs);
	if (!last->inode && add_journal(last, fs, err) != 0)
		return -1;
	/* All of the inode tables is said to the map, as data or as zero: the kernel need not
	 * clear them. */
	for (uint32_t i = 0; i < plan->geo.groups; i++) {
		ext2fs_bg_flags_set(fs, i, EXT2_BG_INODE_ZEROED);
		ext2fs_group_desc_csum_set(fs, i);
	}
	fs->super->s_state |= EXT2_VALID_FS;
	ext2fs_mark_super_dirty(fs);
	rc = ext2fs_flush2(fs, EXT2_FLAG_FLUSH_NO_SYNC);
	return rc != 0 ? ext4_fail(err, "cannot finish an ext4 file system", rc) : 0;
}

#define PUT_BLOCKS LKB_MAP_RANGE_MAX

/* The way of the file system's own blocks into the image. */
struct putter {
	const struct lkb_fs_job *job;
	const struct ext4_plan *plan;
	ext2_filsys fs;
	struct lkb_writer *w;
	uint8_t *buf; /* borrowed; PUT_BLOCKS */
};

/* Blocks that libext2fs wrote, put in runs as long as a range may be; the others read as zero. */
static int put_blocks(struct putter *p, uint64_t start, uint64_t count, const char *what,
		      struct lkb_error *err)
{
	const struct lkb_part *part = p->job->part;
	lkb_autofree char *name = lkb_format("%s:%s", part->name, what);

	for (uint64_t done = 0, n; done < count; done += n) {
		n = count - done < PUT_BLOCKS ? count - done : PUT_BLOCKS;
		for (uint64_t i = 0; i < n; i++) {
			const uint8_t *from = ext4_memory_block(p->fs->io, start + done + i);
			uint8_t *to = p->buf + i * EXT4_BLOCK;

			if (from)
				memcpy(to, from, EXT4_BLOCK);
			else
				memset(to, 0, EXT4_BLOCK);
		}
		if (lkb_writer_put(p->w, part->off + (start + done) * EXT4_BLOCK, p->buf,
				   n * EXT4_BLOCK, name, err) != 0)
			return -1;
	}
	return 0;
}

static int put_heads(struct putter *p, struct lkb_error *err)
{
	const struct ext4_geometry *g = &p->plan->geo;

	for (uint32_t i = 0; i < g->groups; i++) {
		uint64_t at = (uint64_t)i * EXT4_GROUP_BLOCKS;

		if (put_blocks(p, at, 1, "[superblock]", err) != 0 ||
		    put_blocks(p, at + 1, g->desc_blocks, "[groups]", err) != 0 ||
		    put_blocks(p, at + 1 + g->desc_blocks, 2, "[bitmaps]", err) != 0 ||
		    put_blocks(p, at + 3 + g->desc_blocks, g->table_blocks, "[inodes]", err) != 0)
			return -1;
	}
	return 0;
}

static int put_journal(struct putter *p, struct lkb_error *err)
{
	const struct ext4_node *node = &p->plan->nodes[p->plan->n_nodes - 1];
	uint64_t at = node->first;

	if (node->inode)
		return 0;
	/* What an older life of the same card left here must not be taken for a journal. */
	for (uint64_t done = 0; done < node->blocks;) {
		struct ext4_segment s = ext4_segment_at(&p->plan->geo, at, node->blocks - done);

		if (put_blocks(p, s.block, s.count, "[journal]", err) != 0)
			return -1;
		done += s.count;
		at = s.block + s.count;
	}
	return 0;
}

/* The blocks of a hashed file system that hold nothing are hashed too: they must be zero. */
static int zero_unused(const struct lkb_fs_job *job, const struct ext4_plan *plan,
		       struct lkb_writer *w, struct lkb_error *err)
{
	lkb_autofree char *name = lkb_format("%s:[unused]", job->part->name);
	uint64_t at = plan->end;

	for (;;) {
		struct ext4_segment s = ext4_segment_at(&plan->geo, at, EXT4_GROUP_BLOCKS);

		if (s.count == 0)
			return 0;
		if (lkb_writer_zero(w, job->part->off + s.block * EXT4_BLOCK,
				    (uint64_t)s.count * EXT4_BLOCK, name, err) != 0)
			return -1;
		at = s.block + s.count;
	}
}

int ext4_super_put(const struct lkb_fs_job *job, const struct ext4_plan *plan, ext2_filsys fs,
		   struct lkb_writer *w, struct lkb_error *err)
{
	lkb_autofree uint8_t *buf = lkb_alloc_array(PUT_BLOCKS, EXT4_BLOCK);
	struct putter p = {.job = job, .plan = plan, .fs = fs, .w = w, .buf = buf};

	if (put_heads(&p, err) != 0 || put_journal(&p, err) != 0)
		return -1;
	return job->part->read_only ? zero_unused(job, plan, w, err) : 0;
}
