/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/oci/archive_priv.h"

#include "base/alloc.h"
#include "base/path.h"
#include "rootfs/tree/tar.h"

struct entry {
	char *path;   /* owned; normalised */
	char *target; /* owned; a link's, normalised: NULL if it leads out of the archive */
	bool is_link;
	struct lkb_data data; /* borrowed from the archive's blob */
	size_t order;         /* in the archive */
};

struct lkb_archive {
	struct lkb_blob *blob; /* holds a reference */
	struct entry *items;   /* owned; sorted by path, the last one of a name alone */
	size_t n, cap;
};

void lkb_archive_free(struct lkb_archive *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n; i++) {
		free(a->items[i].path);
		free(a->items[i].target);
	}
	free(a->items);
	lkb_blob_unref(a->blob);
	free(a);
}

/* `path` as seen from the directory `dir` ("" = root): no "", "." and ".."; NULL if ".." leads out
 * of the root. The caller frees it. */
static char *normalise(const char *dir, const char *path)
{
	lkb_autostr s = {0};

	lkb_str_add(&s, dir);
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && !memcmp(path, "..", 2)) {
			if (!s.len)
				return NULL;
			while (s.len && s.s[s.len - 1] != '/')
				s.len--;
			s.len -= s.len > 0;
			s.s[s.len] = '\0';
		} else if (n && !(n == 1 && *path == '.')) {
			lkb_str_addf(&s, "%s%.*s", s.len ? "/" : "", (int)n, path);
		}
		path += n;
		path += *path == '/';
	}
	return lkb_str_take(&s);
}

/* A symbolic link starts at its own directory, a hard link at the root. */
static char *target_of(const struct entry *e, const struct lkb_tar_entry *t)
{
	const char *slash = strrchr(e->path, '/');
	lkb_autofree char *dir = lkb_strndup(e->path, slash ? (size_t)(slash - e->path) : 0);

	if (t->type == '1')
		return normalise("", t->linkpath);
	return t->linkpath[0] == '/' ? NULL : normalise(dir, t->linkpath);
}

static int add(struct lkb_archive *a, const struct lkb_tar_entry *t, struct lkb_error *err)
{
	struct entry e = { .is_link = t->type == '1' || t->type == '2', .order = a->n };

	if (t->type != '0' && !e.is_link)
		return 0;
	if (strlen(t->path) > LKB_ARCHIVE_MAX_NAME || strlen(t->linkpath) > LKB_ARCHIVE_MAX_NAME)
		return lkb_fail(err, LKB_INPUT, "the name '%.40s...' has %zu bytes; an image "
				"archive's have %d at most", t->path,
				strlen(t->path) > strlen(t->linkpath) ? strlen(t->path)
								      : strlen(t->linkpath),
				LKB_ARCHIVE_MAX_NAME);
	if (lkb_path_has_dotdot(t->path, strlen(t->path)))
		return lkb_fail(err, LKB_INPUT, "the name '%.200s' leads out of its directory",
				t->path);
	if (t->type == '0' && t->data.blob != a->blob)
		return lkb_fail(err, LKB_INPUT, "'%.200s' is stored as a sparse file, which no "
				"image archive has", t->path);
	if (a->n >= LKB_ARCHIVE_MAX_ENTRIES)
		return lkb_fail(err, LKB_INPUT, "it has more than %d files, which no image "
				"archive has", LKB_ARCHIVE_MAX_ENTRIES);
	e.path = normalise("", t->path);
	e.target = e.is_link ? target_of(&e, t) : NULL;
	e.data = t->data;
	LKB_GROW(a->items, a->n, a->cap);
	a->items[a->n++] = e;
	return 0;
}

static int by_path(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;
	int order = strcmp(a->path, b->path);

	return order ? order : (a->order > b->order) - (a->order < b->order);
}

static bool decides(const char *path)
{
	return lkb_ends_with(path, ".json") || !strcmp(path, "oci-layout") ||
	       !strcmp(path, "repositories");
}

