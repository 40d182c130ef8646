/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/oci/registry/retry.h"

#include "base/ext/net.h"
#include "base/size.h"

bool lkb_retry_is_worth(unsigned status)
{
	return status == 408 || status == 429 || status == 500 || status == 502 ||
	       status == 503 || status == 504;
}

bool lkb_retry_after(const char *value, const char *date, uint64_t *ret_seconds)
{
	int64_t then, now;

	if (!value)
		return false;
	if (lkb_u64_parse(value, ret_seconds))
		return true;
	if (!date || !lkb_net_date(value, &then) || !lkb_net_date(date, &now))
		return false;
	*ret_seconds = then > now ? (uint64_t)(then - now) : 0;
	return true;
}

uint64_t lkb_retry_backoff_ms(unsigned n)
{
	return n > 6 ? 60000 : (uint64_t)1000 << (n - 1);
}
