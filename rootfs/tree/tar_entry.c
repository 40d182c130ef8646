/* SPDX-License-Identifier: Apache-2.0 */
/* One entry of an archive, put together from its header and the extended ones before it. */
#include "rootfs/tree/tar_read_priv.h"

/* What Linux has: 2^32 - 1 is no id (it means "leave it"), and larger device numbers would be cut
 * to others. */
#define MAX_ID (UINT32_MAX - 1)
#define MAX_MAJOR 0xfff
#define MAX_MINOR 0xfffff

static int number(const struct lkb_tar *t, struct lkb_tar_field f, const char *what, int64_t *ret,
		  struct lkb_error *err)
{
	if (lkb_tar_get_number(t->header, f, ret))
		return 0;
	return lkb_fail(err, LKB_INPUT, "the %s is no number", what);
}

static const char *pax_text(const struct lkb_tar *t, enum lkb_pax_key key)
{
	const struct lkb_pax *p = t->local.values[key].set ? &t->local : &t->global;

	if (!p->values[key].set || !p->values[key].len)
		return NULL;
	return lkb_str_get(&p->bytes) + p->values[key].off;
}

/* A number from the extended header, or else from the header's field. */
static int merged_number(const struct lkb_tar *t, enum lkb_pax_key key, struct lkb_tar_field f,
			 const char *what, int64_t *ret, struct lkb_error *err)
{
	const char *text = pax_text(t, key);

	if (!text)
		return number(t, f, what, ret, err);
	if (lkb_pax_number(text, key == LKB_PAX_MTIME, ret))
		return 0;
	return lkb_fail(err, LKB_INPUT, "the %s is no number", what);
}

static int merged_u32(const struct lkb_tar *t, enum lkb_pax_key key, struct lkb_tar_field f,
		      const char *what, uint32_t max, uint32_t *ret, struct lkb_error *err)
{
	int64_t v;

	if (merged_number(t, key, f, what, &v, err) < 0)
		return -1;
	if (v < 0 || v > max)
		return lkb_fail(err, LKB_INPUT, "the %s %lld is out of range", what, (long long)v);
	*ret = (uint32_t)v;
	return 0;
}

static void add_field(struct lkb_str *s, const uint8_t *h, struct lkb_tar_field f, size_t len)
{
	lkb_str_addn(s, h + f.off, strnlen((const char *)h + f.off, len));
}

/* POSIX's ustar has a prefix; GNU's old format has other things there, star's a shorter one. */
static void add_prefix(struct lkb_str *s, const uint8_t *h)
{
	bool is_star = !memcmp(h + 508, "tar\0", 4);

	if (memcmp(h + LKB_TAR_MAGIC, "ustar\0", 6) != 0 || !h[lkb_tar_prefix.off])
		return;
	add_field(s, h, lkb_tar_prefix, is_star ? 131 : lkb_tar_prefix.len);
	lkb_str_addc(s, '/');
}

static void get_path(struct lkb_tar *t)
{
	const char *text = pax_text(t, LKB_PAX_SPARSE_NAME);

	if (!text)
		text = pax_text(t, LKB_PAX_PATH);
	t->path.len = 0;
	if (text) {
		lkb_str_add(&t->path, text);
	} else if (t->long_name.len) {
		lkb_str_add(&t->path, lkb_str_get(&t->long_name));
	} else {
		add_prefix(&t->path, t->header);
		add_field(&t->path, t->header, lkb_tar_name, lkb_tar_name.len);
	}
}

static void get_linkpath(struct lkb_tar *t)
{
	const char *text = pax_text(t, LKB_PAX_LINKPATH);

	t->linkpath.len = 0;
	if (text)
		lkb_str_add(&t->linkpath, text);
	else if (t->long_link.len)
		lkb_str_add(&t->linkpath, lkb_str_get(&t->long_link));
	else
		add_field(&t->linkpath, t->header, lkb_tar_linkname, lkb_tar_linkname.len);
}

