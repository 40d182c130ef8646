/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_REGISTRY_CHALLENGE_H
#define LKB_ROOTFS_OCI_REGISTRY_CHALLENGE_H

#include <stddef.h>

enum {
	LKB_CHALLENGES_MAX = 16,
	LKB_CHALLENGE_PARAMS_MAX = 16,
};

/* One way to log in that a server offers (RFC 9110, 11.6.1). */
struct lkb_challenge {
	char *scheme; /* owned; as written */
	struct {
		char *name, *value; /* owned */
	} params[LKB_CHALLENGE_PARAMS_MAX];
	size_t n_params;
};

/* Born {0}. */
struct lkb_challenges {
	struct lkb_challenge items[LKB_CHALLENGES_MAX];
	size_t n;
};

/* Adds all that one WWW-Authenticate header offers. What cannot be read is left out, and so is what
 * goes beyond the bounds. */
void lkb_challenges_add(struct lkb_challenges *list, const char *header);
/* The first of that scheme, in any case of letters, or NULL. */
const struct lkb_challenge *lkb_challenges_find(const struct lkb_challenges *list,
						const char *scheme);
/* The value of a parameter, in any case of letters, or NULL. */
const char *lkb_challenge_param(const struct lkb_challenge *c, const char *name);
void lkb_challenges_clear(struct lkb_challenges *list);
#define lkb_autochallenges __attribute__((cleanup(lkb_challenges_clear))) struct lkb_challenges

#endif
