/* SPDX-License-Identifier: Apache-2.0 */
/* The 512-byte header of tar: POSIX.1-1988 "ustar" and its relatives. */
#include "rootfs/tree/tar_priv.h"

const struct lkb_tar_field lkb_tar_name = { 0, 100 };
const struct lkb_tar_field lkb_tar_mode = { 100, 8 };
const struct lkb_tar_field lkb_tar_uid = { 108, 8 };
const struct lkb_tar_field lkb_tar_gid = { 116, 8 };
const struct lkb_tar_field lkb_tar_size = { 124, 12 };
const struct lkb_tar_field lkb_tar_mtime = { 136, 12 };
const struct lkb_tar_field lkb_tar_checksum = { 148, 8 };
const struct lkb_tar_field lkb_tar_linkname = { 157, 100 };
const struct lkb_tar_field lkb_tar_major = { 329, 8 };
const struct lkb_tar_field lkb_tar_minor = { 337, 8 };
const struct lkb_tar_field lkb_tar_prefix = { 345, 155 };

/* Two's complement, big-endian; the top bit of the first byte says that it is no octal text. */
static bool get_base256(const uint8_t *p, size_t n, int64_t *ret)
{
	bool negative = p[0] & 0x40;
	uint64_t v = negative ? UINT64_MAX : 0;

	for (size_t i = 0; i < n; i++) {
		uint8_t b = p[i];

		if (i == 0)
			b = negative ? b | 0x80 : b & 0x7f;
		/* What is shifted out must be sign alone. */
		if ((v >> 55) != (negative ? 0x1ff : 0))
			return false;
		v = v << 8 | b;
	}
	*ret = (int64_t)v;
	return true;
}

static bool get_octal(const uint8_t *p, size_t n, int64_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;

	while (i < n && (p[i] == ' ' || p[i] == '\0'))
		i++;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++) {
		if (v >> 60)
			return false;
		v = v << 3 | (uint64_t)(p[i] - '0');
	}
	if (i < n && p[i] != ' ' && p[i] != '\0')
		return false;
	*ret = (int64_t)v;
	return true;
}

bool lkb_tar_get_number(const uint8_t *h, struct lkb_tar_field f, int64_t *ret)
{
	const uint8_t *p = h + f.off;

	return p[0] & 0x80 ? get_base256(p, f.len, ret) : get_octal(p, f.len, ret);
}

bool lkb_tar_put_number(uint8_t *h, struct lkb_tar_field f, uint64_t v)
{
	for (size_t i = f.len - 1; i-- > 0; v >>= 3)
		h[f.off + i] = (uint8_t)('0' + (v & 7));
	h[f.off + f.len - 1] = '\0';
	return v == 0;
}

/* The sum of all bytes, where the checksum's own field counts as spaces. Every entry goes through
 * the loop over a whole block: it is one that compilers make vectors of. */
static int64_t sum_unsigned(const uint8_t *h)
{
	const uint8_t *field = h + lkb_tar_checksum.off;
	uint32_t v = 0;

	for (size_t i = 0; i < LKB_TAR_BLOCK; i++)
		v += h[i];
	for (size_t i = 0; i < lkb_tar_checksum.len; i++)
		v += (uint32_t)' ' - field[i];
	return v;
}

/* Old programs on machines with signed characters made this one. */
static int64_t sum_signed(const uint8_t *h)
{
	const uint8_t *field = h + lkb_tar_checksum.off;
	int64_t v = sum_unsigned(h);

	for (const uint8_t *p = h; p < h + LKB_TAR_BLOCK; p++)
		if (*p & 0x80 && (p < field || p >= field + lkb_tar_checksum.len))
			v -= 256;
	return v;
}

bool lkb_tar_checksum_ok(const uint8_t *h)
{
	int64_t want;

	return lkb_tar_get_number(h, lkb_tar_checksum, &want) &&
	       (want == sum_unsigned(h) || want == sum_signed(h));
}

void lkb_tar_put_checksum(uint8_t *h)
{
	uint64_t v = (uint64_t)sum_unsigned(h);

	/* six digits, NUL, space: as every tar writes it */
	lkb_tar_put_number(h, (struct lkb_tar_field){ lkb_tar_checksum.off, 7 }, v);
	h[lkb_tar_checksum.off + 7] = ' ';
}
