/* SPDX-License-Identifier: Apache-2.0 */
#include <lzma.h>
#include <unistd.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/ext/compress.h"

#define INDEX_MAX  ((uint64_t)16 << 20)
#define MEMORY_MAX ((uint64_t)64 << 20)

/* Of the first frame, which may say it in its header. */
static uint64_t zstd_size(int fd)
{
	uint8_t head[18];
	ssize_t n = pread(fd, head, sizeof(head), 0);
	unsigned long long size = n > 0 ? ZSTD_getFrameContentSize(head, (size_t)n)
					: ZSTD_CONTENTSIZE_ERROR;

	return size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN ? 0 : size;
}

/* Of the last stream, whose index stands before its footer. */
static uint64_t xz_size(int fd, uint64_t bytes)
{
	lkb_autofree uint8_t *buf = NULL;
	uint8_t footer[LZMA_STREAM_HEADER_SIZE];
	uint64_t memory = MEMORY_MAX, size;
	lzma_stream_flags flags;
	lzma_index *index;
	size_t at = 0, n;

	if (bytes < 2 * sizeof(footer) ||
	    pread(fd, footer, sizeof(footer), (off_t)(bytes - sizeof(footer))) != sizeof(footer) ||
	    lzma_stream_footer_decode(&flags, footer) != LZMA_OK ||
	    flags.backward_size > INDEX_MAX ||
	    flags.backward_size > bytes - 2 * sizeof(footer))
		return 0;
	n = (size_t)flags.backward_size;
	buf = lkb_alloc(n);
	if (pread(fd, buf, n, (off_t)(bytes - sizeof(footer) - n)) != (ssize_t)n ||
	    lzma_index_buffer_decode(&index, &memory, NULL, buf, &at, n) != LZMA_OK)
		return 0;
	size = lzma_index_uncompressed_size(index);
	lzma_index_end(index, NULL);
	return size;
}

uint64_t lkb_unpacked_at_least(int fd, uint64_t bytes, enum lkb_compression c)
{
	switch (c) {
	case LKB_ZSTD:
		return zstd_size(fd);
	case LKB_XZ:
		return xz_size(fd, bytes);
	default:
		return c == LKB_PLAIN ? bytes : 0;
	}
}