/* Of a name that is there several times the last one counts, as for all who unpack. */
static int sort(struct lkb_archive *a, struct lkb_error *err)
{
	size_t n = 0;

	if (a->n)
		qsort(a->items, a->n, sizeof(*a->items), by_path);
	for (size_t i = 1; i < a->n; i++)
		if (!strcmp(a->items[i].path, a->items[i - 1].path) && decides(a->items[i].path))
			return lkb_fail(err, LKB_INPUT, "'%s' is in it twice",
					a->items[i].path);
	for (size_t i = 0; i < a->n; i++) {
		struct entry e = a->items[i];

		if (i + 1 < a->n && !strcmp(e.path, a->items[i + 1].path)) {
			free(e.path);
			free(e.target);
		} else {
			a->items[n++] = e;
		}
	}
	a->n = n;
	return 0;
}

static int no_tar(const struct lkb_blob *b, struct lkb_error *err)
{
	lkb_fail(err, LKB_INPUT, "'%s' is no archive of images: it is no tar", lkb_blob_name(b));
	return lkb_hint(err, "'docker save', 'skopeo copy' to oci-archive: and 'lkboard cache "
			     "export' write one; an OCI layout is a directory");
}

int lkb_archive_read(const struct lkb_data *data, struct lkb_archive **ret, struct lkb_error *err)
{
	lkb_auto(lkb_archive) a = lkb_alloc(sizeof(*a));
	lkb_auto(lkb_tar) tar = lkb_tar_new(data);
	struct lkb_error fault = {0};
	struct lkb_tar_entry e;
	int r;

	a->blob = lkb_blob_ref(data->blob);
	lkb_tar_skip_data(tar);
	while ((r = lkb_tar_next(tar, &e, &fault)) > 0)
		if (add(a, &e, err))
			return lkb_context(err, "'%s'", lkb_blob_name(a->blob));
	if (r < 0 && fault.kind == LKB_INPUT && !lkb_tar_has_begun(tar))
		return no_tar(a->blob, err);
	if (r < 0 && err)
		*err = fault;
	if (r < 0)
		return -1;
	if (sort(a, err))
		return lkb_context(err, "'%s'", lkb_blob_name(a->blob));
	*ret = LKB_STEAL(a);
	return 0;
}

static const struct entry *look_up(const struct lkb_archive *a, const char *path)
{
	size_t low = 0, high = a->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(path, a->items[mid].path);

		if (!order)
			return &a->items[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

static int leads_out(const struct lkb_archive *a, const char *path, struct lkb_error *err)
{
	return lkb_fail(err, LKB_INPUT, "'%.200s' leads out of the archive '%s'", path,
			lkb_blob_name(a->blob));
}

int lkb_archive_find(const struct lkb_archive *a, const char *path, struct lkb_data *ret,
		     struct lkb_error *err)
{
	lkb_autofree char *clean = normalise("", path);
	const struct entry *e = clean ? look_up(a, clean) : NULL;

	if (!clean)
		return leads_out(a, path, err);
	for (unsigned hops = 0; e && e->is_link; hops++) {
		if (hops == LKB_ARCHIVE_MAX_HOPS)
			return lkb_fail(err, LKB_INPUT, "'%.200s' in '%s' is a link of more than "
					"%d steps, or one that goes round", path,
					lkb_blob_name(a->blob), LKB_ARCHIVE_MAX_HOPS);
		if (!e->target)
			return leads_out(a, e->path, err);
		e = look_up(a, e->target);
	}
	if (!e)
		return 0;
	*ret = e->data;
	return 1;
}

int lkb_archive_text(const struct lkb_archive *a, const char *path, size_t max, char **ret,
		     size_t *ret_len, struct lkb_error *err)
{
	struct lkb_data data;
	int r = lkb_archive_find(a, path, &data, err);

	if (r < 0)
		return -1;
	if (!r)
		return lkb_fail(err, LKB_INPUT, "'%.200s' is not in '%s'", path,
				lkb_blob_name(a->blob));
	if (lkb_data_read_all(&data, max, ret, ret_len, err))
		return lkb_context(err, "'%.200s' in '%s'", path, lkb_blob_name(a->blob));
	return 0;
}

bool lkb_archive_has(const struct lkb_archive *a, const char *path)
{
	return look_up(a, path);
}

char *lkb_archive_below(const struct lkb_archive *a, const char *name)
{
	lkb_autofree char *end = lkb_format("/%s", name);

	for (size_t i = 0; i < a->n; i++) {
		const char *path = a->items[i].path;

		if (lkb_ends_with(path, end))
			return lkb_strndup(path, strlen(path) - strlen(name));
	}
	return NULL;
}