static bool has_xattr(const struct lkb_xattr *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i].name, name))
			return true;
	return false;
}

/* bsdtar writes each attribute in two forms, and a local header beats a global one: the first one
 * of a name counts. */
static void get_xattrs(struct lkb_tar *t, struct lkb_tar_entry *e)
{
	const struct lkb_pax *const both[] = { &t->local, &t->global };
	size_t n = 0;

	for (size_t i = 0; i < LKB_ARRAY_SIZE(both); i++) {
		const char *bytes = lkb_str_get(&both[i]->bytes);

		for (size_t k = 0; k < both[i]->n_xattrs && n < LKB_TAR_MAX_XATTRS; k++) {
			const struct lkb_pax_xattr *x = &both[i]->xattrs[k];

			if (has_xattr(t->xattrs, n, bytes + x->name))
				continue;
			t->xattrs[n++] = (struct lkb_xattr){ bytes + x->name, bytes + x->value,
							     x->len };
		}
	}
	e->xattrs = t->xattrs;
	e->n_xattrs = n;
}

static int get_meta(struct lkb_tar *t, struct lkb_tar_entry *e, struct lkb_error *err)
{
	int64_t mode;

	if (number(t, lkb_tar_mode, "mode", &mode, err) < 0 ||
	    merged_u32(t, LKB_PAX_UID, lkb_tar_uid, "user id", MAX_ID, &e->meta.uid, err) < 0 ||
	    merged_u32(t, LKB_PAX_GID, lkb_tar_gid, "group id", MAX_ID, &e->meta.gid, err) < 0 ||
	    merged_number(t, LKB_PAX_MTIME, lkb_tar_mtime, "time", &e->meta.mtime, err) < 0)
		return -1;
	e->meta.mode = (uint32_t)mode & 07777;
	if (e->type != '3' && e->type != '4')
		return 0;
	if (merged_u32(t, LKB_PAX_DEVMAJOR, lkb_tar_major, "major number", MAX_MAJOR, &e->major,
		       err) < 0)
		return -1;
	return merged_u32(t, LKB_PAX_DEVMINOR, lkb_tar_minor, "minor number", MAX_MINOR, &e->minor,
			  err);
}

int lkb_tar_entry_size(const struct lkb_tar *t, uint64_t *ret, struct lkb_error *err)
{
	int64_t size;

	if (merged_number(t, LKB_PAX_SIZE, lkb_tar_size, "size", &size, err) < 0)
		return -1;
	if (size < 0)
		return lkb_fail(err, LKB_INPUT, "the size %lld is out of range", (long long)size);
	*ret = (uint64_t)size;
	return 0;
}

/* A hard link may come with the file's size, and then with its data or without, as the writer
 * liked. What stands behind the header tells. */
static int skip_link_payload(struct lkb_tar *t, uint64_t size, struct lkb_error *err)
{
	struct lkb_data ignored;
	const uint8_t *b;

	if (!size || t->pos == t->range.len)
		return 0;
	if (lkb_tar_block_at(t, t->pos, &b, err) < 0)
		return -1;
	if (lkb_tar_is_zero_block(b) || lkb_tar_checksum_ok(b))
		return 0;
	return lkb_tar_take_payload(t, size, &ignored, err);
}

/* Old GNU format: four extents in the header, more in blocks of their own before the data. */
static int read_gnu_map(struct lkb_tar *t, uint64_t *ret_size, struct lkb_error *err)
{
	bool more = t->header[482];
	int64_t size;

	if (number(t, (struct lkb_tar_field){ 483, 12 }, "size", &size, err) < 0 ||
	    lkb_sparse_map_gnu(t->header + 386, 4, &t->map, err) < 0)
		return -1;
	while (more) {
		const uint8_t *b;

		if (lkb_tar_block_at(t, t->pos, &b, err) < 0 ||
		    lkb_sparse_map_gnu(b, 21, &t->map, err) < 0)
			return -1;
		t->pos += LKB_TAR_BLOCK;
		more = b[504];
	}
	*ret_size = (uint64_t)size; /* a negative one is far beyond the bound */
	return 0;
}

