/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_FLASH_DEVICE_PRIV_H
#define LKB_FLASH_DEVICE_PRIV_H

#include "flash/blocks_priv.h"
#include "flash/device.h"

/* Vendor, model, serial, transport, by_id, removable. */
void lkb_device_identify(const struct lkb_blocks *b, size_t node, struct lkb_device *dev);
/* The serial that sysfs says at this moment; NULL = none. In the arena. */
const char *lkb_device_serial(const char *root, const char *name, dev_t number,
			      struct lkb_arena *a);

/* What is on it, and what runs from it. `base` has a place a node: the disk, or for a file the loop
 * devices that it is behind. */
void lkb_device_add_uses(const struct lkb_blocks *b, const bool *base, struct lkb_device *dev);
void lkb_device_add_runs(const struct lkb_blocks *b, const bool *base, struct lkb_device *dev);

/* What is in udev's database about a device, a text of "E:KEY=VALUE" lines; NULL = nothing. */
const char *lkb_device_udev(const char *root, dev_t dev, struct lkb_arena *a);

/* The file system that starts with these bytes, and its label, in the arena, fit to be shown;
 * both NULL if it is none that is known. Hostile input. */
#define LKB_SYSTEM_HEAD 69632u /* bytes of it that are looked at; fewer will do */
void lkb_system_tell(const uint8_t *p, size_t n, struct lkb_arena *a, const char **ret_system,
		     const char **ret_label);

#endif
