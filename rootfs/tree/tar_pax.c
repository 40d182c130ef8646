/* SPDX-License-Identifier: Apache-2.0 */
/* Extended headers of POSIX.1-2001: records of the form "LENGTH KEY=VALUE\n". */
#include "base/alloc.h"
#include "rootfs/tree/tar_priv.h"

static const struct {
	const char *name;
	enum lkb_pax_key key;
} known_keys[] = {
	{ "path", LKB_PAX_PATH },
	{ "linkpath", LKB_PAX_LINKPATH },
	{ "size", LKB_PAX_SIZE },
	{ "uid", LKB_PAX_UID },
	{ "gid", LKB_PAX_GID },
	{ "mtime", LKB_PAX_MTIME },
	{ "SCHILY.devmajor", LKB_PAX_DEVMAJOR },
	{ "SCHILY.devminor", LKB_PAX_DEVMINOR },
	{ "GNU.sparse.major", LKB_PAX_SPARSE_MAJOR },
	{ "GNU.sparse.minor", LKB_PAX_SPARSE_MINOR },
	{ "GNU.sparse.name", LKB_PAX_SPARSE_NAME },
	{ "GNU.sparse.size", LKB_PAX_SPARSE_SIZE },
	{ "GNU.sparse.realsize", LKB_PAX_SPARSE_REALSIZE },
};

void lkb_pax_reset(struct lkb_pax *p)
{
	p->bytes.len = 0;
	memset(p->values, 0, sizeof(p->values));
	p->n_xattrs = 0;
	p->sparse.n = 0;
}

void lkb_pax_clear(struct lkb_pax *p)
{
	lkb_str_clear(&p->bytes);
	free(p->xattrs);
	free(p->sparse.items);
	*p = (struct lkb_pax){ 0 };
}

bool lkb_pax_number(const char *s, bool fraction, int64_t *ret)
{
	bool negative = *s == '-', cut = false;
	int64_t v = 0; /* counted downwards: that way reaches further */

	s += negative;
	if (*s < '0' || *s > '9')
		return false;
	for (; *s >= '0' && *s <= '9'; s++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_sub_overflow(v, *s - '0', &v))
			return false;
	}
	if (fraction && *s == '.')
		for (s++; *s >= '0' && *s <= '9'; s++)
			cut |= *s != '0';
	if (*s || (!negative && v == INT64_MIN) || (negative && cut && v == INT64_MIN))
		return false;
	*ret = negative ? v - cut : -v;
	return true;
}

/* Puts a text and a NUL into the byte store; returns where. */
static size_t keep(struct lkb_pax *p, const char *s, size_t n)
{
	size_t off = p->bytes.len;

	lkb_str_addn(&p->bytes, s, n);
	lkb_str_addc(&p->bytes, '\0');
	return off;
}