static int pax_sparse_size(const struct lkb_tar *t, uint64_t *ret, struct lkb_error *err)
{
	const char *text = pax_text(t, LKB_PAX_SPARSE_REALSIZE);
	int64_t v;

	if (!text)
		text = pax_text(t, LKB_PAX_SPARSE_SIZE);
	if (!text || !lkb_pax_number(text, false, &v) || v < 0)
		return lkb_fail(err, LKB_INPUT, "a sparse file without its size");
	*ret = (uint64_t)v;
	return 0;
}

static bool is_pax_sparse_1(const struct lkb_tar *t)
{
	const char *major = pax_text(t, LKB_PAX_SPARSE_MAJOR);

	return major && !strcmp(major, "1");
}

static int expand(struct lkb_tar *t, uint64_t size, const struct lkb_tar_extents *map,
		  struct lkb_tar_entry *e, struct lkb_error *err)
{
	struct lkb_data stored = e->data;

	if (lkb_sparse_check(map, size, stored.len, err) < 0)
		return -1;
	e->data = (struct lkb_data){ 0 };
	return t->skip_data ? 0 : lkb_sparse_expand(&t->spool, map, size, &stored, &e->data, err);
}

static int get_file(struct lkb_tar *t, bool gnu_sparse, struct lkb_tar_entry *e,
		    struct lkb_error *err)
{
	uint64_t stored, size;

	t->map.n = 0;
	if (lkb_tar_entry_size(t, &stored, err) < 0 ||
	    (gnu_sparse && read_gnu_map(t, &size, err) < 0) ||
	    lkb_tar_take_payload(t, stored, &e->data, err) < 0)
		return -1;
	if (gnu_sparse)
		return expand(t, size, &t->map, e, err);
	if (is_pax_sparse_1(t)) {
		if (pax_sparse_size(t, &size, err) < 0 ||
		    lkb_sparse_map_in_data(&e->data, &t->map, err) < 0)
			return -1;
		return expand(t, size, &t->map, e, err);
	}
	if (pax_text(t, LKB_PAX_SPARSE_SIZE)) {
		if (pax_sparse_size(t, &size, err) < 0)
			return -1;
		return expand(t, size, &t->local.sparse, e, err);
	}
	return 0;
}

static char plain_type(const struct lkb_tar *t)
{
	char type = (char)t->header[LKB_TAR_TYPE];

	/* Before ustar, a directory was a file with a slash at the end. */
	if (type == '\0')
		return lkb_ends_with(lkb_str_get(&t->path), "/") ? '5' : '0';
	return type == '7' || type == 'S' ? '0' : type;
}

int lkb_tar_entry_get(struct lkb_tar *t, struct lkb_tar_entry *e, struct lkb_error *err)
{
	uint64_t size;

	get_path(t);
	get_linkpath(t);
	if (t->path.len > LKB_TAR_MAX_PATH || t->linkpath.len > LKB_TAR_MAX_PATH)
		return lkb_fail(err, LKB_INPUT, "a path is longer than %d bytes", LKB_TAR_MAX_PATH);
	e->type = plain_type(t);
	e->path = lkb_str_get(&t->path);
	e->linkpath = e->type == '1' || e->type == '2' ? lkb_str_get(&t->linkpath) : "";
	/* A hard link has none of its own. */
	if (!t->skip_data && e->type != '1')
		get_xattrs(t, e);
	if (get_meta(t, e, err) < 0)
		return lkb_context(err, "entry '%.200s'", e->path);
	if (e->type == '0' && get_file(t, t->header[LKB_TAR_TYPE] == 'S', e, err) < 0)
		return lkb_context(err, "entry '%.200s'", e->path);
	if (e->type == '1' && (lkb_tar_entry_size(t, &size, err) < 0 ||
			       skip_link_payload(t, size, err) < 0))
		return lkb_context(err, "entry '%.200s'", e->path);
	return 0;
}

