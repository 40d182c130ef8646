/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_ONE_H
#define LKB_FLASH_ONE_H

#include "flash/flash.h"

/* One job's way from its open target to its end; its own thread runs it, as reader number `reader`
 * of the hub. Fills in what came of it. */
int lkb_flash_one(const struct lkb_flash *f, struct lkb_flash_job *job, struct lkb_hub *hub,
		  size_t reader, struct lkb_error *err);

#endif
