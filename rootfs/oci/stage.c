/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blobs on their way into the store wait in a directory of its tmp/, each under its digest,
 * until all of them are there and right. What fails before that leaves the store as it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/undo.h"
#include "rootfs/oci/store_priv.h"

#define PIECE ((size_t)4 << 20)

int lkb_stage_open(const struct lkb_store *s, struct lkb_stage *ret, struct lkb_error *err)
{
	if (lkb_store_tmp_dir(s, &ret->fd, &ret->path, err))
		return -1;
	ret->undo = lkb_undo_remove_dir(ret->path);
	ret->s = s;
	return 0;
}

void lkb_stage_clear(struct lkb_stage *st)
{
	if (st->path)
		lkb_remove_tree(st->path, NULL);
	lkb_undo_forget(st->undo);
	if (st->fd >= 0)
		close(st->fd);
	free(st->path);
	free(st->digests);
	*st = (struct lkb_stage)LKB_STAGE_INIT;
}

static bool has(const struct lkb_stage *st, const struct lkb_oci_desc *d)
{
	for (size_t i = 0; i < st->n; i++)
		if (lkb_sha256_equal(&st->digests[i], &d->digest))
			return true;
	return lkb_store_has_blob(st->s, &d->digest, d->size);
}

/* Copies, then hashes what was written: what is stored is what was compared, even if somebody
 * writes to the source meanwhile. */
static int copy(const struct lkb_data *data, int fd, const char *name, struct lkb_ui *ui,
		struct lkb_sha256 *ret, struct lkb_error *err)
{
	lkb_autofree char *buf = lkb_alloc(PIECE);
	lkb_auto(lkb_hash) hash = lkb_hash_new();

	for (uint64_t off = 0; off < data->len;) {
		size_t n = data->len - off < PIECE ? (size_t)(data->len - off) : PIECE;

		if (lkb_data_copy(data, off, n, fd, name, err) ||
		    lkb_pread_full(fd, buf, n, off, name, err))
			return -1;
		lkb_hash_add(hash, buf, n);
		off += n;
		lkb_ui_bytes(ui, name, off, data->len);
	}
	*ret = lkb_hash_done(hash);
	return 0;
}

int lkb_stage_blob(struct lkb_stage *st, const struct lkb_layout *from,
		   const struct lkb_oci_desc *d, struct lkb_ui *ui, struct lkb_error *err)
{
	lkb_autodata data = {0};
	struct lkb_sha256 digest;
	lkb_autofd fd = -1;

	if (d->verifiable && has(st, d))
		return 0;
	if (lkb_layout_blob(from, d, &data, err))
		return -1;
	fd = openat(st->fd, lkb_sha256_text(&d->digest).s, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
		    0666);
	if (fd < 0)
		return lkb_fail_errno(err, "cannot make a file in '%s'", st->path);
	if (copy(&data, fd, d->digest_text, ui, &digest, err))
		return -1;
	if (!lkb_sha256_equal(&digest, &d->digest))
		return lkb_layout_fail_digest(from, d, &digest, err);
	if (fsync(fd))
		return lkb_fail_errno(err, "cannot flush '%s'", d->digest_text);
	LKB_GROW(st->digests, st->n, st->cap);
	st->digests[st->n++] = d->digest;
	return 0;
}

int lkb_stage_commit(struct lkb_stage *st, struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_format("%s/blobs/sha256", st->s->dir);
	lkb_autofd fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return lkb_fail_errno(err, "cannot open '%s'", dir);
	for (size_t i = 0; i < st->n; i++) {
		struct lkb_sha256_text name = lkb_sha256_text(&st->digests[i]);

		if (renameat(st->fd, name.s, fd, name.s))
			return lkb_fail_errno(err, "cannot give 'sha256:%s' its name", name.s);
	}
	if (fsync(fd))
		return lkb_fail_errno(err, "cannot flush '%s'", dir);
	st->n = 0;
	return 0;
}
