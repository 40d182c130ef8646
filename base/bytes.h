/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_BYTES_H
#define LKB_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Disk structures are written and read byte by byte, never through packed structs. */
static inline void lkb_put_le16(void *p, uint16_t v)
{
	uint8_t *b = p;

	b[0] = (uint8_t)v;
	b[1] = (uint8_t)(v >> 8);
}

static inline void lkb_put_le32(void *p, uint32_t v)
{
	lkb_put_le16(p, (uint16_t)v);
	lkb_put_le16((uint8_t *)p + 2, (uint16_t)(v >> 16));
}

static inline void lkb_put_le64(void *p, uint64_t v)
{
	lkb_put_le32(p, (uint32_t)v);
	lkb_put_le32((uint8_t *)p + 4, (uint32_t)(v >> 32));
}

static inline void lkb_put_be32(void *p, uint32_t v)
{
	uint8_t *b = p;

	b[0] = (uint8_t)(v >> 24);
	b[1] = (uint8_t)(v >> 16);
	b[2] = (uint8_t)(v >> 8);
	b[3] = (uint8_t)v;
}

static inline void lkb_put_be16(void *p, uint16_t v)
{
	uint8_t *b = p;

	b[0] = (uint8_t)(v >> 8);
	b[1] = (uint8_t)v;
}

static inline void lkb_put_be64(void *p, uint64_t v)
{
	lkb_put_be32(p, (uint32_t)(v >> 32));
	lkb_put_be32((uint8_t *)p + 4, (uint32_t)v);
}

static inline uint16_t lkb_get_le16(const void *p)
{
	const uint8_t *b = p;

	return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t lkb_get_le32(const void *p)
{
	return (uint32_t)lkb_get_le16(p) | (uint32_t)lkb_get_le16((const uint8_t *)p + 2) << 16;
}

static inline uint64_t lkb_get_le64(const void *p)
{
	return (uint64_t)lkb_get_le32(p) | (uint64_t)lkb_get_le32((const uint8_t *)p + 4) << 32;
}

static inline uint32_t lkb_get_be32(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* True if all n bytes are zero. */
bool lkb_is_zero(const void *p, size_t n);

/* Lower-case hex. `out` has room for 2 * n + 1 bytes. */
void lkb_hex(const void *p, size_t n, char *out);
/* Reads exactly 2 * n lower-case hex digits; false if there is anything else. */
bool lkb_unhex(const char *hex, void *out, size_t n);

#endif
