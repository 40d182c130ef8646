/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_PLUG_H
#define LKB_ONDEVICE_SYSTEM_PLUG_H

#include <stddef.h>

#include "base/str.h"
#include "ondevice/system/loop.h"

/* Drivers for the hardware that is there (sysfs names each device by a modalias) and for what is
 * found later (the kernel's uevents; a USB network adapter appears seconds after its bus). */

/* Listens for uevents from now on; then loads what is there now, and what that leads to, for at
 * most timeout_ms. */
void lkb_plug_start(struct lkb_loop *l, int64_t timeout_ms);

/* Adds an alias that no device has to those that lkb_plug_start() loads; there need be no module
 * of that name. */
void lkb_plug_want(const char *alias);

/* Loads modules by name, dependencies with them; says which one fails. */
void lkb_plug_modules(struct lkb_loop *l, const char *names);

/* The modaliases of all devices below `sysfs`, sorted, each once. */
void lkb_plug_aliases(const char *sysfs, struct lkb_strv *ret);

/* The MODALIAS of a uevent (strings parted by NUL, the first "add@/devices/...") that says a
 * device was added; NULL otherwise. Borrowed from `event`, which ends with a NUL at event[n]. */
const char *lkb_plug_uevent_alias(const char *event, size_t n);

#endif
