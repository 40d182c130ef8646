/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/io_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

int lkb_io_file_flush(struct lkb_io *io)
{
	int r;

	do
		r = fsync(io->fd);
	while (r && errno == EINTR);
	return r ? -errno : 0;
}

int lkb_io_file_zero(struct lkb_io *io, uint64_t off, uint64_t len)
{
	uint64_t range[2] = {off, len};
	int r;

	if (!io->is_block)
		r = fallocate(io->fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, (off_t)off,
			      (off_t)len);
	else
		r = ioctl(io->fd, BLKZEROOUT, range);
	/* Whatever it was: writing zeros will tell, and say where. */
	return r ? -EOPNOTSUPP : 0;
}

void lkb_io_file_forget(struct lkb_io *io)
{
	if (io->is_block)
		ioctl(io->fd, BLKFLSBUF, 0);
	posix_fadvise(io->fd, 0, 0, POSIX_FADV_DONTNEED);
}
