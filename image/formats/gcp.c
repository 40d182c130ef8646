/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/ext/deflate.h"
#include "base/size.h"
#include "image/formats/vdisk_priv.h"

/* Compute Engine's "disk.raw in a tar of format oldgnu, gzip": GNU tar's manual, "Basic Tar Format"
 * (struct posix_header with OLDGNU_MAGIC). */

#define RECORD 512
#define OCTAL_LIMIT (8 * LKB_GIB) /* 11 octal digits */
#define SIZE_LIMIT (2048 * LKB_GIB)

static void put_octal(uint8_t *field, int digits, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%0*" PRIo64, digits, v);
	memcpy(field, text, (size_t)digits + 1);
}

/* In base 256 where the octal digits do not reach, as GNU tar has it. */
static void put_size(uint8_t field[12], uint64_t size)
{
	if (size < OCTAL_LIMIT) {
		put_octal(field, 11, size);
		return;
	}
	field[0] = 0x80;
	lkb_put_be64(field + 4, size);
}

static void make_header(const struct lkb_vdisk_job *j, uint8_t b[RECORD])
{
	uint64_t time = j->in->epoch > 0 ? (uint64_t)j->in->epoch : 0;
	unsigned sum = 0;

	memset(b, 0, RECORD);
	memcpy(b, "disk.raw", 8);
	put_octal(b + 100, 7, 0644);
	put_octal(b + 108, 7, 0); /* owner and group */
	put_octal(b + 116, 7, 0);
	put_size(b + 124, j->size);
	put_octal(b + 136, 11, time < OCTAL_LIMIT ? time : OCTAL_LIMIT - 1);
	memset(b + 148, ' ', 8);
	b[156] = '0'; /* a regular file */
	memcpy(b + 257, "ustar  ", 8);
	for (int i = 0; i < RECORD; i++)
		sum += b[i];
	put_octal(b + 148, 6, sum);
}

static int take_packed(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	return lkb_vdisk_put(ctx, p, n, err);
}

static int write_gcp(struct lkb_vdisk_job *j, struct lkb_error *err)
{
	lkb_auto(lkb_gzip) z = lkb_gzip_new(LKB_VDISK_LEVEL, take_packed, j);
	uint8_t header[RECORD];
	uint64_t off = 0, n;
	bool is_data;

	make_header(j, header);
	if (lkb_gzip_feed(z, header, sizeof(header), err))
		return -1;
	while (off < j->size) {
		if (lkb_vdisk_next(j, &off, j->size, &is_data, &n, err))
			return -1;
		if (!is_data)
			lkb_gzip_zeros(z, n);
		else if (lkb_gzip_feed(z, j->piece, (size_t)n, err))
			return -1;
	}
	lkb_gzip_zeros(z, 2 * RECORD); /* the end of the archive */
	return lkb_gzip_end(z, err);
}

const struct lkb_vdisk_ops lkb_vdisk_gcp = {
	.name = "gcp",
	.unit = LKB_GIB,
	.max = SIZE_LIMIT,
	.write = write_gcp,
};
