/* SPDX-License-Identifier: Apache-2.0 */
/* What keeps a disk or file from being written to: what is mounted from it, what stands on it. */
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "flash/device_priv.h"

/* Where the parts of a running system are mounted. */
static const char *const system_points[] = {
	"/", "/usr", "/boot", "/boot/efi", "/boot/firmware", "/efi",
};

struct list {
	const struct lkb_blocks *b;
	struct lkb_device *dev;
	struct lkb_use *items;
	size_t n, cap;
	const bool *base; /* what it is about */
	bool *on;         /* and all that stands on it */
};

static bool *new_marks(const struct lkb_blocks *b)
{
	return lkb_alloc_array(b->n_nodes + 1, sizeof(bool));
}

static bool meets(const struct lkb_blocks *b, const bool *one, const bool *other)
{
	for (size_t i = 0; i < b->n_nodes; i++)
		if (one[i] && other[i])
			return true;
	return false;
}

/* What the node stands on that belongs to the device. */
static size_t under(const struct list *l, size_t node)
{
	const struct lkb_node *n = &l->b->nodes[node];

	for (size_t i = 0; i < n->n_below; i++)
		if (l->on[n->below[i]])
			return n->below[i];
	return LKB_NO_NODE;
}

static void spread(const struct list *l)
{
	bool more = true;

	memcpy(l->on, l->base, l->b->n_nodes * sizeof(*l->on));
	while (more) {
		more = false;
		for (size_t i = 0; i < l->b->n_nodes; i++)
			if (!l->on[i] && under(l, i) != LKB_NO_NODE)
				l->on[i] = more = true;
	}
}

static void add(struct list *l, enum lkb_use_kind kind, const char *device, const char *by,
		const char *what)
{
	struct lkb_arena *a = &l->dev->arena;

	LKB_GROW(l->items, l->n, l->cap);
	l->items[l->n++] = (struct lkb_use){kind, lkb_arena_strdup(a, device), lkb_shown(a, by),
					    lkb_shown(a, what)};
}

/* The last one first: it may stand in a directory of one before. */
static void add_mounts(struct list *l)
{
	const struct lkb_blocks *b = l->b;

	for (size_t i = b->n_mounts; i-- > 0;) {
		const struct lkb_mount *m = &b->mounts[i];
		lkb_autofree bool *marks = new_marks(b);
		size_t k = m->node;

		lkb_blocks_mark_mount(b, m, false, marks);
		for (size_t j = 0; (k == LKB_NO_NODE || !l->on[k]) && j < b->n_nodes; j++)
			if (marks[j] && l->on[j] && b->nodes[j].number)
				k = j;
		for (size_t j = 0; (k == LKB_NO_NODE || !l->on[k]) && j < b->n_nodes; j++)
			if (marks[j] && l->on[j])
				k = j;
		if (k != LKB_NO_NODE && l->on[k])
			add(l, LKB_USE_MOUNT, b->nodes[k].path, m->point, NULL);
	}
}

static bool is_this_file(const struct list *l, const char *path)
{
	lkb_autofree char *one = lkb_blocks_real(l->b, path);
	lkb_autofree char *other = lkb_blocks_real(l->b, l->dev->path);

	return l->dev->kind == LKB_DEVICE_FILE && one && other && !strcmp(one, other);
}

static void add_swaps(struct list *l)
{
	for (size_t i = 0; i < l->b->n_swaps; i++) {
		const struct lkb_swap *s = &l->b->swaps[i];

		if (s->is_file && is_this_file(l, s->path))
			add(l, LKB_USE_SWAP, l->dev->path, s->path, NULL);
		else if (s->node != LKB_NO_NODE && l->on[s->node])
			add(l, LKB_USE_SWAP, l->b->nodes[s->node].path,
			    s->is_file ? s->path : NULL, NULL);
	}
}

/* By the kernel's name, or what device mapper's users write in front of their UUIDs. */
static const char *holder_kind(const struct list *l, const struct lkb_node *n)
{
	const char *uuid = lkb_sys_text(l->b->root, &l->dev->arena, n->dir, "dm/uuid");

	if (lkb_starts_with(n->name, "md"))
		return "md";
	if (lkb_starts_with(n->name, "bcache"))
		return "bcache";
	if (!lkb_starts_with(n->name, "dm-"))
		return "other";
	return uuid && lkb_starts_with(uuid, "CRYPT-")  ? "LUKS"
	       : uuid && lkb_starts_with(uuid, "LVM-") ? "LVM"
							: "dm";
}

static void add_holders(struct list *l)
{
	for (size_t i = l->b->n_nodes; i-- > 0;) {
		const struct lkb_node *n = &l->b->nodes[i];

		if (l->on[i] && !l->base[i] && !n->number && !n->backing)
			add(l, LKB_USE_HOLDER, l->b->nodes[under(l, i)].path, n->path,
			    holder_kind(l, n));
	}
}

static void add_loops(struct list *l)
{
	for (size_t i = l->b->n_nodes; i-- > 0;) {
		const struct lkb_node *n = &l->b->nodes[i];
		lkb_autofree bool *marks = new_marks(l->b);
		size_t k = under(l, i);

		if (!n->backing || (l->base[i] && l->dev->kind == LKB_DEVICE_DISK))
			continue;
		lkb_blocks_mark(l->b, i, true, marks);
		if (meets(l->b, marks, l->base))
			add(l, LKB_USE_LOOP, k != LKB_NO_NODE ? l->b->nodes[k].path : l->dev->path,
			    n->path, n->backing);
	}
}

void lkb_device_add_uses(const struct lkb_blocks *b, const bool *base, struct lkb_device *dev)
{
	lkb_autofree bool *on = new_marks(b);
	struct list l = {.b = b, .dev = dev, .base = base, .on = on};

	spread(&l);
	add_mounts(&l);
	add_swaps(&l);
	add_holders(&l);
	add_loops(&l);
	if (l.n)
		dev->uses = lkb_arena_memdup(&dev->arena, l.items, l.n * sizeof(*l.items));
	dev->n_uses = l.n;
	free(l.items);
}

void lkb_device_add_runs(const struct lkb_blocks *b, const bool *base, struct lkb_device *dev)
{
	const char **runs = lkb_arena_array(&dev->arena, LKB_ARRAY_SIZE(system_points),
					    sizeof(*runs));

	for (size_t i = 0; i < LKB_ARRAY_SIZE(system_points); i++) {
		lkb_autofree bool *marks = new_marks(b);

		for (size_t j = 0; j < b->n_mounts; j++)
			if (!strcmp(b->mounts[j].point, system_points[i]))
				lkb_blocks_mark_mount(b, &b->mounts[j], true, marks);
		if (meets(b, marks, base))
			runs[dev->n_runs++] = system_points[i];
	}
	dev->runs = runs;
}
