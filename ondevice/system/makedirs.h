/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_MAKEDIRS_H
#define LKB_ONDEVICE_SYSTEM_MAKEDIRS_H

#include <sys/types.h>

#include "base/error.h"

/* mkdir -p with a mode of its own for what is made. On a read-only root an existing directory is
 * all that is asked for. */
int lkb_make_dirs(const char *path, mode_t mode, struct lkb_error *err);

#endif
