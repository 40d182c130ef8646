/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small derived data: DIR/derived/KIND/HEX, the bytes and their SHA-256 behind them. The digest
 * finds what a disk lost or a hand changed; who writes into the store on purpose can do worse
 * things than this.
 */
#include "base/alloc.h"
#include "base/file.h"
#include "rootfs/oci/store_priv.h"

static char *path_of(const struct lkb_store *s, const char *kind, const struct lkb_sha256 *key)
{
	return lkb_format("%s/derived/%s/%s", s->dir, kind, lkb_sha256_text(key).s);
}

bool lkb_store_derived_read(const struct lkb_store *s, const char *kind,
			    const struct lkb_sha256 *key, size_t max, char **ret, size_t *ret_len)
{
	lkb_autofree char *path = path_of(s, kind, key);
	lkb_autofree char *bytes = NULL;
	struct lkb_sha256 digest;
	size_t len;

	if (lkb_read_file(path, max + LKB_SHA256_SIZE, &bytes, &len, NULL) ||
	    len < LKB_SHA256_SIZE)
		return false;
	len -= LKB_SHA256_SIZE;
	digest = lkb_sha256(bytes, len);
	if (memcmp(bytes + len, digest.b, LKB_SHA256_SIZE))
		return false;
	bytes[len] = '\0';
	*ret = LKB_STEAL(bytes);
	*ret_len = len;
	return true;
}

void lkb_store_derived_write(const struct lkb_store *s, const char *kind,
			     const struct lkb_sha256 *key, const void *p, size_t n)
{
	lkb_autofree char *dir = lkb_format("%s/derived/%s", s->dir, kind);
	lkb_autofree char *path = path_of(s, kind, key);
	lkb_autostoretmp tmp = LKB_STORE_TMP_INIT;
	struct lkb_sha256 digest = lkb_sha256(p, n);

	if (!lkb_mkdir_p(dir, NULL) && !lkb_store_tmp_open(s, &tmp, NULL) &&
	    !lkb_write_full(tmp.fd, p, n, path, NULL) &&
	    !lkb_write_full(tmp.fd, digest.b, sizeof(digest.b), path, NULL))
		lkb_store_tmp_rename(&tmp, path, NULL);
}
