/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_CLEANUP_H
#define LKB_BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

/* One ownership pattern: a resource variable is born neutral and released by its attribute when
 * it goes out of scope; LKB_STEAL() hands it over. Types declare their own lkb_autoX beside
 * their free function with LKB_DEFINE_AUTO. */

static inline void lkb_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void lkb_cleanup_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define lkb_autofree __attribute__((cleanup(lkb_cleanup_free)))
#define lkb_autofd __attribute__((cleanup(lkb_cleanup_fd))) int

/* Hands a pointer over: the value moves out and the variable becomes NULL. */
#define LKB_STEAL(p) \
	({ \
		__typeof__(p) lkb_stolen_ = (p); \
		(p) = NULL; \
		lkb_stolen_; \
	})

/* Hands a file descriptor over: the variable becomes -1. */
static inline int lkb_steal_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* LKB_DEFINE_AUTO(lkb_tree, lkb_tree_free) defines the cleanup behind
 * `lkb_auto(lkb_tree) t = NULL;`, a `struct lkb_tree *` freed at the end of the scope. */
#define LKB_DEFINE_AUTO(name, free_fn) \
	static inline void name##_cleanup(struct name **p) \
	{ \
		if (*p) \
			free_fn(*p); \
	}
#define lkb_auto(name) __attribute__((cleanup(name##_cleanup))) struct name *

#define LKB_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
