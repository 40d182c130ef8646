/* SPDX-License-Identifier: Apache-2.0 */
/* Is everything in the store what its name says, and is everything there? */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/utf8.h"
#include "rootfs/oci/upkeep_priv.h"

enum { CHUNK = 1 << 20, MAX_PASSES = 16 };
#define MAX_SMALL ((size_t)128 << 20)

struct check {
	struct lkb_store *s;
	bool repair;
	struct lkb_ui *ui;
	struct lkb_store_verified found;
	struct lkb_strv names; /* owned; to be taken away */
	bool changed;          /* by this pass */
	uint64_t done, total;  /* bytes to hash */
};

void lkb_store_verified_clear(struct lkb_store_verified *v)
{
	for (size_t i = 0; i < v->n; i++) {
		free(v->items[i].what);
		free(v->items[i].why);
	}
	free(v->items);
	*v = (struct lkb_store_verified){0};
}

/* Names and documents are somebody's: what is said of them is one line of UTF-8. */
static char *show(const char *text)
{
	lkb_autostr s = {0};

	lkb_utf8_show(&s, text, strlen(text), false);
	return lkb_str_take(&s);
}

/* Takes `what` over. The same thing is said once. */
static void add_fault(struct check *c, char *what, const char *why, bool removed)
{
	struct lkb_store_verified *v = &c->found;
	lkb_autofree char *shown = show(what);

	free(what);
	for (size_t i = 0; i < v->n; i++) {
		if (strcmp(v->items[i].what, shown))
			continue;
		v->items[i].removed |= removed;
		return;
	}
	LKB_GROW(v->items, v->n, v->cap);
	v->items[v->n++] = (struct lkb_store_fault){ LKB_STEAL(shown), show(why), removed };
}

static int remove_file(struct check *c, const char *path, struct lkb_error *err)
{
	if (unlink(path) && errno != ENOENT)
		return lkb_fail_errno(err, "cannot remove '%s'", path);
	c->changed = true;
	return 0;
}

/* 1 = *ret is the file's digest; 0 = it is gone meanwhile, or no file. */
static int hash(struct check *c, const char *path, const char *name, struct lkb_sha256 *ret,
		struct lkb_error *err)
{
	lkb_autofd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	lkb_autofree char *buf = lkb_alloc(CHUNK);
	lkb_auto(lkb_hash) h = lkb_hash_new();
	struct stat st;
	size_t n;

	if (fd < 0 && errno != ENOENT && errno != ELOOP)
		return lkb_fail_errno(err, "cannot open '%s'", path);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return 0;
	do {
		if (lkb_read_upto(fd, buf, CHUNK, &n, path, err))
			return -1;
		lkb_hash_add(h, buf, n);
		c->done += n;
		lkb_ui_bytes(c->ui, name, c->done, c->total);
	} while (n == CHUNK);
	*ret = lkb_hash_done(h);
	return 1;
}

static int check_blob(struct check *c, const struct lkb_sha256 *digest, struct lkb_error *err)
{
	lkb_autofree char *path = lkb_layout_blob_path(c->s->dir, digest);
	lkb_autofree char *why = NULL;
	struct lkb_sha256 got;
	int r = hash(c, path, "blobs", &got, err);

	if (r < 0)
		return -1;
	c->found.blobs += r > 0;
	if (!r || lkb_sha256_equal(&got, digest))
		return 0;
	why = lkb_format("holds something else: its digest is 'sha256:%s'",
			 lkb_sha256_text(&got).s);
	if (c->repair && remove_file(c, path, err))
		return -1;
	add_fault(c, lkb_format("blob sha256:%s", lkb_sha256_text(digest).s), why, c->repair);
	return 0;
}

static uint64_t size_of(const char *dir, const struct lkb_strv *names)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < names->n; i++) {
		lkb_autofree char *path = lkb_format("%s/%s", dir, names->items[i]);
		struct stat st;

		if (!lstat(path, &st) && S_ISREG(st.st_mode))
			sum += (uint64_t)st.st_size;
	}
	return sum;
}

