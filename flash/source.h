/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_SOURCE_H
#define LKB_FLASH_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

/*
 * Where an image comes from: a file, standard input, or what cmd/ plugs in (a server, a registry).
 * Its bytes may be compressed. What can be opened again gives the same bytes again; several streams
 * of one source may be open at once, each used by one thread.
 */
struct lkb_source_ops {
	int (*open)(void *what, void **ret_stream, struct lkb_error *err);
	/* Up to n bytes; *ret_n is 0 at the end only. */
	int (*read)(void *stream, void *buf, size_t n, size_t *ret_n, struct lkb_error *err);
	void (*close)(void *stream);
	/* Ends `what`; NULL = nothing to do. */
	void (*free)(void *what);
	/* True if read() would not wait; may wait a tenth of a second for that. NULL: read() never
	 * waits for ever. */
	bool (*ready)(void *stream);
};

struct lkb_source {
	const char *name; /* what messages call it; borrowed */
	const struct lkb_source_ops *ops;
	void *what;        /* for open(); the maker's */
	bool again;        /* open() works more than once */
	uint64_t bytes;    /* as they come, compressed or not; 0 = not known */
	uint64_t at_least; /* bytes of the image, as far as that is known before it is read; 0 */
	bool is_random;    /* `fd` is the image as it is, and may be read anywhere */
	int fd;            /* of a file; -1 = none */
	uint64_t size;     /* of the image, where that is certain, as with is_random; 0 */
};

/* A regular file, or `-`, standard input (which may be one too). The file stays open until
 * lkb_source_close(). LKB_IO if it cannot be opened, LKB_INPUT for an empty one or a directory. */
int lkb_source_file(const char *path, struct lkb_source *ret, struct lkb_error *err);
void lkb_source_close(struct lkb_source *s);

/* What the map of an image of that name is called, the likeliest first: of x.img.zst x.map and
 * x.img.map, or one of bmaptool's, x.bmap and x.img.bmap. Appends. */
void lkb_source_map_names(const char *path, struct lkb_strv *ret);

#endif
