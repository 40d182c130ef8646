/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_CLOCK_H
#define LKB_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of the monotonic clock: for time-outs and progress, never for an artifact. */
uint64_t lkb_clock_monotonic_ms(void);

void lkb_clock_sleep_ms(uint64_t ms);

#endif
