/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "rootfs/tree/tar_read_priv.h"

struct lkb_tar *lkb_tar_new(const struct lkb_data *data)
{
	struct lkb_tar *t = lkb_alloc(sizeof(*t));

	t->range = *data;
	lkb_blob_ref(data->blob);
	t->xattrs = lkb_alloc_array(LKB_TAR_MAX_XATTRS, sizeof(*t->xattrs));
	return t;
}

void lkb_tar_free(struct lkb_tar *t)
{
	if (!t)
		return;
	lkb_blob_unref(t->range.blob);
	lkb_sparse_spool_clear(&t->spool);
	lkb_pax_clear(&t->global);
	lkb_pax_clear(&t->local);
	lkb_str_clear(&t->long_name);
	lkb_str_clear(&t->long_link);
	lkb_str_clear(&t->path);
	lkb_str_clear(&t->linkpath);
	free(t->xattrs);
	free(t->map.items);
	free(t);
}

void lkb_tar_set_scratch(struct lkb_tar *t, const char *dir)
{
	t->spool.dir = dir;
}

void lkb_tar_skip_data(struct lkb_tar *t)
{
	t->skip_data = true;
}

bool lkb_tar_has_begun(const struct lkb_tar *t)
{
	return t->n_entries > 0;
}

static int early_end(struct lkb_error *err)
{
	return lkb_fail(err, LKB_INPUT, "the archive ends early");
}

/* The block at off, inside the window. */
int lkb_tar_block_at(struct lkb_tar *t, uint64_t off, const uint8_t **ret, struct lkb_error *err)
{
	uint64_t left;
	size_t n;

	if (off > t->range.len || t->range.len - off < LKB_TAR_BLOCK)
		return early_end(err);
	if (off < t->window_off || off - t->window_off + LKB_TAR_BLOCK > t->window_len) {
		left = t->range.len - off;
		n = left < LKB_TAR_WINDOW ? (size_t)left : LKB_TAR_WINDOW;
		t->window_len = 0;
		if (lkb_data_read(&t->range, off, t->window, n, err) < 0)
			return -1;
		t->window_off = off;
		t->window_len = n;
	}
	*ret = t->window + (off - t->window_off);
	return 0;
}

bool lkb_tar_is_zero_block(const uint8_t *b)
{
	return !b[0] && !memcmp(b, b + 1, LKB_TAR_BLOCK - 1);
}

/* Reads the next header: 1, or 0 at the end of the archive. An archive may end without its two
 * blocks of zeros, but not inside a block. */
static int next_header(struct lkb_tar *t, struct lkb_error *err)
{
	const uint8_t *b;

	if (t->pos == t->range.len)
		return 0;
	if (lkb_tar_block_at(t, t->pos, &b, err) < 0)
		return -1;
	if (lkb_tar_is_zero_block(b))
		return 0;
	if (!lkb_tar_checksum_ok(b))
		return lkb_fail(err, LKB_INPUT, "no tar header where one must be");
	if (++t->n_entries > LKB_TAR_MAX_ENTRIES)
		return lkb_fail(err, LKB_INPUT, "more than %d entries", LKB_TAR_MAX_ENTRIES);
	memcpy(t->header, b, LKB_TAR_BLOCK);
	t->pos += LKB_TAR_BLOCK;
	return 1;
}

/* Takes the payload at pos off the archive. */
int lkb_tar_take_payload(struct lkb_tar *t, uint64_t size, struct lkb_data *ret,
			struct lkb_error *err)
{
	if (size > t->range.len - t->pos)
		return early_end(err);
	*ret = (struct lkb_data){ t->range.blob, t->range.off + t->pos, size };
	t->pos += size;
	/* The last padding may be cut off. */
	if (lkb_tar_padding(size) < t->range.len - t->pos)
		t->pos += lkb_tar_padding(size);
	else
		t->pos = t->range.len;
	return 0;
}

