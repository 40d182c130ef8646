/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

static void __attribute__((noreturn)) out_of_memory(void)
{
	static const char text[] = "lkboard: out of memory\n";
	ssize_t ignored = write(2, text, sizeof(text) - 1);

	(void)ignored;
	_exit(LKB_BUG);
}

static void *checked(void *p)
{
	if (!p)
		out_of_memory();
	return p;
}

void *lkb_alloc(size_t size)
{
	return checked(calloc(1, size ? size : 1));
}

void *lkb_alloc_array(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size ? size : 1));
}

void *lkb_alloc_aligned(size_t align, size_t size)
{
	return checked(aligned_alloc(align, (size + align - 1) / align * align));
}

void *lkb_realloc_array(void *p, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		out_of_memory();
	return checked(realloc(p, n && size ? n * size : 1));
}

char *lkb_strndup(const char *s, size_t n)
{
	return checked(strndup(s, n));
}

char *lkb_strdup(const char *s)
{
	return checked(strdup(s));
}

void *lkb_memdup(const void *p, size_t n)
{
	void *copy = lkb_alloc(n);

	if (n)
		memcpy(copy, p, n);
	return copy;
}