static int check_blobs(struct check *c, struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_format("%s/blobs/sha256", c->s->dir);
	lkb_autostrv names = {0};

	lkb_store_names(dir, &names);
	c->done = 0;
	c->total = size_of(dir, &names);
	lkb_ui_step(c->ui, "verify: %zu blobs", names.n);
	for (size_t i = 0; i < names.n; i++) {
		struct lkb_sha256 digest;

		if (lkb_sha256_parse(names.items[i], &digest) && check_blob(c, &digest, err))
			return -1;
	}
	c->found.bytes += c->done;
	return 0;
}

/* What the file's contents should be: its name says it, or its record. */
static bool wanted(const struct check *c, enum lkb_derived_kind kind, const struct lkb_sha256 *key,
		   struct lkb_sha256 *ret)
{
	lkb_autofree char *path = lkb_derived_record_path(c->s, kind, key);
	lkb_autoderivedrecord record = {0};

	*ret = *key;
	if (kind == LKB_DERIVED_LAYER)
		return true;
	/* Without a record it was never finished, and is never used. */
	if (!lkb_derived_record_read(path, &record) || !record.has_digest)
		return false;
	*ret = record.digest;
	return true;
}

static int check_derived_file(struct check *c, enum lkb_derived_kind kind, const char *name,
			      struct lkb_error *err)
{
	lkb_autofree char *hex = lkb_format("%.*s", (int)strcspn(name, "."), name);
	lkb_autofree char *path = NULL, *record = NULL;
	struct lkb_sha256 key, want, got;
	int r;

	if (lkb_ends_with(name, ".ok") || !lkb_sha256_parse(hex, &key) ||
	    !wanted(c, kind, &key, &want))
		return 0;
	path = lkb_derived_path(c->s, kind, &key);
	record = lkb_derived_record_path(c->s, kind, &key);
	r = hash(c, path, "derived data", &got, err);
	if (r < 0)
		return -1;
	if (!r || lkb_sha256_equal(&got, &want))
		return 0;
	if (c->repair && (remove_file(c, path, err) || remove_file(c, record, err)))
		return -1;
	add_fault(c, lkb_format("derived %s/%s", lkb_derived_dir(kind), name),
		  "is not what it was when it was made", c->repair);
	return 0;
}

static int check_derived(struct check *c, enum lkb_derived_kind kind, struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_format("%s/derived/%s", c->s->dir, lkb_derived_dir(kind));
	lkb_autostrv names = {0};

	lkb_store_names(dir, &names);
	c->done = 0;
	c->total = size_of(dir, &names);
	lkb_ui_step(c->ui, "verify: derived data, %s", lkb_derived_dir(kind));
	for (size_t i = 0; i < names.n; i++)
		if (check_derived_file(c, kind, names.items[i], err))
			return -1;
	c->found.bytes += c->done;
	return 0;
}

/* Small derived data says itself what it was. */
static int check_small(struct check *c, const char *kind, struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_format("%s/derived/%s", c->s->dir, kind);
	lkb_autostrv names = {0};

	lkb_store_names(dir, &names);
	for (size_t i = 0; i < names.n; i++) {
		lkb_autofree char *path = lkb_format("%s/%s", dir, names.items[i]), *bytes = NULL;
		struct lkb_sha256 key;
		size_t len;

		if (!lkb_sha256_parse(names.items[i], &key) ||
		    lkb_store_derived_read(c->s, kind, &key, MAX_SMALL, &bytes, &len) ||
		    access(path, F_OK)) /* it may go at any moment */
			continue;
		if (c->repair && remove_file(c, path, err))
			return -1;
		add_fault(c, lkb_format("derived %s/%s", kind, names.items[i]),
			  "is not what it was when it was made", c->repair);
	}
	return 0;
}

static bool is_small(const char *kind)
{
	for (int i = 0; i < LKB_DERIVED_KINDS; i++)
		if (!strcmp(kind, lkb_derived_dir(i)))
			return false;
	return true;
}

