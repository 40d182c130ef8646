/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_COMMON_SLURP_H
#define LKB_ONDEVICE_COMMON_SLURP_H

#include <stddef.h>

#include "base/error.h"

/* Reads a file of /proc or /sys, whose size nobody knows beforehand, or any other small file: all
 * of it, NUL-terminated; above `max` bytes it is refused. The caller frees *ret. */
int lkb_slurp(const char *path, size_t max, char **ret, struct lkb_error *err);

/* The same without the newline at the end, NULL if it cannot be read. For sysfs attributes. */
char *lkb_slurp_line(const char *path);

#endif
