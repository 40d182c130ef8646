/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ext/schema_write.h"
#include "rootfs/spec/spec_priv.h"

json_t *lkb_spec_write(const struct lkb_spec *spec)
{
	struct lkb_spec_document doc = { .spec = *spec };

	return lkb_schema_write(lkb_spec_schema(), &doc);
}