static int add_xattr(struct lkb_pax *p, const char *name, size_t name_len, const char *value,
		     size_t len, struct lkb_error *err)
{
	struct lkb_pax_xattr x;

	if (!name_len || name_len > 255)
		return lkb_fail(err, LKB_INPUT, "an extended attribute's name is %zu bytes long",
				name_len);
	if (len > LKB_TAR_MAX_XATTR_VALUE)
		return lkb_fail(err, LKB_INPUT, "an extended attribute of %zu bytes is larger than "
				"%d", len, LKB_TAR_MAX_XATTR_VALUE);
	if (p->n_xattrs >= LKB_TAR_MAX_XATTRS)
		return lkb_fail(err, LKB_INPUT, "more than %d extended attributes",
				LKB_TAR_MAX_XATTRS);
	x.name = keep(p, name, name_len);
	x.value = keep(p, value, len);
	x.len = len;
	LKB_GROW(p->xattrs, p->n_xattrs, p->cap_xattrs);
	p->xattrs[p->n_xattrs++] = x;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void url_decode(const char *s, size_t n, struct lkb_str *ret)
{
	for (size_t i = 0; i < n; i++) {
		int high = i + 2 < n && s[i] == '%' ? hex_digit(s[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(s[i + 2]) : -1;

		if (low < 0) {
			lkb_str_addc(ret, s[i]);
			continue;
		}
		lkb_str_addc(ret, (char)(high << 4 | low));
		i += 2;
	}
}

static bool base64_decode(const char *s, size_t n, struct lkb_str *ret)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;
	unsigned n_bits = 0;

	while (n && s[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++) {
		const char *d = s[i] ? strchr(digits, s[i]) : NULL;

		if (!d)
			return false;
		bits = bits << 6 | (uint32_t)(d - digits);
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			lkb_str_addc(ret, (char)(bits >> n_bits));
		}
	}
	return true;
}

/* bsdtar's own way to write attributes: the name URL-encoded, the value in base64. */
static int add_libarchive_xattr(struct lkb_pax *p, const char *name, size_t name_len,
				const char *value, size_t len, struct lkb_error *err)
{
	lkb_autostr plain_name = { 0 };
	lkb_autostr plain_value = { 0 };

	url_decode(name, name_len, &plain_name);
	if (!base64_decode(value, len, &plain_value))
		return lkb_fail(err, LKB_INPUT, "an extended attribute is not base64");
	if (memchr(lkb_str_get(&plain_name), '\0', plain_name.len))
		return lkb_fail(err, LKB_INPUT, "an extended attribute's name has a zero byte");
	return add_xattr(p, lkb_str_get(&plain_name), plain_name.len, lkb_str_get(&plain_value),
			 plain_value.len, err);
}

/* "OFFSET,LENGTH,OFFSET,LENGTH...": GNU's sparse format 0.1 */
static int parse_sparse_map(struct lkb_pax *p, const char *value, size_t len,
			    struct lkb_error *err)
{
	lkb_autofree char *copy = lkb_strndup(value, len);
	char *s = len ? copy : NULL; /* no extents: all is one hole */
	int64_t pair[2] = { 0 };

	p->sparse.n = 0;
	for (size_t i = 0; s; i++) {
		char *number = strsep(&s, ",");

		if (!lkb_pax_number(number, false, &pair[i % 2]) || pair[i % 2] < 0)
			return lkb_fail(err, LKB_INPUT, "the map of a sparse file is damaged");
		if (i % 2 && lkb_sparse_add(&p->sparse, (uint64_t)pair[0], (uint64_t)pair[1],
					    err) < 0)
			return -1;
	}
	return 0;
}

/* Format 0.0 repeats a pair of keys for each extent. */
static int parse_sparse_pair(struct lkb_pax *p, bool is_length, const char *value, size_t len,
			     struct lkb_error *err)
{
	lkb_autofree char *copy = lkb_strndup(value, len);
	int64_t v;

	if (!lkb_pax_number(copy, false, &v) || v < 0)
		return lkb_fail(err, LKB_INPUT, "the map of a sparse file is damaged");
	if (!is_length)
		return lkb_sparse_add(&p->sparse, (uint64_t)v, 0, err);
	if (!p->sparse.n)
		return lkb_fail(err, LKB_INPUT, "the map of a sparse file is damaged");
	p->sparse.items[p->sparse.n - 1].len = (uint64_t)v;
	return 0;
}

static bool is_key(const char *key, size_t n, const char *name)
{
	return strlen(name) == n && !memcmp(key, name, n);
}

/* The rest of key behind prefix, or NULL. */
static const char *behind(const char *key, size_t n, const char *prefix)
{
	size_t len = strlen(prefix);

	return n > len && !memcmp(key, prefix, len) ? key + len : NULL;
}

static int set_known(struct lkb_pax *p, enum lkb_pax_key key, const char *value, size_t len,
		     struct lkb_error *err)
{
	if (memchr(value, '\0', len))
		return lkb_fail(err, LKB_INPUT, "an extended header has a zero byte in a value");
	p->values[key].set = true;
	p->values[key].off = keep(p, value, len);
	p->values[key].len = len;
	return 0;
}

static int record(struct lkb_pax *p, const char *key, size_t key_len, const char *value,
		  size_t len, struct lkb_error *err)
{
	const char *name;

	if (memchr(key, '\0', key_len))
		return lkb_fail(err, LKB_INPUT, "an extended header has a zero byte in a key");
	for (size_t i = 0; i < LKB_ARRAY_SIZE(known_keys); i++)
		if (is_key(key, key_len, known_keys[i].name))
			return set_known(p, known_keys[i].key, value, len, err);
	name = behind(key, key_len, "SCHILY.xattr.");
	if (name)
		return add_xattr(p, name, key_len - (size_t)(name - key), value, len, err);
	name = behind(key, key_len, "LIBARCHIVE.xattr.");
	if (name)
		return add_libarchive_xattr(p, name, key_len - (size_t)(name - key), value, len,
					    err);
	if (is_key(key, key_len, "GNU.sparse.map"))
		return parse_sparse_map(p, value, len, err);
	if (is_key(key, key_len, "GNU.sparse.offset"))
		return parse_sparse_pair(p, false, value, len, err);
	if (is_key(key, key_len, "GNU.sparse.numbytes"))
		return parse_sparse_pair(p, true, value, len, err);
	return 0;
}

static int damaged(struct lkb_error *err)
{
	return lkb_fail(err, LKB_INPUT, "an extended header is damaged");
}

/* The length at the start of a record; it counts itself. */
static bool record_length(const char *s, size_t n, size_t *ret_digits, size_t *ret)
{
	size_t v = 0, i = 0;

	for (; i < n && s[i] >= '0' && s[i] <= '9'; i++) {
		v = v * 10 + (size_t)(s[i] - '0');
		if (v > n)
			return false;
	}
	if (!i || i >= n || s[i] != ' ' || v < i + 3)
		return false;
	*ret_digits = i;
	*ret = v;
	return true;
}

int lkb_pax_parse(struct lkb_pax *p, const char *payload, size_t n, struct lkb_error *err)
{
	if (p->bytes.len + n > 2 * LKB_TAR_MAX_PAX)
		return lkb_fail(err, LKB_INPUT, "extended headers are larger than %llu bytes",
				(unsigned long long)LKB_TAR_MAX_PAX);
	while (n) {
		size_t digits, len;
		const char *key, *eq;

		if (!record_length(payload, n, &digits, &len) || payload[len - 1] != '\n')
			return damaged(err);
		key = payload + digits + 1;
		eq = memchr(key, '=', len - digits - 2);
		if (!eq || eq == key)
			return damaged(err);
		if (record(p, key, (size_t)(eq - key), eq + 1,
			   (size_t)(payload + len - 1 - (eq + 1)), err) < 0)
			return -1;
		payload += len;
		n -= len;
	}
	return 0;
}
