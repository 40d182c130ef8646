/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_COMMON_CMDLINE_H
#define LKB_ONDEVICE_COMMON_CMDLINE_H

/* The value of `key` on a kernel command line: words are parted by blanks outside double quotes,
 * as the kernel does it, and quotes around a value are taken off. The first one counts: the boot
 * loader's own words stand before the spec's, which cannot change them. "" for a word without
 * '='; NULL if there is none. The caller frees it. */
char *lkb_cmdline_get(const char *cmdline, const char *key);

#endif
