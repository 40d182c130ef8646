/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_REGISTRY_RETRY_H
#define LKB_ROOTFS_OCI_REGISTRY_RETRY_H

#include <stdbool.h>
#include <stdint.h>

enum {
	LKB_RETRY_TRIES = 5,        /* in a row without a byte of progress */
	LKB_RETRY_MIRROR_TRIES = 2, /* the next place is near */
	LKB_RETRY_ALL = 100,        /* in all, however little each of them brought */
	LKB_RETRY_MAX_S = 300,      /* a server that wants more is not waited for */
};

/* True for answers that may be others soon: too many requests, a server at fault. */
bool lkb_retry_is_worth(unsigned status);
/* Reads Retry-After: seconds, or a date, which is compared with the server's own Date (NULL = there
 * is none). False if it says nothing that can be used; a date that is past is 0. */
bool lkb_retry_after(const char *value, const char *date, uint64_t *ret_seconds);
/* How long to wait behind the n-th try (from 1): 1, 2, 4, ... up to 60 seconds. */
uint64_t lkb_retry_backoff_ms(unsigned n);

#endif
