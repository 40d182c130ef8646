/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_IDENTITY_H
#define LKB_ONDEVICE_SYSTEM_IDENTITY_H

/* The first line of /etc/hostname, else `fallback`, becomes the host name. */
void lkb_identity_hostname(const char *fallback);

/* Brings the loopback interface up. */
void lkb_identity_loopback(void);

/* An empty /run/resolvconf/resolv.conf, the target of /etc/resolv.conf, for DHCP clients. */
void lkb_identity_resolv_conf(void);

#endif
