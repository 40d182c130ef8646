/* SPDX-License-Identifier: Apache-2.0 */
/* Where images come from: a layout directory, an archive on disk, one that has to be unpacked. */
#include <errno.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/ext/compress.h"
#include "base/file.h"
#include "rootfs/oci/docker_priv.h"
#include "rootfs/oci/store_priv.h"

enum { CHUNK = 1 << 20 };

static int fail_no_image(const struct lkb_layout *l, struct lkb_error *err)
{
	static const char *const names[] = { "index.json", "manifest.json" };

	lkb_fail(err, LKB_INPUT, "'%s' is no archive of images: it has neither 'index.json' nor "
		 "'manifest.json'", l->path);
	for (size_t i = 0; i < LKB_ARRAY_SIZE(names); i++) {
		lkb_autofree char *below = lkb_archive_below(l->archive, names[i]);

		if (below)
			return lkb_hint(err, "there is one in '%.200s': make the archive of what "
					     "is in there, 'tar -C %.200s -cf FILE .'", below,
					below);
	}
	return lkb_hint(err, "'docker save', 'skopeo copy' to oci-archive: and 'lkboard cache "
			     "export' write one");
}

static int read_docker(struct lkb_layout *l, struct lkb_error *err)
{
	lkb_autodocker docker = {0};
	bool all = false;

	if (lkb_docker_read(l->archive, l->path, &docker, err))
		return -1;
	l->has_docker = true;
	if (lkb_archive_has(l->archive, "index.json") && lkb_docker_in_index(&docker, l, &all, err))
		return -1;
	return all ? 0 : lkb_docker_make(&docker, l, err);
}

int lkb_layout_read_archive(const struct lkb_data *data, const char *path, struct lkb_layout **ret,
			    struct lkb_error *err)
{
	lkb_auto(lkb_layout) l = lkb_layout_new_dir(path);

	if (lkb_archive_read(data, &l->archive, err))
		return -1;
	if (lkb_archive_has(l->archive, "manifest.json")) {
		if (read_docker(l, err))
			return -1;
	} else if (lkb_archive_has(l->archive, "index.json")) {
		if (lkb_layout_check(l, err))
			return -1;
	} else if (lkb_archive_has(l->archive, "repositories")) {
		return lkb_docker_fail_legacy(l->archive, l->path, err);
	} else {
		return fail_no_image(l, err);
	}
	*ret = LKB_STEAL(l);
	return 0;
}

/* Bytes on their way to a file: what is no tar is not worth the disk. */
struct spool {
	struct lkb_store_tmp *tmp;
	const char *path;
	uint64_t size;
	uint64_t done; /* of what is compressed */
};

static int take(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	struct spool *sp = ctx;

	sp->size += n;
	if (sp->size > lkb_store_plain_budget(sp->done))
		return lkb_fail(err, LKB_INPUT, "it unpacks to more than %llu GiB and %d times "
				"what it is", (unsigned long long)(LKB_STORE_FREE_PLAIN >> 30),
				LKB_STORE_MAX_RATIO);
	return lkb_write_full(sp->tmp->fd, p, n, sp->tmp->path, err);
}

static int feed(int fd, struct spool *sp, uint64_t max, struct lkb_ui *ui, struct lkb_error *err)
{
	lkb_autofree char *buf = lkb_alloc(CHUNK);
	lkb_auto(lkb_inflate) z = NULL;
	size_t n;

	do {
		if (lkb_read_upto(fd, buf, CHUNK, &n, sp->path, err))
			return -1;
		sp->done += n;
		if (!z) {
			enum lkb_compression c = lkb_compression_of(buf, n);

			/* One that is not compressed is no larger than what was sent. */
			z = lkb_inflate_new(c, c == LKB_PLAIN ? UINT64_MAX : max, take, sp);
		}
		if (lkb_inflate_feed(z, buf, n, err))
			return -1;
		lkb_ui_bytes(ui, sp->path, sp->done, 0);
	} while (n == CHUNK);
	return lkb_inflate_end(z, err);
}

/* Unpacks to a file whose name goes at once. */
static int spool(const struct lkb_store *s, int fd, const char *path, struct lkb_ui *ui,
		 struct lkb_blob **ret, struct lkb_error *err)
{
	lkb_autostoretmp tmp = LKB_STORE_TMP_INIT;
	struct spool sp = { .tmp = &tmp, .path = path };

	if (lkb_store_tmp_open(s, &tmp, err))
		return -1;
	if (feed(fd, &sp, s->max_layer, ui, err)) {
		lkb_context(err, "'%s'", path);
		return err && err->kind == LKB_INPUT
			       ? lkb_hint(err, "an archive that is not compressed is read where it "
					       "stands")
			       : -1;
	}
	*ret = lkb_blob_new_fd(lkb_steal_fd(&tmp.fd), sp.size, path);
	return 0;
}

/* A regular file that is no compressed one is read where it stands. */
static int open_file(const struct lkb_store *s, const char *path, struct lkb_ui *ui,
		     struct lkb_blob **ret, struct lkb_error *err)
{
	lkb_autofd fd = -1;
	uint64_t size = 0;
	char magic[8];
	size_t n = 0;

	if (lkb_open_read(path, &fd, &size, err))
		return -1;
	n = size < sizeof(magic) ? (size_t)size : sizeof(magic);
	if (lkb_pread_full(fd, magic, n, 0, path, err))
		return -1;
	if (lkb_compression_of(magic, n) != LKB_PLAIN)
		return spool(s, fd, path, ui, ret, err);
	*ret = lkb_blob_new_fd(lkb_steal_fd(&fd), size, path);
	return 0;
}

int lkb_source_open(const struct lkb_store *s, const char *path, struct lkb_ui *ui,
		    struct lkb_layout **ret, struct lkb_error *err)
{
	bool is_stdin = !strcmp(path, "-");
	const char *called = is_stdin ? "standard input" : path;
	lkb_auto(lkb_layout) l = NULL;
	lkb_auto(lkb_blob) blob = NULL;
	struct lkb_data data;
	struct stat st;

	if (!is_stdin && stat(path, &st))
		return lkb_fail_errno(err, "cannot open '%s'", path);
	if (!is_stdin && S_ISDIR(st.st_mode)) {
		l = lkb_layout_new_dir(path);
		if (lkb_layout_check(l, err))
			return -1;
		*ret = LKB_STEAL(l);
		return 0;
	}
	if (is_stdin ? spool(s, STDIN_FILENO, called, ui, &blob, err)
		     : open_file(s, path, ui, &blob, err)) {
		if (!is_stdin && S_ISFIFO(st.st_mode))
			lkb_hint(err, "give '-' to read standard input");
		return -1;
	}
	data = (struct lkb_data){ .blob = blob, .len = lkb_blob_size(blob) };
	return lkb_layout_read_archive(&data, called, ret, err);
}
