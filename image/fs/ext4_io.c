/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "image/fs/ext4_priv.h"

/* libext2fs writes what is the file system's own: a few blocks at the head of each group. They are
 * kept in a table of groups, each a table of its blocks, and read as zero where nothing was
 * written. */

struct group {
	uint8_t *blocks[EXT4_GROUP_BLOCKS]; /* owned */
};

struct memory {
	struct group **groups; /* owned */
	size_t n_groups;
};

static errcode_t memory_open(const char *name, int flags, io_channel *ret)
{
	io_channel io = lkb_alloc(sizeof(*io));

	io->magic = EXT2_ET_MAGIC_IO_CHANNEL;
	io->manager = &ext4_memory_io;
	io->name = lkb_strdup(name);
	io->block_size = EXT4_BLOCK;
	io->refcount = 1;
	io->private_data = lkb_alloc(sizeof(struct memory));
	*ret = io;
	return 0;
}

static errcode_t memory_close(io_channel io)
{
	struct memory *m = io->private_data;

	if (--io->refcount > 0)
		return 0;
	for (size_t i = 0; i < m->n_groups; i++) {
		if (!m->groups[i])
			continue;
		for (size_t j = 0; j < EXT4_GROUP_BLOCKS; j++)
			free(m->groups[i]->blocks[j]);
		free(m->groups[i]);
	}
	free(m->groups);
	free(m);
	free(io->name);
	free(io);
	return 0;
}

static errcode_t memory_set_blksize(io_channel io, int size)
{
	io->block_size = size;
	return 0;
}

const uint8_t *ext4_memory_block(io_channel io, uint64_t block)
{
	const struct memory *m = io->private_data;
	uint64_t group = block / EXT4_GROUP_BLOCKS;

	if (group >= m->n_groups || !m->groups[group])
		return NULL;
	return m->groups[group]->blocks[block % EXT4_GROUP_BLOCKS];
}

static uint8_t *block_for_writing(struct memory *m, uint64_t block)
{
	uint64_t group = block / EXT4_GROUP_BLOCKS;
	uint8_t **place;

	if (group >= m->n_groups) {
		size_t n = (size_t)group + 1;

		m->groups = lkb_realloc_array(m->groups, n, sizeof(*m->groups));
		memset(m->groups + m->n_groups, 0, (n - m->n_groups) * sizeof(*m->groups));
		m->n_groups = n;
	}
	if (!m->groups[group])
		m->groups[group] = lkb_alloc(sizeof(struct group));
	place = &m->groups[group]->blocks[block % EXT4_GROUP_BLOCKS];
	if (!*place)
		*place = lkb_alloc(EXT4_BLOCK);
	return *place;
}

/* libext2fs counts in blocks of the size last set; a negative count is in bytes. */
static uint64_t bytes_of(io_channel io, int count)
{
	return count < 0 ? (uint64_t)-(int64_t)count : (uint64_t)count * (uint64_t)io->block_size;
}

static errcode_t memory_read64(io_channel io, unsigned long long block, int count, void *data)
{
	uint64_t off = block * (uint64_t)io->block_size, left = bytes_of(io, count);
	uint8_t *out = data;

	while (left > 0) {
		uint64_t in = off % EXT4_BLOCK, n = EXT4_BLOCK - in < left ? EXT4_BLOCK - in : left;
		const uint8_t *p = ext4_memory_block(io, off / EXT4_BLOCK);

		if (p)
			memcpy(out, p + in, n);
		else
			memset(out, 0, n);
		out += n;
		off += n;
		left -= n;
	}
	return 0;
}

static errcode_t memory_write64(io_channel io, unsigned long long block, int count,
				const void *data)
{
	uint64_t off = block * (uint64_t)io->block_size, left = bytes_of(io, count);
	const uint8_t *p = data;

	while (left > 0) {
		uint64_t in = off % EXT4_BLOCK, n = EXT4_BLOCK - in < left ? EXT4_BLOCK - in : left;

		memcpy(block_for_writing(io->private_data, off / EXT4_BLOCK) + in, p, n);
		p += n;
		off += n;
		left -= n;
	}
	return 0;
}

static errcode_t memory_read(io_channel io, unsigned long block, int count, void *data)
{
	return memory_read64(io, block, count, data);
}

static errcode_t memory_write(io_channel io, unsigned long block, int count, const void *data)
{
	return memory_write64(io, block, count, data);
}

static errcode_t memory_flush(io_channel io)
{
	return 0;
}

struct struct_io_manager ext4_memory_io = {
	.magic = EXT2_ET_MAGIC_IO_MANAGER,
	.name = "lkboard memory",
	.open = memory_open,
	.close = memory_close,
	.set_blksize = memory_set_blksize,
	.read_blk = memory_read,
	.write_blk = memory_write,
	.flush = memory_flush,
	.read_blk64 = memory_read64,
	.write_blk64 = memory_write64,
};
