/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "rootfs/oci/registry/challenge.h"

/* A WWW-Authenticate header a line. Whatever they are, the list keeps within its bounds. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lkb_autofree char *text = lkb_strndup((const char *)data, size);
	lkb_autochallenges list = {0};
	char *at = text, *line;

	while ((line = strsep(&at, "\n")))
		lkb_challenges_add(&list, line);
	if (list.n > LKB_CHALLENGES_MAX)
		abort();
	for (size_t i = 0; i < list.n; i++) {
		const struct lkb_challenge *c = &list.items[i];

		if (!*c->scheme || strpbrk(c->scheme, " \t,=\"") ||
		    c->n_params > LKB_CHALLENGE_PARAMS_MAX || !lkb_challenges_find(&list, c->scheme))
			abort();
		for (size_t k = 0; k < c->n_params; k++)
			if (!*c->params[k].name || !lkb_challenge_param(c, c->params[k].name))
				abort();
	}
	return 0;
}
