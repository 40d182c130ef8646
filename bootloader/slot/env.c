/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/crc32.h"
#include "bootloader/slot/slot.h"
#include "bootloader/slot/slot_priv.h"

#define CRC_SIZE 4u
#define MAX_PAIRS 64u

struct out {
	uint8_t *block;
	size_t size, at;
};

bool lkb_slot_word_ok(const char *word, size_t max, const char *more)
{
	size_t n = strlen(word);
	const char *c;

	if (n < 1 || n > max)
		return false;
	for (c = word; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		      (*c >= '0' && *c <= '9') || strchr(more, *c)))
			return false;
	return true;
}

bool lkb_slot_hex_parse(const char *text, uint64_t max, uint64_t *ret)
{
	size_t n = strlen(text);
	uint64_t v = 0;

	if (n < 1 || n > 16)
		return false;
	for (; *text; text++) {
		if (*text >= '0' && *text <= '9')
			v = v << 4 | (uint64_t)(*text - '0');
		else if (*text >= 'a' && *text <= 'f')
			v = v << 4 | (uint64_t)(*text - 'a' + 10);
		else
			return false;
	}
	if (v > max)
		return false;
	*ret = v;
	return true;
}

static bool key_ok(const char *key)
{
	return *key && strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(key);
}

/* U-Boot's shell marks substitutions with bytes 3 and 4, ends lines at newlines, and Linux would
 * print the rest of the control characters to a terminal: none belongs into a value. */
static bool value_ok(const char *value)
{
	const unsigned char *c;

	for (c = (const unsigned char *)value; *c; c++)
		if (*c < 0x20 || *c == 0x7f)
			return false;
	return true;
}

static int check_pair(const struct lkb_env_pair *p, struct lkb_error *err)
{
	if (!key_ok(p->key))
		return lkb_fail(err, LKB_INPUT, "'%s' is no key of an environment block", p->key);
	if (!*p->value)
		return lkb_fail(err, LKB_INPUT, "the value of '%s' is empty", p->key);
	if (!value_ok(p->value))
		return lkb_fail(err, LKB_INPUT, "the value of '%s' has a control character in it",
				p->key);
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp((*(const struct lkb_env_pair *const *)a)->key,
		      (*(const struct lkb_env_pair *const *)b)->key);
}

/* Appends one byte, and always leaves room for the two zeros at the end. */
static bool put(struct out *o, char c)
{
	if (o->at >= o->size - 2)
		return false;
	o->block[o->at++] = (uint8_t)c;
	return true;
}

static bool put_pair(struct out *o, const struct lkb_env_pair *p)
{
	const char *c;

	for (c = p->key; *c; c++)
		if (!put(o, *c))
			return false;
	if (!put(o, '='))
		return false;
	for (c = p->value; *c; c++)
		if ((*c == '\\' && !put(o, '\\')) || !put(o, *c))
			return false;
	o->block[o->at++] = 0;
	return true;
}

int lkb_env_format(const struct lkb_env_pair *pairs, size_t n, uint8_t *block, size_t size,
		   struct lkb_error *err)
{
	lkb_autofree uint8_t *bytes = lkb_alloc(size);
	const struct lkb_env_pair *sorted[MAX_PAIRS];
	struct out o = {bytes, size, CRC_SIZE};
	size_t i;

	if (n > MAX_PAIRS)
		return lkb_fail(err, LKB_INPUT, "%zu keys are too many for an environment block",
				n);
	for (i = 0; i < n; i++) {
		if (check_pair(&pairs[i], err))
			return -1;
		sorted[i] = &pairs[i];
	}
	if (n)
		qsort(sorted, n, sizeof(sorted[0]), compare_keys);
	for (i = 0; i < n; i++) {
		if (i && !strcmp(sorted[i - 1]->key, sorted[i]->key))
			return lkb_fail(err, LKB_INPUT, "the key '%s' is given twice",
					sorted[i]->key);
		if (!put_pair(&o, sorted[i]))
			return lkb_fail(err, LKB_INPUT,
					"'%s' does not fit: an environment block holds %zu bytes",
					sorted[i]->key, size - CRC_SIZE - 1);
	}
	lkb_put_le32(bytes, lkb_crc32(0, bytes + CRC_SIZE, size - CRC_SIZE));
	memcpy(block, bytes, size);
	return 0;
}

bool lkb_env_valid(const uint8_t *block, size_t size)
{
	return lkb_get_le32(block) == lkb_crc32(0, block + CRC_SIZE, size - CRC_SIZE);
}

const char *lkb_env_next(const uint8_t *block, size_t size, const char *at)
{
	const char *end = (const char *)block + size;

	at = at ? at + strlen(at) + 1 : (const char *)block + CRC_SIZE;
	/* A string that runs into the end of the block is none. */
	if (at >= end || !*at || strnlen(at, (size_t)(end - at)) == (size_t)(end - at))
		return NULL;
	return at;
}

const char *lkb_env_get(const uint8_t *block, size_t size, const char *key)
{
	size_t key_len = strlen(key);
	const char *at = NULL;

	while ((at = lkb_env_next(block, size, at)))
		if (!strncmp(at, key, key_len) && at[key_len] == '=')
			return at + key_len + 1;
	return NULL;
}

bool lkb_slot_unescape(const char *from, char *to, size_t size)
{
	size_t n = 0;

	for (; *from; from++) {
		if (*from == '\\' && from[1])
			from++;
		if (n + 1 >= size) {
			to[0] = 0;
			return false;
		}
		to[n++] = *from;
	}
	to[n] = 0;
	return true;
}

bool lkb_env_copy(const uint8_t *block, size_t size, const char *key, char *buf, size_t room)
{
	const char *value = lkb_env_get(block, size, key);

	if (!room)
		return false;
	buf[0] = 0;
	return value && lkb_slot_unescape(value, buf, room);
}
