/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

#define CHUNK_SIZE ((size_t)64 * 1024)

struct lkb_arena_chunk {
	struct lkb_arena_chunk *next;
	size_t used, size;
	alignas(max_align_t) char bytes[];
};

void lkb_arena_clear(struct lkb_arena *a)
{
	struct lkb_arena_chunk *chunk = a->head;

	while (chunk) {
		struct lkb_arena_chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
	memset(a, 0, sizeof(*a));
}

static struct lkb_arena_chunk *new_chunk(size_t size)
{
	struct lkb_arena_chunk *chunk = lkb_alloc(sizeof(*chunk) + size);

	chunk->size = size;
	return chunk;
}

void *lkb_arena_alloc(struct lkb_arena *a, size_t size)
{
	size_t want = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	struct lkb_arena_chunk *chunk = a->head;
	void *p;

	if (size > SIZE_MAX / 2)
		return lkb_alloc(size); /* ends the process: it cannot be allocated */
	a->used += want;
	if (want > CHUNK_SIZE / 4) {
		/* A large one gets a chunk of its own behind the head, which stays open. */
		chunk = new_chunk(want);
		if (a->head) {
			chunk->next = a->head->next;
			a->head->next = chunk;
		} else {
			a->head = chunk;
		}
	} else if (!chunk || want > chunk->size - chunk->used) {
		chunk = new_chunk(CHUNK_SIZE);
		chunk->next = a->head;
		a->head = chunk;
	}
	p = chunk->bytes + chunk->used;
	chunk->used += want;
	return p;
}

void *lkb_arena_array(struct lkb_arena *a, size_t n, size_t size)
{
	if (size && n > (SIZE_MAX / 2) / size)
		return lkb_alloc_array(n, size); /* ends the process: it cannot be allocated */
	return lkb_arena_alloc(a, n * size);
}

void *lkb_arena_memdup(struct lkb_arena *a, const void *p, size_t n)
{
	void *copy = lkb_arena_alloc(a, n);

	if (n)
		memcpy(copy, p, n);
	return copy;
}

char *lkb_arena_strndup(struct lkb_arena *a, const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *copy = lkb_arena_alloc(a, len + 1);

	memcpy(copy, s, len);
	return copy;
}

char *lkb_arena_strdup(struct lkb_arena *a, const char *s)
{
	return lkb_arena_memdup(a, s, strlen(s) + 1);
}

char *lkb_arena_format(struct lkb_arena *a, const char *fmt, ...)
{
	lkb_autostr s = {0};
	va_list ap;

	va_start(ap, fmt);
	lkb_str_vaddf(&s, fmt, ap);
	va_end(ap);
	return lkb_arena_strdup(a, lkb_str_get(&s));
}
