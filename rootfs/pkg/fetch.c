/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/pkg/fetch_priv.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/path.h"
#include "base/size.h"

#define CHUNK ((size_t)256 * 1024)

static char *stored_path(const char *pkg_dir, const struct lkb_sha256 *digest)
{
	return lkb_format("%s/debs/sha256/%s", pkg_dir, lkb_sha256_text(digest).s);
}

bool lkb_deb_stored(const char *pkg_dir, const struct lkb_deb *deb)
{
	lkb_autofree char *path = stored_path(pkg_dir, &deb->sha256);
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && (uint64_t)st.st_size == deb->size;
}

static int hash_file(int fd, const char *name, struct lkb_sha256 *ret, struct lkb_error *err)
{
	lkb_auto(lkb_hash) h = lkb_hash_new();
	lkb_autofree char *buf = lkb_alloc(CHUNK);
	size_t n;

	do {
		if (lkb_read_upto(fd, buf, CHUNK, &n, name, err))
			return -1;
		lkb_hash_add(h, buf, n);
	} while (n);
	*ret = lkb_hash_done(h);
	return 0;
}

int lkb_deb_open(const char *pkg_dir, const struct lkb_deb *deb, int *ret_fd,
		 struct lkb_error *err)
{
	lkb_autofree char *path = stored_path(pkg_dir, &deb->sha256);
	struct lkb_sha256 digest;
	lkb_autofd fd = -1;

	if (lkb_open_read(path, &fd, NULL, err) || hash_file(fd, path, &digest, err))
		return -1;
	if (!lkb_sha256_equal(&digest, &deb->sha256)) {
		unlink(path);
		lkb_fail(err, LKB_TRUST, "the stored package '%s' was damaged and is removed",
			 deb->name);
		return lkb_hint(err, "run the command again to download it anew");
	}
	if (lseek(fd, 0, SEEK_SET) < 0)
		return lkb_fail_errno(err, "cannot rewind '%s'", path);
	*ret_fd = lkb_steal_fd(&fd);
	return 0;
}

static int sync_file(int fd, const char *name, struct lkb_error *err)
{
	return fsync(fd) ? lkb_fail_errno(err, "cannot write '%s' to disk", name) : 0;
}

/* Moves one downloaded file to the name its bytes give it. What nobody asked for stays behind. */
static int adopt(const char *pkg_dir, const char *file, const struct lkb_debs *debs,
		 struct lkb_error *err)
{
	lkb_autofree char *to = NULL;
	struct lkb_sha256 digest;
	lkb_autofd fd = -1;
	size_t i;

	if (lkb_open_read(file, &fd, NULL, err) || hash_file(fd, file, &digest, err))
		return -1;
	for (i = 0; i < debs->n; i++)
		if (lkb_sha256_equal(&debs->items[i].sha256, &digest))
			break;
	if (i == debs->n)
		return 0;
	to = stored_path(pkg_dir, &digest);
	if (sync_file(fd, file, err))
		return -1;
	if (rename(file, to))
		return lkb_fail_errno(err, "cannot move '%s' to '%s'", file, to);
	return 0;
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

static int adopt_all(const char *pkg_dir, const char *dir, const struct lkb_debs *debs,
		     struct lkb_error *err)
{
	__attribute__((cleanup(close_dir))) DIR *d = opendir(dir);
	const struct dirent *e;

	if (!d)
		return lkb_fail_errno(err, "cannot read the directory '%s'", dir);
	while ((e = readdir(d))) {
		lkb_autofree char *path = lkb_path_join(dir, e->d_name);

		if (lkb_ends_with(e->d_name, ".deb") && adopt(pkg_dir, path, debs, err))
			return -1;
	}
	return 0;
}

/* Says which package a failed download is about, where the mirror has dropped one. */
static int explain(const struct lkb_apt *a, const struct lkb_debs *missing, struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < missing->n; i++) {
		const struct lkb_deb *deb = &missing->items[i];
		bool there = true;

		if (lkb_apt_has(a, deb, &there, NULL) || there)
			continue;
		lkb_fail(err, LKB_NET, "the mirror has no '%s' version '%s' any more, which the "
			 "lock asks for", deb->name, deb->version);
		return lkb_hint(err, LKB_PKG_HINT_ANEW);
	}
	return -1;
}

static int download(const char *pkg_dir, const char *dir, const struct lkb_apt *a,
		    const struct lkb_debs *missing, struct lkb_error *err)
{
	size_t i;

	if (lkb_apt_download(a, missing->items, missing->n, dir, err))
		return explain(a, missing, err);
	if (adopt_all(pkg_dir, dir, missing, err))
		return -1;
	for (i = 0; i < missing->n; i++)
		if (!lkb_deb_stored(pkg_dir, &missing->items[i]))
			return lkb_fail(err, LKB_TRUST, "what the mirror gives as '%s' version "
					"'%s' does not have the SHA-256 that was asked for",
					missing->items[i].name, missing->items[i].version);
	return 0;
}

int lkb_debs_fetch(const char *pkg_dir, const struct lkb_apt *a, const struct lkb_debs *debs,
		   struct lkb_ui *ui, struct lkb_error *err)
{
	/* One name: whoever holds the lock may clear away what a killed run left in it. */
	lkb_autofree char *dir = lkb_path_join(pkg_dir, "download");
	lkb_autofree char *store = lkb_path_join(pkg_dir, "debs/sha256");
	lkb_autodebs missing = {0};
	uint64_t bytes = 0;
	struct lkb_error drop;
	size_t i;
	int r;

	for (i = 0; i < debs->n; i++) {
		if (lkb_deb_stored(pkg_dir, &debs->items[i]))
			continue;
		lkb_debs_add(&missing, &debs->items[i]);
		bytes += debs->items[i].size;
	}
	if (!missing.n)
		return 0;
	lkb_ui_step(ui, "apt: downloading %zu package%s, %s", missing.n, missing.n == 1 ? "" : "s",
		    lkb_size_text(bytes).s);
	if ((!access(dir, F_OK) && lkb_remove_tree(dir, err)) || lkb_mkdir_p(dir, err) ||
	    lkb_mkdir_p(store, err))
		return -1;
	r = download(pkg_dir, dir, a, &missing, err);
	if (lkb_remove_tree(dir, &drop) && !r)
		lkb_ui_warning(ui, "%s", drop.message);
	return r;
}
