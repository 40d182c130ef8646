/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/pkg/deb_priv.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/size.h"
#include "base/str.h"

#define MAX_ENTRIES ((size_t)1000000)
#define MAX_CONTENTS (8 * LKB_GIB)
#define MAX_PATH 4096
#define CHUNK ((size_t)128 * 1024)

struct reading {
	const char *name;
	struct archive *outer, *inner; /* owned */
	lkb_deb_want_fn *want;
	void *ctx;
	int spool;
	uint64_t spooled;
	char *buf; /* owned */
	struct lkb_deb_files *files;
	size_t cap, seen;
	uint64_t contents; /* of all entries, wanted or not */
};

void lkb_deb_files_clear(struct lkb_deb_files *f)
{
	lkb_blob_unref(f->blob);
	free(f->items);
	lkb_arena_clear(&f->arena);
	*f = (struct lkb_deb_files){0};
}

static void end_reading(struct reading *r)
{
	if (r->inner)
		archive_read_free(r->inner);
	if (r->outer)
		archive_read_free(r->outer);
	lkb_cleanup_fd(&r->spool);
	free(r->buf);
}

static int fail_archive(const struct reading *r, struct archive *a, struct lkb_error *err)
{
	const char *why = archive_error_string(a);

	return lkb_fail(err, LKB_INPUT, "'%s' is no sound .deb: %s", r->name,
			why ? why : "it ends early");
}

/* "./usr//bin/x/" is "usr/bin/x"; NULL if it leads outside or is too long. */
static char *normalise(struct lkb_arena *arena, const char *path)
{
	char *out = lkb_arena_alloc(arena, strlen(path) + 1);
	size_t len = 0;

	if (strlen(path) > MAX_PATH)
		return NULL;
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.')
			return NULL;
		if (n && !(n == 1 && path[0] == '.')) {
			if (len)
				out[len++] = '/';
			memcpy(out + len, path, n);
			len += n;
		}
		path += n + (path[n] == '/');
	}
	return out;
}

static char *entry_path(struct reading *r, const char *path, struct lkb_error *err)
{
	char *clean = path ? normalise(&r->files->arena, path) : NULL;

	if (!clean)
		lkb_fail(err, LKB_INPUT, "'%s' holds a bad path: '%s'", r->name,
			 path ? path : "(none)");
	return clean;
}

static int spool_data(struct reading *r, struct lkb_deb_entry *e, uint64_t size,
		      struct lkb_error *err)
{
	uint64_t left = size;

	e->data = (struct lkb_data){.off = r->spooled, .len = size};
	while (left) {
		size_t want = left < CHUNK ? (size_t)left : CHUNK;
		la_ssize_t n = archive_read_data(r->inner, r->buf, want);

		if (n < 0)
			return fail_archive(r, r->inner, err);
		if (!n)
			return lkb_fail(err, LKB_INPUT, "'%s' is no sound .deb: '%s' ends early",
					r->name, e->path);
		if (lkb_write_full(r->spool, r->buf, (size_t)n, "a temporary file", err))
			return -1;
		left -= (uint64_t)n;
	}
	r->spooled += size;
	return 0;
}

static struct lkb_deb_entry *new_entry(struct reading *r, const char *path,
				       struct archive_entry *ae)
{
	struct lkb_deb_files *f = r->files;
	struct lkb_deb_entry *e;

	LKB_GROW(f->items, f->n, r->cap);
	e = &f->items[f->n++];
	*e = (struct lkb_deb_entry){
		.path = path,
		.meta = {
			.mode = (uint32_t)archive_entry_perm(ae) & 07777,
			.uid = (uint32_t)archive_entry_uid(ae),
			.gid = (uint32_t)archive_entry_gid(ae),
			.mtime = archive_entry_mtime(ae),
		},
	};
	return e;
}

static int keep_entry(struct reading *r, const char *path, struct archive_entry *ae,
		      uint64_t size, struct lkb_error *err)
{
	struct lkb_deb_entry *e = new_entry(r, path, ae);
	const char *link = archive_entry_hardlink(ae);

	if (link) {
		e->type = LKB_NODE_FILE;
		e->hardlink = entry_path(r, link, err);
		return e->hardlink ? 0 : -1;
	}
	switch (archive_entry_filetype(ae)) {
	case AE_IFDIR:
		e->type = LKB_NODE_DIR;
		return 0;
	case AE_IFREG:
		e->type = LKB_NODE_FILE;
		return spool_data(r, e, size, err);
	case AE_IFLNK:
		e->type = LKB_NODE_SYMLINK;
		e->target = lkb_arena_strdup(&r->files->arena, archive_entry_symlink(ae) ?: "");
		return 0;
	default:
		return lkb_fail(err, LKB_INPUT, "'%s': '%s' is a device or pipe", r->name, path);
	}
}

