/* SPDX-License-Identifier: Apache-2.0 */
/* Sparse files of GNU tar. Trees point at data as it is stored, and a sparse file is not stored
 * whole; so it is made whole once, in a temporary file with holes, which all of one archive
 * share. */
#include <errno.h>
#include <fcntl.h>

#include "base/alloc.h"
#include "base/file.h"
#include "rootfs/tree/tar_priv.h"

#define MAX_EXTENTS ((size_t)1 << 17)
#define MAX_SIZE ((uint64_t)8 << 30)
#define MAX_MAP_LINE 32
#define COPY ((size_t)64 * 1024)

int lkb_sparse_add(struct lkb_tar_extents *map, uint64_t off, uint64_t len, struct lkb_error *err)
{
	if (map->n >= MAX_EXTENTS)
		return lkb_fail(err, LKB_INPUT, "a sparse file in more than %zu pieces",
				MAX_EXTENTS);
	LKB_GROW(map->items, map->n, map->cap);
	map->items[map->n++] = (struct lkb_tar_extent){ off, len };
	return 0;
}

int lkb_sparse_check(const struct lkb_tar_extents *map, uint64_t size, uint64_t stored,
		     struct lkb_error *err)
{
	uint64_t at = 0, sum = 0;

	if (size > MAX_SIZE)
		return lkb_fail(err, LKB_INPUT, "a sparse file of %llu bytes is too large",
				(unsigned long long)size);
	for (size_t i = 0; i < map->n; i++) {
		const struct lkb_tar_extent *e = &map->items[i];

		if (e->off < at || e->off > size || e->len > size - e->off)
			return lkb_fail(err, LKB_INPUT, "the map of a sparse file is damaged");
		at = e->off + e->len;
		sum += e->len;
	}
	if (sum != stored)
		return lkb_fail(err, LKB_INPUT,
				"a sparse file's map has %llu bytes, but %llu are stored",
				(unsigned long long)sum, (unsigned long long)stored);
	return 0;
}

static int copy_extent(int fd, uint64_t to, const struct lkb_data *stored, uint64_t from,
		       uint64_t len, char *buf, struct lkb_error *err)
{
	while (len) {
		size_t n = len < COPY ? (size_t)len : COPY;

		if (lkb_data_read(stored, from, buf, n, err) < 0 ||
		    lkb_pwrite_full(fd, buf, n, to, "a temporary file", err) < 0)
			return -1;
		from += n;
		to += n;
		len -= n;
	}
	return 0;
}

void lkb_sparse_spool_clear(struct lkb_sparse_spool *s)
{
	lkb_blob_unref(s->blob);
	*s = (struct lkb_sparse_spool){ .dir = s->dir };
}

/* Makes room for a file of this size. */
static int grow_spool(struct lkb_sparse_spool *s, uint64_t size, struct lkb_error *err)
{
	if (size > MAX_SIZE - s->len)
		return lkb_fail(err, LKB_INPUT, "the archive's sparse files come to more than "
				"%llu bytes", (unsigned long long)MAX_SIZE);
	if (!s->blob) {
		if (lkb_nameless_file(s->dir, &s->fd, err))
			return -1;
		s->blob = lkb_blob_new_fd(s->fd, MAX_SIZE, "sparse files");
	}
	if (ftruncate(s->fd, (off_t)(s->len + size)) < 0)
		return lkb_fail_errno(err, "cannot make a temporary file of %llu bytes",
				      (unsigned long long)(s->len + size));
	return 0;
}

int lkb_sparse_expand(struct lkb_sparse_spool *s, const struct lkb_tar_extents *map, uint64_t size,
		      const struct lkb_data *stored, struct lkb_data *ret, struct lkb_error *err)
{
	lkb_autofree char *buf = lkb_alloc(COPY);
	uint64_t from = 0;

	if (grow_spool(s, size, err) < 0)
		return -1;
	for (size_t i = 0; i < map->n; i++) {
		const struct lkb_tar_extent *e = &map->items[i];

		if (copy_extent(s->fd, s->len + e->off, stored, from, e->len, buf, err) < 0)
			return -1;
		from += e->len;
	}
	*ret = (struct lkb_data){ s->blob, s->len, size };
	s->len += size;
	return 0;
}

/* One line of digits. *pos moves behind its newline. */
static int map_line(const struct lkb_data *data, uint64_t *pos, uint64_t *ret,
		    struct lkb_error *err)
{
	char line[MAX_MAP_LINE + 1] = "";
	uint64_t left = data->len - *pos;
	size_t n = left < MAX_MAP_LINE ? (size_t)left : MAX_MAP_LINE;
	char *end;
	int64_t v;

	if (lkb_data_read(data, *pos, line, n, err) < 0)
		return -1;
	end = memchr(line, '\n', n);
	if (end)
		*end = '\0';
	if (!end || !lkb_pax_number(line, false, &v) || v < 0)
		return lkb_fail(err, LKB_INPUT, "the map of a sparse file is damaged");
	*pos += (uint64_t)(end - line) + 1;
	*ret = (uint64_t)v;
	return 0;
}

int lkb_sparse_map_in_data(struct lkb_data *data, struct lkb_tar_extents *ret,
			   struct lkb_error *err)
{
	uint64_t pos = 0, n, off, len;

	ret->n = 0;
	if (map_line(data, &pos, &n, err) < 0)
		return -1;
	for (uint64_t i = 0; i < n; i++)
		if (map_line(data, &pos, &off, err) < 0 || map_line(data, &pos, &len, err) < 0 ||
		    lkb_sparse_add(ret, off, len, err) < 0)
			return -1;
	pos += lkb_tar_padding(pos);
	if (pos > data->len)
		return lkb_fail(err, LKB_INPUT, "the map of a sparse file is damaged");
	data->off += pos;
	data->len -= pos;
	return 0;
}

int lkb_sparse_map_gnu(const uint8_t *p, size_t n, struct lkb_tar_extents *ret,
		       struct lkb_error *err)
{
	for (size_t i = 0; i < n; i++, p += 24) {
		int64_t off, len;

		if (!p[0] && !p[12])
			return 0;
		if (!lkb_tar_get_number(p, (struct lkb_tar_field){ 0, 12 }, &off) ||
		    !lkb_tar_get_number(p, (struct lkb_tar_field){ 12, 12 }, &len) || off < 0 ||
		    len < 0)
			return lkb_fail(err, LKB_INPUT, "the map of a sparse file is damaged");
		if (lkb_sparse_add(ret, (uint64_t)off, (uint64_t)len, err) < 0)
			return -1;
	}
	return 0;
}
