/* SPDX-License-Identifier: Apache-2.0 */
/* What a push is of, and what all pushes share. */
#include "rootfs/oci/push.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/ext/compress.h"
#include "base/path.h"
#include "base/size.h"
#include "rootfs/oci/push_priv.h"

enum { LOOK = 64 << 10, MAGIC_OFF = 257, MAGIC_END = 512 };
#define SHOWN_EVERY ((uint64_t)512 << 10)

static bool is_disk(const char *path)
{
	static const char *const ends[] = { ".img", ".img.gz", ".img.zst", ".img.xz" };

	for (size_t i = 0; i < LKB_ARRAY_SIZE(ends); i++)
		if (lkb_ends_with(path, ends[i]))
			return true;
	return false;
}

static int take_head(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	struct lkb_str *head = ctx;

	lkb_str_addn(head, p, n);
	return head->len < MAGIC_END ? 0 : -1; /* enough was seen */
}

/* Also one that is compressed as a whole. */
static int is_tar(const char *path, bool *ret, struct lkb_error *err)
{
	lkb_auto(lkb_blob) blob = NULL;
	lkb_auto(lkb_inflate) z = NULL;
	lkb_autofree char *buf = lkb_alloc(LOOK);
	lkb_autostr head = {0};
	struct lkb_error fault;
	size_t n;

	if (lkb_blob_open(path, &blob, err))
		return -1;
	n = lkb_blob_size(blob) < LOOK ? (size_t)lkb_blob_size(blob) : LOOK;
	if (lkb_blob_read(blob, 0, buf, n, err))
		return -1;
	z = lkb_inflate_new(lkb_compression_of(buf, n), UINT64_MAX, take_head, &head);
	lkb_inflate_feed(z, buf, n, &fault);
	*ret = head.len >= MAGIC_END && !memcmp(lkb_str_get(&head) + MAGIC_OFF, "ustar", 5);
	return 0;
}

int lkb_push_kind_of(const char *path, enum lkb_push_kind *ret, struct lkb_error *err)
{
	lkb_autofree char *mark = lkb_path_join(path, "oci-layout");
	struct stat st;
	bool tar = false;

	if (stat(path, &st)) {
		if (errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG)
			return lkb_fail_errno(err, "cannot look at '%s'", path);
		*ret = LKB_PUSH_STORED;
		return 0;
	}
	if (S_ISDIR(st.st_mode)) {
		*ret = access(mark, F_OK) ? LKB_PUSH_TREE : LKB_PUSH_LAYOUT;
		return 0;
	}
	if (is_disk(path)) {
		*ret = LKB_PUSH_DISK;
		return 0;
	}
	if (is_tar(path, &tar, err))
		return -1;
	*ret = tar ? LKB_PUSH_LAYOUT : LKB_PUSH_FILE;
	return 0;
}

/* A blob that is read piece by piece. */
struct sending {
	struct lkb_ui *ui;
	const char *called;
	const struct lkb_data *data;
	uint64_t shown;
};

static int read_data(void *ctx, uint64_t off, void *p, size_t n, struct lkb_error *err)
{
	const struct sending *s = ctx;

	return lkb_data_read(s->data, off, p, n, err);
}

static void on_progress(void *ctx, uint64_t done)
{
	struct sending *s = ctx;

	if (done >= s->shown && done - s->shown < SHOWN_EVERY && done != s->data->len)
		return;
	s->shown = done;
	lkb_ui_bytes(s->ui, s->called, done, s->data->len);
}

int lkb_pusher_blob(struct lkb_pusher *p, const char *called, const struct lkb_sha256 *digest,
		    const struct lkb_data *data, struct lkb_error *err)
{
	struct sending s = { .ui = p->ui, .called = called, .data = data };
	const struct lkb_registry_upload u = { .digest = *digest, .size = data->len,
					       .read = read_data, .progress = on_progress,
					       .ctx = &s };
	int sent = lkb_registry_put_blob(p->in->registry, &p->repo, &u, err);

	if (sent < 0)
		return lkb_context(err, "'%s'", called);
	lkb_ui_message(p->ui, "%s: %s%s", called, lkb_size_text(data->len).s,
		       sent ? "" : ", is there already");
	return 0;
}

/* Where a push may go to. */
static int check_ref(const struct lkb_ref *ref, const char *text, struct lkb_error *err)
{
	if (ref->digest) {
		lkb_fail(err, LKB_USAGE, "'%s': the digest follows from what is pushed", text);
		return lkb_hint(err, "name a tag, or nothing for 'latest'");
	}
	if (strcmp(ref->domain, "localhost"))
		return 0;
	lkb_fail(err, LKB_USAGE, "'%s': 'localhost' without a port is no registry", text);
	return lkb_hint(err, "say where to: REGISTRY/%s", ref->path);
}

int lkb_push(struct lkb_store *s, const struct lkb_push *in, char **ret_ref,
	     struct lkb_sha256 *ret, struct lkb_error *err)
{
	lkb_autoarena arena = {0};
	lkb_autoref ref = {0};
	lkb_autofree char *text = NULL;
	struct lkb_pusher p = { .in = in, .ui = lkb_registry_ui(in->registry), .arena = &arena };
	bool image = in->kind == LKB_PUSH_STORED || in->kind == LKB_PUSH_LAYOUT;

	if (lkb_ref_parse(in->ref, &ref, err) || check_ref(&ref, in->ref, err))
		return -1;
	text = lkb_ref_text(&ref);
	p.repo = (struct lkb_repository){ ref.domain, ref.path };
	p.tag = ref.tag;
	if (image ? lkb_push_image(s, &p, ret, err) : lkb_push_artifact(&p, ret, err))
		return lkb_context(err, "push to '%s'", text);
	*ret_ref = LKB_STEAL(text);
	return 0;
}