static int take_entry(struct reading *r, struct archive_entry *ae, struct lkb_error *err)
{
	la_int64_t size = archive_entry_size(ae);
	const char *path;

	if (++r->seen > MAX_ENTRIES)
		return lkb_fail(err, LKB_INPUT, "'%s' has more than %zu entries", r->name,
				MAX_ENTRIES);
	if (size < 0 || (uint64_t)size > MAX_CONTENTS - r->contents)
		return lkb_fail(err, LKB_INPUT, "'%s' holds more than %s", r->name,
				lkb_size_text(MAX_CONTENTS).s);
	r->contents += (uint64_t)size;
	path = entry_path(r, archive_entry_pathname(ae), err);
	if (!path)
		return -1;
	if (archive_entry_mtime(ae) > r->files->newest)
		r->files->newest = archive_entry_mtime(ae);
	return !*path || !r->want(r->ctx, path) ? 0 : keep_entry(r, path, ae, (uint64_t)size, err);
}

/* libarchive reads the data archive through this: the member of the outer archive. */
static la_ssize_t read_member(struct archive *a, void *ctx, const void **ret)
{
	struct reading *r = ctx;
	la_ssize_t n = archive_read_data(r->outer, r->buf + CHUNK, CHUNK);

	*ret = r->buf + CHUNK;
	if (n < 0)
		archive_set_error(a, EINVAL, "%s", archive_error_string(r->outer) ?: "bad member");
	return n;
}

static int read_data(struct reading *r, struct lkb_error *err)
{
	struct archive_entry *ae;
	int status;

	r->inner = archive_read_new();
	archive_read_support_format_tar(r->inner);
	archive_read_support_filter_gzip(r->inner);
	archive_read_support_filter_xz(r->inner);
	archive_read_support_filter_zstd(r->inner);
	if (archive_read_open(r->inner, r, NULL, read_member, NULL) != ARCHIVE_OK)
		return fail_archive(r, r->inner, err);
	while ((status = archive_read_next_header(r->inner, &ae)) == ARCHIVE_OK ||
	       status == ARCHIVE_WARN)
		if (take_entry(r, ae, err))
			return -1;
	return status == ARCHIVE_EOF ? 0 : fail_archive(r, r->inner, err);
}

/* deb(5): "debian-binary" with the version first, the control archive, then the data. */
static int find_data(struct reading *r, struct lkb_error *err)
{
	struct archive_entry *ae;
	char version[8];
	const char *name;
	int status;

	if (archive_read_next_header(r->outer, &ae) != ARCHIVE_OK)
		return fail_archive(r, r->outer, err);
	name = archive_entry_pathname(ae);
	if (!name || strcmp(name, "debian-binary") ||
	    archive_read_data(r->outer, version, sizeof(version)) < 4 ||
	    strncmp(version, "2.", 2))
		return lkb_fail(err, LKB_INPUT, "'%s' is no .deb of format 2", r->name);
	while ((status = archive_read_next_header(r->outer, &ae)) == ARCHIVE_OK) {
		name = archive_entry_pathname(ae);
		if (name && lkb_starts_with(name, "data.tar"))
			return read_data(r, err);
	}
	if (status != ARCHIVE_EOF)
		return fail_archive(r, r->outer, err);
	return lkb_fail(err, LKB_INPUT, "'%s' is no sound .deb: it has no data archive", r->name);
}

/* Entries borrow the one blob behind all of them. */
static void share_blob(struct reading *r, const char *name)
{
	struct lkb_deb_files *f = r->files;
	size_t i;

	f->blob = lkb_blob_new_fd(lkb_steal_fd(&r->spool), r->spooled, name);
	for (i = 0; i < f->n; i++)
		if (f->items[i].data.len)
			f->items[i].data.blob = f->blob;
		else
			f->items[i].data.off = 0;
}

int lkb_deb_read(int fd, const char *name, const char *spool_dir, lkb_deb_want_fn *want, void *ctx,
		 struct lkb_deb_files *ret, struct lkb_error *err)
{
	lkb_autodebfiles files = {0};
	__attribute__((cleanup(end_reading))) struct reading r = {
		.name = name, .want = want, .ctx = ctx, .spool = -1, .files = &files,
	};

	if (lkb_nameless_file(spool_dir, &r.spool, err))
		return -1;
	r.buf = lkb_alloc(2 * CHUNK);
	r.outer = archive_read_new();
	archive_read_support_format_ar(r.outer);
	if (archive_read_open_fd(r.outer, fd, CHUNK) != ARCHIVE_OK)
		return fail_archive(&r, r.outer, err);
	if (find_data(&r, err))
		return -1;
	share_blob(&r, name);
	*ret = files;
	files = (struct lkb_deb_files){0};
	return 0;
}
