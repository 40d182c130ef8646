/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/ext/compress.h"
#include "base/size.h"
#include "cmd/inspect.h"

/* An initrd as the kernel takes it (Linux Documentation/driver-api/early-userspace/
 * buffer-format.rst): "newc" archives one behind the other with zeros between, plain at first (as
 * microcode is), then compressed. */

#define HEADER 110u
#define NAME_MAX_LEN 4096u
#define ENTRIES_MAX 500000u
#define NAMES_MAX ((size_t)64 << 20)
#define PLAIN_MAX (8 * LKB_GIB)
#define CHUNK ((size_t)1 << 18)

struct scan {
	json_t *list;   /* owned */
	enum { BETWEEN, IN_HEADER, IN_NAME, IN_DATA, FOREIGN } state;
	uint64_t at;    /* bytes of the stream that were taken */
	uint64_t want;  /* bytes until the state ends */
	char header[HEADER];
	char name[NAME_MAX_LEN];
	size_t have;    /* bytes in header or name */
	size_t name_size, names_total;
	uint32_t mode, file_size;
	bool ended;     /* the entry being read is a trailer */
	size_t n_archives;
};

static int hex_field(const struct scan *s, unsigned number, uint32_t *ret)
{
	const char *p = s->header + 6 + 8 * number;
	uint32_t v = 0;
	int i;

	for (i = 0; i < 8; i++) {
		static const char digits[] = "0123456789abcdef0123456789ABCDEF";
		const char *d = p[i] ? strchr(digits, p[i]) : NULL;

		if (!d)
			return -1;
		v = v << 4 | (uint32_t)((d - digits) & 15);
	}
	*ret = v;
	return 0;
}

/* Padding that brings the end of n more bytes to a multiple of 4. */
static uint64_t padded(const struct scan *s, uint64_t n)
{
	return lkb_align_up(s->at + n, 4) - s->at;
}

enum { FIELD_MODE = 1, FIELD_FILESIZE = 6, FIELD_NAMESIZE = 11 };

static int header_done(struct scan *s, struct lkb_error *err)
{
	uint32_t name_size;

	if (memcmp(s->header, "070701", 6) != 0 && memcmp(s->header, "070702", 6) != 0)
		return lkb_fail(err, LKB_INPUT, "no entry starts at byte %llu",
				(unsigned long long)(s->at - HEADER));
	if (hex_field(s, FIELD_MODE, &s->mode) || hex_field(s, FIELD_FILESIZE, &s->file_size) ||
	    hex_field(s, FIELD_NAMESIZE, &name_size) || !name_size || name_size > NAME_MAX_LEN)
		return lkb_fail(err, LKB_INPUT, "the entry at byte %llu is malformed",
				(unsigned long long)(s->at - HEADER));
	s->name_size = name_size;
	s->want = padded(s, name_size);
	s->have = 0;
	s->state = IN_NAME;
	return 0;
}

static int name_done(struct scan *s, struct lkb_error *err)
{
	size_t len = strnlen(s->name, s->name_size);

	s->ended = len == 10 && !memcmp(s->name, "TRAILER!!!", len);
	s->n_archives += s->ended;
	s->names_total += len;
	if (json_array_size(s->list) >= ENTRIES_MAX || s->names_total > NAMES_MAX)
		return lkb_fail(err, LKB_INPUT, "more than %u entries, or too long names",
				ENTRIES_MAX);
	if (!s->ended)
		json_array_append_new(s->list,
				      json_pack("{s:o, s:I, s:o}", "mode",
						json_sprintf("%06o", s->mode), "size",
						(json_int_t)s->file_size, "path",
						lkb_inspect_string(s->name, len, false)));
	s->want = padded(s, s->file_size);
	s->state = IN_DATA;
	return 0;
}

/* Starts the next entry, or looks for the next archive. */
static void entry_done(struct scan *s)
{
	s->state = s->ended ? BETWEEN : IN_HEADER;
	s->have = 0;
	s->want = HEADER;
}

/* Zeros until an archive starts; other bytes belong to somebody else. */
static size_t skip_zeros(struct scan *s, const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n && !p[i]; i++)
		;
	s->at += i;
	if (i < n) {
		s->ended = false;
		entry_done(s);
		if (p[i] != '0')
			s->state = FOREIGN;
	}
	return i;
}

