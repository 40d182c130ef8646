/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_CLOCK_H
#define LKB_ONDEVICE_SYSTEM_CLOCK_H

#include <stdint.h>

/* A board without a battery clock wakes up in 1970, where no certificate is valid yet: the clock
 * is set to `epoch` (the image's) if it is earlier, and left alone otherwise. */
void lkb_clock_at_least(int64_t epoch);

#endif
