/* SPDX-License-Identifier: Apache-2.0 */
/* What goes into the files of a format: bytes that are there, or come from a function. */
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/size.h"
#include "plan/output_priv.h"

#define COMPARE_PIECE ((size_t)LKB_MIB)

/* Small files are not worth a thread. */
#define COPIER_MIN LKB_MIB

static int copy(struct lkb_output *o, const struct lkb_data *d, int fd, struct lkb_error *err)
{
	if (d->len < COPIER_MIN)
		return lkb_data_copy(d, 0, d->len, fd, lkb_output_path(o), err);
	LKB_GROW(o->copiers, o->n_copiers, o->cap_copiers);
	if (lkb_copier_start(d, fd, lkb_output_path(o), &o->copiers[o->n_copiers], err))
		return -1;
	o->n_copiers++;
	return 0;
}

/* True if the file is there and holds these bytes. */
static bool is_same(const char *path, const struct lkb_data *d)
{
	lkb_autofree char *buf = NULL;
	lkb_auto(lkb_blob) there = NULL;
	struct stat st;
	uint64_t off;
	size_t n;

	if (lstat(path, &st) || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != d->len ||
	    lkb_blob_open(path, &there, NULL) || lkb_blob_size(there) != d->len)
		return false;
	buf = lkb_alloc(2 * COMPARE_PIECE);
	for (off = 0; off < d->len; off += n) {
		n = d->len - off < COMPARE_PIECE ? (size_t)(d->len - off) : COMPARE_PIECE;
		if (lkb_data_read(d, off, buf, n, NULL) ||
		    lkb_blob_read(there, off, buf + COMPARE_PIECE, n, NULL) ||
		    memcmp(buf, buf + COMPARE_PIECE, n) != 0)
			return false;
	}
	return true;
}

/* A kernel hardly ever changes: what is there already is not written again. 1 = that is so. */
static int keep(struct lkb_output *o, const char *suffix, const struct lkb_data *d,
		struct lkb_error *err)
{
	lkb_autofree char *path = lkb_output_path_of(o, suffix);
	struct lkb_outfile file;

	if (!is_same(path, d))
		return 0;
	if (lkb_output_guard(o, path, err))
		return -1;
	lkb_outfile_keep(path, &file);
	lkb_output_add(o, suffix, file);
	return 1;
}

static int write_data(struct lkb_output *o, const char *suffix, const struct lkb_data *d,
		      struct lkb_error *err)
{
	struct lkb_sha256 digest;
	int fd, kept = keep(o, suffix, d, err);

	if (kept < 0 ||
	    (!kept && (lkb_output_open(o, suffix, &fd, err) || copy(o, d, fd, err))) ||
	    lkb_data_sha256(d, &digest, err))
		return -1;
	lkb_output_done(o, d->len, "sha256", &digest);
	return 0;
}

int lkb_output_pieces(struct lkb_output *o, const char *suffix, const struct lkb_data *pieces,
		      size_t n, struct lkb_error *err)
{
	lkb_auto(lkb_blob) all = lkb_blob_new_chain(pieces, n);

	return write_data(o, suffix, &(struct lkb_data){all, 0, lkb_blob_size(all)}, err);
}

int lkb_output_data(struct lkb_output *o, const char *suffix, const struct lkb_data *d,
		    struct lkb_error *err)
{
	if (write_data(o, suffix, d, err))
		return -1;
	o->data[o->n - 1] = d;
	return 0;
}

int lkb_output_measure(struct lkb_output *o, struct lkb_error *err)
{
	lkb_auto(lkb_blob) blob = NULL;
	int fd = o->files[o->n - 1].fd;
	struct lkb_sha256 digest;
	struct stat st;

	if (fstat(fd, &st))
		return lkb_fail_errno(err, "cannot read '%s' back", lkb_output_path(o));
	if (lkb_blob_dup_fd(fd, (uint64_t)st.st_size, lkb_output_path(o), &blob, err) ||
	    lkb_data_sha256(&(struct lkb_data){blob, 0, lkb_blob_size(blob)}, &digest, err))
		return -1;
	lkb_output_done(o, lkb_blob_size(blob), "sha256", &digest);
	return 0;
}

struct stream {
	const struct lkb_output *o;
	struct lkb_hash *hash;
	uint64_t done;
	int fd;
};

static int take(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	struct stream *s = ctx;

	if (lkb_write_full(s->fd, p, n, lkb_output_path(s->o), err))
		return -1;
	lkb_write_behind(s->fd, s->done, n);
	lkb_hash_add(s->hash, p, n);
	s->done += n;
	return 0;
}

int lkb_output_stream(struct lkb_output *o, const char *suffix, lkb_make_fn *make, void *ctx,
		      struct lkb_error *err)
{
	lkb_auto(lkb_hash) hash = lkb_hash_new();
	struct stream s = {.o = o, .hash = hash};
	struct lkb_sha256 digest;

	if (lkb_output_open(o, suffix, &s.fd, err) || make(ctx, take, &s, err))
		return -1;
	digest = lkb_hash_done(hash);
	lkb_output_done(o, s.done, "sha256", &digest);
	return 0;
}
