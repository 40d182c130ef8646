/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/size.h"
#include "base/str.h"
#include "image/fs/ext4_priv.h"

/* Attributes stand in the room behind the inode's fields, in the order of the tree, as far as they
 * fit; the others in one block. Both places have entries from the front, values from the back. */

#define MAGIC        0xea020000u
#define ENTRY        16u
#define BLOCK_HEADER 32u

/* Prefixes of names are numbers on disk. Longest first where one is the start of another. */
static const struct {
	const char *prefix;
	uint8_t index;
} prefixes[] = {
	{"system.posix_acl_access", 2},
	{"system.posix_acl_default", 3},
	{"security.", 6},
	{"trusted.", 4},
	{"system.", 7},
	{"user.", 1},
};

/* One attribute as it stands on disk. */
struct attr {
	uint8_t index;
	const char *name; /* behind the prefix */
	size_t name_len;
	const uint8_t *value;
	size_t len;
	uint8_t *acl; /* owned: a value that had to be converted */
};

/* The kernel's interface speaks one format of access lists, ext4's disk another: version 1, and ids
 * only where there are some. Returns false if the value is no access list. */
static bool convert_acl(const struct lkb_xattr *x, struct attr *ret)
{
	enum { USER = 2, GROUP = 8 };
	const uint8_t *in = x->value;
	uint8_t *out;
	size_t n = 4;

	if (x->len < 4 || (x->len - 4) % 8 || lkb_get_le32(in) != 2)
		return false;
	out = lkb_alloc(x->len);
	lkb_put_le32(out, 1);
	for (size_t i = 4; i < x->len; i += 8) {
		uint16_t tag = lkb_get_le16(in + i);
		size_t size = tag == USER || tag == GROUP ? 8 : 4;

		memcpy(out + n, in + i, size);
		n += size;
	}
	ret->value = ret->acl = out;
	ret->len = n;
	return true;
}

static int attr_of(const struct lkb_xattr *x, struct attr *ret, struct lkb_error *err)
{
	*ret = (struct attr){.value = x->value, .len = x->len};
	for (size_t i = 0; i < LKB_ARRAY_SIZE(prefixes); i++) {
		if (!lkb_starts_with(x->name, prefixes[i].prefix))
			continue;
		ret->index = prefixes[i].index;
		ret->name = x->name + strlen(prefixes[i].prefix);
		ret->name_len = strlen(ret->name);
		break;
	}
	/* Access lists have no name of their own behind the prefix. */
	if (ret->index == 0 || ((ret->index == 2 || ret->index == 3) && ret->name_len))
		return lkb_fail(err, LKB_INPUT, "ext4 has no extended attributes like '%s'",
				x->name);
	if (ret->name_len > 255)
		return lkb_fail(err, LKB_INPUT, "the name of extended attribute '%.40s...' is too "
				"long", x->name);
	if ((ret->index == 2 || ret->index == 3) && !convert_acl(x, ret))
		return lkb_fail(err, LKB_INPUT, "extended attribute '%s' is no access list",
				x->name);
	return 0;
}

static size_t size_of(const struct attr *a)
{
	return lkb_align_up(ENTRY + a->name_len, 4) + lkb_align_up(a->len, 4);
}

/* The order that the kernel wants in a block. */
static int by_name(const void *a, const void *b)
{
	const struct attr *x = a, *y = b;

	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	if (x->name_len != y->name_len)
		return x->name_len < y->name_len ? -1 : 1;
	return memcmp(x->name, y->name, x->name_len);
}

/* All attributes of an inode, those for the inode itself first. */
struct attrs {
	struct attr *items; /* owned */
	size_t n, in_inode;
	size_t block_size; /* bytes that the others take */
};

static void clear_attrs(struct attrs *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->items[i].acl);
	free(a->items);
}

#define autoattrs __attribute__((cleanup(clear_attrs))) struct attrs

static int load(const struct lkb_inode *inode, struct attrs *ret, struct lkb_error *err)
{
	size_t used = 4 + 4; /* magic, end of entries */

	ret->items = lkb_alloc_array(inode->n_xattrs, sizeof(*ret->items));
	for (; ret->n < inode->n_xattrs; ret->n++) {
		struct attr a, *place = &ret->items[ret->in_inode];

		if (attr_of(&inode->xattrs[ret->n], &a, err) != 0)
			return -1;
		if (used + size_of(&a) <= EXT4_IBODY_XATTRS) {
			used += size_of(&a);
			memmove(place + 1, place, (ret->n - ret->in_inode) * sizeof(*place));
			*place = a;
			ret->in_inode++;
		} else {
			ret->block_size += size_of(&a);
			ret->items[ret->n] = a;
		}
	}
	qsort(ret->items + ret->in_inode, ret->n - ret->in_inode, sizeof(*ret->items), by_name);
	return 0;
}

int ext4_xattr_measure(const struct lkb_inode *inode, bool *ret_block, struct lkb_error *err)
{
	autoattrs a = {0};
	size_t room = EXT4_BLOCK - BLOCK_HEADER - 4;

	if (inode->n_xattrs == 0) {
		*ret_block = false;
		return 0;
	}
	if (load(inode, &a, err) != 0)
		return -1;
	if (a.block_size > room)
		return lkb_fail(err, LKB_INPUT,
				"its extended attributes take %zu bytes, and ext4 has room for %zu",
				a.block_size, room);
	*ret_block = a.block_size > 0;
	return 0;
}

/* Entries from `entries` on, values from the end of `area` downwards; offsets count from `base`. */
static void put_attrs(const struct attr *items, size_t n, uint8_t *entries, uint8_t *base,
		      uint8_t *end, bool with_hash)
{
	for (size_t i = 0; i < n; i++) {
		const struct attr *a = &items[i];

		end -= lkb_align_up(a->len, 4);
		if (a->len > 0)
			memcpy(end, a->value, a->len);
		entries[0] = (uint8_t)a->name_len;
		entries[1] = a->index;
		lkb_put_le16(entries + 2, a->len > 0 ? (uint16_t)(end - base) : 0);
		lkb_put_le32(entries + 8, (uint32_t)a->len);
		memcpy(entries + ENTRY, a->name, a->name_len);
		if (with_hash)
			lkb_put_le32(entries + 12,
				     ext2fs_ext_attr_hash_entry(
					     (struct ext2_ext_attr_entry *)(void *)entries, end));
		entries += lkb_align_up(ENTRY + a->name_len, 4);
	}
}

void ext4_xattr_encode(const struct lkb_inode *inode, uint8_t body[EXT4_IBODY_XATTRS],
		       uint8_t *block)
{
	autoattrs a = {0};

	if (inode->n_xattrs == 0 || load(inode, &a, NULL) != 0)
		return;
	if (a.in_inode > 0) {
		lkb_put_le32(body, MAGIC);
		put_attrs(a.items, a.in_inode, body + 4, body + 4, body + EXT4_IBODY_XATTRS, false);
	}
	if (a.n > a.in_inode) {
		lkb_put_le32(block, MAGIC);
		lkb_put_le32(block + 4, 1); /* references */
		lkb_put_le32(block + 8, 1); /* blocks */
		put_attrs(a.items + a.in_inode, a.n - a.in_inode, block + BLOCK_HEADER, block,
			  block + EXT4_BLOCK, true);
	}
}