static int check_all_small(struct check *c, struct lkb_error *err)
{
	lkb_autofree char *top = lkb_format("%s/derived", c->s->dir);
	lkb_autostrv kinds = {0};

	lkb_store_names(top, &kinds);
	for (size_t i = 0; i < kinds.n; i++)
		if (is_small(kinds.items[i]) && check_small(c, kinds.items[i], err))
			return -1;
	return 0;
}

/* A manifest or index that is not complete is removed: an index that lists it is then one that it
 * was not brought along with. A name whose own document is gone stands for nothing. */
static int on_fault(void *ctx, const char *name, const struct lkb_oci_desc *doc, bool is_part,
		    const struct lkb_error *why, struct lkb_error *err)
{
	struct check *c = ctx;
	lkb_autofree char *path = NULL, *text = NULL;

	text = strcmp(name, doc->digest_text) ? lkb_format("%s: %s", doc->digest_text, why->message)
					      : lkb_strdup(why->message);
	if (c->repair && doc->verifiable && lkb_layout_has(c->s->layout, doc)) {
		path = lkb_layout_blob_path(c->s->dir, &doc->digest);
		if (remove_file(c, path, err))
			return -1;
	} else if (c->repair) {
		lkb_strv_add(&c->names, name);
	}
	add_fault(c, lkb_format("image %s", name), text, c->repair);
	return 0;
}

static int take_names_away(struct check *c, struct lkb_error *err)
{
	lkb_autoindexedit edit = { .lock = -1 };

	if (lkb_index_edit_begin(c->s, &edit, err))
		return -1;
	for (size_t i = 0; i < c->names.n; i++) {
		lkb_autoarena arena = {0};
		struct lkb_oci_index index;

		if (lkb_index_edit_read(&edit, &arena, &index, err))
			return -1;
		lkb_index_edit_drop(&edit, &index, c->names.items[i]);
	}
	lkb_strv_clear(&c->names);
	c->changed = true;
	return lkb_index_edit_write(c->s, &edit, err);
}

/* What is removed may make incomplete what refers to it, up to the name. */
static int check_names(struct check *c, struct lkb_error *err)
{
	lkb_autoreach reach = { .s = c->s, .fault = on_fault, .ctx = c };

	lkb_ui_step(c->ui, "verify: names");
	for (int pass = 0; pass < MAX_PASSES; pass++) {
		c->changed = false;
		if (lkb_reach_all(&reach, err))
			return -1;
		if (!pass)
			c->found.names = reach.names;
		if (c->names.n && take_names_away(c, err))
			return -1;
		if (!c->changed)
			return 0;
	}
	return lkb_fail(err, LKB_BUG, "the store '%s' is not right after %d repairs", c->s->dir,
			MAX_PASSES);
}

static int by_what(const void *a, const void *b)
{
	const struct lkb_store_fault *fa = a, *fb = b;

	return strcmp(fa->what, fb->what);
}

static int verify(struct check *c, struct lkb_error *err)
{
	if (check_blobs(c, err))
		return -1;
	for (int kind = 0; kind < LKB_DERIVED_KINDS; kind++)
		if (check_derived(c, kind, err))
			return -1;
	if (check_all_small(c, err) || check_names(c, err))
		return -1;
	if (c->found.n)
		qsort(c->found.items, c->found.n, sizeof(*c->found.items), by_what);
	return 0;
}

int lkb_store_verify(struct lkb_store *s, bool repair, struct lkb_ui *ui,
		     struct lkb_store_verified *ret, struct lkb_error *err)
{
	struct check c = { .s = s, .repair = repair, .ui = ui };
	int r;

	if (repair && lkb_store_alone(s, ui, err))
		return -1;
	r = verify(&c, err);
	if (repair)
		lkb_store_together(s);
	lkb_strv_clear(&c.names);
	if (r) {
		lkb_store_verified_clear(&c.found);
		return -1;
	}
	*ret = c.found;
	return 0;
}
