/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/tree/out_priv.h"
#include "rootfs/tree/tar_priv.h"

struct writer {
	struct lkb_out out;
	int64_t epoch;
	struct lkb_str path; /* as it is written */
	struct lkb_str pax;  /* records that the entry at hand needs */
};

/* "LENGTH KEY=VALUE\n", where the length counts its own digits. */
static void pax_record(struct lkb_str *pax, const char *key, const void *value, size_t len)
{
	size_t rest = strlen(key) + len + 3; /* space, '=', newline */
	size_t total = rest + 1;

	for (size_t digits = 1, limit = 10; total >= limit; limit *= 10)
		total = rest + ++digits;
	lkb_str_addf(pax, "%zu %s=", total, key);
	lkb_str_addn(pax, value, len);
	lkb_str_addc(pax, '\n');
}

static void pax_number(struct lkb_str *pax, const char *key, long long v)
{
	lkb_autostr text = { 0 };

	lkb_str_addf(&text, "%lld", v);
	pax_record(pax, key, text.s, text.len);
}

/* A number goes into the header if it fits, else into an extended one. */
static void put_number(struct writer *w, uint8_t *h, struct lkb_tar_field f, const char *key,
		       int64_t v)
{
	if (v >= 0 && lkb_tar_put_number(h, f, (uint64_t)v))
		return;
	lkb_tar_put_number(h, f, 0);
	pax_number(&w->pax, key, v);
}

static void put_text(uint8_t *h, struct lkb_tar_field f, const char *s, size_t len)
{
	memcpy(h + f.off, s, len < f.len ? len : f.len);
}

static void put_path(struct writer *w, uint8_t *h, const char *path, size_t len)
{
	const char *slash = len > lkb_tar_name.len ?
			    memchr(path + len - lkb_tar_name.len - 1, '/', lkb_tar_name.len) : NULL;
	size_t prefix = slash ? (size_t)(slash - path) : 0;

	if (len > lkb_tar_name.len && prefix && prefix <= lkb_tar_prefix.len) {
		put_text(h, lkb_tar_prefix, path, prefix);
		put_text(h, lkb_tar_name, slash + 1, len - prefix - 1);
		return;
	}
	put_text(h, lkb_tar_name, path, len);
	if (len > lkb_tar_name.len)
		pax_record(&w->pax, "path", path, len);
}

static void put_linkname(struct writer *w, uint8_t *h, const char *target)
{
	size_t len = strlen(target);

	put_text(h, lkb_tar_linkname, target, len);
	if (len > lkb_tar_linkname.len)
		pax_record(&w->pax, "linkpath", target, len);
}

static char type_of(const struct lkb_inode *inode)
{
	switch (inode->type) {
	case LKB_NODE_DIR:
		return '5';
	case LKB_NODE_SYMLINK:
		return '2';
	case LKB_NODE_CHAR:
		return '3';
	case LKB_NODE_BLOCK:
		return '4';
	case LKB_NODE_FIFO:
		return '6';
	case LKB_NODE_FILE:
		break;
	}
	return '0';
}

static void begin_header(uint8_t *h, char type)
{
	memset(h, 0, LKB_TAR_BLOCK);
	h[LKB_TAR_TYPE] = (uint8_t)type;
	memcpy(h + LKB_TAR_MAGIC, "ustar\0" "00", 8);
}

static int put_xattrs(struct writer *w, const struct lkb_inode *inode, struct lkb_error *err)
{
	lkb_autostr key = { 0 };

	for (size_t i = 0; i < inode->n_xattrs; i++) {
		const struct lkb_xattr *x = &inode->xattrs[i];

		if (strchr(x->name, '='))
			return lkb_fail(err, LKB_INPUT,
					"tar cannot hold an extended attribute with '=' in its "
					"name: '%.200s' of '%.200s'", x->name, w->path.s);
		key.len = 0;
		lkb_str_addf(&key, "SCHILY.xattr.%s", x->name);
		pax_record(&w->pax, key.s, x->value, x->len);
	}
	return 0;
}

/* Fills the header; what does not fit is in w->pax afterwards. */
static int fill_header(struct writer *w, uint8_t *h, const struct lkb_tree_item *item,
		       struct lkb_error *err)
{
	const struct lkb_inode *inode = item->inode;
	char type = item->first ? type_of(inode) : '1';
	int64_t mtime = inode->meta.mtime < w->epoch ? inode->meta.mtime : w->epoch;

