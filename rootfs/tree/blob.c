/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/tree/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>

#include "base/alloc.h"
#include "base/file.h"

enum { PIECE = 1 << 20 };

struct lkb_blob {
	unsigned refs;
	int fd; /* -1: mem */
	uint64_t size;
	char *mem;
	char *name;
	struct lkb_blob *whole; /* a part: what it is a part of, holds a reference; else NULL */
	uint64_t start;         /* and from where on */
	struct lkb_data *pieces; /* a chain: owned, as are their references; else NULL */
	size_t n_pieces;
	bool has_digest;
	struct lkb_sha256 digest;
};

static struct lkb_blob *blob_new(int fd, void *mem, uint64_t size, const char *name)
{
	struct lkb_blob *b = lkb_alloc(sizeof(*b));

	b->refs = 1;
	b->fd = fd;
	b->mem = mem;
	b->size = size;
	b->name = name ? lkb_strdup(name) : NULL;
	return b;
}

struct lkb_blob *lkb_blob_new_fd(int fd, uint64_t size, const char *name)
{
	return blob_new(fd, NULL, size, name);
}

int lkb_blob_dup_fd(int fd, uint64_t size, const char *name, struct lkb_blob **ret,
		    struct lkb_error *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (copy < 0)
		return lkb_fail_errno(err, "cannot read '%s' back", name);
	*ret = lkb_blob_new_fd(copy, size, name);
	return 0;
}

struct lkb_blob *lkb_blob_new_mem(const void *p, size_t n)
{
	return blob_new(-1, n ? lkb_memdup(p, n) : NULL, n, NULL);
}

struct lkb_blob *lkb_blob_new_take(void *p, size_t n)
{
	return blob_new(-1, p, n, NULL);
}

struct lkb_blob *lkb_blob_new_part(const struct lkb_data *range)
{
	struct lkb_blob *from = range->blob;
	struct lkb_blob *b = blob_new(from->fd, from->mem, range->len, from->name);

	b->whole = lkb_blob_ref(from->whole ? from->whole : from);
	b->start = from->start + range->off;
	return b;
}

struct lkb_blob *lkb_blob_new_chain(const struct lkb_data *pieces, size_t n)
{
	struct lkb_blob *b = blob_new(-1, NULL, 0, NULL);

	b->pieces = lkb_alloc_array(n + 1, sizeof(*b->pieces));
	b->n_pieces = n;
	for (size_t i = 0; i < n; i++) {
		b->pieces[i] = pieces[i];
		lkb_blob_ref(pieces[i].blob);
		b->size += pieces[i].len;
	}
	return b;
}

int lkb_blob_open(const char *path, struct lkb_blob **ret, struct lkb_error *err)
{
	uint64_t size;
	int fd;

	if (lkb_open_read(path, &fd, &size, err) < 0)
		return -1;
	*ret = lkb_blob_new_fd(fd, size, path);
	return 0;
}

int lkb_blob_open_disk(const char *path, struct lkb_blob **ret, struct lkb_error *err)
{
	uint64_t size;
	int fd;

	if (lkb_open_disk(path, &fd, &size, err) < 0)
		return -1;
	*ret = lkb_blob_new_fd(fd, size, path);
	return 0;
}

struct lkb_blob *lkb_blob_ref(struct lkb_blob *b)
{
	if (b)
		b->refs++;
	return b;
}

void lkb_blob_unref(struct lkb_blob *b)
{
	if (!b || --b->refs)
		return;
	if (!b->whole && b->fd >= 0)
		close(b->fd);
	if (!b->whole)
		free(b->mem);
	lkb_blob_unref(b->whole);
	for (size_t i = 0; i < b->n_pieces; i++)
		lkb_blob_unref(b->pieces[i].blob);
	free(b->pieces);
	free(b->name);
	free(b);
}

uint64_t lkb_blob_size(const struct lkb_blob *b)
{
	return b->size;
}

const char *lkb_blob_name(const struct lkb_blob *b)
{
	return b->name ? b->name : "memory";
}

void lkb_blob_set_digest(struct lkb_blob *b, const struct lkb_sha256 *digest)
{
	b->digest = *digest;
	b->has_digest = true;
}

const struct lkb_sha256 *lkb_blob_digest(const struct lkb_blob *b)
{
	return b->has_digest ? &b->digest : NULL;
}