static int take(struct scan *s, const char *p, size_t n, struct lkb_error *err)
{
	if (s->state == IN_HEADER)
		memcpy(s->header + s->have, p, n);
	else if (s->state == IN_NAME && s->have < s->name_size)
		memcpy(s->name + s->have, p,
		       n < s->name_size - s->have ? n : s->name_size - s->have);
	s->have += n;
	s->at += n;
	s->want -= n;
	while (!s->want && s->state != BETWEEN) {
		if (s->state == IN_HEADER)
			return header_done(s, err);
		if (s->state == IN_NAME && name_done(s, err))
			return -1;
		if (s->state == IN_DATA && !s->want)
			entry_done(s);
	}
	return 0;
}

static int feed(void *ctx, const void *bytes, size_t n, struct lkb_error *err)
{
	struct scan *s = ctx;
	const char *p = bytes;

	while (n && s->state != FOREIGN) {
		size_t k;

		if (s->state == BETWEEN) {
			k = skip_zeros(s, p, n);
		} else {
			k = n < s->want ? n : (size_t)s->want;
			if (take(s, p, k, err))
				return -1;
		}
		p += k;
		n -= k;
	}
	return 0;
}

/* Feeds the file from `off` on, as it is or decompressed. */
static int scan_from(struct scan *s, const struct lkb_blob *blob, uint64_t off,
		     enum lkb_compression c, struct lkb_error *err)
{
	lkb_auto(lkb_inflate) z = lkb_inflate_new(c, PLAIN_MAX, feed, s);
	lkb_autofree char *buf = lkb_alloc(CHUNK);

	s->state = BETWEEN;
	s->at = 0;
	while (off < lkb_blob_size(blob) && s->state != FOREIGN) {
		uint64_t left = lkb_blob_size(blob) - off;
		size_t n = left < CHUNK ? (size_t)left : CHUNK;

		if (lkb_blob_read(blob, off, buf, n, err) || lkb_inflate_feed(z, buf, n, err))
			return -1;
		off += n;
	}
	if (s->state == FOREIGN)
		return 0;
	if (lkb_inflate_end(z, err))
		return -1;
	if (s->state != BETWEEN || !s->n_archives)
		return lkb_fail(err, LKB_INPUT, "the archive ends early");
	return 0;
}

static enum lkb_compression compression_at(const struct lkb_blob *blob, uint64_t off)
{
	char head[6] = {0};

	if (lkb_blob_size(blob) - off < sizeof(head) ||
	    lkb_blob_read(blob, off, head, sizeof(head), NULL))
		return LKB_PLAIN;
	return lkb_compression_of(head, sizeof(head));
}

static int scan_all(struct scan *s, const struct lkb_blob *blob, enum lkb_compression *ret_c,
		    struct lkb_error *err)
{
	enum lkb_compression c = compression_at(blob, 0);
	uint64_t plain = 0;

	if (c == LKB_PLAIN) {
		if (scan_from(s, blob, 0, LKB_PLAIN, err))
			return -1;
		plain = s->at;
		if (s->state == FOREIGN)
			c = compression_at(blob, plain);
	}
	if (c != LKB_PLAIN && scan_from(s, blob, plain, c, err))
		return -1;
	if (s->state == FOREIGN)
		return lkb_fail(err, LKB_INPUT, "what starts at byte %llu%s is no archive",
				(unsigned long long)s->at,
				c == LKB_PLAIN ? "" : " of the unpacked data");
	*ret_c = c;
	return 0;
}

static bool is_initrd(const struct lkb_blob *blob)
{
	char head[6] = {0};

	return lkb_blob_size(blob) > sizeof(head) &&
	       !lkb_blob_read(blob, 0, head, sizeof(head), NULL) &&
	       (lkb_compression_of(head, sizeof(head)) != LKB_PLAIN ||
		!memcmp(head, "070701", 6) || !memcmp(head, "070702", 6));
}

static int describe_initrd(const char *path, struct lkb_blob *blob, json_t **ret,
			   struct lkb_error *err)
{
	static const char *const names[] = {
		[LKB_PLAIN] = "plain", [LKB_GZIP] = "gzip", [LKB_ZSTD] = "zstd", [LKB_XZ] = "xz",
	};
	lkb_autofree struct scan *s = lkb_alloc(sizeof(*s));
	enum lkb_compression c = LKB_PLAIN;

	s->list = json_array();
	if (scan_all(s, blob, &c, err)) {
		json_decref(s->list);
		return lkb_context(err, "'%s' is no initrd that can be read", path);
	}
	*ret = json_pack("{s:s, s:s, s:I, s:i, s:o}", "kind", "initrd", "compression", names[c],
			 "size", (json_int_t)lkb_blob_size(blob), "archives", (int)s->n_archives,
			 "entries", s->list);
	return *ret ? 0 : lkb_fail(err, LKB_BUG, "cannot describe '%s'", path);
}

const struct lkb_inspect_kind lkb_inspect_initrd = {"initrd", is_initrd, describe_initrd};