/* The payload of an extended header or of a GNU long name, which is not subject to either. */
static int read_payload(struct lkb_tar *t, char **ret, size_t *ret_n, struct lkb_error *err)
{
	struct lkb_data d;
	int64_t size;

	if (!lkb_tar_get_number(t->header, lkb_tar_size, &size))
		return lkb_fail(err, LKB_INPUT, "the size of an extended header is no number");
	if (size < 0 || (uint64_t)size > LKB_TAR_MAX_PAX)
		return lkb_fail(err, LKB_INPUT, "an extended header of %lld bytes is too large",
				(long long)size);
	if (lkb_tar_take_payload(t, (uint64_t)size, &d, err) < 0)
		return -1;
	return lkb_data_read_all(&d, (size_t)LKB_TAR_MAX_PAX, ret, ret_n, err);
}

static int read_pax(struct lkb_tar *t, struct lkb_pax *pax, struct lkb_error *err)
{
	lkb_autofree char *payload = NULL;
	size_t n;

	if (read_payload(t, &payload, &n, err) < 0)
		return -1;
	return lkb_pax_parse(pax, payload, n, err);
}

static int read_long(struct lkb_tar *t, struct lkb_str *ret, struct lkb_error *err)
{
	lkb_autofree char *payload = NULL;
	size_t n;

	if (read_payload(t, &payload, &n, err) < 0)
		return -1;
	ret->len = 0;
	lkb_str_add(ret, payload);
	return 0;
}

/* Entries that say something about others or about the archive; letters are the vendors' own. */
static int skip_entry(struct lkb_tar *t, struct lkb_error *err)
{
	char type = (char)t->header[LKB_TAR_TYPE];
	struct lkb_data ignored;
	uint64_t size;

	if (type < 'A' || type > 'Z' || type == 'M')
		return lkb_fail(err, LKB_INPUT,
				"an entry of type '%c' (0x%02x), which is not known",
				type >= ' ' && type < 0x7f ? type : '?', (unsigned char)type);
	if (lkb_tar_entry_size(t, &size, err) < 0)
		return -1;
	return lkb_tar_take_payload(t, size, &ignored, err);
}

static void forget_entry(struct lkb_tar *t)
{
	lkb_pax_reset(&t->local);
	t->long_name.len = t->long_link.len = 0;
	t->half_read = false;
}

/* Deals with one header: 1 = it is an entry, 0 = go on. */
static int one_header(struct lkb_tar *t, struct lkb_tar_entry *e, struct lkb_error *err)
{
	switch (t->header[LKB_TAR_TYPE]) {
	case 'x':
	case 'X':
		t->half_read = true;
		return read_pax(t, &t->local, err);
	case 'g':
		return read_pax(t, &t->global, err);
	case 'L':
		t->half_read = true;
		return read_long(t, &t->long_name, err);
	case 'K':
		t->half_read = true;
		return read_long(t, &t->long_link, err);
	case '\0':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case 'S':
		return lkb_tar_entry_get(t, e, err) < 0 ? -1 : 1;
	default:
		if (skip_entry(t, err) < 0)
			return -1;
		forget_entry(t);
		return 0;
	}
}

int lkb_tar_next(struct lkb_tar *t, struct lkb_tar_entry *ret, struct lkb_error *err)
{
	struct lkb_tar_entry e = { .linkpath = "" };
	uint64_t header = t->pos;
	int r;

	forget_entry(t);
	do {
		header = t->pos;
		r = next_header(t, err);
		if (r == 0 && !t->half_read)
			return 0;
		if (r == 0)
			r = early_end(err);
		if (r > 0)
			r = one_header(t, &e, err);
	} while (r == 0);
	if (r < 0)
		return lkb_context(err, "tar archive '%s', byte %llu", lkb_blob_name(t->range.blob),
				   (unsigned long long)header);
	*ret = e;
	return 1;
}