	begin_header(h, type);
	put_path(w, h, w->path.s, w->path.len);
	if (type == '1')
		put_linkname(w, h, item->first_path);
	else if (type == '2')
		put_linkname(w, h, inode->target);
	put_number(w, h, lkb_tar_size, "size", type == '0' ? (int64_t)inode->data.len : 0);
	lkb_tar_put_number(h, lkb_tar_mode, inode->meta.mode);
	put_number(w, h, lkb_tar_uid, "uid", inode->meta.uid);
	put_number(w, h, lkb_tar_gid, "gid", inode->meta.gid);
	put_number(w, h, lkb_tar_mtime, "mtime", mtime);
	put_number(w, h, lkb_tar_major, "SCHILY.devmajor", inode->major);
	put_number(w, h, lkb_tar_minor, "SCHILY.devminor", inode->minor);
	return item->first ? put_xattrs(w, inode, err) : 0;
}

static int write_pax(struct writer *w, const char *name, struct lkb_error *err)
{
	static const char dir[] = "PaxHeaders/";
	uint8_t h[LKB_TAR_BLOCK];
	size_t room = lkb_tar_name.len - strlen(dir);

	if (w->pax.len > LKB_TAR_MAX_PAX)
		return lkb_fail(err, LKB_INPUT, "'%.200s' has too many extended attributes",
				w->path.s);
	begin_header(h, 'x');
	memcpy(h, dir, strlen(dir));
	memcpy(h + strlen(dir), name, strnlen(name, room));
	lkb_tar_put_number(h, lkb_tar_size, w->pax.len);
	lkb_tar_put_number(h, lkb_tar_mode, 0644);
	lkb_tar_put_number(h, lkb_tar_uid, 0);
	lkb_tar_put_number(h, lkb_tar_gid, 0);
	lkb_tar_put_number(h, lkb_tar_mtime, 0);
	lkb_tar_put_checksum(h);
	if (lkb_out_bytes(&w->out, h, sizeof(h), err) < 0 ||
	    lkb_out_bytes(&w->out, w->pax.s, w->pax.len, err) < 0)
		return -1;
	return lkb_out_align(&w->out, LKB_TAR_BLOCK, err);
}

static int write_item(struct writer *w, const struct lkb_tree_item *item, struct lkb_error *err)
{
	uint8_t h[LKB_TAR_BLOCK];

	w->pax.len = 0;
	w->path.len = 0;
	lkb_str_add(&w->path, *item->path ? item->path : ".");
	if (item->inode->type == LKB_NODE_DIR)
		lkb_str_addc(&w->path, '/');
	if (fill_header(w, h, item, err) < 0 ||
	    (w->pax.len && write_pax(w, item->name, err) < 0))
		return -1;
	lkb_tar_put_checksum(h);
	if (lkb_out_bytes(&w->out, h, sizeof(h), err) < 0)
		return -1;
	if (item->inode->type != LKB_NODE_FILE || !item->first)
		return 0;
	if (lkb_out_data(&w->out, &item->inode->data, err) < 0)
		return lkb_context(err, "file '%.200s'", item->path);
	return lkb_out_align(&w->out, LKB_TAR_BLOCK, err);
}

static int write_all(struct writer *w, const struct lkb_inode *root, struct lkb_error *err)
{
	static const uint8_t end[2 * LKB_TAR_BLOCK];
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(root);
	struct lkb_tree_item item;

	while (lkb_tree_iter_next(it, &item) > 0)
		if (write_item(w, &item, err) < 0)
			return -1;
	return lkb_out_bytes(&w->out, end, sizeof(end), err);
}

int lkb_tar_write(const struct lkb_inode *root, int64_t epoch, lkb_sink_fn *sink, void *ctx,
		  struct lkb_error *err)
{
	struct writer w = { .out = { .sink = sink, .ctx = ctx }, .epoch = epoch };
	int r = write_all(&w, root, err);

	lkb_out_clear(&w.out);
	lkb_str_clear(&w.path);
	lkb_str_clear(&w.pax);
	return r;
}
