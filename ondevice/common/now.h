/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_COMMON_NOW_H
#define LKB_ONDEVICE_COMMON_NOW_H

#include <stdint.h>

/* Milliseconds of a clock that never jumps. */
int64_t lkb_now_ms(void);

#endif
