/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faultfs BACKING DIR [LOG]: a file system of two files for tests. DIR/disk has the bytes of the
 * file BACKING, which stays readable beside it: what is there is what the medium holds. DIR/control
 * takes faults, a line each, and reads back as the list of them with how often each was hit.
 *
 *	KIND [OFF [LEN]] [times N] [every N] [after EVENT]...
 *
 * OFF and LEN are bytes, with K, M or G; LEN is to the end where it is not given. `every 2` is the first,
 * the third, the fifth time. EVENT is `write:OFF`,
 * `read:OFF` (one that covers the byte OFF went well), `flush`, or `bytes:N` (N bytes written since
 * the line before this event was met). A fault is armed when all its events came, in their order.
 *
 *	write-eio, enospc	writes into the range fail; what stands before it is stored
 *	read-eio		reads that touch the range fail
 *	drop			bytes written into the range are acknowledged and forgotten
 *	flip			a bit of the range's first byte is wrong when it is read
 *	fsync-eio		flushes fail
 *	gone			everything fails, from then on
 *	wrap OFF		a card that has OFF bytes only: addresses are taken modulo OFF
 *	slow OFF		OFF bytes a second, reading and writing
 *	clear			no faults
 *
 * LOG lists every write, zeroing, read and flush that got through, in order; LOG.data has the
 * bytes that were written. One thread, so that the order is one.
 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <inttypes.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/fault/faults.h"

static struct faults faults;
static uint8_t *disk;
static uint64_t disk_size;
static uint64_t n_reads, n_writes, n_flushes, bytes_written;
static FILE *log_file, *log_data;

static uint64_t capacity(void)
{
	struct fault *f = faults_hit(&faults, WRAP, 0, 1);

	return f && f->len < disk_size ? f->len : disk_size;
}

static void take_time(uint64_t len)
{
	static struct timespec free_at; /* the medium is busy until then */
	struct fault *f = faults_hit(&faults, SLOW, 0, 1);
	struct timespec now;

	if (!f || f->len == 0)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec > free_at.tv_sec ||
	    (now.tv_sec == free_at.tv_sec && now.tv_nsec > free_at.tv_nsec))
		free_at = now;
	free_at.tv_sec += (time_t)(len / f->len);
	free_at.tv_nsec += (long)((len % f->len) * 1000000000 / f->len);
	if (free_at.tv_nsec >= 1000000000) {
		free_at.tv_nsec -= 1000000000;
		free_at.tv_sec++;
	}
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &free_at, NULL);
}

static void note(const char *what, uint64_t off, uint64_t len)
{
	if (log_file) {
		fprintf(log_file, "%s %" PRIu64 " %" PRIu64 "\n", what, off, len);
		fflush(log_file);
	}
}

/* --- the disk --------------------------------------------------------------------------------- */

/* Stores bytes, or zeros where p is NULL; addresses wrap where the card is a fake. */
static void store(uint64_t off, const char *p, uint64_t len)
{
	uint64_t cap = capacity();

	while (len > 0) {
		uint64_t at = off % cap;
		uint64_t n = len < cap - at ? len : cap - at;

		if (p)
			memcpy(disk + at, p, n);
		else
			memset(disk + at, 0, n);
		p = p ? p + n : NULL;
		off += n;
		len -= n;
	}
}

static void log_write(uint64_t off, const char *p, uint64_t len)
{
	note(p ? "write" : "zero", off, len);
	if (log_data && p) {
		fwrite(p, 1, len, log_data);
		fflush(log_data);
	}
}

/* Writes what lies below the range of a fault and says how its end is called. */
static int refuse(const struct fault *f, uint64_t off, const char *p)
{
	if (f->off > off) {
		store(off, p, f->off - off);
		log_write(off, p, f->off - off);
	}
	return f->kind == ENOSPC_AT ? -ENOSPC : -EIO;
}

static int disk_write(uint64_t off, const char *p, uint64_t len)
{
	struct fault *f;
	uint64_t low, high;

	if (off >= disk_size || len > disk_size - off)
		return -ENOSPC;
	take_time(len);
	if (faults_hit(&faults, GONE, 0, 1))
		return -EIO;
	f = faults_hit(&faults, WRITE_EIO, off, len);
	f = f ? f : faults_hit(&faults, ENOSPC_AT, off, len);
	if (f)
		return refuse(f, off, p);
	f = faults_hit(&faults, DROP, off, len);
	low = f && f->off > off ? f->off : off;
	high = f && f->off + f->len < off + len ? f->off + f->len : off + len;
	if (!f) {
		store(off, p, len);
		log_write(off, p, len);
	} else {
		store(off, p, low - off);
		store(high, p ? p + (high - off) : NULL, off + len - high);
	}
	n_writes++;
	bytes_written += len;
	faults_happened(&faults, ON_WRITE, off, len);
	return 0;
}

static int disk_read(uint64_t off, char *p, uint64_t len)
{
	uint64_t cap = capacity();
	struct fault *f;

	if (off >= disk_size)
		return 0;
	len = len < disk_size - off ? len : disk_size - off;
	take_time(len);
	if (faults_hit(&faults, GONE, 0, 1) || faults_hit(&faults, READ_EIO, off, len))
		return -EIO;
	for (uint64_t done = 0; done < len;) {
		uint64_t at = (off + done) % cap;
		uint64_t n = len - done < cap - at ? len - done : cap - at;

		memcpy(p + done, disk + at, n);
		done += n;
	}
	f = faults_hit(&faults, FLIP, off, len);
	if (f)
		p[f->off > off ? f->off - off : 0] ^= 0x10;
	n_reads++;
	note("read", off, len);
	faults_happened(&faults, ON_READ, off, len);
	return (int)len;
}

