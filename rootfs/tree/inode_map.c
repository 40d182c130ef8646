/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/tree/inode_map_priv.h"

#include "base/alloc.h"

void lkb_inode_map_clear(struct lkb_inode_map *m)
{
	free(m->slots);
	*m = (struct lkb_inode_map){ 0 };
}

/* The slot that holds key, or the free one where it belongs. */
static struct lkb_inode_map_slot *probe(const struct lkb_inode_map *m,
					const struct lkb_inode *key)
{
	uint64_t h = (uint64_t)(uintptr_t)key * 0x9e3779b97f4a7c15ull;
	size_t i = (size_t)(h >> 32) & (m->cap - 1);

	while (m->slots[i].key && m->slots[i].key != key)
		i = (i + 1) & (m->cap - 1);
	return &m->slots[i];
}

struct lkb_inode_map_slot *lkb_inode_map_find(const struct lkb_inode_map *m,
					      const struct lkb_inode *key)
{
	struct lkb_inode_map_slot *s;

	if (!m->cap)
		return NULL;
	s = probe(m, key);
	return s->key ? s : NULL;
}

static void grow(struct lkb_inode_map *m)
{
	struct lkb_inode_map old = *m;

	m->cap = old.cap ? 2 * old.cap : 64;
	m->slots = lkb_alloc_array(m->cap, sizeof(*m->slots));
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].key)
			*probe(m, old.slots[i].key) = old.slots[i];
	free(old.slots);
}

struct lkb_inode_map_slot *lkb_inode_map_add(struct lkb_inode_map *m,
					     const struct lkb_inode *key)
{
	struct lkb_inode_map_slot *s;

	if (2 * m->n >= m->cap)
		grow(m);
	s = probe(m, key);
	if (!s->key) {
		s->key = key;
		m->n++;
	}
	return s;
}
