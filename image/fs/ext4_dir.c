/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/bytes.h"
#include "base/size.h"
#include "image/fs/ext4_priv.h"

/* A directory's blocks: entries one after the other, the last of a block stretched to its end,
 * which is a false entry with the block's checksum. No index: a reader goes through them all. */

#define HEAD 8u
#define TAIL 12u
#define ROOM (EXT4_BLOCK - TAIL)

static size_t entry_size(const char *name)
{
	return lkb_align_up(HEAD + strlen(name), 4);
}

uint64_t ext4_dir_blocks(const struct lkb_inode *dir)
{
	uint64_t blocks = 1;
	size_t used = 2 * lkb_align_up(HEAD + 2, 4); /* "." and ".." */

	for (size_t i = 0; i < dir->n_entries; i++) {
		size_t size = entry_size(dir->entries[i].name);

		if (used + size > ROOM) {
			blocks++;
			used = 0;
		}
		used += size;
	}
	return blocks;
}

static uint8_t file_type(enum lkb_node_type type)
{
	switch (type) {
	case LKB_NODE_DIR:
		return EXT2_FT_DIR;
	case LKB_NODE_FILE:
		return EXT2_FT_REG_FILE;
	case LKB_NODE_SYMLINK:
		return EXT2_FT_SYMLINK;
	case LKB_NODE_CHAR:
		return EXT2_FT_CHRDEV;
	case LKB_NODE_BLOCK:
		return EXT2_FT_BLKDEV;
	case LKB_NODE_FIFO:
		return EXT2_FT_FIFO;
	}
	return EXT2_FT_UNKNOWN;
}

/* Where the next entry goes. */
struct place {
	uint8_t *block;
	size_t used, last; /* offsets in the block */
};

/* Stretches the last entry of a block to the block's end. */
static void close_block(const struct place *at)
{
	lkb_put_le16(at->block + at->last + 4, (uint16_t)(ROOM - at->last));
}

static void add_entry(struct place *at, const char *name, uint32_t ino, uint8_t type)
{
	size_t size = entry_size(name), len = strlen(name);
	uint8_t *p;

	if (at->used + size > ROOM) {
		close_block(at);
		*at = (struct place){.block = at->block + EXT4_BLOCK};
	}
	p = at->block + at->used;
	lkb_put_le32(p, ino);
	lkb_put_le16(p + 4, (uint16_t)size);
	p[6] = (uint8_t)len;
	p[7] = type;
	memcpy(p + HEAD, name, len);
	at->last = at->used;
	at->used += size;
}

int ext4_dir_encode(ext2_filsys fs, const struct ext4_node *node, uint8_t *out,
		    struct lkb_error *err)
{
	const struct lkb_inode *dir = node->inode;
	struct place at = {.block = out};

	add_entry(&at, ".", node->ino, EXT2_FT_DIR);
	add_entry(&at, "..", node->parent, EXT2_FT_DIR);
	for (size_t i = 0; i < dir->n_entries; i++) {
		const struct lkb_dirent *e = &dir->entries[i];

		add_entry(&at, e->name, ext4_node_of(e->inode)->ino, file_type(e->inode->type));
	}
	close_block(&at);
	for (uint64_t i = 0; i < node->blocks; i++) {
		struct ext2_dir_entry *block = (void *)(out + i * EXT4_BLOCK);
		errcode_t rc;

		ext2fs_initialize_dirent_tail(fs, EXT2_DIRENT_TAIL(block, EXT4_BLOCK));
		rc = ext2fs_dir_block_csum_set(fs, node->ino, block);
		if (rc != 0)
			return ext4_fail(err, "cannot seal a directory block", rc);
	}
	return 0;
}
