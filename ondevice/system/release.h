/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_RELEASE_H
#define LKB_ONDEVICE_SYSTEM_RELEASE_H

/* /etc/lkboard-release: what the build says about the image. Lines NAME=VALUE as in os-release(5):
 * a value may stand in single or double quotes; # begins a comment line. */

/* The value of a name in such a text, without quotes; the last line wins. NULL if there is none;
 * the caller frees it. */
char *lkb_release_get(const char *text, const char *name);

#endif