static int read_chain(const struct lkb_blob *b, uint64_t off, char *buf, size_t n,
		      struct lkb_error *err)
{
	for (size_t i = 0; n; i++) {
		const struct lkb_data *piece = &b->pieces[i];
		size_t part;

		if (off >= piece->len) {
			off -= piece->len;
			continue;
		}
		part = piece->len - off < n ? (size_t)(piece->len - off) : n;
		if (lkb_data_read(piece, off, buf, part, err))
			return -1;
		buf += part;
		n -= part;
		off = 0;
	}
	return 0;
}

int lkb_blob_read(const struct lkb_blob *b, uint64_t off, void *buf, size_t n,
		  struct lkb_error *err)
{
	const struct lkb_blob *from = b->whole ? b->whole : b;

	if (off > b->size || n > b->size - off)
		return lkb_fail(err, LKB_INPUT,
				"'%s' ends at byte %llu, but %zu bytes from byte %llu are needed",
				lkb_blob_name(b), (unsigned long long)b->size, n,
				(unsigned long long)off);
	if (!n)
		return 0;
	if (from->pieces)
		return read_chain(from, b->start + off, buf, n, err);
	if (b->fd >= 0)
		return lkb_pread_full(b->fd, buf, n, b->start + off, lkb_blob_name(b), err);
	memcpy(buf, b->mem + b->start + off, n);
	return 0;
}

int lkb_data_read(const struct lkb_data *d, uint64_t off, void *buf, size_t n,
		  struct lkb_error *err)
{
	if (off > d->len || n > d->len - off)
		return lkb_fail(err, LKB_INPUT, "the data ends at byte %llu, but %zu bytes from "
				"byte %llu are needed", (unsigned long long)d->len, n,
				(unsigned long long)off);
	if (!n)
		return 0;
	return lkb_blob_read(d->blob, d->off + off, buf, n, err);
}

int lkb_data_read_all(const struct lkb_data *d, size_t max, char **ret, size_t *ret_n,
		      struct lkb_error *err)
{
	lkb_autofree char *buf = NULL;

	if (d->len > max)
		return lkb_fail(err, LKB_INPUT, "%llu bytes are more than the %zu that are allowed",
				(unsigned long long)d->len, max);
	buf = lkb_alloc((size_t)d->len + 1);
	if (lkb_data_read(d, 0, buf, (size_t)d->len, err) < 0)
		return -1;
	*ret = LKB_STEAL(buf);
	if (ret_n)
		*ret_n = (size_t)d->len;
	return 0;
}

int lkb_data_sha256(const struct lkb_data *d, struct lkb_sha256 *ret, struct lkb_error *err)
{
	lkb_autofree char *buf = lkb_alloc(d->len < PIECE ? (size_t)d->len : PIECE);
	lkb_auto(lkb_hash) h = lkb_hash_new();

	for (uint64_t off = 0; off < d->len;) {
		size_t n = d->len - off < PIECE ? (size_t)(d->len - off) : PIECE;

		if (lkb_data_read(d, off, buf, n, err) < 0)
			return -1;
		lkb_hash_add(h, buf, n);
		off += n;
	}
	*ret = lkb_hash_done(h);
	return 0;
}

/* What the kernel can do without us; returns how far it got. What stops it, reading will say. */
static uint64_t copy_in_kernel(const struct lkb_blob *b, uint64_t off, uint64_t n, int fd)
{
	uint64_t done = 0;

	while (b->fd >= 0 && done < n) {
		off64_t at = (off64_t)(b->start + off + done);
		ssize_t got = copy_file_range(b->fd, &at, fd, NULL, n - done, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		done += (uint64_t)got;
	}
	return done;
}

int lkb_data_copy(const struct lkb_data *d, uint64_t off, uint64_t n, int fd, const char *name,
		  struct lkb_error *err)
{
	lkb_autofree char *buf = NULL;
	uint64_t done = 0;

	if (d->blob && off <= d->len && n <= d->len - off)
		done = copy_in_kernel(d->blob, d->off + off, n, fd);
	if (done < n)
		buf = lkb_alloc(PIECE);
	while (done < n) {
		size_t part = n - done < PIECE ? (size_t)(n - done) : PIECE;

		if (lkb_data_read(d, off + done, buf, part, err) < 0 ||
		    lkb_write_full(fd, buf, part, name, err) < 0)
			return -1;
		done += part;
	}
	return 0;
}
