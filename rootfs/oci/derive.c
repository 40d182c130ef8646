/* SPDX-License-Identifier: Apache-2.0 */
/* Data that is made once for a key and found again under it. */
#include <fcntl.h>

#include "base/file.h"
#include "rootfs/oci/derived_priv.h"

/* 1 = *ret_fd is open and right, 0 = there is none that is right, -1 = failed. */
static int find(const struct lkb_store *s, const char *path, const char *record_path, int *ret_fd,
		struct lkb_error *err)
{
	lkb_autofd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	lkb_autoderivedrecord record = {0};
	struct lkb_sha256 digest;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    !lkb_derived_record_read(record_path, &record) || !record.has_digest)
		return 0;
	if (!lkb_derived_record_fits(s, record_path, &record, fd, &st)) {
		if (lkb_derived_hash(fd, path, &digest, err))
			return -1;
		if (!lkb_sha256_equal(&digest, &record.digest))
			return 0;
		lkb_derived_record_write(s, record_path, fd, &record);
	}
	lkb_derived_used(record_path);
	*ret_fd = lkb_steal_fd(&fd);
	return 1;
}

struct making {
	struct lkb_store_tmp *tmp;
	struct lkb_hash *hash;
};

static int take(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	struct making *m = ctx;

	lkb_hash_add(m->hash, p, n);
	return lkb_write_full(m->tmp->fd, p, n, m->tmp->path, err);
}

static int make(const struct lkb_store *s, const struct lkb_derived *d, const char *path,
		const char *record_path, int *ret_fd, struct lkb_error *err)
{
	lkb_autostoretmp tmp = LKB_STORE_TMP_INIT;
	lkb_auto(lkb_hash) hash = lkb_hash_new();
	struct making m = { &tmp, hash };
	struct lkb_derived_record record = { .has_digest = true,
					     .layers = (struct lkb_sha256 *)d->layers,
					     .n_layers = d->n_layers };

	if (lkb_store_tmp_open(s, &tmp, err) || d->make(d->ctx, take, &m, err) ||
	    lkb_store_tmp_rename(&tmp, path, err))
		return -1;
	record.digest = lkb_hash_done(hash);
	lkb_derived_record_write(s, record_path, tmp.fd, &record);
	lkb_derived_trim(s);
	*ret_fd = lkb_steal_fd(&tmp.fd);
	return 0;
}

int lkb_store_derive(struct lkb_store *s, const struct lkb_derived *d, struct lkb_data *ret,
		     struct lkb_error *err)
{
	lkb_autofree char *path = lkb_derived_path(s, LKB_DERIVED_SEGMENT, &d->key);
	lkb_autofree char *record_path = lkb_derived_record_path(s, LKB_DERIVED_SEGMENT, &d->key);
	lkb_autofd fd = -1;
	struct stat st;
	int found = find(s, path, record_path, &fd, err);

	if (found < 0 || (!found && make(s, d, path, record_path, &fd, err)))
		return -1;
	if (fstat(fd, &st))
		return lkb_fail_errno(err, "cannot look at '%s'", path);
	*ret = (struct lkb_data){ .len = (uint64_t)st.st_size };
	ret->blob = lkb_blob_new_fd(lkb_steal_fd(&fd), ret->len, path);
	return 0;
}
