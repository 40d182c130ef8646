/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "base/alloc.h"
#include "base/file.h"
#include "rootfs/oci/derived_priv.h"

enum { CHUNK = 1 << 20 };
#define MAX_RECORD ((size_t)64 << 10)

static const struct {
	const char *dir, *suffix;
} kinds[] = {
	[LKB_DERIVED_LAYER] = { "layer-v1", "tar" },
	[LKB_DERIVED_SEGMENT] = { "segment-v1", "zst" },
};

const char *lkb_derived_dir(enum lkb_derived_kind kind)
{
	return kinds[kind].dir;
}

static char *path_of(const struct lkb_store *s, enum lkb_derived_kind kind,
		     const struct lkb_sha256 *key, const char *suffix)
{
	return lkb_format("%s/derived/%s/%s.%s", s->dir, kinds[kind].dir, lkb_sha256_text(key).s,
			  suffix);
}

char *lkb_derived_path(const struct lkb_store *s, enum lkb_derived_kind kind,
		       const struct lkb_sha256 *key)
{
	return path_of(s, kind, key, kinds[kind].suffix);
}

char *lkb_derived_record_path(const struct lkb_store *s, enum lkb_derived_kind kind,
			      const struct lkb_sha256 *key)
{
	return path_of(s, kind, key, "ok");
}

/* What the record of a file in this state says. */
static char *state_of(const struct stat *st)
{
	return lkb_format("%lld %lld.%09ld", (long long)st->st_size,
			  (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
}

void lkb_derived_record_clear(struct lkb_derived_record *r)
{
	free(r->state);
	free(r->layers);
	free(r->boot);
	*r = (struct lkb_derived_record){0};
}

static bool read_line(struct lkb_derived_record *r, const char *line)
{
	if (!r->state) {
		r->state = lkb_strdup(line);
		return true;
	}
	if (lkb_starts_with(line, "sha256 ") && !r->has_digest) {
		r->has_digest = lkb_sha256_parse(line + 7, &r->digest);
		return r->has_digest;
	}
	if (lkb_starts_with(line, "boot ") && !r->boot) {
		r->boot = lkb_strdup(line + 5);
		return true;
	}
	LKB_GROW(r->layers, r->n_layers, r->cap_layers);
	return lkb_starts_with(line, "layer ") &&
	       lkb_sha256_parse(line + 6, &r->layers[r->n_layers++]);
}

bool lkb_derived_record_read(const char *path, struct lkb_derived_record *ret)
{
	lkb_autoderivedrecord r = {0};
	lkb_autofree char *text = NULL;
	size_t len;

	if (lkb_read_file(path, MAX_RECORD, &text, &len, NULL))
		return false;
	for (char *p = text, *end; *p; p = end + 1) {
		end = strchr(p, '\n');
		if (!end)
			return false;
		*end = '\0';
		if (!read_line(&r, p))
			return false;
	}
	if (!r.state)
		return false;
	*ret = r;
	r = (struct lkb_derived_record){0};
	return true;
}

/* The name of this boot of the kernel; NULL where it does not say. */
static char *this_boot(void)
{
	static const char path[] = "/proc/sys/kernel/random/boot_id";
	lkb_autofd fd = open(path, O_RDONLY | O_CLOEXEC);
	char id[64];
	size_t n;

	if (fd < 0 || lkb_read_upto(fd, id, sizeof(id) - 1, &n, path, NULL))
		return NULL;
	id[n] = '\0';
	return lkb_format("%.*s", (int)strcspn(id, "\n"), id);
}

static void write_record(const struct lkb_store *s, const char *path, int fd,
			 const struct lkb_derived_record *r, const char *boot)
{
	lkb_autostoretmp tmp = LKB_STORE_TMP_INIT;
	lkb_autofree char *state = NULL;
	lkb_autostr text = {0};
	struct stat st;

	if (fstat(fd, &st))
		return;
	state = state_of(&st);
	lkb_str_addf(&text, "%s\n", state);
	if (r->has_digest)
		lkb_str_addf(&text, "sha256 %s\n", lkb_sha256_text(&r->digest).s);
	for (size_t i = 0; i < r->n_layers; i++)
		lkb_str_addf(&text, "layer %s\n", lkb_sha256_text(&r->layers[i]).s);
	if (boot)
		lkb_str_addf(&text, "boot %s\n", boot);
	if (!lkb_store_tmp_open(s, &tmp, NULL) &&
	    !lkb_write_full(tmp.fd, text.s, text.len, path, NULL))
		lkb_store_tmp_rename(&tmp, path, NULL);
}

bool lkb_derived_record_fits(const struct lkb_store *s, const char *path,
			     const struct lkb_derived_record *r, int fd, const struct stat *st)
{
	lkb_autofree char *want = state_of(st), *boot = NULL;

	if (!r->state || strcmp(r->state, want))
		return false;
	if (!r->boot)
		return true;
	boot = this_boot();
	if (!boot || strcmp(r->boot, boot) || fdatasync(fd))
		return false;
	write_record(s, path, fd, r, NULL);
	return true;
}

void lkb_derived_record_write(const struct lkb_store *s, const char *path, int fd,
			      const struct lkb_derived_record *r)
{
	lkb_autofree char *boot = this_boot();

	if (!boot && fdatasync(fd))
		return;
	write_record(s, path, fd, r, boot);
}

void lkb_derived_used(const char *record_path)
{
	utimensat(AT_FDCWD, record_path, NULL, AT_SYMLINK_NOFOLLOW);
}

int lkb_derived_hash(int fd, const char *name, struct lkb_sha256 *ret, struct lkb_error *err)
{
	lkb_autofree char *buf = lkb_alloc(CHUNK);
	lkb_auto(lkb_hash) hash = lkb_hash_new();
	size_t n;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return lkb_fail_errno(err, "cannot read '%s'", name);
	do {
		if (lkb_read_upto(fd, buf, CHUNK, &n, name, err))
			return -1;
		lkb_hash_add(hash, buf, n);
	} while (n == CHUNK);
	*ret = lkb_hash_done(hash);
	return 0;
}
