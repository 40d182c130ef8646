/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_IO_PRIV_H
#define LKB_FLASH_IO_PRIV_H

#include "flash/io.h"

/* What both kinds do in the same way. */
int lkb_io_file_flush(struct lkb_io *io);
int lkb_io_file_zero(struct lkb_io *io, uint64_t off, uint64_t len);
void lkb_io_file_forget(struct lkb_io *io);

#endif
