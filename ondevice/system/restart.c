/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/restart.h"

#include <string.h>

#include "base/cleanup.h"

#define FIRST_S 1
#define LAST_S 60
#define GOOD_LIFE_MS 60000

static const char *const names[] = {
	[LKB_RESTART_NEVER] = "no",
	[LKB_RESTART_ON_FAILURE] = "on-failure",
	[LKB_RESTART_ALWAYS] = "always",
};

bool lkb_restart_parse(const char *word, enum lkb_restart *ret)
{
	size_t i;

	if (!*word)
		word = names[LKB_RESTART_NEVER];
	for (i = 0; i < LKB_ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], word))
			continue;
		*ret = (enum lkb_restart)i;
		return true;
	}
	return false;
}

const char *lkb_restart_name(enum lkb_restart policy)
{
	return names[policy];
}

unsigned lkb_restart_delay(enum lkb_restart policy, const struct lkb_life *life, unsigned last)
{
	if (policy == LKB_RESTART_NEVER || (policy == LKB_RESTART_ON_FAILURE && !life->exit_code))
		return 0;
	if (!last || life->ran_ms >= GOOD_LIFE_MS)
		return FIRST_S;
	return last < LAST_S / 2 ? 2 * last : LAST_S;
}