static int disk_flush(void)
{
	if (faults_hit(&faults, GONE, 0, 1) || faults_hit(&faults, FSYNC_EIO, 0, 1))
		return -EIO;
	n_flushes++;
	note("flush", 0, 0);
	faults_happened(&faults, ON_FLUSH, 0, 0);
	return 0;
}

/* --- control ---------------------------------------------------------------------------------- */

static void clear(void)
{
	faults.n = 0;
	n_reads = n_writes = n_flushes = bytes_written = 0;
}

static int control_write(const char *p, size_t len)
{
	char text[4096];
	char *rest = text;

	if (len >= sizeof(text))
		return -EINVAL;
	memcpy(text, p, len);
	text[len] = '\0';
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (strcmp(line, "clear") == 0)
			clear();
		else if (*line && !faults_add(&faults, line, disk_size))
			return -EINVAL;
	}
	return (int)len;
}

static int control_read(char *p, size_t len, uint64_t off)
{
	lkb_autostr s = {0};

	faults_show(&faults, &s);
	lkb_str_addf(&s, "reads %" PRIu64 " writes %" PRIu64 " flushes %" PRIu64 " written %" PRIu64 "\n",
		     n_reads, n_writes, n_flushes, bytes_written);
	if (off >= s.len)
		return 0;
	len = len < s.len - off ? len : s.len - off;
	memcpy(p, s.s + off, len);
	return (int)len;
}

/* --- the file system -------------------------------------------------------------------------- */

static bool is_disk(const char *path)
{
	return strcmp(path, "/disk") == 0;
}

static int fs_getattr(const char *path, struct stat *st, struct fuse_file_info *fi)
{
	bool is_root = strcmp(path, "/") == 0;

	if (!is_root && !is_disk(path) && strcmp(path, "/control") != 0)
		return -ENOENT;
	*st = (struct stat){.st_mode = is_root ? S_IFDIR | 0700 : S_IFREG | 0600,
			    .st_nlink = 1,
			    .st_uid = getuid(),
			    .st_gid = getgid(),
			    .st_size = is_disk(path) ? (off_t)disk_size : 0,
			    .st_blocks = is_disk(path) ? (blkcnt_t)(disk_size / 512) : 0};
	return 0;
}

static int fs_readdir(const char *path, void *buf, fuse_fill_dir_t fill, off_t off,
		      struct fuse_file_info *fi, enum fuse_readdir_flags flags)
{
	fill(buf, "disk", NULL, 0, 0);
	fill(buf, "control", NULL, 0, 0);
	return 0;
}

/* Nothing is cached above us: what a program reads was asked for here. */
static int fs_open(const char *path, struct fuse_file_info *fi)
{
	fi->direct_io = 1;
	return 0;
}

static int fs_truncate(const char *path, off_t size, struct fuse_file_info *fi)
{
	return is_disk(path) ? -EPERM : 0;
}

static int fs_read(const char *path, char *buf, size_t n, off_t off, struct fuse_file_info *fi)
{
	return is_disk(path) ? disk_read((uint64_t)off, buf, n) : control_read(buf, n, (uint64_t)off);
}

static int fs_write(const char *path, const char *buf, size_t n, off_t off, struct fuse_file_info *fi)
{
	if (!is_disk(path))
		return control_write(buf, n);

	int r = disk_write((uint64_t)off, buf, n);

	return r ? r : (int)n;
}

static int fs_fsync(const char *path, int data_only, struct fuse_file_info *fi)
{
	return is_disk(path) ? disk_flush() : 0;
}

/* What a loop device makes of discards and of zeroing: all of it stores zeros. */
static int fs_fallocate(const char *path, int mode, off_t off, off_t len, struct fuse_file_info *fi)
{
	if (!is_disk(path) || !(mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)))
		return -EOPNOTSUPP;
	return disk_write((uint64_t)off, NULL, (uint64_t)len);
}

static const struct fuse_operations operations = {
	.getattr = fs_getattr,
	.readdir = fs_readdir,
	.open = fs_open,
	.truncate = fs_truncate,
	.read = fs_read,
	.write = fs_write,
	.fsync = fs_fsync,
	.fallocate = fs_fallocate,
};

static int open_backing(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) != 0 || st.st_size == 0)
		return -1;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -1;
	disk = p;
	disk_size = (uint64_t)st.st_size;
	return close(fd);
}

static int open_log(const char *path)
{
	lkb_autofree char *data = lkb_format("%s.data", path);

	log_file = fopen(path, "we");
	log_data = fopen(data, "we");
	return log_file && log_data ? 0 : -1;
}

int main(int argc, char **argv)
{
	char front[] = "-f", single[] = "-s";
	char *fuse_argv[] = {argv[0], argv[2], front, single, NULL};

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: faultfs BACKING DIR [LOG]\n");
		return 2;
	}
	if (open_backing(argv[1]) != 0 || (argc == 4 && open_log(argv[3]) != 0)) {
		fprintf(stderr, "faultfs: cannot open '%s' or its log: %s\n", argv[1], strerror(errno));
		return 1;
	}
	return fuse_main(4, fuse_argv, &operations, NULL);
}
